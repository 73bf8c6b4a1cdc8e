import { describe, expect, it } from 'vitest';
import { digest } from '../../src/engine/digest.ts';
import { boot } from '../../src/kernel/boot.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { stepOf } from '../../src/kernel/steps.ts';
import { tunable } from '../../src/kernel/tunables.ts';
import { consoleOf, finish } from '../../src/player/console.ts';
import { firstFrame } from '../../src/player/first_frame.ts';
import { openRun } from '../../src/player/open_run.ts';
import type { OutputChunk } from '../../src/player/protocol.ts';
import type { Run } from '../../src/player/run.ts';
import type { Scenario } from '../../src/player/scenario.ts';
import { freshRun } from '../../src/player/share.ts';
import { sheetOf } from '../../src/player/sheet.ts';
import { lost, reasons, stepOfReason } from '../../simulations/losses.ts';
import { scenarioNamed, scenarios } from '../../simulations/index.ts';

interface End {
  readonly run: Run;
  readonly said: readonly OutputChunk[];
}

/// A run to its end, with knobs set at moment 0.
function end(scenario: Scenario, set: Readonly<Record<string, number>> = {}): End {
  const said: OutputChunk[] = [];
  const entries = Object.entries(set).map(([name, value]) => {
    const knob = scenario.knobs.find((one) => one.name === name)!;
    return { at_ns: 0, line: knob.command(value), from: 'knob' as const };
  });
  const state = { ...freshRun(scenario), entries, at_ns: scenario.length_ns };
  const run = openRun(scenario, state, (_from, chunk) => said.push(chunk));
  finish(run);
  checkLedger(run.machine.host.k);
  return { run, said };
}

const lostIn = (slug: string, set: Readonly<Record<string, number>>): number => {
  const { run } = end(scenarioNamed(slug)!, set);
  return lost(
    run.machine.host.k,
    reasons.filter((reason) => stepOfReason[reason] === 'IN-03'),
  );
};
const interruptsIn = (set: Readonly<Record<string, number>>): number =>
  end(scenarioNamed('interrupt-moderation')!, set).run.machine.host.k.cpus.reduce(
    (sum, cpu) => sum + cpu.irqs_handled,
    0,
  );
const squeezesIn = (set: Readonly<Record<string, number>>): number =>
  end(scenarioNamed('softirq-budget')!, set).run.machine.host.k.cpus[0]!.time_squeeze;

describe.each(scenarios.map((scenario) => [scenario.slug, scenario] as const))(
  '%s',
  (_slug, scenario) => {
    it('runs the same way twice, with the ledger balanced', () => {
      expect(digest(end(scenario).run.machine.host.k)).toBe(
        digest(end(scenario).run.machine.host.k),
      );
    });

    it('sets its host up without an error', () => {
      const { run } = end(scenario);
      expect([run.machine.scene.session.status, run.machine.terminal.session.status]).toEqual([
        0, 0,
      ]);
      const setup = [...scenario.setup, ...scenario.start];
      const bare = { ...scenario, setup: [], start: [], prelude_ns: 0 };
      expect(consoleOf(bare, setup, 0).filter((chunk) => chunk.stream === 'err')).toEqual([]);
    });

    it('has knobs whose commands set what they read', () => {
      for (const knob of scenario.knobs) {
        expect(knob.values).toContain(knob.initial);
        expect(knob.read(end(scenario).run.machine.host.k)).toBe(knob.initial);
        const value = knob.values.find((one) => one !== knob.initial)!;
        const { run, said } = end(scenario, { [knob.name]: value });
        expect(said.filter((chunk) => chunk.stream === 'err')).toEqual([]);
        expect(knob.read(run.machine.host.k)).toBe(value);
        if (knob.tunable !== '') expect(tunable(knob.tunable)).not.toBeNull();
      }
    });

    it('has a first frame that is plain data and tells something', () => {
      const { frame, samples } = firstFrame(scenario);
      expect(structuredClone(frame)).toEqual(frame);
      expect(JSON.parse(JSON.stringify(frame.scene))).toEqual(frame.scene);
      expect(frame.ledger.offered).toBeGreaterThan(0);
      expect(samples.values).toHaveLength(scenario.series.length);
      const last = samples.values.map((values) => values.at(-1)!);
      scenario.series.forEach((series, i) => {
        if (!series.dropped && series.kind === 'counter') expect(last[i]).toBeGreaterThan(0);
      });
    });

    it('has a sheet, and an answer among its choices', () => {
      const sheet = sheetOf(scenario);
      expect(structuredClone(sheet)).toEqual(sheet);
      const { prediction } = end(scenario).run;
      if (scenario.predict)
        expect(scenario.predict.choices[prediction?.answer ?? -1]).toBeDefined();
      else expect(prediction).toBeNull();
    });
  },
);

describe('rx-ring', () => {
  it('loses frames with a ring of 256 and none with one of 4096', () => {
    expect(lostIn('rx-ring', {})).toBeGreaterThan(300);
    expect(lostIn('rx-ring', { rx: 4096 })).toBe(0);
  });

  it('loses the fewer, the longer the ring', () => {
    const losses = [64, 128, 256, 512, 1024].map((rx) => lostIn('rx-ring', { rx }));
    expect(losses).toEqual(losses.toSorted((a, b) => b - a));
  });

  it('loses none with a short ring when the interrupt is not held back', () => {
    expect(lostIn('rx-ring', { usecs: 3 })).toBe(0);
  });
});

describe('interrupt-moderation', () => {
  it('takes the fewer interrupts, the longer the interval', () => {
    const counts = [10, 50, 125, 250, 1000].map((usecs) => interruptsIn({ usecs }));
    expect(counts).toEqual(counts.toSorted((a, b) => b - a));
    expect(counts[4]).toBeLessThanOrEqual(21);
  });

  it('takes 3 for a mode of about 20 000 interrupts a second', () => {
    expect(interruptsIn({ usecs: 3 }) * 50).toBeGreaterThan(18_000);
    expect(interruptsIn({ usecs: 3 }) * 50).toBeLessThan(22_000);
  });
});

describe('softirq-budget', () => {
  it('squeezes more often with a smaller budget', () => {
    expect(squeezesIn({ budget: 10 })).toBeGreaterThan(10 * squeezesIn({}));
    expect(squeezesIn({})).toBeGreaterThan(0);
  });
});

describe('live-host', () => {
  it('says for the map what passes each step, by its counters', () => {
    const scenario = scenarioNamed('live-host')!;
    const { run } = end(scenario);
    const { k } = run.machine.host;
    const tally = scenario.tally!(k, []);
    const frozen = scenario.scene(k, { at_ns: k.now, tally }) as {
      byStep: Record<string, { rate: number }>;
    };
    const whole = scenario.scene(k, { at_ns: 0, tally: tally.map(() => 0) }) as typeof frozen;
    for (const [step, { rate }] of Object.entries(whole.byStep)) {
      expect(stepOf(step as 'IN-01').id).toBe(step);
      expect(rate).toBeGreaterThan(0);
      expect(frozen.byStep[step]?.rate).toBe(0);
    }
    expect(whole.byStep['IN-01']?.rate).toBe(k.ledger.offered);
  });

  it('knows the step of every drop reason', () => {
    for (const reason of reasons) expect(stepOf(stepOfReason[reason])).toBeDefined();
    expect(lost(boot(scenarioNamed('live-host')!.host, 1), reasons)).toBe(0);
  });
});
