/// The worker's side: it holds one run, lets it play, and answers the page. Work is done in slices
/// of a few milliseconds, so that the page's messages never wait long; frames are posted at most 30
/// times a second; when nothing moves or nobody looks, nothing runs.
import { explainRef } from '../shell/explain.ts';
import { complete } from '../shell/shell.ts';
import { moves, postFrame, postOutput, postSamples, sleeperOf } from './desk.ts';
import type { Desk, World } from './desk.ts';
import { isIdle } from './machine.ts';
import { startPace, targetOf } from './pace.ts';
import type { RunState, ToWorker } from './protocol.ts';
import { lookAhead, openRun, seek, stateOf, type, work } from './run.ts';
import type { Run } from './run.ts';
import type { Scenario } from './scenario.ts';
import { decodeLink, encodeLink } from './share.ts';
import { step } from './steps.ts';

const slice_ms = 8; // of work in one go
const frame_ms = 33; // between two frames
const rest_ms = 4; // between two slices of a run that keeps up

/// Serves one page. Returns what to call with each of its messages.
export function servePlayer(world: World): (message: ToWorker) => void {
  const desk: Desk = {
    run: null,
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
  if (message.type === 'open') return open(world, desk, message.run, true);
  if (message.type === 'restore') return restore(world, desk, message);
  if (message.type === 'hidden') {
    desk.hidden = message.hidden;
    desk.pace = null;
    return;
  }
  const { run } = desk;
  if (!run) return;
  desk.dirty = true;
  switch (message.type) {
    case 'play':
      return play(desk, run, message.speed);
    case 'pause':
      return hold(desk);
    case 'seek':
      hold(desk);
      desk.cursor = null;
      return seek(run, run.origin_ns + message.at_ns);
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
    const found = complete(k, run.machine.terminal.session, message.line, message.cursor);
    world.post({ type: 'completions', id, ...found });
  } else if (message.type === 'explain') {
    world.post({ type: 'explained', id, card: explainRef(k, message.ref) });
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
  desk.run = openRun(scenario, state, (from, chunk) => desk.chunks.push({ from, chunk }));
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
  const arrived = work(run, enough);
  desk.dirty ||= moving || !arrived;
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
    const speed = errand ? Math.max(desk.speed, (sleeper_ns - now_ns) / 1e9) : desk.speed;
    desk.pace = startPace(speed, world.clock(), now_ns);
    desk.sleeper_ns = sleeper_ns;
  }
  const target_ns = targetOf(desk.pace, world.clock(), now_ns);
  const most_ns = errand ? sleeper_ns : endOf(run);
  run.goal_ns = Math.max(now_ns, Math.min(target_ns, most_ns));
  if (desk.playing && now_ns >= endOf(run)) Object.assign(desk, { playing: false, pace: null });
  return true;
}

/// Where playing stops: a microscope at the end of its timeline, a live host never.
function endOf(run: Run): number {
  if (run.scenario.zoom === 'live') return Infinity;
  return Math.max(
    run.origin_ns + run.scenario.length_ns,
    run.entries[run.entries.length - 1]?.at_ns ?? 0,
    sleeperOf(run),
  );
}

/// Serves the page that started this worker, with the worker's own clock.
export function serveHere(scenarioOf: World['scenarioOf']): void {
  const hear = servePlayer({
    post: (message) => self.postMessage(message),
    clock: () => performance.now(),
    later: (act, ms) => void setTimeout(act, ms),
    scenarioOf,
  });
  self.onmessage = (event: MessageEvent<ToWorker>) => hear(event.data);
}
