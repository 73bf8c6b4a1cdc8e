/// ethtool -a and -A, and the flags that only one driver has.
import { driverOf } from '../../hardware/driver.ts';
import { ethnl_set_privflags, ethtool_set_pauseparam } from '../../kernel/ethtool_ops.ts';
import type { NetDevice } from '../../kernel/state.ts';
import type { Running } from '../command.ts';
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
import { printRows, word, type Row } from './rows.ts';

export function* showPause(call: Call): Running {
  if (call.args.length) return yield* notModelled(call.io, `-a DEV ${call.args.join(' ')}`);
  const dev = yield* deviceToRead(call);
  if (!dev) return 1;
  if (call.json && negotiated(dev).length)
    return yield* notModelled(call.io, '--json -a DEV with a negotiated result');
  if (!driverOf(dev).pause) return yield* notSupported(call);
  const ref = (name: string): string => `tunable:ethtool:pause:${name}@${dev.name}`;
  yield* printRows(call, `Pause parameters for ${dev.name}:`, [
    word('Autonegotiate:\t', 'autonegotiate', dev.pause.autoneg, ref('autoneg')),
    word('RX:\t\t', 'rx', dev.pause.rx, ref('rx')),
    word('TX:\t\t', 'tx', dev.pause.tx, ref('tx')),
    ...(call.json ? [] : negotiated(dev)),
  ]);
  if (!call.json) yield* call.io.out.line('');
  return 0;
}

/// What negotiation came to: shown where the driver tells what the other end advertises.
function negotiated(dev: NetDevice): Row[] {
  const { link } = driverOf(dev);
  if (!link?.partner || !dev.pause.autoneg || !dev.autoneg || !dev.carrier) return [];
  const on = link.partner.pause === 'Symmetric';
  return [word('RX negotiated: ', 'rx', on), word('TX negotiated: ', 'tx', on)];
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
