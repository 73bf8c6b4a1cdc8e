import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Entry, RunState } from '../../src/player/protocol.ts';
import {
  decodeLink,
  encodeLink,
  freshRun,
  linkLimits,
  storedText,
  timeOf,
  timeWord,
} from '../../src/player/share.ts';
import { scenarioNamed, scenarios } from '../../simulations/index.ts';

const rxRing = scenarioNamed('rx-ring')!;
const liveHost = scenarioNamed('live-host')!;
const reserved = ['v', 'sim', 'seed', 't', 'c', 'k', 'a', 'i'];

const time = fc.integer({ min: 0, max: 1_000_000_000 });
const line = fc.string({ unit: 'binary', maxLength: 60 }).filter((text) => text !== '\u0003');
const typed = fc.record<Entry>({
  at_ns: time,
  line,
  from: fc.constantFrom('terminal', 'answer'),
});
const knobbed = fc.record<Entry>({
  at_ns: time,
  line: fc.constantFrom(
    ...rxRing.knobs.flatMap((knob) => knob.values.map((value) => knob.command(value))),
  ),
  from: fc.constant('knob'),
});
const stopped = fc.record<Entry>({
  at_ns: time,
  line: fc.constant('\u0003'),
  from: fc.constant('terminal'),
  breaths: fc.integer({ min: 0, max: linkLimits.breaths }),
});
const runs = fc
  .record({
    seed: fc.integer({ min: 0, max: 0xffff_ffff }),
    at_ns: time,
    entries: fc.array(fc.oneof(typed, knobbed, stopped), { maxLength: 20 }),
  })
  .map((run): RunState => ({
    scenario: 'rx-ring',
    ...run,
    entries: run.entries.toSorted((a, b) => a.at_ns - b.at_ns),
  }));

describe('a share link', () => {
  it('is readable for a simple run', () => {
    const run: RunState = {
      scenario: 'rx-ring',
      seed: 7,
      at_ns: 520_000,
      entries: [
        { at_ns: 0, line: 'ethtool -G eth0 rx 256', from: 'knob' },
        { at_ns: 480_000, line: 'ethtool -G eth0 rx 4096', from: 'terminal' },
      ],
    };
    expect(encodeLink(run, rxRing).hash).toBe(
      '#v=1&sim=rx-ring&seed=7&t=520us&rx=256&c=ethtool+-G+eth0+rx+4096@480us',
    );
  });

  it('gives back every run that it can tell', () => {
    fc.assert(
      fc.property(runs, (run) => {
        const { hash } = encodeLink(run, rxRing);
        if (hash === '') return;
        expect(decodeLink(hash, rxRing)).toEqual({ run, notice: '' });
      }),
    );
  });

  it('gives a run for any text, and a notice when the text is broken', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom('v=1', 'sim=rx-ring', 'seed=x', 't=5us', 'c=%', '@1s', '+2', '='),
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const { run, notice } = decodeLink(`#${pieces.join('&')}`, rxRing);
        expect(run.scenario).toBe('rx-ring');
        if (notice !== '') expect(run).toEqual(freshRun(rxRing));
      }),
    );
  });

  it.each([
    ['a wrong escape', '#v=1&sim=rx-ring&c=%zz'],
    ['no version', '#sim=rx-ring'],
    ['another version', '#v=2&sim=rx-ring'],
    ['another simulation', '#v=1&sim=softirq-budget'],
    ['does not have', '#v=1&sim=rx-ring&speed=9'],
    ['cannot be', '#v=1&sim=rx-ring&rx=257'],
    ['seed', '#v=1&sim=rx-ring&seed=-1'],
    ['the time', '#v=1&sim=rx-ring&t=9999999s'],
    ['out of range', '#v=1&sim=rx-ring&c=ls@700s'],
    ['order', '#v=1&sim=rx-ring&c=ls@2ms&c=ls@1ms'],
    ['too many', `#v=1&sim=rx-ring${'&c=a'.repeat(linkLimits.entries + 1)}`],
    ['a command is too long', `#v=1&sim=rx-ring&c=${'x'.repeat(linkLimits.line + 1)}`],
    ['it is too long', `#${'x'.repeat(linkLimits.chars + 1)}`],
  ])('says what is broken: %s', (why, link) => {
    const { run, notice } = decodeLink(link, rxRing);
    expect(notice).toContain(why);
    expect(run).toEqual(freshRun(rxRing));
  });

  it('says so when a run is too long for one', () => {
    const entries = Array.from({ length: 201 }, (): Entry => ({
      at_ns: 0,
      line: 'ls',
      from: 'terminal',
    }));
    const { hash, notice } = encodeLink({ ...freshRun(rxRing), entries }, rxRing);
    expect(hash).toBe('');
    expect(notice).toContain('too long');
  });

  it('has no knob named like one of its own keys', () => {
    for (const scenario of scenarios) {
      for (const knob of scenario.knobs) expect(reserved).not.toContain(knob.name);
    }
  });

  it('writes times that it reads', () => {
    fc.assert(fc.property(time, (ns) => timeOf(timeWord(ns)) === ns));
  });
});

describe('what a page keeps of a run', () => {
  it('has the lines of a live host a tenth of a second apart at most', () => {
    const entries: Entry[] = [
      { at_ns: 50_000_000, line: 'ls', from: 'terminal' },
      { at_ns: 90_000_000_000, line: 'date', from: 'terminal' },
    ];
    const text = storedText(
      { scenario: 'live-host', seed: 7, entries, at_ns: 95_000_000_000 },
      liveHost,
    );
    expect(text).toBe('#v=1&sim=live-host&seed=7&t=150ms&c=ls@50ms&c=date@150ms');
  });
});
