/// Device totals as the drivers add them up: struct rtnl_link_stats64 filled by ndo_get_stats64().
import type { NetDevice } from '../kernel/state.ts';
import type { LinkStats, Statistic } from './nic_driver.ts';

/// All fields zero.
export function noLinkStats(): LinkStats {
  return {
    rx_packets: 0,
    tx_packets: 0,
    rx_bytes: 0,
    tx_bytes: 0,
    rx_errors: 0,
    tx_errors: 0,
    rx_dropped: 0,
    tx_dropped: 0,
    multicast: 0,
    collisions: 0,
    rx_length_errors: 0,
    rx_over_errors: 0,
    rx_crc_errors: 0,
    rx_frame_errors: 0,
    rx_fifo_errors: 0,
    rx_missed_errors: 0,
    tx_aborted_errors: 0,
    tx_carrier_errors: 0,
    tx_fifo_errors: 0,
    tx_heartbeat_errors: 0,
    tx_window_errors: 0,
    rx_compressed: 0,
    tx_compressed: 0,
    rx_nohandler: 0,
    rx_otherhost_dropped: 0,
  };
}

/// The packets and bytes of all queues.
export function queueTotals(dev: NetDevice): LinkStats {
  const totals = noLinkStats();
  for (const queue of dev.rx) {
    totals.rx_packets += queue.packets;
    totals.rx_bytes += queue.bytes;
  }
  for (const queue of dev.tx) {
    totals.tx_packets += queue.packets;
    totals.tx_bytes += queue.bytes;
  }
  return totals;
}

/// A hardware or driver counter of the whole device, by its ethtool -S name.
export function hwCounter(dev: NetDevice, name: string): number {
  return dev.hw[name] ?? 0;
}

/// A line of ethtool -S about the whole device.
export function deviceStatistic(name: string, value: number): Statistic {
  return { name, value, id: name, queue: -1 };
}

/// A line of ethtool -S about one queue: `id` has an N where `queue` stands in the name.
export function queueStatistic(id: string, queue: number, value: number): Statistic {
  return { name: id.replace('N', String(queue)), value, id, queue };
}
