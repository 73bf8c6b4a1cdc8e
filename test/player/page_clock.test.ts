import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digest } from '../../src/engine/digest.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { frameOf } from '../../src/player/frame.ts';
import { openRun } from '../../src/player/open_run.ts';
import { createClock, hostOf, pageOf } from '../../src/player/page_clock.ts';
import type { Frame } from '../../src/player/protocol.ts';
import { hostTime, lookAhead, pageTime, seek, stateOf, type, work } from '../../src/player/run.ts';
import type { Run } from '../../src/player/run.ts';
import { decodeLink, encodeLink, freshRun } from '../../src/player/share.ts';
import { blockFrom } from '../../src/player/timeline.ts';
import { scenarioNamed } from '../../simulations/index.ts';
import { Page } from './page.ts';

const rxRing = scenarioNamed('rx-ring')!;
const ms = 1_000_000;
const line = 'ethtool -G eth0 rx 4096';
const never = (): boolean => false;

function opened(state = freshRun(rxRing)): Run {
  const run = openRun(rxRing, state, () => undefined);
  work(run, never);
  return run;
}

function show(run: Run, page_ns: number): Frame {
  seek(run, hostTime(run, page_ns));
  work(run, never);
  checkLedger(run.machine.host.k);
  return frameOf(run, { playing: false, pace: 1, step: null });
}

/// Played to 3 ms, where the ring is made longer; then computed to its end.
function resized(): Run {
  const run = opened();
  show(run, 3 * ms);
  type(run, line, 'terminal');
  work(run, never);
  while (lookAhead(run, never));
  return run;
}

const lostAtRing = (frame: Frame): number =>
  frame.ledger.dropped
    .filter(({ reason }) => reason === 'hw:rx_queue_drops' || reason === 'hw:rx_missed_errors')
    .reduce((sum, { packets }) => sum + packets, 0);

describe('a ring that is made longer in the middle of a microscope', () => {
  it('takes the link down, and loses nothing of the bursts that come after', () => {
    const run = resized();
    const before = show(run, 3 * ms);
    expect(lostAtRing(before)).toBeGreaterThan(300);
    const after = show(run, before.length_ns);
    expect(lostAtRing(after)).toBe(lostAtRing(before));
    const polled = (frame: Frame) => (frame.scene as { delivered: number }).delivered;
    // Three bursts of 1024 came when the link was up again; the last one may still be in the ring.
    expect(polled(after) - polled(before)).toBeGreaterThan(2_048);
  });

  it('reaches as far after the outage as the whole run did, on a short timeline', () => {
    const run = resized();
    const frame = show(run, 3 * ms);
    const [down, up] = frame.landmarks.filter((mark) => mark.kind === 'link');
    expect(down?.label).toMatch(/^link down, \d+ ms shown in short$/);
    expect(down).toMatchObject({ at_ns: 3 * ms, until_ns: up!.at_ns });
    expect(up!.at_ns - down!.at_ns).toBe(rxRing.length_ns / 20);
    expect(frame.length_ns - up!.at_ns).toBe(rxRing.length_ns);
    expect(frame.known_ns).toBe(frame.length_ns);
    const marks = frame.landmarks.filter((mark) => mark.label === 'hw:link_down');
    expect(marks).toHaveLength(1);
  });

  it('shows it on the chart: the limit rises, and the lost frames stop', () => {
    const { values, limits, sample_ns } = blockFrom(resized().timeline, 0);
    expect(values[0]).toHaveLength((12.45 * ms) / sample_ns + 1);
    expect(limits![0]!.slice(0, 300)).toEqual(new Array(300).fill(256));
    expect(new Set(limits![0]!.slice(301))).toEqual(new Set([4096]));
    const lost = values[1]!;
    expect(lost.at(-1)).toBe(lost[301]);
    expect(Math.max(...values[0]!.slice(400))).toBeGreaterThan(256);
  });

  it('is in the same state whichever way one came to a moment, and by its link', () => {
    const run = resized();
    const there = show(run, 8.5 * ms);
    const state = digest(run.machine.host.k);
    show(run, 3.2 * ms);
    expect(show(run, 8.5 * ms)).toEqual(there);
    const { hash } = encodeLink(stateOf(run), rxRing);
    const again = opened(decodeLink(hash, rxRing).run);
    expect(digest(again.machine.host.k)).toBe(state);
    expect(pageTime(again, again.machine.host.k.now)).toBe(8.5 * ms);
  });

  it('forgets the outage with the line that made it', () => {
    const run = resized();
    show(run, 2 * ms);
    type(run, 'uptime', 'terminal');
    work(run, never);
    expect(show(run, 2 * ms).length_ns).toBe(rxRing.length_ns);
    expect(run.clock.dead).toEqual([]);
  });

  it('is the same host twice when the ring is changed again while the link is down', () => {
    const run = resized();
    show(run, 3.2 * ms);
    type(run, 'ethtool -G eth0 rx 512', 'terminal');
    work(run, never);
    while (lookAhead(run, never));
    expect(run.clock.dead).toHaveLength(2);
    const end = show(run, show(run, 0).length_ns);
    const again = opened(stateOf(run));
    expect(digest(again.machine.host.k)).toBe(digest(run.machine.host.k));
    expect(pageTime(again, again.machine.host.k.now)).toBe(end.at_ns);
  });

  it('plays through the outage within seconds of the reader’s time', () => {
    const here = new Page();
    here.send({ type: 'restore', scenario: 'rx-ring', link: '', stored: '' });
    here.pass(500);
    here.send({ type: 'seek', at_ns: 3 * ms });
    here.pass(200);
    here.send({ type: 'type', line, from: 'terminal' });
    here.pass(200);
    here.send({ type: 'play', speed: 0.0005 });
    here.pass(2_000);
    expect(here.frame.at_ns / ms).toBeCloseTo(4, 1);
    here.pass(30_000);
    expect(here.frame).toMatchObject({ playing: false, at_ns: here.frame.length_ns });
  });
});

describe('the page’s clock', () => {
  it('gives back every moment of the page, and never runs backwards', () => {
    const span = fc.tuple(
      fc.integer({ min: 0, max: 20 * ms }),
      fc.integer({ min: ms, max: 900 * ms }),
    );
    fc.assert(
      fc.property(fc.array(span, { maxLength: 3 }), fc.array(fc.nat(40 * ms)), (spans, moments) => {
        const clock = createClock(rxRing);
        let at_ns = clock.origin_ns;
        for (const [gap_ns, length_ns] of spans) {
          const from_ns = at_ns + gap_ns;
          at_ns = from_ns + length_ns;
          const page_ns = pageOf(clock, from_ns);
          clock.dead.push({ from_ns, until_ns: at_ns, page_ns, end_ns: at_ns });
        }
        const sorted = moments.toSorted((a, b) => a - b).map((page_ns) => hostOf(clock, page_ns));
        return (
          moments.every((page_ns) => pageOf(clock, hostOf(clock, page_ns)) === page_ns) &&
          sorted.every((host_ns, i) => i === 0 || host_ns >= sorted[i - 1]!)
        );
      }),
    );
  });
});
