import { describe, expect, it } from 'vitest';
import { digest } from '../../src/engine/digest.ts';
import { createTrace, recordsBetween, type TraceRecord } from '../../src/engine/trace.ts';
import { checkLedger, ledgerOf } from '../../src/kernel/ledger.ts';
import { advance, nextTime, stepEvent } from '../../src/kernel/run.ts';
import { FLAG_DF } from '../../src/kernel/skb.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import { createPathTrace } from '../../src/kernel/tracing.ts';
import { benchScenarios, startScenario } from '../../tools/bench/scenarios.ts';

const to_ns = 4_000_000;
const traced_ns = 1_500_000;

/// The first step in which two traces differ, and its number; null: none.
function difference(a: readonly TraceRecord[], b: readonly TraceRecord[]): unknown {
  const bare = (one: TraceRecord | undefined): string => JSON.stringify({ ...one, index: 0 });
  for (let i = 0; i < Math.max(a.length, b.length); i++)
    if (bare(a[i]) !== bare(b[i])) return { i, a: a[i], b: b[i] };
  return null;
}

/// Runs a host event by event, with a flag on each of its plain frames that means nothing to a receiver.
function markPlainFrames(k: Kernel, until_ns: number): void {
  while (nextTime(k) <= until_ns) {
    stepEvent(k);
    turnFlags(k, 0, FLAG_DF);
  }
  advance(k, until_ns);
  turnFlags(k, FLAG_DF, 0);
}

function turnFlags(k: Kernel, from: number, to: number): void {
  const { flags, used } = k.skbs;
  for (let skb = 0; skb < used; skb++) if (flags[skb] === from) flags[skb] = to;
}

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

  it('is traced with the very steps that a trace of one record a step holds', () => {
    const joined = startScenario(name, 7).k;
    joined.trace = createPathTrace(1 << 18);
    advance(joined, traced_ns);
    const single = startScenario(name, 7).k;
    single.trace = createTrace(1 << 19);
    advance(single, traced_ns);
    expect(single.trace.count).toBeLessThanOrEqual(single.trace.size);
    expect(joined.trace.count).toBeLessThan(0.7 * single.trace.count);
    expect(
      difference(
        recordsBetween(joined.trace, 0, Infinity),
        recordsBetween(single.trace, 0, Infinity),
      ),
    ).toBeNull();
  });

  it('takes a plain datagram to its socket in one go as it takes one that it looks at step by step', () => {
    const short = startScenario(name, 7).k;
    short.trace = createPathTrace(1 << 18);
    advance(short, traced_ns);
    const long = startScenario(name, 7).k;
    long.trace = createPathTrace(1 << 18);
    markPlainFrames(long, traced_ns);
    expect(
      difference(recordsBetween(short.trace, 0, Infinity), recordsBetween(long.trace, 0, Infinity)),
    ).toBeNull();
    expect(digest(long)).toBe(digest(short));
  });

  it('ends as it is meant to', () => {
    const { k, scenario } = startScenario(name, 7);
    advance(k, 3 * to_ns);
    checkLedger(k);
    expect(scenario.trouble(k)).toBe('');
    expect(k.ledger.offered).toBeGreaterThan(0.97 * scenario.pps * 3 * to_ns * 1e-9);
  });
});
