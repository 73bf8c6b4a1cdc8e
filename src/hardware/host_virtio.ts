/// The recorded machines with virtio_net: one of two NICs and two nodes, one of two CPUs, and one of 36.
/// Left out: as in host_igb.ts.
import type { HostDescription } from '../kernel/host.ts';
import { igb, nic } from './host_igb.ts';

const VIRTIO = { driver: 'virtio_net', speed_mbps: -1 } as const;

// Free pages at boot: host_igb.ts.
const VIRTIO_PAGES = 59_759 * 8;
const LAPTOP_PAGES = 28_568 * 8;
const WIDE_PAGES = 60_415 * 8;

export const virtio: HostDescription = {
  ...igb,
  profile: 'virtio',
  hostname: 'host1',
  buffer_pages: VIRTIO_PAGES,
  uptime_ns: 12_520_000_000,
  boot_log: [
    {
      before_us: 2_824_634,
      text: 'virtio_blk virtio1: [vda] 6291456 512-byte logical blocks (3.22 GB/3.00 GiB)',
    },
    {
      before_us: 2_240_977,
      text: 'EXT4-fs (vda): mounted filesystem c7e8288d-82c7-4730-8e11-e3c48f82ac3d r/w with ordered data mode. Quota mode: none.',
    },
  ],
  nics: [
    nic(0, {
      ...VIRTIO,
      numa_node: 0,
      queues: 4,
      pci: '0000:41:00.0',
      bus_name: 'virtio0',
      boot_tx_queues: [0, 1],
    }),
    nic(1, {
      ...VIRTIO,
      boot_tx_queues: [0, 1],
      numa_node: 1,
      queues: 4,
      speed_mbps: 10000,
      pci: '0000:81:00.0',
      bus_name: 'virtio3',
      rss: true,
    }),
  ],
};

export const laptop: HostDescription = {
  ...igb,
  profile: 'laptop',
  hostname: 'small1',
  cpus: 2,
  numa: [[0, 1]],
  memory_mib: 967,
  buffer_pages: LAPTOP_PAGES,
  uptime_ns: 8_360_000_000,
  busier_cpus: [0],
  boot_log: [],
  nics: [nic(0, { ...VIRTIO, numa_node: -1, queues: 1, pci: '0000:00:03.0', bus_name: 'virtio0' })],
};

export const wide: HostDescription = {
  ...laptop,
  profile: 'wide',
  hostname: 'wide1',
  cpus: 36,
  numa: [Array.from({ length: 36 }, (_, cpu) => cpu)],
  memory_mib: 1962,
  buffer_pages: WIDE_PAGES,
  uptime_ns: 10_970_000_000,
  busier_cpus: [0, 1, 2, 3, 4, 5, 6, 7, 8],
  nics: [nic(0, { ...VIRTIO, numa_node: -1, queues: 2, pci: '0000:00:03.0', bus_name: 'virtio0' })],
};
