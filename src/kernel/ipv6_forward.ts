/// On an IPv6 router: a packet leaves again by another device, and who sent one that cannot is told.
/// Stands for ip6_forward() and ip6_output() in net/ipv6/ip6_output.c, and for ip6_pkt_discard() in
/// net/ipv6/route.c.
/// Left out: neighbour discovery (the next hop is taken to be there), redirects, neighbour proxies, IPsec,
/// router alert, queueing disciplines and the transmit ring; a router's advertisements and anycast addresses.
import { addressBytes, isLinkLocal6 } from './address.ts';
import { tapForwarded } from './af_packet.ts';
import { COSTS } from './costs.ts';
import { packetSize } from './ip_forward.ts';
import { RT6 } from './ip6_route.ts';
import { ICMPV6, ICMPV6_CODE, icmpv6_send } from './ipv6_icmp.ts';
import { countIp6, countReceived6 } from './ipv6_mib.ts';
import { kfree_skb_reason, leaveHost } from './ledger.ts';
import { nf_hook_slow } from './netfilter/core.ts';
import { REASON } from './reasons.ts';
import { FLAG_BROADCAST, FLAG_GSO, FLAG_MULTICAST, FLAG_SK } from './skb.ts';
import type { Cpu, Kernel, Skb } from './state.ts';
import { STEP, takeStep } from './tracing.ts';
import { forwardFrame } from './transmit.ts';

const ETH_HLEN = 14;
const IPV6_MIN_MTU = 1280;
const NFPROTO_IPV6 = 10;
const FORWARD = 2;
const POST_ROUTING = 4;
const IPV6_HOOKS = 5; // in nf.active: IPv6's hooks follow IPv4's five

/// Hop limit, addresses, size, and on; `rt` is the route, RT6.UNICAST and more.
/// net/ipv6/ip6_output.c:ip6_forward()
export function ip6_forward(k: Kernel, c: Cpu, skb: Skb, rt: number): void {
  takeStep(k, c, STEP.FORWARD, skb, COSTS.ip_forward.ns);
  if (k.sysctl['net.ipv6.conf.all.forwarding'] === '0') return addressError(k, c, skb);
  const flags = k.skbs.flags[skb]!;
  // Only what was sent to our own link address, and belongs to no socket of ours.
  if (flags & (FLAG_BROADCAST | FLAG_MULTICAST | FLAG_SK))
    return drop(k, c, skb, REASON.NOT_SPECIFIED);
  const flow = k.skbs.flow[skb]!;
  if (k.flows.ttl[flow]! <= 1) {
    icmpv6_send(k, c, skb, ICMPV6.TIME_EXCEED, ICMPV6_CODE.EXC_HOPLIMIT);
    countReceived6(k, skb, 'Ip6InHdrErrors');
    return drop(k, c, skb, REASON.IP_INHDR);
  }
  const out = rt - RT6.UNICAST;
  if (out !== k.skbs.dev[skb]! && !maySpeakFurther(k, c, skb)) return addressError(k, c, skb);
  countIp6(k, out, 'Ip6OutForwDatagrams');
  if (ip6_pkt_too_big(k, skb, Math.max(k.devs[out]!.mtu, IPV6_MIN_MTU))) {
    icmpv6_send(k, c, skb, ICMPV6.PKT_TOOBIG, 0);
    countReceived6(k, skb, 'Ip6InTooBigErrors');
    countIp6(k, out, 'Ip6FragFails');
    return drop(k, c, skb, REASON.PKT_TOO_BIG);
  }
  const { active } = k.nf;
  const hook = active[IPV6_HOOKS + FORWARD]! > 0;
  if (hook && !nf_hook_slow(k, c, NFPROTO_IPV6, FORWARD, skb, k.skbs.dev[skb]!, out)) return;
  ip6_output(k, c, skb, out);
}

function drop(k: Kernel, c: Cpu, skb: Skb, reason: number): void {
  kfree_skb_reason(k, c, skb, reason, STEP.FORWARD);
}

function addressError(k: Kernel, c: Cpu, skb: Skb): void {
  countReceived6(k, skb, 'Ip6InAddrErrors');
  drop(k, c, skb, REASON.IP_INADDRERRORS);
}

/// A sender without an address that holds beyond its own link cannot be forwarded; a link-local one is told.
function maySpeakFurther(k: Kernel, c: Cpu, skb: Skb): boolean {
  const saddr = k.flows.saddr[k.skbs.flow[skb]!]!;
  const bytes = addressBytes(saddr);
  const low = bytes.slice(0, 15).every((byte) => byte === 0);
  if (bytes[0] === 0xff || (low && bytes[15]! <= 1)) return false;
  if (!isLinkLocal6(saddr)) return true;
  icmpv6_send(k, c, skb, ICMPV6.DEST_UNREACH, ICMPV6_CODE.NOT_NEIGHBOUR);
  return false;
}

/// Nobody but the sender cuts an IPv6 packet. A merged packet is measured by its segments.
function ip6_pkt_too_big(k: Kernel, skb: Skb, mtu: number): boolean {
  return packetSize(k, skb, k.skbs.flags[skb]!) > mtu;
}

/// POST_ROUTING, and the device. net/ipv6/ip6_output.c:ip6_output(), ip6_finish_output2()
function ip6_output(k: Kernel, c: Cpu, skb: Skb, out: number): void {
  const hook = k.nf.active[IPV6_HOOKS + POST_ROUTING]! > 0;
  if (hook && !nf_hook_slow(k, c, NFPROTO_IPV6, POST_ROUTING, skb, -1, out)) return;
  const len = k.skbs.len[skb]!;
  const segs = k.skbs.flags[skb]! & FLAG_GSO ? k.skbs.segs[skb]! : 1;
  countIp6(k, out, 'Ip6OutTransmits');
  countIp6(k, out, 'Ip6OutOctets', len - ETH_HLEN);
  if (k.packet.nit > 0) tapForwarded(k, c, k.devs[out]!, skb);
  forwardFrame(k, c, k.devs[out]!, k.skbs.flow[skb]!, len, segs);
  leaveHost(k, skb);
}

/// No route: the sender is told, by hosts too. net/ipv6/route.c:ip6_pkt_discard(), ip6_pkt_drop()
export function ip6_pkt_drop(k: Kernel, c: Cpu, skb: Skb): void {
  const any = k.flows.daddr[k.skbs.flow[skb]!] === '::';
  countReceived6(k, skb, any ? 'Ip6InAddrErrors' : 'Ip6InNoRoutes');
  icmpv6_send(k, c, skb, ICMPV6.DEST_UNREACH, ICMPV6_CODE.NOROUTE);
  const reason = any ? REASON.IP_INADDRERRORS : REASON.IP_INNOROUTES;
  kfree_skb_reason(k, c, skb, reason, STEP.ROUTE);
}
