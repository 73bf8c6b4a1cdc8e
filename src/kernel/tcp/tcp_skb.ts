/// What TCP wants to know of a packet's memory, and joining two packets into one.
/// Stands for skb_headlen(), skb_tailroom() and skb_try_coalesce() (net/core/skbuff.c) as TCP uses
/// them, once the headers are pulled.
/// Left out: heads that cannot be a fragment (all drivers here build heads from pages), clones.
/// While a packet is TCP's, `cb` is the number of its page fragments.
import { FLAG_GSO, FLAG_TSTAMP, mergeSkb, skbTruesize } from '../skb.ts';
import type { Skb, SkbPool } from '../state.ts';
import { TCP_HEADER, TCPOLEN_TSTAMP_ALIGNED } from './tcp_states.ts';

export const MAX_SKB_FRAGS = 17;
const SKB_SIZE = 256; // SKB_DATA_ALIGN(sizeof(struct sk_buff))

/// Length of the TCP header with its options, bytes. Segments here carry no option but the timestamp.
export function tcpHeaderLength(pool: SkbPool, skb: Skb): number {
  return pool.flags[skb]! & FLAG_TSTAMP ? TCP_HEADER + TCPOLEN_TSTAMP_ALIGNED : TCP_HEADER;
}

/// Payload bytes in the head. include/linux/skbuff.h:skb_headlen()
export function headLength(pool: SkbPool, skb: Skb): number {
  return Math.max(0, pool.payload[skb]! - pool.data_len[skb]!);
}

/// Memory of the head alone: SKB_TRUESIZE(skb_end_offset(skb)).
export function headTruesize(pool: SkbPool, skb: Skb): number {
  return skbTruesize(pool.end[skb]!);
}

/// Counts the page fragments of a packet that has just come to TCP: each segment that GRO has merged
/// in brought one. More than MAX_SKB_FRAGS stands for a frag_list.
export function countFragments(pool: SkbPool, skb: Skb): void {
  const gso = (pool.flags[skb]! & FLAG_GSO) !== 0;
  const payload = pool.payload[skb]!;
  const first = gso ? Math.min(pool.gso_size[skb]!, payload) : payload;
  const own = headLength(pool, skb) < first ? 1 : 0;
  pool.cb[skb] = (gso ? pool.segs[skb]! - 1 : 0) + own;
}

/// Moves the payload of `from` into `to`: into the room behind its data, or as page fragments. Returns
/// by how much the truesize of `to` has grown, or -1 when they do not fit together. What is left of
/// `from` goes with kfree_skb_partial(). net/core/skbuff.c:skb_try_coalesce()
export function skb_try_coalesce(pool: SkbPool, to: Skb, from: Skb): number {
  const len = pool.payload[from]!;
  if (pool.data_len[to] === 0 && len <= pool.room[to]!) {
    pool.room[to] = pool.room[to]! - len;
    lengthen(pool, to, len);
    return 0;
  }
  const fragments = pool.cb[to]! + pool.cb[from]!;
  if (pool.cb[to]! > MAX_SKB_FRAGS || pool.cb[from]! > MAX_SKB_FRAGS) return -1;
  let delta = pool.truesize[from]!;
  if (headLength(pool, from) > 0) {
    if (fragments >= MAX_SKB_FRAGS) return -1;
    delta -= SKB_SIZE;
    pool.cb[to] = fragments + 1;
  } else {
    if (fragments > MAX_SKB_FRAGS) return -1;
    delta -= headTruesize(pool, from);
    pool.cb[to] = fragments;
  }
  pool.truesize[to] = pool.truesize[to]! + delta;
  pool.data_len[to] = pool.data_len[to]! + len;
  lengthen(pool, to, len);
  return delta;
}

function lengthen(pool: SkbPool, to: Skb, len: number): void {
  pool.payload[to] = pool.payload[to]! + len;
  pool.len[to] = pool.len[to]! + len;
}

/// Frees what is left of a packet whose payload is in `to` now; its frames share the fate of `to`.
/// net/core/skbuff.c:kfree_skb_partial()
export function kfree_skb_partial(pool: SkbPool, to: Skb, from: Skb): void {
  mergeSkb(pool, to, from);
}
