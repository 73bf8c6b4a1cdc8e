/// Commands run on a host from start to end, and what they print: for the consoles in the text of
/// the pages, which the host prints when the site is built.
import type { HostDescription } from '../kernel/host.ts';
import { sleeperOf } from './desk.ts';
import { openRun } from './open_run.ts';
import type { OutputChunk } from './protocol.ts';
import { seek, type, work } from './run.ts';
import type { Run } from './run.ts';
import type { Scenario } from './scenario.ts';
import { freshRun } from './share.ts';
import { isBusy, shellOf } from './tty.ts';

/// The output of command lines typed one after the other, each when the one before has ended and behind
/// its prompt as on a terminal: on a scenario's host at a moment of its run (its end, if none is
/// given), or on a host just booted.
export function consoleOf(
  where: Scenario | HostDescription,
  lines: readonly string[],
  at_ns = 'slug' in where ? where.length_ns : 0,
): OutputChunk[] {
  const scenario = 'slug' in where ? where : bare(where);
  const printed: OutputChunk[] = [];
  const run = openRun(scenario, { ...freshRun(scenario), at_ns }, (_from, chunk) =>
    printed.push(chunk),
  );
  finish(run);
  for (const line of lines) {
    const { host, terminal } = run.machine;
    const text = shellOf(terminal).prompt(host.k, terminal.session) + line;
    printed.push({ stream: 'out', text, nl: true });
    type(run, line, 'terminal');
    finish(run);
  }
  return printed;
}

/// Lets a run go on until no typed line is at work. Throws when one reads the terminal for ever.
export function finish(run: Run): void {
  work(run, () => false);
  while (isBusy(run.machine.terminal) || isBusy(run.machine.scene)) {
    const wake_ns = sleeperOf(run);
    if (wake_ns < 0) throw new Error('a command reads the terminal, but nobody types');
    seek(run, wake_ns);
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
