/// Sequence numbers: unsigned 32-bit numbers that wrap. Stands for before(), after(), between() in
/// include/net/tcp.h, and for the end of a segment in struct tcp_skb_cb.
import type { Skb, SkbPool } from '../state.ts';
import { TCPHDR_FIN, TCPHDR_SYN } from './tcp_states.ts';

/// Is `a` before `b`?
export function before(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}

/// Is `a` after `b`?
export function after(a: number, b: number): boolean {
  return ((b - a) | 0) < 0;
}

/// Does `seq` lie in low..high, both included?
export function between(seq: number, low: number, high: number): boolean {
  return (high - low) >>> 0 >= (seq - low) >>> 0;
}

/// First sequence number of a packet: TCP_SKB_CB(skb)->seq.
export function seqOf(pool: SkbPool, skb: Skb): number {
  return pool.seq[skb]! >>> 0;
}

/// The one after its last; SYN and FIN take one each. TCP_SKB_CB(skb)->end_seq
export function endSeq(pool: SkbPool, skb: Skb): number {
  const flags = pool.tcp_flags[skb]!;
  const extra = (flags & TCPHDR_SYN ? 1 : 0) + (flags & TCPHDR_FIN ? 1 : 0);
  return (pool.seq[skb]! + pool.payload[skb]! + extra) >>> 0;
}

/// What it acknowledges: TCP_SKB_CB(skb)->ack_seq.
export function ackOf(pool: SkbPool, skb: Skb): number {
  return pool.ack_seq[skb]! >>> 0;
}
