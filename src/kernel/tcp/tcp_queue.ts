/// The receive queue: putting a packet at its end, joining it to the last one, dropping.
/// Stands for tcp_queue_rcv(), tcp_try_coalesce(), tcp_rcv_nxt_update() and tcp_drop_reason() in
/// net/ipv4/tcp_input.c.
import { kfree_skb_reason } from '../ledger.ts';
import { sk_mem_charge, skb_set_owner_r } from '../sock_mem.ts';
import type { Cpu, Kernel, Skb, Sock, TcpSock } from '../state.ts';
import { STEP } from '../tracing.ts';
import { endSeq, seqOf } from './tcp_seq.ts';
import { skb_try_coalesce } from './tcp_skb.ts';

/// Drops a packet and counts it at the socket. net/ipv4/tcp_input.c:tcp_drop_reason()
export function tcp_drop_reason(k: Kernel, c: Cpu, sk: Sock, skb: Skb, reason: number): void {
  sk.drops += k.skbs.segs[skb]!;
  kfree_skb_reason(k, c, skb, reason, STEP.TCP);
}

/// Joins `from` to the packet before it in a queue. True: what is left of `from` is to be freed with
/// kfree_skb_partial(). net/ipv4/tcp_input.c:tcp_try_coalesce()
export function tcp_try_coalesce(k: Kernel, sk: Sock, to: Skb, from: Skb): boolean {
  const pool = k.skbs;
  if (seqOf(pool, from) !== endSeq(pool, to)) return false;
  const delta = skb_try_coalesce(pool, to, from);
  if (delta < 0) return false;
  sk.rmem_alloc += delta;
  sk_mem_charge(sk, delta);
  k.mib.TcpExtTCPRcvCoalesce++;
  pool.ack_seq[to] = pool.ack_seq[from]!;
  pool.tcp_flags[to] = pool.tcp_flags[to]! | pool.tcp_flags[from]!;
  return true;
}

/// Appends a packet whose data is next. Returns the packet that it is part of now: itself, or the one
/// before it, and then the caller frees what is left of it. net/ipv4/tcp_input.c:tcp_queue_rcv()
export function tcp_queue_rcv(k: Kernel, sk: Sock, tp: TcpSock, skb: Skb): Skb {
  const end = endSeq(k.skbs, skb);
  const into = sk.tail >= 0 && tcp_try_coalesce(k, sk, sk.tail, skb) ? sk.tail : skb;
  tcp_rcv_nxt_update(tp, end);
  if (into === skb) {
    tcp_add_receive_queue(k, sk, skb);
    skb_set_owner_r(k, skb, sk);
  }
  return into;
}

/// include/net/tcp.h:tcp_add_receive_queue()
export function tcp_add_receive_queue(k: Kernel, sk: Sock, skb: Skb): void {
  k.skbs.next[skb] = -1;
  if (sk.head < 0) sk.head = skb;
  else k.skbs.next[sk.tail] = skb;
  sk.tail = skb;
  sk.qlen++;
}

/// Data up to there has come in order. net/ipv4/tcp_input.c:tcp_rcv_nxt_update()
export function tcp_rcv_nxt_update(tp: TcpSock, seq: number): void {
  tp.bytes_received += (seq - tp.rcv_nxt) >>> 0;
  tp.rcv_nxt = seq;
}
