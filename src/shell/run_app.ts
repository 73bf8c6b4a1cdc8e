/// Programs that hold a socket until they are killed: task and socket live as long as the command.
import { endApp, spawn, type Application } from '../kernel/apps.ts';
import { strerror } from '../kernel/errno.ts';
import type { Io, Running } from './command.ts';
import { pass } from './commands/sleep.ts';
import { inherited } from './inherited.ts';
import { jobPid } from './job_pid.ts';

/// Starts one for whoever typed the line: the pid of its task, or why it cannot have its socket.
export function startApp(io: Io, app: Omit<Application, 'uid' | 'pid'>): number | string {
  const task = spawn(io.k, { ...app, uid: io.uid, pid: jobPid(io), ...inherited(io) });
  return typeof task === 'string' ? strerror(task) : io.k.tasks[task]!.pid;
}

/// Prints the greeting and waits until the command is killed; the program ends with it.
export function* untilKilled(io: Io, pid: number, greeting = ''): Running {
  try {
    if (greeting !== '') yield* io.out.write(greeting);
    yield* pass(Infinity);
  } finally {
    endApp(io.k, pid);
  }
  return 0;
}
