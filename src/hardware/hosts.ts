/// The hosts that can be booted: four that mirror recorded machines (test/reference/transcripts),
/// and `alder`, the site's own, which is the igb machine with an application that reads UDP.
/// Left out: the recorded machines' disks and control NICs, and the profile `mixed`, whose drivers
/// (vmxnet3, e1000e, e1000) are not modelled.
import type { HostDescription, NicDescription } from '../kernel/host.ts';

const TWO_NODES = [
  [0, 1, 2, 3],
  [4, 5, 6, 7],
] as const;

/// ethN of a recorded machine: 10.0.N.2 with its peer at 10.0.N.1.
function nic(
  n: number,
  rest: Pick<NicDescription, 'driver' | 'numa_node' | 'queues' | 'speed_mbps' | 'pci'> &
    Partial<NicDescription>,
): NicDescription {
  return {
    name: `eth${n}`,
    mac: `52:54:00:12:34:${50 + n}`,
    address: `10.0.${n}.2/24`,
    peer: `10.0.${n}.1`,
    ...rest,
  };
}

const IGB = { driver: 'igb', queues: 8, speed_mbps: 1000 } as const;
const VIRTIO = { driver: 'virtio_net', speed_mbps: -1 } as const;

const igb: HostDescription = {
  profile: 'igb',
  hostname: 'host2',
  cpus: 8,
  numa: TWO_NODES,
  numa_distance: 21,
  memory_mib: 1974,
  hz: 250,
  uptime_ns: 12_030_000_000,
  nics: [
    nic(0, { ...IGB, numa_node: 0, pci: '0000:41:00.0' }),
    nic(1, { ...IGB, numa_node: 1, pci: '0000:81:00.0' }),
  ],
  apps: [],
};

const virtio: HostDescription = {
  ...igb,
  profile: 'virtio',
  hostname: 'host1',
  uptime_ns: 12_520_000_000,
  nics: [
    nic(0, { ...VIRTIO, numa_node: 0, queues: 4, pci: '0000:41:00.0', bus_name: 'virtio0' }),
    nic(1, {
      ...VIRTIO,
      numa_node: 1,
      queues: 4,
      speed_mbps: 10000,
      pci: '0000:81:00.0',
      bus_name: 'virtio3',
      rss: true,
    }),
  ],
};

const laptop: HostDescription = {
  ...igb,
  profile: 'laptop',
  hostname: 'small1',
  cpus: 2,
  numa: [[0, 1]],
  memory_mib: 967,
  uptime_ns: 8_360_000_000,
  nics: [nic(0, { ...VIRTIO, numa_node: -1, queues: 1, pci: '0000:00:03.0', bus_name: 'virtio0' })],
};

const wide: HostDescription = {
  ...laptop,
  profile: 'wide',
  hostname: 'wide1',
  cpus: 36,
  numa: [Array.from({ length: 36 }, (_, cpu) => cpu)],
  memory_mib: 1962,
  uptime_ns: 10_970_000_000,
  nics: [nic(0, { ...VIRTIO, numa_node: -1, queues: 2, pci: '0000:00:03.0', bus_name: 'virtio0' })],
};

const alder: HostDescription = {
  ...igb,
  profile: 'alder',
  hostname: 'alder',
  apps: [{ comm: 'udp-sink', user: 'alice', port: 9000, cpu: -1, service_ns: 2_000, rcvbuf: 0 }],
};

export const hosts: Readonly<Record<string, HostDescription>> = {
  igb,
  virtio,
  laptop,
  wide,
  alder,
};
