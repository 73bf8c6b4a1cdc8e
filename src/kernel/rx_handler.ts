/// The device that a packet's device belongs to takes it, or lets it pass. Stands for the rx_handler call in
/// __netif_receive_skb_core(), net/core/dev.c.
/// Left out: team, Open vSwitch, IPVLAN, MACsec.
import { bondHandleFrame } from './bond.ts';
import { br_handle_frame } from './bridge/br_input.ts';
import { macvlanHandleFrame } from './macvlan.ts';
import { RX_HANDLER_PASS } from './rx_result.ts';
import type { Cpu, Kernel, NetDevice, Skb } from './state.ts';

/// Called only for devices with bit 32 in rx_hooks.
export function rxHandler(k: Kernel, c: Cpu, dev: NetDevice, skb: Skb): number {
  const { master, macvlans } = dev.links;
  if (macvlans.length > 0) return macvlanHandleFrame(k, c, dev, skb);
  const owner = k.devs[master];
  if (owner?.links.bridge) return br_handle_frame(k, c, owner, dev, skb);
  if (owner?.links.bond) return bondHandleFrame(k, c, owner, dev, skb);
  return RX_HANDLER_PASS;
}
