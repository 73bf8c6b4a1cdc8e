/// UDP input and the reading side of a UDP socket: what a datagram is charged, and when it is refused.
/// Stands for net/ipv4/udp.c.
/// Left out: multicast, encapsulation, filters, connected sockets, SO_REUSEPORT, the ICMP answer.
import { COSTS } from './costs.ts';
import { kfree_skb_reason } from './ledger.ts';
import { REASON } from './reasons.ts';
import {
  __sk_mem_raise_allocated,
  __sk_mem_reduce_allocated,
  PAGE_SIZE,
  sock_def_readable,
} from './sock.ts';
import { FLAG_BAD_FCS, skb_condense } from './skb.ts';
import type { Cpu, Kernel, Skb, Sock } from './state.ts';
import { noteStep, STEP, takeStep } from './tracing.ts';

/// net/ipv4/udp.c:udp_rcv(), __udp4_lib_rcv()
export function udp_rcv(k: Kernel, c: Cpu, skb: Skb): void {
  if (k.skbs.flags[skb]! & FLAG_BAD_FCS) {
    // A damaged frame gets here only with rx-all; its damage is in the payload.
    k.mib.UdpInCsumErrors++;
    k.mib.UdpInErrors++;
    return kfree_skb_reason(k, c, skb, REASON.UDP_CSUM, STEP.UDP);
  }
  takeStep(k, c, STEP.LOOKUP, skb, COSTS.__udp4_lib_lookup.ns);
  const found = __udp4_lib_lookup(k, k.skbs.flow[skb]!);
  if (found >= 0) return udp_queue_rcv_skb(k, c, k.socks[found]!, skb);
  k.mib.UdpNoPorts++;
  c.cursor_ns += COSTS.icmp_send.ns;
  kfree_skb_reason(k, c, skb, REASON.NO_SOCKET, STEP.LOOKUP);
}

/// Index of the socket bound to the flow's destination port; -1: none. net/ipv4/udp.c
export function __udp4_lib_lookup(k: Kernel, flow: number): number {
  return lookUpSocket(k, flow);
}

/// The same, remembered for each flow until a socket is bound or closed.
export function lookUpSocket(k: Kernel, flow: number): number {
  const known = k.flows.sock[flow]!;
  if (known !== -2) return known;
  const port = k.flows.dport[flow]!;
  const found = k.socks.findIndex((sk) => sk.task !== 0 && sk.port === port);
  k.flows.sock[flow] = found;
  return found;
}

function udp_queue_rcv_skb(k: Kernel, c: Cpu, sk: Sock, skb: Skb): void {
  const err = __udp_enqueue_schedule_skb(k, sk, skb);
  if (err === 0) {
    noteStep(k, c, STEP.UDP, skb, sk.rmem_alloc);
    c.cursor_ns += COSTS.__udp_enqueue_schedule_skb.ns;
    if (sk.waiting) sock_def_readable(k, c, sk);
    return;
  }
  if (err === ENOMEM) k.mib.UdpRcvbufErrors++;
  else k.mib.UdpMemErrors++;
  k.mib.UdpInErrors++;
  const reason = err === ENOMEM ? REASON.SOCKET_RCVBUFF : REASON.PROTO_MEM;
  kfree_skb_reason(k, c, skb, reason, STEP.UDP);
}

export const ENOMEM = -12;
export const ENOBUFS = -105;

/// Charges a datagram to the socket and queues it. 0, ENOMEM when the receive buffer is full, or
/// ENOBUFS when net.ipv4.udp_mem is. net/ipv4/udp.c:__udp_enqueue_schedule_skb()
export function __udp_enqueue_schedule_skb(k: Kernel, sk: Sock, skb: Skb): number {
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
  if (!udp_rmem_schedule(k, sk, size)) {
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

function udp_rmem_schedule(k: Kernel, sk: Sock, size: number): boolean {
  const delta = size - sk.forward_alloc;
  return delta <= 0 || __sk_mem_raise_allocated(k, sk, delta);
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
  if (amount !== 0) __sk_mem_reduce_allocated(k, amount / PAGE_SIZE);
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
