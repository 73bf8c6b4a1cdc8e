/// /proc/net/dev: what each device received and sent since it was made. Columns add up several
/// counters, as dev_seq_printf_stats() in net/core/net-procfs.c does.
import type { Kernel, NetDevice } from '../../kernel/state.ts';
import { dev_get_stats } from '../../kernel/dev_stats.ts';
import type { Line } from '../command.ts';
import { right } from '../marked.ts';
import { row } from '../nodes.ts';

type Column = readonly [name: string, width: number, value: number];

/// The columns of one device, with their widths.
export function netDevColumns(k: Kernel, dev: NetDevice): Column[] {
  const s = dev_get_stats(k, dev);
  return [
    ['rx_bytes', 7, s.rx_bytes],
    ['rx_packets', 7, s.rx_packets],
    ['rx_errors', 4, s.rx_errors],
    ['rx_dropped', 4, s.rx_dropped + s.rx_missed_errors],
    ['rx_fifo_errors', 4, s.rx_fifo_errors],
    [
      'rx_frame_errors',
      5,
      s.rx_length_errors + s.rx_over_errors + s.rx_crc_errors + s.rx_frame_errors,
    ],
    ['rx_compressed', 10, s.rx_compressed],
    ['multicast', 9, s.multicast],
    ['tx_bytes', 8, s.tx_bytes],
    ['tx_packets', 7, s.tx_packets],
    ['tx_errors', 4, s.tx_errors],
    ['tx_dropped', 4, s.tx_dropped],
    ['tx_fifo_errors', 4, s.tx_fifo_errors],
    ['collisions', 5, s.collisions],
    [
      'tx_carrier_errors',
      7,
      s.tx_carrier_errors + s.tx_aborted_errors + s.tx_window_errors + s.tx_heartbeat_errors,
    ],
    ['tx_compressed', 10, s.tx_compressed],
  ];
}

export function netDev(k: Kernel): Line[] {
  return [
    row('Inter-|   Receive                                                |  Transmit'),
    row(
      ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed',
    ),
    ...k.devs.map((dev) =>
      row(
        `${dev.name.padStart(6)}:`,
        ...netDevColumns(k, dev).flatMap(([name, width, value]) => [
          ' ',
          ...right(value, width, `counter:net_dev:${name}@${dev.name}`),
        ]),
      ),
    ),
  ];
}
