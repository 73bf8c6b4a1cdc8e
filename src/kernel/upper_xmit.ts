/// What the host sends by a device that stands on another one, down to the NIC. Stands for vlan_dev_hard_start_xmit()
/// (net/8021q/vlan_dev.c), br_dev_xmit() (net/bridge/br_device.c), bond_start_xmit() (drivers/net/bonding/bond_main.c)
/// and macvlan_start_xmit() (drivers/net/macvlan.c).
/// Left out: what one device on a NIC sends to another on it; what comes out of a veth's other end, unless that
/// belongs to this host's stack: it is counted there and goes no further.
import { bondSlaveFor } from './bond.ts';
import { br_fdb_find_rcu } from './bridge/br_fdb.ts';
import { BR_STATE_FORWARDING } from './bridge/br_port.ts';
import { otherEnd } from './hardware_address.ts';
import type { Kernel, NetDevice } from './state.ts';
import { egressTag } from './vlan.ts';

/// The device that a frame goes to next; null: it ends here. `tag` is set where a VLAN device adds one.
export interface Descent {
  dev: NetDevice | null;
  tag: number; // -1: none added
}

/// One step down, with the counters of the device that sends.
export function descend(
  k: Kernel,
  dev: NetDevice,
  flow: number,
  len: number,
  pieces: number,
): Descent {
  dev.hw.tx_packets = (dev.hw.tx_packets ?? 0) + pieces;
  dev.hw.tx_bytes = (dev.hw.tx_bytes ?? 0) + len;
  const { kind, lower, vlan } = dev.links;
  const at = (index: number): NetDevice | null => k.devs[index] ?? null;
  if (vlan) return { dev: at(lower), tag: egressTag(vlan, 0) };
  if (kind === 'macvlan') return { dev: at(lower), tag: -1 };
  if (kind === 'bond') return { dev: at(bondSlaveFor(k, dev, flow)), tag: -1 };
  if (kind === 'bridge') return { dev: at(bridgePort(k, dev)), tag: -1 };
  if (kind === 'veth') arriveAtPeer(at(lower), len, pieces);
  return { dev: null, tag: -1 };
}

/// The port behind which the machine on the wire was seen; else the first that forwards.
function bridgePort(k: Kernel, dev: NetDevice): number {
  const open = dev.links.ports.filter(
    (port) => k.devs[port]!.links.port?.state === BR_STATE_FORWARDING,
  );
  const known = br_fdb_find_rcu(k, dev.links.bridge!, otherEnd(k, dev));
  return known && open.includes(known.port) ? known.port : (open[0] ?? -1);
}

function arriveAtPeer(peer: NetDevice | null, len: number, pieces: number): void {
  if (!peer?.up) return;
  peer.hw.rx_packets += pieces;
  peer.hw.rx_bytes += len;
}
