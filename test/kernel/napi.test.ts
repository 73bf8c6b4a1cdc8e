import { describe, expect, it } from 'vitest';
import { napi_complete_done, napi_poll } from '../../src/kernel/napi.ts';
import { napi_schedule, napi_schedule_prep } from '../../src/kernel/napi_schedule.ts';
import { advance } from '../../src/kernel/run.ts';
import type { Kernel, Napi } from '../../src/kernel/state.ts';
import { eth0, host, ms, traffic } from './hosts.ts';

function firstNapi(k: Kernel): Napi {
  return k.napis[eth0(k).rx[0]!.napi]!;
}

const interrupts = (k: Kernel): number => eth0(k).rx[0]!.interrupts;

describe('scheduling', () => {
  it('notes one more poll when the instance is scheduled already', () => {
    const k = host({ queues: 1 });
    const n = firstNapi(k);
    expect([napi_schedule_prep(n), n.sched, n.missed]).toEqual([true, true, false]);
    expect([napi_schedule_prep(n), n.missed]).toEqual([false, true]);
    n.disabled = true;
    expect(napi_schedule_prep({ ...n, sched: false })).toBe(false);
  });

  it('goes to the tail of the list again, without an interrupt, after a missed one', () => {
    const k = host({ queues: 1 });
    const n = firstNapi(k);
    const c = k.cpus[0]!;
    napi_schedule(k, c, n);
    c.poll_list = [];
    n.missed = true;
    expect(napi_complete_done(k, c, n, 1)).toBe(0);
    expect([n.sched, n.missed, c.poll_list]).toEqual([true, false, [n.id]]);
  });
});

describe('deferred interrupts', () => {
  it('need both napi_defer_hard_irqs and gro_flush_timeout', () => {
    const outcome = [
      [0, 0],
      [3, 0],
      [0, 100_000],
      [3, 100_000],
    ].map(([defer, timeout]) => {
      const k = host({ queues: 1 });
      const n = firstNapi(k);
      eth0(k).napi_defer_hard_irqs = defer!;
      eth0(k).gro_flush_timeout = timeout!;
      n.sched = true;
      return [napi_complete_done(k, k.cpus[0]!, n, 1), n.complete_timeout];
    });
    expect(outcome).toEqual([
      [1, 0],
      [1, 0],
      [1, 0], // nothing is held, so nothing waits for the timer
      [0, 100_000],
    ]);
  });

  it('come back after that many empty polls by the timer', () => {
    const k = host({ queues: 1 });
    const n = firstNapi(k);
    eth0(k).napi_defer_hard_irqs = 3;
    eth0(k).gro_flush_timeout = 100_000;
    traffic(k, { pps: 1000, limit: 1 });
    advance(k, 0.05 * ms);
    expect([n.irq_enabled, interrupts(k)]).toEqual([false, 1]);
    const polls = n.polls;
    advance(k, ms);
    // The first poll and two of the timer's use the three up; the timer's third finds none left.
    expect([n.irq_enabled, n.polls - polls, n.sched]).toEqual([true, 3, false]);
  });
});

describe('busy polling', () => {
  it('keeps napi_complete_done() from ending anything', () => {
    const k = host({ queues: 1 });
    const n = firstNapi(k);
    n.sched = true;
    n.in_busy_poll = true;
    expect(napi_complete_done(k, k.cpus[0]!, n, 0)).toBe(0);
    expect([n.sched, n.stage]).toEqual([true, 0]);
  });

  it('that is preferred takes an instance off the softirq after a full weight', () => {
    const poll = (prefer: boolean, timeout: number): [number[], boolean, number[]] => {
      const k = host({ queues: 1 });
      const n = firstNapi(k);
      const c = k.cpus[0]!;
      const again: number[] = [];
      n.weight = 0; // a poll of nothing is a full weight then
      n.sched = true;
      n.prefer_busy_poll = prefer;
      n.defer_hard_irqs_count = 1;
      eth0(k).gro_flush_timeout = timeout;
      napi_poll(k, c, n, again);
      return [again, n.sched, c.poll_list];
    };
    const k = host({ queues: 1 });
    const id = firstNapi(k).id;
    expect(poll(false, 50_000)).toEqual([[id], true, []]);
    expect(poll(true, 50_000)).toEqual([[], false, []]); // the timer is set
    expect(poll(true, 0)).toEqual([[], true, [id]]); // without one it is scheduled at once
  });
});
