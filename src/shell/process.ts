/// One shell while it runs: the session's data, its open descriptors and where it stands in the
/// source. A subshell is another process on a copy of the session; files are shared.
import type { Kernel } from '../kernel/state.ts';
import type { Command, Wait } from './command.ts';
import type { FileSystem, FsContext } from './filesystem.ts';
import type { Scheduler } from './scheduler.ts';
import type { Session, ArrayVariable } from './session.ts';
import type { Descriptor } from './stream.ts';

/// The host under the shell. `k` may be replaced between two turns.
export interface Host {
  k: Kernel;
}

/// What all processes of one terminal share.
export interface Machine {
  readonly host: Host;
  readonly fs: FileSystem;
  readonly commands: ReadonlyMap<string, Command>;
  readonly scheduler: Scheduler;
  readonly jobs: Job[]; // of the shell that the terminal talks to
  readonly terminal: ReadonlyMap<number, Descriptor>; // its descriptors 0, 1 and 2
}

export interface Job {
  readonly number: number;
  readonly pid: number;
  readonly text: string;
  readonly group: number;
  readonly parent: Session; // the shell that can wait for it
  status: number | null; // null: still running
}

/// Why a list of commands stops early, and how many levels it still has to leave.
interface Leaving {
  readonly kind: 'break' | 'continue' | 'return' | 'exit';
  levels: number;
  readonly status: number;
}

export interface Process {
  readonly machine: Machine;
  readonly session: Session;
  readonly uid: number;
  readonly group: number; // 0: foreground; else the job it belongs to
  readonly subshell: number; // depth of ( ), $( ) and pipes
  readonly jobs: Job[]; // of this shell, and those that a subshell was born with
  fds: ReadonlyMap<number, Descriptor>;
  source: string; // text that `pos` indexes
  pos: number;
  depth: number; // functions, eval and source on the stack
  functions: string[]; // names of the functions that run, innermost last
  loops: number;
  conditions: number; // inside if, while, && and !: `set -e` does not apply
  leaving: Leaving | null;
  frames: Map<string, SavedVariable>[]; // local variables of each running function
  substituted: number; // status of the last $( ), for a command that is only assignments
  temporary: string[]; // files behind <( ), removed when the command ends
  readonly from_command: boolean; // started by `bash -c`
  readonly substitutions: number; // depth of $( ): one + each in the output of `set -x`
  readonly shells: number; // bash started by bash: how deep
  nesting: number; // compound commands, functions, $( ) and eval inside each other
  stacked: number; // levels of `nesting` on the stack of this task
  evaluating: number; // inside eval or a trap: syntax errors say so
}

/// A variable as it was before `local` hid it.
export interface SavedVariable {
  readonly value: string | undefined;
  readonly array: ArrayVariable | undefined;
  readonly exported: boolean;
  readonly integer: boolean;
  readonly readonly: boolean;
}

/// An expansion or assignment failed: the rest of the line is dropped. `exits` is set where a
/// shell that is not interactive ends altogether.
export class Abort extends Error {
  readonly status: number;
  readonly exits: boolean;
  constructor(message: string, status = 1, exits = false) {
    super(message);
    this.status = status;
    this.exits = exits;
  }
}

export const BREATH: Wait = { kind: 'breath' };

export function contextOf(p: Process): FsContext {
  return { k: p.machine.host.k, session: p.session, uid: p.uid };
}

/// The line that the shell is at, counted from 1.
export function lineOf(p: Process): number {
  let line = 1;
  for (let at = p.source.indexOf('\n'); at >= 0 && at < p.pos; at = p.source.indexOf('\n', at + 1))
    line++;
  return line;
}

/// What stands before an error message of the shell: `bash: ` at a prompt, `name: line 3: ` in a script.
export function errorPrefix(p: Process): string {
  return p.session.interactive ? `${p.session.name}: ` : `${p.session.name}: line ${lineOf(p)}: `;
}

/// bash itself has no limit and ends in a crash of the shell; here the stack is the page's.
const NESTING_LIMIT = 400;

/// Goes one level deeper; the caller comes back with `shallower` in a `finally`.
export function deeper(p: Process): void {
  if (p.nesting >= NESTING_LIMIT) {
    const who = p.functions.at(-1);
    throw new Abort(
      `softnet: ${who === undefined ? '' : `${who}: `}commands may be nested ${NESTING_LIMIT} deep here`,
    );
  }
  p.nesting++;
  p.stacked++;
}

export function shallower(p: Process): void {
  p.nesting--;
  p.stacked--;
}

/// A copy of the process for a subshell: nothing it does to variables is seen outside.
export function fork(p: Process, group = p.group): Process {
  return {
    ...p,
    group,
    session: forkSession(p.session),
    subshell: p.subshell + 1,
    leaving: null,
    frames: p.frames.map((frame) => new Map(frame)),
    functions: [...p.functions],
    temporary: [],
    jobs: [...p.jobs],
  };
}

function forkSession(s: Session): Session {
  const arrays: Record<string, ArrayVariable> = {};
  for (const [name, a] of Object.entries(s.arrays)) {
    arrays[name] = { associative: a.associative, items: { ...a.items } };
  }
  return {
    ...s, // files and modes stay shared: they are the host's disk, not the shell's memory
    arrays,
    vars: { ...s.vars },
    exported: [...s.exported],
    readonly_vars: [...s.readonly_vars],
    integer_vars: [...s.integer_vars],
    functions: { ...s.functions },
    aliases: { ...s.aliases },
    options: { ...s.options },
    traps: {},
    positional: [...s.positional],
    history: [...s.history],
  };
}
