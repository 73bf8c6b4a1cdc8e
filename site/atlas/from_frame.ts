/// A frame of the live host, as the map reads it.
import type { StepId } from '../../src/kernel/steps.ts';
import type { Frame } from '../../src/player/protocol.ts';
import type { Scene } from '../../simulations/live-host/scenario.ts';
import type { AtlasView } from './view.ts';

export function viewOf({ at_ns, lanes, scene }: Frame<Scene>): AtlasView {
  const rates: Partial<Record<StepId, number>> = {};
  for (const [step, passed] of Object.entries(scene.byStep)) rates[step as StepId] = passed.rate;
  return { ...scene, at_ns, lanes, rates };
}
