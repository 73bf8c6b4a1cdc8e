/// Commands run on a host from start to end, and what they print: for the consoles in the text of
/// the pages, which the host prints when the site is built.
import type { HostDescription } from '../kernel/host.ts';
import { openRun } from './open_run.ts';
import type { Entry, OutputChunk } from './protocol.ts';
import { lengthOf, seek, work } from './run.ts';
import type { Run } from './run.ts';
import type { Scenario } from './scenario.ts';
import { isBusy } from './tty.ts';

/// The output of command lines typed one after the other, each behind its prompt as on a terminal:
/// on a scenario's host at a moment of its run (its end, if none is given), or on a host just booted.
export function consoleOf(
  where: Scenario | HostDescription,
  lines: readonly string[],
  at_ns = 'slug' in where ? where.length_ns : 0,
): OutputChunk[] {
  const scenario = 'slug' in where ? where : bare(where);
  const entries = lines.map((line): Entry => ({ at_ns, line, from: 'terminal' }));
  const printed: OutputChunk[] = [];
  const state = { scenario: scenario.slug, seed: scenario.seed, entries, at_ns };
  const run = openRun(scenario, state, (_from, chunk) => printed.push(chunk));
  finish(run);
  return printed;
}

/// Lets a run go on until no typed line is at work. Throws when one reads the terminal for ever.
export function finish(run: Run): void {
  work(run, () => false);
  while (isBusy(run.machine.terminal) || isBusy(run.machine.scene)) {
    if (run.machine.terminal.job?.reads)
      throw new Error('a command reads the terminal, but nobody types');
    seek(run, lengthOf(run) + 100_000_000);
    work(run, () => false);
  }
}

/// A host with nothing going on.
function bare(host: HostDescription): Scenario<null> {
  return {
    slug: host.profile,
    title: host.hostname,
    host,
    seed: 1,
    zoom: 'live',
    speed: 1,
    length_ns: 0,
    setup: [],
    prelude_ns: 0,
    start: [],
    knobs: [],
    series: [],
    sample_ns: 1_000_000_000,
    window_ns: 1_000_000_000,
    picture_ns: 0,
    predict: null,
    scene: () => null,
  };
}
