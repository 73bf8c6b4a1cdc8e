/// Merging UDP datagrams, which happens only when somebody asked: a socket with UDP_GRO, or the
/// device features rx-udp-gro-forwarding and rx-gro-list. Stands for net/ipv4/udp_offload.c and
/// net/ipv6/udp_offload.c, receive side.
/// Left out: tunnels over UDP, and cutting merged datagrams up again.
import {
  FLIST,
  gro_receive_network_flush,
  SAME_FLOW,
  skb_gro_receive,
  skb_gro_receive_list,
  udpPayload,
} from './gro_merge.ts';
import {
  FLAG_BAD_CSUM,
  FLAG_BAD_FCS,
  FLAG_NO_CSUM,
  SKB_GSO_FRAGLIST,
  SKB_GSO_UDP_L4,
} from './skb.ts';
import type { Cpu, Kernel, Napi, Skb } from './state.ts';
import { samePorts } from './tcp_offload.ts';
import { lookUpSocket } from './udp.ts';

const UDP_GRO_CNT_MAX = 64;

/// The held packet that must go up now; -1: none. `chains` and `forwards` are the device's features
/// rx-gro-list and rx-udp-gro-forwarding. net/ipv4/udp_offload.c:udp4_gro_receive()
export function udp4_gro_receive(
  k: Kernel,
  c: Cpu,
  n: Napi,
  held: Skb,
  skb: Skb,
  chains: boolean,
  forwards: boolean,
): Skb {
  if (!n.gro.flush && badChecksum(k.skbs.flags[skb]!)) {
    n.gro.flush = true;
    return -1;
  }
  const sk = k.udp_encap_needed > 0 ? lookUpSocket(k, k.skbs.flow[skb]!, c.id) : -1;
  const asked = sk >= 0 && k.socks[sk]!.gro_enabled;
  n.gro.is_flist = chains && !asked;
  if (asked || n.gro.is_flist || (forwards && sk < 0))
    return udp_gro_receive_segment(k, c, n, held, skb);
  n.gro.flush = true;
  return -1;
}

function badChecksum(flags: number): boolean {
  return (flags & FLAG_NO_CSUM) === 0 && (flags & (FLAG_BAD_CSUM | FLAG_BAD_FCS)) !== 0;
}

function udp_gro_receive_segment(k: Kernel, c: Cpu, n: Napi, held: Skb, skb: Skb): Skb {
  const pool = k.skbs;
  const len = udpPayload(k, skb);
  if (pool.flags[skb]! & FLAG_NO_CSUM || len <= 0) {
    n.gro.flush = true;
    return -1;
  }
  for (let p = held; p >= 0; p = pool.next[p]!) {
    if ((pool.cb2[p]! & SAME_FLOW) === 0) continue;
    if (samePorts(k, p, skb)) return mergeDatagram(k, c, n, p, skb, len);
    pool.cb2[p] = pool.cb2[p]! & ~SAME_FLOW;
  }
  return -1;
}

/// A longer datagram starts a new packet; a shorter one is the last of its packet.
function mergeDatagram(k: Kernel, c: Cpu, n: Napi, p: Skb, skb: Skb, len: number): Skb {
  const pool = k.skbs;
  if (n.gro.is_flist !== ((pool.cb2[p]! & FLIST) !== 0)) {
    n.gro.flush = true;
    return p;
  }
  const first = pool.gso_size[p]!;
  if (gro_receive_network_flush(k, p, skb) || len > first) return p;
  const merge = n.gro.is_flist ? skb_gro_receive_list : skb_gro_receive;
  const merged = merge(k, c, n, p, skb, len);
  return !merged || len !== first || pool.segs[p]! >= UDP_GRO_CNT_MAX ? p : -1;
}

/// What a merged packet is made of. net/ipv4/udp_offload.c:udp4_gro_complete()
export function udp4_gro_complete(k: Kernel, skb: Skb): number {
  return k.skbs.cb2[skb]! & FLIST ? SKB_GSO_FRAGLIST | SKB_GSO_UDP_L4 : SKB_GSO_UDP_L4;
}
