/// Pieces of work. A CPU works in atomic pieces: one packet's visit, one system call, one stretch of
/// user time. A piece is planned when it starts and takes effect when it ends, so what it hands to
/// others is seen no earlier than it is done. The cursor walks through the steps; where it stands
/// beyond the present is CPU time spent that the next piece must still take.
/// The steps within a piece bear the times of costs.ts; on a slow CPU (HostDescription.slowdown) it is the piece as a
/// whole that takes longer.
/// A hard interrupt during a softirq pushes the end of the piece; during a task it suspends the task.
import { setTime } from '../engine/agenda.ts';
import { COSTS } from './costs.ts';
import type { Cpu, CpuWork, Kernel } from './state.ts';

export const IDLE = 0;
export const HARDIRQ = 1;
export const SOFTIRQ = 2;
export const KSOFTIRQD = 3;
export const TASK = 4;
export const WAKING = 5;
export const NAPI_THREAD = 6;
export const BUSY_POLL = 7;

/// What work takes on this host's CPUs that costs.ts puts at `ns`.
export function cpuNs(k: Kernel, ns: number): number {
  return k.desc.slowdown === undefined ? ns : ns * k.desc.slowdown;
}

/// Plans a piece whose steps take `ns`, after the time already spent. At its end the cursor stands
/// at the beginning of those steps.
export function beginPiece(
  k: Kernel,
  c: Cpu,
  ns: number,
  context: CpuWork['context'],
  step: number,
): void {
  const due_ns = c.cursor_ns - k.now + ns;
  const total = cpuNs(k, Math.max(1, due_ns));
  c.piece_ns = total;
  c.busy_until = k.now + total;
  // Below 1, an earlier piece was planned that much too long: what this one cannot make up for, the next will.
  c.cursor_ns = c.busy_until - ns + Math.min(0, due_ns - 1);
  c.running.context = context;
  c.running.step = step;
  c.running.since = k.now;
  setTime(k.agenda, c.slot, c.busy_until);
}

/// Context of softirq work on that CPU: its own, or that of the thread or task it runs in.
export function softirqContext(c: Cpu): CpuWork['context'] {
  return c.mode === SOFTIRQ ? 'softirq' : c.mode === BUSY_POLL ? 'process' : 'kthread';
}

/// The CPU has nothing to do.
export function goIdle(k: Kernel, c: Cpu): void {
  c.mode = IDLE;
  c.curr = -1;
  c.current = 0;
  c.busy_until = 0;
  c.idle_since = k.now;
  c.running.context = 'idle';
  c.running.step = -1;
  c.running.since = k.now;
  setTime(k.agenda, c.slot, Infinity);
}

/// Ends the idle time of a CPU that gets something to do.
export function leaveIdle(k: Kernel, c: Cpu): void {
  c.time.idle += k.now - c.idle_since;
  c.cursor_ns = k.now;
}

/// A hard interrupt that takes `ns` arrives at the CPU now. What its handler does, the caller does.
export function interruptCpu(k: Kernel, c: Cpu, ns: number, step: number): void {
  switch (c.mode) {
    case IDLE:
      leaveIdle(k, c);
      return startHardirq(k, c, COSTS.idle_exit.ns + ns, step);
    case WAKING:
      c.time.hardirq += k.now - c.running.since;
      c.cursor_ns = k.now;
      return startHardirq(k, c, ns, step);
    case TASK:
      suspendTask(k, c);
      return startHardirq(k, c, ns, step);
    default:
      pushPiece(k, c, cpuNs(k, ns));
  }
}

function pushPiece(k: Kernel, c: Cpu, ns: number): void {
  c.time.hardirq += ns;
  c.busy_until += ns;
  c.cursor_ns += ns;
  setTime(k.agenda, c.slot, c.busy_until);
}

function startHardirq(k: Kernel, c: Cpu, ns: number, step: number): void {
  c.mode = HARDIRQ;
  beginPiece(k, c, ns, 'hardirq', step);
}

/// Stops the task on the CPU in the middle of its piece.
function suspendTask(k: Kernel, c: Cpu): void {
  const task = k.tasks[c.curr]!;
  // A piece that would end at this very moment has its last nanosecond left.
  const rest = Math.max(1, c.busy_until - k.now);
  task.rest_ns = k.desc.slowdown === undefined ? rest : Math.ceil(rest / k.desc.slowdown);
  chargeTask(k, c, c.piece_ns - rest);
  c.cursor_ns = k.now;
}

/// Adds CPU time to the task that runs here. kernel/sched/fair.c:update_curr()
export function chargeTask(k: Kernel, c: Cpu, ns: number): void {
  const task = k.tasks[c.curr]!;
  task.runtime += ns;
  task.vruntime += task.weight === 1024 ? ns : Math.floor((ns * 1024) / task.weight);
  if (task.kthread) c.time.kthread += ns;
  else if (task.phase === 2) c.time.user += ns;
  else c.time.process += ns;
}

/// Time of a CPU by context up to now, ns, with what is in hand.
export function cpuTimes(k: Kernel, c: Cpu): Cpu['time'] {
  const time = { ...c.time };
  if (c.mode === IDLE) time.idle += k.now - c.idle_since;
  else if (c.running.context !== 'idle')
    time[c.running.context] += Math.max(0, Math.min(c.piece_ns, k.now - c.running.since));
  return time;
}
