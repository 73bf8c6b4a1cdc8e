/// What GRO asks of an IPv4 header. Stands for inet_gro_receive() and inet_gro_complete() in
/// net/ipv4/af_inet.c.
/// Left out: IP in IP, GRE and ESP, which have offloads of their own; headers with options.
import { IPPROTO_TCP, IPPROTO_UDP, padded, SAME_FLOW } from './gro_merge.ts';
import { IP_FAULT } from './ip_faults.ts';
import { FLAG_BAD_IP, FLAG_FRAG } from './skb.ts';
import type { Cpu, Kernel, Napi, Skb } from './state.ts';
import { tcp4_gro_complete, tcp4_gro_receive } from './tcp_offload.ts';
import { udp4_gro_complete, udp4_gro_receive } from './udp_offload.ts';

// Bits of Napi.gro_mode.
export const GRO_ON = 1; // generic-receive-offload
export const GRO_FRAGLIST = 2; // rx-gro-list
export const GRO_UDP_FWD = 4; // rx-udp-gro-forwarding
export const GRO_UDP_SOCKETS = 8; // some socket has asked for UDP_GRO
export const GRO_UDP = GRO_FRAGLIST | GRO_UDP_FWD | GRO_UDP_SOCKETS;

/// Sorts out the held packets of other addresses, and asks the protocol. The held packet that must go
/// up now; -1: none.
export function inet_gro_receive(k: Kernel, c: Cpu, n: Napi, held: Skb, skb: Skb): Skb {
  const pool = k.skbs;
  const proto = k.flows.proto[pool.flow[skb]!]!;
  if (!mayBeMerged(k, skb, proto)) {
    n.gro.flush = true;
    return -1;
  }
  for (let p = held; p >= 0; p = pool.next[p]!)
    if (!sameAddresses(k, pool.flow[p]!, pool.flow[skb]!)) pool.cb2[p] = pool.cb2[p]! & ~SAME_FLOW;
  if (pool.flags[skb]! & FLAG_BAD_IP || padded(k, skb)) n.gro.flush = true;
  return transportGroReceive(k, c, n, held, skb, proto);
}

/// Is the header one that GRO reads on from? A wrong length only keeps the packet from being merged: what is
/// held of its flow still goes up before it.
export function mayBeMerged(k: Kernel, skb: Skb, proto: number): boolean {
  if (proto !== IPPROTO_TCP && proto !== IPPROTO_UDP) return false;
  const flags = k.skbs.flags[skb]!;
  if ((flags & (FLAG_BAD_IP | FLAG_FRAG)) === 0) return true;
  const fault = k.skbs.cb[skb]!;
  const length = fault === IP_FAULT.TRUNCATED || fault === IP_FAULT.TOTAL_LENGTH;
  return (flags & FLAG_FRAG) === 0 && length;
}

function sameAddresses(k: Kernel, a: number, b: number): boolean {
  const f = k.flows;
  return a === b || (f.proto[a] === f.proto[b] && f.src[a] === f.src[b] && f.dst[a] === f.dst[b]);
}

/// Hands the packet to its protocol's own rule.
export function transportGroReceive(
  k: Kernel,
  c: Cpu,
  n: Napi,
  held: Skb,
  skb: Skb,
  proto: number,
): Skb {
  const chains = (n.gro_mode & GRO_FRAGLIST) !== 0;
  if (proto === IPPROTO_TCP) return tcp4_gro_receive(k, c, n, held, skb, chains);
  return udp4_gro_receive(k, c, n, held, skb, chains, (n.gro_mode & GRO_UDP_FWD) !== 0);
}

/// What a merged packet is made of: its gso_type.
export function inet_gro_complete(k: Kernel, skb: Skb): number {
  const tcp = k.flows.proto[k.skbs.flow[skb]!] === IPPROTO_TCP;
  return tcp ? tcp4_gro_complete(k, skb) : udp4_gro_complete(k, skb);
}
