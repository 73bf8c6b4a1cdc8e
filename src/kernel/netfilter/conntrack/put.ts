/// The end of a packet that has an entry of connection tracking. Stands for nf_conntrack_put() in
/// include/linux/netfilter/nf_conntrack_common.h.
import type { Kernel, Skb } from '../../state.ts';
import { entryOf } from './packet.ts';
import { nf_ct_delete } from './table.ts';
import { IPS_CONFIRMED } from './types.ts';

/// A packet has ended: an entry that was never put into the table goes with it.
export function nf_conntrack_put(k: Kernel, skb: Skb): void {
  const { ct } = k.nf;
  const index = entryOf(k, skb);
  if (ct === null || index < 0) return;
  const entry = ct.entries[index]!;
  // A new entry may have taken the place of the packet's own, which was removed meanwhile.
  if (entry.live && entry.skb === skb && !(entry.status & IPS_CONFIRMED)) nf_ct_delete(k, index);
}
