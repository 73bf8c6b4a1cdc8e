/// One terminal: its descriptors, its scheduler and its running jobs. None of it is plain data, so
/// none of it is in the session; a copy of a session starts with no jobs.
import type { Command, Line, Running } from './command.ts';
import { runSource } from './evaluate.ts';
import type { FileSystem } from './filesystem.ts';
import { reportJobs } from './jobs.ts';
import type { Host, Machine, Process } from './process.ts';
import { drive, makeScheduler, spawn } from './scheduler.ts';
import type { Session } from './session.ts';
import { inputFrom, outputTo } from './stream.ts';
import type { Descriptor } from './stream.ts';
import { runExitTrap } from './traps.ts';

/// Where the shell writes and reads.
export interface Sinks {
  out(line: Line): void;
  err(line: Line): void;
  /// The next typed line without its newline; null: Ctrl-D; undefined: none yet. Without it
  /// standard input is at its end.
  input?(): string | null | undefined;
  readonly columns: number | null; // width of the terminal; null: standard output is a pipe or file
}

/// `box` holds the sinks of the line that runs now; jobs of earlier lines write there too.
export interface SinkBox {
  current: Sinks;
}

export function makeMachine(
  host: Host,
  fs: FileSystem,
  commands: ReadonlyMap<string, Command>,
  box: SinkBox,
): Machine {
  return { host, fs, commands, scheduler: makeScheduler(), jobs: [], terminal: terminal(box) };
}

/// Descriptors 0, 1 and 2 of the terminal. A job keeps them, so they look up the sinks of the day.
function terminal(box: { current: Sinks }): ReadonlyMap<number, Descriptor> {
  const input = inputFrom({
    next() {
      const line = box.current.input ? box.current.input() : null;
      return typeof line === 'string' ? { text: line, nl: true } : line;
    },
    wait: { kind: 'input' },
    terminal: box.current.input !== undefined,
  });
  const width = () => box.current.columns;
  const writer = (put: (line: Line) => void) =>
    outputTo({
      put(line) {
        put(line);
        return true;
      },
      get columns() {
        return width();
      },
    });
  return new Map([
    [0, { in: input }],
    [1, { out: writer((line) => box.current.out(line)) }],
    [2, { out: writer((line) => box.current.err(line)) }],
  ]);
}

function processOn(machine: Machine, session: Session): Process {
  return {
    machine,
    session,
    uid: session.user === 'root' ? 0 : 1000,
    group: 0,
    subshell: 0,
    fds: machine.terminal,
    jobs: machine.jobs,
    source: '',
    pos: 0,
    depth: 0,
    functions: [],
    loops: 0,
    conditions: 0,
    leaving: null,
    frames: [],
    substituted: 0,
    temporary: [],
    from_command: false,
    substitutions: 0,
    evaluating: 0,
    nesting: 0,
    stacked: 0,
    shells: 0,
  };
}

/// Runs one typed line on a machine, with every job beside it. Gives the exit status.
export function* runLine(machine: Machine, session: Session, source: string): Running {
  const p = processOn(machine, session);
  session.lines++;
  if (source.trim() !== '') session.history.push(source);
  const task = spawn(machine.scheduler, line(p, source), 0);
  try {
    yield* drive(
      machine.scheduler,
      () => machine.host.k.now,
      () => task.status !== null,
    );
  } finally {
    machine.scheduler.tasks = machine.scheduler.tasks.filter((other) => other.group !== 0);
  }
  session.status = task.status ?? 130;
  return session.status;
}

/// One line; then the jobs that ended are told, as before a prompt.
function* line(p: Process, source: string): Running {
  yield* runSource(p, source);
  if (p.leaving?.kind === 'exit') {
    yield* runExitTrap(p);
    p.session.exited = true;
  }
  yield* reportJobs(p);
  return p.session.status;
}
