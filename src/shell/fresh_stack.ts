/// Runs the depths of a recursion as another task. Generators inside generators use the stack of
/// the page, which is small; a task starts with an empty one.
import { Killed } from './command.ts';
import type { Running } from './command.ts';
import type { Process } from './process.ts';
import { spawn } from './scheduler.ts';
import { PIPE_WAIT } from './stream.ts';

const LEVELS = 30; // nested commands on one stack

export function* onFreshStack(p: Process, body: () => Running): Running {
  if (p.stacked < LEVELS) return yield* body();
  const stacked = p.stacked;
  const failed: { error?: Error } = {};
  p.stacked = 0;
  const task = spawn(p.machine.scheduler, caught(body, failed), p.group);
  try {
    while (task.status === null) yield PIPE_WAIT;
  } finally {
    if (task.status === null) task.pending ??= new Killed(130);
    p.stacked = stacked;
  }
  if (failed.error) throw failed.error;
  return task.status;
}

/// Errors cross from one stack to the other by hand.
function* caught(body: () => Running, failed: { error?: Error }): Running {
  try {
    return yield* body();
  } catch (error) {
    failed.error = error instanceof Error ? error : new Error(String(error));
    return 1;
  }
}
