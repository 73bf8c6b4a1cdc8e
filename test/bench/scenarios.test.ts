import { describe, expect, it } from 'vitest';
import { digest } from '../../src/engine/digest.ts';
import { checkLedger, ledgerOf } from '../../src/kernel/ledger.ts';
import { advance, nextTime, stepEvent } from '../../src/kernel/run.ts';
import { createPathTrace } from '../../src/kernel/tracing.ts';
import { benchScenarios, startScenario } from '../../tools/bench/scenarios.ts';

const to_ns = 4_000_000;

describe.each(benchScenarios.map(({ name }) => name))('the workload %s', (name) => {
  it('comes to the state of a run of one event a step, and so to its counters', () => {
    const whole = startScenario(name, 7).k;
    advance(whole, to_ns);
    const steps = startScenario(name, 7).k;
    while (nextTime(steps) <= to_ns) stepEvent(steps);
    advance(steps, to_ns);
    expect(ledgerOf(whole)).toEqual(ledgerOf(steps));
    expect(digest(whole)).toBe(digest(steps));
  });

  it('comes to the same state in slices, traced or not', () => {
    const whole = startScenario(name, 3).k;
    advance(whole, to_ns);
    const sliced = startScenario(name, 3).k;
    sliced.trace = createPathTrace(1 << 10);
    for (let at = 0; at <= to_ns; at += 12_345) advance(sliced, at);
    advance(sliced, to_ns);
    expect(digest(sliced)).toBe(digest(whole));
  });

  it('ends as it is meant to', () => {
    const { k, scenario } = startScenario(name, 7);
    advance(k, 3 * to_ns);
    checkLedger(k);
    expect(scenario.trouble(k)).toBe('');
    expect(k.ledger.offered).toBeGreaterThan(0.97 * scenario.pps * 3 * to_ns * 1e-9);
  });
});
