/// A scenario: a host, the commands that set it up, and what a simulation shows of it. The player
/// runs it; the page draws it. A run is (scenario, seed, inputs) and nothing else.
import type { HostDescription } from '../kernel/host.ts';
import type { Kernel } from '../kernel/state.ts';
import type { Context } from '../kernel/steps.ts';

export interface Scenario<Scene = unknown> {
  readonly slug: string; // rx-ring; also the name for `npm run sim`
  readonly title: string; // the question that it answers
  readonly host: HostDescription;
  readonly seed: number; // default
  readonly length_ns: number; // how far the timeline reaches before it is extended
  readonly setup: readonly string[]; // command lines typed at time 0
  readonly knobs: readonly Knob[];
  readonly series: readonly Series[]; // curves over time
  readonly sample_ns: number; // distance of their samples
  readonly predict: Prediction | null;
  /// Picks what the view draws out of the host: plain JSON.
  scene(k: Kernel): Scene;
  /// Things worth a mark on the track since the state `before`.
  events?(before: Kernel, now: Kernel): readonly Landmark[];
}

/// A control that types a command.
export interface Knob {
  readonly name: string; // `--set rx=256`
  readonly label: string;
  readonly unit: string;
  readonly values: readonly number[]; // the stops of the slider
  readonly initial: number;
  readonly tunable: string; // registry id, for default and meaning
  /// The command line for a value.
  command(value: number): string;
  /// The value now, read from the host.
  read(k: Kernel): number;
}

export interface Series {
  readonly name: string;
  readonly unit: string;
  readonly context: Context;
  readonly dropped?: boolean; // drawn struck through
  /// For a gauge the value, for a counter the running total.
  value(k: Kernel): number;
  readonly kind: 'gauge' | 'counter';
  /// The line that it cannot cross, if there is one.
  limit?(k: Kernel): number;
}

export interface Landmark {
  readonly at_ns: number;
  readonly kind: 'irq' | 'drop' | 'squeeze' | 'command' | 'burst' | 'wake';
  readonly label: string;
  readonly context: Context;
}

export interface Prediction {
  readonly question: string;
  readonly choices: readonly string[];
  /// Index of the right choice, computed from the host when the run reaches `at_ns`.
  readonly at_ns: number;
  answer(k: Kernel): number;
  /// Why, in one sentence with the numbers of this run.
  explain(k: Kernel): string;
}
