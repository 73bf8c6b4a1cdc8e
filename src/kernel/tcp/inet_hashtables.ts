/// Which socket a TCP segment belongs to: connections and half-open requests by their 4-tuple, listeners by
/// address, device and CPU.
/// Stands for net/ipv4/inet_hashtables.c.
/// Left out: sk_lookup programs, tables of other network namespaces, VRF. The table of connections has a
/// fixed number of chains here; the kernel's grows with memory (boot_defaults.ts), and only its speed
/// depends on it.
import { __inet_ehashfn, flowEhash } from '../inet_ehashfn.ts';
import { reuseport_add_sock, reuseport_alloc, reuseport_select_sock } from '../sock_reuseport.ts';
import type { Kernel, Sock } from '../state.ts';
import { inet6_match } from './inet6_hashtables.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const TCP_LISTEN = 10;
const INADDR_ANY = 0;

/// A packet's view of the look-up in IPv4: 4-tuple with addresses as unsigned numbers, where it came in, and
/// the CPU that looks. That of IPv6: inet6_hashtables.ts.
export interface LookupKey {
  src: number;
  sport: number;
  dst: number;
  dport: number;
  dif: number; // ifindex
  cpu: number;
}

/// The hash of a 4-tuple, ours first; what SO_REUSEPORT groups and tables go by.
export type EhashFunction = (
  k: Kernel,
  laddr: number,
  lport: number,
  faddr: number,
  fport: number,
) => number;

/// TCP's, under the host's secret.
export function tcpEhash(
  k: Kernel,
  laddr: number,
  lport: number,
  faddr: number,
  fport: number,
): number {
  return __inet_ehashfn(laddr, lport, faddr, fport, k.secrets.inet_ehash);
}

// ---- connections and requests

/// Entry of the table for a socket, and for a request.
export function sockEntry(index: number): number {
  return 2 * index;
}
export function requestEntry(index: number): number {
  return 2 * index + 1;
}

function chainOf(k: Kernel, flow: number): number {
  return flowEhash(k, flow) & (k.ehash.length - 1);
}

/// Puts a connection (or, with `entry` odd, a request) into the table, under the addresses and ports of the
/// flow that comes in for it. False when they are there already.
/// net/ipv4/inet_hashtables.c:inet_ehash_insert()
export function inet_ehash_insert(k: Kernel, entry: number, flow: number): boolean {
  if (lookUpEntry(k, flow) >= 0) return false;
  const chain = chainOf(k, flow);
  setNext(k, entry, k.ehash[chain]!);
  k.ehash[chain] = entry;
  return true;
}

/// Takes an entry out of the table. False when it is not there.
/// net/ipv4/inet_hashtables.c:inet_unhash()
export function inet_unhash(k: Kernel, entry: number): boolean {
  const chain = chainOf(k, flowOf(k, entry));
  if (k.ehash[chain] === entry) {
    k.ehash[chain] = nextOf(k, entry);
    return true;
  }
  for (let at = k.ehash[chain]!; at >= 0; at = nextOf(k, at)) {
    if (nextOf(k, at) !== entry) continue;
    setNext(k, at, nextOf(k, entry));
    return true;
  }
  return false;
}

/// The entry for the packets of a flow: 2 * socket, or 2 * request + 1; -1: none.
export function lookUpEntry(k: Kernel, flow: number): number {
  for (let at = k.ehash[chainOf(k, flow)]!; at >= 0; at = nextOf(k, at)) {
    const own = flowOf(k, at);
    if (own === flow || sameTuple(k, own, flow)) return at;
  }
  return -1;
}

/// Have two flows the same addresses and ports? include/net/inet_hashtables.h:inet_match()
function sameTuple(k: Kernel, a: number, b: number): boolean {
  const { family, src, dst, sport, dport } = k.flows;
  if (sport[a] !== sport[b] || dport[a] !== dport[b] || family[a] !== family[b]) return false;
  if (family[a] === AF_INET6) return inet6_match(k, a, b);
  return src[a] === src[b] && dst[a] === dst[b];
}

/// The flow that comes in for a connection, or its SYN's.
function flowOf(k: Kernel, entry: number): number {
  return entry & 1 ? k.reqs[entry >> 1]!.flow : k.socks[entry >> 1]!.flow;
}

function nextOf(k: Kernel, entry: number): number {
  return entry & 1 ? k.reqs[entry >> 1]!.ehash_next : k.socks[entry >> 1]!.ehash_next;
}

function setNext(k: Kernel, entry: number, next: number): void {
  if (entry & 1) k.reqs[entry >> 1]!.ehash_next = next;
  else k.socks[entry >> 1]!.ehash_next = next;
}

/// The connection that a flow's packets belong to, remembered in the flow; -1: none.
/// net/ipv4/inet_hashtables.c:__inet_lookup_established(), and in net/ipv6/inet6_hashtables.c
export function __inet_lookup_established(k: Kernel, flow: number): number {
  const known = k.flows.sock[flow]!;
  if (known >= 0 && k.socks[known]!.hashed) return known;
  const entry = lookUpEntry(k, flow);
  if (entry < 0 || entry & 1 || !k.socks[entry >> 1]!.hashed) return -1;
  k.flows.sock[flow] = entry >> 1;
  return entry >> 1;
}

// ---- listeners

/// How well a listener fits; -1: not at all. net/ipv4/inet_hashtables.c:compute_score()
function compute_score(sk: Sock, key: LookupKey, daddr: number): number {
  if (sk.port !== key.dport || sk.ipv6only || sk.rcv_saddr !== daddr) return -1;
  if (sk.bound_dev !== 0 && sk.bound_dev !== key.dif) return -1;
  let score = sk.bound_dev !== 0 ? 2 : 1;
  if (sk.family === AF_INET) score++;
  if (sk.incoming_cpu === key.cpu) score++;
  return score;
}

/// The group member for a packet; -1 when the listener is in no group.
/// net/ipv4/inet_hashtables.c:inet_lookup_reuseport()
export function inet_lookup_reuseport(
  k: Kernel,
  sk: Sock,
  key: LookupKey,
  daddr: number,
  ehashfn: EhashFunction,
): number {
  if (!sk.reuseport) return -1;
  const hash = ehashfn(k, daddr, key.dport, key.src, key.sport);
  return reuseport_select_sock(k, sk, hash, key.cpu);
}

/// The best listener of one bucket, the newest first. net/ipv4/inet_hashtables.c:inet_lhash2_lookup()
function inet_lhash2_lookup(
  k: Kernel,
  key: LookupKey,
  daddr: number,
  ehashfn: EhashFunction,
): number {
  let result = -1;
  let hiscore = 0;
  for (const index of k.lhash2) {
    const sk = k.socks[index]!;
    const score = compute_score(sk, key, daddr);
    if (score <= hiscore) continue;
    const member = inet_lookup_reuseport(k, sk, key, daddr, ehashfn);
    if (member >= 0) return member;
    result = index;
    hiscore = score;
  }
  return result;
}

/// The listener for a packet: one bound to its address, else one bound to any; -1: none.
/// net/ipv4/inet_hashtables.c:__inet_lookup_listener()
export function __inet_lookup_listener(
  k: Kernel,
  key: LookupKey,
  ehashfn: EhashFunction = tcpEhash,
): number {
  const found = inet_lhash2_lookup(k, key, key.dst, ehashfn);
  if (found >= 0 || key.dst === INADDR_ANY) return found;
  return inet_lhash2_lookup(k, key, INADDR_ANY, ehashfn);
}

/// A listener becomes visible, and joins its SO_REUSEPORT group.
/// net/ipv4/inet_hashtables.c:__inet_hash()
export function __inet_hash(k: Kernel, index: number): void {
  const sk = k.socks[index]!;
  if (sk.state !== TCP_LISTEN) throw new Error(`socket ${index} is in state ${sk.state}`);
  if (sk.reuseport) inet_reuseport_add_sock(k, index);
  // An IPv6 listener of a group goes to the end, so that IPv4 ones are found first.
  if (sk.reuseport && sk.family === AF_INET6) k.lhash2.push(index);
  else k.lhash2.unshift(index);
  sk.hashed = true;
}

function inet_reuseport_add_sock(k: Kernel, index: number): void {
  const sk = k.socks[index]!;
  const other = k.lhash2.find((one) => sharesPort(k, k.socks[one]!, sk));
  if (other === undefined) reuseport_alloc(k, index);
  else reuseport_add_sock(k, index, other);
}

/// Do two sockets belong into one SO_REUSEPORT group: same port, address, device and user?
export function sharesPort(k: Kernel, a: Sock, b: Sock): boolean {
  const uid = (sk: Sock): number => k.tasks[sk.reader]?.uid ?? 0;
  return (
    a !== b &&
    a.reuseport &&
    a.family === b.family &&
    a.port === b.port &&
    a.bound_dev === b.bound_dev &&
    a.rcv_saddr === b.rcv_saddr &&
    (a.family !== AF_INET6 || (a.local === b.local && a.ipv6only === b.ipv6only)) &&
    uid(a) === uid(b)
  );
}
