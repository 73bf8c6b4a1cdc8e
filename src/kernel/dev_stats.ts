/// A device's totals. Stands for dev_get_stats() in net/core/dev.c, over the driver's
/// ndo_get_stats64(), plus what the core dropped itself (dev->core_stats).
import { driverOf } from '../hardware/driver.ts';
import type { LinkStats } from '../hardware/nic_driver.ts';
import type { Kernel, NetDevice } from './state.ts';

/// struct rtnl_link_stats64 of a device, by field name: packets, bytes, errors since it was made.
export function dev_get_stats(k: Kernel, dev: NetDevice): LinkStats {
  const stats = dev.links.kind === 'bond' ? sumOfSlaves(k, dev) : driverOf(dev).linkStats(dev);
  stats.rx_nohandler += dev.links.rx_nohandler;
  stats.rx_dropped += dev.rx_dropped;
  stats.rx_otherhost_dropped += dev.rx_otherhost_dropped;
  return stats;
}

/// A bond's totals are those of its slaves. drivers/net/bonding/bond_main.c:bond_get_stats()
function sumOfSlaves(k: Kernel, dev: NetDevice): LinkStats {
  const total = driverOf(dev).linkStats(dev);
  for (const key of Object.keys(total) as (keyof LinkStats)[]) total[key] = 0;
  for (const port of dev.links.ports) {
    const part = dev_get_stats(k, k.devs[port]!);
    for (const key of Object.keys(total) as (keyof LinkStats)[]) total[key] += part[key];
  }
  return total;
}
