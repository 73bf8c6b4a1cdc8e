/// One terminal on the host: a shell, and the command that runs in it. The run drives the command
/// from pause to pause and decides when virtual time passes. When no line runs, the jobs that lines
/// left in the background are driven in the same way.
import type { Kernel } from '../kernel/state.ts';
import { Killed } from '../shell/command.ts';
import type { Line, Running, Wait } from '../shell/command.ts';
import type { Session, Sinks } from '../shell/shell.ts';
import type { OutputChunk } from './protocol.ts';
import type { ShellProgram } from './shell_program.ts';

export interface Tty {
  readonly shell: ShellProgram | null; // null: this program cannot run lines
  session: Session;
  job: Job | null; // what is driven now
  ahead: { entry: number; line: string }[]; // typed while a line ran
  columns: number | null; // null: standard output is no terminal
}

export interface Job {
  readonly entry: number; // that typed the line
  readonly line: boolean; // a line; else what lines left in the background
  readonly running: Running<number | void>;
  readonly sinks: Sinks;
  readonly answers: string[]; // lines typed for the command to read
  wake_ns: number; // sleeps until then; -1: may run
  reads: boolean; // waits for an answer
  breaths: number; // since it started
  restless: number; // breaths since virtual time last passed
}

/// Where output goes: chunk number `index`, from 1 on, of what the entry `entry` printed.
export type Print = (entry: number, index: number, chunk: OutputChunk) => void;

export type Host = { k: Kernel };

/// Bounds that keep a page alive, whatever is typed.
export const limits = {
  lines: 10_000, // of output, for one command line
  chars: 2_000_000, // of output, for one command line
  restless: 300_000, // breaths (commands, or 256 lines of a filter) while virtual time stands still
};

const END_OF_FILE = '\u0004'; // Ctrl-D

export function openTty(session: Session, shell: ShellProgram | null): Tty {
  return { shell, session, job: null, ahead: [], columns: 80 };
}

/// The shell behind a terminal. Throws in a program that has none.
export function shellOf(tty: Tty): ShellProgram {
  if (!tty.shell) throw new Error('a line was typed, but this program has no shell');
  return tty.shell;
}

/// Whether a typed line is at work.
export function isBusy(tty: Tty): boolean {
  return tty.job !== null && tty.job.line;
}

/// Starts a line, or keeps it until the one that runs has ended.
export function typeLine(tty: Tty, host: Host, entry: number, line: string, print: Print): void {
  if (isBusy(tty)) {
    tty.ahead.push({ entry, line });
    return;
  }
  const answers: string[] = [];
  const output = bounded(entry, print);
  const sinks: Sinks = {
    out: (text) => output('out', text),
    err: (text) => output('err', text),
    input() {
      const typed = answers.shift();
      return typed === END_OF_FILE ? null : typed;
    },
    columns: tty.columns,
  };
  const running = shellOf(tty).run(host, tty.session, line, sinks);
  tty.job = newJob(entry, true, running, sinks, answers);
}

/// A line for the command that reads the terminal.
export function answer(tty: Tty, line: string): void {
  if (!tty.job) return;
  tty.job.answers.push(line);
  tty.job.reads = false;
}

/// Ctrl-C: ends the line that runs and forgets what was typed ahead.
export function interrupt(tty: Tty, host: Host, print: Print): void {
  tty.ahead = [];
  if (isBusy(tty)) step(tty, host, print, (running) => running.throw(new Killed(130)));
}

/// Drives what runs to its next pause. False when nothing does, or it sleeps or reads.
export function drive(tty: Tty, host: Host, print: Print): boolean {
  const { job } = tty;
  if (!job || job.reads || job.wake_ns >= 0) return false;
  if (job.restless < limits.restless) step(tty, host, print, (running) => running.next());
  else {
    const text = 'softnet: stopped: it worked too long without letting time pass';
    job.sinks.err({ text, nl: true });
    step(tty, host, print, (running) => running.throw(new Killed(137)));
  }
  return true;
}

/// Virtual time has passed: who slept until now may run.
export function wake(tty: Tty, now_ns: number): void {
  const { job } = tty;
  if (!job) return;
  job.restless = 0;
  if (job.wake_ns >= 0 && job.wake_ns <= now_ns) job.wake_ns = -1;
}

function newJob(
  entry: number,
  line: boolean,
  running: Running<number | void>,
  sinks: Sinks,
  answers: string[],
): Job {
  return {
    entry,
    line,
    running,
    sinks,
    answers,
    wake_ns: -1,
    reads: false,
    breaths: 0,
    restless: 0,
  };
}

/// Resumes what runs and notes what it waits for; goes on to what is next when it has ended.
function step(
  tty: Tty,
  host: Host,
  print: Print,
  resume: (running: Running<number | void>) => IteratorResult<Wait, number | void>,
): void {
  const { job } = tty;
  if (!job) throw new Error('nothing runs here');
  job.wake_ns = -1;
  const result = resumed(job, resume);
  if (result.done) return next(tty, host, job, print);
  const wait = result.value;
  job.reads = wait.kind === 'input' && job.answers.length === 0;
  if (wait.kind === 'sleep' && wait.ns > 0) {
    job.wake_ns = host.k.now + wait.ns;
    return;
  }
  job.breaths++;
  job.restless++;
}

/// A command that lets the signal through has ended by it.
function resumed(
  job: Job,
  resume: (running: Running<number | void>) => IteratorResult<Wait, number | void>,
): IteratorResult<Wait, number | void> {
  try {
    return resume(job.running);
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
    return { done: true, value: error.status };
  }
}

/// After a line: the next one typed ahead, or the jobs in the background.
function next(tty: Tty, host: Host, ended: Job, print: Print): void {
  tty.job = null;
  const shell = shellOf(tty);
  // The reader left the shell: a new one starts, as at the next login. Files stay.
  if (tty.session.exited)
    tty.session = {
      ...shell.createSession(host.k, tty.session.user, true),
      files: tty.session.files,
    };
  const line = tty.ahead.shift();
  if (line) return typeLine(tty, host, line.entry, line.line, print);
  if (shell.jobsRunning(tty.session) === 0) return;
  const running = shell.background(host, tty.session, ended.sinks);
  tty.job = newJob(ended.entry, false, running, ended.sinks, ended.answers);
}

/// Numbers the chunks of one line, and stops at the limits with a plain word.
function bounded(entry: number, print: Print): (stream: 'out' | 'err', line: Line) => void {
  let index = 1;
  let lines = 0;
  let chars = 0;
  let over = false;
  return (stream, line) => {
    if (over) return;
    lines += line.nl ? 1 : 0;
    chars += line.text.length;
    over = lines > limits.lines || chars > limits.chars;
    if (!over) return print(entry, index++, { stream, ...line });
    const text = `softnet: the output of one command line ends here, after ${lines - 1} lines`;
    print(entry, index++, { stream: 'err', text, nl: true });
  };
}
