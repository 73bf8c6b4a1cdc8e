/// How the link of a device that stands on others follows theirs. Stands for netif_stacked_transfer_operstate()
/// (net/core/dev.c), vlan_device_event() (net/8021q/vlan.c), br_device_event() (net/bridge/br.c) and
/// bond_slave_netdev_event() (drivers/net/bonding/bond_main.c).
/// Left out: delays before a change counts (updelay, downdelay, miimon's period).
import { selectActiveSlave } from './bond.ts';
import { enablePorts } from './bridge/br_port.ts';
import { fib_disable_ip } from './devinet.ts';
import type { Kernel, NetDevice } from './state.ts';

/// A device went up or down, or its link did: those above it follow, and itself where it stands on others.
export function linkChanged(k: Kernel, dev: NetDevice): void {
  settle(k, dev);
  const { vlans, macvlans, master, kind, lower } = dev.links;
  for (const index of vlans) {
    const upper = k.devs[index]!;
    // A VLAN device goes down with the device below it, and does not come up with it.
    if (!dev.up && upper.up) {
      upper.up = false;
      fib_disable_ip(k, upper);
    }
    linkChanged(k, upper);
  }
  for (const index of macvlans) linkChanged(k, k.devs[index]!);
  if (master >= 0) linkChanged(k, k.devs[master]!);
  const peer = kind === 'veth' ? k.devs[lower] : undefined;
  if (peer) peer.carrier = peer.up && dev.up;
}

/// Works out the device's own link.
function settle(k: Kernel, dev: NetDevice): void {
  const { kind, lower } = dev.links;
  const below = k.devs[lower];
  if (kind === 'vlan' || kind === 'macvlan') dev.carrier = dev.up && below?.carrier === true;
  else if (kind === 'veth') dev.carrier = dev.up && below?.up === true;
  else if (kind === 'bridge') enablePorts(k, dev);
  else if (kind === 'bond') selectActiveSlave(k, dev);
}
