/// Native XDP: the driver runs the program on the bare frame, before an skb exists.
/// Stands for bpf_prog_run_xdp() and for the drivers' own handlers: igb_run_xdp(), virtnet_xdp_handler(),
/// vmxnet3_run_xdp().
/// What the program sees is the frame as it lies in the buffer: a tag that the NIC has taken off is not there,
/// a fragment but the first has no ports, nothing is merged.
/// Left out: changes of the frame (adjust_head, adjust_tail, rewritten addresses), metadata, frames in several
/// buffers, IPv6 addresses, tail calls.
import { COSTS } from '../costs.ts';
import { loseFrame } from '../ledger.ts';
import { REASON } from '../reasons.ts';
import { FLAG_FRAG, FLAG_VLAN } from '../skb.ts';
import type { Cpu, Kernel, Napi, NetDevice, Skb } from '../state.ts';
import { dropStep, STEP, takeStep } from '../tracing.ts';
import { countInMap, mapHas } from './maps.ts';
import { xdp_do_redirect } from './redirect.ts';
import {
  BY_MASK,
  BY_RANGE,
  FIELD,
  GOTO_RULE,
  KEY_HASH,
  KEY_QUEUE,
  NEXT_RULE,
  XDP_ABORTED,
  XDP_DROP,
  XDP_PASS,
  XDP_REDIRECT,
  XDP_TX,
  type BpfMap,
  type BpfProg,
  type XdpCounts,
  type XdpMatch,
  type XdpRule,
} from './types.ts';
import { xdpCounts, xdpXmit } from './xmit.ts';

const ETH_P_IP = 0x0800;
const ETH_P_8021Q = 0x8100;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;

/// Where the program's redirect leads: struct bpf_redirect_info. Of no meaning between two frames.
export const redirectInfo = { map: -1, key: 0 };

/// Why a frame ends, by the verdict that could not be carried out or is a drop itself.
const REASONS: readonly number[] = Object.freeze([
  REASON.XDP_ABORTED,
  REASON.XDP_DROP,
  0,
  REASON.XDP_TX,
  REASON.XDP_REDIRECT,
]);

/// Runs the device's program on a frame that was taken off the ring. True when the driver goes on with it;
/// false when the program has done something else with it, and it is accounted for.
export function xdpPasses(k: Kernel, c: Cpu, dev: NetDevice, n: Napi, skb: Skb): boolean {
  const prog = k.bpf.progs[dev.xdp!.prog]!;
  const counts = xdpCounts(dev, n.queue);
  counts.packets++;
  takeStep(k, c, STEP.XDP, skb, COSTS.bpf_prog_run_xdp.ns);
  const act = bpf_prog_run_xdp(k, c, prog, skb);
  if (act === XDP_PASS) return true;
  c.cursor_ns += COSTS.igb_clean_rx_irq.ns; // the driver's own part, which else comes with the skb
  if (act === XDP_TX) {
    counts.tx++;
    c.cursor_ns += COSTS.xdp_tx.ns;
    if (xdpXmit(k, c, dev, skb)) return false;
    counts.tx_err++;
  } else if (act === XDP_REDIRECT) {
    counts.redirects++;
    c.cursor_ns += COSTS.xdp_do_redirect.ns;
    if (xdp_do_redirect(k, c, redirectInfo.map, redirectInfo.key, skb)) return false;
    counts.redirects_err++;
  }
  countDrop(k, dev, n.queue, counts, act);
  dropStep(k, c, STEP.XDP, skb, REASONS[act]!);
  loseFrame(k, skb, REASONS[act]!);
  return false;
}

/// Which counters of the driver a dropped frame moves.
function countDrop(k: Kernel, dev: NetDevice, queue: number, counts: XdpCounts, act: number): void {
  const { drops_in_queue, traces_failures } = dev.xdp!;
  // virtnet_xdp_handler(): a full transmit ring counts there alone (xdp_tx_drops).
  if (act === XDP_TX && drops_in_queue) return;
  if (act === XDP_ABORTED) counts.aborted++;
  if (act === XDP_ABORTED || (act !== XDP_DROP && traces_failures)) k.bpf.exceptions++;
  counts.drops++;
  if (drops_in_queue) dev.rx[queue]!.drops++;
}

/// Runs a program on a frame: the verdict. The caller has paid for the call. include/net/xdp.h
export function bpf_prog_run_xdp(k: Kernel, c: Cpu, prog: BpfProg, skb: Skb): number {
  if (k.hot.bpf_stats_enabled === 0) return runRules(k, c, prog, skb);
  const began = c.cursor_ns - COSTS.bpf_prog_run_xdp.ns;
  const act = runRules(k, c, prog, skb);
  prog.run_cnt++;
  prog.run_time_ns += c.cursor_ns - began;
  c.cursor_ns += COSTS.bpf_stats.ns;
  return act;
}

/// A frame that no rule decides is aborted; verify.ts refuses programs that could end so.
function runRules(k: Kernel, c: Cpu, prog: BpfProg, skb: Skb): number {
  const { rules } = prog;
  for (let i = 0; i < rules.length;) {
    const rule = rules[i]!;
    if (!matches(k, c, prog, rule, skb)) {
      i++;
      continue;
    }
    if (rule.count_map >= 0) {
      c.cursor_ns += COSTS.bpf_array_lookup.ns;
      countInMap(mapOf(k, prog, rule.count_map), c.id, rule.count_key);
    }
    if (rule.verdict === NEXT_RULE) i++;
    else if (rule.verdict === GOTO_RULE) i = rule.goto;
    else return rule.verdict === XDP_REDIRECT ? redirect(k, prog, rule, skb) : rule.verdict;
  }
  return XDP_ABORTED;
}

function mapOf(k: Kernel, prog: BpfProg, map: number): BpfMap {
  return k.bpf.maps[prog.maps[map]!]!;
}

/// Notes where the frame is to go; the rule's own fallback when the map has nothing there.
/// include/linux/filter.h:__bpf_xdp_redirect_map()
function redirect(k: Kernel, prog: BpfProg, rule: XdpRule, skb: Skb): number {
  const map = mapOf(k, prog, rule.map);
  redirectInfo.map = prog.maps[rule.map]!;
  redirectInfo.key =
    rule.key === KEY_QUEUE
      ? k.skbs.queue[skb]!
      : rule.key === KEY_HASH
        ? (k.flows.hash[k.skbs.flow[skb]!]! >>> 0) % map.max_entries
        : rule.key;
  return mapHas(map, redirectInfo.key) ? XDP_REDIRECT : rule.fallback;
}

function matches(k: Kernel, c: Cpu, prog: BpfProg, rule: XdpRule, skb: Skb): boolean {
  for (const match of rule.matches) {
    c.cursor_ns += COSTS.bpf_match.ns;
    if (match.field === FIELD.RATE) {
      if (isOver(c, prog, match) === match.not) return false;
    } else {
      const value = fieldOf(k, match.field, skb);
      if (value < 0 || holds(k, c, prog, match, value) === match.not) return false;
    }
  }
  return true;
}

function holds(k: Kernel, c: Cpu, prog: BpfProg, match: XdpMatch, value: number): boolean {
  if (match.how === BY_MASK) return (value & match.b) >>> 0 === match.a;
  if (match.how === BY_RANGE) return value >= match.a && value <= match.b;
  const map = mapOf(k, prog, match.map);
  c.cursor_ns += map.trie !== null ? COSTS.bpf_trie_lookup.ns : COSTS.bpf_hash_lookup.ns;
  return mapHas(map, value);
}

/// What the program reads of the frame; -1 when the frame has no such field.
function fieldOf(k: Kernel, field: number, skb: Skb): number {
  const { flags: column, flow: flowOf, frag_off } = k.skbs;
  const flow = flowOf[skb]!;
  const flags = column[skb]!;
  if (field === FIELD.LEN) return k.skbs.len[skb]!;
  // A tag that is still in the frame stands where the program looks for the protocol.
  const tagged = (flags & FLAG_VLAN) !== 0 && !stripsTags(k.devs[k.skbs.dev[skb]!]!);
  const ethertype = tagged ? ETH_P_8021Q : k.flows.ethertype[flow]!;
  if (field === FIELD.ETHERTYPE) return ethertype;
  if (ethertype !== ETH_P_IP) return -1;
  const proto = k.flows.proto[flow]!;
  switch (field) {
    case FIELD.SRC:
      return k.flows.src[flow]!;
    case FIELD.DST:
      return k.flows.dst[flow]!;
    case FIELD.PROTO:
      return proto;
    default:
      if (proto !== IPPROTO_UDP && proto !== IPPROTO_TCP) return -1;
      if (flags & FLAG_FRAG && frag_off[skb]! > 0) return -1;
      return field === FIELD.SPORT ? k.flows.sport[flow]! : k.flows.dport[flow]!;
  }
}

function stripsTags(dev: NetDevice): boolean {
  return dev.features['rx-vlan-offload'] === true;
}

/// Whether the frame comes faster than the rate allows; else it takes its share out of the bucket.
function isOver(c: Cpu, prog: BpfProg, match: XdpMatch): boolean {
  const at = match.map * 2;
  const passed = c.cursor_ns - prog.buckets[at + 1]!;
  const left = Math.min(match.b, prog.buckets[at]! + Math.max(0, passed));
  prog.buckets[at + 1] = Math.max(c.cursor_ns, prog.buckets[at + 1]!);
  const over = left < match.a;
  prog.buckets[at] = over ? left : left - match.a;
  return over;
}
