/// Who runs next on a CPU. Stands for the EEVDF scheduler of kernel/sched/fair.c: among the tasks
/// that are not ahead of the average virtual time, the one with the earliest virtual deadline; the
/// current task is protected until its slice is used up (RUN_TO_PARITY).
/// Left out: groups, other classes, delayed dequeue, balancing between CPUs.
import { nextTick } from '../jiffies.ts';
import { setTime, timeOf } from '../../engine/agenda.ts';
import type { Cpu, Kernel, Task } from '../state.ts';

/// Load weights of the nice values -20 to 19 (sched_prio_to_weight in kernel/sched/core.c).
const WEIGHTS = [
  88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904,
  3906, 3121, 2501, 1991, 1586, 1277, 1024, 820, 655, 526, 423, 335, 272, 215, 172, 137, 110, 87,
  70, 56, 45, 36, 29, 23, 18, 15,
];

/// Load weight of a nice value from -20 to 19.
export function weightOf(nice: number): number {
  const weight = WEIGHTS[nice + 20];
  if (weight === undefined) throw new Error(`no weight for nice ${nice}`);
  return weight;
}

/// The slice a task asks for, ns: 0.7 ms, scaled by the number of CPUs up to 8.
/// get_update_sysctl_factor()
export function baseSlice(k: Kernel): number {
  let factor = 1;
  for (let cpus = Math.min(k.cpus.length, 8); cpus >= 2; cpus = Math.floor(cpus / 2)) factor++;
  return 700_000 * factor;
}

function virtual(ns: number, task: Task): number {
  return task.weight === 1024 ? ns : Math.floor((ns * 1024) / task.weight);
}

/// Weighted average of the virtual times of the tasks on a CPU: avg_vruntime().
export function avgVruntime(k: Kernel, c: Cpu): number {
  let load = 0;
  let sum = 0;
  const base = c.min_vruntime;
  const add = (task: Task): void => {
    load += task.weight;
    sum += (task.vruntime - base) * task.weight;
  };
  if (c.curr >= 0 && k.tasks[c.curr]!.state === 'running') add(k.tasks[c.curr]!);
  for (const index of c.ready) add(k.tasks[index]!);
  return load === 0 ? base : base + Math.floor(sum / load);
}

/// Puts a task that becomes ready into the CPU's competition, where its lag says:
/// place_entity().
export function placeEntity(k: Kernel, c: Cpu, task: Task): void {
  const average = avgVruntime(k, c);
  let load = 0;
  if (c.curr >= 0 && k.tasks[c.curr]!.state === 'running') load += k.tasks[c.curr]!.weight;
  for (const index of c.ready) load += k.tasks[index]!.weight;
  const lag = load === 0 ? 0 : Math.trunc((task.vlag * (load + task.weight)) / load);
  task.vruntime = average - lag;
  task.deadline = task.vruntime + virtual(baseSlice(k), task);
}

/// Remembers how far a task that goes to sleep was behind the average, within bounds:
/// update_entity_lag().
export function updateLag(k: Kernel, c: Cpu, task: Task): void {
  const limit = virtual(Math.max(2 * baseSlice(k), 1_000_000_000 / k.desc.hz), task);
  const lag = avgVruntime(k, c) - task.vruntime;
  task.vlag = Math.max(-limit, Math.min(limit, lag));
}

/// Adds a ready task to a CPU's run queue; competition needs the tick.
export function enqueueTask(k: Kernel, c: Cpu, index: number): void {
  const task = k.tasks[index]!;
  task.state = 'ready';
  task.cpu = c.id;
  c.ready.push(index);
  c.runqueue.push(task.pid);
  if (timeOf(k.agenda, c.tick_slot) === Infinity) setTime(k.agenda, c.tick_slot, nextTick(k));
}

/// Takes a task off the run queue.
export function dequeueTask(c: Cpu, index: number): void {
  const at = c.ready.indexOf(index);
  if (at < 0) throw new Error(`task ${index} is not ready on CPU ${c.id}: ${c.ready.join()}`);
  c.ready.splice(at, 1);
  c.runqueue.splice(at, 1);
}

/// Index of the task to run: the current one included if it still wants to; -1: none.
/// Stands for pick_eevdf().
export function pickTask(k: Kernel, c: Cpu): number {
  const current = c.curr >= 0 ? k.tasks[c.curr]! : null;
  const running = current !== null && current.state === 'running';
  if (c.ready.length === 0) return running ? c.curr : -1;
  const average = avgVruntime(k, c);
  c.min_vruntime = average;
  if (running && current.vruntime <= average && current.vruntime < current.deadline) return c.curr;
  let best = running && current.vruntime <= average ? c.curr : -1;
  for (const index of c.ready) {
    const task = k.tasks[index]!;
    if (task.vruntime > average) continue;
    if (best < 0 || task.deadline < k.tasks[best]!.deadline) best = index;
  }
  // Rounding of the average may leave nobody eligible.
  return best >= 0 ? best : c.ready[0]!;
}

/// Whether a task that just became ready takes the CPU from the current one:
/// check_preempt_wakeup_fair().
export function preempts(k: Kernel, c: Cpu, index: number): boolean {
  return pickTask(k, c) === index;
}

/// The tick: has the current task used up its slice while others wait?
/// kernel/sched/fair.c:update_deadline()
export function updateDeadline(k: Kernel, c: Cpu): void {
  if (c.curr < 0) return;
  const task = k.tasks[c.curr]!;
  if (task.vruntime < task.deadline) return;
  task.deadline = task.vruntime + virtual(baseSlice(k), task);
  if (c.ready.length > 0) c.need_resched = true;
}
