/// The worker's side: it holds one run, lets it play, and answers the page. Work is done in slices
/// of a few milliseconds, so that the page's messages never wait long; frames are posted at most 30
/// times a second; when nothing moves or nobody looks, nothing runs.
import { moves, postFrame, postOutput, postSamples, sleeperOf } from './desk.ts';
import type { Desk, World } from './desk.ts';
import { handOver } from './handover.ts';
import { isIdle } from './machine.ts';
import { startPace, targetOf } from './pace.ts';
import type { FromWorker, LeftRun, RunState, ToWorker } from './protocol.ts';
import {
  beginRun,
  hostTime,
  lookAhead,
  pageTime,
  playedTo,
  seek,
  stateOf,
  traceFor,
  type,
  work,
} from './run.ts';
import type { Run, Say } from './run.ts';
import type { Scenario } from './scenario.ts';
import { decodeLink, encodeLink } from './share.ts';
import { machineAt } from './snapshots.ts';
import { unpackStart } from './start.ts';
import { step } from './steps.ts';

const slice_ms = 8; // of work in one go
const frame_ms = 33; // between two frames
const rest_ms = 4; // between two slices of a run that keeps up

/// Serves one page. Returns what to call with each of its messages.
export function servePlayer(world: World): (message: ToWorker) => void {
  const desk: Desk = {
    run: null,
    start: '',
    opened: null,
    beyond: false,
    speed: 1,
    playing: false,
    held: false,
    pace: null,
    sleeper_ns: -1,
    hidden: false,
    scheduled: false,
    cursor: null,
    framed_ms: -Infinity,
    dirty: false,
    chunks: [],
    owed: false,
    reading: false,
    sent: { next: 0, sample_ns: 0 },
    stored: '',
  };
  const guarded = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      desk.run = null;
      world.post({ type: 'failed', text: `The simulation stopped: ${String(error)}` });
    }
  };
  const schedule = (ms: number): void => {
    if (desk.scheduled || desk.hidden || !desk.run) return;
    desk.scheduled = true;
    world.later(() => {
      desk.scheduled = false;
      guarded(() => {
        const wait_ms = desk.run && !desk.hidden ? tick(world, desk, desk.run) : null;
        if (wait_ms !== null) schedule(wait_ms);
      });
    }, ms);
  };
  return (message) =>
    guarded(() => {
      hear(world, desk, message);
      schedule(0);
    });
}

/// Acts on one message of the page.
function hear(world: World, desk: Desk, message: ToWorker): void {
  const { type: kind } = message;
  if (kind === 'hidden') return void Object.assign(desk, { hidden: message.hidden, pace: null });
  if (kind === 'start') return void (desk.start = message.start);
  if (kind === 'stay') return void Object.assign(desk, { beyond: false, owed: desk.run !== null });
  if (kind === 'leave') return leave(world, desk);
  if (kind === 'adopt') return adopt(world, desk, message.run);
  if (!world.whole && (desk.beyond || needsShell(world, desk, message))) {
    desk.beyond = true;
    return world.post({ type: 'beyond', message });
  }
  if (kind === 'open') return open(world, desk, message.run, true);
  if (kind === 'restore') return restore(world, desk, message);
  if (desk.run) instruct(world, desk, desk.run, message);
}

type Instruction = Exclude<
  ToWorker,
  { type: 'hidden' | 'start' | 'stay' | 'leave' | 'adopt' | 'open' | 'restore' }
>;

/// Acts on a message about the run.
function instruct(world: World, desk: Desk, run: Run, message: Instruction): void {
  desk.dirty = true;
  switch (message.type) {
    case 'play':
      return play(desk, run, message.speed);
    case 'pause':
      return hold(desk);
    case 'seek':
      hold(desk);
      desk.cursor = null;
      return seek(run, hostTime(run, message.at_ns));
    case 'step':
      hold(desk);
      return takeStep(world, desk, run, message.direction);
    case 'type':
      return typeInto(world, desk, run, message.line, message.from);
    case 'interrupt':
      return typeInto(world, desk, run, '\u0003', 'terminal');
    case 'answer':
      desk.reading = false;
      return typeInto(world, desk, run, message.line, 'answer');
    case 'columns':
      run.machine.terminal.columns = Math.max(20, Math.min(500, Math.floor(message.columns) || 80));
      return;
    default:
      return answer(world, run, message);
  }
}

/// Answers a question of the page at once.
function answer(world: World, run: Run, message: Extract<ToWorker, { id: number }>): void {
  const { id } = message;
  const { k } = run.machine.host;
  if (message.type === 'complete') {
    const { shell, session } = run.machine.terminal;
    const none = { from: message.cursor, words: [] };
    const found = shell?.complete(k, session, message.line, message.cursor) ?? none;
    world.post({ type: 'completions', id, ...found });
  } else if (message.type === 'explain') {
    world.post({ type: 'explained', id, card: run.shell?.explainRef(k, message.ref) ?? null });
  } else world.post({ type: 'shared', id, ...encodeLink(stateOf(run), run.scenario) });
}

function restore(world: World, desk: Desk, message: Extract<ToWorker, { type: 'restore' }>): void {
  const scenario = scenarioNamed(world, message.scenario);
  // A link was followed on purpose; what is stored is only what was here last.
  const { run, notice } = decodeLink(message.link || message.stored, scenario);
  // A link shows a moment, so it opens paused.
  open(world, desk, run, message.link === '');
  if (notice !== '') world.post({ type: 'notice', text: notice });
}

/// A live host plays at once, unless it shows a moment that somebody chose.
function open(world: World, desk: Desk, state: RunState, plays: boolean): void {
  const scenario = scenarioNamed(world, state.scenario);
  desk.chunks = [];
  desk.run = (world.whole?.openRun ?? runFromStart(desk))(scenario, state, sayTo(desk));
  Object.assign(desk, {
    cursor: null,
    pace: null,
    held: false,
    owed: true,
    reading: false,
    dirty: true,
  });
  desk.playing = plays && scenario.zoom === 'live';
  desk.speed = scenario.speed;
  desk.sent = { next: 0, sample_ns: 0 };
  world.post({ type: 'ready', scenario: scenario.slug });
}

/// Opens a fresh run without a shell, from the start that the page has sent.
function runFromStart(desk: Desk): (scenario: Scenario, state: RunState, say: Say) => Run {
  return (scenario, state, say) => {
    desk.opened ??= unpackStart(desk.start, scenario);
    const machine = machineAt(desk.opened.snapshot, traceFor(scenario), null);
    return beginRun(scenario, state, machine, say);
  };
}

function sayTo(desk: Desk): Say {
  return (from, chunk) => desk.chunks.push({ from, chunk });
}

/// Whether a program without the shell cannot do this.
function needsShell(world: World, desk: Desk, message: ToWorker): boolean {
  const types = ['type', 'answer', 'interrupt', 'complete', 'explain'];
  if (message.type === 'open') return !isFresh(world, desk, message.run);
  if (message.type !== 'restore') return types.includes(message.type);
  const link = message.link || message.stored;
  return !isFresh(world, desk, decodeLink(link, scenarioNamed(world, message.scenario)).run);
}

function isFresh(world: World, desk: Desk, state: RunState): boolean {
  const scenario = scenarioNamed(world, state.scenario);
  desk.opened ??= unpackStart(desk.start, scenario);
  return (
    state.scenario === desk.opened.scenario &&
    state.seed === desk.opened.seed &&
    state.entries.every((entry) => entry.from === 'setup')
  );
}

/// Gives the run away, and does nothing more.
function leave(world: World, desk: Desk): void {
  const { run, playing, speed, held, cursor, owed, sent, stored } = desk;
  const left = { playing, speed, held, cursor, owed, sent, stored };
  desk.run = null;
  world.post({ type: 'left', run: run && { handover: handOver(run), ...left } });
}

/// Goes on with a run that another program has left.
function adopt(world: World, desk: Desk, left: LeftRun | null): void {
  if (!left || !world.whole) return;
  const { handover, ...how } = left;
  const scenario = scenarioNamed(world, handover.state.scenario);
  desk.run = world.whole.takeOver(scenario, handover, sayTo(desk));
  Object.assign(desk, how, { pace: null, dirty: true });
}

function scenarioNamed(world: World, slug: string): Scenario {
  const scenario = world.scenarioOf(slug);
  if (!scenario) throw new Error(`no scenario is called ${slug}`);
  return scenario;
}

function play(desk: Desk, run: Run, speed: number): void {
  desk.speed = Number.isFinite(speed) && speed > 0 ? Math.min(speed, 10) : run.scenario.speed;
  if (!desk.playing && run.machine.host.k.now >= endOf(run)) seek(run, run.origin_ns);
  Object.assign(desk, { playing: true, held: false, pace: null, cursor: null });
}

function hold(desk: Desk): void {
  Object.assign(desk, { playing: false, held: true, pace: null });
}

/// Types at the moment that is shown: a seek that is still on its way arrives first, if it is near.
function typeInto(
  world: World,
  desk: Desk,
  run: Run,
  line: string,
  from: 'terminal' | 'knob' | 'answer',
): void {
  arrive(world, run);
  type(run, line, from);
  const { timeline } = run;
  desk.sent.next = Math.min(desk.sent.next, timeline.first + timeline.samples.length);
  postSamples(world, desk, run, true);
  Object.assign(desk, { held: false, owed: true, cursor: null, pace: null });
}

function takeStep(world: World, desk: Desk, run: Run, direction: 1 | -1): void {
  arrive(world, run);
  if (!isIdle(run.machine)) return;
  desk.cursor = step(run, desk.cursor, direction) ?? desk.cursor;
}

function arrive(world: World, run: Run): void {
  const deadline_ms = world.clock() + 300;
  if (run.machine.host.k.now < run.goal_ns) work(run, () => world.clock() >= deadline_ms);
}

/// One slice of work. Returns after how many ms to go on; null: there is nothing to do.
function tick(world: World, desk: Desk, run: Run): number | null {
  const deadline_ms = world.clock() + slice_ms;
  const enough = (): boolean => world.clock() >= deadline_ms;
  const moving = setGoal(world, desk, run);
  const still = run.settled && !moving;
  const arrived = work(run, enough);
  desk.dirty ||= !still;
  const ahead = arrived && !moving && lookAhead(run, enough);
  desk.dirty ||= ahead;
  postOutput(world, desk, run);
  const more = moves(desk, run) || !arrived || ahead;
  if (desk.dirty && (world.clock() - desk.framed_ms >= frame_ms || !more))
    postFrame(world, desk, run, arrived);
  if (!more) return null;
  return arrived && moving ? rest_ms : 0;
}

/// Where the run should be by now. Whether virtual time moves by itself.
function setGoal(world: World, desk: Desk, run: Run): boolean {
  if (!moves(desk, run)) {
    desk.pace = null;
    return false;
  }
  const sleeper_ns = sleeperOf(run);
  const errand = !desk.playing;
  const now_ns = run.machine.host.k.now;
  // Time to run only begins when the moment sought is reached.
  if (now_ns < run.goal_ns && !desk.pace) return true;
  if (!desk.pace || (errand && desk.sleeper_ns !== sleeper_ns)) {
    // A sleep in a paused run takes a second of the reader's time at most.
    const sleep_ns = pageTime(run, sleeper_ns) - pageTime(run, now_ns);
    const speed = errand ? Math.max(desk.speed, sleep_ns / 1e9) : desk.speed;
    desk.pace = startPace(speed, world.clock(), pageTime(run, now_ns));
    desk.sleeper_ns = sleeper_ns;
  }
  const target_ns = hostTime(run, targetOf(desk.pace, world.clock(), pageTime(run, now_ns)));
  const most_ns = errand ? sleeper_ns : endOf(run);
  run.goal_ns = Math.max(now_ns, Math.min(target_ns, most_ns));
  if (desk.playing && now_ns >= endOf(run)) Object.assign(desk, { playing: false, pace: null });
  return true;
}

/// Where playing stops: a microscope at the end of its timeline, a live host never.
function endOf(run: Run): number {
  if (run.scenario.zoom === 'live') return Infinity;
  return Math.max(playedTo(run), sleeperOf(run));
}

/// Serves the page that started this worker, with the worker's own clock.
export function serveHere(scenarioOf: World['scenarioOf'], whole: World['whole']): void {
  const hear = servePlayer({
    post: (message) => self.postMessage(message),
    clock: () => performance.now(),
    later: (act, ms) => void setTimeout(act, ms),
    scenarioOf,
    whole,
  });
  self.onmessage = (event: MessageEvent<ToWorker>) => hear(event.data);
  self.postMessage({ type: 'awake', whole: whole !== null } satisfies FromWorker);
}
