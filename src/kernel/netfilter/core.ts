/// The hooks of received and forwarded packets: what their functions decide is done. Stands for nf_hook_slow() in
/// net/netfilter/core.c; the lists are in hook_lists.ts, what the host sends in local_out.ts.
import { kfree_skb_reason } from '../ledger.ts';
import { REASON } from '../reasons.ts';
import type { Cpu, Kernel, Skb } from '../state.ts';
import { stepIndex } from '../tracing.ts';
import { reject } from './nft_reject.ts';
import { takeRejection } from './rejection.ts';
import { runHooks } from './run_hooks.ts';
import { NF_ACCEPT, NF_DROP, NFPROTO_IPV6, type NfHookEntry } from './types.ts';

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
  const verdict = runHooks(k, c, list, pf, hook, skb, indev, outdev);
  return verdict === NF_ACCEPT || gone(k, c, skb, hook, verdict, STEPS[hook]!);
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
  const verdict = runHooks(k, c, list, pf, hook, skb, k.skbs.dev[skb]!, -1);
  return verdict === NF_ACCEPT || gone(k, c, skb, hook, verdict, INGRESS_STEP);
}

function gone(k: Kernel, c: Cpu, skb: Skb, hook: number, verdict: number, step: number): false {
  if (verdict !== NF_DROP) return false;
  const rejection = takeRejection();
  if (rejection) reject(k, c, skb, hook, rejection);
  kfree_skb_reason(k, c, skb, REASON.NETFILTER_DROP, step);
  return false;
}
