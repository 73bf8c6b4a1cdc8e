/// On a router: a packet leaves again by another device. Stands for net/ipv4/ip_forward.c, and for the
/// way out as far as it is modelled: the packet is counted at its device and on the wire of it.
/// Left out: queueing disciplines and the transmit ring, options, IPsec, priorities, path MTU learned from
/// others, redirect limits beyond the sender's allowance.
import { tapForwarded } from './af_packet.ts';
import { COSTS } from './costs.ts';
import { addressText } from './flows.ts';
import { ICMP, ICMP_CODE, icmp_send } from './icmp.ts';
import { devConfOr } from './in_device.ts';
import { inet_getpeer_v4 } from './inetpeer.ts';
import { jiffies } from './jiffies.ts';
import { consume_skb, kfree_skb_reason, leaveHost } from './ledger.ts';
import { neighReachable } from './neighbour.ts';
import { rateLimited } from './net_ratelimit.ts';
import { nf_hook_slow } from './netfilter/core.ts';
import { REASON } from './reasons.ts';
import {
  dontFragment,
  FLAG_BROADCAST,
  FLAG_GSO,
  FLAG_MULTICAST,
  FLAG_SK,
  recordedRxQueue,
} from './skb.ts';
import type { Cpu, Dst, InetPeer, Kernel, NetDevice, Skb } from './state.ts';
import { STEP, takeStep } from './tracing.ts';
import { forwardFrame } from './transmit.ts';

const ETH_HLEN = 14;
const IP_HLEN = 20;
const NFPROTO_IPV4 = 2;
const FORWARD = 2;
const POST_ROUTING = 4;

/// TTL, size, redirect, and on. net/ipv4/ip_forward.c:ip_forward()
export function ip_forward(k: Kernel, c: Cpu, skb: Skb, dst: Dst): void {
  takeStep(k, c, STEP.FORWARD, skb, COSTS.ip_forward.ns);
  const flags = k.skbs.flags[skb]!;
  const drop = (reason: number): void => kfree_skb_reason(k, c, skb, reason, STEP.FORWARD);
  // Only what was sent to our own link address, and belongs to no socket of ours.
  if (flags & (FLAG_BROADCAST | FLAG_MULTICAST | FLAG_SK)) return drop(REASON.NOT_SPECIFIED);
  const flow = k.skbs.flow[skb]!;
  if (k.flows.ttl[flow]! <= 1) {
    k.mib.IpInHdrErrors++;
    icmp_send(k, c, skb, ICMP.TIME_EXCEEDED, ICMP_CODE.EXC_TTL);
    return drop(REASON.IP_INHDR);
  }
  k.mib.IpForwDatagrams++;
  const out = k.devs[dst.dev]!;
  const mtu = dst.mtu > 0 ? dst.mtu : out.mtu;
  if (ip_exceeds_mtu(k, skb, mtu)) {
    k.mib.IpFragFails++;
    icmp_send(k, c, skb, ICMP.DEST_UNREACH, ICMP_CODE.FRAG_NEEDED);
    return drop(REASON.PKT_TOO_BIG);
  }
  if (dst.redirect) ip_rt_send_redirect(k, c, skb, dst);
  if (
    k.nf.active[FORWARD]! > 0 &&
    !nf_hook_slow(k, c, NFPROTO_IPV4, FORWARD, skb, k.skbs.dev[skb]!, dst.dev)
  )
    return;
  ip_output(k, c, skb, dst, out, mtu);
}

/// Too large for the way on, and not to be cut. A merged packet is measured by its segments.
function ip_exceeds_mtu(k: Kernel, skb: Skb, mtu: number): boolean {
  const flags = k.skbs.flags[skb]!;
  return dontFragment(flags) && packetSize(k, skb, flags) > mtu;
}

/// Bytes of the largest IP packet that a packet will be on the wire.
export function packetSize(k: Kernel, skb: Skb, flags: number): number {
  const len = k.skbs.len[skb]! - ETH_HLEN;
  if ((flags & FLAG_GSO) === 0) return len;
  const segs = k.skbs.segs[skb]!;
  const headers = len - k.skbs.payload[skb]!;
  return segs > 1 ? k.skbs.gso_size[skb]! + headers : len;
}

/// Tells a sender on the same link of the better way: not more than redirect_number times, ever more
/// rarely. net/ipv4/route.c:ip_rt_send_redirect()
function ip_rt_send_redirect(k: Kernel, c: Cpu, skb: Skb, dst: Dst): void {
  const { src, dst: to } = k.flows;
  const flow = k.skbs.flow[skb]!;
  const peer = k.peers[inet_getpeer_v4(k, src[flow]!)]!;
  const now = jiffies(k);
  const limit = (name: string): number => Number(k.sysctl[`net.ipv4.route.redirect_${name}`]);
  if (now > peer.rate_last + limit('silence')) {
    peer.rate_tokens = 0;
    peer.n_redirects = 0;
  }
  if (peer.n_redirects >= limit('number')) {
    peer.rate_last = now;
    return;
  }
  if (!mayRedirect(peer, now, limit('load'))) return;
  icmp_send(k, c, skb, ICMP.REDIRECT, ICMP_CODE.REDIR_HOST);
  peer.rate_last = now;
  peer.n_redirects++;
  const dev = k.devs[k.skbs.dev[skb]!]!;
  if (peer.n_redirects !== limit('number') || !devConfOr(k, k.devs[dst.dev]!, 'log_martians'))
    return;
  const host = `${addressText(src[flow]!)}/if${dev.ifindex}`;
  const way = `${addressText(to[flow]!)} to ${addressText(dst.gw || to[flow]!)}`;
  rateLimited(k, `IPv4: host ${host} ignores redirects for ${way}`);
}

function mayRedirect(peer: InetPeer, now: number, load: number): boolean {
  return peer.n_redirects === 0 || now > peer.rate_last + load * 2 ** peer.n_redirects;
}

/// POST_ROUTING, fragments where they are allowed, the neighbour, the device.
/// net/ipv4/ip_output.c:ip_output(), ip_finish_output2()
function ip_output(k: Kernel, c: Cpu, skb: Skb, dst: Dst, out: NetDevice, mtu: number): void {
  if (
    k.nf.active[POST_ROUTING]! > 0 &&
    !nf_hook_slow(k, c, NFPROTO_IPV4, POST_ROUTING, skb, -1, dst.dev)
  )
    return;
  const flow = k.skbs.flow[skb]!;
  if (dst.dev === 0) return consume_skb(k, skb);
  neighReachable(k, out, dst.gw || k.flows.dst[flow]!, true);
  const pieces = framesOf(k, skb, mtu);
  const bytes = k.skbs.len[skb]! - ETH_HLEN;
  // A merged packet whose segments fit goes to the device whole, and counts once.
  const parts = packetSize(k, skb, k.skbs.flags[skb]!) <= mtu ? 1 : pieces;
  k.mib.IpOutTransmits += parts;
  k.mib.IpExtOutOctets += bytes + (parts - 1) * IP_HLEN;
  if (k.packet.nit > 0) tapForwarded(k, c, out, skb);
  forwardFrame(k, c, out, flow, bytes + ETH_HLEN, pieces, recordedRxQueue(k.skbs, skb));
  leaveHost(k, skb);
}

/// How many frames a packet leaves as: its segments, or fragments of the MTU's size.
function framesOf(k: Kernel, skb: Skb, mtu: number): number {
  const flags = k.skbs.flags[skb]!;
  const size = packetSize(k, skb, flags);
  const segs = flags & FLAG_GSO ? k.skbs.segs[skb]! : 1;
  if (size <= mtu) return segs;
  // All but the last are a multiple of 8 bytes.
  const last = mtu - IP_HLEN;
  const fragments = 1 + Math.ceil((size - IP_HLEN - last) / (last & ~7));
  k.mib.IpFragOKs += segs;
  k.mib.IpFragCreates += fragments * segs;
  return fragments * segs;
}
