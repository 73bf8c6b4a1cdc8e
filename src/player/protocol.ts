/// What the page and the worker say to each other. Everything is structured-cloneable plain data.
/// One worker holds one run: the simulation and the terminal of a page are two windows onto it.
import type { Mark } from '../shell/command.ts';
import type { Context } from '../kernel/steps.ts';
import type { Landmark } from './scenario.ts';

/// One thing that a person did, at a virtual time. The list of them is the run.
export interface Entry {
  readonly at_ns: number;
  readonly line: string; // a command line; '\u0003' is Ctrl-C
  readonly from: 'terminal' | 'knob' | 'setup';
}

/// The whole of a run: enough to repeat it anywhere.
export interface RunState {
  readonly scenario: string;
  readonly seed: number;
  readonly entries: readonly Entry[];
  readonly at_ns: number; // the moment that is shown
}

export type ToWorker =
  | { readonly type: 'open'; readonly run: RunState }
  | { readonly type: 'play'; readonly speed: number } // virtual ns a wall-clock ns
  | { readonly type: 'pause' }
  | { readonly type: 'seek'; readonly at_ns: number }
  | { readonly type: 'step'; readonly direction: 1 | -1 } // to the next or previous traced step
  | { readonly type: 'type'; readonly line: string; readonly from: 'terminal' | 'knob' }
  | { readonly type: 'interrupt' } // Ctrl-C
  | { readonly type: 'answer'; readonly line: string } // a line typed while a command reads it
  | { readonly type: 'complete'; readonly id: number; readonly line: string; readonly cursor: number }
  | { readonly type: 'explain'; readonly id: number; readonly ref: string } // a Mark's ref
  | { readonly type: 'hidden'; readonly hidden: boolean } // nothing runs in a hidden tab
  | { readonly type: 'columns'; readonly columns: number };

export type FromWorker =
  | { readonly type: 'ready'; readonly scenario: string }
  | { readonly type: 'frame'; readonly frame: Frame }
  | { readonly type: 'series'; readonly from: number; readonly samples: SampleBlock }
  | { readonly type: 'output'; readonly chunks: readonly OutputChunk[] }
  | { readonly type: 'prompt'; readonly prompt: string; readonly status: number }
  | { readonly type: 'completions'; readonly id: number; readonly from: number; readonly words: readonly string[] }
  | { readonly type: 'explained'; readonly id: number; readonly card: FieldCard | null }
  | { readonly type: 'notice'; readonly text: string } // a broken share link, for instance
  | { readonly type: 'failed'; readonly text: string }; // our own mistake

export interface OutputChunk {
  readonly stream: 'out' | 'err';
  readonly text: string; // without newline
  readonly nl: boolean;
  readonly marks?: readonly Mark[];
}

/// What a number in an output is.
export interface FieldCard {
  readonly name: string; // rx_missed_errors, eth0
  readonly meaning: string;
  readonly unit: string;
  readonly value: string; // now
  readonly step: string; // IN-03
  readonly context: Context;
  readonly moved_by: string;
  readonly also_in: string; // where else it can be read
  readonly if_it_grows: string;
  readonly source: string; // kernel file and function
}

/// What a page knows of a scenario before its worker lives: plain data, written into the HTML.
export interface ScenarioSheet {
  readonly slug: string;
  readonly title: string; // the question that it answers
  readonly hostname: string;
  readonly seed: number; // default
  readonly length_ns: number;
  readonly sample_ns: number;
  readonly knobs: readonly KnobSheet[];
  readonly series: readonly SeriesSheet[];
  readonly predict: { readonly question: string; readonly choices: readonly string[] } | null;
}

export interface KnobSheet {
  readonly name: string;
  readonly label: string;
  readonly unit: string;
  readonly values: readonly number[]; // the stops of the slider
  readonly initial: number; // value when the run starts
  readonly default: string; // the tunable's default on this host, as the registry says it
  readonly lines: readonly string[]; // the command line for each of `values`
}

export interface SeriesSheet {
  readonly name: string;
  readonly unit: string;
  readonly context: Context;
  readonly dropped?: boolean; // drawn struck through
  readonly kind: 'gauge' | 'counter';
}

/// One moment of a run, ready to draw.
export interface Frame<Scene = unknown> {
  readonly at_ns: number;
  readonly length_ns: number; // how far the timeline reaches
  readonly playing: boolean;
  readonly scene: Scene;
  readonly ledger: LedgerView;
  readonly knobs: readonly number[]; // values now, in the scenario's order
  readonly cpus: readonly CpuView[];
  readonly step: StepView | null; // the traced step under the cursor
  readonly landmarks: readonly Landmark[];
  readonly entries: readonly Entry[];
  readonly prediction?: PredictionView | null; // the model's answer, once the run has reached it
}

export interface PredictionView {
  readonly answer: number; // index of the right choice
  readonly why: string; // one sentence with the numbers of this run
}

export interface LedgerView {
  readonly offered: number;
  readonly delivered: number;
  readonly queued: readonly { readonly where: string; readonly packets: number }[];
  readonly dropped: readonly { readonly reason: string; readonly packets: number; readonly context: Context }[];
}

export interface CpuView {
  readonly id: number;
  readonly node: number;
  readonly context: Context | 'idle';
  readonly words: string; // ksoftirqd/0 in igb_poll, 48 of 64
  readonly busy: number; // share of the last sample window, 0 to 1
}

export interface StepView {
  readonly step: string; // IN-03
  readonly name: string;
  readonly fn: string;
  readonly context: Context;
  readonly cpu: number; // -1: hardware
  readonly packet: number; // serial; -1: none
  readonly reason: string; // drop reason, '' if none
}

/// Samples of every series at a fixed distance, as columns.
export interface SampleBlock {
  readonly sample_ns: number;
  readonly values: readonly (readonly number[])[]; // by series, in the scenario's order
  readonly limits?: readonly (readonly number[] | null)[]; // by series; null: it has no limit
}
