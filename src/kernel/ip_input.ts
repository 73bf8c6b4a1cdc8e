/// IPv4 input: is the packet sound, where does it go, who gets it. Stands for net/ipv4/ip_input.c.
/// The kernel takes lists of packets through these functions where it can; here packet follows packet.
/// A plain packet passes every test of something rare with one look at its flags.
/// Left out: the contents of options beyond "there is a source route", router alert, XFRM, L3 masters,
/// route hints and the early demux of UDP (a flow remembers its route and its socket anyway).
import { COSTS } from './costs.ts';
import { RTN } from './fib_trie.ts';
import { addressText } from './flows.ts';
import { ICMP, ICMP_CODE, icmp_rcv, icmp_send } from './icmp.ts';
import { devConfAnd, devConfOr } from './in_device.ts';
import { ip_error } from './ip_error.ts';
import { IP_FAULT } from './ip_faults.ts';
import { ip_forward } from './ip_forward.ts';
import { ip_defrag } from './ip_fragment.ts';
import { consume_skb, kfree_skb_reason } from './ledger.ts';
import { rateLimited } from './net_ratelimit.ts';
import { nf_hook_slow } from './netfilter/core.ts';
import { raw_local_deliver } from './raw.ts';
import { REASON } from './reasons.ts';
import { ip_route_input_noref, RPFILTER } from './route.ts';
import {
  FLAG_BAD_IP,
  FLAG_BROADCAST,
  FLAG_DST,
  FLAG_FOREIGN,
  FLAG_FRAG,
  FLAG_MARK,
  FLAG_MULTICAST,
  FLAG_SK,
} from './skb.ts';
import type { Cpu, Dst, Kernel, Skb } from './state.ts';
import { RUN, STEP, takeStep, takeSteps } from './tracing.ts';
import { __inet_lookup_established } from './tcp/inet_hashtables.ts';
import { tcp_v4_rcv } from './tcp/tcp_ipv4.ts';
import { udp_rcv } from './udp.ts';

const ETH_HLEN = 14;
const NFPROTO_IPV4 = 2;
const PRE_ROUTING = 0;
const LOCAL_IN = 1;
const IPPROTO_ICMP = 1;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;
const ECT_1 = 1;
const ECT_0 = 2;

/// IPv4's packet handler. net/ipv4/ip_input.c:ip_rcv()
export function ip_rcv(k: Kernel, c: Cpu, skb: Skb): void {
  takeStep(k, c, STEP.IP_RCV, skb, COSTS.ip_rcv.ns);
  if (!ip_rcv_core(k, c, skb)) return;
  c.cursor_ns += COSTS.nf_hook_slow.ns;
  if (
    k.nf.active[PRE_ROUTING]! > 0 &&
    !nf_hook_slow(k, c, NFPROTO_IPV4, PRE_ROUTING, skb, k.skbs.dev[skb]!, -1)
  )
    return;
  ip_rcv_finish(k, c, skb);
}

/// Counts the packet and checks its header. False: dropped.
function ip_rcv_core(k: Kernel, c: Cpu, skb: Skb): boolean {
  if (k.skbs.flags[skb]! & (FLAG_FOREIGN | FLAG_BAD_IP)) return unusualHeader(k, c, skb);
  countInput(k, skb);
  return true;
}

/// Counts a packet with a sound header.
export function countInput(k: Kernel, skb: Skb): void {
  k.mib.IpInReceives++;
  // The MIB counts the whole packet; the length here still has Ethernet's padding.
  k.mib.IpExtInOctets += k.skbs.len[skb]! - ETH_HLEN;
  const ecn = k.flows.tos[k.skbs.flow[skb]!]! & 3;
  // Each merged packet counts as many as it was made of.
  if (ecn === 0) k.mib.IpExtInNoECTPkts += k.skbs.segs[skb]!;
  else countEcn(k, ecn, k.skbs.segs[skb]!);
}

/// The same for a packet for another station or with something in its header, in the kernel's order.
function unusualHeader(k: Kernel, c: Cpu, skb: Skb): boolean {
  const flags = k.skbs.flags[skb]!;
  if (flags & FLAG_FOREIGN) {
    k.devs[k.skbs.dev[skb]!]!.rx_otherhost_dropped++;
    kfree_skb_reason(k, c, skb, REASON.OTHERHOST, STEP.IP_RCV);
    return false;
  }
  k.mib.IpInReceives++;
  k.mib.IpExtInOctets += k.skbs.len[skb]! - ETH_HLEN;
  const fault = k.skbs.cb[skb]!;
  if (fault === IP_FAULT.VERSION || fault === IP_FAULT.IHL)
    return inhdrError(k, c, skb, REASON.IP_INHDR);
  countEcn(k, k.flows.tos[k.skbs.flow[skb]!]! & 3, k.skbs.segs[skb]!);
  switch (fault) {
    case IP_FAULT.CHECKSUM:
      k.mib.IpExtInCsumErrors++;
      return inhdrError(k, c, skb, REASON.IP_CSUM);
    case IP_FAULT.TRUNCATED:
      k.mib.IpExtInTruncatedPkts++;
      kfree_skb_reason(k, c, skb, REASON.PKT_TOO_SMALL, STEP.IP_RCV);
      return false;
    case IP_FAULT.TOTAL_LENGTH:
      return inhdrError(k, c, skb, REASON.IP_INHDR);
    default:
      return true;
  }
}

function inhdrError(k: Kernel, c: Cpu, skb: Skb, reason: number): false {
  k.mib.IpInHdrErrors++;
  kfree_skb_reason(k, c, skb, reason, STEP.IP_RCV);
  return false;
}

function countEcn(k: Kernel, ecn: number, segs: number): void {
  if (ecn === 0) k.mib.IpExtInNoECTPkts += segs;
  else if (ecn === ECT_1) k.mib.IpExtInECT1Pkts += segs;
  else if (ecn === ECT_0) k.mib.IpExtInECT0Pkts += segs;
  else k.mib.IpExtInCEPkts += segs;
}

/// Finds the route, and hands the packet to it; a flow's route to this host is known at a glance.
/// net/ipv4/ip_input.c:ip_rcv_finish(), ip_rcv_finish_core()
function ip_rcv_finish(k: Kernel, c: Cpu, skb: Skb): void {
  const flow = k.skbs.flow[skb]!;
  const local =
    k.flows.rt_key[flow] === k.fib.genid + k.skbs.dev[skb]! &&
    k.flows.rt[flow] === 0 &&
    (k.skbs.flags[skb]! & UNUSUAL) === 0;
  if (local && k.flows.proto[flow] !== IPPROTO_TCP && isPlain(k, skb)) {
    takeSteps(k, c, RUN.ROUTE, skb);
    return ip_protocol_deliver_rcu(k, c, skb);
  }
  if (k.flows.proto[flow] !== IPPROTO_TCP || !tcp_v4_early_demux(k, c, skb, flow))
    takeStep(k, c, STEP.ROUTE, skb, COSTS.ip_route_input_noref.ns);
  if (local) ip_local_deliver(k, c, skb);
  else routePacket(k, c, skb);
}

const UNUSUAL = FLAG_MARK | FLAG_BAD_IP | FLAG_BROADCAST | FLAG_MULTICAST;

function routePacket(k: Kernel, c: Cpu, skb: Skb): void {
  const rt = ip_route_input_noref(k, skb, k.skbs.dev[skb]!);
  if (rt < 0) return routeRefused(k, c, skb, rt);
  const flags = k.skbs.flags[skb]!;
  if (flags & FLAG_BAD_IP && ip_rcv_options(k, skb)) return dropAt(k, c, skb, REASON.NOT_SPECIFIED);
  if (rt === 0) {
    if (flags & (FLAG_BROADCAST | FLAG_MULTICAST) && hole196(k, skb))
      return dropAt(k, c, skb, REASON.UNICAST_IN_L2_MULTICAST);
    return ip_local_deliver(k, c, skb);
  }
  k.skbs.dst[skb] = rt;
  k.skbs.flags[skb] = flags | FLAG_DST;
  dst_input(k, c, skb, k.fib.dsts[rt]!);
}

/// The connection that a segment is for is looked up before the route: true when there is one, whose own
/// route then serves. Half-open requests do not count. net/ipv4/tcp_ipv4.c:tcp_v4_early_demux()
function tcp_v4_early_demux(k: Kernel, c: Cpu, skb: Skb, flow: number): boolean {
  if (k.hot.ip_early_demux === 0 || k.hot.tcp_early_demux === 0) return false;
  const flags = k.skbs.flags[skb]!;
  if (flags & (FLAG_FRAG | FLAG_BROADCAST | FLAG_MULTICAST)) return false;
  takeStep(k, c, STEP.EARLY_DEMUX, skb, COSTS.__inet_lookup_established.ns);
  const found = __inet_lookup_established(k, flow);
  if (found < 0) return false;
  k.skbs.sk[skb] = found;
  k.skbs.flags[skb] = flags | FLAG_SK;
  return true;
}

function dropAt(k: Kernel, c: Cpu, skb: Skb, reason: number): void {
  kfree_skb_reason(k, c, skb, reason, STEP.ROUTE);
}

/// Martians have no reason of their own in 6.12.
function routeRefused(k: Kernel, c: Cpu, skb: Skb, rt: number): void {
  if (rt !== RPFILTER) return dropAt(k, c, skb, REASON.NOT_SPECIFIED);
  k.mib.TcpExtIPReversePathFilter++;
  dropAt(k, c, skb, REASON.IP_RPFILTER);
}

/// A packet for one host in a frame for many (RFC 1122, 3.3.6): refused where the administrator says so.
function hole196(k: Kernel, skb: Skb): boolean {
  return devConfOr(k, k.devs[k.skbs.dev[skb]!]!, 'drop_unicast_in_l2_multicast');
}

function dst_input(k: Kernel, c: Cpu, skb: Skb, dst: Dst): void {
  const octets = k.skbs.len[skb]! - ETH_HLEN;
  switch (dst.type) {
    case RTN.MULTICAST:
      k.mib.IpExtInMcastPkts++;
      k.mib.IpExtInMcastOctets += octets;
      return ip_local_deliver(k, c, skb);
    case RTN.BROADCAST:
      k.mib.IpExtInBcastPkts++;
      k.mib.IpExtInBcastOctets += octets;
      return ip_local_deliver(k, c, skb);
    default:
      if (k.skbs.flags[skb]! & (FLAG_BROADCAST | FLAG_MULTICAST) && hole196(k, skb))
        return dropAt(k, c, skb, REASON.UNICAST_IN_L2_MULTICAST);
      return dst.error === '' ? ip_forward(k, c, skb, dst) : ip_error(k, c, skb, dst);
  }
}

/// Options: true when they forbid the packet. A source route needs accept_source_route.
function ip_rcv_options(k: Kernel, skb: Skb): boolean {
  const fault = k.skbs.cb[skb]!;
  if (fault === IP_FAULT.BAD_OPTIONS) {
    k.mib.IpInHdrErrors++;
    return true;
  }
  const dev = k.devs[k.skbs.dev[skb]!]!;
  if (fault !== IP_FAULT.SOURCE_ROUTE || devConfAnd(k, dev, 'accept_source_route')) return false;
  if (devConfOr(k, dev, 'log_martians')) {
    const { src, dst } = k.flows;
    const flow = k.skbs.flow[skb]!;
    rateLimited(
      k,
      `IPv4: source route option ${addressText(src[flow]!)} -> ${addressText(dst[flow]!)}`,
    );
  }
  return true;
}

/// Nothing to do between ip_local_deliver() and the protocol.
function isPlain(k: Kernel, skb: Skb): boolean {
  return (k.skbs.flags[skb]! & FLAG_FRAG) === 0 && k.nf.active[LOCAL_IN] === 0;
}

/// For this host: fragments wait for the rest of their datagram. net/ipv4/ip_input.c:ip_local_deliver()
export function ip_local_deliver(k: Kernel, c: Cpu, skb: Skb): void {
  if (isPlain(k, skb)) {
    takeSteps(k, c, RUN.LOCAL_IN, skb);
    return ip_protocol_deliver_rcu(k, c, skb);
  }
  takeStep(k, c, STEP.LOCAL_IN, skb, COSTS.ip_local_deliver.ns);
  if (k.skbs.flags[skb]! & FLAG_FRAG && !ip_defrag(k, c, skb)) return;
  if (
    k.nf.active[LOCAL_IN]! > 0 &&
    !nf_hook_slow(k, c, NFPROTO_IPV4, LOCAL_IN, skb, k.skbs.dev[skb]!, -1)
  )
    return;
  takeStep(k, c, STEP.TRANSPORT, skb, COSTS.ip_protocol_deliver_rcu.ns);
  ip_protocol_deliver_rcu(k, c, skb);
}

/// Raw sockets get copies, then the protocol gets the packet.
function ip_protocol_deliver_rcu(k: Kernel, c: Cpu, skb: Skb): void {
  const raw = k.raw_table.length > 0 && raw_local_deliver(k, c, skb);
  switch (k.flows.proto[k.skbs.flow[skb]!]) {
    case IPPROTO_UDP:
      udp_rcv(k, c, skb);
      break;
    case IPPROTO_TCP:
      tcp_v4_rcv(k, c, skb);
      break;
    case IPPROTO_ICMP:
      icmp_rcv(k, c, skb);
      break;
    default:
      return noProtocol(k, c, skb, raw);
  }
  k.mib.IpInDelivers++;
}

/// No handler for that protocol number: the raw sockets' packet, or an error to the sender.
function noProtocol(k: Kernel, c: Cpu, skb: Skb, raw: boolean): void {
  if (raw) {
    k.mib.IpInDelivers++;
    return consume_skb(k, skb);
  }
  k.mib.IpInUnknownProtos++;
  icmp_send(k, c, skb, ICMP.DEST_UNREACH, ICMP_CODE.PROT_UNREACH);
  kfree_skb_reason(k, c, skb, REASON.IP_NOPROTO, STEP.TRANSPORT);
}
