/// tcpsink: listens on a TCP port, and accepts what comes and reads it, or never accepts. A helper of the
/// recorded hosts, so that a full accept queue can be shown; it runs until it is killed.
import { strerror } from '../../kernel/errno.ts';
import { endApp, spawn } from '../../kernel/apps.ts';
import type { Command, Io, Running } from '../command.ts';
import { inherited } from '../inherited.ts';
import { jobPid } from '../job_pid.ts';
import { pass } from './sleep.ts';

const usage = 'tcpsink PORT BACKLOG [accept|noaccept]';

function* run(io: Io): Running {
  const [port = '', backlog = '', mode = 'accept', ...rest] = io.argv.slice(1);
  const known = /^\d+$/.test(port) && /^-?\d+$/.test(backlog) && Number(port) <= 65535;
  if (!known || !['accept', 'noaccept'].includes(mode) || rest.length > 0 || port === '0') {
    yield* io.err.line(`usage: ${usage}`);
    return 2;
  }
  const task = spawn(io.k, {
    comm: 'tcpsink',
    uid: io.uid,
    cpu: -1,
    ...inherited(io),
    pid: jobPid(io),
    proto: 'tcp',
    port: Number(port),
    backlog: Number(backlog),
    reads: mode === 'accept',
    service_ns: 0,
  });
  if (typeof task === 'string') {
    yield* io.err.line(`tcpsink: bind: ${strerror(task)}`);
    return 1;
  }
  const { pid } = io.k.tasks[task]!;
  try {
    yield* pass(Infinity);
  } finally {
    endApp(io.k, pid);
  }
  return 0;
}

export const tcpsink: Command = {
  name: 'tcpsink',
  summary: 'listen on a TCP port',
  usage,
  run,
};
