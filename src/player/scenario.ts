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
  /// It uses parts of the host that the small program has not (tools/small_program.mjs): a page begins
  /// with the whole one.
  readonly whole?: true;
  /// Microscope: a short run that is computed whole, ahead of the cursor, with the trace on.
  /// Live: it goes on for ever, without a trace, and only its last samples are kept.
  readonly zoom: 'microscope' | 'live';
  readonly speed: number; // virtual ns for each ns of the clock on the wall when it plays
  readonly length_ns: number; // how far the timeline reaches before it is extended
  /// Command lines typed before anything else.
  readonly setup: readonly string[];
  /// How long before moment 0 the host was set up. What is typed at moment 0 is typed then, too: a
  /// NIC that a setting resets has its link again when the run begins.
  readonly prelude_ns: number;
  readonly start: readonly string[]; // command lines typed at moment 0: the traffic
  readonly knobs: readonly Knob[];
  readonly series: readonly Series[]; // curves over time
  readonly sample_ns: number; // distance of their samples
  readonly window_ns: number; // over which the scene's rates and the CPUs' shares are taken
  readonly picture_ns: number; // the moment that the page shows before any script runs
  readonly lanes_ns?: number; // how far back the CPU lanes of a frame reach; none without it
  readonly predict: Prediction | null;
  /// Numbers noted at every sample, so that the scene can say rates over a window, or since when
  /// something lasts; `before` is what it gave at the sample before, empty at the first.
  tally?(k: Kernel, before: readonly number[]): readonly number[];
  /// Picks what the view draws out of the host: plain JSON. `past` is what `tally` gave a window ago.
  scene(k: Kernel, past: Past): Scene;
}

/// What `tally` gave at an earlier moment.
export interface Past {
  readonly at_ns: number;
  readonly tally: readonly number[];
}

/// A control that types a command.
export interface Knob {
  readonly name: string; // `--set rx=256`
  readonly label: string;
  readonly unit: string;
  readonly values: readonly number[]; // the stops of the slider
  readonly initial: number;
  readonly tunable: string; // registry id, for default and meaning; '' when no tunable of the host
  readonly ofTraffic?: true; // changes what the start began: typed after it, also at moment 0
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
  readonly until_ns?: number; // of what lasts
  readonly kind: 'irq' | 'drop' | 'squeeze' | 'command' | 'burst' | 'wake' | 'link';
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
