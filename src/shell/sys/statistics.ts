/// /sys/class/net/DEV/statistics: the device's totals, a file for each.
/// Stands for the netstat_group of net/core/net-sysfs.c.
import { dev_get_stats } from '../../kernel/dev_stats.ts';
import type { LinkStats } from '../../hardware/nic_driver.ts';
import type { Kernel, NetDevice } from '../../kernel/state.ts';
import { attribute, dir, marked, type DirNode, type Entry } from '../nodes.ts';

export const statisticNames = [
  'collisions',
  'multicast',
  'rx_bytes',
  'rx_compressed',
  'rx_crc_errors',
  'rx_dropped',
  'rx_errors',
  'rx_fifo_errors',
  'rx_frame_errors',
  'rx_length_errors',
  'rx_missed_errors',
  'rx_nohandler',
  'rx_over_errors',
  'rx_packets',
  'tx_aborted_errors',
  'tx_bytes',
  'tx_carrier_errors',
  'tx_compressed',
  'tx_dropped',
  'tx_errors',
  'tx_fifo_errors',
  'tx_heartbeat_errors',
  'tx_packets',
  'tx_window_errors',
] as const satisfies readonly (keyof LinkStats)[];

export function statistics(k: Kernel, dev: NetDevice): DirNode {
  const entries: Record<string, Entry> = {};
  for (const name of statisticNames)
    entries[name] = attribute(() =>
      marked(dev_get_stats(k, dev)[name], `counter:link:${name}@${dev.name}`),
    );
  return dir(entries, 0o755);
}
