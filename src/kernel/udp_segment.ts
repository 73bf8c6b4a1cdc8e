/// Merged datagrams at the socket: who takes them so (UDP_GRO), and cutting them up again for the others.
/// With rx-udp-gro-forwarding GRO may merge before it is known who wants the packet.
/// Stands for udp_unexpected_gso() and udp_rcv_segment() in include/, and behind them __udp_gso_segment()
/// in net/ipv4/udp_offload.c and skb_segment() in net/core/skbuff.c.
/// Left out: what a segment is charged that GRO kept on the list of fragments (after 17 others): here
/// each of them is a new head with a fragment; of chained ones each is charged an equal share.
import { COSTS } from './costs.ts';
import { networkHeader, udpPayload } from './gro_merge.ts';
import {
  __alloc_skb,
  FLAG_GSO,
  setHead,
  SKB_GSO_FRAGLIST,
  SKB_GSO_UDP_L4,
  takeSkb,
} from './skb.ts';
import type { Cpu, Kernel, Skb, Sock } from './state.ts';

const ETHERNET_AND_UDP = 14 + 8;

/// setsockopt(UDP_GRO): the socket takes datagrams merged. From the first such call on, every
/// datagram that arrives is looked up for its socket before GRO. net/ipv4/udp.c:udp_lib_setsockopt()
export function setUdpGro(k: Kernel, sk: Sock, on: boolean): void {
  if (on && !sk.gro_enabled) k.udp_encap_needed++;
  sk.gro_enabled = on;
  k.config_version++;
}

/// Whether the packet is merged in a way that the socket does not take.
/// include/linux/udp.h:udp_unexpected_gso()
export function udp_unexpected_gso(k: Kernel, sk: Sock, skb: Skb): boolean {
  if ((k.skbs.flags[skb]! & FLAG_GSO) === 0) return false;
  const type = k.skbs.gso_type[skb]!;
  return ((type & SKB_GSO_UDP_L4) !== 0 && !sk.gro_enabled) || (type & SKB_GSO_FRAGLIST) !== 0;
}

/// Cuts a merged packet into its datagrams: a list linked by skbs.next, the packet's own handle first.
/// include/net/udp.h:udp_rcv_segment()
export function udp_rcv_segment(k: Kernel, c: Cpu, skb: Skb): Skb {
  const pool = k.skbs;
  const count = pool.segs[skb]!;
  const size = pool.gso_size[skb]!;
  const headers = networkHeader(k, skb) + ETHERNET_AND_UDP;
  const chained = (pool.gso_type[skb]! & SKB_GSO_FRAGLIST) !== 0;
  const share = Math.floor(pool.truesize[skb]! / count);
  const linear = pool.len[skb]! - pool.data_len[skb]!;
  const headroom = pool.end[skb]! - pool.room[skb]! - linear;
  let rest = udpPayload(k, skb);
  let inHead = Math.max(0, linear - headers);
  let last = -1;
  pool.live -= count - 1; // takeSkb() counts them again
  for (let i = 0; i < count; i++) {
    const seg = i === 0 ? skb : copyOf(k, skb, i);
    const payload = Math.min(size, rest);
    rest -= payload;
    pool.len[seg] = headers + payload;
    if (chained) pool.truesize[seg] = share;
    else layOut(k, seg, headroom + headers, payload, Math.min(inHead, payload));
    inHead = 0;
    pool.segs[seg] = 1;
    pool.next[seg] = -1;
    if (last >= 0) pool.next[last] = seg;
    last = seg;
    c.cursor_ns += COSTS.skb_segment.ns;
  }
  pool.flags[skb] = pool.flags[skb]! & ~FLAG_GSO;
  return skb;
}

function copyOf(k: Kernel, skb: Skb, i: number): Skb {
  const pool = k.skbs;
  const seg = takeSkb(pool);
  pool.flow[seg] = pool.flow[skb]!;
  pool.flags[seg] = pool.flags[skb]! & ~FLAG_GSO;
  pool.dev[seg] = pool.dev[skb]!;
  pool.queue[seg] = pool.queue[skb]!;
  pool.arrived[seg] = pool.arrived[skb]!;
  pool.serial[seg] = pool.serial[skb]!;
  pool.ipid[seg] = pool.ipid[skb]! + i;
  pool.vlan_tci[seg] = pool.vlan_tci[skb]!;
  pool.mark[seg] = pool.mark[skb]!;
  pool.nfct[seg] = pool.nfct[skb]!;
  pool.sk[seg] = pool.sk[skb]!;
  pool.dst[seg] = pool.dst[skb]!;
  pool.hash[seg] = pool.hash[skb]!;
  // The head of a chained datagram is what its driver made.
  pool.end[seg] = pool.end[skb]!;
  pool.room[seg] = pool.room[skb]!;
  pool.data_len[seg] = 0;
  return seg;
}

/// skb_segment(): headers, and what the merged packet had in its head, are copied; the rest stays in
/// fragments, of which each datagram is charged its own bytes.
function layOut(k: Kernel, seg: Skb, used: number, payload: number, copied: number): void {
  const head = __alloc_skb(used + copied);
  const rest = payload - copied;
  setHead(k.skbs, seg, head.room, used + copied, rest, rest);
}
