/// Merging TCP segments. Stands for net/ipv4/tcp_offload.c and net/ipv6/tcpv6_offload.c, receive side.
/// A segment continues a held packet when it is next in sequence and nothing in its headers differs
/// but what merging can carry: FIN and PSH, which end the packet, and the sequence number.
/// Left out: options other than timestamps (of those only the length is known), TLS decryption, and
/// cutting merged packets up again.
import { COSTS } from './costs.ts';
import {
  FIXED_ID,
  FLIST,
  gro_receive_network_flush,
  isIpv6,
  SAME_FLOW,
  skb_gro_receive,
  skb_gro_receive_list,
} from './gro_merge.ts';
import {
  FLAG_BAD_CSUM,
  FLAG_BAD_FCS,
  FLAG_GSO,
  FLAG_TSTAMP,
  SKB_GSO_FRAGLIST,
  SKB_GSO_TCP_ECN,
  SKB_GSO_TCP_FIXEDID,
  SKB_GSO_TCPV4,
  SKB_GSO_TCPV6,
} from './skb.ts';
import type { Cpu, Kernel, Napi, Skb, SkbPool } from './state.ts';
import { __inet_lookup_established } from './tcp/inet_hashtables.ts';

const FIN = 1;
const SYN = 2;
const RST = 4;
const PSH = 8;
const URG = 32;
const CWR = 128;
const ENDS = URG | PSH | RST | SYN | FIN; // a segment with one of these is the last of its packet
const FLIST_MAX = 64;

/// The held packet that `skb` belongs to and that must go up now; -1: none.
/// net/ipv4/tcp_offload.c:tcp4_gro_receive(), net/ipv6/tcpv6_offload.c:tcp6_gro_receive()
export function tcp4_gro_receive(
  k: Kernel,
  c: Cpu,
  n: Napi,
  held: Skb,
  skb: Skb,
  flist: boolean,
): Skb {
  if (!n.gro.flush && k.skbs.flags[skb]! & (FLAG_BAD_CSUM | FLAG_BAD_FCS)) {
    n.gro.flush = true;
    return -1;
  }
  c.cursor_ns += COSTS.tcp_gro_receive.ns;
  const p = tcp_gro_lookup(k, held, skb);
  n.gro.is_flist = flist && tcp4_check_fraglist_gro(k, p, skb);
  return tcp_gro_receive(k, c, n, p, skb);
}

/// The held packet with the same ports; the others are of another flow.
function tcp_gro_lookup(k: Kernel, held: Skb, skb: Skb): Skb {
  const pool = k.skbs;
  for (let p = held; p >= 0; p = pool.next[p]!) {
    if ((pool.cb2[p]! & SAME_FLOW) === 0) continue;
    if (samePorts(k, p, skb)) return p;
    pool.cb2[p] = pool.cb2[p]! & ~SAME_FLOW;
  }
  return -1;
}

/// Whether source and destination port are the same.
export function samePorts(k: Kernel, p: Skb, skb: Skb): boolean {
  const f = k.flows;
  const a = k.skbs.flow[p]!;
  const b = k.skbs.flow[skb]!;
  return a === b || (f.sport[a] === f.sport[b] && f.dport[a] === f.dport[b]);
}

/// rx-gro-list: whether the segment is to be chained. A connection of this host is merged as ever.
function tcp4_check_fraglist_gro(k: Kernel, p: Skb, skb: Skb): boolean {
  const pool = k.skbs;
  const gso = (pool.flags[skb]! & FLAG_GSO) !== 0;
  if (p >= 0) {
    const chained = (pool.cb2[p]! & FLIST) !== 0;
    if (!gso || !chained) return chained;
    if (pool.segs[p] === 1) pool.cb2[p] = pool.cb2[p]! & ~FLIST;
    return false;
  }
  return !gso && __inet_lookup_established(k, pool.flow[skb]!) < 0;
}

/// net/ipv4/tcp_offload.c:tcp_gro_receive()
function tcp_gro_receive(k: Kernel, c: Cpu, n: Napi, p: Skb, skb: Skb): Skb {
  const pool = k.skbs;
  const len = pool.payload[skb]!;
  const flags = pool.tcp_flags[skb]!;
  const segs = pool.segs[skb]!;
  const gso_size = pool.flags[skb]! & FLAG_GSO ? pool.gso_size[skb]! : 0;
  let mss = 1;
  if (p >= 0 && mergeInto(k, c, n, p, skb, gso_size)) mss = pool.gso_size[p]!;
  // A segment shorter than the others is the last one that can be merged.
  const short = gso_size > 0 ? len !== segs * gso_size : len < mss;
  const flush = short || (flags & ENDS) !== 0;
  if (flush) n.gro.flush = true;
  return p >= 0 && (flush || !n.gro.same_flow) ? p : -1;
}

function mergeInto(k: Kernel, c: Cpu, n: Napi, p: Skb, skb: Skb, gso_size: number): boolean {
  const pool = k.skbs;
  const len = pool.payload[skb]!;
  const flags = pool.tcp_flags[skb]!;
  let flush = headersDiffer(pool, p, skb, CWR | FIN | PSH) || (flags & CWR) !== 0;
  if (gro_receive_network_flush(k, p, skb)) flush = true;
  const mss = pool.gso_size[p]!;
  if (gso_size > 0 ? gso_size !== mss : len === 0 || len > mss) flush = true;
  if (((pool.seq[p]! + pool.payload[p]! - pool.seq[skb]!) | 0) !== 0) flush = true;
  if (pool.cb2[p]! & FLIST) {
    if (pool.tcp_flags[p] !== flags || pool.segs[p]! >= FLIST_MAX || !n.gro.is_flist) flush = true;
    return !flush && skb_gro_receive_list(k, c, n, p, skb, len);
  }
  if (flush || !skb_gro_receive(k, c, n, p, skb, len)) return false;
  pool.tcp_flags[p] = pool.tcp_flags[p]! | (flags & (FIN | PSH));
  return true;
}

/// Whether the TCP headers differ in more than the sequence number and the flags in `except`.
function headersDiffer(pool: SkbPool, p: Skb, skb: Skb, except: number): boolean {
  if ((pool.tcp_flags[p]! ^ pool.tcp_flags[skb]!) & ~except) return true;
  if (pool.window[p] !== pool.window[skb] || pool.ack_seq[p] !== pool.ack_seq[skb]) return true;
  if (pool.len[p]! - pool.payload[p]! !== pool.len[skb]! - pool.payload[skb]!) return true;
  if ((pool.flags[p]! ^ pool.flags[skb]!) & FLAG_TSTAMP) return true;
  if ((pool.flags[skb]! & FLAG_TSTAMP) === 0) return false;
  return pool.tsval[p] !== pool.tsval[skb] || pool.tsecr[p] !== pool.tsecr[skb];
}

/// What a merged packet is made of. net/ipv4/tcp_offload.c:tcp4_gro_complete(), tcp_gro_complete()
export function tcp4_gro_complete(k: Kernel, skb: Skb): number {
  const pool = k.skbs;
  const type = isIpv6(k, skb) ? SKB_GSO_TCPV6 : SKB_GSO_TCPV4;
  if (pool.cb2[skb]! & FLIST) return type | SKB_GSO_FRAGLIST;
  const fixed = type === SKB_GSO_TCPV4 && pool.cb2[skb]! & FIXED_ID ? SKB_GSO_TCP_FIXEDID : 0;
  return type | fixed | (pool.tcp_flags[skb]! & CWR ? SKB_GSO_TCP_ECN : 0);
}
