/// Merging one packet into another that GRO holds, and the comparisons that all protocols share.
/// Stands for skb_gro_receive() and skb_gro_receive_list() in net/core/gro.c, and for
/// inet_gro_flush(), ipv6_gro_flush() and gro_receive_network_flush() in include/net/gro.h.
///
/// While GRO holds a packet, `cb` has the jiffy in which it came and `cb2` the bits below. What
/// napi_gro_cb says about the packet in hand is in GroHash (state.ts).
/// Left out: tunnels (encapsulation), so there is one network header; page_pool and zero-copy
/// buffers, which do not mix; a frame in several buffers counts as one fragment.
import { dontFragment, FLAG_IPID, FLAG_TCP, FLAG_TSTAMP, mergeSkb, skbTruesize } from './skb.ts';
import { COSTS } from './costs.ts';
import type { Cpu, Kernel, Napi, Skb, SkbPool } from './state.ts';

// cb2 of a held packet.
export const SAME_FLOW = 1; // it may be of the flow of the packet in hand
export const FIXED_ID = 2; // ip_fixedid: its IPv4 identification stays the same
export const FLIST = 4; // is_flist: packets are chained to it, not merged
const FRAGS_SHIFT = 8; // above: fragments in the last packet that may take more
const FRAGS = 0xff << FRAGS_SHIFT;

export const ETH_HLEN = 14;
export const IPPROTO_TCP = 6;
export const IPPROTO_UDP = 17;
export const AF_INET6 = 10;
const UDP_HEADER = 8;
const MIN_FRAME = 60;
const PLAIN_TCP_HEADERS = 54; // Ethernet, IPv4 and TCP without options
const GRO_LEGACY_MAX_SIZE = 65536;
const MAX_SKB_FRAGS = 17;
const SKB_SIZE = 256; // SKB_DATA_ALIGN(sizeof(struct sk_buff))
// Heads that are no page fragment: those of the small-head cache, and what does not fit a page.
const SMALL_HEAD_END = 384;
const PAGE_HEAD_END = 3776;

/// Bytes of the IP header: no options, no extension headers.
export function networkHeader(k: Kernel, skb: Skb): number {
  return isIpv6(k, skb) ? 40 : 20;
}

/// Bytes behind the UDP header.
export function udpPayload(k: Kernel, skb: Skb): number {
  return k.skbs.len[skb]! - ETH_HLEN - networkHeader(k, skb) - UDP_HEADER;
}

export function isIpv6(k: Kernel, skb: Skb): boolean {
  return k.flows.family[k.skbs.flow[skb]!] === AF_INET6;
}

/// Starts the control block of a packet that is held from now on.
export function beginHold(pool: SkbPool, skb: Skb, jiffies: number, flist: boolean): void {
  pool.cb[skb] = jiffies | 0;
  pool.cb2[skb] = (flist ? FLIST : 0) | (fragments(pool, skb) << FRAGS_SHIFT);
}

function fragments(pool: SkbPool, skb: Skb): number {
  return pool.data_len[skb]! > 0 ? 1 : 0;
}

/// Moves the `payload` bytes of `skb` into `p`: as further fragments while there is room for them,
/// else `skb` as a whole goes onto the list of fragments and takes the next ones. False when `p`
/// would grow too long. net/core/gro.c:skb_gro_receive()
export function skb_gro_receive(
  k: Kernel,
  c: Cpu,
  n: Napi,
  p: Skb,
  skb: Skb,
  payload: number,
): boolean {
  const pool = k.skbs;
  const len = pool.len[p]! - ETH_HLEN + payload;
  if (len >= netif_get_gro_max_size(k, p) || n.gro.flush) return false;
  if (len >= GRO_LEGACY_MAX_SIZE && k.flows.proto[pool.flow[p]!] !== IPPROTO_TCP) return false;
  const linear = payload - pool.data_len[skb]!; // payload in the head
  const own = fragments(pool, skb);
  const frags = (pool.cb2[p]! & FRAGS) >> FRAGS_SHIFT;
  let delta = pool.truesize[skb]!;
  let after = own;
  if (linear <= 0 && frags + own <= MAX_SKB_FRAGS) {
    delta -= skbTruesize(pool.end[skb]!);
    after = frags + own;
  } else if (linear > 0 && headIsFragment(pool, skb) && frags + 1 + own <= MAX_SKB_FRAGS) {
    delta -= SKB_SIZE;
    after = frags + 1 + own;
  } else if (linear > pool.gso_size[p]!) return false; // skb_segment() could not cut it again
  pool.cb2[p] = (pool.cb2[p]! & ~FRAGS) | (after << FRAGS_SHIFT);
  grow(pool, p, payload, delta);
  mergeSkb(pool, p, skb);
  n.gro.same_flow = true;
  c.cursor_ns += COSTS.skb_gro_receive.ns;
  return true;
}

/// Chains `skb` to `p`, its headers cut off. False when `p` would grow too long.
/// net/core/gro.c:skb_gro_receive_list()
export function skb_gro_receive_list(
  k: Kernel,
  c: Cpu,
  n: Napi,
  p: Skb,
  skb: Skb,
  payload: number,
): boolean {
  const pool = k.skbs;
  const len = pool.len[p]! + pool.len[skb]! - 2 * ETH_HLEN;
  if (len >= GRO_LEGACY_MAX_SIZE || n.gro.flush) return false;
  grow(pool, p, payload, pool.truesize[skb]!);
  mergeSkb(pool, p, skb);
  n.gro.same_flow = true;
  c.cursor_ns += COSTS.skb_gro_receive.ns;
  return true;
}

function grow(pool: SkbPool, p: Skb, payload: number, truesize: number): void {
  pool.len[p] = pool.len[p]! + payload;
  pool.data_len[p] = pool.data_len[p]! + payload;
  pool.truesize[p] = pool.truesize[p]! + truesize;
  if (pool.flags[p]! & FLAG_TCP) pool.payload[p] = pool.payload[p]! + payload;
}

function headIsFragment(pool: SkbPool, skb: Skb): boolean {
  return pool.end[skb]! > SMALL_HEAD_END && pool.end[skb]! <= PAGE_HEAD_END;
}

/// include/linux/netdevice.h:netif_get_gro_max_size()
function netif_get_gro_max_size(k: Kernel, p: Skb): number {
  const dev = k.devs[k.skbs.dev[p]!]!;
  return isIpv6(k, p) ? dev.gro_max_size : dev.gro_ipv4_max_size;
}

/// Whether the IP header of `skb` forbids merging it into `p`. include/net/gro.h
export function gro_receive_network_flush(k: Kernel, p: Skb, skb: Skb): boolean {
  const f = k.flows;
  const a = k.skbs.flow[skb]!;
  const b = k.skbs.flow[p]!;
  if (f.ttl[a] !== f.ttl[b] || f.tos[a] !== f.tos[b]) return true;
  return !isIpv6(k, p) && inet_gro_flush(k.skbs, p, skb);
}

/// The identification must count up by one with each segment, or, with DF set, stay what it was.
function inet_gro_flush(pool: SkbPool, p: Skb, skb: Skb): boolean {
  const df = dontFragment(pool.flags[skb]!);
  if (df !== dontFragment(pool.flags[p]!)) return true;
  const offset = (identification(pool, skb) - identification(pool, p)) & 0xffff;
  const count = pool.segs[p]!;
  if (count === 1 && df && offset === 0) pool.cb2[p] = pool.cb2[p]! | FIXED_ID;
  return offset !== (pool.cb2[p]! & FIXED_ID ? 0 : count);
}

function identification(pool: SkbPool, skb: Skb): number {
  return pool.flags[skb]! & FLAG_IPID ? pool.ipid[skb]! & 0xffff : 0;
}

/// Whether the frame was padded to the shortest length, 60 bytes: its IP length then differs from
/// skb->len. Of UDP there is no such frame here: its shortest datagrams fill 60 bytes.
export function padded(k: Kernel, skb: Skb): boolean {
  const pool = k.skbs;
  if (pool.len[skb]! !== MIN_FRAME) return false;
  const flags = pool.flags[skb]! & (FLAG_TCP | FLAG_TSTAMP);
  return (
    flags === FLAG_TCP && !isIpv6(k, skb) && pool.payload[skb]! < MIN_FRAME - PLAIN_TCP_HEADERS
  );
}
