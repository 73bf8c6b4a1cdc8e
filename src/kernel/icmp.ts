/// ICMP: echo requests are answered, errors are sent when a packet cannot go on, both within limits.
/// Stands for net/ipv4/icmp.c. A flow's source port holds type and code, its destination port the
/// identifier.
/// Left out: what errors and redirects from others change (nothing here has sent what they quote),
/// timestamps, extended echo, options in answers, icmp_errors_use_inbound_ifaddr, fwmark_reflect.
import { integer } from '../engine/random.ts';
import { COSTS } from './costs.ts';
import { addressText } from './flows.ts';
import { inet_getpeer_v4, inet_peer_xrlim_allow } from './inetpeer.ts';
import { jiffies, msecs_to_jiffies } from './jiffies.ts';
import { consume_skb, kfree_skb_reason } from './ledger.ts';
import { countMib } from './mib.ts';
import { RTN } from './fib_trie.ts';
import { neighReachable } from './neighbour.ts';
import { REASON } from './reasons.ts';
import {
  fib_compute_spec_dst,
  flowKey,
  ip_route_output_key_hash,
  type OutputRoute,
} from './route.ts';
import {
  FLAG_BAD_CSUM,
  FLAG_BAD_FCS,
  FLAG_BROADCAST,
  FLAG_DST,
  FLAG_ECHO_SEQ,
  FLAG_FRAG,
  FLAG_MULTICAST,
} from './skb.ts';
import type { Cpu, Dst, Kernel, Skb } from './state.ts';
import { noteStep, STEP } from './tracing.ts';
import { transmit } from './transmit.ts';

const IPPROTO_ICMP = 1;
const ETH_HLEN = 14;
const IP_HLEN = 20;
const ICMP_HLEN = 8;
const NR_ICMP_TYPES = 18;

export const ICMP = Object.freeze({
  ECHOREPLY: 0,
  DEST_UNREACH: 3,
  REDIRECT: 5,
  ECHO: 8,
  TIME_EXCEEDED: 11,
  TIMESTAMP: 13,
});

// Codes of ICMP_DEST_UNREACH, and of ICMP_TIME_EXCEEDED.
export const ICMP_CODE = Object.freeze({
  NET_UNREACH: 0,
  HOST_UNREACH: 1,
  PROT_UNREACH: 2,
  PORT_UNREACH: 3,
  FRAG_NEEDED: 4,
  SR_FAILED: 5,
  PKT_FILTERED: 13,
  REDIR_HOST: 1,
  EXC_TTL: 0,
  EXC_FRAGTIME: 1,
});

/// Names of the message types in /proc/net/snmp, and which types tell of an error.
const NAMES: Readonly<Record<number, string>> = {
  ...{ 0: 'EchoReps', 3: 'DestUnreachs', 4: 'SrcQuenchs', 5: 'Redirects', 8: 'Echos' },
  ...{ 11: 'TimeExcds', 12: 'ParmProbs', 13: 'Timestamps', 14: 'TimestampReps' },
  ...{ 17: 'AddrMasks', 18: 'AddrMaskReps' },
};
const ANSWERABLE = [0, 8, 13, 14, 15, 16, 17, 18];

function isError(type: number): boolean {
  return !ANSWERABLE.includes(type);
}

/// The type of a packet's ICMP message.
export function icmpType(k: Kernel, skb: Skb): number {
  return k.flows.sport[k.skbs.flow[skb]!]! >> 8;
}

function countType(k: Kernel, direction: 'In' | 'Out', type: number): void {
  countMib(k, `IcmpMsg${direction}Type${type}`);
  const name = NAMES[type];
  if (name !== undefined) countMib(k, `Icmp${direction}${name}`);
}

/// The route that the packet came up by.
function routeOf(k: Kernel, skb: Skb): Dst {
  const at = k.skbs.flags[skb]! & FLAG_DST ? k.skbs.dst[skb]! : 0;
  return k.fib.dsts[at]!;
}

/// net/ipv4/icmp.c:icmp_rcv()
export function icmp_rcv(k: Kernel, c: Cpu, skb: Skb): void {
  const flags = k.skbs.flags[skb]!;
  const type = icmpType(k, skb);
  noteStep(k, c, STEP.TRANSPORT, skb, type);
  c.cursor_ns += COSTS.icmp_rcv.ns;
  k.mib.IcmpInMsgs++;
  if (flags & (FLAG_BAD_CSUM | FLAG_BAD_FCS)) {
    k.mib.IcmpInCsumErrors++;
    return inError(k, c, skb, REASON.ICMP_CSUM);
  }
  countType(k, 'In', type);
  if (type > NR_ICMP_TYPES) return inError(k, c, skb, REASON.UNHANDLED_PROTO);
  const rt = routeOf(k, skb).type;
  if (rt === RTN.BROADCAST || rt === RTN.MULTICAST) {
    const ignored = k.sysctl['net.ipv4.icmp_echo_ignore_broadcasts'] !== '0';
    const asks = type === ICMP.ECHO || type === ICMP.TIMESTAMP;
    if (asks ? ignored : type !== 17 && type !== 18)
      return inError(k, c, skb, REASON.INVALID_PROTO);
  }
  // Nobody has a ping socket: whoever waits for a reply has had its copy from a raw socket.
  if (type === ICMP.ECHOREPLY) return kfree_skb_reason(k, c, skb, REASON.NO_SOCKET, STEP.TRANSPORT);
  if (type === ICMP.ECHO) icmp_echo(k, c, skb);
  consume_skb(k, skb);
}

function inError(k: Kernel, c: Cpu, skb: Skb, reason: number): void {
  k.mib.IcmpInErrors++;
  kfree_skb_reason(k, c, skb, reason, STEP.TRANSPORT);
}

function icmp_echo(k: Kernel, c: Cpu, skb: Skb): void {
  if (k.sysctl['net.ipv4.icmp_echo_ignore_all'] !== '0') return;
  const limited = icmpv4_global_allow(k, ICMP.ECHOREPLY, 0);
  if (limited === 'no') return;
  const flow = k.skbs.flow[skb]!;
  const saddr = fib_compute_spec_dst(k, flow, routeOf(k, skb).type, k.skbs.dev[skb]!);
  const out = wayBack(k, flow, saddr);
  if (out === null || !icmpv4_xrlim_allow(k, flow, out, limited === 'limited')) return;
  const seq = k.skbs.flags[skb]! & FLAG_ECHO_SEQ ? k.skbs.seq[skb]! : -1;
  icmp_push_reply(k, c, flow, out, ICMP.ECHOREPLY, 0, k.skbs.len[skb]! - ETH_HLEN, seq);
}

/// The route to whoever sent the flow, from `saddr` (0: any of ours).
function wayBack(k: Kernel, flow: number, saddr: number): OutputRoute | null {
  const daddr = k.flows.src[flow]!;
  const tos = k.flows.tos[flow]! & 0xfc;
  const out = ip_route_output_key_hash(k, flowKey({ daddr, saddr, tos, proto: IPPROTO_ICMP }));
  return typeof out === 'string' ? null : out;
}

/// Sends a message of `len` bytes with its IP header back to the sender of a flow.
function icmp_push_reply(
  k: Kernel,
  c: Cpu,
  flow: number,
  out: OutputRoute,
  type: number,
  code: number,
  len: number,
  icmp_seq = -1,
): void {
  k.mib.IcmpOutMsgs++;
  countType(k, 'Out', type);
  if (out.dev === 0 && type !== ICMP.ECHOREPLY) return;
  if (out.dev > 0) neighReachable(k, k.devs[out.dev]!, out.gw || k.flows.src[flow]!, true);
  transmit(k, c, {
    dev: out.dev,
    flow,
    proto: IPPROTO_ICMP,
    len: len + ETH_HLEN,
    arrives: 0,
    remote: -1,
    tcp: null,
    icmp: (type << 8) | code,
    ...(icmp_seq >= 0 && { icmp_seq }),
    ...(out.saddr !== k.flows.dst[flow] && { saddr: addressText(out.saddr) }),
  });
}

type Allowed = 'yes' | 'limited' | 'no';

/// The host's own limit: message types in icmp_ratemask share icmp_msgs_per_sec. `yes` means that no
/// limit is meant for this message.
function icmpv4_global_allow(k: Kernel, type: number, code: number): Allowed {
  const free = type === ICMP.DEST_UNREACH && code === ICMP_CODE.FRAG_NEEDED;
  const mask = Number(k.sysctl['net.ipv4.icmp_ratemask']);
  if (type > NR_ICMP_TYPES || free || ((mask >>> type) & 1) === 0) return 'yes';
  if (icmp_global_allow(k)) return 'limited';
  k.mib.IcmpOutRateLimitGlobal++;
  return 'no';
}

/// net/ipv4/icmp.c:icmp_global_allow()
export function icmp_global_allow(k: Kernel): boolean {
  const limit = k.icmp;
  if (limit.credit > 0) return true;
  const now = jiffies(k);
  const { hz } = k.desc;
  const delta = Math.min(now - limit.stamp, hz);
  if (delta < Math.floor(hz / 50)) return false;
  const grown = Math.floor((Number(k.sysctl['net.ipv4.icmp_msgs_per_sec']) * delta) / hz);
  if (grown === 0) return false;
  limit.stamp = now;
  limit.credit = Math.min(limit.credit + grown, Number(k.sysctl['net.ipv4.icmp_msgs_burst']));
  return true;
}

/// The limit for each receiver: one message in icmp_ratelimit ms, six at once. A message that may go
/// takes none, one or two from the host's own credit, so that nobody can count on it.
function icmpv4_xrlim_allow(k: Kernel, flow: number, out: OutputRoute, applies: boolean): boolean {
  if (!applies || out.dev === 0) {
    if (applies) icmp_global_consume(k);
    return true;
  }
  const peer = k.peers[inet_getpeer_v4(k, k.flows.src[flow]!)]!;
  const every = msecs_to_jiffies(k, Number(k.sysctl['net.ipv4.icmp_ratelimit']));
  if (!inet_peer_xrlim_allow(k, peer, every)) {
    k.mib.IcmpOutRateLimitHost++;
    return false;
  }
  icmp_global_consume(k);
  return true;
}

/// net/ipv4/icmp.c:icmp_global_consume()
export function icmp_global_consume(k: Kernel): void {
  k.icmp.credit -= integer(k.icmp.random, 3);
}

/// Tells the sender of a packet what became of it. The packet stays the caller's. Nothing is sent for
/// broadcasts, later fragments and ICMP errors, nor beyond the limits. net/ipv4/icmp.c:__icmp_send()
export function icmp_send(k: Kernel, c: Cpu, skb: Skb, type: number, code: number): void {
  const flags = k.skbs.flags[skb]!;
  const flow = k.skbs.flow[skb]!;
  c.cursor_ns += COSTS.icmp_send.ns;
  if (flags & (FLAG_BROADCAST | FLAG_MULTICAST)) return;
  const rt = routeOf(k, skb).type;
  if (rt === RTN.BROADCAST || rt === RTN.MULTICAST) return;
  if (flags & FLAG_FRAG && k.skbs.frag_off[skb]! > 0) return;
  if (isError(type) && k.flows.proto[flow] === IPPROTO_ICMP) {
    const inner = icmpType(k, skb);
    if (inner > NR_ICMP_TYPES || isError(inner)) return;
  }
  const limited = k.skbs.dev[skb]! === 0 ? 'yes' : icmpv4_global_allow(k, type, code);
  if (limited === 'no') return;
  const out = wayBack(k, flow, rt === RTN.LOCAL ? k.flows.dst[flow]! : 0);
  if (out === null || !icmpv4_xrlim_allow(k, flow, out, limited === 'limited')) return;
  const room = Math.min(out.mtu, 576) - IP_HLEN - ICMP_HLEN;
  if (room <= IP_HLEN) return;
  const quoted = Math.min(k.skbs.len[skb]! - ETH_HLEN, room);
  icmp_push_reply(k, c, flow, out, type, code, IP_HLEN + ICMP_HLEN + quoted);
}
