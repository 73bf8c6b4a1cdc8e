/// VLAN devices: a tagged packet goes to the device with its VLAN id. Stands for vlan_do_receive() in
/// net/8021q/vlan_core.c, and for what a NIC does about tags before it.
/// A merged packet counts as one, as in the kernel.
/// Left out: 802.1ad, GVRP, MVRP, MAC addresses of its own, VLAN-aware bridges.
import { COSTS } from './costs.ts';
import { pathAt } from './driver_table.ts';
import { kfree_skb_reason } from './ledger.ts';
import type { VlanDevice } from './links.ts';
import { REASON } from './reasons.ts';
import { RX_HANDLER_ANOTHER, RX_HANDLER_CONSUMED, RX_HANDLER_PASS } from './rx_result.ts';
import { FLAG_MULTICAST, FLAG_VLAN } from './skb.ts';
import type { Cpu, Kernel, NetDevice, Skb } from './state.ts';
import { STEP, takeStep } from './tracing.ts';

export const VLAN_VID_MASK = 0xfff;
const VLAN_PRIO_SHIFT = 13;
const ETH_HLEN = 14;

/// Whether the NIC lets a tagged frame in: with its filter on only those of VLANs in use on it (its VFTA or the like), and
/// those that carry a priority only. Promiscuous mode, which ends all filters, is looked at before.
export function passesVlanFilter(k: Kernel, dev: NetDevice, tci: number): boolean {
  if (dev.features['rx-vlan-filter'] !== true) return true;
  if (dev.path >= 0 && pathAt(dev.path).filtersVlans?.(dev) === false) return true;
  const id = tci & VLAN_VID_MASK;
  return id === 0 || vlanInUse(k, dev, id);
}

/// Whether the VLAN is in the device's filter: it has a device on it, or on the bond that it belongs to.
/// net/8021q/vlan_core.c:vlan_vid_add(), and vlan_vids_add_by_dev() for a bond
function vlanInUse(k: Kernel, dev: NetDevice, id: number): boolean {
  if (vlanDeviceOf(k, dev, id) !== undefined) return true;
  const master = k.devs[dev.links.master];
  return master?.links.kind === 'bond' && vlanDeviceOf(k, master, id) !== undefined;
}

/// The VLAN device of that id on a device.
export function vlanDeviceOf(k: Kernel, dev: NetDevice, id: number): NetDevice | undefined {
  for (const index of dev.links.vlans)
    if (k.devs[index]!.links.vlan?.id === id) return k.devs[index];
  return undefined;
}

/// Takes the tag out of the packet where the NIC has left it in. net/core/skbuff.c:skb_vlan_untag()
export function skb_vlan_untag(c: Cpu, dev: NetDevice): void {
  if (dev.features['rx-vlan-offload'] === false) c.cursor_ns += COSTS.skb_vlan_untag.ns;
}

/// Hands a tagged packet to its VLAN device, without the tag. PASS: there is no such device.
export function vlan_do_receive(k: Kernel, c: Cpu, dev: NetDevice, skb: Skb): number {
  const tci = k.skbs.vlan_tci[skb]!;
  const upper = vlanDeviceOf(k, dev, tci & VLAN_VID_MASK);
  if (!upper) return RX_HANDLER_PASS;
  takeStep(k, c, STEP.RX_HANDLER, skb, COSTS.vlan_do_receive.ns);
  if (!upper.up) {
    kfree_skb_reason(k, c, skb, REASON.NOT_SPECIFIED, STEP.RX_HANDLER);
    return RX_HANDLER_CONSUMED;
  }
  k.skbs.dev[skb] = k.devs.indexOf(upper);
  k.skbs.flags[skb] = k.skbs.flags[skb]! & ~FLAG_VLAN;
  upper.hw.rx_packets++;
  upper.hw.rx_bytes += k.skbs.len[skb]! - ETH_HLEN;
  if (k.skbs.flags[skb] & FLAG_MULTICAST) upper.hw.rx_multicast++;
  return RX_HANDLER_ANOTHER;
}

/// The tag of what is sent by a VLAN device.
export function egressTag(vlan: VlanDevice, priority: number): number {
  return vlan.id | ((vlan.egress[String(priority)] ?? 0) << VLAN_PRIO_SHIFT);
}
