/// Vectors of adaptive moderation: net_dim() over running totals.
import { createDim, net_dim, type Dim } from '../dim.ts';
import { differs } from './bare_host.ts';

interface Case {
  readonly initial_profile_ix: number;
  readonly initial_tune_state: Dim['tune_state'];
  readonly samples: readonly (readonly ['sample', ...(number | string)[]])[];
}

export function run(given: unknown): string | null {
  const test = given as Case;
  const dim = createDim(test.initial_profile_ix);
  dim.tune_state = test.initial_tune_state;
  for (const [i, [, ...row]] of test.samples.entries()) {
    const [time_us, packets, bytes, events, applied] = row as number[];
    if (applied === 1) dim.state = 'START_MEASURE';
    const scheduled = net_dim(dim, {
      time_us: time_us!,
      packets: packets!,
      bytes: bytes!,
      events: events!,
    });
    const { state, tune_state, profile_ix, steps_right, steps_left, tired, prev } = dim;
    const ours = [state, tune_state, profile_ix, steps_right, steps_left, tired, scheduled ? 1 : 0];
    const wrong = differs(`sample ${i}`, [...ours, prev.ppms, prev.bpms, prev.epms], row.slice(5));
    if (wrong) return wrong;
  }
  return null;
}
