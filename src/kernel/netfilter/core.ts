/// Running the hooks: the functions of a place are asked in their order. Stands for nf_hook_slow() in
/// net/netfilter/core.c; the lists are in hook_lists.ts.
/// Left out: NF_QUEUE to a program in user space (no such program runs here).
import { kfree_skb_reason } from '../ledger.ts';
import { REASON } from '../reasons.ts';
import type { Cpu, Kernel, Skb } from '../state.ts';
import { stepIndex } from '../tracing.ts';
import { hookFunctions } from './hook_functions.ts';
import {
  NF_ACCEPT,
  NF_DROP,
  NF_QUEUE,
  NF_STOLEN,
  NFPROTO_IPV6,
  type NfHookEntry,
} from './types.ts';

export {
  NF_IP_PRI,
  hookEntries,
  hookList,
  nf_register_net_hook,
  nf_unregister_net_hook,
} from './hook_lists.ts';

/// Which step of the path a hook belongs to, for the trace.
const HOOK_STEPS = ['IN-23', 'IN-26', 'FW-03', 'EG-11', 'EG-12'] as const;
const STEPS = HOOK_STEPS.map(stepIndex);
const INGRESS_STEP = stepIndex('IN-19');

/// Asks the functions of a hook in their order. False: the packet is gone and accounted for. Devices
/// are indices into devs, -1 none. Callers look at k.nf.active first. net/netfilter/core.c:nf_hook_slow()
export function nf_hook_slow(
  k: Kernel,
  c: Cpu,
  pf: number,
  hook: number,
  skb: Skb,
  indev: number,
  outdev: number,
): boolean {
  const list = k.nf.hooks[pf === NFPROTO_IPV6 ? 5 + hook : hook]!;
  return runHooks(k, c, list, pf, hook, skb, indev, outdev, STEPS[hook]!);
}

/// The ingress hook of a device. include/linux/netfilter_netdev.h:nf_hook_ingress()
export function nf_hook_ingress(
  k: Kernel,
  c: Cpu,
  list: readonly NfHookEntry[],
  pf: number,
  hook: number,
  skb: Skb,
): boolean {
  return runHooks(k, c, list, pf, hook, skb, k.skbs.dev[skb]!, -1, INGRESS_STEP);
}

function runHooks(
  k: Kernel,
  c: Cpu,
  list: readonly NfHookEntry[],
  pf: number,
  hook: number,
  skb: Skb,
  indev: number,
  outdev: number,
  step: number,
): boolean {
  for (let i = 0; i < list.length; i++) {
    const entry = list[i]!;
    const verdict = hookFunctions[entry.fn]!(k, c, skb, entry, pf, hook, indev, outdev);
    if (verdict === NF_ACCEPT) continue;
    if (verdict === NF_STOLEN) return false;
    if (verdict !== NF_DROP && verdict !== NF_QUEUE)
      throw new Error(`hook function ${entry.fn} answered ${verdict}`);
    kfree_skb_reason(k, c, skb, REASON.NETFILTER_DROP, step);
    return false;
  }
  return true;
}
