/// A packet as tracking sees it: read from a received skb, or from a frame that the host sends.
/// Stands for nf_ct_get_tuple() and the header fields that the protocols look at.
/// Left out: SACK blocks of received segments, which the model of a packet does not hold; the tuple
/// inside an ICMP error from outside, which never matches here.
import {
  FLAG_BAD_CSUM,
  FLAG_BAD_FCS,
  FLAG_FRAG,
  FLAG_NFCT,
  FLAG_NO_CSUM,
  FLAG_TCP,
} from '../../skb.ts';
import type { Kernel, Outgoing, Skb, SynOptions } from '../../state.ts';
import { createTuple, nf_ct_invert_tuple } from './tuple.ts';
import { IP_CT_ESTABLISHED, IP_CT_UNTRACKED, type CtPacket } from './types.ts';

const ETH_HLEN = 14;
const IPPROTO_ICMP = 1;
const IPPROTO_ICMPV6 = 58;
const SYN = 2;

export const NFCT_UNTRACKED = -1; // entry -1, IP_CT_UNTRACKED
export const NFCT_INVALID = -16; // looked at, and belongs to nothing

/// A packet with nothing in it.
export function createCtPacket(): CtPacket {
  return {
    ...{ skb: -1, hook: 0, tuple: createTuple(), slot: 0, len: 0, bad_csum: false, short: false },
    ...{ icmp_error: false, seq: 0, ack_seq: 0, flags: 0, window: 0, payload: 0, sack: -1 },
    ...{ wscale: -1, sack_ok: false, options: false, entry: -1, ctinfo: 0 },
  };
}

// Scratch: filled for one packet at a time.
const packet = createCtPacket();
const inward = createTuple();

function flowTuple(k: Kernel, flow: number, to: typeof inward): void {
  const f = k.flows;
  const proto = f.proto[flow]!;
  const icmp = proto === IPPROTO_ICMP || proto === IPPROTO_ICMPV6;
  to.family = f.family[flow]!;
  to.proto = proto;
  to.saddr = f.saddr[flow]!;
  to.daddr = f.daddr[flow]!;
  to.src = f.src[flow]!;
  to.dst = f.dst[flow]!;
  to.sport = icmp ? f.dport[flow]! : f.sport[flow]!;
  to.dport = icmp ? f.sport[flow]! : f.dport[flow]!;
}

// What the host is sending at this moment: the packet that stands for it, and the frame itself.
let sent: Skb = -1;
let frame: Outgoing | null = null;

/// From now on that packet stands for a frame that the host sends; -1: none does any more.
export function sendNow(skb: Skb, out: Outgoing | null): void {
  sent = skb;
  frame = out;
}

/// Whether the packet stands for a frame that the host sends.
export function isSent(skb: Skb): boolean {
  return skb === sent;
}

/// A packet at a hook; null: nothing could ever answer it.
export function packetAt(k: Kernel, skb: Skb, hook: number): CtPacket | null {
  return skb === sent && frame !== null
    ? sentPacket(k, skb, frame, hook)
    : receivedPacket(k, skb, hook);
}

function receivedPacket(k: Kernel, skb: Skb, hook: number): CtPacket {
  const pool = k.skbs;
  const flags = pool.flags[skb]!;
  const flow = pool.flow[skb]!;
  const p = packet;
  p.skb = skb;
  p.hook = hook;
  flowTuple(k, flow, p.tuple);
  p.slot = 2 * flow;
  p.len = pool.len[skb]! - ETH_HLEN;
  p.bad_csum = (flags & (FLAG_BAD_CSUM | FLAG_BAD_FCS)) !== 0 && !(flags & FLAG_NO_CSUM);
  p.short = (flags & FLAG_FRAG) !== 0;
  p.icmp_error = false;
  p.entry = -1;
  p.ctinfo = 0;
  p.sack = -1;
  p.options = false;
  if (!(flags & FLAG_TCP)) return p;
  p.seq = pool.seq[skb]! >>> 0;
  p.ack_seq = pool.ack_seq[skb]! >>> 0;
  p.flags = pool.tcp_flags[skb]! & 0xff;
  p.window = pool.window[skb]! & 0xffff;
  p.payload = pool.payload[skb]!;
  if (p.flags & SYN) synOptions(p, k.flows.syn[flow]!);
  return p;
}

function synOptions(p: CtPacket, syn: SynOptions | null): void {
  p.options = syn !== null;
  p.wscale = syn?.wscale ?? -1;
  p.sack_ok = syn?.sack_ok ?? false;
}

// Messages that tell of an error quote the packet that they are about.
function isIcmpError(out: Outgoing): boolean {
  if (out.icmp === undefined) return false;
  const type = out.icmp >>> 8;
  if (out.proto === IPPROTO_ICMPV6) return type < 128;
  return out.proto === IPPROTO_ICMP && [3, 4, 5, 11, 12].includes(type);
}

// A frame that the host sends: its flow is named by the direction in. What an error quotes is looked up by
// what would answer it, which is the same tuple (nf_conntrack_inet_error()).
function sentPacket(k: Kernel, skb: Skb, out: Outgoing, hook: number): CtPacket | null {
  const p = packet;
  flowTuple(k, out.flow, inward);
  if (!nf_ct_invert_tuple(p.tuple, inward)) return null;
  p.skb = skb;
  p.hook = hook;
  p.icmp_error = isIcmpError(out);
  p.slot = 2 * out.flow + 1;
  p.len = out.len - ETH_HLEN;
  p.bad_csum = p.short = false;
  p.entry = -1;
  p.ctinfo = 0;
  p.sack = -1;
  p.options = false;
  const { tcp } = out;
  if (tcp === null) return p;
  p.seq = tcp.seq >>> 0;
  p.ack_seq = tcp.ack_seq >>> 0;
  p.flags = tcp.flags & 0xff;
  p.window = tcp.window & 0xffff;
  p.payload = 0;
  for (const block of tcp.sacks)
    if (p.sack < 0 || ((block.end_seq - p.sack) | 0) > 0) p.sack = block.end_seq >>> 0;
  if (p.flags & SYN) synOptions(p, tcp.syn);
  return p;
}

/// The entry of a received packet: index into entries, or -1.
/// include/net/netfilter/nf_conntrack.h:nf_ct_get()
export function entryOf(k: Kernel, skb: Skb): number {
  if (!(k.skbs.flags[skb]! & FLAG_NFCT)) return -1;
  return k.skbs.nfct[skb]! >> 3 < 0 ? -1 : k.skbs.nfct[skb]! >> 3;
}

/// How the packet stands to its connection; IP_CT_UNTRACKED without one on purpose.
export function ctinfoOf(k: Kernel, skb: Skb): number {
  if (!(k.skbs.flags[skb]! & FLAG_NFCT)) return IP_CT_ESTABLISHED;
  const value = k.skbs.nfct[skb]!;
  return value === NFCT_UNTRACKED ? IP_CT_UNTRACKED : value & 7;
}

/// include/net/netfilter/nf_conntrack.h:nf_ct_set()
export function setNfct(k: Kernel, skb: Skb, value: number): void {
  k.skbs.flags[skb] = k.skbs.flags[skb]! | FLAG_NFCT;
  k.skbs.nfct[skb] = value;
}
