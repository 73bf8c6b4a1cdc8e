/// ethtool -S: the driver's own statistics.
import { driverOf } from '../../hardware/driver.ts';
import type { Running } from '../command.ts';
import { print, value } from '../marked.ts';
import {
  badArguments,
  deviceOf,
  deviceToRead,
  ioctlError,
  notSupported,
  type Call,
} from './call.ts';

const NO_STATISTICS = 94;
const NO_STRINGS = 96;

/// Groups of standard statistics are a netlink request; no driver here fills any.
export function* showStatistics(call: Call): Running {
  const { io, args } = call;
  if (args.length) return yield* showGroups(call);
  if (call.json) {
    yield* io.err.line("ethtool: parameter '--json' can be used only with netlink");
    return 1;
  }
  const dev = deviceOf(call);
  if (!dev) {
    yield* ioctlError(io, 'Cannot get stats strings information', 'ENODEV');
    return NO_STRINGS;
  }
  const driver = driverOf(dev);
  const statistics = driver.statistics(dev);
  if (!statistics) {
    yield* io.err.line('no stats available');
    return NO_STATISTICS;
  }
  yield* io.out.line('NIC statistics:');
  for (const { name, value: count, id, queue } of statistics) {
    const where = queue < 0 ? dev.name : `${dev.name}:${queue}`;
    const ref = `counter:ethtool:${driver.name}:${id}@${where}`;
    yield* print(io.out, `     ${name}: `, value(count, ref));
  }
  return 0;
}

const GROUPS = ['eth-phy', 'eth-mac', 'eth-ctrl', 'rmon'];

function* showGroups(call: Call): Running {
  const { io, args } = call;
  const named = args[0] === '--groups';
  const names = args.slice(1);
  if (!named && args[0] !== '--all-groups') return yield* badArguments(io);
  const odd = named ? names.find((name) => !GROUPS.includes(name)) : names[0];
  if (odd !== undefined || (named && !names.length)) {
    yield* io.err.line(
      odd === undefined || !named
        ? `ethtool (-S): ${odd === undefined ? "no value for parameter '--groups'" : `unknown parameter '${odd}'`}`
        : `ethtool (-S): invalid value '${odd}' for parameter '--groups'`,
    );
    return 1;
  }
  const dev = yield* deviceToRead(call);
  if (!dev) return 1;
  if (!driverOf(dev).statistics(dev)) return yield* notSupported(call);
  if (!call.json) yield* io.out.line(`Standard stats for ${dev.name}:`);
  else
    for (const line of ['[ {', `        "ifname": "${dev.name}"`, '    } ]'])
      yield* io.out.line(line);
  return 0;
}
