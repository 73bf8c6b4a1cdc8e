/// Step by step through a run: the traced steps near a moment, found by replaying the stretch around
/// it on a machine of its own, with a trace. So nothing has to be recorded while a run plays, and a
/// moment has the same steps whichever way one came to it.
import { recordsBetween } from '../engine/trace.ts';
import type { TraceRecord } from '../engine/trace.ts';
import { DROP_REASONS } from '../kernel/reasons.ts';
import { STEPS } from '../kernel/steps.ts';
import { createPathTrace } from '../kernel/tracing.ts';
import type { StepView } from './protocol.ts';
import { functionOf } from './functions.ts';
import { pageTime, seek, travel } from './run.ts';
import type { Run } from './run.ts';
import { machineAt, nearest } from './snapshots.ts';

/// A piece of work writes its steps when it ends: to have those of a moment one looks beyond it.
const slack_ns = 200_000;
const narrow_ns = 20_000; // first stretch to look for a neighbour in
const wide_ns = 20_000_000; // and the last

/// The steps between two moments, in order of time.
export interface Stretch {
  readonly from_ns: number;
  readonly to_ns: number;
  readonly records: readonly TraceRecord[];
}

/// A step that is shown: the nth of those at its time.
export interface Cursor {
  readonly at_ns: number;
  readonly nth: number;
}

/// The step at the moment shown, or the last one before; null when there is none near.
export function stepAt(run: Run, cursor: Cursor | null): StepView | null {
  const now_ns = run.machine.host.k.now;
  const { records } = stretchAround(run, now_ns - narrow_ns, now_ns);
  if (cursor && cursor.at_ns === now_ns) {
    const same = records.filter((record) => record.time === now_ns);
    const record = same[cursor.nth];
    return record ? viewOf(run, record) : null;
  }
  const last = records.findLast((record) => record.time <= now_ns);
  return last ? viewOf(run, last) : null;
}

/// Moves the moment shown to the next or the previous step. Null, and no move, when there is none
/// within 20 ms.
export function step(run: Run, cursor: Cursor | null, direction: 1 | -1): Cursor | null {
  const now_ns = run.machine.host.k.now;
  const nth = cursor?.at_ns === now_ns ? cursor.nth : direction > 0 ? Infinity : 0;
  for (let reach_ns = narrow_ns; reach_ns <= wide_ns; reach_ns *= 10) {
    const found = neighbour(run, now_ns, nth, direction, reach_ns);
    if (!found) continue;
    seek(run, found.at_ns);
    return found;
  }
  return null;
}

function neighbour(
  run: Run,
  now_ns: number,
  nth: number,
  direction: 1 | -1,
  reach_ns: number,
): Cursor | null {
  const from_ns = direction > 0 ? now_ns : now_ns - reach_ns;
  const to_ns = direction > 0 ? now_ns + reach_ns : now_ns;
  const cursors = numbered(stretchAround(run, from_ns, to_ns).records);
  const isBefore = (one: Cursor): boolean =>
    one.at_ns < now_ns || (one.at_ns === now_ns && one.nth < nth);
  const isAfter = (one: Cursor): boolean =>
    one.at_ns > now_ns || (one.at_ns === now_ns && one.nth > nth);
  return (direction > 0 ? cursors.find(isAfter) : cursors.findLast(isBefore)) ?? null;
}

/// Each step with its place among those of the same time.
function numbered(records: readonly TraceRecord[]): Cursor[] {
  let nth = 0;
  return records.map((record, i) => {
    nth = i > 0 && records[i - 1]!.time === record.time ? nth + 1 : 0;
    return { at_ns: record.time, nth };
  });
}

/// The steps from one moment to another, both included.
function stretchAround(run: Run, from_ns: number, to_ns: number): Stretch {
  const trace = createPathTrace(65_536);
  // A run without a shell begins at its start, and knows nothing of the host before.
  const first_ns = run.snapshots.list[0]!.at_ns;
  const snapshot = nearest(run.snapshots, Math.max(first_ns, from_ns));
  const guide = machineAt(snapshot, trace, run.shell);
  travel(
    run,
    guide,
    to_ns + slack_ns,
    () => undefined,
    () => false,
  );
  return { from_ns, to_ns, records: recordsBetween(trace, from_ns, to_ns) };
}

function viewOf(run: Run, record: TraceRecord): StepView {
  const step = STEPS[record.step]!;
  return {
    at_ns: pageTime(run, record.time),
    step: step.id,
    name: step.name,
    fn: functionOf(record.step),
    context: step.context,
    cpu: record.cpu,
    packet: record.packet,
    reason: DROP_REASONS[record.reason]!.name,
  };
}
