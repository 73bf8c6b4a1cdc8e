/// What the worker knows of its page, and what it posts to it: output as it comes, samples that the
/// page lacks, frames, and what to keep for a later visit.
import { frameOf } from './frame.ts';
import type { Handover } from './handover.ts';
import { isIdle } from './machine.ts';
import type { Pace } from './pace.ts';
import type { FromWorker, OutputChunk, RunState, SampleBlock } from './protocol.ts';
import { stateOf } from './run.ts';
import type { Run, Say } from './run.ts';
import type { Scenario } from './scenario.ts';
import { storedText } from './share.ts';
import type { Start } from './start.ts';
import { stepAt } from './steps.ts';
import type { Cursor } from './steps.ts';
import { blockFrom } from './timeline.ts';
import { isBusy } from './tty.ts';

/// What the worker needs of the world outside.
export interface World {
  readonly post: (message: FromWorker) => void;
  readonly clock: () => number; // ms, monotone
  readonly later: (act: () => void, ms: number) => void;
  readonly scenarioOf: (slug: string) => Scenario | null;
  readonly whole: WholeProgram | null; // null: a program without the shell
}

/// What a program with the shell can do besides (open_run.ts).
export interface WholeProgram {
  openRun(scenario: Scenario, state: RunState, say: Say): Run;
  takeOver(scenario: Scenario, handover: Handover, say: Say): Run;
}

export interface Desk {
  run: Run | null;
  start: string; // of the page's scenario, as text; '' in a program that does not need it
  opened: Start | null; // the same, once a run was begun from it
  beyond: boolean; // something was asked that this program cannot do
  speed: number;
  playing: boolean;
  held: boolean; // the reader stopped a command that sleeps
  pace: Pace | null; // while virtual time follows the clock
  sleeper_ns: number; // the sleep that the pace was made for; -1: none
  hidden: boolean;
  scheduled: boolean;
  cursor: Cursor | null;
  framed_ms: number; // when the last frame was posted
  dirty: boolean; // something changed since then
  chunks: { from: 'terminal' | 'knob'; chunk: OutputChunk }[];
  owed: boolean; // the page waits for a prompt
  reading: boolean; // the page knows that a command reads
  sent: { next: number; sample_ns: number }; // samples that the page has
  stored: string;
}

/// Whether virtual time moves by itself: the run plays, or a command sleeps in a paused run, which
/// then plays on until the command has ended.
export function moves(desk: Desk, run: Run): boolean {
  return desk.playing || (!desk.held && sleeperOf(run) >= 0);
}

/// Until when the first sleeping line sleeps, ns; -1: none sleeps. Jobs in the background do not
/// keep a paused run going.
export function sleeperOf(run: Run): number {
  const { terminal, scene } = run.machine;
  const times = [terminal, scene]
    .map(({ job }) => (job?.line ? job.wake_ns : -1))
    .filter((ns) => ns >= 0);
  return times.length > 0 ? Math.min(...times) : -1;
}

export function postOutput(world: World, desk: Desk, run: Run): void {
  for (const from of ['terminal', 'knob'] as const) {
    const chunks = desk.chunks.filter((one) => one.from === from).map((one) => one.chunk);
    if (chunks.length > 0) world.post({ type: 'output', chunks, from });
  }
  desk.chunks = [];
  const { terminal, host } = run.machine;
  if (terminal.job?.reads && !desk.reading) {
    desk.reading = true;
    world.post({ type: 'input' });
  }
  if (desk.owed && !isBusy(terminal) && (run.settled || terminal.job === null)) {
    desk.owed = false;
    const text = run.shell?.prompt(host.k, terminal.session) ?? desk.opened?.prompt ?? '';
    world.post({ type: 'prompt', prompt: text, status: terminal.session.status });
  }
}

export function postFrame(world: World, desk: Desk, run: Run, arrived: boolean): void {
  postSamples(world, desk, run, false);
  const still =
    arrived && isIdle(run.machine) && (run.scenario.zoom === 'microscope' || !desk.playing);
  const frame = frameOf(run, {
    playing: moves(desk, run),
    pace: desk.pace?.share ?? 1,
    step: still ? stepAt(run, desk.cursor) : null,
  });
  world.post({ type: 'frame', frame });
  desk.framed_ms = world.clock();
  desk.dirty = false;
  store(world, desk, run);
}

/// Posts the samples that the page does not have; `always` even none, to take back what was cut off.
export function postSamples(world: World, desk: Desk, run: Run, always: boolean): void {
  const { timeline } = run;
  const { sent } = desk;
  const fits = sent.sample_ns === timeline.sample_ns && sent.next >= timeline.first;
  const from = fits ? sent.next : timeline.first;
  const next = timeline.first + timeline.samples.length;
  if (from === next && !always) return;
  const samples: SampleBlock = blockFrom(timeline, from);
  world.post({ type: 'series', from, samples });
  desk.sent = { next, sample_ns: timeline.sample_ns };
}

/// Gives the page what it keeps for a visit to another page, when that has changed.
function store(world: World, desk: Desk, run: Run): void {
  if (desk.playing && run.scenario.zoom === 'microscope') return;
  const text = storedText(stateOf(run), run.scenario);
  if (text === desk.stored) return;
  desk.stored = text;
  world.post({ type: 'store', scenario: run.scenario.slug, text });
}
