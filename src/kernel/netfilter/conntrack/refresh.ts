/// How long an entry stays, and how much it has carried. Stands for __nf_ct_refresh_acct() and
/// nf_ct_kill_acct() in net/netfilter/nf_conntrack_core.c.
import { jiffies } from '../../jiffies.ts';
import type { Kernel } from '../../state.ts';
import { nf_ct_delete, tableOf } from './table.ts';
import {
  IPS_CONFIRMED,
  IPS_FIXED_TIMEOUT,
  IP_CT_IS_REPLY,
  IP_CT_RELATED,
  IP_CT_RELATED_REPLY,
  IP_CT_UNTRACKED,
  ORIGINAL,
  REPLY,
  type CtEntry,
  type CtPacket,
} from './types.ts';

/// include/net/netfilter/nf_conntrack.h:CTINFO2DIR()
export function directionOf(ctinfo: number): number {
  return ctinfo >= IP_CT_IS_REPLY && ctinfo !== IP_CT_UNTRACKED ? REPLY : ORIGINAL;
}

/// What an answer to a packet has as its connection: that of the packet, in the other direction and related
/// to it. Both are in the form of the column nfct. net/netfilter/nf_conntrack_core.c:nf_conntrack_attach()
export function nf_conntrack_attach(nfct: number): number {
  const ctinfo = directionOf(nfct & 7) === ORIGINAL ? IP_CT_RELATED_REPLY : IP_CT_RELATED;
  return (nfct & ~7) | ctinfo;
}

/// Gives the packet's entry so many ticks more from now, and counts the packet.
export function __nf_ct_refresh_acct(k: Kernel, p: CtPacket, ticks: number): void {
  const entry = tableOf(k).entries[p.entry]!;
  if (!(entry.status & IPS_FIXED_TIMEOUT))
    entry.timeout = entry.status & IPS_CONFIRMED ? ticks + jiffies(k) : ticks;
  account(entry, p);
}

function account(entry: CtEntry, p: CtPacket): void {
  if (!entry.acct) return;
  const dir = directionOf(p.ctinfo);
  entry.packets[dir]!++;
  entry.bytes[dir]! += p.len;
}

export function nf_ct_kill_acct(k: Kernel, p: CtPacket): void {
  account(tableOf(k).entries[p.entry]!, p);
  nf_ct_delete(k, p.entry);
}
