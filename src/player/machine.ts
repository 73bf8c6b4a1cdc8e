/// One host that executes a run: it lets virtual time pass and types the entries when they are due,
/// those of the terminal in one shell, those of the knobs and the setup in another, as two people
/// at two terminals. Two machines given the same entries are in the same state at the same time.
/// A command at work is running code, so a machine can be put back (snapshots.ts) only to moments
/// at which no command ran.
import type { Trace } from '../engine/trace.ts';
import { advance } from '../kernel/run.ts';
import type { Kernel } from '../kernel/state.ts';
import type { Session } from '../shell/shell.ts';
import type { Entry } from './protocol.ts';
import type { Scenario } from './scenario.ts';
import type { ShellProgram } from './shell_program.ts';
import { answer, drive, interrupt, isBusy, openTty, shellOf, typeLine, wake } from './tty.ts';
import type { Print, Tty } from './tty.ts';

export interface Machine {
  readonly host: { k: Kernel };
  terminal: Tty;
  scene: Tty; // the knobs' shell
  done: number; // entries of the run that were typed
  readonly trace: Trace | null; // the host's, while this machine drives it
  read: number; // records of the trace that were looked at
}

/// What stops a piece of work early: somebody's patience, asked at every pause.
export type Enough = () => boolean;

/// A host at its boot, with nobody having typed anything.
export function bootMachine(
  shell: ShellProgram,
  scenario: Scenario,
  seed: number,
  trace: Trace | null,
): Machine {
  const k = shell.boot(scenario.host, seed);
  const session = (): Session => shell.createSession(k, 'root', true);
  return machineWith(k, session(), session(), 0, trace, shell);
}

/// A machine around a host and two shells that it may change from now on.
export function machineWith(
  k: Kernel,
  terminal: Session,
  scene: Session,
  done: number,
  trace: Trace | null,
  shell: ShellProgram | null,
): Machine {
  k.trace = trace;
  const read = trace?.count ?? 0;
  return {
    host: { k },
    terminal: openTty(terminal, shell),
    scene: openTty(scene, shell),
    done,
    trace,
    read,
  };
}

/// Whether no command is at work, so that the machine is plain data.
export function isIdle(m: Machine): boolean {
  return m.terminal.job === null && m.scene.job === null;
}

/// Types every entry that is due and drives the commands until each one sleeps, reads or has ended.
/// False when the patience ran out before.
export function settle(
  m: Machine,
  entries: readonly Entry[],
  print: Print,
  enough: Enough,
): boolean {
  for (;;) {
    const typed = typeDue(m, entries, print);
    const scene = drive(m.scene, m.host, print);
    const terminal = drive(m.terminal, m.host, print);
    if (!typed && !scene && !terminal) return true;
    if (enough()) return false;
  }
}

/// The next moment at which an entry or a sleeping command is due; Infinity when none is.
export function nextDue(m: Machine, entries: readonly Entry[]): number {
  return Math.min(
    entries[m.done]?.at_ns ?? Infinity,
    sleepsUntil(m.terminal),
    sleepsUntil(m.scene),
  );
}

/// Lets virtual time pass, to a moment not later than nextDue().
export function pass(m: Machine, until_ns: number): void {
  if (until_ns <= m.host.k.now) return;
  advance(m.host.k, until_ns);
  wake(m.terminal, until_ns);
  wake(m.scene, until_ns);
}

/// Types the next entry if its moment has come. Whether it was typed.
function typeDue(m: Machine, entries: readonly Entry[], print: Print): boolean {
  const entry = entries[m.done];
  if (!entry || entry.at_ns > m.host.k.now) return false;
  const { job } = m.terminal;
  // It was typed in the midst of a command that let no time pass: not before that point.
  if (entry.breaths !== undefined && job && job.breaths < entry.breaths && !job.reads) return false;
  const index = m.done++;
  if (entry.from === 'answer') answer(m.terminal, entry.line);
  else if (entry.line === '\u0003') interrupt(m.terminal, m.host, print);
  else {
    const tty = entry.from === 'terminal' ? m.terminal : m.scene;
    // Chunk 0 is the line itself, as a terminal echoes it: behind its prompt, or typed ahead.
    const echo = (isBusy(tty) ? '' : shellOf(tty).prompt(m.host.k, tty.session)) + entry.line;
    print(index, 0, { stream: 'out', text: echo, nl: true });
    typeLine(tty, m.host, index, entry.line, print);
  }
  return true;
}

function sleepsUntil(tty: Tty): number {
  return tty.job && tty.job.wake_ns >= 0 ? tty.job.wake_ns : Infinity;
}
