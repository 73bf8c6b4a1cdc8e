/// The functions of a hook, asked in their order: what nf_hook_slow() in net/netfilter/core.c does before it acts on
/// the verdict. Apart from core.ts, so that what is sent can be asked without any way to an answer.
/// Left out: NF_QUEUE to a program in user space (no such program runs here).
import type { Cpu, Kernel, Skb } from '../state.ts';
import { hookFunctions } from './hook_functions.ts';
import { NF_ACCEPT, NF_DROP, NF_QUEUE, NF_STOLEN, type NfHookEntry } from './types.ts';

/// The verdict: NF_ACCEPT, NF_DROP or NF_STOLEN. Devices are indices into devs, -1 none.
export function runHooks(
  k: Kernel,
  c: Cpu,
  list: readonly NfHookEntry[],
  pf: number,
  hook: number,
  skb: Skb,
  indev: number,
  outdev: number,
): number {
  for (let i = 0; i < list.length; i++) {
    const entry = list[i]!;
    const verdict = hookFunctions[entry.fn]!(k, c, skb, entry, pf, hook, indev, outdev);
    if (verdict === NF_ACCEPT) continue;
    if (verdict === NF_STOLEN || verdict === NF_DROP) return verdict;
    if (verdict === NF_QUEUE) return NF_DROP;
    throw new Error(`hook function ${entry.fn} answered ${verdict}`);
  }
  return NF_ACCEPT;
}
