/// What differs for IPv6 in the question which socket a TCP segment belongs to. Connections of both families
/// are in one table (inet_hashtables.ts), and so are listeners.
/// Stands for net/ipv6/inet6_hashtables.c.
/// Left out: sk_lookup programs, VRF. Addresses are compared as text in the one form of address6().
import { isLinkLocal6 } from '../address.ts';
import { inet6_ehashfn } from '../inet_ehashfn.ts';
import { reuseport_select_sock } from '../sock_reuseport.ts';
import type { Kernel, Sock } from '../state.ts';

const AF_INET6 = 10;
const IN6ADDR_ANY = '::';

/// A packet's view of the look-up: 4-tuple, where it came in, and the CPU that looks.
export interface LookupKey6 {
  saddr: string;
  sport: number;
  daddr: string;
  dport: number;
  dif: number; // ifindex
  cpu: number;
}

/// The hash of a 4-tuple, ours first; what SO_REUSEPORT groups go by.
export type Ehash6Function = (
  k: Kernel,
  laddr: string,
  lport: number,
  faddr: string,
  fport: number,
) => number;

/// Have two flows the same addresses, and where these hold on one link only, the same link? Their ports are
/// compared by the caller. include/net/inet6_hashtables.h:inet6_match()
export function inet6_match(k: Kernel, a: number, b: number): boolean {
  const { saddr, daddr, dev } = k.flows;
  if (saddr[a] !== saddr[b] || daddr[a] !== daddr[b]) return false;
  return dev[a] === dev[b] || !isLinkLocal6(saddr[a]!);
}

/// What the look-up of a flow's packet goes by, when it came in by device `dev` (index into devs).
export function lookupKey6(k: Kernel, flow: number, dev: number, cpu: number): LookupKey6 {
  const { saddr, sport, daddr, dport } = k.flows;
  return {
    ...{ saddr: saddr[flow]!, sport: sport[flow]!, daddr: daddr[flow]!, dport: dport[flow]! },
    dif: k.devs[dev]?.ifindex ?? 0,
    cpu,
  };
}

/// How well a listener fits; -1: not at all. net/ipv6/inet6_hashtables.c:compute_score()
function compute_score(sk: Sock, key: LookupKey6, daddr: string): number {
  if (sk.port !== key.dport || sk.family !== AF_INET6 || sk.local !== daddr) return -1;
  if (sk.bound_dev !== 0 && sk.bound_dev !== key.dif) return -1;
  return (sk.bound_dev !== 0 ? 2 : 1) + (sk.incoming_cpu === key.cpu ? 1 : 0);
}

/// The group member for a packet; -1 when the socket is in no group.
/// net/ipv6/inet6_hashtables.c:inet6_lookup_reuseport()
export function inet6_lookup_reuseport(
  k: Kernel,
  sk: Sock,
  key: LookupKey6,
  daddr: string,
  ehashfn: Ehash6Function,
): number {
  if (!sk.reuseport) return -1;
  const hash = ehashfn(k, daddr, key.dport, key.saddr, key.sport);
  return reuseport_select_sock(k, sk, hash >>> 0, key.cpu);
}

/// The best listener of one bucket. net/ipv6/inet6_hashtables.c:inet6_lhash2_lookup()
function inet6_lhash2_lookup(k: Kernel, key: LookupKey6, daddr: string): number {
  let result = -1;
  let hiscore = 0;
  for (const index of k.lhash2) {
    const sk = k.socks[index]!;
    const score = compute_score(sk, key, daddr);
    if (score <= hiscore) continue;
    const member = inet6_lookup_reuseport(k, sk, key, daddr, inet6_ehashfn);
    if (member >= 0) return member;
    result = index;
    hiscore = score;
  }
  return result;
}

/// The listener for a packet: one bound to its address, else one bound to any; -1: none.
/// net/ipv6/inet6_hashtables.c:inet6_lookup_listener()
export function inet6_lookup_listener(k: Kernel, key: LookupKey6): number {
  const found = inet6_lhash2_lookup(k, key, key.daddr);
  return found >= 0 ? found : inet6_lhash2_lookup(k, key, IN6ADDR_ANY);
}
