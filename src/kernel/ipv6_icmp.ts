/// ICMPv6: echo requests are answered, errors are sent when a packet cannot go on, both within limits.
/// Stands for net/ipv6/icmp.c. A flow's source port holds type and code.
/// Left out: neighbour discovery and router messages (nothing here answers a solicitation: the wire takes
/// link addresses for granted), multicast listener queries, what errors from others change, extended echo.
import { addressBytes, addressText6, isLinkLocal6 } from './address.ts';
import { COSTS } from './costs.ts';
import { icmp_global_allow, icmp_global_consume } from './icmp.ts';
import { inet_getpeer_v6, inet_peer_xrlim_allow } from './inetpeer.ts';
import { ip6_route_input, ip6_route_output, isOwn6, prefixLength6, RT6 } from './ip6_route.ts';
import { countIp6, countReceived6 } from './ipv6_mib.ts';
import { ipv6_dev_get_saddr } from './ipv6_saddr.ts';
import { msecs_to_jiffies } from './jiffies.ts';
import { consume_skb, kfree_skb_reason } from './ledger.ts';
import { REASON } from './reasons.ts';
import { FLAG_BAD_CSUM, FLAG_BAD_FCS, FLAG_BROADCAST, FLAG_MULTICAST } from './skb.ts';
import type { Cpu, Kernel, Skb } from './state.ts';
import { STEP } from './tracing.ts';
import { transmit } from './transmit.ts';

const IPPROTO_ICMPV6 = 58;
const ETH_HLEN = 14;
const IPV6_HLEN = 40;
const ICMP6_HLEN = 8;
const IPV6_MIN_MTU = 1280;
const ICMPV6_INFOMSG_MASK = 0x80;
const ICMPV6_MSG_MAX = 255;
const ECHO_REPLY = 129;

export const ICMPV6 = Object.freeze({
  DEST_UNREACH: 1,
  PKT_TOOBIG: 2,
  TIME_EXCEED: 3,
  PARAMPROB: 4,
  ECHO_REQUEST: 128,
});

// Codes of ICMPV6_DEST_UNREACH, ICMPV6_TIME_EXCEED and ICMPV6_PARAMPROB.
export const ICMPV6_CODE = Object.freeze({
  NOROUTE: 0,
  NOT_NEIGHBOUR: 2,
  PORT_UNREACH: 4,
  EXC_HOPLIMIT: 0,
  EXC_FRAGTIME: 1,
  HDR_FIELD: 0,
  UNK_NEXTHDR: 1,
  UNK_OPTION: 2,
});

/// Names of the message types in /proc/net/snmp6. net/ipv6/proc.c:icmp6type2name[]
const NAMES: Readonly<Record<number, string>> = {
  ...{ 1: 'DestUnreachs', 2: 'PktTooBigs', 3: 'TimeExcds', 4: 'ParmProblems', 128: 'Echos' },
  ...{ 129: 'EchoReplies', 130: 'GroupMembQueries', 131: 'GroupMembResponses' },
  ...{ 132: 'GroupMembReductions', 133: 'RouterSolicits', 134: 'RouterAdvertisements' },
  ...{ 135: 'NeighborSolicits', 136: 'NeighborAdvertisements', 137: 'Redirects' },
  143: 'MLDv2Reports',
};

function countType(k: Kernel, dev: number, direction: 'In' | 'Out', type: number): void {
  countIp6(k, dev, `Icmp6${direction}Type${type}`);
  const name = NAMES[type];
  if (name !== undefined) countIp6(k, dev, `Icmp6${direction}${name}`);
}

/// A message for this host. net/ipv6/icmp.c:icmpv6_rcv()
export function deliverIcmp6(k: Kernel, c: Cpu, skb: Skb): void {
  const type = k.flows.sport[k.skbs.flow[skb]!]! >> 8;
  c.cursor_ns += COSTS.icmp_rcv.ns;
  countReceived6(k, skb, 'Icmp6InMsgs');
  if (k.skbs.flags[skb]! & (FLAG_BAD_CSUM | FLAG_BAD_FCS)) {
    countReceived6(k, skb, 'Icmp6InCsumErrors');
    countReceived6(k, skb, 'Icmp6InErrors');
    return kfree_skb_reason(k, c, skb, REASON.ICMP_CSUM, STEP.TRANSPORT);
  }
  countType(k, k.skbs.dev[skb]!, 'In', type);
  if (type === ICMPV6.ECHO_REQUEST && k.sysctl['net.ipv6.icmp.echo_ignore_all'] !== '1')
    echoReply6(k, c, skb);
  consume_skb(k, skb);
}

/// net/ipv6/icmp.c:icmpv6_echo_reply()
function echoReply6(k: Kernel, c: Cpu, skb: Skb): void {
  const toGroup = ip6_route_input(k, skb) === RT6.MULTICAST;
  if (toGroup && k.sysctl['net.ipv6.icmp.echo_ignore_multicast'] === '1') return;
  sendMessage(k, c, skb, ECHO_REPLY, 0, k.skbs.len[skb]! - ETH_HLEN);
}

/// Tells the sender of a packet what became of it. The packet stays the caller's. Nothing is sent about
/// packets to groups (except that they are too big, or have an option that asks for it), to senders without an address of their own, about ICMPv6
/// errors, nor beyond the limits. include/linux/icmpv6.h:icmpv6_send(), net/ipv6/icmp.c:icmp6_send()
export function icmpv6_send(
  k: Kernel,
  c: Cpu,
  skb: Skb,
  type: number,
  code: number,
  evenToGroups = type === ICMPV6.PKT_TOOBIG,
): void {
  const flow = k.skbs.flow[skb]!;
  const { saddr, daddr, proto, sport } = k.flows;
  c.cursor_ns += COSTS.icmp_send.ns;
  const group = daddr[flow]!.startsWith('ff');
  const toAll = group || (k.skbs.flags[skb]! & (FLAG_MULTICAST | FLAG_BROADCAST)) !== 0;
  if (toAll && !evenToGroups) return;
  if (saddr[flow] === '::' || saddr[flow]!.startsWith('ff')) return;
  if (proto[flow] === IPPROTO_ICMPV6 && ((sport[flow]! >> 8) & ICMPV6_INFOMSG_MASK) === 0) return;
  const quoted = Math.min(k.skbs.len[skb]! - ETH_HLEN, IPV6_MIN_MTU - IPV6_HLEN - ICMP6_HLEN);
  sendMessage(k, c, skb, type, code, IPV6_HLEN + ICMP6_HLEN + quoted);
}

/// Sends a message of `len` bytes with its IPv6 header to the sender of a packet, within the limits.
function sendMessage(k: Kernel, c: Cpu, skb: Skb, type: number, code: number, len: number): void {
  const from = k.skbs.dev[skb]!;
  const flow = k.skbs.flow[skb]!;
  const loopback = k.devs[from]!.driver === '';
  const limited = !loopback && isLimited6(k, type);
  if (limited && !icmp_global_allow(k)) {
    k.mib.IcmpOutRateLimitGlobal++;
    return;
  }
  const out = wayBack(k, flow, from);
  if (limited && !mayTell6(k, flow, out)) return;
  if (out < 0) return;
  countIp6(k, from, 'Icmp6OutMsgs');
  countType(k, from, 'Out', type);
  if (loopback) return;
  const saddr = sourceOf(k, skb, type, out);
  transmit(k, c, {
    ...{ dev: out, flow, proto: IPPROTO_ICMPV6, len: len + ETH_HLEN, arrives: 0 },
    ...{ remote: -1, tcp: null, icmp: (type << 8) | code },
    ...(saddr !== null && saddr !== k.flows.daddr[flow] && { saddr }),
  });
}

/// What a message is sent from: the address that the packet came to where that is ours, else one of the device by which
/// it came (errors) or by which the message leaves (echo replies to groups). Null: there is none.
function sourceOf(k: Kernel, skb: Skb, type: number, out: number): string | null {
  const from = k.skbs.dev[skb]!;
  const flow = k.skbs.flow[skb]!;
  const daddr = k.flows.daddr[flow]!;
  const toAll = (k.skbs.flags[skb]! & (FLAG_MULTICAST | FLAG_BROADCAST)) !== 0;
  if (!(toAll && type !== ECHO_REPLY) && isOwn6(k, from, addressBytes(daddr))) return daddr;
  const by = k.devs[type === ECHO_REPLY ? out : from]!;
  const own = ipv6_dev_get_saddr(k, by, addressBytes(k.flows.saddr[flow]!));
  return own && addressText6(own);
}

/// The device by which the sender of a flow is reached; -1: by none.
function wayBack(k: Kernel, flow: number, from: number): number {
  const saddr = k.flows.saddr[flow]!;
  if (k.devs[from]!.driver === '') return from;
  return ip6_route_output(k, addressBytes(saddr), isLinkLocal6(saddr) ? from : -1);
}

/// Do net.ipv6.icmp.ratemask's limits hold for a type? net/ipv6/icmp.c:icmpv6_mask_allow()
function isLimited6(k: Kernel, type: number): boolean {
  if (type > ICMPV6_MSG_MAX) return false;
  const ranges = (k.sysctl['net.ipv6.icmp.ratemask'] ?? '').split(',').filter(Boolean);
  return ranges.some((range) => {
    const [first = '', last = first] = range.split('-');
    return type >= Number(first) && type <= Number(last);
  });
}

/// The limit for each receiver: one message in net.ipv6.icmp.ratelimit ms, more to wider networks.
/// net/ipv6/icmp.c:icmpv6_xrlim_allow()
function mayTell6(k: Kernel, flow: number, out: number): boolean {
  const saddr = k.flows.saddr[flow]!;
  let allowed = false;
  if (out < 0) countIp6(k, out, 'Ip6OutNoRoutes');
  else {
    const time = msecs_to_jiffies(k, Number(k.sysctl['net.ipv6.icmp.ratelimit']));
    const length = prefixLength6(k, addressBytes(saddr));
    const every = length < 128 ? time >> ((128 - length) >> 5) : time;
    allowed = inet_peer_xrlim_allow(k, k.peers[inet_getpeer_v6(k, saddr)]!, every);
  }
  if (allowed) icmp_global_consume(k);
  else countIp6(k, out, 'Icmp6OutRateLimitHost');
  return allowed;
}
