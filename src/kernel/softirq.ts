/// Softirqs: the pending mask, the rounds over it, and when the rest goes to ksoftirqd.
/// Stands for kernel/softirq.c. The actions are handed in as a table; each returns true when it is
/// done, false when it has put a piece of work in hand and is to be called again afterwards.
/// Left out: tasklets, forced threading, the RT variants.
import { COSTS } from './costs.ts';
import { jiffies, msecs_to_jiffies } from './jiffies.ts';
import { beginPiece, softirqContext } from './piece.ts';
import { wakeUp } from './sched/wake.ts';
import type { Cpu, Kernel } from './state.ts';
import { noteStep, STEP } from './tracing.ts';

export type SoftirqAction = (k: Kernel, c: Cpu) => boolean;

export const TIMER_SOFTIRQ = 1;
export const NET_RX_SOFTIRQ = 3;

const MAX_SOFTIRQ_RESTART = 10;
const MAX_SOFTIRQ_TIME_MS = 2;

/// Marks a softirq as pending on a CPU. It runs when the interrupt in hand ends.
export function __raise_softirq_irqoff(c: Cpu, vector: number): void {
  c.softirq_pending |= 1 << vector;
}

/// Runs what is pending, round after round. True when it is over, false when a piece is in hand.
/// kernel/softirq.c:handle_softirqs()
export function handle_softirqs(k: Kernel, c: Cpu, actions: readonly SoftirqAction[]): boolean {
  const run = c.softirq;
  if (!run.active) start(k, c);
  for (;;) {
    // After a closing piece only the clock has moved; an interrupt may have raised more.
    if (run.closing) run.closing = false;
    else if (!runRound(k, c, actions)) return false;
    if (c.softirq_pending !== 0) {
      if (jiffies(k) < run.end && !c.need_resched && --run.max_restart > 0) {
        takePending(c);
        continue;
      }
      wakeup_softirqd(k, c);
    }
    // The last steps have cost time that no packet's piece has taken yet.
    if (c.cursor_ns <= k.now) break;
    run.closing = true;
    beginPiece(k, c, 0, softirqContext(c), STEP.SOFTIRQ);
    return false;
  }
  run.active = false;
  return true;
}

function start(k: Kernel, c: Cpu): void {
  const run = c.softirq;
  run.active = true;
  run.closing = false;
  run.end = jiffies(k) + msecs_to_jiffies(k, MAX_SOFTIRQ_TIME_MS);
  run.max_restart = MAX_SOFTIRQ_RESTART;
  run.rounds = 0;
  takePending(c);
  noteStep(k, c, STEP.SOFTIRQ, -1, run.pending);
  c.cursor_ns += COSTS.handle_softirqs.ns;
}

function takePending(c: Cpu): void {
  c.softirq.pending = c.softirq_pending;
  c.softirq.entered = false;
  c.softirq.rounds++;
  c.softirq_pending = 0;
}

function runRound(k: Kernel, c: Cpu, actions: readonly SoftirqAction[]): boolean {
  const run = c.softirq;
  while (run.pending !== 0) {
    const vector = 31 - Math.clz32(run.pending & -run.pending);
    if (!run.entered) {
      run.entered = true;
      c.softirqs[vector]!++;
    }
    if (!actions[vector]!(k, c)) return false;
    run.entered = false;
    run.pending &= ~(1 << vector);
  }
  return true;
}

/// Wakes the CPU's ksoftirqd; tasks[] begins with one for each CPU.
export function wakeup_softirqd(k: Kernel, c: Cpu): void {
  wakeUp(k, c, c.id);
}
