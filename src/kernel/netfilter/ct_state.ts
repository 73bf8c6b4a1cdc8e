/// What rules may ask about a packet's connection, and do to it. A packet without an entry is untracked or
/// invalid, and address translation leaves it alone.
/// Stands for nft_ct_get_eval() and nft_ct_set_eval() (net/netfilter/nft_ct.c).
/// Left out: everything else that a ct expression can name (bytes, packets, helper, zone, labels).
import type { Kernel, Skb } from '../state.ts';
import { NFCT_UNTRACKED, ctinfoOf, entryOf, setNfct } from './conntrack/packet.ts';
import { directionOf } from './conntrack/refresh.ts';
import { IP_CT_UNTRACKED } from './conntrack/types.ts';
import { FLAG_NFCT } from '../skb.ts';

// NF_CT_STATE_BIT(ctinfo). include/uapi/linux/netfilter/nf_conntrack_common.h
const NF_CT_STATE_INVALID_BIT = 1;
const NF_CT_STATE_UNTRACKED_BIT = 64;

/// How the packet stands to its connection, as the bit that `ct state` compares: established 2,
/// related 4, new 8.
export function ctStateBit(k: Kernel, skb: Skb): number {
  const ctinfo = ctinfoOf(k, skb);
  if (entryOf(k, skb) >= 0) return 1 << ((ctinfo % 3) + 1);
  return ctinfo === IP_CT_UNTRACKED ? NF_CT_STATE_UNTRACKED_BIT : NF_CT_STATE_INVALID_BIT;
}

/// The mark of the packet's connection; -1: it has none.
export function ctMark(k: Kernel, skb: Skb): number {
  const entry = entryOf(k, skb);
  return entry < 0 ? -1 : k.nf.ct!.entries[entry]!.mark;
}

/// Status bits (IPS_*) of the packet's connection; -1: it has none.
export function ctStatus(k: Kernel, skb: Skb): number {
  const entry = entryOf(k, skb);
  return entry < 0 ? -1 : k.nf.ct!.entries[entry]!.status;
}

/// 0 original, 1 reply; -1: no connection.
export function ctDirection(k: Kernel, skb: Skb): number {
  return entryOf(k, skb) < 0 ? -1 : directionOf(ctinfoOf(k, skb));
}

/// Sets the mark of the packet's connection, if it has one.
export function setCtMark(k: Kernel, skb: Skb, mark: number): void {
  const entry = entryOf(k, skb);
  if (entry >= 0) k.nf.ct!.entries[entry]!.mark = mark;
}

/// The packet is not to be tracked, unless it is already. net/netfilter/nft_ct.c:nft_notrack_eval()
export function notrack(k: Kernel, skb: Skb): void {
  if (!(k.skbs.flags[skb]! & FLAG_NFCT)) setNfct(k, skb, NFCT_UNTRACKED);
}
