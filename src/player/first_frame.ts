/// What a page shows of a simulation before any script runs: one telling moment, and the curves of
/// the whole run. Computed when the site is built, in the shape that the worker posts later.
import { frameOf } from './frame.ts';
import { openRun } from './open_run.ts';
import type { Frame, SampleBlock } from './protocol.ts';
import { hostTime, lookAhead, seek, work } from './run.ts';
import type { Scenario } from './scenario.ts';
import { freshRun } from './share.ts';
import { stepAt } from './steps.ts';
import { blockFrom } from './timeline.ts';

export interface FirstFrame<Scene = unknown> {
  readonly frame: Frame<Scene>;
  readonly samples: SampleBlock;
}

const never = (): boolean => false;

/// The picture of a fresh run.
export function firstFrame<Scene>(scenario: Scenario<Scene>): FirstFrame<Scene> {
  const run = openRun(scenario, freshRun(scenario), () => undefined);
  work(run, never);
  while (lookAhead(run, never));
  seek(run, hostTime(run, scenario.picture_ns));
  work(run, never);
  const frame = frameOf(run, { playing: false, pace: 1, step: stepAt(run, null) });
  return { frame: frame as Frame<Scene>, samples: blockFrom(run.timeline, run.timeline.first) };
}
