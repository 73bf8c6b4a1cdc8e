/// A packet's addresses and ports as its connection's translation makes them. A packet names its flow, so
/// a translated one names another flow; which, is remembered with the connection.
/// Stands for nf_nat_packet(), nf_nat_manip_pkt() and nf_nat_icmp_reply_translation() in net/netfilter.
/// Left out: what ICMP errors quote.
import { COSTS } from '../../costs.ts';
import type { FlowSpec } from '../../flows.ts';
import { FLAG_DST, FLAG_SK } from '../../skb.ts';
import type { Cpu, Kernel, Outgoing, Skb } from '../../state.ts';
import { natRow } from './nat_rows.ts';
import { MANIP_SRC } from './nat_tuple.ts';
import { ctinfoOf, entryOf, isSent } from './packet.ts';
import { directionOf } from './refresh.ts';
import { tableOf } from './table.ts';
import { createTuple, nf_ct_invert_tuple } from './tuple.ts';
import {
  IPS_DST_NAT,
  IPS_DST_NAT_DONE,
  IPS_NAT_MASK,
  IPS_SRC_NAT,
  IPS_SRC_NAT_DONE,
  IP_CT_RELATED,
  IP_CT_RELATED_REPLY,
  REPLY,
  type CtEntry,
  type Tuple,
} from './types.ts';

const IPPROTO_ICMP = 1;
const IPPROTO_ICMPV6 = 58;
const ICMP_REDIRECT = 5;
const NDISC_REDIRECT = 137;

/// Whether a packet in that direction is changed there.
function changes(entry: CtEntry, dir: number, manip: number): boolean {
  const bit = manip === MANIP_SRC ? IPS_SRC_NAT : IPS_DST_NAT;
  return (entry.status & (dir === REPLY ? bit ^ IPS_NAT_MASK : bit)) !== 0;
}

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
  if (!changes(entry, dir, manip)) return;
  c.cursor_ns += COSTS.nf_nat_manip_pkt.ns;
  const flow = k.skbs.flow[skb]!;
  if (isSent(skb)) return nf_nat_manip_pkt(k, entry, flow, dir, manip, true);
  const at = dir * 2 + manip;
  if (entry.nat_from[at] !== flow) {
    if (entry.nat_to[at]! >= 0) tableOf(k).nat_dead++;
    entry.nat_from[at] = flow;
    entry.nat_to[at] = translatedFlow(k, entry, flow, dir, manip);
  }
  if (entry.nat_to[at] === flow) return;
  k.skbs.flow[skb] = entry.nat_to[at]!;
  k.skbs.flags[skb] = k.skbs.flags[skb]! & ~(FLAG_SK | (manip === MANIP_SRC ? 0 : FLAG_DST));
}

/// Whether the packet is an ICMP message that only belongs to its connection.
export function isRelatedIcmp(k: Kernel, skb: Skb): boolean {
  const ctinfo = ctinfoOf(k, skb);
  return (
    (ctinfo === IP_CT_RELATED || ctinfo === IP_CT_RELATED_REPLY) &&
    isIcmp(k.flows.proto[k.skbs.flow[skb]!]!)
  );
}

/// An ICMP error that the host sends about a translated connection: its addresses become those that the
/// receiver knows. False: it is to be dropped, as redirects about such connections are.
export function nf_nat_icmp_reply_translation(k: Kernel, skb: Skb, manip: number): boolean {
  const entry = tableOf(k).entries[entryOf(k, skb)]!;
  const flow = k.skbs.flow[skb]!;
  const type = k.flows.sport[flow]! >>> 8;
  const redirect = k.flows.proto[flow] === IPPROTO_ICMP ? ICMP_REDIRECT : NDISC_REDIRECT;
  const done = IPS_SRC_NAT_DONE | IPS_DST_NAT_DONE;
  if (type === redirect && ((entry.status & done) !== done || entry.status & IPS_NAT_MASK))
    return false;
  const dir = directionOf(ctinfoOf(k, skb));
  if (changes(entry, dir, manip)) nf_nat_manip_pkt(k, entry, flow, dir, manip, false);
  return true;
}

const target = createTuple();

// In the row that stands for what the host sends, which is nobody else's.
function nf_nat_manip_pkt(
  k: Kernel,
  entry: CtEntry,
  row: number,
  dir: number,
  manip: number,
  ports: boolean,
): void {
  nf_ct_invert_tuple(target, entry.tuple[dir ^ 1]!);
  const f = k.flows;
  const icmp = isIcmp(f.proto[row]!);
  if (manip === MANIP_SRC) {
    f.saddr[row] = target.saddr;
    f.src[row] = target.src;
    if (ports && !icmp) f.sport[row] = target.sport;
  } else {
    f.daddr[row] = target.daddr;
    f.dst[row] = target.dst;
    if (ports && !icmp) f.dport[row] = target.dport;
  }
  if (ports && icmp) f.dport[row] = target.sport;
}

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
  const icmp = isIcmp(f.proto[flow]!);
  const source = manip === MANIP_SRC;
  const syn = f.syn[flow]!;
  const spec: FlowSpec = {
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
  };
  // Over lo it comes in translated already.
  if (sameFlow(k, flow, spec)) return flow;
  // Answers to what the host began arrive, put back, as the flow that its program knows.
  return dir === REPLY && sameFlow(k, entry.flow, spec) ? entry.flow : natRow(k, spec);
}

function sameFlow(k: Kernel, flow: number, spec: FlowSpec): boolean {
  const f = k.flows;
  return (
    f.saddr[flow] === spec.saddr &&
    f.daddr[flow] === spec.daddr &&
    f.sport[flow] === spec.sport &&
    f.dport[flow] === spec.dport &&
    f.proto[flow] === spec.proto &&
    f.ttl[flow] === spec.ttl &&
    f.tos[flow] === spec.tos
  );
}

const AS_SENT = 4; // in nat_from and nat_to: from there on what this host sends, by direction

/// The flow of the answers to what the host has just sent: as before, or where its connection is translated,
/// that of its first packet (which the other end sent), or one of its own.
export function answersFlow(k: Kernel, skb: Skb, out: Outgoing): number {
  const index = entryOf(k, skb);
  if (index < 0) return out.flow;
  const entry = tableOf(k).entries[index]!;
  if (!(entry.status & IPS_NAT_MASK)) return out.flow;
  const ctinfo = ctinfoOf(k, skb);
  if (ctinfo === IP_CT_RELATED) return out.flow;
  const dir = directionOf(ctinfo);
  const answer = entry.tuple[dir ^ 1]!;
  if (hasEnds(k, entry.flow, answer)) return entry.flow;
  const at = AS_SENT + dir;
  if (entry.nat_from[at] !== out.flow) {
    if (entry.nat_to[at]! >= 0) tableOf(k).nat_dead++;
    entry.nat_from[at] = out.flow;
    entry.nat_to[at] = answerRow(k, answer, out);
  }
  return entry.nat_to[at]!;
}

function hasEnds(k: Kernel, flow: number, { saddr, daddr }: Tuple): boolean {
  return k.flows.saddr[flow] === saddr && k.flows.daddr[flow] === daddr;
}

function answerRow(k: Kernel, answer: Tuple, out: Outgoing): number {
  const f = k.flows;
  const { flow } = out;
  const icmp = isIcmp(answer.proto);
  return natRow(k, {
    dev: out.dev,
    saddr: answer.saddr,
    daddr: answer.daddr,
    sport: icmp ? f.sport[flow]! : answer.sport,
    dport: icmp ? answer.sport : answer.dport,
    proto: answer.proto,
    ethertype: f.ethertype[flow]!,
    ttl: f.ttl[flow]!,
    tos: f.tos[flow]!,
    remote: f.remote[flow]!,
  });
}

function isIcmp(proto: number): boolean {
  return proto === IPPROTO_ICMP || proto === IPPROTO_ICMPV6;
}
