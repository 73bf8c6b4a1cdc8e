/// IN-10: a flood to one port, and a few good datagrams to another, on one queue. Who throws the flood away decides
/// what it costs: nobody before the socket look-up, nftables before the route, or an XDP program in the driver.
import { virtio } from '../../src/hardware/host_virtio.ts';
import type { HostDescription } from '../../src/kernel/host.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import type { Knob, Past, Scenario, Series } from '../../src/player/scenario.ts';
import { sharesSince, timesOf } from '../cpu_time.ts';
import type { CpuShares } from '../cpu_time.ts';
import { lost } from '../losses.ts';
import { busiestQueue, cpuOf, deviceNamed } from '../queues.ts';
import { rateOf } from '../rates.ts';

const GOOD_PPS = 50_000;
const FLOOD = 8; // million frames a second

// One queue, 10 Gb/s, and a reader that keeps up on a CPU of its own: nothing but the filter makes the difference.
const host: HostDescription = {
  ...virtio,
  hostname: 'alder',
  nics: virtio.nics.slice(0, 1).map((nic) => ({ ...nic, queues: 1, speed_mbps: 10_000 })),
  apps: [{ comm: 'udp-sink', user: 'alice', port: 9000, cpu: 3, service_ns: 0, rcvbuf: 0 }],
};

export type Filter = 'none' | 'nftables' | 'XDP';
const FILTERS: readonly Filter[] = ['none', 'nftables', 'XDP'];

export interface Scene {
  readonly filter: Filter;
  readonly flood_pps: number; // what the senders send, over the last window
  readonly good_sent: number; // datagrams to the open port so far
  readonly good_read: number;
  readonly ended: {
    readonly ring: number; // frames that found no descriptor
    readonly xdp: number; // dropped in the driver
    readonly netfilter: number;
    readonly socket: number; // came all the way to find no socket
  };
  readonly cpu: number; // that takes the queue's interrupt
  readonly shares: CpuShares; // of that CPU, over the last window
}

const OPEN = 'ip link set dev eth0 xdp off; nft flush ruleset';
const NFT =
  "nft 'add table ip fw; add chain ip fw pre { type filter hook prerouting priority raw; }; add rule ip fw pre udp dport 9 drop'";
const XDP = 'ip link set dev eth0 xdp obj /opt/lab/firewall.xdp sec xdp';

const filter: Knob = {
  name: 'filter',
  label: 'Filter: 0 none, 1 nftables, 2 XDP',
  unit: '',
  values: [0, 1, 2],
  initial: 0,
  tunable: '',
  command: (value) => (value === 0 ? OPEN : `${OPEN}; ${value === 1 ? NFT : XDP}`),
  read: (k) => FILTERS.indexOf(filterOf(k)),
};

const rate: Knob = {
  name: 'rate',
  label: 'Flood',
  unit: 'million frames a second',
  values: [0.5, 1, 2, 5, 8, 12],
  initial: FLOOD,
  tunable: '',
  ofTraffic: true,
  command: (value) => `traffic stop all; ${traffic(value)}`,
  read: (k) => (k.sources.findLast((source) => source.len === 64)?.pps ?? 0) / 1e6,
};

function traffic(millions: number): string {
  return (
    `traffic start udp --dev eth0 --port 9 --flows 1 --rate ${millions * 1000}k; ` +
    `traffic start udp --dev eth0 --port 9000 --flows 1 --size 100 --pattern poisson --rate ${GOOD_PPS}`
  );
}

const series: readonly Series[] = [
  {
    name: 'Dropped by XDP',
    unit: 'frames',
    context: 'softirq',
    dropped: true,
    kind: 'counter',
    value: (k) => lost(k, ['hw:xdp_drop']),
  },
  {
    name: 'Lost at the ring',
    unit: 'frames',
    context: 'hw',
    dropped: true,
    kind: 'counter',
    value: (k) => lost(k, ['hw:tap']),
  },
  {
    name: 'Good ones read',
    unit: 'datagrams',
    context: 'process',
    kind: 'counter',
    value: (k) => k.ledger.delivered,
  },
];

export const xdpFirewall: Scenario<Scene> = {
  slug: 'xdp-firewall',
  title: 'Where should a flood be thrown away?',
  host,
  seed: 11,
  whole: true,
  zoom: 'microscope',
  speed: 0.0005,
  length_ns: 4_000_000,
  setup: [],
  prelude_ns: 0,
  start: [traffic(FLOOD)],
  knobs: [filter, rate],
  series,
  sample_ns: 10_000,
  window_ns: 200_000,
  picture_ns: 2_000_000,
  lanes_ns: 1_000_000,
  predict: {
    question: `${FLOOD} million frames a second to a closed port, ${GOOD_PPS / 1000} 000 good datagrams a second, one CPU, no filter. How many of the good ones are read?`,
    choices: ['nearly all', 'about half', 'about a quarter', 'hardly any'],
    at_ns: 3_900_000,
    answer: (k) => rank(k.ledger.delivered / Math.max(1, goodSent(k))),
    explain: (k) =>
      `${k.ledger.delivered} of ${goodSent(k)}: ` +
      (lost(k, ['hw:tap']) > 0
        ? 'the CPU cannot empty the ring as fast as the flood fills it, and the ring does not know good from bad.'
        : 'the CPU has time for every frame.'),
  },
  tally: (k) => [k.ledger.offered, ...timesOf(k, cpuOf(k, queue(k)))],
  scene: sceneOf,
};

const queue = (k: Kernel) => busiestQueue(deviceNamed(k, 'eth0'));

function filterOf(k: Kernel): Filter {
  if (deviceNamed(k, 'eth0').xdp !== null) return 'XDP';
  return k.nf.active[0]! > 0 ? 'nftables' : 'none';
}

function goodSent(k: Kernel): number {
  return k.sources.reduce((sum, source) => sum + (source.len === 64 ? 0 : source.sent), 0);
}

function sceneOf(k: Kernel, past: Past): Scene {
  const cpu = cpuOf(k, queue(k));
  return {
    filter: filterOf(k),
    flood_pps: Math.round(rateOf(past, 0, k.ledger.offered, k.now)),
    good_sent: goodSent(k),
    good_read: k.ledger.delivered,
    ended: {
      ring: lost(k, ['hw:tap']),
      xdp: lost(k, ['hw:xdp_drop']),
      netfilter: lost(k, ['NETFILTER_DROP']),
      socket: lost(k, ['NO_SOCKET']),
    },
    cpu,
    shares: sharesSince(k, cpu, past, 1),
  };
}

function rank(share: number): number {
  if (share > 0.9) return 0;
  if (share > 0.4) return 1;
  return share > 0.1 ? 2 : 3;
}
