/// Filters: which action a packet gets. Stands for tcf_classify(), tc_new_tfilter() and tc_del_tfilter() in
/// net/sched/cls_api.c, with the tables of u32, flower, matchall, basic and fw behind them.
/// Left out: templates of chains, shared blocks, hash tables of u32 other than its first, what flower knows of
/// tunnels, MPLS, ARP and connection tracking, ematches.
import { bindActions, releaseActions, tcf_action_exec, type NewAction } from './act_api.ts';
import { cls_bpf_classify } from './cls_bpf.ts';
import { matches } from './cls_match.ts';
import { COSTS } from './costs.ts';
import { done, fails, type Result } from './errno.ts';
import { FLAG_VLAN } from './skb.ts';
import { rateLimited } from './net_ratelimit.ts';
import type { Cpu, Kernel, NetDevice, Skb } from './state.ts';
import {
  TC_ACT,
  type FlowerKey,
  type TcBlock,
  type TcChain,
  type TcFilter,
  type TcFilterKind,
  type TcMatch,
  type TcProto,
} from './tc/types.ts';

const ETH_P_ALL = 3;
const ETH_P_8021Q = 0x8100;
const MAX_RECLASSIFY_LOOP = 16;
const FIRST_AUTO_PRIO = 0xc000;
const MIDDLE_PRIO = 0x8000;
const U32_FIRST = 0x800; // node of the first filter in the first table: 800::800

/// The verdict of a block on a packet. net/sched/cls_api.c:tcf_classify()
export function tcf_classify(k: Kernel, c: Cpu, block: TcBlock, skb: Skb): number {
  let chain = block.chains.find((one) => one.index === 0);
  for (let limit = 0; chain; limit++) {
    const verdict = classifyIn(k, c, chain, skb);
    let index = 0;
    if ((verdict & 0xf000_0000) === TC_ACT.GOTO_CHAIN) index = verdict & 0x0fff_ffff;
    else if (verdict !== TC_ACT.RECLASSIFY) return verdict;
    if (limit >= MAX_RECLASSIFY_LOOP) {
      // A block of one device has no number, and the kernel prints the half of the priority that is always 0.
      const protocol = said.protocol.toString(16).padStart(2, '0');
      rateLimited(k, `0: reclassify loop, rule prio 0, protocol ${protocol}`);
      return TC_ACT.SHOT;
    }
    // A chain without filters says nothing: the packet goes on.
    chain = block.chains.find((one) => one.index === index);
  }
  return TC_ACT.UNSPEC;
}

/// The protocol of the filters that gave the last verdict.
const said = { protocol: 0 };

/// The first filter of a chain that takes the packet and says what to do.
function classifyIn(k: Kernel, c: Cpu, chain: TcChain, skb: Skb): number {
  // A tag that the NIC has taken out still counts as the protocol.
  const tagged = (k.skbs.flags[skb]! & FLAG_VLAN) !== 0;
  const protocol = tagged ? ETH_P_8021Q : k.flows.ethertype[k.skbs.flow[skb]!]!;
  for (const tp of chain.protos) {
    if (tp.protocol !== ETH_P_ALL && tp.protocol !== protocol) continue;
    said.protocol = tp.protocol;
    c.cursor_ns += tp.kind === 'flower' ? COSTS.fl_classify.ns : 0;
    for (const filter of tp.filters) {
      if (tp.kind !== 'flower') c.cursor_ns += COSTS.tc_filter.ns;
      if (filter.match.kind === 'bpf') {
        const answer = cls_bpf_classify(k, c, filter.match.prog, skb);
        if (answer === TC_ACT.UNSPEC) continue;
        filter.hits++;
        return answer;
      }
      if (tp.kind === 'u32') filter.pcnt++;
      if (!matches(k, skb, filter.match)) continue;
      // u32 without a class or an action says nothing.
      if (tp.kind === 'u32' && filter.actions.length === 0 && filter.classid === 0) continue;
      filter.hits++;
      const verdict = filter.actions.length > 0 ? tcf_action_exec(k, c, filter, skb) : TC_ACT.OK;
      // u32 and fw go on with their next filter where an action says so; the others are done.
      if (verdict !== TC_ACT.UNSPEC) return verdict;
      if (tp.kind === 'flower' || tp.kind === 'matchall') break;
    }
  }
  return TC_ACT.UNSPEC;
}

export interface FilterRequest {
  readonly ingress: boolean; // or the egress side of clsact
  readonly create: boolean; // NLM_F_CREATE
  readonly exclusive: boolean; // NLM_F_EXCL
  readonly chain: number;
  readonly prio: number; // 0: the kernel chooses
  readonly protocol: number;
  readonly kind: TcFilterKind;
  readonly handle: number; // 0: the kernel chooses
  readonly classid: number;
  readonly match: TcMatch;
  readonly skip_hw: boolean;
  readonly actions: readonly NewAction[];
}

/// Adds or changes a filter. net/sched/cls_api.c:tc_new_tfilter()
export function tc_new_tfilter(k: Kernel, dev: NetDevice, wanted: FilterRequest): Result {
  if (wanted.prio === 0 && !wanted.create)
    return fails('ENOENT', 'Invalid filter command with priority of zero');
  const block = blockOf(dev, wanted.ingress);
  if (block === null) return fails('EINVAL', "Parent Qdisc doesn't exists");
  const chain = block.chains.find((one) => one.index === wanted.chain);
  const prio = wanted.prio || autoPrio(chain);
  let tp = chain?.protos.find((one) => one.prio === (wanted.prio || MIDDLE_PRIO));
  if (tp && (wanted.prio === 0 || tp.protocol !== wanted.protocol))
    return fails('EINVAL', 'Filter with specified priority/protocol not found');
  const replace = 'Need both RTM_NEWTFILTER and NLM_F_CREATE to create a new filter';
  if (!tp && !wanted.create) return fails('ENOENT', replace);
  if (tp && tp.kind !== wanted.kind)
    return fails('EINVAL', 'Specified filter kind does not match existing one');
  const old = tp && findFilter(tp, wanted.handle);
  if (!old && !wanted.create) return fails('ENOENT', replace);
  if (old && wanted.exclusive) return fails('EEXIST', 'Filter already exists');
  const refused = refuseMatch(tp, wanted, old);
  if (refused) return refused;
  const bound = bindActions(k, wanted.actions, wanted.ingress);
  if (!Array.isArray(bound)) return bound;
  tp ??= createProto(block, wanted, prio);
  put(k, tp, wanted, old, bound);
  k.config_version++;
  return done;
}

function blockOf(dev: NetDevice, ingress: boolean): TcBlock | null {
  if (dev.ingress === null) return null;
  if (ingress) return dev.ingress.ingress;
  return dev.ingress.kind === 'clsact' ? dev.ingress.egress : null;
}

/// One less than the lowest in the upper half, where the kernel chooses: the last one added comes first, and
/// priorities that somebody has given in the lower half do not count. tcf_auto_prio()
function autoPrio(chain: TcChain | undefined): number {
  const lowest = chain?.protos.find((one) => one.prio >= MIDDLE_PRIO);
  return (lowest?.prio ?? FIRST_AUTO_PRIO + 1) - 1;
}

/// 0 names none but in matchall, which has one filter at most.
function findFilter(tp: TcProto, handle: number): TcFilter | undefined {
  if (tp.kind === 'matchall' && handle === 0) return undefined;
  return handle === 0 ? undefined : tp.filters.find((one) => one.handle === handle);
}

function refuseMatch(
  tp: TcProto | undefined,
  wanted: FilterRequest,
  old: TcFilter | undefined,
): Result | null {
  // matchall's one filter cannot be changed either.
  if (wanted.kind === 'matchall' && tp && tp.filters.length > 0) return fails('EEXIST');
  if (!tp || old) return null;
  const same = JSON.stringify(wanted.match);
  if (wanted.kind === 'flower' && tp.filters.some((one) => JSON.stringify(one.match) === same))
    return fails('EEXIST');
  return null;
}

function createProto(block: TcBlock, wanted: FilterRequest, prio: number): TcProto {
  let chain = block.chains.find((one) => one.index === wanted.chain);
  if (!chain) {
    chain = { index: wanted.chain, protos: [] };
    block.chains.push(chain);
    block.chains.sort((a, b) => a.index - b.index);
  }
  const tp: TcProto = {
    ...{ prio, protocol: wanted.protocol, kind: wanted.kind },
    next_handle: wanted.kind === 'u32' ? U32_FIRST : 1,
    filters: [],
  };
  chain.protos.push(tp);
  chain.protos.sort((a, b) => a.prio - b.prio);
  return tp;
}

function put(
  k: Kernel,
  tp: TcProto,
  wanted: FilterRequest,
  old: TcFilter | undefined,
  actions: number[],
): void {
  const { classid, match, skip_hw } = wanted;
  if (old) {
    releaseActions(k, old);
    const masked = maskText(old.match) === maskText(match);
    Object.assign(old, { classid, match, skip_hw, actions });
    if (masked) return;
    tp.filters = tp.filters.filter((one) => one !== old);
    insert(tp, old);
    return;
  }
  const handle = wanted.handle || tp.next_handle++;
  insert(tp, { handle, classid, match, actions, skip_hw, pcnt: 0, hits: 0, in_hw: false });
}

/// flower asks mask by mask, in the order in which the masks came: filters of one mask stay together.
function insert(tp: TcProto, filter: TcFilter): void {
  const mask = maskText(filter.match);
  const last =
    tp.kind === 'flower' ? tp.filters.findLastIndex((one) => maskText(one.match) === mask) : -1;
  tp.filters.splice(last < 0 ? tp.filters.length : last + 1, 0, filter);
}

/// Which bits a flower filter compares, as text; the same for all other filters.
function maskText(match: TcMatch): string {
  if (match.kind !== 'flower') return '';
  const parts = Object.entries(match.key).map(
    ([name, value]: [string, FlowerKey[keyof FlowerKey]]) => {
      if (typeof value !== 'object') return name;
      if ('bits' in value) return `${name}/${value.bits}`;
      if ('mask' in value) return `${name}&${value.mask}`;
      return value.low === value.high ? name : `${name} range`;
    },
  );
  return parts.sort().join();
}

export interface FilterName {
  readonly ingress: boolean;
  readonly chain: number;
  readonly prio: number; // 0: all of them
  readonly protocol: number; // 0: not said
  readonly kind: string; // '': not said
  readonly handle: number; // 0: all of that priority
}

/// Deletes filters. net/sched/cls_api.c:tc_del_tfilter()
export function tc_del_tfilter(k: Kernel, dev: NetDevice, name: FilterName): Result {
  const { prio, kind, handle, protocol } = name;
  if (prio === 0 && (protocol || handle || kind))
    return fails('ENOENT', 'Cannot flush filters with protocol, handle or kind set');
  const block = blockOf(dev, name.ingress);
  if (block === null) return fails('EINVAL', "Parent Qdisc doesn't exists");
  const chain = block.chains.find((one) => one.index === name.chain);
  if (!chain) {
    if (prio === 0) return done;
    return fails('ENOENT', 'Cannot find specified filter chain');
  }
  const tps = prio === 0 ? chain.protos : chain.protos.filter((one) => one.prio === prio);
  const tp = tps[0];
  if (prio !== 0 && (!tp || (protocol !== 0 && tp.protocol !== protocol)))
    return fails('ENOENT', 'Filter with specified priority/protocol not found');
  if (kind && tp && tp.kind !== kind)
    return fails('EINVAL', 'Specified filter kind does not match existing one');
  if (handle === 0) {
    for (const one of tps) for (const filter of one.filters) releaseActions(k, filter);
    chain.protos = chain.protos.filter((one) => !tps.includes(one));
  } else {
    const filter = tp!.filters.find((one) => one.handle === handle);
    if (!filter) return fails('ENOENT', 'Specified filter handle not found');
    releaseActions(k, filter);
    tp!.filters = tp!.filters.filter((one) => one !== filter);
    if (tp!.filters.length === 0) chain.protos = chain.protos.filter((one) => one !== tp);
  }
  block.chains = block.chains.filter((one) => one.protos.length > 0);
  k.config_version++;
  return done;
}
