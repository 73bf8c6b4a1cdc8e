/// Connection tracking of a packet: which entry it belongs to, in which direction, and whether it can
/// belong at all; a new connection gets an entry, which is put into the table when its first packet has
/// come through. Stands for nf_conntrack_in() and nf_confirm() in net/netfilter.
/// Left out: templates and zones, helpers, ICMP errors from outside (what they quote is not modelled:
/// they count as errors and belong to nothing).
import { COSTS } from '../../costs.ts';
import { FLAG_NFCT } from '../../skb.ts';
import type { Cpu, Kernel, Skb } from '../../state.ts';
import { NF_ACCEPT, NF_DROP, NF_INET_PRE_ROUTING, NF_REPEAT } from '../types.ts';
import { logInvalid } from './log_invalid.ts';
import { NFCT_INVALID, NFCT_UNTRACKED, entryOf, packetAt, setNfct } from './packet.ts';
import { init_conntrack } from './new_entry.ts';
import { nf_conntrack_handle_packet } from './protocols.ts';
import { directionOf } from './refresh.ts';
import {
  __nf_conntrack_confirm,
  nf_conntrack_find_get,
  nf_ct_delete,
  packetHash,
  statOf,
  tableOf,
} from './table.ts';
import { untracked6 } from './tuple.ts';
import {
  IPS_CONFIRMED,
  IPS_EXPECTED,
  IPS_SEEN_REPLY,
  IP_CT_ESTABLISHED,
  IP_CT_ESTABLISHED_REPLY,
  IP_CT_NEW,
  IP_CT_RELATED,
  IP_CT_RELATED_REPLY,
  ORIGINAL,
  REPLY,
  type CtPacket,
} from './types.ts';

const IPPROTO_ICMP = 1;
const IPPROTO_ICMPV6 = 58;
const NR_ICMP_TYPES = 18;

/// The hook function: the verdict. Fragments are tracked when their datagram is whole.
export function conntrackIn(k: Kernel, c: Cpu, skb: Skb, hook: number): number {
  if (k.skbs.flags[skb]! & FLAG_NFCT) return NF_ACCEPT;
  const p = packetAt(k, skb, hook);
  if (p === null) {
    statOf(k, c).invalid++;
    setNfct(k, skb, NFCT_INVALID);
    return NF_ACCEPT;
  }
  if (p.short) return NF_ACCEPT;
  if (p.tuple.proto === IPPROTO_ICMPV6 && untracked6(p.tuple.dport >>> 8)) {
    setNfct(k, skb, NFCT_UNTRACKED);
    return NF_ACCEPT;
  }
  const verdict = nf_conntrack_in(k, c, p);
  setNfct(k, skb, p.entry < 0 ? NFCT_INVALID : p.entry * 8 + p.ctinfo);
  return verdict;
}

/// Finds or makes the packet's entry: p.entry and p.ctinfo, or -1 when it belongs to nothing.
/// net/netfilter/nf_conntrack_core.c:nf_conntrack_in()
export function nf_conntrack_in(k: Kernel, c: Cpu, p: CtPacket): number {
  c.cursor_ns += COSTS.nf_conntrack_in.ns;
  const stat = statOf(k, c);
  const { proto } = p.tuple;
  if (p.icmp_error) {
    if (!related(k, p)) stat.error++;
    return NF_ACCEPT;
  }
  if (proto === IPPROTO_ICMP || proto === IPPROTO_ICMPV6) {
    const fault = icmpError(k, p, proto);
    if (fault !== null) {
      logInvalid(k, c, p, proto, fault);
      stat.error++;
      return NF_ACCEPT;
    }
  }
  for (;;) {
    if (!resolve_normal_ct(k, c, p)) {
      stat.drop++;
      return NF_DROP;
    }
    if (p.entry < 0) {
      stat.invalid++;
      return NF_ACCEPT;
    }
    const verdict = nf_conntrack_handle_packet(k, c, p);
    if (verdict > 0) break;
    const entry = tableOf(k).entries[p.entry]!;
    if (!(entry.status & IPS_CONFIRMED)) nf_ct_delete(k, p.entry);
    p.entry = -1;
    if (verdict === -NF_REPEAT) continue;
    stat.invalid++;
    return -verdict;
  }
  if (p.ctinfo === IP_CT_ESTABLISHED_REPLY) tableOf(k).entries[p.entry]!.status |= IPS_SEEN_REPLY;
  return NF_ACCEPT;
}

// Null: no error message. net/netfilter/nf_conntrack_proto_icmp.c:nf_conntrack_icmpv4_error()
function icmpError(k: Kernel, p: CtPacket, proto: number): string | null {
  const type = p.tuple.dport >>> 8;
  if (tableOf(k).settings.checksum && p.bad_csum && p.hook === NF_INET_PRE_ROUTING)
    return proto === IPPROTO_ICMP ? 'bad hw icmp checksum' : 'ICMPv6 checksum failed';
  if (proto === IPPROTO_ICMPV6) return type < 128 ? 'error message' : null;
  if (type > NR_ICMP_TYPES) return 'invalid icmp type';
  return [3, 4, 5, 11, 12].includes(type) ? 'error message' : null;
}

// An ICMP error that the host sends about a packet of a connection: it goes the other way than that packet.
// net/netfilter/nf_conntrack_proto_icmp.c:nf_conntrack_inet_error()
function related(k: Kernel, p: CtPacket): boolean {
  const at = nf_conntrack_find_get(k, p.tuple, packetHash(tableOf(k), p));
  if (at < 0) return false;
  p.entry = at >> 1;
  p.ctinfo = (at & 1) === REPLY ? IP_CT_RELATED_REPLY : IP_CT_RELATED;
  return true;
}

/// False: there is no room for another connection.
function resolve_normal_ct(k: Kernel, c: Cpu, p: CtPacket): boolean {
  const ct = tableOf(k);
  c.cursor_ns += COSTS.nf_conntrack_find_get.ns;
  const hash = packetHash(ct, p);
  const at = nf_conntrack_find_get(k, p.tuple, hash);
  if (at >= 0) {
    p.entry = at >> 1;
    p.ctinfo = ctinfoFor(ct.entries[p.entry]!.status, at & 1);
    return true;
  }
  c.cursor_ns += COSTS.init_conntrack.ns;
  const made = init_conntrack(k, c, p, hash);
  p.entry = made;
  p.ctinfo = IP_CT_NEW;
  return made !== -2;
}

function ctinfoFor(status: number, dir: number): number {
  if (dir !== ORIGINAL) return IP_CT_ESTABLISHED_REPLY;
  if (status & IPS_SEEN_REPLY) return IP_CT_ESTABLISHED;
  return status & IPS_EXPECTED ? IP_CT_RELATED : IP_CT_NEW;
}

/// The last hook function: a new connection's first packet has come through.
/// net/netfilter/nf_conntrack_proto.c:nf_confirm()
export function nf_confirm(k: Kernel, c: Cpu, skb: Skb): number {
  const index = entryOf(k, skb);
  if (index < 0) return NF_ACCEPT;
  return confirmEntry(k, c, index, k.skbs.nfct[skb]! & 7) ? NF_ACCEPT : NF_DROP;
}

/// Puts an entry into the table, unless it is there or its packet goes the other way. False: the packet is to
/// be dropped.
export function confirmEntry(k: Kernel, c: Cpu, index: number, ctinfo: number): boolean {
  const entry = tableOf(k).entries[index]!;
  if (entry.status & IPS_CONFIRMED || !entry.live) return true;
  if (directionOf(ctinfo) !== ORIGINAL) return true;
  c.cursor_ns += COSTS.__nf_conntrack_confirm.ns;
  if (__nf_conntrack_confirm(k, c, index)) return true;
  nf_ct_delete(k, index);
  return false;
}
