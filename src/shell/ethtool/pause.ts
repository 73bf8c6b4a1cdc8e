/// ethtool -a and -A, and the flags that only one driver has.
import { driverOf } from '../../hardware/driver.ts';
import { hwCounter } from '../../hardware/link_stats.ts';
import { ethnl_set_privflags, ethtool_set_pauseparam } from '../../kernel/ethtool_ops.ts';
import type { NetDevice } from '../../kernel/state.ts';
import type { Running } from '../command.ts';
import { jsonText, type Json } from '../json_writer.ts';
import {
  aligned,
  afterHeader,
  conclude,
  deviceToChange,
  deviceToRead,
  netlinkError,
  notModelled,
  notSupported,
  unexpected,
  type Call,
} from './call.ts';
import { parseParameters } from './parameters.ts';
import { number, printRows, title, word, type Row } from './rows.ts';

export function* showPause(call: Call): Running {
  if (call.args.length) return yield* notModelled(call.io, `-a DEV ${call.args.join(' ')}`);
  const dev = yield* deviceToRead(call);
  if (!dev) return 1;
  if (!driverOf(dev).pause) return yield* notSupported(call);
  if (call.json) {
    yield* call.io.out.write(jsonText([pauseJson(call, dev)], true) + '\n');
    return 0;
  }
  const ref = (name: string): string => `tunable:ethtool:pause:${name}@${dev.name}`;
  const both = negotiated(dev);
  yield* printRows(call, `Pause parameters for ${dev.name}:`, [
    word('Autonegotiate:\t', 'autonegotiate', dev.pause.autoneg, ref('autoneg')),
    word('RX:\t\t', 'rx', dev.pause.rx, ref('rx')),
    word('TX:\t\t', 'tx', dev.pause.tx, ref('tx')),
    ...(both
      ? [word('RX negotiated: ', 'rx', both.rx), word('TX negotiated: ', 'tx', both.tx)]
      : []),
    ...(call.stats ? statisticsRows(dev) : []),
  ]);
  yield* call.io.out.line('');
  return 0;
}

/// What negotiation came to: shown where the driver tells what the other end advertises.
function negotiated(dev: NetDevice): { readonly rx: boolean; readonly tx: boolean } | null {
  const { link } = driverOf(dev);
  if (!link?.partner || !dev.pause.autoneg || !dev.autoneg || !dev.carrier) return null;
  const on = link.partner.pause === 'Symmetric';
  return { rx: on, tx: on };
}

/// Pause frames of both kinds, sent and received: get_pause_stats() of the drivers that have it.
function pauseStatistics(dev: NetDevice): Record<string, number> {
  if (!driverOf(dev).pause?.counts) return {};
  const sum = (side: string): number =>
    hwCounter(dev, `${side}_flow_control_xon`) + hwCounter(dev, `${side}_flow_control_xoff`);
  return { tx_pause_frames: sum('tx'), rx_pause_frames: sum('rx') };
}

function statisticsRows(dev: NetDevice): Row[] {
  const frames = Object.entries(pauseStatistics(dev));
  if (frames.length === 0) return [];
  return [
    title('Statistics:'),
    ...frames.map(([name, count]) => number(`  ${name}: `, name, count)),
  ];
}

function pauseJson(call: Call, dev: NetDevice): Json {
  const { autoneg, rx, tx } = dev.pause;
  const both = negotiated(dev);
  return {
    ...{ ifname: dev.name, autonegotiate: autoneg, rx, tx },
    ...(both ? { negotiated: { ...both } } : {}),
    ...(call.stats ? { statistics: pauseStatistics(dev) } : {}),
  };
}

const REFUSED = 76;

export function* setPause(call: Call): Running {
  const kinds = { autoneg: 'onoff', rx: 'onoff', tx: 'onoff' } as const;
  const values = yield* parseParameters(call, '-A', kinds);
  if (!values) return 1;
  const dev = yield* deviceToChange(call);
  if (!dev) return REFUSED;
  const result = ethtool_set_pauseparam(call.io.k, dev, Object.fromEntries(values));
  return yield* conclude(call, result, REFUSED, [...values.keys()]);
}

export function* showPrivateFlags(call: Call): Running {
  if (call.args.length) return yield* unexpected(call);
  const dev = yield* deviceToRead(call);
  if (!dev) return 1;
  const names = driverOf(dev).privFlags;
  if (!names) return yield* notSupported(call);
  const width = Math.max(...names.map((name) => name.length));
  yield* call.io.out.line(`Private flags for ${dev.name}:`);
  for (const name of names)
    yield* call.io.out.line(`${name.padEnd(width)}: ${dev.priv_flags[name] ? 'on' : 'off'}`);
  return 0;
}

export function* setPrivateFlags(call: Call): Running {
  const { args, io } = call;
  const asked: Record<string, boolean> = {};
  for (let i = 0; i < args.length; i += 2) {
    const state = args[i + 1];
    if (state !== 'on' && state !== 'off') {
      const at = state === undefined ? args[i] : state;
      yield* io.err.line(
        `ethtool (--set-priv-flags): flag '${at}' for parameter '(null)' is not followed by 'on' or 'off'`,
      );
      return 1;
    }
    asked[args[i]!] = state === 'on';
  }
  const dev = yield* deviceToChange(call);
  if (!dev) return 1;
  const result = ethnl_set_privflags(io.k, dev, asked);
  if (result.ok || !('attr' in result)) return yield* conclude(call, result, 1);
  let offset = afterHeader(call.devname) + 4 + 4 + 4;
  for (const [name, on] of Object.entries(asked)) {
    if (name === result.attr) break;
    offset += 4 + aligned(4 + name.length + 1) + (on ? 4 : 0);
  }
  const extack = `${result.extack} (offset ${offset})`;
  yield* netlinkError(call, { ok: false, errno: result.errno, extack });
  return 1;
}
