/// The hosts that can be booted: those that mirror recorded machines (test/reference/transcripts), `alder`, and some
/// that were not recorded. Left out: as in host_igb.ts.
import type { HostDescription } from '../kernel/host.ts';
import { alder, igb, IGB_PAGES, nic } from './host_igb.ts';
import { laptop, virtio, wide } from './host_virtio.ts';

// What the recorded machine logged of its NICs, at these times before the prompt.
const MIXED_LOG: readonly (readonly [before_us: number, text: string])[] = [
  [5_301_625, 'VMware vmxnet3 virtual NIC driver - version 1.9.0.0-k-NAPI'],
  [5_289_524, 'vmxnet3 0000:41:00.0: # of Tx queues : 8, # of Rx queues : 8'],
  [5_281_962, 'vmxnet3 0000:41:00.0 eth0: NIC Link is Up 1000 Mbps'],
  [5_105_870, 'e1000e: Intel(R) PRO/1000 Network Driver'],
  [5_105_788, 'e1000e: Copyright(c) 1999 - 2015 Intel Corporation.'],
  [
    5_097_696,
    'e1000e 0000:81:00.0: Interrupt Throttling Rate (ints/sec) set to dynamic conservative mode',
  ],
  [5_047_725, 'e1000e 0000:81:00.0 0000:81:00.0 (uninitialized): registered PHC clock'],
  [4_996_000, 'e1000e 0000:81:00.0 eth1: (PCI Express:2.5GT/s:Width x1) 52:54:00:12:34:51'],
  [4_995_918, 'e1000e 0000:81:00.0 eth1: Intel(R) PRO/1000 Network Connection'],
  [4_995_765, 'e1000e 0000:81:00.0 eth1: MAC: 3, PHY: 8, PBA No: 000000-000'],
  [4_841_835, 'e1000: Intel(R) PRO/1000 Network Driver'],
  [4_841_760, 'e1000: Copyright (c) 1999-2006 Intel Corporation.'],
  [4_491_340, 'e1000 0000:00:05.0 eth2: (PCI:33MHz:32-bit) 52:54:00:12:34:52'],
  [4_491_199, 'e1000 0000:00:05.0 eth2: Intel(R) PRO/1000 Network Connection'],
  [4_115_078, 'vmxnet3 0000:41:00.0 eth0: intr type 3, mode 0, 9 vectors allocated'],
  [4_101_847, 'vmxnet3 0000:41:00.0 eth0: NIC Link is Up 1000 Mbps'],
  [3_815_481, 'e1000: eth2 NIC Link is Up 1000 Mbps Full Duplex, Flow Control: RX'],
  [
    3_412_724,
    'e1000e 0000:81:00.0 eth1: NIC Link is Up 1000 Mbps Full Duplex, Flow Control: Rx/Tx',
  ],
];

const mixed: HostDescription = {
  ...igb,
  profile: 'mixed',
  hostname: 'host3',
  uptime_ns: 12_000_000_000,
  boot_log: MIXED_LOG.map(([before_us, text]) => ({ before_us, text })),
  nics: [
    nic(0, {
      ...{ driver: 'vmxnet3', numa_node: 0, queues: 8, speed_mbps: 1000, pci: '0000:41:00.0' },
    }),
    nic(1, {
      ...{ driver: 'e1000e', numa_node: 1, queues: 1, speed_mbps: 1000, pci: '0000:81:00.0' },
    }),
    nic(2, {
      ...{ driver: 'e1000', numa_node: -1, queues: 1, speed_mbps: 1000, pci: '0000:00:05.0' },
      intx: 21,
    }),
  ],
};

/// A Versal board as QEMU has it, with Arm cores. Of its NIC little but the rules for single flows was recorded:
/// the hardware address is QEMU's first, and the times, the memory and the disks are those of `laptop`.
const arm64: HostDescription = {
  ...laptop,
  profile: 'arm64-gem',
  hostname: '(none)',
  arch: 'aarch64',
  busier_cpus: [],
  nics: [
    {
      name: 'eth0',
      mac: '52:54:00:12:34:56',
      address: '10.0.2.15/24',
      peer: '10.0.2.2',
      ...{ driver: 'macb', numa_node: -1, queues: 2, speed_mbps: 1000, pci: 'ff0c0000.ethernet' },
      intx: 16,
      wired: { chip: 'GICv3', hwirq: '88-Level' },
      boot_frames: [134], // a router's advertisement
      tftp: { 'f.bin': 300_000 },
    },
  ],
};

/// Not a recorded machine: a server of the early nineties as one may imagine it, with a NIC whose driver has no
/// NAPI. Its CPU takes 200 times as long for everything as the ones of today. What is neither CPU nor NIC (memory, disks,
/// the CPU's name) is that of a recorded machine.
const classic: HostDescription = {
  ...laptop,
  profile: 'classic',
  hostname: 'classic',
  cpus: 1,
  numa: [[0]],
  hz: 100,
  slowdown: 200,
  uptime_ns: 60_000_000_000,
  nics: [
    nic(0, {
      ...{ driver: 'i82596', numa_node: -1, queues: 1, speed_mbps: 10, pci: '0000:00:05.0' },
      intx: 21,
    }),
  ],
  apps: [{ comm: 'udp-sink', user: 'alice', port: 9000, cpu: -1, service_ns: 100, rcvbuf: 0 }],
};

/// Not recorded machines: servers as they are plausible with one of each of these NICs, two nodes of 16 CPUs. The NIC's
/// queues are as many as the driver would take, one for each CPU. What is neither CPU nor NIC nor the disk's interrupts is that of a recorded machine.
function server(profile: string, driver: string, speed_mbps: number): HostDescription {
  const node = (first: number): number[] => Array.from({ length: 16 }, (_, i) => first + i);
  return {
    profile,
    hostname: profile,
    cpus: 32,
    numa: [node(0), node(16)],
    numa_distance: 21,
    memory_mib: igb.memory_mib,
    buffer_pages: IGB_PAGES,
    hz: 250,
    uptime_ns: 60_000_000_000,
    nics: [
      nic(0, {
        ...{ driver, numa_node: 0, queues: 32, speed_mbps, pci: '0000:41:00.0' },
        partner_pause: 'obeys',
      }),
    ],
    apps: [],
    // As many I/O queues as CPUs, and one more for its administration.
    disks: [{ name: 'nvme0', pci: '0000:01:00.0', queues: 64 }],
    boot_log: [],
  };
}

export const hosts: Readonly<Record<string, HostDescription>> = {
  igb,
  virtio,
  mixed,
  laptop,
  wide,
  'arm64-gem': arm64,
  alder,
  classic,
  ixgbe: server('ixgbe', 'ixgbe', 10_000),
  ice: server('ice', 'ice', 25_000),
  mlx5: server('mlx5', 'mlx5_core', 100_000),
  ena: server('ena', 'ena', 25_000),
};
