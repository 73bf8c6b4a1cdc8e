/// Vectors of handle_softirqs(): the rounds, their limits, and ksoftirqd.
import { boot } from '../boot.ts';
import { jiffies } from '../jiffies.ts';
import { __raise_softirq_irqoff, handle_softirqs, type SoftirqAction } from '../softirq.ts';
import { bareHost, differs } from './bare_host.ts';

interface Case {
  readonly hz: number;
  readonly pending_mask: number;
  readonly cost_us: readonly number[];
  readonly re_raised_while_round_lt: readonly number[];
  readonly need_resched_from_round: number | null;
  readonly rounds: readonly (readonly number[])[];
  readonly pending_after: number;
  readonly ksoftirqd_woken: number;
  readonly elapsed_jiffies: number;
}

export function run(given: unknown): string | null {
  const test = given as Case;
  const k = boot(bareHost(1, test.hz), 1);
  const c = k.cpus[0]!;
  const rounds: number[][] = [];
  const actions = test.cost_us.map((cost, vector): SoftirqAction => () => {
    const round = c.softirq.rounds;
    (rounds[round - 1] ??= []).push(vector);
    k.now += cost * 1000;
    if (round < test.re_raised_while_round_lt[vector]!) __raise_softirq_irqoff(c, vector);
    if (test.need_resched_from_round !== null && round >= test.need_resched_from_round)
      c.need_resched = true;
    return true;
  });
  c.softirq_pending = test.pending_mask;
  c.mode = 2;
  const start = jiffies(k);
  while (!handle_softirqs(k, c, actions)) c.cursor_ns = k.now;
  const ours = {
    rounds,
    pending_after: c.softirq_pending,
    ksoftirqd_woken: k.tasks[0]!.state === 'sleeping' ? 0 : 1,
    elapsed_jiffies: jiffies(k) - start,
  };
  const { rounds: their, pending_after, ksoftirqd_woken, elapsed_jiffies } = test;
  return differs('outcome', ours, {
    rounds: their,
    pending_after,
    ksoftirqd_woken,
    elapsed_jiffies,
  });
}
