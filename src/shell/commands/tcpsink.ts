/// tcpsink: listens on a TCP port, and accepts what comes and reads it, or never accepts. A helper of the
/// recorded hosts, so that a full accept queue can be shown; it runs until it is killed.
import type { Command, Io, Running } from '../command.ts';
import { startApp, untilKilled } from '../run_app.ts';

const usage = 'tcpsink PORT BACKLOG [accept|noaccept]';

function* run(io: Io): Running {
  const [port = '', backlog = '', mode = 'accept', ...rest] = io.argv.slice(1);
  const known = /^\d+$/.test(port) && /^-?\d+$/.test(backlog) && Number(port) <= 65535;
  if (!known || !['accept', 'noaccept'].includes(mode) || rest.length > 0 || port === '0') {
    yield* io.err.line(`usage: ${usage}`);
    return 2;
  }
  const pid = startApp(io, {
    comm: 'tcpsink',
    cpu: -1,
    proto: 'tcp',
    port: Number(port),
    backlog: Number(backlog),
    reads: mode === 'accept',
    service_ns: 0,
  });
  if (typeof pid === 'number') return yield* untilKilled(io, pid);
  yield* io.err.line(`tcpsink: bind: ${pid}`);
  return 1;
}

export const tcpsink: Command = {
  name: 'tcpsink',
  summary: 'listen on a TCP port',
  usage,
  run,
};
