/// Takes turns between everything that runs in one shell: the line itself, the stages of its pipes
/// and the jobs in the background. Tasks are coroutines; the order of turns is the order in which
/// they were started, so a run is the same every time.
/// Left out: priorities and CPU time: a command takes no virtual time unless it sleeps.
import { Killed } from './command.ts';
import type { Running, Wait } from './command.ts';
import type { Progress } from './stream.ts';

export interface Task {
  readonly gen: Running;
  started: boolean;
  readonly group: number; // 0: the foreground; else the job's number
  status: number | null; // null while it runs
  wake_ns: number; // sleeping until then; -1: not sleeping
  early: boolean; // sleeping, but progress wakes it too
  seen: number; // progress when it last found nothing to do; -1: may run
  input: boolean; // waits for a typed line
  pending: Killed | null; // thrown into it at its next turn
}

export interface Scheduler {
  readonly progress: Progress;
  tasks: Task[];
}

export function makeScheduler(): Scheduler {
  return { progress: { version: 0 }, tasks: [] };
}

export function spawn(s: Scheduler, gen: Running, group: number): Task {
  const task: Task = {
    gen,
    group,
    started: false,
    status: null,
    wake_ns: -1,
    early: false,
    seen: -1,
    input: false,
    pending: null,
  };
  s.tasks.push(task);
  return task;
}

/// Sends a signal to the tasks that `which` picks: they see it at their next turn.
export function kill(s: Scheduler, status: number, which: (task: Task) => boolean): void {
  for (const task of s.tasks) if (which(task)) task.pending = new Killed(status);
  s.progress.version++;
}

/// Runs every task until `done` says so. Yields what the driver has to do: let virtual time pass,
/// give a typed line, or just breathe. A Killed that the driver throws in goes to the foreground.
export function* drive(s: Scheduler, now: () => number, done: () => boolean): Running<void> {
  while (!done()) {
    const wait = turn(s, now(), done);
    if (wait === null) continue;
    try {
      yield wait;
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      kill(s, error.status, (task) => task.group === 0);
    }
  }
}

/// One turn for each task that can run. Gives what to wait for, or null when `done` came true.
function turn(s: Scheduler, now_ns: number, done: () => boolean): Wait | null {
  let ran = false;
  // A task may start others; they get their first turn in this same round.
  for (let i = 0; i < s.tasks.length; i++) {
    const task = s.tasks[i];
    if (task === undefined || !ready(s, task, now_ns)) continue;
    ran = true;
    step(s, task, now_ns);
    if (done()) break;
  }
  s.tasks = s.tasks.filter((task) => task.status === null);
  if (done()) return null;
  return ran && s.tasks.some((task) => ready(s, task, now_ns))
    ? { kind: 'breath' }
    : blocked(s, now_ns);
}

function ready(s: Scheduler, task: Task, now_ns: number): boolean {
  if (task.status !== null) return false;
  if (task.pending) return true;
  if (task.wake_ns >= 0 && now_ns >= task.wake_ns) return true;
  if (task.wake_ns >= 0 && !task.early) return false;
  return task.seen !== s.progress.version;
}

function step(s: Scheduler, task: Task, now_ns: number): void {
  const signal = task.pending;
  task.pending = null;
  task.wake_ns = -1;
  task.early = false;
  task.input = false;
  task.seen = -1;
  const before = s.progress.version;
  const result = resume(task, signal);
  if (result.done) {
    task.status = result.value;
    s.progress.version++;
    return;
  }
  const wait = result.value;
  if (wait.kind === 'sleep') {
    task.wake_ns = now_ns + wait.ns;
    task.early = wait.early ?? false;
  }
  if (wait.kind === 'input') task.input = true;
  // It may have moved something itself before it blocked; then it looks once more.
  if (wait.kind !== 'breath') task.seen = before === s.progress.version ? before : -1;
}

/// A task that a signal ends has 128 and the signal's number as its status.
function resume(task: Task, signal: Killed | null): IteratorResult<Wait, number> {
  try {
    // Thrown into a generator that never ran, the signal would pass by its `finally`.
    const first = signal && !task.started ? task.gen.next() : null;
    task.started = true;
    if (first?.done) return first;
    return signal ? task.gen.throw(signal) : task.gen.next();
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
    return { done: true, value: error.status };
  }
}

/// Nobody can go on: wait for a typed line or for the first to wake.
function blocked(s: Scheduler, now_ns: number): Wait {
  const reader = s.tasks.find((task) => task.input);
  if (reader) {
    reader.seen = -1; // asked again when the driver resumes
    return { kind: 'input' };
  }
  const times = s.tasks.filter((task) => task.wake_ns >= 0).map((task) => task.wake_ns);
  if (times.length > 0) return { kind: 'sleep', ns: Math.max(0, Math.min(...times) - now_ns) };
  throw new Error(`${s.tasks.length} tasks of a shell wait for each other`);
}
