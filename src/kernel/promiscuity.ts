/// Promiscuous mode of a device. Stands for dev_set_promiscuity() in net/core/dev.c.
/// A VLAN device takes the device below it along, as vlan_dev_change_rx_flags() in net/8021q/vlan_dev.c does.
/// Left out: the audit record, the slaves of a bond.
import { printk } from './printk.ts';
import type { Kernel, NetDevice } from './state.ts';

/// One user more or fewer of promiscuous mode: a user's own setting (ip link set promisc) is one,
/// each capture another, which is `held` and does not show in ip link's flags. Logs the transitions. net/core/dev.c:dev_set_promiscuity()
export function dev_set_promiscuity(k: Kernel, dev: NetDevice, change: 1 | -1, held = false): void {
  if (held) dev.links.promisc_held += change;
  const before = dev.promisc;
  dev.promisc = Math.max(0, dev.promisc + change);
  if (before > 0 !== dev.promisc > 0) {
    const bus = k.desc.nics[k.devs.indexOf(dev) - 1]?.bus_name ?? dev.pci;
    const name = dev.path < 0 ? dev.name : `${dev.driver} ${bus} ${dev.name}`;
    printk(k, `${name}: ${dev.promisc > 0 ? 'entered' : 'left'} promiscuous mode`);
    k.config_version++;
    if (dev.links.kind === 'vlan')
      dev_set_promiscuity(k, k.devs[dev.links.lower]!, dev.promisc > 0 ? 1 : -1, true);
  }
}
