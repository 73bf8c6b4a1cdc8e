/// A run in time: scenario, seed and entries, and a machine that stands at the moment shown. Any
/// moment can be sought: the machine is put back to the nearest snapshot and computes on from there,
/// its output unsaid, as it was said before. What a person types happens at the moment shown and
/// cuts off everything later. All work is done in slices, so that nobody waits for a long one.
/// Inside a run all times are the host's; a page has a clock of its own (page_clock.ts).
import type { Trace } from '../engine/trace.ts';
import { createPathTrace } from '../kernel/tracing.ts';
import { createLanes, cutLanes, readLanes } from './lanes.ts';
import { createMarks, cutMarks, noteMarks } from './landmarks.ts';
import type { Marks } from './landmarks.ts';
import type { LaneRecorder } from './lanes.ts';
import { isIdle, nextDue, pass, settle } from './machine.ts';
import type { Enough, Machine } from './machine.ts';
import { createClock, cutClock, hostOf, noteDead, pageOf } from './page_clock.ts';
import type { PageClock } from './page_clock.ts';
import type { Entry, OutputChunk, PredictionView, RunState } from './protocol.ts';
import type { Scenario } from './scenario.ts';
import { knobOf, wellFormed } from './share.ts';
import type { ShellProgram } from './shell_program.ts';
import { createSnapshots, cut, isDue, machineAt, nearest, take } from './snapshots.ts';
import type { Snapshot, Snapshots } from './snapshots.ts';
import { createTimeline, cutTimeline, knownUntil, nextSample, sample } from './timeline.ts';
import type { Timeline } from './timeline.ts';
import type { Print } from './tty.ts';

export interface Run {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly shell: ShellProgram | null; // null: nobody can type
  machine: Machine; // stands at the moment shown, or is on its way there
  readonly snapshots: Snapshots;
  readonly clock: PageClock;
  readonly timeline: Timeline;
  marks: Marks;
  lanes: LaneRecorder | null;
  readonly origin_ns: number; // the page's moment 0
  entries: Entry[]; // in order of time; the setup first
  goal_ns: number; // the moment to show
  settled: boolean; // the machine is there, and every command sleeps, reads or has ended
  said: number[]; // by entry: chunks of its output that were printed; a replay prints none twice
  prediction: PredictionView | null;
  scout: Machine | null; // computes a microscope's future ahead of the cursor
  readonly say: Say;
}

/// Where the output of the terminal and of the knobs goes.
export type Say = (from: 'terminal' | 'knob', chunk: OutputChunk) => void;

/// Virtual time in one go between two looks at the clock.
const stride_ns = 250_000;
const memory = { microscope: 32 * 1024 * 1024, live: 64 * 1024 * 1024 }; // bytes of snapshots

/// A run on a machine at its beginning, on its way to the moment that `state` shows.
export function beginRun(scenario: Scenario, state: RunState, machine: Machine, say: Say): Run {
  const origin_ns = scenario.prelude_ns;
  const clock = createClock(scenario);
  const run: Run = {
    scenario,
    seed: state.seed,
    shell: machine.terminal.shell,
    machine,
    snapshots: createSnapshots(memory[scenario.zoom], spacingOf(scenario)),
    clock,
    timeline: createTimeline(scenario, clock),
    marks: createMarks(scenario),
    lanes: scenario.lanes_ns ? createLanes(grainOf(scenario), keepOf(scenario)) : null,
    origin_ns,
    entries: entriesOf(scenario, state.entries),
    goal_ns: origin_ns + state.at_ns,
    settled: false,
    said: [],
    prediction: null,
    scout: null,
    say,
  };
  take(run.snapshots, machine);
  return run;
}

/// The run as data: enough to repeat it anywhere. Its times are the host's since moment 0.
export function stateOf(run: Run): RunState {
  const since = (host_ns: number): number => Math.max(0, host_ns - run.origin_ns);
  const entries = run.entries
    .filter((entry) => entry.from !== 'setup')
    .map((entry) => ({ ...entry, at_ns: since(entry.at_ns) }));
  return { scenario: run.scenario.slug, seed: run.seed, entries, at_ns: since(run.goal_ns) };
}

/// What was typed, with the page's times.
export function pageEntries(run: Run): Entry[] {
  return run.entries.map((entry) => ({ ...entry, at_ns: pageTime(run, entry.at_ns) }));
}

/// A time of the host as the page counts it: what lies in the prelude is its moment 0.
export function pageTime(run: Run, host_ns: number): number {
  return Math.max(0, pageOf(run.clock, host_ns));
}

/// The moment of the host at which the page's clock shows `page_ns`.
export function hostTime(run: Run, page_ns: number): number {
  return hostOf(run.clock, Math.max(0, Math.round(page_ns)));
}

/// Brings the machine nearer to the moment to show. True when it has arrived and settled.
export function work(run: Run, enough: Enough): boolean {
  run.settled = travel(run, run.machine, run.goal_ns, sayer(run), enough);
  return run.settled;
}

/// Shows another moment of the host. What is computed of the run stays known.
export function seek(run: Run, host_ns: number): void {
  const goal_ns = Math.max(run.origin_ns, Math.round(host_ns));
  const { k } = run.machine.host;
  const snapshot = nearest(run.snapshots, goal_ns);
  const ahead = k.now <= goal_ns && snapshot.at_ns <= k.now;
  if (!ahead) putBack(run, snapshot);
  run.goal_ns = goal_ns;
  run.settled = false;
}

/// Types a line at the moment shown: the future that was there is cut off. At moment 0 it is typed
/// before the prelude. A knob that moves again at the same moment takes its own last line back.
export function type(run: Run, typed: string, from: Entry['from']): void {
  const line = wellFormed(typed);
  const now_ns = run.machine.host.k.now;
  const early = now_ns <= run.origin_ns && isEarly(run.scenario, line);
  const at_ns = early ? 0 : now_ns;
  const done = run.entries.filter(
    (entry) => entry.at_ns < run.origin_ns || (!early && entry.at_ns <= now_ns),
  ).length;
  const again = from === 'knob' ? sameKnob(run, line, at_ns, done) : -1;
  // What belongs to moment 0 stands, though it is typed after the prelude.
  const later = early ? run.entries.filter((entry) => entry.at_ns === run.origin_ns) : [];
  const { job } = run.machine.terminal;
  const breaths = job && job.line && job.wake_ns < 0 ? { breaths: job.breaths } : {};
  const index = again < 0 ? done : again;
  goBack(run, at_ns, index);
  const before = run.entries.slice(0, done).filter((_, i) => i !== again);
  run.entries = [...before, { at_ns, line, from, ...breaths }, ...later];
  run.said.length = Math.min(run.said.length, index);
  // The page has shown its own line already.
  run.said[before.length] = 1;
  run.goal_ns = Math.max(now_ns, run.origin_ns);
  run.settled = false;
}

/// Computes a microscope's future up to its length. False when there is nothing left to compute.
export function lookAhead(run: Run, enough: Enough): boolean {
  const until_ns = lengthOf(run);
  const known_ns = knownUntil(run.timeline);
  const known = nextSample(run.timeline, known_ns) > until_ns;
  if (run.scenario.zoom === 'live' || known || !isIdle(run.machine)) {
    run.scout = null;
    return false;
  }
  run.scout ??= machineAt(nearest(run.snapshots, known_ns), traceFor(run.scenario), run.shell);
  travel(run, run.scout, until_ns, silent, enough);
  return true;
}

/// How far the timeline reaches: as far as a run plays, or further when somebody went further.
export function lengthOf(run: Run): number {
  return Math.max(playedTo(run), run.goal_ns, run.machine.host.k.now);
}

/// How far a run plays by itself: the scenario's length, counted anew from when the link came back.
export function playedTo(run: Run): number {
  const last_ns = run.entries[run.entries.length - 1]?.at_ns ?? 0;
  const from_ns = run.clock.dead.at(-1)?.until_ns ?? run.origin_ns;
  return Math.max(from_ns + run.scenario.length_ns, last_ns);
}

/// Lets a machine go on to a moment, noting what it passes. True when it is there and settled.
export function travel(
  run: Run,
  m: Machine,
  goal_ns: number,
  print: Print,
  enough: Enough,
): boolean {
  for (;;) {
    if (!settle(m, run.entries, print, enough)) return false;
    note(run, m);
    const now_ns = m.host.k.now;
    if (now_ns >= goal_ns) return true;
    pass(m, Math.min(goal_ns, nextDue(m, run.entries), nextStop(run, now_ns)));
    if (enough()) return false;
  }
}

/// Puts the run's machine into the state of a snapshot; what it was doing is forgotten.
function putBack(run: Run, snapshot: Snapshot): void {
  const { columns } = run.machine.terminal;
  run.machine = machineAt(snapshot, run.machine.trace, run.shell);
  run.machine.terminal.columns = columns;
}

/// Room for more steps than a stride of any run takes.
export function traceFor(scenario: Scenario): Trace | null {
  return scenario.zoom === 'microscope' ? createPathTrace(65_536) : null;
}

/// What passing a moment is good for: samples, lanes, marks, snapshots, the answer to the question.
function note(run: Run, m: Machine): void {
  const { k } = m.host;
  noteDead(run.clock, k);
  if (run.lanes) readLanes(run.lanes, k);
  const fresh = sample(run.timeline, k);
  noteMarks(run.marks, m, fresh);
  if (isDue(run.snapshots, m, run.clock)) take(run.snapshots, m);
  const { predict } = run.scenario;
  if (predict && run.prediction === null && k.now === run.origin_ns + predict.at_ns) {
    run.prediction = { answer: predict.answer(k), why: predict.explain(k) };
  }
}

/// The next moment at which there is something to note.
function nextStop(run: Run, now_ns: number): number {
  const { lanes, timeline, scenario } = run;
  const grain_ns = lanes?.grain_ns ?? stride_ns;
  const predict_ns = run.origin_ns + (scenario.predict?.at_ns ?? 0);
  return Math.min(
    now_ns < run.origin_ns ? run.origin_ns : Infinity,
    // In the prelude nothing happens that wants a close look.
    now_ns + (now_ns < run.origin_ns ? run.origin_ns : stride_ns),
    now_ns < run.origin_ns ? Infinity : (Math.floor(now_ns / grain_ns) + 1) * grain_ns,
    nextSample(timeline, now_ns),
    predict_ns > now_ns ? predict_ns : Infinity,
  );
}

/// Stands no further than the moment after the first `done` entries, and forgets all that came later.
function goBack(run: Run, at_ns: number, done: number): void {
  const { machine } = run;
  const beyond = machine.host.k.now > at_ns || machine.done > done;
  // A knob may move on at this moment: then the way back to here is short.
  if (!beyond && machine.done === done && run.settled && isIdle(machine))
    take(run.snapshots, machine);
  cut(run.snapshots, at_ns, done);
  if (beyond) putBack(run, nearest(run.snapshots, at_ns, done));
  forget(run, at_ns);
}

/// Forgets everything known of the run after a moment.
function forget(run: Run, at_ns: number): void {
  cutClock(run.clock, at_ns);
  cutTimeline(run.timeline, at_ns);
  cutMarks(run.marks, run.machine.host.k);
  if (run.lanes) cutLanes(run.lanes, run.machine.host.k);
  if (run.origin_ns + (run.scenario.predict?.at_ns ?? 0) >= at_ns) run.prediction = null;
  run.scout = null;
}

/// The last of the first `done` entries that the same knob typed at this very moment; -1: none.
function sameKnob(run: Run, line: string, at_ns: number, done: number): number {
  const knob = knobOf(run.scenario, line)?.knob;
  if (!knob) return -1;
  return run.entries
    .slice(0, done)
    .findLastIndex(
      (entry) =>
        entry.at_ns === at_ns &&
        entry.from === 'knob' &&
        knobOf(run.scenario, entry.line)?.knob === knob,
    );
}

/// Whether a line typed at moment 0 is typed before the prelude.
function isEarly(scenario: Scenario, line: string): boolean {
  return scenario.prelude_ns > 0 && !knobOf(scenario, line)?.knob.ofTraffic;
}

/// Prints what was not printed before: a replay of known ground is silent, as is the setup.
function sayer(run: Run): Print {
  return (entry, index, chunk) => {
    const from = run.entries[entry]!.from;
    if (from === 'setup' || index < (run.said[entry] ?? 0)) return;
    run.said[entry] = index + 1;
    run.say(from === 'knob' ? 'knob' : 'terminal', chunk);
  };
}

const silent: Print = () => undefined;

/// All entries with the host's times: the setup, what was typed at moment 0 where there is a prelude,
/// the start, the rest.
function entriesOf(scenario: Scenario, typed: readonly Entry[]): Entry[] {
  const origin_ns = scenario.prelude_ns;
  const own =
    (at_ns: number) =>
    (line: string): Entry => ({ at_ns, line, from: 'setup' });
  const byPerson = typed
    .filter((entry) => entry.from !== 'setup')
    .map((entry) => ({
      ...entry,
      at_ns: entry.at_ns === 0 && isEarly(scenario, entry.line) ? 0 : origin_ns + entry.at_ns,
    }))
    .toSorted(byTime);
  const early = byPerson.filter((entry) => entry.at_ns < origin_ns);
  const late = byPerson.filter((entry) => entry.at_ns >= origin_ns);
  return [...scenario.setup.map(own(0)), ...early, ...scenario.start.map(own(origin_ns)), ...late];
}

function byTime(a: Entry, b: Entry): number {
  return a.at_ns - b.at_ns;
}

/// Snapshots stand close enough for a seek within one frame of the screen.
function spacingOf(scenario: Scenario): number {
  return scenario.zoom === 'live' ? 50_000_000 : Math.ceil(scenario.length_ns / 100);
}

/// A lane of a few hundred readings is as fine as a screen can show.
function grainOf(scenario: Scenario): number {
  return Math.max(1_000, Math.ceil((scenario.lanes_ns ?? 0) / 200));
}

function keepOf(scenario: Scenario): number {
  return scenario.zoom === 'live' ? 2 * (scenario.lanes_ns ?? 0) : Infinity;
}
