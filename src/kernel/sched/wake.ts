/// Waking a task: where it will run, and how the CPU there learns of it.
/// Stands for try_to_wake_up() (kernel/sched/core.c) and select_task_rq_fair() (kernel/sched/fair.c).
/// Left out: load balancing, cache domains inside a node, the wake-affine averages.
import { setTime } from '../../engine/agenda.ts';
import { maskHas, maskOf } from '../cpumask.ts';
import { COSTS } from '../costs.ts';
import { IDLE, interruptCpu, leaveIdle, TASK, WAKING } from '../piece.ts';
import { printk } from '../printk.ts';
import type { Cpu, Kernel, Task } from '../state.ts';
import { STEP } from '../tracing.ts';
import { preempts, enqueueTask, placeEntity } from './fair.ts';

/// Wakes a sleeping task from CPU `waker`; nothing happens when it is awake.
export function wakeUp(k: Kernel, waker: Cpu, index: number): void {
  const task = k.tasks[index]!;
  if (task.state !== 'sleeping') return;
  const c = k.cpus[selectCpu(k, waker, task)]!;
  placeEntity(k, c, task);
  enqueueTask(k, c, index);
  if (c.mode === IDLE) {
    if (c !== waker) startIdleCpu(k, c, waker.cursor_ns + COSTS.wake_remote.ns);
    return;
  }
  if (c.curr < 0 || c.need_resched) {
    c.need_resched = true;
    return;
  }
  if (!preempts(k, c, index)) return;
  c.need_resched = true;
  if (c !== waker && c.mode === TASK) {
    k.resched_ipis[c.id]!++;
    interruptCpu(k, c, COSTS.resched_ipi.ns, STEP.WAKE);
  }
}

/// The CPU for a task that wakes: where it last ran if that CPU is idle, else the waker's CPU, else
/// an idle one of the same node, else where it last ran.
function selectCpu(k: Kernel, waker: Cpu, task: Task): number {
  const prev = k.cpus[task.cpu]!;
  if (prev.online && prev.mode === IDLE && maskHas(task.cpus_allowed, prev.id)) return prev.id;
  if (waker.mode === IDLE && maskHas(task.cpus_allowed, waker.id)) return waker.id;
  for (let i = 1; i < k.cpus.length; i++) {
    const c = k.cpus[(prev.id + i) % k.cpus.length]!;
    if (c.node === prev.node && c.online && c.mode === IDLE && maskHas(task.cpus_allowed, c.id))
      return c.id;
  }
  if (prev.online && maskHas(task.cpus_allowed, prev.id)) return prev.id;
  return (
    k.cpus.find((c) => c.online && maskHas(task.cpus_allowed, c.id))?.id ?? anyCpu(k, prev, task)
  );
}

/// None of the task's CPUs is online: its mask is widened to all, with a line in the log, and it runs
/// on its node if that has a CPU left. kernel/sched/core.c:select_fallback_rq()
function anyCpu(k: Kernel, prev: Cpu, task: Task): number {
  task.cpus_allowed = maskOf(
    k.cpus.map((c) => c.id),
    k.desc.cpus,
  );
  if (!task.kthread)
    printk(k, `process ${task.pid} (${task.comm}) no longer affine to cpu${prev.id}`);
  const online = k.cpus.filter((c) => c.online);
  return (online.find((c) => c.node === prev.node) ?? online[0])!.id;
}

function startIdleCpu(k: Kernel, c: Cpu, at: number): void {
  leaveIdle(k, c);
  k.resched_ipis[c.id]!++;
  c.mode = WAKING;
  c.busy_until = at;
  c.piece_ns = at - k.now;
  c.cursor_ns = at;
  c.running.context = 'hardirq';
  c.running.step = STEP.WAKE;
  c.running.since = k.now;
  setTime(k.agenda, c.slot, at);
}
