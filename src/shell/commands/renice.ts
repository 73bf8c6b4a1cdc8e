/// renice of util-linux 2.41: another nice value for a task of the host. As setpriority(2) does, it changes the
/// one thread that is named.
/// Left out: process groups and users (-g, -u), --relative.
import { strerror } from '../../kernel/errno.ts';
import { setNice } from '../../kernel/sched/task.ts';
import type { Command, Io, Running } from '../command.ts';
import { notModelled } from '../options.ts';
import { taskOf } from './ps.ts';

/// Lowering the value needs root; others only touch their own tasks.
function* change(io: Io, pid: number, wanted: number): Running {
  const task = taskOf(io.k, pid);
  const named = `${pid} (process ID)`;
  if (!task) {
    yield* io.err.line(`renice: failed to get priority for ${named}: ${strerror('ESRCH')}`);
    return 1;
  }
  const old = task.nice;
  const refused =
    io.uid === 0 ? null : io.uid !== task.uid ? 'EPERM' : wanted < old ? 'EACCES' : null;
  if (refused !== null) {
    yield* io.err.line(`renice: failed to set priority for ${named}: ${strerror(refused)}`);
    return 1;
  }
  setNice(task, Math.max(-20, Math.min(19, wanted)));
  io.k.config_version++;
  yield* io.out.line(`${named} old priority ${old}, new priority ${task.nice}`);
  return 0;
}

export const renice: Command = {
  name: 'renice',
  summary: 'change the nice value of a task',
  usage: 'renice [-n] NICE [-p] PID...',
  *run(io) {
    const words = io.argv.slice(1);
    if (words[0] === '-n' || words[0] === '--priority') words.shift();
    const wanted = words.shift() ?? '';
    if (words[0] === '-p' || words[0] === '--pid') words.shift();
    const other = [wanted, ...words].find((word) => /^-\D/.test(word));
    if (other !== undefined) return yield* notModelled(io, other);
    if (wanted === '' || words.length === 0) {
      yield* io.err.write(
        "renice: not enough arguments\nTry 'renice --help' for more information.\n",
      );
      return 1;
    }
    if (!/^-?\d+$/.test(wanted)) {
      yield* io.err.write(
        `renice: invalid priority '${wanted}'\nTry 'renice --help' for more information.\n`,
      );
      return 1;
    }
    let failed = 0;
    for (const pid of words) failed |= yield* change(io, Number(pid), Number(wanted));
    return failed;
  },
};
