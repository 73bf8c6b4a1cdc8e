/// A packet's addresses and ports as its connection's translation makes them. A packet names its flow, so
/// a translated one names another flow; which, is remembered with the connection.
/// Stands for nf_nat_packet() and nf_nat_manip_pkt() in net/netfilter.
/// Left out: what ICMP errors quote; translation of connections that this host itself begins.
import { COSTS } from '../../costs.ts';
import { addFlow } from '../../flows.ts';
import { FLAG_DST, FLAG_SK } from '../../skb.ts';
import type { Cpu, Kernel, Outgoing, Skb } from '../../state.ts';
import { MANIP_SRC } from './nat_tuple.ts';
import { directionOf } from './refresh.ts';
import { tableOf } from './table.ts';
import { createTuple, nf_ct_invert_tuple } from './tuple.ts';
import {
  IPS_DST_NAT,
  IPS_NAT_MASK,
  IPS_SRC_NAT,
  REPLY,
  type CtEntry,
  type Tuple,
} from './types.ts';

const IPPROTO_ICMP = 1;

/// Translates a packet at a hook, if its connection asks for it there.
export function nf_nat_packet(
  k: Kernel,
  c: Cpu,
  skb: Skb,
  index: number,
  ctinfo: number,
  manip: number,
): void {
  const entry = tableOf(k).entries[index]!;
  const dir = directionOf(ctinfo);
  let bit = manip === MANIP_SRC ? IPS_SRC_NAT : IPS_DST_NAT;
  if (dir === REPLY) bit ^= IPS_NAT_MASK;
  if (!(entry.status & bit)) return;
  c.cursor_ns += COSTS.nf_nat_manip_pkt.ns;
  const flow = k.skbs.flow[skb]!;
  const at = dir * 2 + manip;
  if (entry.nat_from[at] !== flow) {
    entry.nat_from[at] = flow;
    entry.nat_to[at] = translatedFlow(k, entry, flow, dir, manip);
  }
  k.skbs.flow[skb] = entry.nat_to[at]!;
  k.skbs.flags[skb] = k.skbs.flags[skb]! & ~(FLAG_SK | (manip === MANIP_SRC ? 0 : FLAG_DST));
}

const target = createTuple();

// The answer to what the other direction carries: source or destination of it are taken over.
function translatedFlow(
  k: Kernel,
  entry: CtEntry,
  flow: number,
  dir: number,
  manip: number,
): number {
  nf_ct_invert_tuple(target, entry.tuple[dir ^ 1]!);
  const f = k.flows;
  const icmp = f.proto[flow]! === IPPROTO_ICMP;
  const source = manip === MANIP_SRC;
  const syn = f.syn[flow]!;
  return addFlow(k, {
    dev: f.dev[flow]!,
    saddr: source ? target.saddr : f.saddr[flow]!,
    daddr: source ? f.daddr[flow]! : target.daddr,
    sport: icmp || !source ? f.sport[flow]! : target.sport,
    dport: icmp ? target.sport : source ? f.dport[flow]! : target.dport,
    proto: f.proto[flow]!,
    ethertype: f.ethertype[flow]!,
    ttl: f.ttl[flow]!,
    tos: f.tos[flow]!,
    flow_label: f.flow_label[flow]!,
    remote: f.remote[flow]!,
    ...(syn && { syn }),
  });
}

/// What the host answers to a translated connection leaves with the addresses that the other end knows:
/// the frame names the flow that its first packet came by.
export function translateSent(k: Kernel, out: Outgoing, index: number, ctinfo: number): void {
  const entry = tableOf(k).entries[index]!;
  if (entry.status & IPS_NAT_MASK && directionOf(ctinfo) === REPLY) out.flow = entry.flow;
}

/// Whether a tuple's addresses are those of IPv4: only they are translated.
export function isIpv4(tuple: Tuple): boolean {
  return tuple.family === 2;
}
