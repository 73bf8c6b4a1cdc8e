/// What a CPU does next. Hard interrupts come first, softirqs follow at the interrupt's exit, tasks
/// get the rest under the fair scheduler; ksoftirqd/N is one of them.
/// Stands for __irq_exit_rcu(), run_ksoftirqd() (kernel/softirq.c) and __schedule()
/// (kernel/sched/core.c), with voluntary preemption as distributions build it.
/// Left out: real-time classes, load balancing, softirqs other than NET_RX doing work.
import { setTime } from '../engine/agenda.ts';
import { mayRunSoftirqs } from './busy_poll.ts';
import { COSTS } from './costs.ts';
import { dieNow } from './cpu_hotplug.ts';
import { nextTick } from './jiffies.ts';
import { napi_threaded_poll_loop, net_rx_action } from './napi.ts';
import {
  beginPiece,
  BUSY_POLL,
  chargeTask,
  goIdle,
  HARDIRQ,
  IDLE,
  interruptCpu,
  KSOFTIRQD,
  NAPI_THREAD,
  SOFTIRQ,
  TASK,
  WAKING,
} from './piece.ts';
import { finishReader, runReader } from './reader.ts';
import { dequeueTask, enqueueTask, pickTask, updateDeadline, updateLag } from './sched/fair.ts';
import { finishAcceptor, runAcceptor } from './tcp/acceptor.ts';
import { handle_softirqs, type SoftirqAction } from './softirq.ts';
import type { Cpu, Kernel } from './state.ts';
import { STEP } from './tracing.ts';
import { cpu_map_kthread_run, finishCpumap } from './xdp/cpumap_kthread.ts';
import { finishXsk, runXsk } from './xdp/xsk_app.ts';

const nothing: SoftirqAction = () => true;

/// What runs for each softirq, HI to RCU. Only NET_RX has work in this model.
export const softirq_vec: readonly SoftirqAction[] = [
  nothing,
  nothing,
  nothing,
  net_rx_action,
  nothing,
  nothing,
  nothing,
  nothing,
  nothing,
  nothing,
];

/// The piece of work in hand has ended.
export function endPiece(k: Kernel, c: Cpu): void {
  switch (c.mode) {
    case HARDIRQ:
      c.time.hardirq += c.piece_ns;
      c.cursor_ns = k.now;
      return __irq_exit_rcu(k, c);
    case SOFTIRQ:
      c.time.softirq += c.piece_ns;
      return do_softirq(k, c);
    case KSOFTIRQD:
      chargeTask(k, c, c.piece_ns);
      return run_ksoftirqd(k, c);
    case NAPI_THREAD:
      chargeTask(k, c, c.piece_ns);
      return runNapiThread(k, c);
    case TASK:
      chargeTask(k, c, c.piece_ns);
      return endTaskPiece(k, c);
    case BUSY_POLL:
      chargeTask(k, c, c.piece_ns);
      return endBusyPiece(k, c);
    case WAKING:
      c.time.hardirq += c.piece_ns;
      c.cursor_ns = k.now;
      return schedule(k, c);
    case IDLE:
      throw new Error(`CPU ${c.id} is idle and has no piece to end at ${k.now} ns`);
  }
}

function __irq_exit_rcu(k: Kernel, c: Cpu): void {
  if (c.softirq_pending === 0) return leaveInterrupt(k, c);
  c.mode = SOFTIRQ;
  do_softirq(k, c);
}

function do_softirq(k: Kernel, c: Cpu): void {
  if (handle_softirqs(k, c, softirq_vec)) leaveInterrupt(k, c);
}

/// Back to what was interrupted, unless another task is to run. Voluntary preemption: a task inside
/// a system call is not preempted.
function leaveInterrupt(k: Kernel, c: Cpu): void {
  if (c.curr < 0) {
    if (c.ready.length > 0 || c.going_down) return schedule(k, c);
    c.need_resched = false;
    return goIdle(k, c);
  }
  if (c.need_resched && k.tasks[c.curr]!.phase !== 1) return schedule(k, c);
  runTask(k, c);
}

function run_ksoftirqd(k: Kernel, c: Cpu): void {
  c.mode = KSOFTIRQD;
  while (c.softirq.active || c.softirq_pending !== 0) {
    if (!handle_softirqs(k, c, softirq_vec)) return;
    if (c.need_resched) return schedule(k, c); // cond_resched()
  }
  sleepTask(k, c);
}

function runNapiThread(k: Kernel, c: Cpu): void {
  c.mode = NAPI_THREAD;
  const n = k.napis[k.tasks[c.curr]!.napi]!;
  const ours = !n.owned_by_task; // NAPI_STATE_SCHED_THREADED
  const polls = ours && (n.sched || n.stage !== 0);
  const sleeps = !polls || napi_threaded_poll_loop(k, c, n);
  if (ours && n.stage !== 0) return;
  // local_bh_enable(): what was raised during the poll, its own backlog among it, runs here.
  if (c.softirq_pending !== 0) {
    c.mode = SOFTIRQ;
    return do_softirq(k, c);
  }
  if (!sleeps) return schedule(k, c);
  if (polls && c.cursor_ns > k.now) return beginPiece(k, c, 0, 'kthread', STEP.NET_RX);
  sleepTask(k, c);
}

function endTaskPiece(k: Kernel, c: Cpu): void {
  const task = k.tasks[c.curr]!;
  task.rest_ns = 0;
  c.cursor_ns = k.now;
  if (task.kind === 'reader') finishReader(k, c, task);
  else if (task.kind === 'acceptor') finishAcceptor(k, c, task);
  else if (task.kind === 'cpumap') finishCpumap(k, c, task);
  else if (task.kind === 'xsk') finishXsk(k, c, task);
  if (c.need_resched) return schedule(k, c);
  runTask(k, c);
}

/// A task polls a NAPI instance itself; local_bh_enable() between two polls runs what was raised meanwhile.
function endBusyPiece(k: Kernel, c: Cpu): void {
  if (c.softirq_pending !== 0 && mayRunSoftirqs(k.tasks[c.curr]!)) {
    c.cursor_ns = Math.max(c.cursor_ns, k.now);
    c.mode = SOFTIRQ;
    return do_softirq(k, c);
  }
  runTask(k, c);
}

/// Lets the current task go on.
function runTask(k: Kernel, c: Cpu): void {
  const task = k.tasks[c.curr]!;
  c.mode = TASK;
  if (task.rest_ns > 0) {
    const rest = task.rest_ns;
    task.rest_ns = 0;
    return beginPiece(k, c, rest, task.phase === 2 ? 'user' : 'process', STEP.RECVMSG);
  }
  if (task.kind === 'ksoftirqd') return run_ksoftirqd(k, c);
  if (task.kind === 'napi') return runNapiThread(k, c);
  if (task.kind === 'reader' && runReader(k, c, task)) return;
  if (task.kind === 'acceptor' && runAcceptor(k, c, task)) return;
  if (task.kind === 'cpumap' && cpu_map_kthread_run(k, c, task)) return;
  if (task.kind === 'xsk' && runXsk(k, c, task)) return;
  sleepTask(k, c);
}

function sleepTask(k: Kernel, c: Cpu): void {
  const task = k.tasks[c.curr]!;
  updateLag(k, c, task);
  task.state = 'sleeping';
  task.nvcsw++;
  schedule(k, c);
}

/// Chooses the task to run and switches to it. kernel/sched/core.c:__schedule()
function schedule(k: Kernel, c: Cpu): void {
  if (c.going_down) return dieNow(k, c);
  c.need_resched = false;
  const previous = c.curr;
  const next = pickTask(k, c);
  if (next === previous && next >= 0) return runTask(k, c);
  if (previous >= 0 && k.tasks[previous]!.state === 'running') {
    k.tasks[previous]!.nivcsw++;
    enqueueTask(k, c, previous);
  }
  if (next < 0) {
    setTime(k.agenda, c.tick_slot, Infinity);
    return goIdle(k, c);
  }
  dequeueTask(c, next);
  if (c.ready.length === 0) setTime(k.agenda, c.tick_slot, Infinity);
  const task = k.tasks[next]!;
  task.state = 'running';
  task.cpu = c.id;
  c.curr = next;
  c.current = task.pid;
  if (next !== c.last) c.cursor_ns = Math.max(c.cursor_ns, k.now) + COSTS.context_switch.ns;
  c.last = next;
  runTask(k, c);
}

/// The scheduler's tick, taken only while tasks compete for the CPU; otherwise it could change
/// nothing. kernel/sched/core.c:sched_tick()
export function schedTick(k: Kernel, c: Cpu): void {
  c.ticks++;
  interruptCpu(k, c, COSTS.tick.ns, STEP.IRQ);
  updateDeadline(k, c);
  setTime(k.agenda, c.tick_slot, c.ready.length > 0 ? nextTick(k) : Infinity);
}
