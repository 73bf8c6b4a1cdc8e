/// A device's totals. Stands for dev_get_stats() in net/core/dev.c, over the driver's
/// ndo_get_stats64(), plus what the core dropped itself (dev->core_stats).
import { driverOf } from '../hardware/driver.ts';
import type { LinkStats } from '../hardware/nic_driver.ts';
import type { Kernel, NetDevice } from './state.ts';

/// struct rtnl_link_stats64 of a device, by field name: packets, bytes, errors since it was made.
export function dev_get_stats(_k: Kernel, dev: NetDevice): LinkStats {
  const stats = driverOf(dev).linkStats(dev);
  stats.rx_dropped += dev.rx_dropped;
  stats.rx_otherhost_dropped += dev.rx_otherhost_dropped;
  return stats;
}
