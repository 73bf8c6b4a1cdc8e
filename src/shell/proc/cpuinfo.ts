/// /proc/cpuinfo, /proc/meminfo and /proc/modules: the machine that the hosts were recorded on.
/// Memory stays at its boot value; the packet pool is not taken from it.
/// Stands for show_cpuinfo() in arch/x86/kernel/cpu/proc.c, fs/proc/meminfo.c, kernel/module/procfs.c.
/// Left out: the addresses of modules, shown as zeros as to those who may not see them.
import type { Cpu, Kernel } from '../../kernel/state.ts';
import type { Line } from '../command.ts';
import { plain, row } from '../nodes.ts';
import { platformOf } from './platform.ts';

export const cpuModel = 'Intel Xeon Processor (Skylake, IBRS, no TSX)';
export const cpuFlags =
  'fpu de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 ht syscall nx pdpe1gb rdtscp lm constant_tsc rep_good nopl xtopology cpuid pni pclmulqdq ssse3 fma cx16 sse4_1 sse4_2 x2apic movbe popcnt aes xsave avx f16c rdrand hypervisor lahf_lm abm 3dnowprefetch pti fsgsbase bmi1 avx2 smep bmi2 erms rdseed adx smap clwb xsaveopt xgetbv1 arat pku ospke';

/// Where a CPU sits: one thread a core, one socket a NUMA node.
export interface Place {
  readonly socket: number;
  readonly core: number; // within the socket
  readonly siblings: readonly number[]; // CPUs of the socket that are online
  readonly cores: number; // cores of the socket that are online
}

export function placeOf(k: Kernel, cpu: Cpu): Place {
  const socket = k.desc.numa.findIndex((node) => node.includes(cpu.id));
  const all = k.desc.numa[socket] ?? [];
  const siblings = all.filter((id) => k.cpus[id]?.online);
  return { socket, core: all.indexOf(cpu.id), siblings, cores: siblings.length };
}

export function cpuinfo(k: Kernel): Line[] {
  const { cpuMhz, bogomips } = platformOf(k);
  return k.cpus
    .filter((cpu) => cpu.online)
    .flatMap((cpu) => {
      const place = placeOf(k, cpu);
      return plain(`processor\t: ${cpu.id}
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 85
model name\t: ${cpuModel}
stepping\t: 4
microcode\t: 0x1
cpu MHz\t\t: ${cpuMhz}
cache size\t: 16384 KB
physical id\t: ${place.socket}
siblings\t: ${place.siblings.length}
core id\t\t: ${place.core}
cpu cores\t: ${place.cores}
apicid\t\t: ${cpu.id}
initial apicid\t: ${cpu.id}
fpu\t\t: yes
fpu_exception\t: yes
cpuid level\t: 13
wp\t\t: yes
flags\t\t: ${cpuFlags}
bugs\t\t: cpu_meltdown spectre_v1 spectre_v2 spec_store_bypass l1tf mds swapgs itlb_multihit mmio_stale_data retbleed gds bhi its
bogomips\t: ${bogomips}
clflush size\t: 64
cache_alignment\t: 64
address sizes\t: 40 bits physical, 48 bits virtual
power management:
`);
    });
}

/// A value of /proc/meminfo, in kB or as a count.
export function memory(k: Kernel, name: string): number {
  const line = platformOf(k)
    .meminfo.split('\n')
    .find((text) => text.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? 0);
}

export function meminfo(k: Kernel): Line[] {
  return platformOf(k)
    .meminfo.split('\n')
    .map((line) => {
      const [name = '', number = ''] = line.split(' ');
      const kilobytes = name.startsWith('HugePages_') ? '' : ' kB';
      // One name is longer than its column, and the kernel gives its number less room.
      const width = name === 'HardwareCorrupted' ? 6 : 8;
      return row(`${name}:`.padEnd(16) + number.padStart(width) + kilobytes);
    });
}

/// A loaded module: name, size in bytes, users, and who they are.
export interface Module {
  readonly name: string;
  readonly size: number;
  readonly users: number;
  readonly by: readonly string[];
}

const driverModules: Readonly<Record<string, readonly Module[]>> = {
  igb: [
    { name: 'igb', size: 315392, users: 0, by: [] },
    { name: 'dca', size: 16384, users: 1, by: ['igb'] },
    { name: 'i2c_algo_bit', size: 16384, users: 1, by: ['igb'] },
  ],
  virtio_net: [
    { name: 'virtio_net', size: 118784, users: 0, by: [] },
    { name: 'net_failover', size: 24576, users: 1, by: ['virtio_net'] },
    { name: 'failover', size: 12288, users: 1, by: ['net_failover'] },
  ],
  vmxnet3: [{ name: 'vmxnet3', size: 90112, users: 0, by: [] }],
  e1000e: [{ name: 'e1000e', size: 368640, users: 0, by: [] }],
  e1000: [{ name: 'e1000', size: 180224, users: 0, by: [] }],
};

const diskModules: readonly Module[] = [
  { name: 'ext4', size: 1146880, users: 1, by: [] },
  { name: 'crc16', size: 12288, users: 1, by: ['ext4'] },
  { name: 'mbcache', size: 16384, users: 1, by: ['ext4'] },
  { name: 'jbd2', size: 200704, users: 1, by: ['ext4'] },
  { name: 'crc32c_generic', size: 12288, users: 0, by: [] },
  { name: 'crc32c_intel', size: 16384, users: 2, by: [] },
  { name: 'virtio_blk', size: 32768, users: 1, by: [] },
];

/// Sizes of those that settings bring in, as far as they were recorded.
const SCH_FQ_SIZE = 20480;
const TCP_BBR_SIZE = 20480;

/// The modules, latest loaded first: what settings have brought in, drivers of the NICs, what the disk needs.
/// Left out: modules of which no size was recorded.
export function modules(k: Kernel): Module[] {
  if (k.desc.arch === 'aarch64') return []; // their sizes were not recorded
  const drivers = [...new Set(k.desc.nics.map((nic) => nic.driver))].reverse();
  return [
    ...settingModules(k),
    ...drivers.flatMap((driver) => driverModules[driver] ?? []),
    ...diskModules,
  ];
}

/// A module is used by each discipline of its kind, and as the default for those to come.
function settingModules(k: Kernel): Module[] {
  const found: Module[] = [];
  const isDefault = (name: string, kind: string): number => Number(k.sysctl[name] === kind);
  const available = (k.sysctl['net.ipv4.tcp_available_congestion_control'] ?? '').split(' ');
  if (available.includes('bbr')) {
    const users = isDefault('net.ipv4.tcp_congestion_control', 'bbr');
    found.push({ name: 'tcp_bbr', size: TCP_BBR_SIZE, users, by: [] });
  }
  const disciplines = k.devs.reduce((sum, { qdisc, tx }) => {
    const leaves = qdisc.leaf?.kind === 'fq' ? tx.length : 0;
    return sum + leaves + Number(qdisc.kind === 'fq');
  }, 0);
  const users = disciplines + isDefault('net.core.default_qdisc', 'fq');
  if (users > 0) found.push({ name: 'sch_fq', size: SCH_FQ_SIZE, users, by: [] });
  return found;
}

export function procModules(k: Kernel): Line[] {
  return modules(k).map(({ name, size, users, by }) => {
    const names = by.length === 0 ? '-' : `${by.join(',')},`;
    return row(`${name} ${size} ${users} ${names} Live 0x0000000000000000`);
  });
}
