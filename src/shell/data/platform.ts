/// What the recorded hosts showed right after boot of everything that the model does not run: other
/// interrupts, softirqs, CPU time, memory. Rows that the model moves start from these numbers.
/// irqs: number|mode|affinity list|effective CPU|node|CPU:count,...|spurious counts|chip|hwirq|name.
/// The other tables have one number for each CPU. Recorded on Linux 6.12.107, see the transcripts.
export interface Platform {
  readonly irqs: string;
  readonly local: Readonly<Record<string, string>>; // rows of /proc/interrupts after the devices
  readonly softirqs: string; // ten rows of /proc/softirqs
  readonly cpuTimes: string; // rows of /proc/stat: user nice system idle iowait irq softirq, ticks
  readonly stat: string; // ctxt btime processes
  readonly nrIrqs: number; // interrupt numbers shown in /proc/stat
  readonly meminfo: string; // /proc/meminfo: name and kB
  readonly nodeMemory: string; // a node a line: MemTotal MemFree, kB
  readonly loadavg: string;
  readonly cmdline: string;
  readonly ipv6: string; // sent at boot, by device: router and neighbour solicitations, MLDv2 reports
  readonly cpuMhz: string;
  readonly bogomips: string;
}

/// Names of /proc/meminfo, in the kernel's order.
const MEMINFO = `MemTotal MemFree MemAvailable Buffers Cached SwapCached Active Inactive Active(anon) Inactive(anon) Active(file) Inactive(file) Unevictable Mlocked SwapTotal SwapFree Zswap Zswapped Dirty Writeback AnonPages Mapped Shmem KReclaimable Slab SReclaimable SUnreclaim KernelStack PageTables SecPageTables NFS_Unstable Bounce WritebackTmp CommitLimit Committed_AS VmallocTotal VmallocUsed VmallocChunk Percpu HardwareCorrupted AnonHugePages ShmemHugePages ShmemPmdMapped FileHugePages FilePmdMapped Unaccepted HugePages_Total HugePages_Free HugePages_Rsvd HugePages_Surp Hugepagesize Hugetlb DirectMap4k DirectMap2M DirectMap1G`.split(' ');

/// /proc/meminfo from its numbers.
function meminfo(numbers: string): string {
  const values = numbers.split(' ');
  return MEMINFO.map((name, i) => `${name} ${values[i]}`).join('\n');
}

/// Lines that no device of a recorded machine uses.
const UNUSED = ['2|4|||0||', ...[3, 5, 6, 7, 10, 11, 13, 14, 15].map((irq) => `${irq}|||0|0||`)];

/// What the two-node machines have alike: keyboard, clock, ACPI, root ports.
const TWO_NODES = [
  '1||0-3|0|0|0:9||IO-APIC|1-edge|i8042',
  '8||0-3|1|0|1:1||IO-APIC|8-edge|rtc0',
  '9||0-3|1|0|||IO-APIC|9-fasteoi|acpi',
  '24||0-3|2|0|2:1||PCI-MSIX-0000:40:00.0|0-edge|PCIe PME, aerdrv, pciehp',
  '25||0-3|3|0|3:1||PCI-MSIX-0000:40:08.0|0-edge|PCIe PME, aerdrv, pciehp',
  '26||0-3|0|0|0:1||PCI-MSIX-0000:40:09.0|0-edge|PCIe PME, aerdrv, pciehp',
  '27||4-7|4|1|4:1||PCI-MSIX-0000:80:00.0|0-edge|PCIe PME, aerdrv, pciehp',
];

/// The rows of a machine, those without a device included, in order of their numbers.
function irqs(rows: readonly string[]): string {
  const number = (row: string): number => Number(row.split('|')[0]);
  return [...UNUSED, ...rows].sort((a, b) => number(a) - number(b)).join('\n');
}

/// What the two-node machines differ in: counts, the time stamps of spurious interrupts, the first virtio device.
interface TwoNodeCounts {
  readonly timer: number;
  readonly tty: number;
  readonly tty_stamp: number;
  readonly mouse: number;
  readonly console_stamp: number;
  readonly disk: number;
  readonly virtio: number;
}

function twoNodes(at: TwoNodeCounts): string {
  const console = 'PCI-MSIX-0000:43:00.0';
  const disk = 'PCI-MSIX-0000:42:00.0';
  return irqs([...TWO_NODES,
    `0|4||0|0|0:${at.timer}||IO-APIC|2-edge|timer`,
    `4||0-3|2|0|2:${at.tty}|${at.tty},${at.tty},${at.tty_stamp}|IO-APIC|4-edge|ttyS0`,
    `12||0-3|3|0|3:${at.mouse}||IO-APIC|12-edge|i8042`,
    `28||0-3|1|0|||${console}|0-edge|virtio${at.virtio + 1}-config`,
    `29||0-3|2|0|2:5|5,1,${at.console_stamp}|${console}|1-edge|virtio${at.virtio + 1}-virtqueues`,
    `30||0-3|3|0|||${disk}|0-edge|virtio${at.virtio}-config`,
    `31|4||7|0|7:${at.disk}||${disk}|1-edge|virtio${at.virtio}-req.0`,
  ]);
}

/// What the machines with one bus differ in: for each device the CPU that takes its interrupt, and how many there were.
interface OneBusCounts {
  readonly timer: number;
  readonly keyboard: readonly [cpu: number, count: number];
  readonly tty: readonly [cpu: number, count: number, stamp: number];
  readonly clock: readonly [cpu: number, count: number];
  readonly acpi: number;
  readonly mouse: readonly [cpu: number, count: number];
  readonly console: readonly [config: number, cpu: number, count: number, stamp: number];
  readonly disk: readonly [config: number, cpu: number, count: number];
}

function oneBus(at: OneBusCounts): string {
  const counted = ([cpu, count]: readonly [number, number]): string => `|||${cpu}|0|${count > 0 ? `${cpu}:${count}` : ''}|`;
  const [tty, ttys, tty_stamp] = at.tty;
  const [config, queues, count, stamp] = at.console;
  const [disk_config, disk, requests] = at.disk;
  return irqs([
    `0|4||0|0|0:${at.timer}||IO-APIC|2-edge|timer`,
    `1${counted(at.keyboard)}|IO-APIC|1-edge|i8042`,
    `4|||${tty}|0|${tty}:${ttys}|${ttys},${ttys},${tty_stamp}|IO-APIC|4-edge|ttyS0`,
    `8${counted(at.clock)}|IO-APIC|8-edge|rtc0`,
    `9|||${at.acpi}|0|||IO-APIC|9-fasteoi|acpi`,
    `12${counted(at.mouse)}|IO-APIC|12-edge|i8042`,
    `24|||${config}|-1|||PCI-MSIX-0000:00:11.0|0-edge|virtio2-config`,
    `25|||${queues}|-1|${queues}:${count}|${count},1,${stamp}|PCI-MSIX-0000:00:11.0|1-edge|virtio2-virtqueues`,
    `26|||${disk_config}|0|||PCI-MSIX-0000:00:10.0|0-edge|virtio1-config`,
    `27|4||${disk}|0|${disk}:${requests}||PCI-MSIX-0000:00:10.0|1-edge|virtio1-req.0`,
  ]);
}

const recorded = {
  igb: {
    irqs: twoNodes({ timer: 96, tty: 1, tty_stamp: 4294670528, mouse: 5, console_stamp: 4294669560, disk: 332, virtio: 0 }),
    local: { LOC: '851 690 595 774 1669 700 652 707', RES: '36 36 58 31 43 30 29 26', CAL: '2353 2048 1840 1919 592 1497 1867 1866', TLB: '1 6 1 6 2 1 1 2', MCP: '1 1 1 1 1 1 1 1' },
    softirqs: `0
89 147 24 74 215 56 55 70
0 0 1 0 0 0 0 1
5 6 12 6 6 6 6 10
68 29 40 45 0 0 0 151
0
0 0 0 0 0 0 1 0
764 494 272 359 600 317 301 291
0
362 213 237 312 418 250 240 363`,
    cpuTimes: `18 0 161 868 1 0 8
3 0 64 1009 0 0 2
28 0 53 988 0 0 4
76 0 155 819 0 0 7
11 0 188 834 2 0 8
2 0 81 970 0 0 4
3 0 86 977 0 0 2
1 0 112 930 0 0 6`,
    stat: '5920 1795217616 256',
    nrIrqs: 488,
    meminfo: meminfo(
      '2022212 1880256 1786432 2404 17440 0 21704 3800 5732 0 15972 3800 0 0 0 0 0 0 36 0 5752 6296 0 3216 29864 3216 26648 2128 352 0 0 0 0 1011104 7896 34359738367 14188 0 2208 0 0 0 0 0 0 0 0 0 0 0 2048 0 44916 2052096 0',
    ),
    nodeMemory: `1029928 962876
992284 917380`,
    loadavg: '0.23 0.05 0.02 1/126 249',
    cmdline: 'console=ttyS0 net.ifnames=0 quiet root=/dev/vda rw init=/usr/local/sbin/lab-init lab.mods=igb lab.host=host2 ',
    ipv6: 'eth0 1 1 3\neth1 0 0 2',
    cpuMhz: '2600.024',
    bogomips: '5200.04',
  },
  virtio: {
    irqs: twoNodes({ timer: 96, tty: 2, tty_stamp: 4294671084, mouse: 5, console_stamp: 4294669776, disk: 327, virtio: 1 }),
    local: { LOC: '817 838 820 860 659 930 608 695', RES: '30 31 46 44 44 44 26 29', CAL: '2357 521 1987 1896 1847 1913 1866 1813', TLB: '3 1 3 3 2 3 1 2', MCP: '1 1 1 1 1 1 1 1' },
    softirqs: `0
129 72 55 120 64 93 60 44
1 0 3 0 0 1 0 1
1 1 4 0 8 9 0 1
61 29 120 19 0 0 0 98
0
0 1 0 0 0 0 0 0
807 412 383 472 328 441 306 271
0
351 251 264 248 240 540 190 231`,
    cpuTimes: `17 0 104 918 1 0 11
69 0 315 540 0 0 14
41 0 70 964 2 0 15
2 0 82 974 0 0 8
1 0 74 1009 0 0 6
9 0 128 911 1 0 9
2 0 43 1057 0 0 3
4 0 93 979 0 0 8`,
    stat: '4538 1795217594 258',
    nrIrqs: 488,
    meminfo: meminfo(
      '2022208 1888168 1794316 2520 17240 0 21560 3872 5696 0 15864 3872 0 0 0 0 0 0 36 0 5716 6296 0 3196 29748 3196 26552 2192 356 0 0 0 0 1011104 7896 34359738367 13632 0 2208 0 0 0 0 0 0 0 0 0 0 0 2048 0 44916 2052096 0',
    ),
    nodeMemory: `1029928 947520
992280 940648`,
    loadavg: '0.15 0.03 0.01 1/130 251',
    cmdline: 'console=ttyS0 net.ifnames=0 quiet root=/dev/vda rw init=/usr/local/sbin/lab-init lab.mods=virtio_net lab.host=host1 ',
    ipv6: 'eth0 1 1 3\neth1 0 1 2',
    cpuMhz: '2600.017',
    bogomips: '5200.03',
  },
  laptop: {
    irqs: oneBus({ timer: 85, keyboard: [1, 9], tty: [1, 1, 4294669624], clock: [0, 1], acpi: 1, mouse: [0, 3], console: [0, 1, 4, 4294668776], disk: [0, 1, 326] }),
    local: { LOC: '1444 1248', RES: '99 105', CAL: '568 1951', TLB: '5 9', MCP: '1 1' },
    softirqs: `0
285 231
0 1
2 3
0 326
0
1 0
651 694
0
748 827`,
    cpuTimes: `68 0 393 214 3 0 20
72 0 397 198 2 0 29`,
    stat: '3139 1795217657 180',
    nrIrqs: 440,
    meminfo: meminfo(
      '990292 909840 849456 2512 17240 0 21368 3788 5504 0 15864 3788 0 0 0 0 0 0 4 0 5600 6244 0 2332 21724 2332 19392 992 352 0 0 0 0 495144 7792 34359738367 6800 0 552 0 0 0 0 0 0 0 0 0 0 0 2048 0 32628 1015808 0',
    ),
    nodeMemory: '990292 909840',
    loadavg: '0.16 0.03 0.01 1/61 179',
    cmdline: 'console=ttyS0 net.ifnames=0 quiet root=/dev/vda rw init=/usr/local/sbin/lab-init lab.mods=virtio_net lab.host=small1 ',
    ipv6: 'eth0 0 1 2',
    cpuMhz: '2600.018',
    bogomips: '5200.03',
  },
  wide: {
    irqs: oneBus({ timer: 162, keyboard: [5, 9], tty: [7, 2, 4294670988], clock: [6, 0], acpi: 1, mouse: [4, 3], console: [2, 3, 5, 4294670396], disk: [8, 35, 326] }),
    local: { LOC: '932 782 671 693 670 592 380 622 547 746 520 463 668 1580 1118 292 947 987 922 876 408 418 384 367 378 347 367 346 354 352 179 328 341 344 333 318', RES: '12 19 11 15 8 15 11 11 13 15 13 11 11 10 24 7 22 18 14 9 8 10 9 8 8 7 7 7 7 7 6 7 7 10 7 6', CAL: '2390 1893 1828 1905 1844 1873 1753 1756 1756 1793 1759 1753 1772 1962 1738 1752 1786 1460 1676 599 1753 1751 1755 1749 1756 1758 1761 1760 1753 1760 1750 1752 1754 1750 1755 1750', TLB: '0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0', MCP: '1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1' },
    softirqs: `0
143 42 22 19 12 8 0 7 3 103 11 2 27 6 13 0 7 7 4 3 1 1 2 1 0 0 1 0 2 3 0 3 4 6 3 6
0 0 0 0 0 0 0 0 0 0 0 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
0 0 0 0 0 0 0 0 0 0 0 3 0 0 0 0 0 0 4 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 327
0
0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
422 95 40 50 37 34 10 23 23 35 23 21 43 156 69 9 57 40 49 37 22 25 24 22 19 19 22 18 20 22 9 21 23 25 19 20
0
583 144 146 157 153 108 61 100 97 143 101 84 101 210 206 39 181 122 111 85 64 68 61 48 57 51 55 44 46 49 16 43 44 47 41 38`,
    cpuTimes: `0 0 120 733 0 0 7
0 0 44 880 0 0 1
0 0 15 907 0 0 1
2 0 46 868 0 0 1
0 0 32 891 0 0 0
0 0 11 914 0 0 2
0 0 1 915 0 0 1
0 0 51 825 0 0 1
0 0 4 909 0 0 0
0 0 9 903 0 0 1
0 0 3 904 0 0 1
0 0 4 904 0 0 0
0 0 27 865 0 0 1
137 0 194 540 4 0 0
11 0 34 848 1 0 1
0 0 1 882 0 0 0
8 0 46 832 1 0 0
1 0 37 850 0 0 1
2 0 27 858 0 0 0
2 0 74 811 0 0 0
0 0 5 877 0 0 0
0 0 10 873 0 0 0
0 0 6 868 0 0 0
0 0 3 874 0 0 0
0 0 18 848 0 0 0
0 0 3 871 0 0 0
0 0 4 869 0 0 0
0 0 2 870 0 0 0
0 0 4 862 0 0 0
0 0 5 862 0 0 0
0 0 0 865 0 0 0
0 0 4 859 0 0 0
0 0 4 856 0 0 0
0 0 6 858 0 0 0
0 0 4 859 0 0 0
0 0 4 858 0 0 0`,
    stat: '6772 1795218286 470',
    nrIrqs: 712,
    meminfo: meminfo(
      '2009384 1862976 1799552 2480 17176 0 22436 3796 6572 0 15864 3796 0 0 0 0 0 0 4 0 6628 6220 0 4204 41348 4204 37144 5584 356 0 0 0 0 1004692 7908 34359738367 11212 0 9936 0 2048 0 0 0 0 0 0 0 0 0 2048 0 59252 2037760 0',
    ),
    nodeMemory: '2009384 1862976',
    loadavg: '0.00 0.00 0.00 1/314 435',
    cmdline: 'console=ttyS0 net.ifnames=0 quiet root=/dev/vda rw init=/usr/local/sbin/lab-init lab.mods=virtio_net lab.host=wide1 ',
    ipv6: 'eth0 0 1 2',
    cpuMhz: '2599.991',
    bogomips: '5199.98',
  },
  mixed: {
    irqs: twoNodes({ timer: 94, tty: 1, tty_stamp: 4294670528, mouse: 3, console_stamp: 4294669480, disk: 336, virtio: 0 }),
    local: { LOC: '640 652 958 931 732 1051 692 596', RES: '19 25 27 35 64 49 28 37', CAL: '2348 868 1978 1577 1811 1937 1822 1791', TLB: '1 2 2 4 3 0 1 2', MCP: '1 1 1 1 1 1 1 1' },
    softirqs: `0
100 101 159 146 31 90 48 58
0 0 0 0 1 1 3 0
0 2 1 0 6 4 0 0
0 7 72 47 0 0 0 209
0
0 0 0 1 0 0 0 0
732 388 457 426 280 348 330 319
0
327 163 616 370 269 406 230 243`,
    cpuTimes: `2 0 128 873 0 0 4
0 0 98 915 0 0 2
9 0 148 784 1 0 12
3 0 143 836 0 0 9
14 0 121 873 0 0 2
124 0 265 569 2 0 9
2 0 63 946 0 0 3
5 0 54 942 1 0 0`,
    stat: '4740 1795217637 264',
    nrIrqs: 488,
    meminfo: meminfo(
      '2022216 1851216 1757536 2400 17508 0 21576 3944 5640 0 15936 3944 0 0 0 0 0 0 36 0 5832 6208 0 3400 49704 3400 46304 2160 356 0 0 0 0 1011108 7908 34359738367 14176 0 2208 0 0 0 0 0 0 0 0 0 0 0 2048 0 55156 2041856 0',
    ),
    nodeMemory: `1029928 963384
992288 887544`,
    loadavg: '0.15 0.03 0.01 1/128 257',
    cmdline: 'console=ttyS0 net.ifnames=0 quiet root=/dev/vda rw init=/usr/local/sbin/lab-init lab.mods=vmxnet3,e1000e,e1000 lab.host=host3 ',
    ipv6: 'eth0 1 1 3\neth1 0 1 2\neth2 0 1 2',
    cpuMhz: '2599.974',
    bogomips: '5199.94',
  },
} as const satisfies Readonly<Record<string, Platform>>;

/// Of the Arm machine nothing but its NIC's interrupt was recorded; where something must stand, it is that of `laptop`.
const arm64: Platform = {
  ...recorded.laptop,
  irqs: '',
  local: {},
  softirqs: Array.from({ length: 10 }, () => '0').join('\n'),
  cmdline: '',
  ipv6: '',
  stat: '3139 0 180', // it has no clock chip: it booted in 1970
};

export const platforms: Readonly<Record<string, Platform>> = { ...recorded, 'arm64-gem': arm64 };
