/// The counters that the drivers e1000e and e1000 share: names of `ethtool -S` in order, and which register each
/// shows. Stands for e1000_gstrings_stats of both drivers.
/// A counter without hardware behind it here stays 0: nothing is sent, and no frame is too short or misaligned.
import type { NetDevice } from '../kernel/state.ts';
import { deviceStatistic, hwCounter } from './link_stats.ts';
import type { LinkStats, Statistic } from './nic_driver.ts';

const SHARED =
  `rx_packets tx_packets rx_bytes tx_bytes rx_broadcast tx_broadcast rx_multicast tx_multicast
rx_errors tx_errors tx_dropped multicast collisions rx_length_errors rx_over_errors rx_crc_errors
rx_frame_errors rx_no_buffer_count rx_missed_errors tx_aborted_errors tx_carrier_errors tx_fifo_errors
tx_heartbeat_errors tx_window_errors tx_abort_late_coll tx_deferred_ok tx_single_coll_ok
tx_multi_coll_ok tx_timeout_count tx_restart_queue rx_long_length_errors rx_short_length_errors
rx_align_errors tx_tcp_seg_good tx_tcp_seg_failed rx_flow_control_xon rx_flow_control_xoff
tx_flow_control_xon tx_flow_control_xoff`.split(/\s+/);

/// Names that show another counter's register.
const SAME_REGISTER: Readonly<Record<string, string>> = {
  multicast: 'rx_multicast',
  tx_abort_late_coll: 'tx_window_errors',
  rx_long_byte_count: 'rx_bytes',
};

/// The lines of `ethtool -S`: the shared ones, then the driver's own. `link` fills what the driver takes from
/// rtnl_link_stats64, by name.
export function e1000Statistics(
  dev: NetDevice,
  own: readonly string[],
  link: Readonly<Partial<LinkStats>>,
): Statistic[] {
  const read = (name: string): number =>
    (link as Readonly<Record<string, number | undefined>>)[name] ??
    hwCounter(dev, SAME_REGISTER[name] ?? name);
  return [...SHARED, ...own].map((name) => deviceStatistic(name, read(name)));
}

/// Errors as both drivers add them up: RLEC is unreliable on some parts, so lengths are summed.
export function errorsOf(
  dev: NetDevice,
): Pick<
  LinkStats,
  | 'rx_errors'
  | 'tx_errors'
  | 'multicast'
  | 'collisions'
  | 'rx_length_errors'
  | 'rx_crc_errors'
  | 'rx_frame_errors'
  | 'rx_missed_errors'
  | 'tx_aborted_errors'
  | 'tx_carrier_errors'
  | 'tx_window_errors'
> {
  const hw = (name: string): number => hwCounter(dev, name);
  const length = hw('rx_short_length_errors') + hw('rx_long_length_errors');
  return {
    rx_errors: hw('rx_crc_errors') + hw('rx_align_errors') + length,
    tx_errors: hw('tx_aborted_errors') + hw('tx_window_errors'),
    multicast: hw('rx_multicast'),
    collisions: hw('collisions'),
    rx_length_errors: length,
    rx_crc_errors: hw('rx_crc_errors'),
    rx_frame_errors: hw('rx_align_errors'),
    rx_missed_errors: hw('rx_missed_errors'),
    tx_aborted_errors: hw('tx_aborted_errors'),
    tx_carrier_errors: hw('tx_carrier_errors'),
    tx_window_errors: hw('tx_window_errors'),
  };
}
