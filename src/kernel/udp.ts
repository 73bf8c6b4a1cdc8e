/// UDP input and the reading side of a UDP socket: which socket a datagram is for, what it is charged, and
/// when it is refused.
/// Stands for net/ipv4/udp.c. What differs for IPv6: udp_ipv6.ts, udp6_lookup.ts.
/// Left out: multicast, encapsulation, filters, UDP-Lite, forwarding aggregation; sk_lookup programs.
import { COSTS } from './costs.ts';
import { ICMP, ICMP_CODE, icmp_send } from './icmp.ts';
import { __inet_ehashfn } from './inet_ehashfn.ts';
import { kfree_skb_reason } from './ledger.ts';
import { countMib } from './mib.ts';
import { sk_mark_napi_id, sk_mark_napi_id_once } from './napi_id.ts';
import { REASON } from './reasons.ts';
import { sock_rps_save_rxhash } from './rfs.ts';
import { ENOBUFS, ENOMEM, sock_def_readable } from './sock.ts';
import {
  __sk_mem_reduce_allocated,
  __sk_mem_schedule,
  PAGE_SIZE,
  SK_MEM_RECV,
} from './sock_mem.ts';
import { FLAG_BAD_CSUM, FLAG_BAD_FCS, skb_condense } from './skb.ts';
import type { Cpu, Kernel, Skb, Sock } from './state.ts';
import { inet_lookup_reuseport, type LookupKey } from './tcp/inet_hashtables.ts';
import { lookupKey6 } from './tcp/inet6_hashtables.ts';
import { TCP_ESTABLISHED } from './tcp/tcp_states.ts';
import { noteStep, STEP, takeStep, takeSteps, takeWhole, type Way } from './tracing.ts';
import { __udp6_lib_lookup } from './udp6_lookup.ts';
import { udp_rcv_segment, udp_unexpected_gso } from './udp_segment.ts';

const AF_INET = 2;
const INADDR_ANY = 0;
const CHECKSUM_BREAK = 76; // bytes
const LOWER_HEADERS = 14 + 20;

/// net/ipv4/udp.c:udp_rcv(), __udp4_lib_rcv()
export function udp_rcv(k: Kernel, c: Cpu, skb: Skb): void {
  const bad = hasBadChecksum(k, skb);
  // A NIC leaves a wrong checksum to the stack, which checks short datagrams at once and long ones when
  // they are copied.
  if (bad && k.skbs.len[skb]! - LOWER_HEADERS <= CHECKSUM_BREAK)
    return csumError(k, c, skb, STEP.UDP);
  takeStep(k, c, STEP.LOOKUP, skb, COSTS.__udp4_lib_lookup.ns);
  const found = lookUpSocket(k, k.skbs.flow[skb]!, c.id, k.skbs.dev[skb]);
  if (found >= 0) return udp_queue_rcv_skb(k, c, k.socks[found]!, skb);
  if (bad) return csumError(k, c, skb, STEP.UDP);
  k.mib.UdpNoPorts++;
  icmp_send(k, c, skb, ICMP.DEST_UNREACH, ICMP_CODE.PORT_UNREACH);
  kfree_skb_reason(k, c, skb, REASON.NO_SOCKET, STEP.LOOKUP);
}

/// Counts a datagram where its family does. include/net/udp.h:__UDPX_INC_STATS()
export function countUdp(k: Kernel, skb: Skb, name: UdpCounter): void {
  const four = k.flows.family[k.skbs.flow[skb]!] === AF_INET;
  countMib(k, four ? `Udp${name}` : `Udp6${name}`);
}

type UdpCounter = 'InDatagrams' | 'InErrors' | 'RcvbufErrors' | 'InCsumErrors' | 'MemErrors';

/// Is the UDP checksum wrong? A damaged frame gets here only with rx-all; its damage is in the payload.
export function hasBadChecksum(k: Kernel, skb: Skb): boolean {
  return (k.skbs.flags[skb]! & (FLAG_BAD_FCS | FLAG_BAD_CSUM)) !== 0;
}

/// Drops a datagram with a wrong checksum, at the step that has found it.
export function csumError(k: Kernel, c: Cpu, skb: Skb, step: number): void {
  countUdp(k, skb, 'InCsumErrors');
  countUdp(k, skb, 'InErrors');
  kfree_skb_reason(k, c, skb, REASON.UDP_CSUM, step);
}

/// The socket for the packets of a flow, index into socks; -1: none. The result is remembered for the flow
/// until a socket comes, goes or changes, except where it depends on more than the flow.
export function lookUpSocket(k: Kernel, flow: number, cpu = -1, dev = k.flows.dev[flow]!): number {
  const known = k.flows.sock[flow]!;
  if (known !== -2) return known;
  const four = k.flows.family[flow] === AF_INET;
  const found = four
    ? __udp4_lib_lookup(k, lookupKey(k, flow, dev, cpu))
    : __udp6_lib_lookup(k, lookupKey6(k, flow, dev, cpu));
  if (!dependsOnMore(k, k.flows.dport[flow]!)) k.flows.sock[flow] = found;
  return found;
}

function lookupKey(k: Kernel, flow: number, dev: number, cpu: number): LookupKey {
  const { src, sport, dst, dport } = k.flows;
  return {
    ...{ src: src[flow]!, sport: sport[flow]!, dst: dst[flow]!, dport: dport[flow]! },
    dif: k.devs[dev]?.ifindex ?? 0,
    cpu,
  };
}

function dependsOnMore(k: Kernel, port: number): boolean {
  return k.udp_table.some((index) => {
    const sk = k.socks[index]!;
    if (sk.port !== port) return false;
    return sk.bound_dev !== 0 || (sk.incoming_cpu >= 0 && sk.state !== TCP_ESTABLISHED);
  });
}

/// How well a socket fits; -1: not at all. net/ipv4/udp.c:compute_score()
function compute_score(sk: Sock, key: LookupKey, daddr: number): number {
  if (sk.port !== key.dport || sk.ipv6only || sk.rcv_saddr !== daddr) return -1;
  let score = sk.family === AF_INET ? 2 : 1;
  if (sk.daddr !== 0) {
    if (sk.daddr !== key.src) return -1;
    score += 4;
  }
  if (sk.peer_port !== 0) {
    if (sk.peer_port !== key.sport) return -1;
    score += 4;
  }
  if (sk.bound_dev !== 0) {
    if (sk.bound_dev !== key.dif) return -1;
    score += 4;
  }
  if (sk.incoming_cpu === key.cpu) score++;
  return score;
}

/// The best socket of one bucket, the newest first. A SO_REUSEPORT group chooses its member by hash, unless
/// members are connected: then each is scored. net/ipv4/udp.c:udp4_lib_lookup2()
function udp4_lib_lookup2(k: Kernel, key: LookupKey, daddr: number): number {
  let result = -1;
  let badness = 0;
  for (const index of k.udp_table) {
    const sk = k.socks[index]!;
    const score = compute_score(sk, key, daddr);
    if (score <= badness) continue;
    badness = score;
    if (sk.state === TCP_ESTABLISHED) {
      result = index;
      continue;
    }
    result = inet_lookup_reuseport(k, sk, key, daddr, udpEhash);
    if (result < 0) {
      result = index;
      continue;
    }
    if (!k.reuseports[sk.reuseport_cb]!.has_conns) return result;
    badness = Math.max(badness, compute_score(k.socks[result]!, key, daddr));
  }
  return result;
}

/// UDP's hash of a 4-tuple under the host's secret. net/ipv4/udp.c:udp_ehashfn()
function udpEhash(k: Kernel, laddr: number, lport: number, faddr: number, fport: number): number {
  return __inet_ehashfn(laddr, lport, faddr, fport, k.secrets.udp_ehash);
}

/// The socket for a datagram: one bound to its address (connected ones score highest), else one bound to
/// any; -1: none. net/ipv4/udp.c:__udp4_lib_lookup()
export function __udp4_lib_lookup(k: Kernel, key: LookupKey): number {
  const found = udp4_lib_lookup2(k, key, key.dst);
  if (found >= 0 || key.dst === INADDR_ANY) return found;
  return udp4_lib_lookup2(k, key, INADDR_ANY);
}

/// A merged datagram that the socket does not take so is cut up again.
/// net/ipv4/udp.c:udp_queue_rcv_skb(), net/ipv6/udp.c:udpv6_queue_rcv_skb()
export function udp_queue_rcv_skb(k: Kernel, c: Cpu, sk: Sock, skb: Skb): void {
  if (!udp_unexpected_gso(k, sk, skb)) return __udp_queue_rcv_skb(k, c, sk, skb);
  for (let seg = udp_rcv_segment(k, c, skb); seg >= 0;) {
    const next = k.skbs.next[seg]!;
    __udp_queue_rcv_skb(k, c, sk, seg);
    seg = next;
  }
}

function __udp_queue_rcv_skb(k: Kernel, c: Cpu, sk: Sock, skb: Skb): void {
  const err = markAndEnqueue(k, c, sk, skb);
  if (err !== 0) return refuse(k, c, skb, err);
  noteStep(k, c, STEP.UDP, skb, sk.rmem_alloc);
  c.cursor_ns += COSTS.__udp_enqueue_schedule_skb.ns;
  if (sk.waiting) sock_def_readable(k, c, sk);
}

/// The same for a datagram that is not merged and whose way up to here was taken in one go.
export function queueDatagram(k: Kernel, c: Cpu, sk: Sock, skb: Skb, way: Way): void {
  const err = markAndEnqueue(k, c, sk, skb);
  if (err !== 0) {
    takeSteps(k, c, way.refused, skb);
    return refuse(k, c, skb, err);
  }
  takeWhole(k, c, way.whole, skb, sk.rmem_alloc);
  if (sk.waiting) sock_def_readable(k, c, sk);
}

function markAndEnqueue(k: Kernel, c: Cpu, sk: Sock, skb: Skb): number {
  if (sk.state === TCP_ESTABLISHED) {
    if (k.rps_sock_flow_table !== null) sock_rps_save_rxhash(k, sk, skb);
    sk_mark_napi_id(k, sk, skb);
    sk.incoming_cpu = c.id; // sk_incoming_cpu_update()
  } else if (sk.napi_id === 0) sk_mark_napi_id_once(k, sk, skb);
  return __udp_enqueue_schedule_skb(k, c, sk, skb);
}

function refuse(k: Kernel, c: Cpu, skb: Skb, err: number): void {
  countUdp(k, skb, err === ENOMEM ? 'RcvbufErrors' : 'MemErrors');
  countUdp(k, skb, 'InErrors');
  const reason = err === ENOMEM ? REASON.SOCKET_RCVBUFF : REASON.PROTO_MEM;
  kfree_skb_reason(k, c, skb, reason, STEP.UDP);
}

/// Charges a datagram to the socket and queues it. 0, ENOMEM when the receive buffer is full, or
/// ENOBUFS when net.ipv4.udp_mem is. net/ipv4/udp.c:__udp_enqueue_schedule_skb()
export function __udp_enqueue_schedule_skb(k: Kernel, c: Cpu, sk: Sock, skb: Skb): number {
  const rmem = sk.rmem_alloc;
  let size = k.skbs.truesize[skb]!;
  // An empty small buffer still takes one packet, whatever its size.
  if (rmem + size > sk.rcvbuf && (sk.rcvbuf > 0x3fff_ffff || rmem > sk.rcvbuf)) {
    sk.drops++;
    return ENOMEM;
  }
  if (rmem > sk.rcvbuf >> 1) {
    skb_condense(k.skbs, skb);
    size = k.skbs.truesize[skb]!;
  }
  sk.rmem_alloc += size;
  if (!udp_rmem_schedule(k, c, sk, size)) {
    sk.rmem_alloc -= size;
    sk.drops++;
    return ENOBUFS;
  }
  sk.forward_alloc -= size;
  const next = k.skbs.next;
  next[skb] = -1;
  if (sk.head < 0) sk.head = skb;
  else next[sk.tail] = skb;
  sk.tail = skb;
  sk.qlen++;
  return 0;
}

function udp_rmem_schedule(k: Kernel, c: Cpu, sk: Sock, size: number): boolean {
  const delta = size - sk.forward_alloc;
  return delta <= 0 || __sk_mem_schedule(k, c, sk, delta, SK_MEM_RECV);
}

/// The next datagram for the application; -1: none. net/ipv4/udp.c:__skb_recv_udp()
export function __skb_recv_udp(k: Kernel, sk: Sock): Skb {
  if (sk.reader_head < 0) {
    if (sk.head < 0) return -1;
    spliceToReader(k, sk);
  }
  const skb = sk.reader_head;
  sk.reader_head = k.skbs.next[skb]!;
  if (sk.reader_head < 0) sk.reader_tail = -1;
  sk.reader_qlen--;
  udp_rmem_release(k, sk, k.skbs.truesize[skb]!, true);
  return skb;
}

/// The next datagram with MSG_PEEK: it stays, on the reader's queue. -1: none.
export function peekUdp(k: Kernel, sk: Sock): Skb {
  if (sk.reader_head < 0) spliceToReader(k, sk);
  return sk.reader_head;
}

/// Gives memory back, in bulk: small amounts wait in forward_deficit while more is there to read.
/// net/ipv4/udp.c:udp_rmem_release()
export function udp_rmem_release(k: Kernel, sk: Sock, bytes: number, partial: boolean): void {
  let size = bytes;
  if (partial) {
    sk.forward_deficit += size;
    size = sk.forward_deficit;
    if (size < sk.forward_threshold && sk.reader_head >= 0) return;
  } else size += sk.forward_deficit;
  sk.forward_deficit = 0;
  const kept = size + sk.forward_alloc - (partial ? 1 : 0);
  const amount = Math.floor(kept / PAGE_SIZE) * PAGE_SIZE;
  sk.forward_alloc += size - amount;
  if (amount !== 0) {
    const c = k.cpus[k.tasks[sk.reader]!.cpu]!;
    __sk_mem_reduce_allocated(k, c, sk, amount / PAGE_SIZE);
  }
  sk.rmem_alloc -= size;
  spliceToReader(k, sk);
}

/// skb_queue_splice_tail_init(): the receive queue is appended to the reader's.
function spliceToReader(k: Kernel, sk: Sock): void {
  if (sk.head < 0) return;
  if (sk.reader_head < 0) sk.reader_head = sk.head;
  else k.skbs.next[sk.reader_tail] = sk.head;
  sk.reader_tail = sk.tail;
  sk.reader_qlen += sk.qlen;
  sk.head = -1;
  sk.tail = -1;
  sk.qlen = 0;
}
