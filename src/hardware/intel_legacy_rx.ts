/// What Intel's drivers do with the private flag legacy-rx: a small head gets a copy of a short frame, or of a long
/// one's headers, and the buffers are its fragments.
/// Stands for igb_construct_skb(), ixgbe_construct_skb() and ice_construct_skb().
import { FLAG_FRAG, FLAG_TSTAMP, napi_alloc_skb, setHead } from '../kernel/skb.ts';
import type { Kernel, Skb } from '../kernel/state.ts';

const HDR_SIZE = 256; // bytes: what is not longer is copied whole
const COPY = napi_alloc_skb(HDR_SIZE);
const NET_SKB_PAD = 64;
const HALF = 2048; // half a page for each buffer
const ETH_HLEN = 14;
const IPV6 = 10;
const TCP = 6;
const UDP = 17;

/// A small head with a copy, and what is not copied as fragments, half a page for each buffer.
export function constructSkb(k: Kernel, skb: Skb): void {
  const len = k.skbs.len[skb]!;
  if (len <= HDR_SIZE) return setHead(k.skbs, skb, COPY.room, NET_SKB_PAD + len, 0, 0);
  const headers = eth_get_headlen(k, skb);
  const buffers = Math.ceil(len / HALF);
  setHead(k.skbs, skb, COPY.room, NET_SKB_PAD + headers, len - headers, buffers * HALF);
}

/// Bytes of the headers up to the end of TCP's or UDP's.
function eth_get_headlen(k: Kernel, skb: Skb): number {
  const flow = k.skbs.flow[skb]!;
  const flags = k.skbs.flags[skb]!;
  const network = ETH_HLEN + (k.flows.family[flow] === IPV6 ? 40 : 20);
  if (flags & FLAG_FRAG) return network;
  const proto = k.flows.proto[flow];
  if (proto === TCP) return network + (flags & FLAG_TSTAMP ? 32 : 20);
  return network + (proto === UDP ? 8 : 0);
}
