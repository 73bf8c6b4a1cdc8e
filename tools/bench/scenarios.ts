/// The workloads of the benchmark: hosts and traffic for the receive path alone, each with what must be
/// true at its end before its time counts.
import { boot } from '../../src/kernel/boot.ts';
import { ethtool_set_rxnfc } from '../../src/kernel/ethtool_ops_rss.ts';
import type { AppDescription, HostDescription, NicDescription } from '../../src/kernel/host.ts';
import { store_rps_map } from '../../src/kernel/net_sysfs.ts';
import type { Kernel, NetDevice } from '../../src/kernel/state.ts';
import { startTcp } from '../../src/kernel/remote/remote_start.ts';
import { startSource } from '../../src/kernel/traffic.ts';

export interface BenchScenario {
  readonly name: string;
  readonly what: string;
  readonly pps: number; // frames offered a second
  readonly host: HostDescription;
  start(k: Kernel, dev: number, eth0: NetDevice): void;
  /// What is wrong with the outcome; '' when nothing is.
  trouble(k: Kernel): string;
}

interface Shape {
  readonly cpus: number;
  readonly apps: number;
  readonly every?: number; // a reader on each CPU (1), on every second one (2)
  readonly proto?: 'udp' | 'tcp';
  readonly nic: Partial<NicDescription>;
}

/// A host with one 10 Gb/s NIC and readers on ports 9000, 9001, ..., pinned to the CPUs in turn.
function hostOf({ cpus, apps, every = 1, proto = 'udp', nic }: Shape): HostDescription {
  return {
    profile: 'bench',
    hostname: 'bench',
    cpus,
    numa: [Array.from({ length: cpus }, (_, cpu) => cpu)],
    numa_distance: 10,
    memory_mib: 8192,
    hz: 250,
    uptime_ns: 60_000_000_000,
    nics: [
      {
        name: 'eth0',
        driver: 'igb',
        numa_node: 0,
        mac: '52:54:00:12:34:50',
        address: '10.0.0.2/24',
        peer: '10.0.0.1',
        queues: 4,
        speed_mbps: 10_000,
        pci: '0000:41:00.0',
        ...nic,
      },
    ],
    apps: Array.from({ length: apps }, (_, i): AppDescription => ({
      comm: 'sink',
      user: 'alice',
      port: 9000 + i,
      cpu: (i * every) % cpus,
      service_ns: 0,
      rcvbuf: 0,
      proto,
    })),
  };
}

/// Traffic to every reader alike.
function spread(k: Kernel, dev: number, pps: number, flows: number): void {
  startSource(k, { dev, pps, flows, ports: k.desc.apps.length });
}

function rps(k: Kernel, eth0: NetDevice, mask: string): void {
  for (const queue of eth0.rx) store_rps_map(k, queue, mask);
}

function lost(k: Kernel): string {
  const frames = k.ledger.drops.reduce((sum, n) => sum + n, 0);
  return frames > 0 ? `lost ${frames} of ${k.ledger.offered} frames` : '';
}

function udp(name: string, sockets: number): BenchScenario {
  return {
    name,
    what: `64 B UDP, 256 flows, 4 queues, RPS to 8 CPUs, ${sockets} sockets, all delivered`,
    pps: 2_000_000,
    host: hostOf({ cpus: 8, apps: sockets, nic: {} }),
    start(k, dev, eth0) {
      ethtool_set_rxnfc(k, eth0, 'udp4', 'sdfn');
      rps(k, eth0, 'ff');
      spread(k, dev, 2_000_000, 256);
    },
    trouble: lost,
  };
}

const LINE = 14_880_000; // frames of 64 bytes a second on 10 Gb/s: 14 880 952, rounded down

const line: BenchScenario = {
  name: 'line',
  what: '64 B UDP at line rate, 4096 flows, 16 virtio_net queues, RPS to 32 CPUs, 16 sockets, all delivered',
  pps: LINE,
  host: hostOf({ cpus: 32, apps: 16, every: 2, nic: { driver: 'virtio_net', queues: 16 } }),
  start(k, dev, eth0) {
    // An interrupt for every frame or two would leave the CPUs no time: the kernel's own moderation.
    eth0.napi_defer_hard_irqs = 1;
    eth0.gro_flush_timeout = 40_000;
    rps(k, eth0, 'ffffffff');
    spread(k, dev, LINE, 4096);
  },
  trouble: lost,
};

const over: BenchScenario = {
  name: 'over',
  what: '64 B UDP at line rate into one queue and one CPU; the ring overflows',
  pps: LINE,
  host: hostOf({ cpus: 2, apps: 1, nic: { queues: 1 } }),
  start(k, dev) {
    spread(k, dev, LINE, 256);
  },
  trouble(k) {
    const missed = k.devs[1]!.hw.rx_missed_errors;
    return missed > 0.5 * k.ledger.offered
      ? ''
      : `lost only ${missed} of ${k.ledger.offered} frames`;
  },
};

const TCP_LINE = 812_743; // frames of 1514 bytes a second on 10 Gb/s

/// More than the prototype's figure of that name, which had no TCP: here connections shake hands, and the
/// host acknowledges, opens its window and is read.
const tcp10g: BenchScenario = {
  name: 'tcp10g',
  what: 'TCP at line rate, 1514 B frames of 8 connections in trains of 17 through GRO, 4 queues, 4 readers',
  pps: TCP_LINE,
  host: hostOf({ cpus: 8, apps: 4, every: 2, proto: 'tcp', nic: {} }),
  start(k, dev) {
    for (const { port } of k.desc.apps)
      startTcp(k, { dev, dport: port, connections: 2, train: 17 });
  },
  trouble(k) {
    const merged = k.devs[1]!.hw.rx_packets / k.cpus.reduce((sum, c) => sum + c.processed, 0);
    return lost(k) || (merged < 8 ? `GRO merged only ${merged.toFixed(1)} frames a packet` : '');
  },
};

export const benchScenarios: readonly BenchScenario[] = [
  udp('udp2m', 8),
  udp('udp2mf', 256),
  line,
  over,
  tcp10g,
];

/// The scenario's host with its traffic, ready to run.
export function startScenario(name: string, seed: number): { k: Kernel; scenario: BenchScenario } {
  const scenario = benchScenarios.find((one) => one.name === name);
  if (!scenario) throw new Error(`no scenario ${name}`);
  const k = boot(scenario.host, seed);
  const dev = k.devs.findIndex((one) => one.name === 'eth0');
  scenario.start(k, dev, k.devs[dev]!);
  return { k, scenario };
}
