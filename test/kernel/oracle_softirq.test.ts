import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as backlog_flow_limit from '../../src/kernel/vectors/backlog_flow_limit.ts';
import * as napi_loop from '../../src/kernel/vectors/napi_loop.ts';
import * as softirq_restart from '../../src/kernel/vectors/softirq_restart.ts';

// A slow model of each mechanism says what must come out; the adapter of its vectors puts that to the host.

const runs = { numRuns: 150, seed: 5 };
const HZ = fc.constantFrom(100, 250, 1000);

const ticks = (us: number, hz: number): number => Math.floor((us * hz) / 1_000_000);

describe('the receive softirq', () => {
  interface Poller {
    id: number;
    weight: number;
    pending: number;
    scheduled: boolean;
    missed: boolean;
  }

  const input = fc.record({
    hz: HZ,
    netdev_budget: fc.constantFrom(1, 64, 100, 300),
    netdev_budget_usecs: fc.constantFrom(0, 1, 2000, 4000, 8000, 20_000),
    cost_us_per_packet: fc.constantFrom(0, 1, 5, 20, 100),
    cost_us_per_poll: fc.nat(30),
    loads: fc.array(fc.record({ weight: fc.constantFrom(1, 8, 64), pending: fc.nat(300) }), {
      minLength: 1,
      maxLength: 8,
    }),
    arriving: fc.array(
      fc.record({
        after_poll: fc.integer({ min: 1, max: 25 }),
        napi: fc.nat(7),
        packets: fc.integer({ min: 1, max: 150 }),
      }),
      { maxLength: 12 },
    ),
  });
  type Input = typeof input extends fc.Arbitrary<infer T> ? T : never;

  /// Three lists: those of this round, those scheduled meanwhile, and those that used their whole weight.
  function rounds(given: Input, limit = 40) {
    const { hz, netdev_budget, netdev_budget_usecs, loads } = given;
    const arrivals = given.arriving.filter(({ napi }) => napi < loads.length);
    const all: Poller[] = loads.map((one, id) => ({
      ...{ id, ...one },
      ...{ scheduled: true, missed: false },
    }));
    let waiting = [...all];
    let us = 0;
    let polled = 0;
    const told = [];
    while (waiting.length > 0 && told.length < limit) {
      const begin = ticks(us, hz);
      const end = begin + Math.ceil((netdev_budget_usecs * hz) / 1_000_000);
      const polls: number[][] = [];
      const again: Poller[] = [];
      let scheduled: Poller[] = [];
      let squeezed = 0;
      let budget = netdev_budget;
      let list = waiting;
      while (list.length > 0 || (again.length === 0 && scheduled.length > 0)) {
        if (list.length === 0) [list, scheduled] = [scheduled, []];
        const n = list.shift()!;
        const work = Math.min(n.pending, n.weight);
        n.pending -= work;
        us += given.cost_us_per_poll + work * given.cost_us_per_packet;
        polled++;
        for (const one of arrivals)
          if (one.after_poll === polled) {
            const to = all[one.napi]!;
            to.pending += one.packets;
            ask(to, scheduled);
          }
        let completed = 0;
        if (work < n.weight) {
          if (n.missed) scheduled.push(n);
          else {
            n.scheduled = false;
            completed = 1;
          }
          n.missed = false;
          if (n.pending > 0) ask(n, scheduled);
        } else again.push(n);
        polls.push([n.id, work, completed]);
        budget -= work;
        if (budget <= 0 || ticks(us, hz) >= end) {
          squeezed = 1;
          break;
        }
      }
      waiting = [...list, ...scheduled, ...again];
      told.push({
        ...{ polls, time_squeeze: squeezed, elapsed_jiffies: ticks(us, hz) - begin },
        poll_list_after: waiting.map(({ id }) => id),
      });
    }
    return { arrivals, rounds: told, left_pending: all.map(({ pending }) => pending) };
  }

  function ask(n: Poller, scheduled: Poller[]): void {
    if (n.scheduled) n.missed = true;
    else {
      n.scheduled = true;
      scheduled.push(n);
    }
  }

  it('takes instances in turn until the budget or the time is used up, whatever arrives meanwhile', () => {
    fc.assert(
      fc.property(input, (given) => {
        const napis = given.loads.map((one, id) => ({ id, ...one }));
        expect(napi_loop.run({ ...given, napis, ...rounds(given) })).toBeNull();
      }),
      runs,
    );
  });
});

describe('handle_softirqs()', () => {
  const VECTORS = 8;
  const input = fc.record({
    hz: HZ,
    pending_mask: fc.integer({ min: 1, max: 255 }),
    cost_us: fc.array(fc.constantFrom(0, 10, 300, 1000, 2500, 5000), {
      ...{ minLength: VECTORS, maxLength: VECTORS },
    }),
    re_raised_while_round_lt: fc.array(fc.constantFrom(0, 1, 2, 5, 9, 10, 11, 100), {
      ...{ minLength: VECTORS, maxLength: VECTORS },
    }),
    need_resched_from_round: fc.option(fc.integer({ min: 1, max: 5 })),
  });

  it('goes round at most ten times, within two milliseconds, and leaves the rest to ksoftirqd', () => {
    fc.assert(
      fc.property(input, (given) => {
        const { hz, need_resched_from_round: resched } = given;
        const end = Math.ceil((2 * hz) / 1000);
        const rounds: number[][] = [];
        let pending = new Set(
          Array.from({ length: VECTORS }, (_, v) => v).filter((v) => (given.pending_mask >> v) & 1),
        );
        let us = 0;
        let on = true;
        while (on && pending.size > 0) {
          const now = [...pending].sort((a, b) => a - b);
          rounds.push(now);
          us += now.reduce((sum, v) => sum + given.cost_us[v]!, 0);
          pending = new Set(now.filter((v) => rounds.length < given.re_raised_while_round_lt[v]!));
          const wanted = resched !== null && rounds.length >= resched;
          on = rounds.length < 10 && ticks(us, hz) < end && !wanted;
        }
        const outcome = {
          rounds,
          pending_after: [...pending].reduce((mask, v) => mask | (1 << v), 0),
          ksoftirqd_woken: pending.size > 0 ? 1 : 0,
          elapsed_jiffies: ticks(us, hz),
        };
        expect(softirq_restart.run({ ...given, ...outcome })).toBeNull();
      }),
      runs,
    );
  });
});

describe('the backlog', () => {
  const RECENT = 128; // packets that the flow limit looks back on

  const op = fc.oneof(
    fc.record({
      op: fc.constant('burst' as const),
      packets: fc.integer({ min: 1, max: 400 }),
      elephant_hash: fc.nat(0xffff_ffff),
      elephant_pct: fc.integer({ min: 0, max: 100 }),
      mouse_seed: fc.nat(0xffff_ffff),
    }),
    fc.record({
      op: fc.constant('process_backlog' as const),
      quota: fc.integer({ min: 1, max: 200 }),
    }),
  );
  const input = fc.record({
    max_backlog: fc.constantFrom(0, 1, 17, 64, 100, 300, 1000),
    flow_limit_buckets: fc.option(fc.constantFrom(1, 16, 64, 1024, 8192)),
    ops: fc.array(op, { minLength: 1, maxLength: 10 }),
  });

  /// How often a bucket is among the recent ones, counted anew each time. A host that has just begun has seen
  /// nothing: the places not yet taken hold bucket 0, and take from its count what there is of it.
  function flowLimit(buckets: number | null) {
    const recent = new Array<number>(RECENT).fill(0);
    const count = new Map<number, number>();
    const of = (bucket: number): number => count.get(bucket) ?? 0;
    return (hash: number): boolean => {
      if (buckets === null) return false;
      const bucket = hash % buckets;
      recent.push(bucket);
      const old = recent.shift()!;
      count.set(old, Math.max(0, of(old) - 1));
      count.set(bucket, of(bucket) + 1);
      return of(bucket) > RECENT / 2;
    };
  }

  it('takes one packet more than its limit, and from half of it on no more than half of one flow', () => {
    fc.assert(
      fc.property(input, (given) => {
        const { max_backlog: max } = given;
        const tooMuch = flowLimit(given.flow_limit_buckets);
        const total = { dropped: 0, limited: 0, head: 0, tail: 0 };
        let [input, process, scheduled] = [0, 0, false];
        const ops = given.ops.map((one) => {
          if (one.op === 'process_backlog') {
            const work = Math.min(one.quota, process + input);
            if (work > process) [process, input] = [process + input, 0];
            process -= work;
            // It looks for more only when it has not used up its quota.
            if (work < one.quota) scheduled = false;
            total.head += work;
            return {
              ...{ ...one, work, input_pkt_queue: input, process_queue: process },
              ...{ input_queue_head: total.head, input_queue_tail: total.tail },
              still_scheduled: scheduled ? 1 : 0,
            };
          }
          const before = { queued_before: input, napi_scheduled_before: scheduled ? 1 : 0 };
          let seed = BigInt(one.mouse_seed);
          let result = '';
          for (let i = 0; i < one.packets; i++) {
            seed = (seed * 1664525n + 1013904223n) % 2n ** 32n;
            const elephant = (seed >> 16n) % 100n < BigInt(one.elephant_pct);
            const hash = elephant ? one.elephant_hash : Number((seed ^ (seed >> 15n)) | 1n);
            if (input > max) result += 'D';
            else if (input >= Math.floor(max / 2) && tooMuch(hash)) result += 'F';
            else {
              result += '.';
              input++;
              total.tail++;
              scheduled = true;
            }
          }
          total.limited += result.split('F').length - 1;
          total.dropped += result.replaceAll('.', '').length;
          return {
            ...{ ...one, ...before, result, queued_after: input },
            ...{ dropped_counter: total.dropped, flow_limit_count: total.limited },
          };
        });
        expect(backlog_flow_limit.run({ ...given, ops })).toBeNull();
      }),
      runs,
    );
  });
});
