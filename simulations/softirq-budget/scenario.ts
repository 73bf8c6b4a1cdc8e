/// IN-08: many receive queues, one CPU. Every queue's interrupt was pinned to CPU 0 by somebody who
/// meant well, and a flood arrives on all of them. net_rx_action() takes them in turn until its
/// budget is spent; what is left waits, and ksoftirqd competes with the reader for the CPU.
import { alder } from '../../src/hardware/host_igb.ts';
import type { HostDescription } from '../../src/kernel/host.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import type { Knob, Past, Scenario, Series } from '../../src/player/scenario.ts';
import { sharesSince, timesOf } from '../cpu_time.ts';
import type { CpuShares } from '../cpu_time.ts';
import { lostAt } from '../losses.ts';
import { deviceNamed, waitingIn } from '../queues.ts';
import { rateOf } from '../rates.ts';
import { pollList } from './poll_list.ts';
import type { ToPoll } from './poll_list.ts';

// The reader was pinned to the same CPU as the interrupts.
const host: HostDescription = { ...alder, apps: alder.apps.map((app) => ({ ...app, cpu: 0 })) };

export interface Scene {
  readonly poll_list: readonly ToPoll[]; // in the order in which they are polled
  readonly budget: { readonly left: number; readonly limit: number }; // packets of this softirq run
  readonly usecs: number; // net.core.netdev_budget_usecs
  readonly running: 'softirq' | 'ksoftirqd' | 'reader' | 'hardirq' | 'idle'; // on CPU 0, now
  readonly squeezes: number; // time_squeeze of CPU 0
  readonly squeezes_a_second: number;
  readonly shares: CpuShares; // of CPU 0 over the last window
  readonly ksoftirqd: 'running' | 'ready' | 'sleeping';
  readonly rings: readonly {
    readonly name: string;
    readonly used: number;
    readonly size: number;
  }[];
  readonly lost_at_ring: number;
  readonly lost_at_socket: number;
  readonly socket: { readonly skbs: number; readonly bytes: number; readonly limit: number };
  readonly delivered_pps: number;
}

const budget: Knob = {
  name: 'budget',
  label: 'Packets a run',
  unit: 'packets',
  values: [10, 64, 150, 300, 600, 1000],
  initial: 300,
  tunable: 'net.core.netdev_budget',
  command: (value) => `sysctl -w net.core.netdev_budget=${value}`,
  read: (k) => k.hot.netdev_budget,
};

const usecs: Knob = {
  name: 'usecs',
  label: 'Time a run',
  unit: 'us',
  values: [8000, 12000, 16000, 24000, 32000],
  initial: 8000,
  tunable: 'net.core.netdev_budget_usecs',
  command: (value) => `sysctl -w net.core.netdev_budget_usecs=${value}`,
  read: (k) => k.hot.netdev_budget_usecs,
};

const flows: Knob = {
  name: 'flows',
  label: 'Flows',
  unit: 'flows',
  values: [1, 4, 16, 64, 256],
  initial: 64,
  tunable: '',
  ofTraffic: true,
  command: (value) => `traffic stop all; ${flood(value)}`,
  read: (k) => k.sources.find((source) => source.active)?.flows ?? 0,
};

const series: readonly Series[] = [
  {
    name: 'Squeezes',
    unit: 'runs',
    context: 'softirq',
    kind: 'counter',
    value: (k) => cpu0(k).time_squeeze,
  },
  {
    name: 'In the rings',
    unit: 'frames',
    context: 'hw',
    kind: 'gauge',
    value: (k) => deviceNamed(k, 'eth0').rx.reduce((sum, queue) => sum + queue.used, 0),
  },
  {
    name: 'Read',
    unit: 'datagrams',
    context: 'process',
    kind: 'counter',
    value: (k) => k.ledger.delivered,
  },
  {
    name: 'Lost at the rings',
    unit: 'frames',
    context: 'hw',
    dropped: true,
    kind: 'counter',
    value: (k) => lostAt(k, 'IN-03'),
  },
  {
    name: 'Lost at the socket',
    unit: 'datagrams',
    context: 'softirq',
    dropped: true,
    kind: 'counter',
    value: (k) => lostAt(k, 'IN-U1'),
  },
];

export const softirqBudget: Scenario<Scene> = {
  slug: 'softirq-budget',
  title: 'Who gets the CPU in a flood?',
  host,
  seed: 7,
  zoom: 'microscope',
  speed: 0.002,
  length_ns: 40_000_000,
  setup: [
    'ethtool -N eth0 rx-flow-hash udp4 sdfn',
    'for irq in $(grep eth0-TxRx /proc/interrupts | cut -d: -f1); do echo 0 > /proc/irq/$irq/smp_affinity_list; done',
  ],
  prelude_ns: 900_000_000, // an igb needs 880 ms to get its link back
  start: [flood(64)],
  knobs: [budget, usecs, flows],
  series,
  sample_ns: 50_000,
  window_ns: 2_000_000,
  picture_ns: 20_000_000,
  lanes_ns: 4_000_000,
  predict: {
    question:
      'A flood on eight queues, one CPU, one reader on it. After 40 ms, who has had most of that CPU?',
    choices: ['the softirq itself', 'ksoftirqd', 'the reader'],
    at_ns: 40_000_000,
    answer: mostOf,
    explain: (k) => {
      const [, softirq, kthread, reader] = timesOf(k, 0).map((ns) => Math.round(ns / 1e6)) as [
        number,
        number,
        number,
        number,
      ];
      return `Of 40 ms: softirq ${softirq} ms, ksoftirqd/0 ${kthread} ms, reader ${reader} ms; ${cpu0(k).time_squeeze} squeezes.`;
    },
  },
  tally: (k) => [cpu0(k).time_squeeze, k.ledger.delivered, ...timesOf(k, 0)],
  scene: sceneOf,
};

function flood(count: number): string {
  return `traffic start udp --dev eth0 --rate line --flows ${count}`;
}

const cpu0 = (k: Kernel) => k.cpus[0]!;

function sceneOf(k: Kernel, past: Past): Scene {
  const cpu = cpu0(k);
  const run = cpu.net_rx;
  const sock = k.socks.find((one) => one.port === 9000);
  return {
    poll_list: pollList(k, cpu0(k)),
    budget: {
      left: run.active ? Math.max(0, run.budget) : k.hot.netdev_budget,
      limit: k.hot.netdev_budget,
    },
    usecs: k.hot.netdev_budget_usecs,
    running: runningOn(k),
    squeezes: cpu.time_squeeze,
    squeezes_a_second: Math.round(rateOf(past, 0, cpu.time_squeeze, k.now)),
    shares: sharesSince(k, 0, past, 2),
    ksoftirqd: k.tasks.find((task) => task.comm === 'ksoftirqd/0')?.state ?? 'sleeping',
    rings: deviceNamed(k, 'eth0').rx.map((queue) => ({
      name: `rx-${queue.index}`,
      used: queue.used,
      size: queue.slots.length,
    })),
    lost_at_ring: lostAt(k, 'IN-03'),
    lost_at_socket: lostAt(k, 'IN-U1'),
    socket: {
      skbs: sock ? waitingIn(sock) : 0,
      bytes: sock?.rmem_alloc ?? 0,
      limit: sock?.rcvbuf ?? 0,
    },
    delivered_pps: Math.round(rateOf(past, 1, k.ledger.delivered, k.now)),
  };
}

function runningOn(k: Kernel): Scene['running'] {
  const { context } = cpu0(k).running;
  if (context === 'kthread') return 'ksoftirqd';
  if (context === 'process' || context === 'user') return 'reader';
  return context;
}

function mostOf(k: Kernel): number {
  const [, softirq, kthread, reader] = timesOf(k, 0) as [number, number, number, number];
  if (reader >= softirq && reader >= kthread) return 2;
  return kthread > softirq ? 1 : 0;
}
