/// The samples of a run as the page has received them. The worker sends blocks; each replaces what
/// was known from its first sample on. A live run keeps only its last samples.
import type { SampleBlock } from '../player/protocol.ts';

const most = 4_096; // samples kept, per series

export interface Known {
  readonly first: number; // number of the oldest sample; sample i stands at i * sample_ns
  readonly samples: SampleBlock;
}

/// What is known after a block whose first sample has number `from`.
export function joinSamples(known: Known | null, from: number, block: SampleBlock): Known {
  const { first, samples } = known ?? { first: from, samples: block };
  const held = samples.values[0]?.length ?? 0;
  const fits =
    known && samples.sample_ns === block.sample_ns && from >= first && from <= first + held;
  if (!fits) return { first: from, samples: block };
  const keep = from - first;
  const excess = Math.max(0, keep + (block.values[0]?.length ?? 0) - most);
  const join = (old: readonly number[], fresh: readonly number[]) => [
    ...old.slice(excess, keep),
    ...fresh,
  ];
  return {
    first: first + excess,
    samples: {
      sample_ns: block.sample_ns,
      values: block.values.map((fresh, i) => join(samples.values[i] ?? [], fresh)),
      ...(block.limits && {
        limits: block.limits.map((fresh, i) => fresh && join(samples.limits?.[i] ?? [], fresh)),
      }),
    },
  };
}

/// A running total as a rate a second; the first sample has none and repeats the second.
export function ratePerSecond(totals: readonly number[], sample_ns: number): number[] {
  const rates = totals.map((total, i) => ((total - (totals[i - 1] ?? total)) * 1e9) / sample_ns);
  if (rates.length > 1) rates[0] = rates[1] ?? 0;
  return rates;
}
