/// IPv6 input: checks, counters, where a packet goes, and who gets it. Stands for net/ipv6/ip6_input.c.
/// Left out: extension headers that no sender here makes (ipv6_exthdrs.ts has the others), multicast routing, route hints, IPsec, and the early demux of UDP (a flow remembers its socket
/// anyway).
import { addressBytes } from './address.ts';
import { COSTS } from './costs.ts';
import { IP_FAULT } from './ip_faults.ts';
import { ip6_route_input, joined6, RT6 } from './ip6_route.ts';
import { devConf6 } from './ipv6_conf.ts';
import { parseHopOptions, takeOptions } from './ipv6_exthdrs.ts';
import { ip6_forward, ip6_pkt_drop } from './ipv6_forward.ts';
import { deliverIcmp6, ICMPV6, ICMPV6_CODE, icmpv6_send } from './ipv6_icmp.ts';
import { countReceived6 } from './ipv6_mib.ts';
import { defragment6 } from './ipv6_reassembly.ts';
import { consume_skb, kfree_skb_reason } from './ledger.ts';
import { nf_hook_slow } from './netfilter/core.ts';
import { raw6LocalDeliver } from './raw.ts';
import { REASON } from './reasons.ts';
import { FLAG_BAD_IP, FLAG_BROADCAST, FLAG_FOREIGN, FLAG_FRAG, FLAG_MULTICAST } from './skb.ts';
import type { Cpu, Kernel, NetDevice, Skb } from './state.ts';
import { tcp_v6_early_demux, tcp_v6_rcv } from './tcp/tcp_ipv6.ts';
import { STEP, takeStep } from './tracing.ts';
import { udpv6_rcv } from './udp_ipv6.ts';

const ETH_HLEN = 14;
const NFPROTO_IPV6 = 10;
const PRE_ROUTING = 5; // in nf.active: IPv6's hooks follow IPv4's five
const LOCAL_IN = 6;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;
const IPPROTO_ICMPV6 = 58;
const ECN_NAMES = ['NoECTPkts', 'ECT1Pkts', 'ECT0Pkts', 'CEPkts'] as const;

function drop(k: Kernel, c: Cpu, skb: Skb, reason: number, step: number): void {
  kfree_skb_reason(k, c, skb, reason, step);
}

/// IPv6's packet handler. net/ipv6/ip6_input.c:ipv6_rcv()
export function ipv6_rcv(k: Kernel, c: Cpu, skb: Skb): void {
  takeStep(k, c, STEP.IP_RCV, skb, COSTS.ip_rcv.ns);
  if (!ip6_rcv_core(k, c, skb)) return;
  const dev = k.skbs.dev[skb]!;
  c.cursor_ns += COSTS.nf_hook_slow.ns;
  if (k.nf.active[PRE_ROUTING]! > 0 && !nf_hook_slow(k, c, NFPROTO_IPV6, 0, skb, dev, -1)) return;
  const early = k.hot.ip_early_demux !== 0 && k.hot.tcp_early_demux !== 0;
  const tcp = k.flows.proto[k.skbs.flow[skb]!] === IPPROTO_TCP;
  if (!tcp || !early || !tcp_v6_early_demux(k, c, skb))
    takeStep(k, c, STEP.ROUTE, skb, COSTS.ip_route_input_noref.ns);
  dst_input(k, c, skb, ip6_route_input(k, skb));
}

function dst_input(k: Kernel, c: Cpu, skb: Skb, rt: number): void {
  if (rt === RT6.LOCAL) return ip6_input(k, c, skb);
  if (rt === RT6.MULTICAST) return ip6_mc_input(k, c, skb);
  if (rt === RT6.NO_ROUTE) return ip6_pkt_drop(k, c, skb);
  ip6_forward(k, c, skb, rt);
}

/// To a group: only the device's own are taken. net/ipv6/ip6_input.c:ip6_mc_input()
function ip6_mc_input(k: Kernel, c: Cpu, skb: Skb): void {
  countReceived6(k, skb, 'Ip6InMcastPkts');
  countReceived6(k, skb, 'Ip6InMcastOctets', k.skbs.len[skb]! - ETH_HLEN);
  const group = addressBytes(k.flows.daddr[k.skbs.flow[skb]!]!);
  if (joined6(k, k.devs[k.skbs.dev[skb]!]!, group)) return ip6_input(k, c, skb);
  drop(k, c, skb, REASON.NOT_SPECIFIED, STEP.ROUTE);
}

/// For this host. net/ipv6/ip6_input.c:ip6_input()
function ip6_input(k: Kernel, c: Cpu, skb: Skb): void {
  takeStep(k, c, STEP.LOCAL_IN, skb, COSTS.ip_local_deliver.ns);
  const dev = k.skbs.dev[skb]!;
  if (k.nf.active[LOCAL_IN]! > 0 && !nf_hook_slow(k, c, NFPROTO_IPV6, 1, skb, dev, -1)) return;
  ip6_protocol_deliver_rcu(k, c, skb);
}

/// Counts the packet and checks its header, in this order. False: dropped.
function ip6_rcv_core(k: Kernel, c: Cpu, skb: Skb): boolean {
  const flags = k.skbs.flags[skb]!;
  const dev = k.devs[k.skbs.dev[skb]!]!;
  if (flags & FLAG_FOREIGN) {
    dev.rx_otherhost_dropped++;
    drop(k, c, skb, REASON.OTHERHOST, STEP.IP_RCV);
    return false;
  }
  countReceived6(k, skb, 'Ip6InReceives');
  countReceived6(k, skb, 'Ip6InOctets', k.skbs.len[skb]! - ETH_HLEN);
  if (devConf6(k, dev, 'disable_ipv6')) {
    countReceived6(k, skb, 'Ip6InDiscards');
    drop(k, c, skb, REASON.IPV6DISABLED, STEP.IP_RCV);
    return false;
  }
  const fault = flags & FLAG_BAD_IP ? k.skbs.cb[skb]! : 0;
  if (fault === IP_FAULT.VERSION) return headerError(k, c, skb, REASON.UNHANDLED_PROTO);
  const flow = k.skbs.flow[skb]!;
  countReceived6(k, skb, `Ip6In${ECN_NAMES[k.flows.tos[flow]! & 3]!}`, k.skbs.segs[skb]);
  const wrong = addressFault(k, dev, flow, flags);
  if (wrong >= 0) return headerError(k, c, skb, wrong);
  if (fault === IP_FAULT.TRUNCATED) {
    countReceived6(k, skb, 'Ip6InTruncatedPkts');
    drop(k, c, skb, REASON.PKT_TOO_SMALL, STEP.IP_RCV);
    return false;
  }
  return parseHopOptions(k, c, skb, STEP.IP_RCV);
}

function headerError(k: Kernel, c: Cpu, skb: Skb, reason: number): false {
  countReceived6(k, skb, 'Ip6InHdrErrors');
  drop(k, c, skb, reason, STEP.IP_RCV);
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
    if (devConf6(k, dev, 'drop_unicast_in_l2_multicast')) return REASON.UNICAST_IN_L2_MULTICAST;
  }
  return (group && scope === 0) || saddr[0] === 0xff ? REASON.IP_INHDR : -1;
}

/// Raw sockets get copies, then the next header decides. net/ipv6/ip6_input.c:ip6_protocol_deliver_rcu()
function ip6_protocol_deliver_rcu(k: Kernel, c: Cpu, skb: Skb): void {
  takeStep(k, c, STEP.TRANSPORT, skb, COSTS.ip_protocol_deliver_rcu.ns);
  if (k.skbs.flags[skb]! & FLAG_FRAG && !defragment6(k, c, skb)) return;
  if (!takeOptions(k, c, skb, STEP.TRANSPORT)) return;
  const raw = k.raw_table.length > 0 && raw6LocalDeliver(k, c, skb);
  switch (k.flows.proto[k.skbs.flow[skb]!]) {
    case IPPROTO_UDP:
      countReceived6(k, skb, 'Ip6InDelivers');
      return udpv6_rcv(k, c, skb);
    case IPPROTO_TCP:
      countReceived6(k, skb, 'Ip6InDelivers');
      return tcp_v6_rcv(k, c, skb);
    case IPPROTO_ICMPV6:
      countReceived6(k, skb, 'Ip6InDelivers');
      return deliverIcmp6(k, c, skb);
    default:
      noProtocol(k, c, skb, raw);
  }
}

/// No handler for that next header: the raw sockets' packet, or an error to the sender.
function noProtocol(k: Kernel, c: Cpu, skb: Skb, raw: boolean): void {
  if (raw) {
    countReceived6(k, skb, 'Ip6InDelivers');
    return consume_skb(k, skb);
  }
  countReceived6(k, skb, 'Ip6InUnknownProtos');
  icmpv6_send(k, c, skb, ICMPV6.PARAMPROB, ICMPV6_CODE.UNK_NEXTHDR);
  drop(k, c, skb, REASON.IP_NOPROTO, STEP.TRANSPORT);
}
