/// The shell of the simulated host: bash without a terminal. A line is run as a generator that says
/// what it waits for; whoever drives it lets virtual time pass, hands over typed lines, or throws
/// Killed(130) into it for Ctrl-C.
/// Left out: everything that the files beside this one say they leave out.
import type { Kernel } from '../kernel/state.ts';
import type { Running } from './command.ts';
import { commands } from './commands/index.ts';
import { completions } from './completion.ts';
import type { Completions } from './completion.ts';
import { files } from './files.ts';
import { makeMachine, runLine } from './machine.ts';
import type { SinkBox, Sinks } from './machine.ts';
import type { Host, Machine } from './process.ts';
import { drive } from './scheduler.ts';
import type { Session } from './session.ts';

export type { Host } from './process.ts';
export { newSession as createSession } from './new_session.ts';
export { prompt } from './prompt.ts';
export type { Completions } from './completion.ts';
export type { Sinks } from './machine.ts';
export type { Session } from './session.ts';

/// The machine behind a session: its running jobs live here, not in the session's data.
const machines = new WeakMap<Session, { machine: Machine; box: SinkBox }>();

function machineOf(host: Host, session: Session, sinks: Sinks): Machine {
  const found = machines.get(session);
  if (found && found.machine.host === host) {
    found.box.current = sinks;
    return found.machine;
  }
  const box = { current: sinks };
  const machine = makeMachine(host, files, commands, box);
  machines.set(session, { machine, box });
  return machine;
}

/// Runs one typed line (or several). Gives its exit status, which is also `$?` of the next. Jobs
/// that it started with & may still run afterwards: see `background`.
export function run(host: Host, session: Session, source: string, sinks: Sinks): Running {
  return runLine(machineOf(host, session, sinks), session, source);
}

/// Lets the jobs of a session go on while no line runs; ends when none is left.
export function* background(host: Host, session: Session, sinks: Sinks): Running<void> {
  const { scheduler } = machineOf(host, session, sinks);
  yield* drive(
    scheduler,
    () => host.k.now,
    () => scheduler.tasks.length === 0,
  );
}

/// Jobs that still run. While there are any, a copy of the session is not the whole shell.
export function jobsRunning(session: Session): number {
  return machines.get(session)?.machine.jobs.filter((job) => job.status === null).length ?? 0;
}

/// Words that may stand at the cursor, for the Tab key.
export function complete(k: Kernel, session: Session, line: string, cursor: number): Completions {
  return completions(k, session, files, commands, line, cursor);
}
