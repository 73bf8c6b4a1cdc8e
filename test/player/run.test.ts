import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digest } from '../../src/engine/digest.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { openRun } from '../../src/player/open_run.ts';
import type { Entry, OutputChunk } from '../../src/player/protocol.ts';
import { lookAhead, pageEntries, seek, stateOf, type, work } from '../../src/player/run.ts';
import type { Run } from '../../src/player/run.ts';
import { freshRun } from '../../src/player/share.ts';
import { blockFrom, knownUntil } from '../../src/player/timeline.ts';
import { limits } from '../../src/player/tty.ts';
import { scenarioNamed } from '../../simulations/index.ts';

const rxRing = scenarioNamed('rx-ring')!;
const liveHost = scenarioNamed('live-host')!;
const never = (): boolean => false;
const ms = 1_000_000;

interface Watched {
  readonly run: Run;
  readonly said: OutputChunk[];
}

function open(scenario = rxRing, entries: readonly Entry[] = [], at_ns = 0): Watched {
  const said: OutputChunk[] = [];
  const run = openRun(scenario, { ...freshRun(scenario), entries, at_ns }, (_from, chunk) =>
    said.push(chunk),
  );
  work(run, never);
  return { run, said };
}

/// Shows a moment, counted as the page does.
function show(run: Run, at_ns: number): string {
  seek(run, run.origin_ns + at_ns);
  expect(work(run, never)).toBe(true);
  checkLedger(run.machine.host.k);
  return digest(run.machine.host.k);
}

function say(run: Run, line: string, from: Entry['from'] = 'terminal'): void {
  type(run, line, from);
  work(run, never);
}

const texts = (said: readonly OutputChunk[]): string[] => said.map((chunk) => chunk.text);
const typed = (run: Run): string[] =>
  pageEntries(run).flatMap((one) => (one.from === 'setup' ? [] : [one.line]));

describe('a run', () => {
  it('is in the same state at a moment, whichever way one came to it', () => {
    const entries: Entry[] = [
      { at_ns: 4 * ms, line: 'ethtool -C eth0 rx-usecs 50', from: 'terminal' },
    ];
    const { run } = open(rxRing, entries);
    const straight = new Map(
      [0, 0.3, 3, 4, 4.000_001, 8.9].map((at) => [at * ms, open(rxRing, entries).run]),
    );
    const digests = new Map([...straight].map(([at_ns, other]) => [at_ns, show(other, at_ns)]));
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...digests.keys()), { minLength: 2, maxLength: 8 }),
        (moments) => {
          for (const at_ns of moments) if (show(run, at_ns) !== digests.get(at_ns)) return false;
          return true;
        },
      ),
      { numRuns: 15 },
    );
  });

  it('is the same with its work cut into small slices', () => {
    const whole = open();
    const sliced = open();
    seek(sliced.run, sliced.run.origin_ns + 5 * ms);
    while (!work(sliced.run, () => true));
    expect(digest(sliced.run.machine.host.k)).toBe(show(whole.run, 5 * ms));
  });

  it('keeps its snapshots within the memory it may use, and still finds every moment', () => {
    const { run } = open();
    const budget = 400_000;
    const small: Run = { ...run, snapshots: { ...run.snapshots, budget } };
    const there = show(small, 8 * ms);
    expect(small.snapshots.bytes).toBeLessThanOrEqual(budget);
    show(small, 1 * ms);
    expect(show(small, 8 * ms)).toBe(there);
  });

  it('is opened at the moment that its state tells', () => {
    const first = open();
    show(first.run, 2 * ms);
    say(first.run, 'ethtool -C eth0 rx-usecs 10');
    const there = show(first.run, 6 * ms);
    const again = open(rxRing, stateOf(first.run).entries, stateOf(first.run).at_ns);
    expect(digest(again.run.machine.host.k)).toBe(there);
  });
});

describe('a line', () => {
  it('is typed at the moment shown and cuts off what was typed later', () => {
    const { run } = open();
    show(run, 6 * ms);
    say(run, 'echo late');
    show(run, 2 * ms);
    say(run, 'echo early');
    expect(typed(run)).toEqual(['echo early']);
    expect(pageEntries(run).at(-1)?.at_ns).toBe(2 * ms);
    expect(knownUntil(run.timeline)).toBe(run.origin_ns + 2 * ms);
  });

  it('typed at moment 0 is typed before the prelude, so that the link is up again', () => {
    const { run } = open();
    say(run, 'ethtool -G eth0 rx 4096');
    show(run, 3 * ms - 10_000);
    expect(run.machine.host.k.devs[1]?.ring.rx).toBe(4096);
    expect(run.machine.host.k.ledger.drops.reduce((sum, drops) => sum + drops, 0)).toBe(0);
  });

  it('says its output once, however often its moment is passed', () => {
    const { run, said } = open();
    show(run, 1 * ms);
    say(run, 'echo once');
    show(run, 0);
    show(run, 5 * ms);
    expect(texts(said)).toEqual(['once']);
  });

  it('that came with the run is shown behind its prompt', () => {
    const { said } = open(rxRing, [{ at_ns: 0, line: 'echo hello', from: 'terminal' }]);
    expect(texts(said)).toEqual(['root@alder:~# echo hello', 'hello']);
  });

  it('of a knob replaces the last one of the same knob at the same moment', () => {
    const { run } = open();
    show(run, 2 * ms);
    for (const rx of [512, 1024, 2048]) say(run, `ethtool -G eth0 rx ${rx}`, 'knob');
    say(run, 'ethtool -C eth0 rx-usecs 50', 'knob');
    expect(typed(run)).toEqual(['ethtool -G eth0 rx 2048', 'ethtool -C eth0 rx-usecs 50']);
    const direct = open(rxRing, stateOf(run).entries, 2 * ms);
    expect(digest(run.machine.host.k)).toBe(digest(direct.run.machine.host.k));
  });

  it('of a knob that changes the traffic takes the place of the start, also at moment 0', () => {
    const scenario = scenarioNamed('interrupt-moderation')!;
    const { run } = open(scenario);
    say(run, scenario.knobs[1]!.command(10_000), 'knob');
    say(run, scenario.knobs[1]!.command(1_000_000), 'knob');
    say(run, scenario.knobs[0]!.command(50), 'knob');
    show(run, 1 * ms);
    expect(scenario.knobs.map((knob) => knob.read(run.machine.host.k))).toEqual([50, 1_000_000]);
    const again = open(scenario, stateOf(run).entries, 1 * ms);
    expect(digest(again.run.machine.host.k)).toBe(digest(run.machine.host.k));
  });
});

describe('a command at work', () => {
  it('sleeps in virtual time', () => {
    const { run, said } = open();
    say(run, 'sleep 0.002; echo awake');
    show(run, 1 * ms);
    const { run: other, said: heard } = open();
    show(other, 1 * ms);
    say(other, 'sleep 0.002; echo awake');
    show(other, 2.9 * ms);
    expect(texts(heard)).toEqual([]);
    show(other, 3 * ms);
    expect(texts(heard)).toEqual(['awake']);
    // At moment 0 it sleeps through the prelude.
    expect(texts(said)).toEqual(['awake']);
  });

  it('is ended by Ctrl-C, and a replay ends it at the same point', () => {
    const { run, said } = open();
    show(run, 1 * ms);
    type(run, 'while true; do i=$((i + 1)); done', 'terminal');
    let patience = 500;
    work(run, () => patience-- < 0);
    expect(run.settled).toBe(false);
    type(run, '\u0003', 'terminal');
    expect(work(run, never)).toBe(true);
    say(run, 'echo $i');
    const counted = texts(said);
    const again = open(rxRing, stateOf(run).entries, 1 * ms);
    expect(texts(again.said).at(-1)).toBe(counted.at(-1));
    expect(Number(counted.at(-1))).toBeGreaterThan(10);
  });

  it('that never lets time pass is stopped', () => {
    const { run, said } = open();
    say(run, 'while true; do :; done');
    expect(run.settled).toBe(true);
    expect(texts(said)).toEqual(['softnet: stopped: it worked too long without letting time pass']);
  });

  it('prints no more than a page can hold', () => {
    const { run, said } = open();
    say(run, 'yes');
    expect(said.length).toBeLessThanOrEqual(limits.lines + 2);
    expect(
      texts(said).some((text) => text.includes(`ends here, after ${limits.lines} lines`)),
    ).toBe(true);
  });

  it('reads the lines that are typed for it', () => {
    const { run, said } = open();
    show(run, 1 * ms);
    say(run, 'read name; echo "hello $name"');
    expect(run.machine.terminal.job?.reads).toBe(true);
    say(run, 'kernel', 'answer');
    expect(texts(said)).toEqual(['hello kernel']);
    const again = open(rxRing, stateOf(run).entries, 1 * ms);
    expect(texts(again.said).at(-1)).toBe('hello kernel');
  });

  it('lets the knobs type meanwhile', () => {
    const { run, said } = open();
    show(run, 1 * ms);
    say(run, 'sleep 0.001; echo slept');
    show(run, 1.5 * ms);
    say(run, 'ethtool -C eth0 rx-usecs 10', 'knob');
    show(run, 3 * ms);
    expect(run.machine.host.k.devs[1]?.coalesce['rx-usecs']).toBe(10);
    expect(texts(said)).toEqual(['slept']);
  });

  it('keeps jobs in the background going when the line has ended', () => {
    const { run, said } = open();
    show(run, 1 * ms);
    say(run, '(sleep 0.001; echo later) &');
    say(run, 'echo now');
    show(run, 3 * ms);
    expect(texts(said)).toContain('now');
    expect(texts(said).indexOf('later')).toBeGreaterThan(texts(said).indexOf('now'));
  });
});

describe('the timeline', () => {
  it('has the whole curve of a microscope before anybody plays it', () => {
    const { run } = open();
    while (lookAhead(run, never));
    const { values, limits: lines } = blockFrom(run.timeline, 0);
    expect(values[0]).toHaveLength(rxRing.length_ns / rxRing.sample_ns + 1);
    expect(Math.max(...values[0]!)).toBeLessThanOrEqual(256);
    expect(new Set(lines![0])).toEqual(new Set([256]));
    expect(run.machine.host.k.now).toBe(run.origin_ns);
  });

  it('gives the samples that a run without looking ahead gives', () => {
    const ahead = open().run;
    while (lookAhead(ahead, never));
    const straight = open().run;
    show(straight, rxRing.length_ns);
    expect(blockFrom(straight.timeline, 0)).toEqual(blockFrom(ahead.timeline, 0));
    expect(straight.marks.byKind).toEqual(ahead.marks.byKind);
    expect(straight.prediction).toEqual(ahead.prediction);
  });

  it('keeps the last samples of a live host, and as many of a long microscope at twice the distance', () => {
    const quick = { ...rxRing, sample_ns: 1_000 };
    const { run } = open(quick);
    show(run, 9 * ms);
    expect(run.timeline.sample_ns).toBe(4_000);
    expect(run.timeline.samples.length).toBeLessThanOrEqual(4_096);
    const live = open({ ...liveHost, start: [], sample_ns: 100_000 }).run;
    show(live, 900 * ms);
    expect(live.timeline.first).toBeGreaterThan(0);
    expect(knownUntil(live.timeline)).toBe(900 * ms);
  });
});
