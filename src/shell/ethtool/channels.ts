/// ethtool -l and -L: how many queues a device uses.
import { driverOf } from '../../hardware/driver.ts';
import { ethtool_set_channels, maxCombined } from '../../kernel/ethtool_ops.ts';
import type { Kernel, NetDevice } from '../../kernel/state.ts';
import type { Running } from '../command.ts';
import {
  conclude,
  deviceToChange,
  deviceToRead,
  notSupported,
  unexpected,
  type Call,
} from './call.ts';
import { parseParameters } from './parameters.ts';
import { number, printRows, title, type Row } from './rows.ts';

/// What `ethtool -l` shows; null where the driver has no channels to show.
export function channelRows(k: Kernel, dev: NetDevice): Row[] | null {
  const rules = driverOf(dev).channels;
  if (!rules) return null;
  if (rules.separate) return separateRows(dev);
  const other = rules.other || null;
  const rows = (suffix: string, combined: number): Row[] => [
    number('RX:\t\t', `rx${suffix}`),
    number('TX:\t\t', `tx${suffix}`),
    number('Other:\t\t', `other${suffix}`, other),
    number(
      'Combined:\t',
      `combined${suffix}`,
      combined,
      `tunable:ethtool:channels:combined@${dev.name}`,
    ),
  ];
  return [
    title('Pre-set maximums:'),
    ...rows('-max', maxCombined(k, dev)),
    title('Current hardware settings:'),
    ...rows('', dev.rx.length),
  ];
}

/// Queues of each kind by themselves.
function separateRows(dev: NetDevice): Row[] {
  const rows = (suffix: string, rx: number, tx: number): Row[] => [
    number('RX:\t\t', `rx${suffix}`, rx),
    number('TX:\t\t', `tx${suffix}`, tx),
    number('Other:\t\t', `other${suffix}`),
    number('Combined:\t', `combined${suffix}`),
  ];
  const { made } = dev.links;
  return [
    title('Pre-set maximums:'),
    ...rows('-max', made!.rx, made!.tx),
    title('Current hardware settings:'),
    ...rows('', dev.rx.length, dev.tx.length),
  ];
}

export function* showChannels(call: Call): Running {
  if (call.args.length) return yield* unexpected(call);
  const dev = yield* deviceToRead(call);
  if (!dev) return 1;
  const rows = channelRows(call.io.k, dev);
  if (!rows) return yield* notSupported(call);
  yield* printRows(call, `Channel parameters for ${dev.name}:`, rows);
  return 0;
}

const KINDS = { rx: 'u32', tx: 'u32', other: 'u32', combined: 'u32' } as const;

export function* setChannels(call: Call): Running {
  const values = yield* parseParameters(call, '-L', KINDS);
  if (!values) return 1;
  const dev = yield* deviceToChange(call);
  if (!dev) return 1;
  const result = ethtool_set_channels(call.io.k, dev, Object.fromEntries(values));
  return yield* conclude(call, result, 1, [...values.keys()]);
}
