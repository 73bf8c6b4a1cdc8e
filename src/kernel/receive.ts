/// The core of the receive path: from the device to the protocol.
/// Stands for __netif_receive_skb_core() in net/core/dev.c. A plain packet costs one look at the device's
/// rx_hooks and one at its own flags.
/// Left out: protocols other than IPv4, IPv6 and ARP; they have no handler here.
import { arp_rcv } from './arp.ts';
import { CORE_NS, COSTS, IP_NS, RECEIVE_NS } from './costs.ts';
import { countInput, ip_rcv } from './ip_input.ts';
import { ipv6_rcv } from './ipv6_input.ts';
import { consume_skb, kfree_skb_reason } from './ledger.ts';
import { nest, receiver } from './act_mirred.ts';
import { deliverToOwn, deliverToProtocolTaps, deliverToTaps } from './af_packet.ts';
import { __net_timestamp, stampsAfterRps } from './net_timestamp.ts';
import { nf_ingress } from './netfilter/ingress.ts';
import { REASON } from './reasons.ts';
import { rxHandler } from './rx_handler.ts';
import { RX_AFRESH, RX_HANDLER_CONSUMED, RX_HANDLER_EXACT, RX_HANDLER_PASS } from './rx_result.ts';
import {
  RX_HANDLER,
  RX_INGRESS,
  RX_NETFILTER,
  RX_PROTOCOL_TAPS,
  RX_TAPS,
  RX_VLAN,
  RX_XDP,
} from './rx_hooks.ts';
import { sch_handle_ingress } from './sch_ingress.ts';
import { FLAG_BAD_FCS, FLAG_FOREIGN, FLAG_REDIRECTED, FLAG_VLAN } from './skb.ts';
import type { Cpu, Kernel, NetDevice, Skb } from './state.ts';
import { RUN, STEP, takeStep, takeSteps, WAY, type Way } from './tracing.ts';
import { lookUpSocket, queueDatagram } from './udp.ts';
import { skb_vlan_untag, vlan_do_receive } from './vlan.ts';
import { do_xdp_generic } from './xdp/generic.ts';

const ETH_P_IP = 0x0800;
const ETH_P_ARP = 0x0806;
const ETH_P_IPV6 = 0x86dd;
const IPPROTO_UDP = 17;
const VLAN_VID_MASK = 0xfff;

/// Hooks that may end the packet, or send it elsewhere.
const MAY_END = RX_XDP | RX_INGRESS | RX_NETFILTER | RX_VLAN | RX_HANDLER;

/// What the packet's way up will cost, as far as it is known before the first step: up to where a hook or a
/// rule may end it. What comes behind is paid when it has been taken.
export function receiveNs(k: Kernel, skb: Skb): number {
  const flags = k.skbs.flags[skb]!;
  const flow = k.skbs.flow[skb]!;
  const { active } = k.nf; // PRE_ROUTING and LOCAL_IN of IPv4, then those of IPv6
  if (k.devs[k.skbs.dev[skb]!]!.rx_hooks & MAY_END) return COSTS.__netif_receive_skb_core.ns;
  if (flags & FLAG_FOREIGN) return CORE_NS + COSTS.ip_rcv.ns + COSTS.kfree_skb_reason.ns;
  if (active[0]! + active[5]! > 0) return CORE_NS + COSTS.ip_rcv.ns + COSTS.nf_hook_slow.ns;
  if (active[1]! + active[6]! > 0) return CORE_NS + IP_NS - COSTS.ip_protocol_deliver_rcu.ns;
  if (flags & FLAG_BAD_FCS) return CORE_NS + IP_NS + COSTS.kfree_skb_reason.ns;
  if (k.flows.proto[flow] !== IPPROTO_UDP || k.flows.rt[flow] !== 0) return CORE_NS + IP_NS;
  if (lookUpSocket(k, flow) < 0)
    return (
      CORE_NS + IP_NS + COSTS.__udp4_lib_lookup.ns + COSTS.icmp_send.ns + COSTS.kfree_skb_reason.ns
    );
  return RECEIVE_NS;
}

/// Counts the packet, lets those see it who asked to, and hands it to its protocol.
/// net/core/dev.c:__netif_receive_skb_core()
export function __netif_receive_skb_core(k: Kernel, c: Cpu, skb: Skb): void {
  if (isPlainDatagram(k, skb)) return receiveDatagram(k, c, skb, WAY.FROM_CORE);
  c.processed++;
  const dev = k.devs[k.skbs.dev[skb]!]!;
  let seen = false;
  if (k.netstamp_wanted > 0 && stampsAfterRps(k)) __net_timestamp(k, c, skb);
  if (dev.rx_hooks === 0) takeSteps(k, c, RUN.CORE, skb);
  else {
    takeStep(k, c, STEP.CORE, skb, COSTS.__netif_receive_skb_core.ns);
    const { depth } = nest;
    const answer = runRxHooks(k, c, dev, skb);
    nest.depth = depth;
    if (answer === GONE) return;
    seen = answer === SEEN;
    takeStep(k, c, STEP.DISPATCH, skb, COSTS.deliver_ptype_list_skb.ns);
  }
  if (k.skbs.flags[skb]! & FLAG_VLAN) untaken(k, skb);
  switch (k.flows.ethertype[k.skbs.flow[skb]!]) {
    case ETH_P_IP:
      return ip_rcv(k, c, skb);
    case ETH_P_IPV6:
      return ipv6_rcv(k, c, skb);
    case ETH_P_ARP:
      return arp_rcv(k, c, skb);
    default:
      unhandled(k, c, skb, seen);
  }
}

/// No protocol wants it: a drop, unless a tap was the last to be given the packet itself.
function unhandled(k: Kernel, c: Cpu, skb: Skb, seen: boolean): void {
  if (seen) return consume_skb(k, skb);
  k.devs[k.skbs.dev[skb]!]!.rx_dropped++;
  kfree_skb_reason(k, c, skb, REASON.UNHANDLED_PROTO, STEP.DISPATCH);
}

/// A datagram for a socket here that nobody on the way looks at, and nothing in its flags tells apart: what its
/// flow has looked up holds, and all tests of the functions in between would come out the same way.
export function isPlainDatagram(k: Kernel, skb: Skb): boolean {
  const { flags, flow, dev } = k.skbs;
  const f = flow[skb]!;
  const d = dev[skb]!;
  const { active } = k.nf;
  return (
    flags[skb] === 0 &&
    k.flows.sock[f]! >= 0 &&
    k.flows.proto[f] === IPPROTO_UDP &&
    k.flows.rt[f] === 0 &&
    k.flows.rt_key[f] === k.fib.genid + d &&
    k.flows.ethertype[f] === ETH_P_IP &&
    k.devs[d]!.rx_hooks === 0 &&
    k.netstamp_wanted === 0 &&
    active[0]! + active[1]! === 0 &&
    k.raw_table.length === 0
  );
}

/// From the core to its socket in one go: ip_rcv(), ip_local_deliver() and udp_rcv() for it.
export function receiveDatagram(k: Kernel, c: Cpu, skb: Skb, way: Way): void {
  c.processed++;
  countInput(k, skb);
  queueDatagram(k, c, k.socks[k.flows.sock[k.skbs.flow[skb]!]!]!, skb, way);
  k.mib.IpInDelivers++;
}

receiver.core = __netif_receive_skb_core;

// What the hooks leave of a packet.
const GONE = 0;
const ON = 1;
const SEEN = 2; // and a tap would be the one to free it

/// What somebody has asked for beside the protocols, in the kernel's order. A packet that gets another
/// device on its way begins again with that one, and counts again.
function runRxHooks(k: Kernel, c: Cpu, first: NetDevice, skb: Skb): number {
  let dev = first;
  let orig_dev = first;
  for (;;) {
    const answer = oneRound(k, c, dev, skb);
    if (answer === RX_HANDLER_CONSUMED) return GONE;
    if (answer === RX_HANDLER_EXACT) return noHandler(k, c, orig_dev, dev, skb);
    if (answer === RX_HANDLER_PASS) break;
    dev = k.devs[k.skbs.dev[skb]!]!;
    if (answer === RX_AFRESH) {
      orig_dev = dev;
      if (k.netstamp_wanted > 0) __net_timestamp(k, c, skb);
    }
    c.processed++;
    takeStep(k, c, STEP.CORE, skb, COSTS.__netif_receive_skb_core.ns);
    if (dev.rx_hooks === 0) break;
  }
  let seen = (dev.rx_hooks & RX_TAPS) !== 0 && !takesFromTaps(k, dev, skb);
  if (k.skbs.flags[skb]! & FLAG_VLAN) untaken(k, skb);
  if ((orig_dev.rx_hooks | dev.rx_hooks) & RX_PROTOCOL_TAPS) {
    if (deliverToProtocolTaps(k, c, orig_dev, skb)) seen = true;
    if (dev !== orig_dev && deliverToOwn(k, c, dev, skb)) seen = true;
  }
  return seen ? SEEN : ON;
}

/// Each of these first gives the last tap its copy; else that one gets the packet itself (pt_prev).
function takesFromTaps(k: Kernel, dev: NetDevice, skb: Skb): boolean {
  const tagged = (k.skbs.flags[skb]! & FLAG_VLAN) !== 0;
  return tagged || (dev.rx_hooks & (RX_INGRESS | RX_NETFILTER | RX_HANDLER)) !== 0;
}

/// One round: taps, tc, netfilter, VLAN, and the device that this one belongs to.
function oneRound(k: Kernel, c: Cpu, dev: NetDevice, skb: Skb): number {
  const hooks = dev.rx_hooks;
  if (hooks & RX_XDP && !do_xdp_generic(k, c, dev, skb)) return RX_HANDLER_CONSUMED;
  if (k.skbs.flags[skb]! & FLAG_VLAN) skb_vlan_untag(c, dev);
  if (hooks & RX_TAPS) deliverToTaps(k, c, dev, skb);
  if (hooks & RX_INGRESS) {
    const answer = sch_handle_ingress(k, c, dev, skb);
    if (answer !== RX_HANDLER_PASS) return answer;
  }
  if (hooks & RX_NETFILTER && !nf_ingress(k, c, dev, skb)) return RX_HANDLER_CONSUMED;
  skb_reset_redirect(k, skb);
  if (hooks & RX_VLAN && k.skbs.flags[skb]! & FLAG_VLAN) {
    const answer = vlan_do_receive(k, c, dev, skb);
    if (answer !== RX_HANDLER_PASS) return answer;
  }
  return hooks & RX_HANDLER ? rxHandler(k, c, dev, skb) : RX_HANDLER_PASS;
}

/// Behind the hooks of ingress a packet is like any other again. include/linux/skbuff.h:skb_reset_redirect()
function skb_reset_redirect(k: Kernel, skb: Skb): void {
  const { flags } = k.skbs;
  if (flags[skb]! & FLAG_REDIRECTED) flags[skb] = flags[skb]! & ~FLAG_REDIRECTED;
}

/// Only who asked for exactly this device gets the packet: its sockets of one protocol, and nobody else.
function noHandler(k: Kernel, c: Cpu, orig_dev: NetDevice, dev: NetDevice, skb: Skb): typeof GONE {
  if (k.skbs.flags[skb]! & FLAG_VLAN) untaken(k, skb);
  const first = deliverToOwn(k, c, orig_dev, skb);
  const second = dev !== orig_dev && deliverToOwn(k, c, dev, skb);
  if (first || second) {
    consume_skb(k, skb);
    return GONE;
  }
  dev.links.rx_nohandler++;
  kfree_skb_reason(k, c, skb, REASON.UNHANDLED_PROTO, STEP.RX_HANDLER);
  return GONE;
}

/// A tag that no VLAN device has taken: the packet is for somebody else, unless the tag carries a
/// priority only.
function untaken(k: Kernel, skb: Skb): void {
  const { flags, vlan_tci } = k.skbs;
  const other = (vlan_tci[skb]! & VLAN_VID_MASK) !== 0;
  flags[skb] = (flags[skb]! & ~FLAG_VLAN) | (other ? FLAG_FOREIGN : 0);
}
