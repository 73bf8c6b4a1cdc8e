/// The contract between the evaluator and the commands. A command is one object: name, summary,
/// usage, run. It reads the host freely and changes it only by calling a kernel function, as the
/// real tool does through its system call.
import type { ErrnoName } from '../kernel/errno.ts';
import type { Kernel } from '../kernel/state.ts';
import type { Session } from './session.ts';

/// A number in an output that knows what it is, so that a reader can hover it: `ref` is the id of
/// an entry in the counter or tunable registry.
export interface Mark {
  readonly start: number; // column in the line, UTF-16 units
  readonly end: number;
  readonly ref: string; // 'counter:rx_missed_errors@eth0' or 'tunable:net.core.netdev_budget'
}

/// One line of text on its way through pipes. `text` has no newline; `nl` says whether one follows.
export interface Line {
  readonly text: string;
  readonly nl: boolean;
  readonly marks?: readonly Mark[];
}

/// What a running command waits for; the driver of the session resumes it afterwards.
export type Wait =
  | { readonly kind: 'sleep'; readonly ns: number; readonly early?: boolean } // virtual time must pass;
  // `early`: resumed before that too, whenever another task has moved something
  | { readonly kind: 'pipe' } // input empty or output full: let the other stages run
  | { readonly kind: 'input' } // reads the terminal: wait for a typed line
  | { readonly kind: 'breath' }; // worked long enough: let the page live, check for Ctrl-C

export type Running<T = number> = Generator<Wait, T, void>;

/// Thrown into a running command by Ctrl-C (status 130) or by writing to a closed pipe (141).
export class Killed extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`killed with status ${status}`);
    this.status = status;
  }
}

export interface Input {
  /// The next line, or null at end of file.
  line(): Running<Line | null>;
  /// Everything that is left, as one text.
  all(): Running<string>;
  /// Bytes of the file, where it is a regular file and not a pipe or the terminal.
  readonly size?: number;
}

export interface Output {
  /// Writes text that may hold several lines or none. Yields when the pipe is full.
  write(text: string): Running<void>;
  /// Writes one line, newline added, keeping its marks.
  line(text: string, marks?: readonly Mark[]): Running<void>;
  /// Passes a line on as it came.
  pass(line: Line): Running<void>;
}

/// What a command sees while it runs.
export interface Io {
  readonly k: Kernel; // the host; always current, also after a sleep
  readonly session: Session;
  readonly argv: readonly string[]; // argv[0] is the name it was called by
  readonly env: ReadonlyMap<string, string>; // exported variables
  readonly uid: number; // effective user: 0 root, 1000 alice; sudo changes it
  readonly in: Input;
  readonly out: Output;
  readonly err: Output;
  readonly columns: number | null; // width of the terminal that standard output is; null: a pipe or file
  /// Runs another command with these words, as execvp(3) would: no functions, no aliases. Gives its
  /// exit status, or the errno when there is no such command or it may not be executed.
  exec(argv: readonly string[], change?: ExecChange): Running<number | ErrnoName>;
}

/// What is different for a command started by another (sudo, env, xargs, watch).
export interface ExecChange {
  readonly uid?: number;
  readonly affinity?: readonly number[]; // CPU mask, words
  readonly nice?: number;
  readonly env?: ReadonlyMap<string, string>; // the whole environment
  readonly in?: Input;
  readonly out?: Output;
  readonly err?: Output;
}

export interface Command {
  readonly name: string;
  readonly summary: string; // one line, for `help`
  readonly usage: string;
  /// Runs to its end and returns the exit status.
  run(io: Io): Running;
  /// Words that may follow, for tab completion.
  complete?(k: Kernel, words: readonly string[]): readonly string[];
}
