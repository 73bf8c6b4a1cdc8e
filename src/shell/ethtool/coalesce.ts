/// ethtool -c, -C and -Q: interrupt moderation, of a device and of single queues.
import { driverOf } from '../../hardware/driver.ts';
import { ethtool_set_coalesce } from '../../kernel/ethtool_ops_coalesce.ts';
import type { NetDevice } from '../../kernel/state.ts';
import type { Running } from '../command.ts';
import {
  badArguments,
  conclude,
  deviceOf,
  deviceToChange,
  deviceToRead,
  ioctlError,
  notSupported,
  unexpected,
  type Call,
} from './call.ts';
import { parseParameters, type Kind } from './parameters.ts';
import { printRows, title, type Row } from './rows.ts';

/// Labels of the report by the option's own words, in order; '' leaves a line empty. The report
/// says rx-frame-low where the option is rx-frames-low.
const LABELS = [
  ...['stats-block-usecs:\t', 'sample-interval:\t', 'pkt-rate-low:\t\t', 'pkt-rate-high:\t\t', ''],
  ...['rx-usecs:\t', 'rx-frames:\t', 'rx-usecs-irq:\t', 'rx-frames-irq:\t', ''],
  ...['tx-usecs:\t', 'tx-frames:\t', 'tx-usecs-irq:\t', 'tx-frames-irq:\t', ''],
  ...['rx-usecs-low:\t', 'rx-frame-low:\t', 'tx-usecs-low:\t', 'tx-frame-low:\t', ''],
  ...['rx-usecs-high:\t', 'rx-frame-high:\t', 'tx-usecs-high:\t', 'tx-frame-high:\t', ''],
];
const AGGREGATION = [
  ...['tx-aggr-max-bytes:\t', 'tx-aggr-max-frames:\t', 'tx-aggr-time-usecs:\t', ''],
];

/// What `ethtool -c` shows; null where the driver has no moderation to show.
export function coalesceRows(dev: NetDevice): Row[] | null {
  const rules = driverOf(dev).coalesce;
  if (!rules || rules.lacking) return null;
  const now = rules.show(dev);
  const row = (label: string, key: string, nl = true): Row => ({
    label,
    key,
    value: now[key.replace('-frame-', '-frames-')] ?? null,
    ref: `tunable:ethtool:coalesce:${key}@${dev.name}`,
    nl,
  });
  const line = (label: string): Row => (label ? row(label, label.trim().slice(0, -1)) : title(''));
  return [
    row('Adaptive RX: ', 'adaptive-rx', false),
    row('  TX: ', 'adaptive-tx'),
    ...LABELS.map(line),
    row('CQE mode RX: ', 'cqe-mode-rx', false),
    row('  TX: ', 'cqe-mode-tx'),
    title(''),
    ...AGGREGATION.map(line),
  ];
}

export function* showCoalesce(call: Call): Running {
  if (call.args.length) return yield* unexpected(call);
  const dev = yield* deviceToRead(call);
  if (!dev) return 1;
  const rows = coalesceRows(dev);
  if (!rows) return yield* notSupported(call);
  yield* printRows(call, `Coalesce parameters for ${dev.name}:`, rows);
  return 0;
}

const NUMBERS = [
  ...['sample-interval', 'stats-block-usecs', 'pkt-rate-low', 'pkt-rate-high'],
  ...['', '-irq', '-low', '-high'].flatMap((suffix) =>
    ['rx-usecs', 'rx-frames', 'tx-usecs', 'tx-frames'].map((name) => name + suffix),
  ),
  ...['tx-aggr-max-bytes', 'tx-aggr-max-frames', 'tx-aggr-time-usecs'],
];
const SWITCHES = ['adaptive-rx', 'adaptive-tx', 'cqe-mode-rx', 'cqe-mode-tx'];
const KINDS: Readonly<Record<string, Kind>> = Object.fromEntries<Kind>([
  ...NUMBERS.map((name) => [name, 'u32'] as const),
  ...SWITCHES.map((name) => [name, 'onoff'] as const),
]);

export function* setCoalesce(call: Call): Running {
  const values = yield* parseParameters(call, '-C', KINDS);
  if (!values) return 1;
  const dev = yield* deviceToChange(call);
  if (!dev) return 1;
  const asked = Object.fromEntries(values) as Record<string, number | boolean>;
  const result = ethtool_set_coalesce(call.io.k, dev, asked);
  return yield* conclude(call, result, 1, [...values.keys()]);
}

const FAULT = 242; // the tool returns -EFAULT
const MOST_DIGITS = 1024; // of a mask of 4096 queues

/// ethtool -Q DEV [queue_mask MASK] -c | -C ...: the settings of single queues, by ioctl. igb has no
/// such call; virtio_net shows the same numbers for each queue, and can change none of them.
export function* perQueue(call: Call): Running {
  const { io, args } = call;
  const dev = deviceOf(call);
  const masked = args[0] === 'queue_mask';
  if (!args.length || (masked && args.length < 3)) return yield* badArguments(io);
  const sub = args[masked ? 2 : 0];
  const show = sub === '-c' || sub === '--show-coalesce';
  if (!show && sub !== '-C' && sub !== '--coalesce') return yield* badArguments(io);
  const queues = queuesOf(masked ? args[1]! : '', dev?.rx.length ?? 0);
  if (!queues) {
    yield* io.out.line('Invalid queue mask');
    return 255;
  }
  if (!masked && !(dev && driverOf(dev).channels)) {
    yield* ioctlError(io, 'Cannot get number of queues', dev ? 'EOPNOTSUPP' : 'ENODEV');
    return FAULT;
  }
  if (!masked)
    yield* io.out.line(`The sub commands will be applied to all ${queues.length} queues`);
  if (!dev || dev.driver !== 'virtio_net') {
    const errno = dev ? 'EOPNOTSUPP' : 'ENODEV';
    yield* ioctlError(io, 'Cannot get device per queue parameters', errno);
    yield* ioctlError(io, 'Cannot get device per queue parameters', errno);
    return FAULT;
  }
  if (!show) {
    yield* ioctlError(
      io,
      'Cannot set device per queue parameters',
      io.uid === 0 ? 'EOPNOTSUPP' : 'EPERM',
    );
    return 0;
  }
  for (const queue of queues) yield* showQueue(call, dev, queue);
  return 0;
}

function* showQueue(call: Call, dev: NetDevice, queue: number): Running<void> {
  const now = driverOf(dev).coalesce!.show(dev);
  const shown = (name: string): string => String(now[name] ?? 0);
  yield* call.io.out.line(`Queue: ${queue}`);
  yield* call.io.out.line('Adaptive RX: off  TX: off');
  for (const label of LABELS) {
    const name = label.trim().slice(0, -1).replace('-frame-', '-frames-');
    yield* call.io.out.line(name ? `${name}: ${shown(name)}` : '');
  }
}

/// Queue numbers of a hexadecimal mask; all of them without one; null for a mask that is none.
function queuesOf(mask: string, all: number): number[] | null {
  if (!mask) return Array.from({ length: all }, (_, queue) => queue);
  const digits = /^(?:0x)?([0-9a-f]+)$/i.exec(mask)?.[1];
  if (digits === undefined || digits.length > MOST_DIGITS) return null;
  const queues: number[] = [];
  for (let bits = BigInt(`0x${digits}`), queue = 0; bits; bits >>= 1n, queue++)
    if (bits & 1n) queues.push(queue);
  return queues;
}
