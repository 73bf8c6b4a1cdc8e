/// The receive softirq: the budget loop over NAPI instances, and the end of a poll.
/// Stands for net_rx_action(), napi_poll(), __napi_poll() and napi_complete_done() in net/core/dev.c.
/// Each may stop in the middle, with a piece of work in hand, and is called again when that is done;
/// where it stands is kept in Cpu.net_rx and Napi.stage.
/// Left out: busy polling, netpoll, held GRO packets (UDP holds none).
import { setTime } from '../engine/agenda.ts';
import { COSTS } from './costs.ts';
import { driverPaths, WORKING } from './driver_table.ts';
import { jiffies, usecs_to_jiffies } from './jiffies.ts';
import { __napi_schedule } from './napi_schedule.ts';
import { dropFrame } from './ledger.ts';
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
  if (n.stage !== 5) {
    const work = n.sched ? driverPaths[n.path]!.poll(k, c, n, n.weight) : 0;
    if (work === WORKING) return WORKING;
    n.frames_this_poll = work;
    n.stage = 0;
    if (work < n.weight) return work;
    if (n.disabled) {
      n.sched = false;
      return work;
    }
    n.stage = 5;
  }
  if (!gro_normal_list(k, c, n)) return WORKING;
  n.stage = 0;
  n.listed = true;
  repoll.push(n.id);
  return n.frames_this_poll;
}

/// Ends a poll that found less than its weight. WORKING, 0 when the instance stays scheduled (a
/// missed interrupt, or interrupts are deferred), 1 when the driver may enable its interrupt.
/// net/core/dev.c:napi_complete_done()
export function napi_complete_done(k: Kernel, c: Cpu, n: Napi, work: number): -1 | 0 | 1 {
  n.stage = 4;
  if (!gro_normal_list(k, c, n)) return WORKING;
  c.cursor_ns += COSTS.napi_complete_done.ns;
  const dev = n.dev >= 0 ? k.devs[n.dev]! : null;
  let timeout = 0;
  let enable: 0 | 1 = 1;
  if (dev !== null) {
    if (work > 0) n.defer_hard_irqs_count = dev.napi_defer_hard_irqs;
    if (n.defer_hard_irqs_count > 0) {
      n.defer_hard_irqs_count--;
      timeout = dev.gro_flush_timeout;
      if (timeout > 0) enable = 0;
    }
  }
  if (n.missed) {
    n.missed = false;
    __napi_schedule(k, c, n);
    return 0;
  }
  n.sched = false;
  if (timeout > 0 && n.timer_slot >= 0) {
    n.timer_cpu = c.id;
    setTime(k.agenda, n.timer_slot, k.now + timeout);
  }
  return enable;
}

/// The poll of a queue that is no more: the frame in hand is lost, what is on rx_list still goes up.
export function endRemovedPoll(k: Kernel, c: Cpu, n: Napi): number {
  if (n.stage === 2 && c.skb >= 0) {
    dropFrame(k, c.skb, REASON.RING_RESET, STEP.POLL);
    c.skb = -1;
  }
  n.stage = 3;
  if (!gro_normal_list(k, c, n)) return WORKING;
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
  __napi_schedule(k, c, n);
}

/// A napi/ thread at work on its instance. True when it may sleep, false when a piece is in hand or
/// it should give way to another task. net/core/dev.c:napi_threaded_poll_loop()
export function napi_threaded_poll_loop(k: Kernel, c: Cpu, n: Napi): boolean {
  for (;;) {
    c.in_napi_threaded_poll = true;
    const again: number[] = [];
    const work = napi_poll(k, c, n, again);
    if (work < 0) return false;
    c.in_napi_threaded_poll = false;
    net_rps_action_and_irq_enable(k, c);
    n.listed = false;
    if (again.length === 0 && !n.sched) return true;
    if (c.need_resched) return false;
  }
}
