/// A frame leaves by another port of the bridge. Stands for net/bridge/br_forward.c.
/// Left out: multicast groups to single ports, VLAN filtering, netfilter's hooks.
import type { BridgePort } from '../links.ts';
import { FLAG_GSO, recordedRxQueue } from '../skb.ts';
import type { Cpu, Kernel, NetDevice, Skb } from '../state.ts';
import { tapForwarded } from '../af_packet.ts';
import { forwardFrame } from '../transmit.ts';
import { BR_STATE_FORWARDING } from './br_port.ts';

const ETH_HLEN = 14;
const VLAN_HLEN = 4;

/// To one port. False: it may not be sent there.
export function br_forward(k: Kernel, c: Cpu, from: number, to: number, skb: Skb): boolean {
  const port = k.devs[to]?.links.port;
  if (!port || !should_deliver(k, from, to, port)) return false;
  return push(k, c, k.devs[to]!, skb);
}

/// To every other port that takes what is flooded, the one that joined last first, as the kernel's list of ports has
/// them. False: to none.
export function br_flood(
  k: Kernel,
  c: Cpu,
  master: NetDevice,
  from: number,
  skb: Skb,
  kind: keyof Pick<BridgePort, 'flood' | 'mcast_flood' | 'bcast_flood'>,
): boolean {
  let sent = false;
  for (const to of master.links.ports.toReversed()) {
    const port = k.devs[to]!.links.port!;
    if (!port[kind] || !should_deliver(k, from, to, port)) continue;
    if (push(k, c, k.devs[to]!, skb)) sent = true;
  }
  return sent;
}

function should_deliver(k: Kernel, from: number, to: number, port: BridgePort): boolean {
  const isolated = port.isolated && k.devs[from]!.links.port?.isolated === true;
  return (port.hairpin || from !== to) && port.state === BR_STATE_FORWARDING && !isolated;
}

/// Too long for the port's MTU, beside which a VLAN tag has room: it is not forwarded. br_dev_queue_push_xmit(),
/// is_skb_forwardable()
function push(k: Kernel, c: Cpu, dev: NetDevice, skb: Skb): boolean {
  const gso = (k.skbs.flags[skb]! & FLAG_GSO) !== 0;
  const len = k.skbs.len[skb]!;
  if (!gso && len > dev.mtu + ETH_HLEN + VLAN_HLEN) return false;
  const pieces = gso ? k.skbs.segs[skb]! : 1;
  if (k.packet.nit > 0) tapForwarded(k, c, dev, skb);
  forwardFrame(k, c, dev, k.skbs.flow[skb]!, len, pieces, recordedRxQueue(k.skbs, skb));
  return true;
}
