import { describe, expect, it } from 'vitest';
import { joinSamples, ratePerSecond } from '../../src/ui/series_store.ts';

const block = (values: number[], sample_ns = 10) => ({
  sample_ns,
  values: [values],
  limits: [values],
});

describe('the samples of a run', () => {
  it('are continued by a block that begins where they end', () => {
    const known = joinSamples(joinSamples(null, 0, block([1, 2])), 2, block([3]));
    expect(known).toEqual({ first: 0, samples: block([1, 2, 3]) });
  });

  it('are replaced from the block’s first sample on, when the run was changed', () => {
    const known = joinSamples(joinSamples(null, 0, block([1, 2, 3, 4])), 1, block([9]));
    expect(known.samples.values).toEqual([[1, 9]]);
  });

  it('begin anew when their distance changes, or when a part is missing', () => {
    const known = joinSamples(null, 0, block([1, 2]));
    expect(joinSamples(known, 2, block([5], 20)).samples.values).toEqual([[5]]);
    expect(joinSamples(known, 7, block([5])).first).toBe(7);
  });

  it('forget the oldest of a live run', () => {
    let known = joinSamples(null, 0, block([0]));
    for (let i = 1; i < 5_000; i++) known = joinSamples(known, i, block([i]));
    expect(known.samples.values[0]?.length).toBe(4_096);
    expect(known.first).toBe(5_000 - 4_096);
    expect(known.samples.values[0]?.[0]).toBe(known.first);
  });

  it('give a rate a second from running totals', () => {
    expect(ratePerSecond([0, 10, 30], 1_000_000)).toEqual([10_000, 10_000, 20_000]);
  });
});
