/// The counters of `ip -s link`, in columns that widen with their numbers.
import type { LinkStats } from '../../hardware/nic_driver.ts';
import { dev_get_stats } from '../../kernel/dev_stats.ts';
import type { Kernel, NetDevice } from '../../kernel/state.ts';
import type { Json } from '../json_writer.ts';
import { right, type Piece } from '../marked.ts';

type Name = keyof LinkStats;
type Column = readonly [heading: string, field: Name | 'carrier_changes' | null];

const WIDTHS = [10, 7, 6, 7, 7, 7, 10, 9];

const RX: readonly Column[] = [
  ['bytes', 'rx_bytes'],
  ['packets', 'rx_packets'],
  ['errors', 'rx_errors'],
  ['dropped', 'rx_dropped'],
  ['missed', 'rx_missed_errors'],
  ['mcast', 'multicast'],
];
const RX_ERRORS: readonly Column[] = [
  ['', null],
  ['length', 'rx_length_errors'],
  ['crc', 'rx_crc_errors'],
  ['frame', 'rx_frame_errors'],
  ['fifo', 'rx_fifo_errors'],
  ['overrun', 'rx_over_errors'],
];
const TX: readonly Column[] = [
  ['bytes', 'tx_bytes'],
  ['packets', 'tx_packets'],
  ['errors', 'tx_errors'],
  ['dropped', 'tx_dropped'],
  ['carrier', 'tx_carrier_errors'],
  ['collsns', 'collisions'],
];
const TX_ERRORS: readonly Column[] = [
  ['', null],
  ['aborted', 'tx_aborted_errors'],
  ['fifo', 'tx_fifo_errors'],
  ['window', 'tx_window_errors'],
  ['heartbt', 'tx_heartbeat_errors'],
  ['transns', 'carrier_changes'],
];

/// Lines under a device: RX and TX, with their errors when asked for twice.
export function statsLines(k: Kernel, dev: NetDevice, level: number): Piece[][] {
  const stats = dev_get_stats(k, dev);
  const of = (field: Column[1]): number =>
    field === null ? 0 : field === 'carrier_changes' ? dev.carrier_changes : stats[field];
  const more = level > 1;
  const otherhost = more && stats.rx_otherhost_dropped > 0;
  const rxErrors: readonly Column[] = otherhost
    ? [...RX_ERRORS, ['otherhost', 'rx_otherhost_dropped']]
    : RX_ERRORS;
  const tables = more ? [RX, rxErrors, TX, TX_ERRORS] : [RX, TX];
  const widths = [...WIDTHS];
  for (const table of tables)
    table.forEach(([, field], i) => {
      widths[i] = Math.max(widths[i]!, String(of(field)).length);
    });
  if (otherhost) widths[6] = WIDTHS[7]!;
  const block = (label: string, table: readonly Column[], tail: string): Piece[][] => [
    [heading(label, table, widths) + tail],
    numbers(dev, table, widths, of),
  ];
  const blank = ' '.repeat(widths[6]! + 1);
  return [
    ...block('RX: ', RX, blank),
    ...(more ? block('RX errors:', rxErrors, '') : []),
    ...block('TX: ', TX, blank),
    ...(more ? block('TX errors:', TX_ERRORS, '') : []),
  ];
}

function heading(label: string, table: readonly Column[], widths: readonly number[]): string {
  const words = table.map(([word], i) => {
    const width = i ? widths[i]! : widths[0]! - label.length;
    return word.padStart(width);
  });
  return `    ${label}${words.join(' ')}`;
}

function numbers(
  dev: NetDevice,
  table: readonly Column[],
  widths: readonly number[],
  of: (field: Column[1]) => number,
): Piece[] {
  const pieces: Piece[] = ['    '];
  table.forEach(([, field], i) => {
    if (field === null) pieces.push(' '.repeat(widths[i]! + 1));
    else pieces.push(...right(of(field), widths[i]!, `counter:link:${field}@${dev.name}`), ' ');
  });
  return pieces;
}

const JSON_NAMES: readonly (readonly [string, readonly Column[]])[] = [
  ['rx', RX],
  ['tx', TX],
];

/// The same as JSON, under ip's keys.
export function statsJson(k: Kernel, dev: NetDevice, level: number): Json {
  const stats = dev_get_stats(k, dev);
  const strip = (field: string): string => field.replace(/^[rt]x_/, '');
  const object: Record<string, Json> = {};
  for (const [side, table] of JSON_NAMES) {
    const fields: Record<string, Json> = {};
    for (const [, field] of table)
      // The tool names rx_over_errors here, although the text says missed.
      if (field === 'rx_missed_errors') fields['over_errors'] = stats.rx_over_errors;
      else if (field && field !== 'carrier_changes') fields[strip(field)] = stats[field];
    if (level > 1)
      for (const [, field] of side === 'rx' ? RX_ERRORS : TX_ERRORS) {
        if (field === 'carrier_changes') fields['carrier_changes'] = dev.carrier_changes;
        else if (field === 'rx_over_errors') fields['missed_errors'] = stats.rx_missed_errors;
        else if (field) fields[strip(field)] = stats[field];
      }
    object[side] = fields;
  }
  return object;
}
