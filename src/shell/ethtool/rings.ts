/// ethtool -g and -G: sizes of the descriptor rings.
import { driverOf } from '../../hardware/driver.ts';
import { ethtool_set_ringparam } from '../../kernel/ethtool_ops.ts';
import type { NetDevice } from '../../kernel/state.ts';
import type { Running } from '../command.ts';
import {
  conclude,
  deviceToChange,
  deviceToRead,
  notSupported,
  unexpected,
  type Call,
} from './call.ts';
import { parseParameters, type Kind } from './parameters.ts';
import { number, printRows, title, word, type Row } from './rows.ts';

/// What `ethtool -g` shows; null where the driver has no rings to show.
export function ringRows(dev: NetDevice): Row[] | null {
  const rules = driverOf(dev).ring;
  if (!rules) return null;
  const ref = (name: string): string => `tunable:ethtool:ring:${name}@${dev.name}`;
  const jumbo = rules.max.jumbo ? ref('rx-jumbo') : '';
  return [
    title('Pre-set maximums:'),
    number('RX:\t\t\t', 'rx-max', rules.max.rx, ref('rx')),
    number('RX Mini:\t\t', 'rx-mini-max'),
    number('RX Jumbo:\t\t', 'rx-jumbo-max', rules.max.jumbo || null, jumbo),
    number('TX:\t\t\t', 'tx-max', rules.max.tx, ref('tx')),
    number('TX push buff len:\t', 'tx-push-buff-len-max'),
    title('Current hardware settings:'),
    number('RX:\t\t\t', 'rx', dev.ring.rx, ref('rx')),
    number('RX Mini:\t\t', 'rx-mini'),
    number('RX Jumbo:\t\t', 'rx-jumbo', rules.max.jumbo ? dev.ring.jumbo : null, jumbo),
    number('TX:\t\t\t', 'tx', dev.ring.tx, ref('tx')),
    number('RX Buf Len:\t\t', 'rx-buf-len'),
    number('CQE Size:\t\t', 'cqe-size'),
    word('TX Push:\t\t', 'tx-push', false),
    word('RX Push:\t\t', 'rx-push', false),
    number('TX push buff len:\t', 'tx-push-buf-len'),
    number('TCP data split:\t\t', 'tcp-data-split'),
  ];
}

export function* showRings(call: Call): Running {
  if (call.args.length) return yield* unexpected(call);
  const dev = yield* deviceToRead(call);
  if (!dev) return 1;
  const rows = ringRows(dev);
  if (!rows) return yield* notSupported(call);
  yield* printRows(call, `Ring parameters for ${dev.name}:`, rows);
  return 0;
}

const KINDS: Readonly<Record<string, Kind>> = {
  ...{ rx: 'u32', 'rx-mini': 'u32', 'rx-jumbo': 'u32', tx: 'u32', 'tx-push-buf-len': 'u32' },
  ...{ 'rx-buf-len': 'u32', 'tcp-data-split': ['auto', 'off', 'on'], 'cqe-size': 'u32' },
  ...{ 'tx-push': 'onoff', 'rx-push': 'onoff' },
};

/// Parameters that net/ethtool/rings.c refuses unless the driver says it has them, in its order.
const UNSUPPORTED: Readonly<Record<string, string>> = {
  'rx-buf-len': 'setting rx buf len not supported',
  'tcp-data-split': 'setting TCP data split is not supported',
  'cqe-size': 'setting cqe size not supported',
  'tx-push': 'setting tx push not supported',
  'rx-push': 'setting rx push not supported',
  'tx-push-buf-len': 'setting tx push buf len is not supported',
};

const REFUSED = 81;

export function* setRings(call: Call): Running {
  const values = yield* parseParameters(call, '-G', KINDS);
  if (!values) return 1;
  const dev = yield* deviceToChange(call);
  if (!dev) return REFUSED;
  const order = [...values.keys()];
  const attr = Object.keys(UNSUPPORTED).find((name) => values.has(name));
  if (attr)
    return yield* conclude(
      call,
      { ok: false, errno: 'EOPNOTSUPP', extack: UNSUPPORTED[attr]!, attr },
      REFUSED,
      order,
    );
  const result = ethtool_set_ringparam(call.io.k, dev, Object.fromEntries(values));
  return yield* conclude(call, result, REFUSED, order);
}
