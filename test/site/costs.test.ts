/// "What a packet costs": the bars are the measured totals, cut without a gap.
import { describe, expect, it } from 'vitest';
import { COST_TOTALS } from '../../src/kernel/cost_totals.ts';
import { barOf, measureTotals } from '../../site/cost_totals.ts';

describe('the page of costs', () => {
  const totals = measureTotals();
  const bars = totals.map(barOf);

  it('has a bar for each total, in the order of what they cost', () => {
    expect(bars.map(({ id }) => id)).toEqual(COST_TOTALS.map(({ id }) => id));
    const known = bars.map(({ known_ns }) => known_ns);
    expect([...known].sort((a, b) => a - b)).toEqual(known);
  });

  it('cuts each bar into its steps, none of them twice, and the poll', () => {
    for (const { ns, parts } of bars) {
      const sum = parts.reduce((all, part) => all + part.ns, 0);
      expect(Math.abs(sum - ns)).toBeLessThan(ns / 50);
      expect(new Set(parts.map(({ name }) => name)).size).toBe(parts.length);
      expect(parts.every((part) => part.ns > 0)).toBe(true);
    }
  });

  it('measures the same when the site is built again', () => {
    expect(measureTotals().map(({ ns }) => ns)).toEqual(totals.map(({ ns }) => ns));
  });
});
