/// The recorded machine with two igb NICs, and `alder`, the site's own, which is that machine with an application that
/// reads UDP. Left out: all but the end of the kernel log, the recorded machine's disks and control NIC.
import type { BootLine, HostDescription, NicDescription } from '../kernel/host.ts';

const TWO_NODES = [
  [0, 1, 2, 3],
  [4, 5, 6, 7],
] as const;

/// ethN of a recorded machine: 10.0.N.2 with its peer at 10.0.N.1.
export function nic(
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

// What igb logs at probing a NIC and at its first link, at the times before the prompt at which a
// recorded machine logged it; what was cut off for eth0 is spaced as for eth1.
function igbLog(pci: string, name: string, mac: string, us: readonly number[]): BootLine[] {
  const lines = [
    `igb ${pci}: added PHC on ${name}`,
    `igb ${pci}: Intel(R) Gigabit Ethernet Network Connection`,
    `igb ${pci}: ${name}: (PCIe:2.5Gb/s:Width x1) ${mac}`,
    `igb ${pci}: ${name}: PBA No: 1040FF-0FF`,
    `igb ${pci}: Using MSI-X interrupts. 8 rx queue(s), 8 tx queue(s)`,
    `igb ${pci} ${name}: igb: ${name} NIC Link is Up 1000 Mbps Full Duplex, Flow Control: RX/TX`,
  ];
  return lines.map((text, i) => ({ before_us: us[i]!, text }));
}

// Free pages when TCP and UDP were set up, as the recorded udp_mem tells them to within 8: its second value is an
// eighth of them.
export const IGB_PAGES = 59_760 * 8;

const ETH0_LOG = [3_359_597, 3_359_464, 3_359_449, 3_359_168, 3_359_138, 1_758_435];
const ETH1_LOG = [2_948_847, 2_948_714, 2_948_699, 2_948_672, 2_948_664, 1_003_532];

export const igb: HostDescription = {
  profile: 'igb',
  hostname: 'host2',
  cpus: 8,
  numa: TWO_NODES,
  numa_distance: 21,
  memory_mib: 1974,
  buffer_pages: IGB_PAGES,
  hz: 250,
  uptime_ns: 12_030_000_000,
  nics: [
    nic(0, { ...IGB, numa_node: 0, pci: '0000:41:00.0' }),
    nic(1, { ...IGB, numa_node: 1, pci: '0000:81:00.0' }),
  ],
  apps: [],
  busier_cpus: [4],
  boot_log: [
    ...igbLog('0000:41:00.0', 'eth0', '52:54:00:12:34:50', ETH0_LOG),
    ...igbLog('0000:81:00.0', 'eth1', '52:54:00:12:34:51', ETH1_LOG),
  ].sort((a, b) => b.before_us - a.before_us),
};

export const alder: HostDescription = {
  ...igb,
  profile: 'alder',
  hostname: 'alder',
  apps: [{ comm: 'udp-sink', user: 'alice', port: 9000, cpu: -1, service_ns: 2_000, rcvbuf: 0 }],
};
