/// Ethernet addresses of frames. No frame carries them here: they follow from who sends and who is meant.
/// A frame from the wire comes from the machine at its other end and goes to the device that has answered for
/// the IP address, or to the NIC itself where none of ours has it.
/// Left out: several machines on one wire; addresses that a sender makes up.
import { groupMac } from './multicast.ts';
import { peerMac } from './neighbour.ts';
import { PACKET_OUTGOING, type PacketCopy } from './packet_types.ts';
import { FLAG_BROADCAST, FLAG_FOREIGN, FLAG_MULTICAST } from './skb.ts';
import type { Kernel, NetDevice, Skb } from './state.ts';

const BROADCAST = 'ff:ff:ff:ff:ff:ff';

/// The NIC under a device: a VLAN's, a macvlan's, the first port of a bridge or bond, or the device itself.
export function nicBelow(k: Kernel, dev: NetDevice): NetDevice {
  const { lower, ports } = dev.links;
  const next = lower >= 0 && dev.links.kind !== 'veth' ? lower : (ports[0] ?? -1);
  return next < 0 ? dev : nicBelow(k, k.devs[next]!);
}

/// The machine at the other end of the wire of a device.
export function otherEnd(k: Kernel, dev: NetDevice): string {
  const { kind, lower } = dev.links;
  if (kind === 'veth' && lower >= 0) return k.devs[lower]!.mac;
  if (dev.driver === '') return dev.mac;
  return peerMac(k, nicBelow(k, dev));
}

/// The destination of a packet that came in by the NIC under `dev`.
export function destinationMac(k: Kernel, dev: NetDevice, flow: number, flags: number): string {
  const daddr = k.flows.daddr[flow]!;
  if (flags & FLAG_BROADCAST) return BROADCAST;
  if (flags & FLAG_MULTICAST) return groupMac(k, flow);
  if (flags & FLAG_FOREIGN) return foreignMac(k, dev);
  const nic = nicBelow(k, dev);
  const owner = k.devs.find(
    (one) =>
      one.addrs.some((address) => address.slice(0, address.indexOf('/')) === daddr) &&
      nicBelow(k, one) === nic,
  );
  return (owner ?? nic).mac;
}

/// Another station on the wire: the machine at the other end with the last byte turned.
export function foreignMac(k: Kernel, dev: NetDevice): string {
  const peer = otherEnd(k, dev);
  const last = Number.parseInt(peer.slice(-2), 16) ^ 0xff;
  return peer.slice(0, -2) + last.toString(16).padStart(2, '0');
}

/// Source and destination of a frame that a tap has seen.
export function hardwareAddresses(k: Kernel, copy: PacketCopy): { src: string; dst: string } {
  const dev = k.devs[copy.dev]!;
  if (copy.pkt_type === PACKET_OUTGOING) return { src: dev.mac, dst: otherEnd(k, dev) };
  return { src: otherEnd(k, dev), dst: destinationMac(k, dev, copy.flow, copy.flags) };
}

/// The same destination for a packet in hand.
export function frameDestination(k: Kernel, dev: NetDevice, skb: Skb): string {
  return destinationMac(k, dev, k.skbs.flow[skb]!, k.skbs.flags[skb]!);
}
