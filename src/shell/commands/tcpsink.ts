/// tcpsink: listens on a TCP port, and accepts what comes and reads it, or never accepts. A helper of the
/// recorded hosts, so that a full accept queue can be shown; it runs until it is killed. An ADDRESS of IPv6 is
/// ours: :: takes IPv4 too, unless v6only follows it.
import { bindAddress } from '../bind_address.ts';
import type { Command, Io, Running } from '../command.ts';
import { startApp, untilKilled } from '../run_app.ts';

const usage = 'tcpsink PORT BACKLOG [accept|noaccept] [ADDRESS [v6only]]';

function* run(io: Io): Running {
  const [port = '', backlog = '', mode = 'accept', address = '0.0.0.0', ...rest] = io.argv.slice(1);
  const bound = bindAddress(io.k, address);
  const known = /^\d+$/.test(port) && /^-?\d+$/.test(backlog) && Number(port) <= 65535;
  const only = rest.length === 1 && rest[0] === 'v6only' && address.includes(':');
  const modes = ['accept', 'noaccept'];
  if (!known || !modes.includes(mode) || (rest.length > 0 && !only) || port === '0' || !bound) {
    yield* io.err.line(`usage: ${usage}`);
    return 2;
  }
  if (typeof bound === 'string') return yield* refused(io, bound);
  const pid = startApp(io, {
    ...bound,
    ...(only && { v6only: true }),
    comm: 'tcpsink',
    cpu: -1,
    proto: 'tcp',
    port: Number(port),
    backlog: Number(backlog),
    reads: mode === 'accept',
    service_ns: 0,
  });
  if (typeof pid === 'number') return yield* untilKilled(io, pid);
  return yield* refused(io, pid);
}

function* refused(io: Io, why: string): Running {
  yield* io.err.line(`tcpsink: bind: ${why}`);
  return 1;
}

export const tcpsink: Command = {
  name: 'tcpsink',
  summary: 'listen on a TCP port',
  usage,
  run,
};
