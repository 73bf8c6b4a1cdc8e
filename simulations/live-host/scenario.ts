/// The live host: one machine under load, for as long as one looks. Two NICs, eight CPUs, three
/// programs that read UDP and now and then are too slow for it.
import { alder } from '../../src/hardware/host_igb.ts';
import type { HostDescription } from '../../src/kernel/host.ts';
import type { Context, StepId } from '../../src/kernel/steps.ts';
import type { Knob, Scenario, Series } from '../../src/player/scenario.ts';
import { lostAt } from '../losses.ts';
import { sceneOf, tallyOf } from './scene.ts';
import type { Scene } from './scene.ts';

export type { Scene } from './scene.ts';

const host: HostDescription = {
  ...alder,
  apps: [9000, 9001, 9002].map((port) => ({
    comm: 'udp-sink',
    user: 'alice',
    port,
    cpu: -1,
    service_ns: 15_000,
    rcvbuf: 0,
  })),
};

const load: Knob = {
  name: 'pps',
  label: 'Load',
  unit: 'pps',
  values: [12_000, 60_000, 120_000, 300_000, 600_000, 1_200_000, 2_100_000],
  initial: 120_000,
  tunable: '',
  ofTraffic: true,
  command: (value) => `traffic stop all; ${traffic(value)}`,
  read: (k) => k.sources.reduce((sum, source) => (source.active ? sum + source.pps / 2 : sum), 0),
};

const series: readonly Series[] = [
  {
    name: 'On the wire',
    unit: 'frames',
    context: 'hw',
    kind: 'counter',
    value: (k) => k.ledger.offered,
  },
  {
    name: 'To IP',
    unit: 'packets',
    context: 'softirq',
    kind: 'counter',
    value: (k) => k.mib.IpInReceives,
  },
  {
    name: 'Read',
    unit: 'datagrams',
    context: 'process',
    kind: 'counter',
    value: (k) => k.ledger.delivered,
  },
  dropSeries('At the ring', 'hw', 'IN-03'),
  dropSeries('Backlog', 'softirq', 'IN-15'),
  dropSeries('At the socket', 'softirq', 'IN-U1'),
];

export const liveHost: Scenario<Scene> = {
  slug: 'live-host',
  title: 'Live host',
  host,
  seed: 7,
  zoom: 'live',
  speed: 1,
  length_ns: 1_000_000_000,
  setup: ['ethtool -N eth0 rx-flow-hash udp4 sdfn', 'ethtool -N eth1 rx-flow-hash udp4 sdfn'],
  prelude_ns: 0,
  start: [traffic(load.initial)],
  knobs: [load],
  series,
  sample_ns: 50_000_000,
  window_ns: 500_000_000,
  picture_ns: 1_000_000_000,
  lanes_ns: 20_000_000,
  predict: null,
  tally: tallyOf,
  scene: sceneOf,
};

/// Six senders, two for each program, that send half of the time: at twice their mean rate.
function traffic(pps: number): string {
  const sender = `traffic start udp --dev $dev --port $port --flows 8 --rate ${pps / 3_000}k --pattern pareto --every 20ms`;
  return `for dev in eth0 eth1; do for port in 9000 9001 9002; do ${sender}; done; done`;
}

function dropSeries(name: string, context: Context, step: StepId): Series {
  return {
    name,
    unit: 'packets',
    context,
    dropped: true,
    kind: 'counter',
    value: (k) => lostAt(k, step),
  };
}
