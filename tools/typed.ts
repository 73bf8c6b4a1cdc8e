/// Types a line on a host and waits, in virtual time, until the command has ended: for tools that
/// want an answer rather than a terminal.
import type { Kernel } from '../src/kernel/state.ts';
import { advance } from '../src/kernel/run.ts';
import { shell } from '../src/player/open_run.ts';
import {
  drive,
  interrupt,
  isBusy,
  openTty,
  typeLine,
  wake,
  type Print,
  type Tty,
} from '../src/player/tty.ts';
import type { Session } from '../src/shell/session.ts';

export interface Answer {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number;
}

export interface Patience {
  readonly columns: number | null; // width of the terminal that standard output is; null: a pipe
  readonly limit_ns: number; // Ctrl-C after this much virtual time
  readonly breaths?: number; // and after so many pauses in which no virtual time passed
  readonly leaves?: boolean; // return when the line has ended: jobs go on when the next line is typed
}

/// The command's whole output and its exit status. A command that reads the terminal finds it closed.
/// Jobs that it leaves in the background may go on until the limit, but nobody waits for them longer.
export function typed(
  host: { k: Kernel },
  session: Session,
  line: string,
  patience: Patience,
): Answer {
  const tty = { ...openTty(session, shell), columns: patience.columns };
  const text = { out: '', err: '' };
  const print: Print = (_entry, _index, chunk) => {
    text[chunk.stream] += chunk.text + (chunk.nl ? '\n' : '');
  };
  const end_ns = host.k.now + patience.limit_ns;
  typeLine(tty, host, 0, line, print);
  const tired = (): boolean =>
    host.k.now >= end_ns || (tty.job?.restless ?? 0) >= (patience.breaths ?? Infinity);
  const left = (): boolean => patience.leaves === true && (tty.job?.wake_ns ?? -1) >= 0;
  while (tty.job && (isBusy(tty) || (!tty.job.reads && !tired() && !left()))) {
    if (isBusy(tty) && (tty.job.reads || tired())) interrupt(tty, host, print);
    else if (!drive(tty, host, print)) sleep(tty, host, end_ns);
  }
  return { stdout: text.out, stderr: text.err, status: session.status };
}

function sleep(tty: Tty, host: { k: Kernel }, end_ns: number): void {
  const until = Math.min(tty.job?.wake_ns ?? end_ns, end_ns);
  advance(host.k, until);
  wake(tty, until);
}
