/// The runs whose first moment is drawn into the built pages, each computed once for all pages.
import { type FirstFrame, firstFrame } from '../src/player/first_frame.ts';
import type { ScenarioSheet } from '../src/player/protocol.ts';
import type { Scenario } from '../src/player/scenario.ts';
import { sheetOf } from '../src/player/sheet.ts';

export interface BuiltRun<Scene> extends FirstFrame<Scene> {
  readonly sheet: ScenarioSheet;
}

const made = new Map<string, BuiltRun<unknown>>();

export function builtRun<Scene>(scenario: Scenario<Scene>): BuiltRun<Scene> {
  const known = made.get(scenario.slug);
  if (known) return known as BuiltRun<Scene>;
  const run = { sheet: sheetOf(scenario), ...firstFrame(scenario) };
  made.set(scenario.slug, run);
  return run;
}
