/// ethtool -i, -P, -T, -m, -p and -r: who the driver is, its address, its clocks, and what it
/// refuses. Left out: register and EEPROM dumps and self tests, which most drivers have and the model has not.
import { driverOf } from '../../hardware/driver.ts';
import { resetNic } from '../../kernel/ethtool_ops.ts';
import type { Running } from '../command.ts';
import { clockedDevices } from '../sys/ptp.ts';
import {
  badArguments,
  deviceOf,
  deviceToRead,
  ioctlError,
  notModelled,
  notSupported,
  unexpected,
  type Call,
} from './call.ts';

export function* showDriver(call: Call): Running {
  const { io } = call;
  if (call.args.length) return yield* badArguments(io);
  const dev = deviceOf(call);
  const driver = dev && driverOf(dev);
  if (!dev || !driver?.info) {
    yield* ioctlError(io, 'Cannot get driver information', dev ? 'EOPNOTSUPP' : 'ENODEV');
    return 71;
  }
  const { info } = driver;
  const yes = (has: boolean): string => (has ? 'yes' : 'no');
  for (const line of [
    `driver: ${driver.name}`,
    `version: ${info.version}`,
    `firmware-version: ${info.firmware}`,
    'expansion-rom-version: ',
    `bus-info: ${dev.pci}`,
    `supports-statistics: ${yes(driver.statistics(dev) !== null)}`,
    `supports-test: ${yes(info.test)}`,
    `supports-eeprom-access: ${yes(info.eeprom)}`,
    `supports-register-dump: ${yes(info.registers)}`,
    `supports-priv-flags: ${yes(driver.privFlags !== null)}`,
  ])
    yield* io.out.line(line);
  return 0;
}

export function* showPermanentAddress(call: Call): Running {
  if (call.args.length) return yield* unexpected(call);
  const dev = yield* deviceToRead(call);
  if (!dev) return 1;
  const none = driverOf(dev).info === null;
  yield* call.io.out.line(`Permanent address: ${none ? 'not set' : dev.mac}`);
  return 0;
}

export function* showTimestamping(call: Call): Running {
  if (call.args.length) return yield* notModelled(call.io, `-T DEV ${call.args.join(' ')}`);
  const dev = yield* deviceToRead(call);
  if (!dev) return 1;
  const { capabilities, clock, tx, rx } = driverOf(dev).timestamping;
  const list = (title: string, names: readonly string[]): string[] =>
    names.length ? [`${title}:`, ...names.map((name) => `\t${name}`)] : [`${title}: none`];
  for (const line of [
    `Time stamping parameters for ${dev.name}:`,
    ...list('Capabilities', capabilities),
    `PTP Hardware Clock: ${clock ? clockIndex(call) : 'none'}`,
    ...list('Hardware Transmit Timestamp Modes', tx),
    ...list('Hardware Receive Filter Modes', rx),
  ])
    yield* call.io.out.line(line);
  return 0;
}

/// Clocks are numbered in the order in which the drivers add them.
function clockIndex(call: Call): number {
  return clockedDevices(call.io.k).findIndex((dev) => dev.name === call.devname);
}

/// Requests that no driver here answers: module EEPROM, Energy-Efficient Ethernet on an 82576.
export function* refuse(call: Call): Running {
  const dev = yield* deviceToRead(call);
  if (!dev) return 1;
  return yield* notSupported(call);
}

/// Statistics of tunnels are asked of the kernel's UDP tunnel table, which these drivers have not.
export function* showTunnels(call: Call): Running {
  const dev = yield* deviceToRead(call);
  if (!dev) return 1;
  yield* call.io.err.line('netlink error: device does not report tunnel offload info');
  return yield* notSupported(call);
}

/// Blinks the port's LED for some seconds; the light itself is not to be seen here.
export function* identify(call: Call): Running {
  const { io, args } = call;
  const seconds = args[0] ?? '0';
  if (args.length > 1 || !/^\d{1,9}$/.test(seconds)) return yield* badArguments(io);
  const dev = deviceOf(call);
  const errno =
    io.uid !== 0 ? 'EPERM' : !dev ? 'ENODEV' : driverOf(dev).info?.blinks ? null : 'EOPNOTSUPP';
  if (errno) {
    yield* ioctlError(io, 'Cannot identify NIC', errno);
    return 255;
  }
  // Without a time it blinks until it is interrupted.
  do yield { kind: 'sleep', ns: (Number(seconds) || 1) * 1e9 };
  while (!Number(seconds));
  return 0;
}

export function* renegotiate(call: Call): Running {
  const { io } = call;
  if (call.args.length) return yield* badArguments(io);
  const dev = deviceOf(call);
  const link = dev && driverOf(dev).link;
  const errno = !dev
    ? 'ENODEV'
    : io.uid !== 0
      ? 'EPERM'
      : link?.autoneg
        ? link.renegotiate?.(dev)?.errno
        : 'EOPNOTSUPP';
  if (errno) {
    yield* ioctlError(io, 'Cannot restart autonegotiation', errno);
    return 255;
  }
  resetNic(io.k, dev!);
  return 0;
}

/// An ioctl that some drivers refuse, and that others answer with what the model does not have.
export function ioctlOrNotModelled(
  option: string,
  answered: 'test' | 'eeprom' | 'registers',
  doing: string,
  status: number,
): (call: Call) => Running {
  return function* (call) {
    const { io } = call;
    const dev = deviceOf(call);
    if (dev && driverOf(dev).info?.[answered] && io.uid === 0)
      return yield* notModelled(io, option);
    const errno = !dev ? 'ENODEV' : io.uid !== 0 ? 'EPERM' : 'EOPNOTSUPP';
    yield* ioctlError(io, doing, errno);
    return status;
  };
}
