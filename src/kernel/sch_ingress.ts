/// tc ingress: the filters on a device's ingress or clsact discipline see a packet before IP does. Stands for
/// sch_handle_ingress() and tc_run() in net/core/dev.c and for net/sched/sch_ingress.c.
/// Nothing waits here: a filter can drop, change, redirect or police, not delay.
/// Left out: tcx and BPF programs, shared blocks, offload to the NIC, the egress side of clsact.
import { releaseActions } from './act_api.ts';
import { ANOTHER, CONSUMED } from './act_mirred.ts';
import { tcf_classify } from './cls_api.ts';
import { COSTS } from './costs.ts';
import { done, fails, type Result } from './errno.ts';
import { consume_skb, kfree_skb_reason } from './ledger.ts';
import { REASON } from './reasons.ts';
import { RX_AFRESH, RX_HANDLER_CONSUMED, RX_HANDLER_PASS } from './rx_result.ts';
import { updateRxHooks } from './rx_hooks.ts';
import type { Cpu, Kernel, NetDevice, Skb } from './state.ts';
import { createBlock, TC_ACT } from './tc/types.ts';
import { STEP, takeStep } from './tracing.ts';

const ETH_HLEN = 14;

/// PASS: the packet goes on; CONSUMED: it is gone; RX_AFRESH: another device takes it in. Called only for devices with
/// bit 8 in rx_hooks. net/core/dev.c:sch_handle_ingress()
export function sch_handle_ingress(k: Kernel, c: Cpu, dev: NetDevice, skb: Skb): number {
  const block = dev.ingress!.ingress;
  takeStep(k, c, STEP.INGRESS, skb, COSTS.tcf_classify.ns);
  // At ingress the Ethernet header is behind the packet already.
  block.bytes += k.skbs.len[skb]! - ETH_HLEN;
  block.packets += k.skbs.segs[skb]!;
  switch (tcf_classify(k, c, block, skb)) {
    case TC_ACT.SHOT:
      block.drops++;
      kfree_skb_reason(k, c, skb, REASON.TC_INGRESS, STEP.INGRESS);
      return RX_HANDLER_CONSUMED;
    case TC_ACT.STOLEN:
    case TC_ACT.TRAP:
      consume_skb(k, skb);
      return RX_HANDLER_CONSUMED;
    case CONSUMED:
      return RX_HANDLER_CONSUMED;
    case ANOTHER:
      return RX_AFRESH;
    default:
      return RX_HANDLER_PASS;
  }
}

/// Gives a device its ingress or clsact discipline. EEXIST: it has one.
export function addIngress(k: Kernel, dev: NetDevice, kind: 'ingress' | 'clsact'): Result {
  if (dev.ingress !== null) return fails('EEXIST', 'Exclusivity flag on, cannot modify');
  dev.ingress = { kind, ingress: createBlock(), egress: createBlock() };
  updateRxHooks(k, dev);
  k.config_version++;
  return done;
}

/// Takes it away with all its filters. `kind` '' is any. ENOENT: there is none.
export function deleteIngress(k: Kernel, dev: NetDevice, kind: string): Result {
  if (dev.ingress === null)
    return fails('ENOENT', 'Cannot find specified qdisc on specified device');
  if (kind !== '' && kind !== dev.ingress.kind) return fails('EINVAL', 'Invalid qdisc name');
  for (const { chains } of [dev.ingress.ingress, dev.ingress.egress])
    for (const { protos } of chains)
      for (const { filters } of protos) for (const filter of filters) releaseActions(k, filter);
  dev.ingress = null;
  updateRxHooks(k, dev);
  k.config_version++;
  return done;
}
