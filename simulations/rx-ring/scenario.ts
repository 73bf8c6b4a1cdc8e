/// IN-03: bursts of small frames at the full speed of the wire, a ring of descriptors, and an
/// interrupt that comes late. While the interrupt is held back nobody empties the ring: it must be
/// long enough for everything that arrives in that time.
import { alder } from '../../src/hardware/host_igb.ts';
import type { HostDescription } from '../../src/kernel/host.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import type { Knob, Past, Scenario, Series } from '../../src/player/scenario.ts';
import { lostAt } from '../losses.ts';
import { busiestQueue, deviceNamed, napiOf } from '../queues.ts';
import { rateOf } from '../rates.ts';

const burst = 1_024; // frames
const period_ns = 3_000_000;
const prelude_ns = 900_000_000; // an igb needs 880 ms to get its link back

// A reader that keeps up, so that nothing but the ring loses packets.
const host: HostDescription = {
  ...alder,
  apps: alder.apps.map((app) => ({ ...app, service_ns: 0, rcvbuf: 212_992 })),
};

export interface Scene {
  readonly pps: number; // frames a second on the wire, over the last window
  readonly frame_bytes: number;
  readonly size: number; // descriptors
  readonly used: number; // filled, and not yet polled
  readonly head: number; // slot the NIC fills next
  readonly tail: number; // next_to_clean
  readonly full_since_ns: number | null;
  readonly waiting: number; // frames in the NIC's packet buffer, for want of a descriptor
  readonly dropped: number; // frames lost at the ring so far
  readonly delivered: number; // frames that the poll took out of the ring so far
  readonly polling: boolean;
  readonly poll_done: number; // frames taken in the present or last poll
  readonly weight: number;
}

const rx: Knob = {
  name: 'rx',
  label: 'Ring size',
  unit: 'descriptors',
  values: [64, 128, 256, 512, 1024, 2048, 4096],
  initial: 256,
  tunable: 'ethtool:ring:rx',
  command: (value) => `ethtool -G eth0 rx ${value}`,
  read: (k) => deviceNamed(k, 'eth0').ring.rx,
};

const usecs: Knob = {
  name: 'usecs',
  label: 'Interrupt after',
  unit: 'us',
  values: [0, 3, 10, 50, 125, 250, 400, 600, 1000],
  initial: 400,
  tunable: 'ethtool:coalesce:rx-usecs',
  command: (value) => `ethtool -C eth0 rx-usecs ${value}`,
  read: (k) => Number(deviceNamed(k, 'eth0').coalesce['rx-usecs']),
};

const budget: Knob = {
  name: 'budget',
  label: 'Poll budget',
  unit: 'packets',
  values: [10, 64, 150, 300, 600, 1000],
  initial: 300,
  tunable: 'net.core.netdev_budget',
  command: (value) => `sysctl -w net.core.netdev_budget=${value}`,
  read: (k) => k.hot.netdev_budget,
};

const series: readonly Series[] = [
  {
    name: 'Descriptors in use',
    unit: 'descriptors',
    context: 'hw',
    kind: 'gauge',
    value: (k) => busiest(k).used,
    limit: (k) => busiest(k).slots.length,
  },
  {
    name: 'Lost at the ring',
    unit: 'frames',
    context: 'hw',
    dropped: true,
    kind: 'counter',
    value: (k) => lostAt(k, 'IN-03'),
  },
  { name: 'Polled', unit: 'frames', context: 'softirq', kind: 'counter', value: (k) => polled(k) },
];

export const rxRing: Scenario<Scene> = {
  slug: 'rx-ring',
  title: 'Can the ring absorb the burst?',
  host,
  seed: 7,
  zoom: 'microscope',
  speed: 0.0005,
  length_ns: 9_000_000,
  setup: [
    // Without flow control the driver lets the NIC drop at once when a ring is full.
    'ethtool -A eth0 autoneg off rx off tx off',
    usecs.command(usecs.initial),
  ],
  prelude_ns,
  start: [
    `traffic start udp --dev eth0 --pattern burst --burst ${burst} --every ${period_ns / 1e6}ms --flows 1`,
  ],
  knobs: [rx, usecs, budget],
  series,
  sample_ns: 10_000,
  window_ns: 50_000,
  picture_ns: 300_000,
  lanes_ns: 9_000_000,
  predict: {
    question: `${burst} frames of 64 bytes at line rate, ring of 256, interrupts 400 µs apart. How many of the first burst are lost?`,
    choices: ['none', 'about a tenth', 'about a third', 'more than half'],
    at_ns: period_ns - 10_000,
    answer: (k) => rank(lostAt(k, 'IN-03') / burst),
    explain: (k) => {
      const { length } = busiest(k).slots;
      const why =
        lostAt(k, 'IN-03') > 0
          ? 'was full before the interrupt came'
          : 'held what came before the interrupt';
      return `${lostAt(k, 'IN-03')} of ${burst}: the ring of ${length} ${why}.`;
    },
  },
  tally: (k, before) => [k.ledger.offered, fullSince(k, before[1] ?? -1)],
  scene: sceneOf,
};

function sceneOf(k: Kernel, past: Past): Scene {
  const queue = busiest(k);
  const napi = napiOf(k, queue);
  const dev = deviceNamed(k, 'eth0');
  const since_ns = fullSince(k, past.tally[1] ?? -1);
  return {
    pps: Math.round(rateOf(past, 0, k.ledger.offered, k.now)),
    frame_bytes: k.sources[0]?.len ?? 64,
    size: queue.slots.length,
    used: queue.used,
    head: queue.head,
    tail: queue.tail,
    full_since_ns: since_ns < 0 ? null : since_ns - prelude_ns,
    waiting: dev.fifos[queue.fifo]?.frames ?? 0,
    dropped: lostAt(k, 'IN-03'),
    delivered: polled(k),
    polling: napi.stage > 0,
    poll_done: napi.frames_this_poll,
    weight: napi.weight,
  };
}

const busiest = (k: Kernel) => busiestQueue(deviceNamed(k, 'eth0'));
const polled = (k: Kernel): number =>
  deviceNamed(k, 'eth0').rx.reduce((sum, queue) => sum + queue.packets, 0);

/// Since when the ring has no free descriptor, ns; -1 while it has one.
function fullSince(k: Kernel, before_ns: number): number {
  if (busiest(k).ready > 0) return -1;
  return before_ns < 0 ? k.now : before_ns;
}

function rank(share: number): number {
  if (share === 0) return 0;
  if (share < 0.2) return 1;
  return share < 0.5 ? 2 : 3;
}
