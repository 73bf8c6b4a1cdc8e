/// macvlan: frames for another MAC address on the same NIC go to the device that has it. Stands for
/// macvlan_handle_frame() in drivers/net/macvlan.c.
/// A merged packet counts as one.
/// Left out: copies of group frames for the macvlans (the lower device alone gets them), source mode, what
/// macvlans send to each other.
import { COSTS } from './costs.ts';
import { frameDestination } from './hardware_address.ts';
import { kfree_skb_reason } from './ledger.ts';
import { REASON } from './reasons.ts';
import { RX_HANDLER_ANOTHER, RX_HANDLER_CONSUMED, RX_HANDLER_PASS } from './rx_result.ts';
import { FLAG_BROADCAST, FLAG_FOREIGN, FLAG_MULTICAST } from './skb.ts';
import type { Cpu, Kernel, NetDevice, Skb } from './state.ts';
import { STEP, takeStep } from './tracing.ts';

/// A frame that came by the device below.
export function macvlanHandleFrame(k: Kernel, c: Cpu, dev: NetDevice, skb: Skb): number {
  takeStep(k, c, STEP.RX_HANDLER, skb, COSTS.macvlan_handle_frame.ns);
  const flags = k.skbs.flags[skb]!;
  if (flags & (FLAG_BROADCAST | FLAG_MULTICAST)) return RX_HANDLER_PASS;
  const upper = lookUp(k, dev, skb);
  if (upper === undefined) return RX_HANDLER_PASS;
  if (!upper.up) {
    kfree_skb_reason(k, c, skb, REASON.NOT_SPECIFIED, STEP.RX_HANDLER);
    return RX_HANDLER_CONSUMED;
  }
  k.skbs.dev[skb] = k.devs.indexOf(upper);
  k.skbs.flags[skb] = flags & ~FLAG_FOREIGN;
  upper.hw.rx_packets++;
  upper.hw.rx_bytes += k.skbs.len[skb]!;
  return RX_HANDLER_ANOTHER;
}

/// Passthru has the NIC to itself.
function lookUp(k: Kernel, dev: NetDevice, skb: Skb): NetDevice | undefined {
  const uppers = dev.links.macvlans.map((index) => k.devs[index]!);
  const first = uppers[0];
  if (first?.links.macvlan === 'passthru') return first;
  const mac = frameDestination(k, dev, skb);
  return uppers.find((one) => one.mac === mac);
}
