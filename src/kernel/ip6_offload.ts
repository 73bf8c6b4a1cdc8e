/// What GRO asks of an IPv6 header. Stands for ipv6_gro_receive() and ipv6_gro_complete() in
/// net/ipv6/ip6_offload.c.
/// Left out: tunnels; a packet with extension headers is not merged, which the kernel does where they are alike.
import { ETH_HLEN, SAME_FLOW } from './gro_merge.ts';
import { inet_gro_complete, mayBeMerged, transportGroReceive } from './inet_offload.ts';
import { FLAG_BAD_IP, FLAG_IPID } from './skb.ts';
import type { Cpu, Kernel, Napi, Skb, SkbPool } from './state.ts';

const IPV6_HEADER = 40;
const IPV6_MAXPLEN = 65535;
const HOP_JUMBO = 8; // struct hop_jumbo_hdr: the length of what is longer than 65535 bytes

/// As inet_gro_receive(); the flow label must be the same too.
export function ipv6_gro_receive(k: Kernel, c: Cpu, n: Napi, held: Skb, skb: Skb): Skb {
  const pool = k.skbs;
  const proto = k.flows.proto[pool.flow[skb]!]!;
  const { hopopts, dstopts } = k.flows;
  const flow = pool.flow[skb]!;
  const plain = hopopts[flow] === null && dstopts[flow] === null;
  if (!plain || !mayBeMerged(k, skb, proto)) {
    n.gro.flush = true;
    return -1;
  }
  for (let p = held; p >= 0; p = pool.next[p]!)
    if (
      flowLabel(pool, p) !== flowLabel(pool, skb) ||
      !sameAddresses(k, pool.flow[p]!, pool.flow[skb]!)
    )
      pool.cb2[p] = pool.cb2[p]! & ~SAME_FLOW;
  if (pool.flags[skb]! & FLAG_BAD_IP) n.gro.flush = true;
  return transportGroReceive(k, c, n, held, skb, proto);
}

function flowLabel(pool: SkbPool, skb: Skb): number {
  return pool.flags[skb]! & FLAG_IPID ? pool.ipid[skb]! : 0;
}

function sameAddresses(k: Kernel, a: number, b: number): boolean {
  const f = k.flows;
  if (a === b) return true;
  return f.proto[a] === f.proto[b] && f.saddr[a] === f.saddr[b] && f.daddr[a] === f.daddr[b];
}

/// What a merged packet is made of. One longer than the length field can say gets a jumbo header.
export function ipv6_gro_complete(k: Kernel, skb: Skb): number {
  const pool = k.skbs;
  if (pool.len[skb]! - ETH_HLEN - IPV6_HEADER > IPV6_MAXPLEN)
    pool.len[skb] = pool.len[skb]! + HOP_JUMBO;
  return inet_gro_complete(k, skb);
}
