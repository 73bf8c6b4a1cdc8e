/// The receive softirq: the budget loop over NAPI instances, and the end of a poll.
/// Stands for net_rx_action(), napi_poll(), __napi_poll() and napi_complete_done() in net/core/dev.c.
/// Each may stop in the middle, with a piece of work in hand, and is called again when that is done;
/// where it stands is kept in Cpu.net_rx and Napi.stage.
/// Left out: netpoll. The busy polling of a task is in busy_poll.ts.
import { setTime } from '../engine/agenda.ts';
import { COSTS } from './costs.ts';
import { driverPaths, WORKING } from './driver_table.ts';
import { jiffies, usecs_to_jiffies } from './jiffies.ts';
import { __napi_schedule, napi_schedule } from './napi_schedule.ts';
import { napi_gro_flush } from './gro.ts';
import { dropFrame } from './ledger.ts';
import { recycleFreed } from './page_pool.ts';
import { interruptCpu } from './piece.ts';
import { REASON } from './reasons.ts';
import { gro_normal_list } from './receive_list.ts';
import { net_rps_action_and_irq_enable } from './rps.ts';
import { __raise_softirq_irqoff, NET_RX_SOFTIRQ } from './softirq.ts';
import type { Cpu, Kernel, Napi } from './state.ts';
import { noteStep, STEP } from './tracing.ts';

/// NET_RX_SOFTIRQ. True when it is over, false when a piece is in hand.
/// net/core/dev.c:net_rx_action()
export function net_rx_action(k: Kernel, c: Cpu): boolean {
  const run = c.net_rx;
  if (!run.active) {
    run.active = true;
    run.time_limit = jiffies(k) + usecs_to_jiffies(k, k.hot.netdev_budget_usecs);
    run.budget = k.hot.netdev_budget;
    spliceInit(c);
  }
  for (;;) {
    if (run.napi < 0) {
      if (run.list.length === 0) {
        if (run.repoll.length > 0) break;
        c.in_net_rx_action = false;
        if (c.poll_list.length > 0) {
          spliceInit(c);
          continue;
        }
        if (c.rps_ipi_list.length > 0) break;
        run.active = false;
        return true;
      }
      run.napi = run.list.shift()!;
    }
    const work = napi_poll(k, c, k.napis[run.napi]!, run.repoll);
    if (work < 0) return false;
    run.napi = -1;
    run.budget -= work;
    if (run.budget <= 0 || jiffies(k) >= run.time_limit) {
      c.time_squeeze++;
      break;
    }
  }
  leaveRest(k, c);
  run.active = false;
  return true;
}

function spliceInit(c: Cpu): void {
  c.in_net_rx_action = true;
  const list = c.poll_list;
  c.poll_list = c.net_rx.list;
  c.net_rx.list = list;
}

/// What is left comes first next time, then what was scheduled meanwhile, then what wants a repoll.
function leaveRest(k: Kernel, c: Cpu): void {
  const run = c.net_rx;
  c.poll_list = [...run.list, ...c.poll_list, ...run.repoll];
  run.list = [];
  run.repoll = [];
  if (c.poll_list.length > 0) __raise_softirq_irqoff(c, NET_RX_SOFTIRQ);
  else c.in_net_rx_action = false;
  net_rps_action_and_irq_enable(k, c);
}

/// Polls one instance. Returns its work, or WORKING; when it used its whole weight it is added to
/// `repoll`. net/core/dev.c:napi_poll(), __napi_poll()
export function napi_poll(k: Kernel, c: Cpu, n: Napi, repoll: number[]): number {
  if (n.stage === 0) {
    n.listed = false;
    n.polls++;
    noteStep(k, c, STEP.NET_RX, -1, n.id);
    c.cursor_ns += COSTS.napi_poll.ns;
  }
  if (n.stage < 5) {
    const work = n.sched ? driverPaths[n.path]!.poll(k, c, n, n.weight) : 0;
    if (work === WORKING) return WORKING;
    n.frames_this_poll = work;
    n.stage = 0;
    if (work < n.weight) return work;
    n.stage = n.prefer_busy_poll && !n.disabled ? 6 : 5;
    // Where a jiffy is long, nothing is held over a full weight.
    if (n.stage === 5) napi_gro_flush(k, c, n, !n.disabled && k.desc.hz >= 1000);
  }
  return n.stage === 6 ? leaveToBusyPoll(k, c, n) : askForRepoll(k, c, n, repoll);
}

function askForRepoll(k: Kernel, c: Cpu, n: Napi, repoll: number[]): number {
  if (!gro_normal_list(k, c, n)) return WORKING;
  n.stage = 0;
  if (n.disabled) n.sched = false;
  else {
    n.listed = true;
    repoll.push(n.id);
  }
  return n.frames_this_poll;
}

/// A task polls the instance itself; the softirq stays out of it as long as the timer is set.
function leaveToBusyPoll(k: Kernel, c: Cpu, n: Napi): number {
  const completed = napi_complete_done(k, c, n, n.frames_this_poll);
  if (completed === WORKING) return WORKING;
  n.stage = 0;
  if (completed === 1) napi_schedule(k, c, n);
  return n.frames_this_poll;
}

/// Ends a poll that found less than its weight. WORKING, 0 when the instance stays scheduled (a
/// missed interrupt, or interrupts are deferred), 1 when the driver may enable its interrupt.
/// net/core/dev.c:napi_complete_done()
export function napi_complete_done(k: Kernel, c: Cpu, n: Napi, work: number): -1 | 0 | 1 {
  if (n.in_busy_poll) return 0;
  if (!n.completing) beginCompletion(k, c, n, work);
  if (!gro_normal_list(k, c, n)) return WORKING;
  n.completing = false;
  if (k.skbs.pp_freed !== 0) recycleFreed(k, c, true);
  c.cursor_ns += COSTS.napi_complete_done.ns;
  n.prefer_busy_poll = false;
  if (n.missed) {
    n.missed = false;
    __napi_schedule(k, c, n);
    return 0;
  }
  n.sched = false;
  if (n.complete_timeout > 0 && n.timer_slot >= 0) {
    n.timer_cpu = c.id;
    setTime(k.agenda, n.timer_slot, k.now + n.complete_timeout);
  }
  return n.complete_deferred ? 0 : 1;
}

/// How long the interrupt stays off and packets stay held; all others go to rx_list.
function beginCompletion(k: Kernel, c: Cpu, n: Napi, work: number): void {
  const dev = n.dev >= 0 ? k.devs[n.dev]! : null;
  n.completing = true;
  if (n.stage !== 6) n.stage = 4;
  n.complete_timeout = 0;
  n.complete_deferred = false;
  if (dev !== null) {
    if (work > 0) {
      if (n.gro.bitmask !== 0) n.complete_timeout = dev.gro_flush_timeout;
      n.defer_hard_irqs_count = dev.napi_defer_hard_irqs;
    }
    if (n.defer_hard_irqs_count > 0) {
      n.defer_hard_irqs_count--;
      n.complete_timeout = dev.gro_flush_timeout;
      n.complete_deferred = n.complete_timeout > 0;
    }
  }
  // With a timer to come, what was held this jiffy may wait for more; what is older may not.
  if (n.gro.bitmask !== 0) napi_gro_flush(k, c, n, n.complete_timeout > 0);
}

/// The poll of a queue that is no more: the frame in hand is lost, what is on rx_list still goes up.
export function endRemovedPoll(k: Kernel, c: Cpu, n: Napi): number {
  if (n.stage === 2 && c.skb >= 0) {
    dropFrame(k, c.skb, REASON.RING_RESET, STEP.POLL);
    c.skb = -1;
  }
  n.stage = 3;
  napi_gro_flush(k, c, n, false);
  while (n.rx_count > 0) if (!gro_normal_list(k, c, n)) return WORKING;
  n.completing = false;
  n.sched = false;
  n.missed = false;
  return 0;
}

/// The timer of napi_defer_hard_irqs: polls without an interrupt. net/core/dev.c:napi_watchdog()
export function napi_watchdog(k: Kernel, n: Napi): void {
  if (n.disabled || n.sched) return;
  const c = k.cpus[n.timer_cpu]!;
  interruptCpu(k, c, COSTS.tick.ns, STEP.NAPI_SCHEDULE);
  n.sched = true;
  n.prefer_busy_poll = false;
  __napi_schedule(k, c, n);
}

/// A napi/ thread at work on its instance. True when it may sleep; false when a piece is in hand, softirqs
/// are pending, or it should give way to another task. net/core/dev.c:napi_threaded_poll_loop()
export function napi_threaded_poll_loop(k: Kernel, c: Cpu, n: Napi): boolean {
  for (;;) {
    c.in_napi_threaded_poll = true;
    const again: number[] = [];
    const work = napi_poll(k, c, n, again);
    if (work < 0) return false;
    c.in_napi_threaded_poll = false;
    net_rps_action_and_irq_enable(k, c);
    n.listed = false;
    const over = again.length === 0 && !n.sched;
    if (over || c.need_resched || c.softirq_pending !== 0) return over;
  }
}
