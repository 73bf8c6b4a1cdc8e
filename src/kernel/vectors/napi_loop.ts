/// Vectors of the receive softirq's loop: net_rx_action() with a driver that only counts.
import { boot } from '../boot.ts';
import { registerDriverPath } from '../driver_table.ts';
import { jiffies } from '../jiffies.ts';
import { napi_complete_done, net_rx_action } from '../napi.ts';
import { napi_schedule } from '../napi_schedule.ts';
import { createNapi } from '../nic.ts';
import type { Cpu, Kernel, Napi } from '../state.ts';
import { bareHost, differs } from './bare_host.ts';

interface Case {
  readonly hz: number;
  readonly netdev_budget: number;
  readonly netdev_budget_usecs: number;
  readonly cost_us_per_packet: number;
  readonly cost_us_per_poll: number;
  readonly napis: readonly {
    readonly id: number;
    readonly weight: number;
    readonly pending: number;
  }[];
  readonly arrivals: readonly {
    readonly after_poll: number;
    readonly napi: number;
    readonly packets: number;
  }[];
  readonly rounds: readonly Round[];
  readonly left_pending: readonly number[];
}

interface Round {
  readonly polls: readonly (readonly number[])[];
  readonly time_squeeze: number;
  readonly elapsed_jiffies: number;
  readonly poll_list_after: readonly number[];
}

export function run(given: unknown): string | null {
  const test = given as Case;
  const k = boot(bareHost(1, test.hz), 1);
  const c = k.cpus[0]!;
  k.hot.netdev_budget = test.netdev_budget;
  k.hot.netdev_budget_usecs = test.netdev_budget_usecs;
  const first = k.napis.length;
  const pending = test.napis.map((each) => each.pending);
  const polls: number[][] = [];
  let count = 0;
  const poll = (_k: Kernel, _c: Cpu, n: Napi): number => {
    const id = n.id - first;
    const work = Math.min(pending[id]!, n.weight);
    pending[id]! -= work;
    k.now += (test.cost_us_per_poll + work * test.cost_us_per_packet) * 1000;
    count++;
    for (const arrival of test.arrivals)
      if (arrival.after_poll === count) {
        pending[arrival.napi]! += arrival.packets;
        napi_schedule(k, c, k.napis[first + arrival.napi]!);
      }
    let completed = 0;
    if (work < n.weight) {
      completed = napi_complete_done(k, c, n, work);
      if (pending[id]! > 0) napi_schedule(k, c, n);
    }
    polls.push([id, work, completed]);
    return work;
  };
  const path = registerDriverPath({ ...silent, poll });
  for (const each of test.napis)
    k.napis.push(createNapi(first + each.id, -1, 0, -1, path, each.weight));
  for (const each of test.napis) napi_schedule(k, c, k.napis[first + each.id]!);

  for (const [i, round] of test.rounds.entries()) {
    polls.length = 0;
    const squeezed = c.time_squeeze;
    const start = jiffies(k);
    c.softirq_pending = 0;
    net_rx_action(k, c);
    const ours = {
      polls: [...polls],
      time_squeeze: c.time_squeeze - squeezed,
      elapsed_jiffies: jiffies(k) - start,
      poll_list_after: c.poll_list.map((id) => id - first),
    };
    const wrong = differs(`round ${i}`, ours, round);
    if (wrong) return wrong;
  }
  return differs('left_pending', pending, test.left_pending);
}

const silent = {
  name: 'vector',
  interrupt() {},
  usable: () => 0,
  fifo: () => null,
  lost: () => 0,
  interruptAt: () => Infinity,
  moderate() {},
  vectors: () => [],
  reset_ns: 0,
  resetsForQueues: false,
  freesVectors: false,
  dealsCpus: false,
};
