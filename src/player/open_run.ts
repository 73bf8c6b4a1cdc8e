/// Opens runs with the shell at hand: from the boot of the host, or where another program left one.
import { boot } from '../kernel/boot.ts';
import { explainRef } from '../shell/explain.ts';
import { background, complete, createSession, jobsRunning, prompt, run } from '../shell/shell.ts';
import type { Handover } from './handover.ts';
import { bootMachine } from './machine.ts';
import type { RunState } from './protocol.ts';
import { beginRun, traceFor, work } from './run.ts';
import type { Run, Say } from './run.ts';
import type { Scenario } from './scenario.ts';
import { freshRun } from './share.ts';
import type { ShellProgram } from './shell_program.ts';
import { keep, machineAt, nearest } from './snapshots.ts';
import { packStart } from './start.ts';

export const shell: ShellProgram = {
  boot,
  createSession,
  prompt,
  run,
  background,
  jobsRunning,
  complete,
  explainRef,
};

/// A run at its host's boot, on its way to the moment that `state` shows.
export function openRun(scenario: Scenario, state: RunState, say: Say): Run {
  return beginRun(
    scenario,
    state,
    bootMachine(shell, scenario, state.seed, traceFor(scenario)),
    say,
  );
}

/// The start of a scenario's fresh run, for a program without the shell.
export function startOf(scenario: Scenario): string {
  const run = openRun(scenario, freshRun(scenario), () => undefined);
  work(run, () => false);
  const { host, terminal } = run.machine;
  const snapshot = nearest(run.snapshots, host.k.now);
  const text = prompt(host.k, terminal.session);
  return packStart({ scenario: scenario.slug, seed: run.seed, prompt: text, snapshot });
}

/// The run that a program without the shell has begun. It stands where it stood there.
export function takeOver(scenario: Scenario, handover: Handover, say: Say): Run {
  const run = openRun(scenario, handover.state, say);
  const { marks, lanes, prediction, columns } = handover;
  for (const snapshot of handover.snapshots) keep(run.snapshots, snapshot);
  const now = run.snapshots.list.at(-1)!;
  run.machine = machineAt(now, run.machine.trace, shell);
  run.machine.terminal.columns = columns;
  Object.assign(run.timeline, handover.samples);
  return Object.assign(run, { marks, lanes, prediction });
}
