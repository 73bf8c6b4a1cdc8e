/// What the frame gives to the stage, and the stage to a simulation's picture.
import type { Component } from 'svelte';
import type { Frame, SampleBlock, ScenarioSheet } from '../player/protocol.ts';

export interface PictureProps<Scene> {
  readonly frame: Frame<Scene>;
  readonly samples: SampleBlock;
  readonly sheet: ScenarioSheet;
}

export interface StageProps<Scene> extends PictureProps<Scene> {
  readonly picture: Component<PictureProps<Scene>>;
  readonly until_ns?: number; // curves do not give away what comes later
  readonly before?: Before | null;
  readonly table?: boolean; // tables in place of the picture and the curves
  readonly seek?: (at_ns: number) => void; // none while the page is only a still
}

/// The curves of the run before, to compare with.
export interface Before {
  readonly samples: SampleBlock;
  readonly name: string; // what was different: Ring size 256
}

/// As much of the first frame as the controls around the stage need.
export type Still = Pick<Frame, 'at_ns' | 'length_ns' | 'knobs' | 'landmarks'>;
