/// IN-04: the NIC holds its interrupt back. Few interrupts cost little CPU, but a frame waits in the
/// ring until one comes; many serve each frame at once and take the CPU for themselves.
import { alder } from '../../src/hardware/host_igb.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import type { Knob, Past, Scenario, Series } from '../../src/player/scenario.ts';
import { sharesSince, timesOf } from '../cpu_time.ts';
import type { CpuShares } from '../cpu_time.ts';
import { lostAt } from '../losses.ts';
import { busiestQueue, cpuOf, deviceNamed, napiOf } from '../queues.ts';
import { rateOf } from '../rates.ts';

const length_ns = 20_000_000;
const prelude_ns = 900_000_000; // an igb needs 880 ms to get its link back

export interface Scene {
  readonly pps: number; // frames a second on the wire, over the last window
  readonly timer: {
    readonly interval_ns: number; // shortest distance of two interrupts that the NIC keeps now
    readonly since_ns: number; // since the last interrupt; -1 before the first
    readonly pending: boolean; // an interrupt is due and held back, or on its way
    readonly enabled: boolean; // false while NAPI polls
  };
  readonly interrupts: number; // so far
  readonly interrupts_a_second: number; // over the last window
  readonly frames_an_interrupt: number; // over the whole run
  readonly waiting: number; // frames in the ring
  readonly ring: number; // its size
  readonly oldest_wait_ns: number; // how long the first of them has waited
  readonly mean_wait_ns: number; // of those in the ring now
  readonly shares: CpuShares; // of the CPU that takes the interrupt, over the last window
  readonly cpu: number;
  readonly lost: number;
}

const usecs: Knob = {
  name: 'usecs',
  label: 'Interrupt interval',
  unit: 'us',
  values: [0, 1, 3, 10, 50, 125, 250, 1000],
  initial: 3,
  tunable: 'ethtool:coalesce:rx-usecs',
  command: (value) => `ethtool -C eth0 rx-usecs ${value}`,
  read: (k) => Number(deviceNamed(k, 'eth0').coalesce['rx-usecs']),
};

const rate: Knob = {
  name: 'pps',
  label: 'Frames a second',
  unit: 'pps',
  values: [1_000, 10_000, 50_000, 100_000, 250_000, 500_000, 1_000_000],
  initial: 100_000,
  tunable: '',
  ofTraffic: true,
  command: (value) => `traffic stop all; ${traffic(value)}`,
  read: (k) => k.sources.find((source) => source.active)?.pps ?? 0,
};

const series: readonly Series[] = [
  {
    name: 'Longest wait in the ring',
    unit: 'us',
    context: 'hw',
    kind: 'gauge',
    value: (k) => waits(k).oldest_ns / 1_000,
  },
  {
    name: 'Interrupts',
    unit: 'interrupts',
    context: 'hardirq',
    kind: 'counter',
    value: interrupts,
  },
  {
    name: 'Frames in the ring',
    unit: 'frames',
    context: 'hw',
    kind: 'gauge',
    value: (k) => busiest(k).used,
    limit: (k) => busiest(k).slots.length,
  },
  {
    name: 'Lost',
    unit: 'frames',
    context: 'hw',
    dropped: true,
    kind: 'counter',
    value: (k) => lostAt(k, 'IN-03'),
  },
];

export const interruptModeration: Scenario<Scene> = {
  slug: 'interrupt-moderation',
  title: 'How long may an interrupt wait?',
  host: alder,
  seed: 7,
  zoom: 'microscope',
  speed: 0.001,
  length_ns,
  setup: [],
  prelude_ns,
  start: [traffic(rate.initial)],
  knobs: [usecs, rate],
  series,
  sample_ns: 20_000,
  window_ns: 2_000_000,
  picture_ns: 10_020_000,
  lanes_ns: 2_000_000,
  predict: {
    question: '100 000 frames a second arrive, and rx-usecs is 3. How many interrupts a second?',
    choices: ['one a frame: 100 000', 'some 20 000', 'some 4 000', 'one every 3 µs: 333 000'],
    at_ns: length_ns,
    answer: (k) => rank((interrupts(k) * 1e9) / length_ns),
    explain: (k) => {
      const setting = usecs.read(k);
      const why =
        setting === 1 || setting === 3
          ? 'is no time on igb but a mode: the driver chooses'
          : 'is the shortest time between two, in µs';
      return `${interrupts(k)} interrupts in ${length_ns / 1e6} ms for ${k.ledger.offered} frames: rx-usecs ${setting} ${why}.`;
    },
  },
  tally: (k) => [k.ledger.offered, interrupts(k), ...timesOf(k, cpuOf(k, busiest(k)))],
  scene: sceneOf,
};

function traffic(pps: number): string {
  return `traffic start udp --dev eth0 --pattern poisson --rate ${pps / 1000}k --flows 1`;
}

const busiest = (k: Kernel) => busiestQueue(deviceNamed(k, 'eth0'));

function interrupts(k: Kernel): number {
  return deviceNamed(k, 'eth0').rx.reduce((sum, queue) => sum + queue.interrupts, 0);
}

function sceneOf(k: Kernel, past: Past): Scene {
  const queue = busiest(k);
  const napi = napiOf(k, queue);
  const taken = interrupts(k);
  const { oldest_ns, mean_ns } = waits(k);
  return {
    pps: Math.round(rateOf(past, 0, k.ledger.offered, k.now)),
    timer: {
      interval_ns: napi.itr_ns,
      since_ns: taken === 0 ? -1 : Math.max(0, k.now - napi.irq_last),
      pending: napi.irq_pending,
      enabled: napi.irq_enabled,
    },
    interrupts: taken,
    interrupts_a_second: Math.round(rateOf(past, 1, taken, k.now)),
    frames_an_interrupt: taken === 0 ? 0 : queue.packets / taken,
    waiting: queue.used,
    ring: queue.slots.length,
    oldest_wait_ns: oldest_ns,
    mean_wait_ns: mean_ns,
    shares: sharesSince(k, cpuOf(k, queue), past, 2),
    cpu: cpuOf(k, queue),
    lost: lostAt(k, 'IN-03'),
  };
}

/// How long the frames that are in the ring have waited there, ns.
function waits(k: Kernel): { oldest_ns: number; mean_ns: number } {
  const waited = [...busiest(k).slots]
    .filter((skb) => skb >= 0)
    .map((skb) => k.now - k.skbs.arrived[skb]!);
  const sum = waited.reduce((total, ns) => total + ns, 0);
  return {
    oldest_ns: Math.max(0, ...waited),
    mean_ns: waited.length === 0 ? 0 : sum / waited.length,
  };
}

function rank(rate: number): number {
  if (rate > 200_000) return 3;
  if (rate > 50_000) return 0;
  return rate > 10_000 ? 1 : 2;
}
