/// IPv6 input for plain packets: checks, counters, delivery. Stands for net/ipv6/ip6_input.c.
/// Left out: extension headers (a frame that carries one is not modelled and no sender here makes it),
/// fragments, forwarding, early demux, neighbour discovery, ICMPv6 errors to the sender, and TCP: a segment
/// is dropped here as one of a protocol that nobody handles, which no real host does.
import { addressBytes } from './address.ts';
import { COSTS } from './costs.ts';
import { IP_FAULT } from './ip_faults.ts';
import { ip6_route_input, RT6 } from './ip6_route.ts';
import { consume_skb, kfree_skb_reason } from './ledger.ts';
import { countMib } from './mib.ts';
import { nf_hook_slow } from './netfilter/core.ts';
import { REASON } from './reasons.ts';
import { FLAG_BAD_CSUM, FLAG_BAD_IP, FLAG_BROADCAST, FLAG_FOREIGN, FLAG_MULTICAST } from './skb.ts';
import type { Cpu, Kernel, NetDevice, Skb } from './state.ts';
import { STEP, takeStep } from './tracing.ts';
import { transmit } from './transmit.ts';
import { udp_rcv } from './udp.ts';

const ETH_HLEN = 14;
const NFPROTO_IPV6 = 10;
const PRE_ROUTING = 5; // in nf.active: IPv6's hooks follow IPv4's five
const LOCAL_IN = 6;
const IPPROTO_UDP = 17;
const IPPROTO_ICMPV6 = 58;
const ECHO_REQUEST = 128;
const ECN_NAMES = ['NoECTPkts', 'ECT1Pkts', 'ECT0Pkts', 'CEPkts'] as const;

/// Counters of IPv6 are kept for the whole host and for the device. include/net/ipv6.h: _DEVINC()
function count(k: Kernel, skb: Skb, name: string, by = 1): void {
  countMib(k, name, by);
  const { ifindex } = k.devs[k.skbs.dev[skb]!]!;
  const own = (k.ip6_mib[ifindex] ??= {});
  own[name] = (own[name] ?? 0) + by;
}

function drop(k: Kernel, c: Cpu, skb: Skb, reason: number): void {
  kfree_skb_reason(k, c, skb, reason, STEP.IP_RCV);
}

/// IPv6's packet handler. net/ipv6/ip6_input.c:ipv6_rcv()
export function ipv6_rcv(k: Kernel, c: Cpu, skb: Skb): void {
  takeStep(k, c, STEP.IP_RCV, skb, COSTS.ip_rcv.ns);
  if (!ip6_rcv_core(k, c, skb)) return;
  const dev = k.skbs.dev[skb]!;
  c.cursor_ns += COSTS.nf_hook_slow.ns;
  if (k.nf.active[PRE_ROUTING]! > 0 && !nf_hook_slow(k, c, NFPROTO_IPV6, 0, skb, dev, -1)) return;
  takeStep(k, c, STEP.ROUTE, skb, COSTS.ip_route_input_noref.ns);
  const rt = ip6_route_input(k, skb);
  if (rt === RT6.ON_LINK || rt === RT6.NO_ROUTE) return notForUs(k, c, skb, rt);
  if (rt === RT6.MULTICAST) {
    count(k, skb, 'Ip6InMcastPkts');
    count(k, skb, 'Ip6InMcastOctets', k.skbs.len[skb]! - ETH_HLEN);
  }
  takeStep(k, c, STEP.LOCAL_IN, skb, COSTS.ip_local_deliver.ns);
  if (k.nf.active[LOCAL_IN]! > 0 && !nf_hook_slow(k, c, NFPROTO_IPV6, 1, skb, dev, -1)) return;
  ip6_protocol_deliver_rcu(k, c, skb);
}

/// Counts the packet and checks its header, in this order. False: dropped.
function ip6_rcv_core(k: Kernel, c: Cpu, skb: Skb): boolean {
  const flags = k.skbs.flags[skb]!;
  const dev = k.devs[k.skbs.dev[skb]!]!;
  if (flags & FLAG_FOREIGN) {
    dev.rx_otherhost_dropped++;
    drop(k, c, skb, REASON.OTHERHOST);
    return false;
  }
  count(k, skb, 'Ip6InReceives');
  count(k, skb, 'Ip6InOctets', k.skbs.len[skb]! - ETH_HLEN);
  if (k.sysctl[`net.ipv6.conf.${dev.name}.disable_ipv6`] === '1') {
    count(k, skb, 'Ip6InDiscards');
    drop(k, c, skb, REASON.IPV6DISABLED);
    return false;
  }
  const fault = flags & FLAG_BAD_IP ? k.skbs.cb[skb]! : 0;
  if (fault === IP_FAULT.VERSION) return headerError(k, c, skb, REASON.UNHANDLED_PROTO);
  const flow = k.skbs.flow[skb]!;
  count(k, skb, `Ip6In${ECN_NAMES[k.flows.tos[flow]! & 3]!}`, k.skbs.segs[skb]);
  const wrong = addressFault(k, dev, flow, flags);
  if (wrong >= 0) return headerError(k, c, skb, wrong);
  if (fault === IP_FAULT.TRUNCATED) {
    count(k, skb, 'Ip6InTruncatedPkts');
    drop(k, c, skb, REASON.PKT_TOO_SMALL);
    return false;
  }
  return true;
}

function headerError(k: Kernel, c: Cpu, skb: Skb, reason: number): false {
  count(k, skb, 'Ip6InHdrErrors');
  drop(k, c, skb, reason);
  return false;
}

/// Addresses that may not be on a wire (RFC 4291): the drop reason, or -1 when all is well.
function addressFault(k: Kernel, dev: NetDevice, flow: number, flags: number): number {
  const saddr = addressBytes(k.flows.saddr[flow]!);
  const daddr = addressBytes(k.flows.daddr[flow]!);
  const loopback = (one: readonly number[]): boolean =>
    one[15] === 1 && one.slice(0, 15).every((byte) => byte === 0);
  if (dev !== k.devs[0] && (loopback(saddr) || loopback(daddr))) return REASON.IP_INHDR;
  const group = daddr[0] === 0xff;
  const scope = daddr[1]! & 15;
  if (group && scope === 1 && dev !== k.devs[0]) return REASON.IP_INHDR;
  if (!group && flags & (FLAG_BROADCAST | FLAG_MULTICAST)) {
    const refused = k.sysctl[`net.ipv6.conf.${dev.name}.drop_unicast_in_l2_multicast`] === '1';
    if (refused) return REASON.UNICAST_IN_L2_MULTICAST;
  }
  return (group && scope === 0) || saddr[0] === 0xff ? REASON.IP_INHDR : -1;
}

/// For another host, and this one does not forward IPv6. ip6_forward(), ip6_pkt_discard()
function notForUs(k: Kernel, c: Cpu, skb: Skb, rt: number): void {
  if (rt === RT6.ON_LINK) {
    count(k, skb, 'Ip6InAddrErrors');
    return kfree_skb_reason(k, c, skb, REASON.IP_INADDRERRORS, STEP.ROUTE);
  }
  count(k, skb, 'Ip6InNoRoutes');
  kfree_skb_reason(k, c, skb, REASON.IP_INNOROUTES, STEP.ROUTE);
}

/// The next header decides. net/ipv6/ip6_input.c:ip6_protocol_deliver_rcu()
function ip6_protocol_deliver_rcu(k: Kernel, c: Cpu, skb: Skb): void {
  takeStep(k, c, STEP.TRANSPORT, skb, COSTS.ip_protocol_deliver_rcu.ns);
  switch (k.flows.proto[k.skbs.flow[skb]!]) {
    case IPPROTO_UDP:
      udp_rcv(k, c, skb);
      break;
    case IPPROTO_ICMPV6:
      deliverIcmp6(k, c, skb);
      break;
    default:
      count(k, skb, 'Ip6InUnknownProtos');
      return kfree_skb_reason(k, c, skb, REASON.IP_NOPROTO, STEP.TRANSPORT);
  }
  count(k, skb, 'Ip6InDelivers');
}

/// Echo requests are answered; other messages are counted. net/ipv6/icmp.c:icmpv6_rcv()
function deliverIcmp6(k: Kernel, c: Cpu, skb: Skb): void {
  const flow = k.skbs.flow[skb]!;
  const type = k.flows.sport[flow]! >> 8;
  c.cursor_ns += COSTS.icmp_rcv.ns;
  count(k, skb, 'Icmp6InMsgs');
  if (k.skbs.flags[skb]! & FLAG_BAD_CSUM) {
    count(k, skb, 'Icmp6InCsumErrors');
    count(k, skb, 'Icmp6InErrors');
    return kfree_skb_reason(k, c, skb, REASON.ICMP_CSUM, STEP.TRANSPORT);
  }
  count(k, skb, `Icmp6InType${type}`);
  if (type === ECHO_REQUEST && k.sysctl['net.ipv6.icmp.echo_ignore_all'] !== '1') {
    count(k, skb, 'Icmp6InEchos');
    count(k, skb, 'Icmp6OutMsgs');
    count(k, skb, 'Icmp6OutEchoReplies');
    const len = k.skbs.len[skb]!;
    const dev = k.skbs.dev[skb]!;
    transmit(k, c, {
      dev,
      flow,
      proto: IPPROTO_ICMPV6,
      len,
      arrives: 0,
      remote: -1,
      tcp: null,
    });
  }
  consume_skb(k, skb);
}
