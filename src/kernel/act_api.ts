/// Actions: what a filter does with a packet, one after the other. Stands for tcf_action_exec() and
/// tcf_action_init() in net/sched/act_api.c, with tcf_gact_act(), tcf_skbedit_act() and tcf_vlan_act().
/// Left out: that a queue which skbedit has chosen leaves alone by which NAPI instance the packet came; random gact,
/// estimators, cookies, offload, a tag inside a tag (the new one takes the old one's place).
import { exceedsNesting, tcf_mirred_act } from './act_mirred.ts';
import { createPolice, tcf_police_act } from './act_police.ts';
import { cls_bpf_delete } from './cls_bpf.ts';
import { COSTS } from './costs.ts';
import { done, fails, type Result } from './errno.ts';
import { FLAG_FOREIGN, FLAG_GSO, FLAG_MARK, FLAG_VLAN, NO_RX_QUEUE } from './skb.ts';
import type { Cpu, Kernel, Skb } from './state.ts';
import { TC_ACT, type TcAction, type TcActionSpec, type TcFilter } from './tc/types.ts';

const ETH_HLEN = 14;
const RECEIVE_QUEUE =
  'act_skbedit: "queue_mapping" option on receive side is hardware only, use skip_sw';
const MAX_JUMPS = 32; // TCA_ACT_MAX_PRIO

export interface NewAction {
  readonly spec: TcActionSpec | null; // null: an action that exists, by kind and index
  readonly kind: TcActionSpec['kind'];
  readonly index: number; // 0: the kernel chooses
  readonly control: number;
}

/// Finds or makes the actions of a filter and binds them to it: their ids, or why not. ENOENT: no such index.
/// `ingress`: the filter looks at what comes in. EOPNOTSUPP: skbedit has a queue there, which only a NIC could choose.
export function bindActions(
  k: Kernel,
  wanted: readonly NewAction[],
  ingress: boolean,
): number[] | Result {
  const ids: number[] = [];
  for (const one of wanted) {
    if (ingress && one.spec?.kind === 'skbedit' && one.spec.queue !== null) {
      unbind(k, ids);
      return fails('EOPNOTSUPP', RECEIVE_QUEUE);
    }
    const known = one.index > 0 ? findAction(k, one.kind, one.index) : undefined;
    if (!known && one.spec === null) {
      unbind(k, ids);
      return fails('ENOENT');
    }
    const action = known ?? createAction(k, one, 0);
    action.refcnt++;
    action.bindcnt++;
    ids.push(action.id);
  }
  return ids;
}

/// Makes an action by itself: tc actions add. EEXIST: its index is taken.
export function addAction(k: Kernel, wanted: NewAction): Result {
  if (wanted.index > 0 && findAction(k, wanted.kind, wanted.index)) return fails('EEXIST');
  createAction(k, wanted, 1);
  k.config_version++;
  return done;
}

/// Deletes an action that no filter uses. ENOENT, EPERM: it is bound.
export function deleteAction(k: Kernel, kind: string, index: number): Result {
  const action = findAction(k, kind, index);
  if (!action) return fails('ENOENT', 'TC action with specified index not found');
  if (action.bindcnt > 0) return fails('EPERM');
  k.tc.actions = k.tc.actions.filter((one) => one !== action);
  return done;
}

export function findAction(k: Kernel, kind: string, index: number): TcAction | undefined {
  return k.tc.actions.find((one) => one.spec.kind === kind && one.index === index);
}

function createAction(k: Kernel, wanted: NewAction, refcnt: number): TcAction {
  const { kind, control } = wanted;
  const spec = wanted.spec!;
  let index = wanted.index;
  // The lowest index that is free.
  if (index === 0) for (index = 1; findAction(k, kind, index);) index++;
  const id = (k.tc.indices['id'] ?? 0) + 1;
  k.tc.indices['id'] = id;
  const action: TcAction = {
    ...{ id, index, spec, control, refcnt, bindcnt: 0 },
    ...{ bytes: 0, packets: 0, drops: 0, overlimits: 0 },
    ...{ installed: k.now, used: k.now, first_used: -1 },
    police: spec.kind === 'police' ? createPolice(spec, k.now) : null,
  };
  k.tc.actions.push(action);
  return action;
}

/// A filter goes: its actions that nobody else uses go too.
export function releaseActions(k: Kernel, filter: TcFilter): void {
  cls_bpf_delete(k, filter);
  unbind(k, filter.actions);
  filter.actions = [];
}

function unbind(k: Kernel, ids: readonly number[]): void {
  for (const id of ids) {
    const action = k.tc.actions.find((one) => one.id === id)!;
    action.refcnt--;
    action.bindcnt--;
  }
  k.tc.actions = k.tc.actions.filter((one) => one.refcnt > 0);
}

/// Runs a filter's actions until one has decided. net/sched/act_api.c:tcf_action_exec()
export function tcf_action_exec(k: Kernel, c: Cpu, filter: TcFilter, skb: Skb): number {
  let verdict: number = TC_ACT.OK;
  let jumps = 0;
  for (let i = 0; i < filter.actions.length; i++) {
    const action = k.tc.actions.find((one) => one.id === filter.actions[i])!;
    verdict = act(k, c, action, skb);
    if (verdict > 0 && (verdict & 0xf000_0000) === TC_ACT.JUMP) {
      const over = verdict & 0xff;
      if (over === 0 || over > filter.actions.length || ++jumps >= MAX_JUMPS) return TC_ACT.OK;
      // The kernel begins at the first action again and leaves out so many from there.
      i = over - 1;
      continue;
    }
    if (verdict !== TC_ACT.PIPE) return verdict;
  }
  return verdict;
}

function act(k: Kernel, c: Cpu, action: TcAction, skb: Skb): number {
  if (action.spec.kind === 'mirred' && exceedsNesting(k, skb)) return TC_ACT.SHOT;
  const len = k.skbs.len[skb]! - ETH_HLEN;
  c.cursor_ns += COSTS.tcf_action.ns;
  action.bytes += len;
  action.packets += k.skbs.segs[skb]!;
  action.used = c.cursor_ns;
  if (action.first_used < 0) action.first_used = c.cursor_ns;
  const { spec } = action;
  switch (spec.kind) {
    case 'gact':
      if (action.control === TC_ACT.SHOT) action.drops += 1;
      return action.control;
    case 'mirred':
      return tcf_mirred_act(k, c, action, spec, skb);
    case 'police': {
      c.cursor_ns += COSTS.tcf_police_act.ns;
      // The bucket is without the Ethernet header, the MTU with it.
      const gso = (k.skbs.flags[skb]! & FLAG_GSO) !== 0 && k.skbs.segs[skb]! > 1;
      const frame = k.skbs.len[skb]!;
      const largest = gso ? k.skbs.gso_size[skb]! + frame - k.skbs.payload[skb]! : frame;
      return tcf_police_act(action, spec, Math.floor(c.cursor_ns), len, largest);
    }
    case 'skbedit':
      tcf_skbedit_act(k, spec, skb);
      return action.control;
    case 'vlan':
      tcf_vlan_act(k, spec, skb);
      return action.control;
  }
}

/// Sets the mark, the queue and the packet type; a priority has no reader on the way in. An action with a queue comes
/// to a filter here only by its index. net/sched/act_skbedit.c:tcf_skbedit_act()
function tcf_skbedit_act(
  k: Kernel,
  spec: Extract<TcActionSpec, { kind: 'skbedit' }>,
  skb: Skb,
): void {
  const { flags, mark, queue, dev } = k.skbs;
  if (spec.mark !== null) {
    const old = flags[skb]! & FLAG_MARK ? mark[skb]! : 0;
    mark[skb] = (old & ~spec.mark.mask) | (spec.mark.value & spec.mark.mask);
    flags[skb] = flags[skb]! | FLAG_MARK;
  }
  // Behind the receive queues' own numbers, which are kept one higher: 0 says that none is recorded.
  if (spec.queue !== null && spec.queue < k.devs[dev[skb]!]!.tx.length)
    queue[skb] = spec.queue === 0 ? NO_RX_QUEUE : spec.queue - 1;
  if (spec.ptype === 'host') flags[skb] = flags[skb]! & ~FLAG_FOREIGN;
  if (spec.ptype === 'otherhost') flags[skb] = flags[skb]! | FLAG_FOREIGN;
}

function tcf_vlan_act(k: Kernel, spec: Extract<TcActionSpec, { kind: 'vlan' }>, skb: Skb): void {
  const { flags, vlan_tci } = k.skbs;
  const tagged = (flags[skb]! & FLAG_VLAN) !== 0;
  if (spec.action === 'pop') flags[skb] = flags[skb]! & ~FLAG_VLAN;
  else if (spec.action === 'push' || tagged) {
    // A tag that is changed keeps its priority unless another one is given.
    const old = spec.action === 'modify' ? vlan_tci[skb]! & 0xf000 : 0;
    vlan_tci[skb] = spec.id | (spec.prio < 0 ? old : spec.prio << 13);
    flags[skb] = flags[skb]! | FLAG_VLAN;
  }
}
