/// The functions that hook lists name by number, since a list is plain data.
/// A verdict is NF_DROP, NF_ACCEPT, NF_STOLEN, or NF_QUEUE where nobody listens (a drop).
import type { Cpu, Kernel, Skb } from '../state.ts';
import { conntrackIn, nf_confirm } from './conntrack/core.ts';
import { nft_do_chain } from './nf_tables_core.ts';
import { nf_nat_inet_fn } from './nat_chain.ts';
import { NF_ACCEPT, type NfHookEntry } from './types.ts';

export type HookFunction = (
  k: Kernel,
  c: Cpu,
  skb: Skb,
  entry: NfHookEntry,
  pf: number,
  hook: number,
  indev: number,
  outdev: number,
) => number;

export const hookFunctions: readonly HookFunction[] = [
  (k, c, skb, entry, _pf, hook, indev, outdev) =>
    nft_do_chain(k, c, skb, entry, hook, indev, outdev),
  () => NF_ACCEPT,
  (k, c, skb, _entry, _pf, hook) => conntrackIn(k, c, skb, hook),
  (k, c, skb) => nf_confirm(k, c, skb),
  (k, c, skb, _entry, pf, hook, indev, outdev) =>
    nf_nat_inet_fn(k, c, skb, pf, hook, indev, outdev),
];
