/// Address translation at a hook: chains of type nat are asked once for a connection, at its first packet;
/// what they decide holds for all its packets. Stands for nf_nat_inet_fn() in net/netfilter/nf_nat_core.c.
import type { Cpu, Kernel, Skb } from '../state.ts';
import { nf_nat_alloc_null_binding } from './conntrack/nat.ts';
import {
  isRelatedIcmp,
  nf_nat_icmp_reply_translation,
  nf_nat_packet,
} from './conntrack/nat_packet.ts';
import { MANIP_DST, MANIP_SRC } from './conntrack/nat_tuple.ts';
import { ctinfoOf, entryOf } from './conntrack/packet.ts';
import { nf_ct_delete, tableOf } from './conntrack/table.ts';
import {
  IPS_DST_NAT_DONE,
  IPS_SRC_NAT_DONE,
  IP_CT_ESTABLISHED,
  IP_CT_ESTABLISHED_REPLY,
  type CtEntry,
} from './conntrack/types.ts';
import { hookList } from './hook_lists.ts';
import { HOOK_NFT_NAT } from './hook_numbers.ts';
import { nft_do_chain } from './nf_tables_core.ts';
import { NF_ACCEPT, NF_DROP, NF_INET_LOCAL_IN, NF_INET_POST_ROUTING } from './types.ts';

function manipOf(hook: number): number {
  return hook === NF_INET_POST_ROUTING || hook === NF_INET_LOCAL_IN ? MANIP_SRC : MANIP_DST;
}

function alreadySetUp(entry: CtEntry, manip: number): boolean {
  return (entry.status & (manip === MANIP_SRC ? IPS_SRC_NAT_DONE : IPS_DST_NAT_DONE)) !== 0;
}

/// The hook function of address translation: the verdict.
export function nf_nat_inet_fn(
  k: Kernel,
  c: Cpu,
  skb: Skb,
  pf: number,
  hook: number,
  indev: number,
  outdev: number,
): number {
  const index = entryOf(k, skb);
  if (index < 0) return NF_ACCEPT;
  const entry = tableOf(k).entries[index]!;
  const ctinfo = ctinfoOf(k, skb);
  const manip = manipOf(hook);
  if (isRelatedIcmp(k, skb))
    return nf_nat_icmp_reply_translation(k, skb, manip) ? NF_ACCEPT : NF_DROP;
  const established = ctinfo === IP_CT_ESTABLISHED || ctinfo === IP_CT_ESTABLISHED_REPLY;
  if (!established && !alreadySetUp(entry, manip)) {
    for (const one of k.nf.hooks[hookList(pf, hook)]!) {
      if (one.fn !== HOOK_NFT_NAT) continue;
      const verdict = nft_do_chain(k, c, skb, one, hook, indev, outdev);
      if (verdict !== NF_ACCEPT) return verdict;
      if (alreadySetUp(entry, manip)) break;
    }
    if (!alreadySetUp(entry, manip)) nf_nat_alloc_null_binding(k, c, index, manip);
  } else if (oifChanged(entry, hook, ctinfo, outdev)) {
    nf_ct_delete(k, index);
    return NF_DROP;
  }
  nf_nat_packet(k, c, skb, index, ctinfo, manip);
  return NF_ACCEPT;
}

// A masqueraded connection has another way out now. nf_nat_oif_changed()
function oifChanged(entry: CtEntry, hook: number, ctinfo: number, outdev: number): boolean {
  if (hook !== NF_INET_POST_ROUTING || entry.masq < 0) return false;
  return ctinfo !== IP_CT_ESTABLISHED_REPLY && entry.masq !== outdev;
}
