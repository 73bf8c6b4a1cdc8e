/// One call of ethtool: its arguments, the device it names, and the words in which it reports what
/// went wrong. Errors come by two ways, as in the tool: netlink requests and the older ioctl.
import { strerror, type ErrnoName } from '../../kernel/errno.ts';
import type { EthtoolResult } from '../../kernel/ethtool_ops.ts';
import type { NetDevice } from '../../kernel/state.ts';
import type { Io, Running } from '../command.ts';

export interface Call {
  readonly io: Io;
  readonly devname: string; // '' for an option without a device
  readonly args: readonly string[]; // what follows the device
  readonly json: boolean;
  readonly stats: boolean; // -I
}

type Refused = Exclude<EthtoolResult, { ok: true }>;

const NO_DEVICE: Refused = {
  ok: false,
  errno: 'ENODEV',
  extack: 'no device matches name',
  attr: 'header',
};

/// Bytes before the device name attribute: netlink header, generic netlink header, header nest.
const HEADER = 16 + 4 + 4;
const ATTRIBUTE = 8; // a u8 or u32 with its own header

/// The device that a call names, or undefined.
export function deviceOf(call: Call): NetDevice | undefined {
  return call.io.k.devs.find((dev) => dev.name === call.devname);
}

/// Wrong use of the command line: what is wrong, if it can be said, and where help is.
export function* badArguments(io: Io, info?: string): Running {
  yield* io.err.line('ethtool: bad command line argument(s)');
  if (info) yield* io.err.line(info);
  yield* io.err.line('For more information run ethtool -h');
  return 1;
}

export function* unexpected(call: Call): Running {
  yield* call.io.err.line(`ethtool: unexpected parameter '${call.args[0]}'`);
  return 1;
}

/// What a netlink request's refusal looks like. `order` holds the attributes of the request in the
/// order in which they were written, for the offset of the one that the kernel complains about.
export function* netlinkError(
  call: Call,
  refused: Refused,
  order: readonly string[] = [],
): Running<void> {
  const { extack } = refused;
  if (extack !== undefined) {
    const at = 'attr' in refused ? ` (offset ${offsetOf(call.devname, refused.attr, order)})` : '';
    yield* call.io.err.line(`netlink error: ${extack}${at}`);
  }
  yield* call.io.err.line(`netlink error: ${strerror(refused.errno)}`);
}

function offsetOf(devname: string, attr: string, order: readonly string[]): number {
  if (attr === 'header') return HEADER;
  return afterHeader(devname) + ATTRIBUTE * Math.max(0, order.indexOf(attr));
}

/// Bytes of a request up to the end of the header with the device's name.
export function afterHeader(devname: string): number {
  return HEADER + aligned(4 + devname.length + 1);
}

/// Length of a netlink attribute, padded to four bytes.
export function aligned(length: number): number {
  return Math.ceil(length / 4) * 4;
}

export function* ioctlError(io: Io, doing: string, errno: ErrnoName): Running<void> {
  yield* io.err.line(`${doing}: ${strerror(errno)}`);
}

/// The device to read with a netlink request; null when it is not there, which is then said.
export function* deviceToRead(call: Call): Running<NetDevice | null> {
  const dev = deviceOf(call);
  if (dev) return dev;
  yield* netlinkError(call, NO_DEVICE);
  return null;
}

/// The device to change with a netlink request; null when the user may not or it is not there. The
/// kernel asks for the privilege before it looks for the device.
export function* deviceToChange(call: Call): Running<NetDevice | null> {
  if (call.io.uid !== 0) {
    yield* netlinkError(call, { ok: false, errno: 'EPERM' });
    return null;
  }
  return yield* deviceToRead(call);
}

/// The end of a netlink request that may have been refused: its exit status.
export function* conclude(
  call: Call,
  result: EthtoolResult,
  status: number,
  order: readonly string[] = [],
): Running {
  if (result.ok) return 0;
  yield* netlinkError(call, result, order);
  return status;
}

/// A request that the driver has no answer for.
export function* notSupported(call: Call, status = 1): Running {
  yield* netlinkError(call, { ok: false, errno: 'EOPNOTSUPP' });
  return status;
}

/// An option that the real tool has and the model does not.
export function* notModelled(io: Io, what: string): Running {
  yield* io.err.line(`softnet: not modelled here: ethtool ${what}`);
  return 1;
}
