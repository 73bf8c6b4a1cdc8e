/// The core of the receive path: from the device to the protocol.
/// Stands for __netif_receive_skb_core() in net/core/dev.c.
/// Left out: taps, generic XDP, VLAN tags, tc and netfilter ingress, rx_handlers, protocols other
/// than IPv4.
import { CORE_NS, COSTS, IP_NS, RECEIVE_NS } from './costs.ts';
import { ip_rcv } from './ip_input.ts';
import { FLAG_BAD_FCS, FLAG_FOREIGN } from './skb.ts';
import type { Cpu, Kernel, Skb } from './state.ts';
import { STEP, takeStep } from './tracing.ts';
import { lookUpSocket } from './udp.ts';

/// What the packet's way up will cost: it is known before the first step where the way ends.
export function receiveNs(k: Kernel, skb: Skb): number {
  const flags = k.skbs.flags[skb]!;
  if (flags & FLAG_FOREIGN) return CORE_NS + COSTS.ip_rcv.ns + COSTS.kfree_skb_reason.ns;
  if (flags & FLAG_BAD_FCS) return CORE_NS + IP_NS + COSTS.kfree_skb_reason.ns;
  if (lookUpSocket(k, k.skbs.flow[skb]!) < 0)
    return (
      CORE_NS + IP_NS + COSTS.__udp4_lib_lookup.ns + COSTS.icmp_send.ns + COSTS.kfree_skb_reason.ns
    );
  return RECEIVE_NS;
}

/// Counts the packet and hands it to its protocol. net/core/dev.c:__netif_receive_skb_core()
export function __netif_receive_skb_core(k: Kernel, c: Cpu, skb: Skb): void {
  c.processed++;
  takeStep(k, c, STEP.CORE, skb, COSTS.__netif_receive_skb_core.ns);
  takeStep(k, c, STEP.DISPATCH, skb, COSTS.deliver_ptype_list_skb.ns);
  ip_rcv(k, c, skb);
}
