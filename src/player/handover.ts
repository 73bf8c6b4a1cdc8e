/// A run as it passes from a program without the shell to one with it. Nobody has typed yet, so it is
/// plain data: the machine goes over as it stands, and a host that ran for long need not be replayed.
import type { LaneRecorder } from './lanes.ts';
import type { Marks } from './landmarks.ts';
import type { PredictionView, RunState } from './protocol.ts';
import { stateOf } from './run.ts';
import type { Run } from './run.ts';
import { take } from './snapshots.ts';
import type { Snapshot } from './snapshots.ts';
import type { Sample } from './timeline.ts';

/// Snapshots to hand over: as many as it takes to look back from where the machine stands.
const last = 4;

export interface Handover {
  readonly state: RunState;
  readonly columns: number | null;
  readonly snapshots: readonly Snapshot[]; // of the start, and up to where the machine stands
  readonly samples: {
    readonly sample_ns: number;
    readonly first: number;
    readonly samples: Sample[];
  };
  readonly marks: Marks;
  readonly lanes: LaneRecorder | null;
  readonly prediction: PredictionView | null;
}

/// What the other program needs. The run goes no further here.
export function handOver(run: Run): Handover {
  const { machine, snapshots, timeline, marks, lanes, prediction } = run;
  take(snapshots, machine);
  const { sample_ns, first, samples } = timeline;
  const past = snapshots.list.filter((one) => one.at_ns <= machine.host.k.now);
  return {
    state: stateOf(run),
    columns: machine.terminal.columns,
    snapshots: past.filter((_, i) => i === 0 || i >= past.length - last),
    samples: { sample_ns, first, samples },
    marks,
    lanes,
    prediction,
  };
}
