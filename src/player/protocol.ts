/// What the page and the worker say to each other. Everything is structured-cloneable plain data.
/// One worker holds one run: the simulation and the terminal of a page are two windows onto it.
/// It runs one of two programs: simulations/host.worker.ts, which is small and opens, plays and seeks a
/// fresh run, or simulations/player.worker.ts, which has the shell too. The page begins with the small
/// one. When that one is asked for something that needs the shell it sends the message back, and every
/// later one with it, and plays on; the page fetches the other program, has the run handed over, and
/// sends it those messages in their order. The page's side of the talk is src/ui/worker_link.ts.
import type { Mark } from '../shell/command.ts';
import type { FieldCard } from '../kernel/registry.ts';
import type { Context } from '../kernel/steps.ts';
export type { FieldCard } from '../kernel/registry.ts';
import type { Handover } from './handover.ts';
import type { Landmark } from './scenario.ts';
import type { Cursor } from './steps.ts';

/// One thing that a person did, at a virtual time. The list of them is the run.
export interface Entry {
  readonly at_ns: number;
  readonly line: string; // a command line; '\u0003' is Ctrl-C, '\u0004' as an answer is Ctrl-D
  readonly from: 'terminal' | 'knob' | 'setup' | 'answer'; // answer: read by a running command
  /// How often the command then running in the terminal had paused for breath. It places an entry
  /// within a command that works without letting virtual time pass; absent when none was running.
  readonly breaths?: number;
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
  /// Opens the run that the page's link (its hash) or the stored session tells, else a fresh one.
  | {
      readonly type: 'restore';
      readonly scenario: string;
      readonly link: string;
      readonly stored: string;
    }
  | { readonly type: 'play'; readonly speed: number } // virtual ns a wall-clock ns
  | { readonly type: 'pause' }
  | { readonly type: 'seek'; readonly at_ns: number }
  | { readonly type: 'step'; readonly direction: 1 | -1 } // to the next or previous traced step
  | { readonly type: 'type'; readonly line: string; readonly from: 'terminal' | 'knob' }
  | { readonly type: 'interrupt' } // Ctrl-C
  | { readonly type: 'answer'; readonly line: string } // a line typed while a command reads it
  | {
      readonly type: 'complete';
      readonly id: number;
      readonly line: string;
      readonly cursor: number;
    }
  | { readonly type: 'explain'; readonly id: number; readonly ref: string } // a Mark's ref
  | { readonly type: 'hidden'; readonly hidden: boolean } // nothing runs in a hidden tab
  | { readonly type: 'share'; readonly id: number }
  | { readonly type: 'columns'; readonly columns: number }
  /// To the small program: the start of its scenario, as text (start.ts), before anything else.
  | { readonly type: 'start'; readonly start: string }
  /// To the small program: hand the run over and do nothing more.
  | { readonly type: 'leave' }
  /// To the small program: the other one could not be had; go on and forget what was sent back.
  | { readonly type: 'stay' }
  /// To the program with the shell: go on with this run.
  | { readonly type: 'adopt'; readonly run: LeftRun | null };

/// A run that its program has left, and how it was played; plain data.
export interface LeftRun {
  readonly handover: Handover;
  readonly playing: boolean;
  readonly speed: number;
  readonly held: boolean;
  readonly cursor: Cursor | null;
  readonly owed: boolean; // the page waits for a prompt
  readonly sent: { readonly next: number; readonly sample_ns: number };
  readonly stored: string;
}

export type FromWorker =
  /// The program has been loaded and listens; `whole`: it has the shell.
  | { readonly type: 'awake'; readonly whole: boolean }
  /// From the small program: this needs the shell, or was sent after something that does.
  | { readonly type: 'beyond'; readonly message: ToWorker }
  /// From the small program: its run, null if it has none. Nothing follows.
  | { readonly type: 'left'; readonly run: LeftRun | null }
  | { readonly type: 'ready'; readonly scenario: string }
  | { readonly type: 'frame'; readonly frame: Frame }
  | { readonly type: 'series'; readonly from: number; readonly samples: SampleBlock }
  /// `knob`: printed by commands that the knobs typed, in a shell of their own.
  | {
      readonly type: 'output';
      readonly chunks: readonly OutputChunk[];
      readonly from: 'terminal' | 'knob';
    }
  /// The terminal's command reads the terminal: the next line is an 'answer'.
  | { readonly type: 'input' }
  | { readonly type: 'prompt'; readonly prompt: string; readonly status: number }
  | {
      readonly type: 'completions';
      readonly id: number;
      readonly from: number;
      readonly words: readonly string[];
    }
  | { readonly type: 'explained'; readonly id: number; readonly card: FieldCard | null }
  /// `hash` begins with '#': the shown moment as a share link; '' when the run does not fit in one.
  | { readonly type: 'shared'; readonly id: number; readonly hash: string; readonly notice: string }
  /// What a page keeps so that the run is there again after a visit to another page.
  | { readonly type: 'store'; readonly scenario: string; readonly text: string }
  | { readonly type: 'notice'; readonly text: string } // a broken share link, for instance
  | { readonly type: 'failed'; readonly text: string }; // our own mistake

export interface OutputChunk {
  readonly stream: 'out' | 'err';
  readonly text: string; // without newline
  readonly nl: boolean;
  readonly marks?: readonly Mark[];
}

/// What a page knows of a scenario before its worker lives: plain data, written into the HTML.
export interface ScenarioSheet {
  readonly slug: string;
  readonly title: string; // the question that it answers
  readonly hostname: string;
  readonly seed: number; // default
  readonly length_ns: number;
  readonly speed: number; // virtual ns for each ns of the clock on the wall when it plays
  readonly live: boolean; // goes on for ever; else a short run that is computed whole
  readonly sample_ns: number;
  readonly knobs: readonly KnobSheet[];
  readonly series: readonly SeriesSheet[];
  readonly predict: {
    readonly question: string;
    readonly choices: readonly string[];
    readonly at_ns: number; // when the run knows the answer
  } | null;
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
  readonly known_ns: number; // how far the run has been computed: samples and landmarks reach here
  readonly playing: boolean;
  readonly busy: boolean; // a command of the terminal is running
  readonly pace: number; // share of the wanted speed that the machine reaches, 0 to 1
  readonly scene: Scene;
  readonly ledger: LedgerView;
  readonly knobs: readonly number[]; // values now, in the scenario's order
  readonly cpus: readonly CpuView[];
  readonly lanes: Lanes | null;
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
  readonly consumed: number;
  readonly forwarded: number;
  readonly queued: readonly { readonly where: string; readonly packets: number }[];
  readonly dropped: readonly {
    readonly reason: string;
    readonly packets: number;
    readonly context: Context;
  }[];
}

export interface CpuView {
  readonly id: number;
  readonly node: number;
  readonly context: Context | 'idle';
  readonly words: string; // ksoftirqd/0 in igb_poll, 48 of 64
  readonly busy: number; // share of the last sample window, 0 to 1
}

/// What each CPU did until now, from the accounting of its time. Within `grain_ns` the order of the
/// pieces is not known, only their lengths.
export interface Lanes {
  readonly from_ns: number;
  readonly to_ns: number;
  readonly grain_ns: number;
  readonly cpus: readonly Lane[];
}

export interface Lane {
  readonly id: number;
  readonly node: number;
  readonly edges: readonly number[]; // ns since from_ns: where each piece begins; the last one ends at to_ns
  readonly contexts: readonly LaneContext[]; // what each piece was
}

export type LaneContext = Exclude<Context, 'hw'> | 'idle';

export interface StepView {
  readonly at_ns: number;
  readonly step: string; // IN-03
  readonly name: string;
  readonly fn: string;
  readonly context: Context;
  readonly cpu: number; // -1: hardware
  readonly packet: number; // serial; -1: none
  readonly reason: string; // drop reason, '' if none
}

/// Samples of every series at a fixed distance, as columns. Sample i is taken at i * sample_ns; the
/// message's `from` is the i of the first one. A block replaces all samples from `from` on; when
/// sample_ns changes (a long run is thinned out), everything is sent again from 0.
export interface SampleBlock {
  readonly sample_ns: number;
  readonly values: readonly (readonly number[])[]; // by series, in the scenario's order
  readonly limits?: readonly (readonly number[] | null)[]; // by series; null: it has no limit
}
