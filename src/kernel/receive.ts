/// The core of the receive path: from the device to the protocol.
/// Stands for __netif_receive_skb_core() in net/core/dev.c. A plain packet costs one look at the device's
/// rx_hooks and one at its own flags.
/// Left out: protocols other than IPv4, IPv6 and ARP; they have no handler here.
import { arp_rcv } from './arp.ts';
import { CORE_NS, COSTS, IP_NS, RECEIVE_NS } from './costs.ts';
import { ip_rcv } from './ip_input.ts';
import { ipv6_rcv } from './ipv6_input.ts';
import { kfree_skb_reason } from './ledger.ts';
import { receiver } from './act_mirred.ts';
import { deliverToOwn, deliverToProtocolTaps, deliverToTaps } from './af_packet.ts';
import { nf_ingress } from './netfilter/ingress.ts';
import { REASON } from './reasons.ts';
import { rxHandler } from './rx_handler.ts';
import { RX_HANDLER_CONSUMED, RX_HANDLER_EXACT, RX_HANDLER_PASS } from './rx_result.ts';
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
import { FLAG_BAD_FCS, FLAG_FOREIGN, FLAG_VLAN } from './skb.ts';
import type { Cpu, Kernel, NetDevice, Skb } from './state.ts';
import { RUN, STEP, takeStep, takeSteps } from './tracing.ts';
import { lookUpSocket } from './udp.ts';
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
  c.processed++;
  const dev = k.devs[k.skbs.dev[skb]!]!;
  if (dev.rx_hooks === 0) takeSteps(k, c, RUN.CORE, skb);
  else {
    takeStep(k, c, STEP.CORE, skb, COSTS.__netif_receive_skb_core.ns);
    if (!runRxHooks(k, c, dev, skb)) return;
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
      dev.rx_dropped++;
      kfree_skb_reason(k, c, skb, REASON.UNHANDLED_PROTO, STEP.DISPATCH);
  }
}

receiver.core = __netif_receive_skb_core;

/// What somebody has asked for beside the protocols, in the kernel's order. A packet that gets another
/// device on its way begins again with that one, and counts again. False: the packet is gone.
function runRxHooks(k: Kernel, c: Cpu, orig_dev: NetDevice, skb: Skb): boolean {
  let dev = orig_dev;
  for (;;) {
    const answer = oneRound(k, c, dev, skb);
    if (answer === RX_HANDLER_CONSUMED) return false;
    if (answer === RX_HANDLER_EXACT) return noHandler(k, c, orig_dev, skb);
    if (answer === RX_HANDLER_PASS) break;
    dev = k.devs[k.skbs.dev[skb]!]!;
    c.processed++;
    takeStep(k, c, STEP.CORE, skb, COSTS.__netif_receive_skb_core.ns);
    if (dev.rx_hooks === 0) break;
  }
  if ((orig_dev.rx_hooks | dev.rx_hooks) & RX_PROTOCOL_TAPS) {
    deliverToProtocolTaps(k, c, orig_dev, skb);
    if (dev !== orig_dev) deliverToOwn(k, c, dev, skb);
  }
  return true;
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
  if (hooks & RX_VLAN && k.skbs.flags[skb]! & FLAG_VLAN) {
    const answer = vlan_do_receive(k, c, dev, skb);
    if (answer !== RX_HANDLER_PASS) return answer;
  }
  return hooks & RX_HANDLER ? rxHandler(k, c, dev, skb) : RX_HANDLER_PASS;
}

/// Only who asked for exactly this device gets the packet: its sockets of one protocol, and nobody else.
function noHandler(k: Kernel, c: Cpu, dev: NetDevice, skb: Skb): false {
  if (dev.rx_hooks & RX_PROTOCOL_TAPS) deliverToOwn(k, c, dev, skb);
  dev.links.rx_nohandler++;
  kfree_skb_reason(k, c, skb, REASON.UNHANDLED_PROTO, STEP.RX_HANDLER);
  return false;
}

/// A tag that no VLAN device has taken: the packet is for somebody else, unless the tag carries a
/// priority only.
function untaken(k: Kernel, skb: Skb): void {
  const { flags, vlan_tci } = k.skbs;
  const other = (vlan_tci[skb]! & VLAN_VID_MASK) !== 0;
  flags[skb] = (flags[skb]! & ~FLAG_VLAN) | (other ? FLAG_FOREIGN : 0);
}
