/// Tasks being made. Process numbers follow the recorded hosts: ksoftirqd/0 is 17, the one of CPU n
/// is 21 + 6n, programs begin at 601.
/// Left out: fork, exec, exit of the model's own kernel threads.
import { maskOf } from '../cpumask.ts';
import type { Kernel, Task } from '../state.ts';
import { weightOf } from './fair.ts';

const FIRST_PROGRAM = 601;

export interface TaskSpec {
  readonly comm: string;
  readonly kind: Task['kind'];
  readonly kthread: boolean;
  readonly uid: number;
  readonly cpu: number; // where it starts
  readonly pinned: boolean; // to that CPU
  readonly cpus_allowed?: readonly number[]; // mask words, where it is not pinned; without it: all
  readonly nice?: number;
  readonly pid?: number;
  readonly service_ns?: number;
  readonly napi?: number;
  readonly tgid?: number; // of a thread: pid of its process
}

/// Adds a sleeping task and returns its index.
export function createTask(k: Kernel, spec: TaskSpec): number {
  const everywhere = maskOf(
    k.cpus.map((c) => c.id),
    k.desc.cpus,
  );
  const next = k.tasks.reduce((pid, task) => Math.max(pid, task.pid + 1), FIRST_PROGRAM);
  const pid = spec.pid ?? next;
  return (
    k.tasks.push({
      pid,
      comm: spec.comm.slice(0, 15), // TASK_COMM_LEN, with its NUL
      uid: spec.uid,
      kthread: spec.kthread,
      state: 'sleeping',
      cpu: spec.cpu,
      cpus_allowed: spec.pinned
        ? maskOf([spec.cpu], k.desc.cpus)
        : [...(spec.cpus_allowed ?? everywhere)],
      nice: spec.nice ?? 0,
      weight: weightOf(spec.nice ?? 0),
      vruntime: 0,
      deadline: 0,
      vlag: 0,
      runtime: 0,
      sock: -1,
      service_ns: spec.service_ns ?? 0,
      kind: spec.kind,
      tgid: spec.tgid ?? pid,
      exited: false,
      napi: spec.napi ?? -1,
      phase: 0,
      skb: -1,
      rest_ns: 0,
      nvcsw: 0,
      nivcsw: 0,
      plan: null,
      looped: false,
      busy: null,
      timer_slot: -1,
    }) - 1
  );
}

/// Process number of a CPU's ksoftirqd.
export function ksoftirqdPid(cpu: number): number {
  return cpu === 0 ? 17 : 21 + 6 * cpu;
}

/// Sets a task's nice value, -20 to 19.
export function setNice(task: Task, nice: number): void {
  task.nice = nice;
  task.weight = weightOf(nice);
}
