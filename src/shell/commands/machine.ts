/// Small tools that describe the machine: free, lsmod, lspci, getconf. Memory is what it was at boot.
/// Left out: free in other layouts, lspci's details and tree, most variables of getconf.
import type { Kernel } from '../../kernel/state.ts';
import type { Command } from '../command.ts';
import { notModelled, parseOptions, spelled } from '../options.ts';
import { memory, modules } from '../proc/cpuinfo.ts';
import { pciFunction } from '../sys/pci.ts';

const units: Readonly<Record<string, number>> = { k: 1, m: 1024, g: 1024 * 1024 };

export const free: Command = {
  name: 'free',
  summary: 'show memory, as it was at boot',
  usage: 'free [-k | -m | -g]',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), { short: 'bkmghlstwvLc:' });
    if ('fault' in parsed) {
      yield* io.err.line(`free: ${parsed.fault}`);
      return 1;
    }
    const left = parsed.options.find(({ name }) => !(name in units));
    if (left) return yield* notModelled(io, spelled(left));
    const unit = units[parsed.options.at(-1)?.name ?? 'k'] ?? 1;
    const of = (name: string) => memory(io.k, name);
    const cell = (kb: number) => String(Math.floor(kb / unit)).padStart(12);
    const cache = of('Buffers') + of('Cached') + of('SReclaimable');
    const used = of('MemTotal') - of('MemAvailable');
    yield* io.out.line(
      '               total        used        free      shared  buff/cache   available',
    );
    yield* io.out.line(
      `Mem:        ${[of('MemTotal'), used, of('MemFree'), of('Shmem'), cache, of('MemAvailable')].map(cell).join('').slice(4)}`,
    );
    yield* io.out.line(`Swap:       ${[0, 0, 0].map(cell).join('').slice(4)}`);
    return 0;
  },
};

export const lsmod: Command = {
  name: 'lsmod',
  summary: 'list the loaded kernel modules',
  usage: 'lsmod',
  *run(io) {
    if (io.argv.length > 1) {
      yield* io.err.line('Usage: lsmod');
      return 1;
    }
    yield* io.out.line('Module                  Size  Used by');
    for (const { name, size, users, by } of modules(io.k)) {
      const names = by.length > 0 ? ` ${by.join(',')}` : '';
      yield* io.out.line(`${name.padEnd(19)} ${String(size).padStart(8)}  ${users}${names}`);
    }
    return 0;
  },
};

/// A function on the PCI bus: place, class, name, identity, revision.
type PciRow = readonly [slot: string, kind: string, name: string, id: string, revision: string];

const intel: readonly PciRow[] = [
  [
    '00:1f.0',
    'ISA bridge [0601]',
    'Intel Corporation 82801IB (ICH9) LPC Interface Controller',
    '8086:2918',
    '02',
  ],
  [
    '00:1f.2',
    'SATA controller [0106]',
    'Intel Corporation 82801IR/IO/IH (ICH9R/DO/DH) 6 port SATA Controller [AHCI mode]',
    '8086:2922',
    '02',
  ],
  [
    '00:1f.3',
    'SMBus [0c05]',
    'Intel Corporation 82801I (ICH9 Family) SMBus Controller',
    '8086:2930',
    '02',
  ],
];
const hostBridge: PciRow = [
  '00:00.0',
  'Host bridge [0600]',
  'Intel Corporation 82G33/G31/P35/P31 Express DRAM Controller',
  '8086:29c0',
  '',
];

function expander(slot: string): PciRow {
  return [slot, 'Host bridge [0600]', 'Red Hat, Inc. QEMU PCIe Expander bridge', '1b36:000b', ''];
}

function rootPort(slot: string): PciRow {
  return [slot, 'PCI bridge [0604]', 'Red Hat, Inc. QEMU PCIe Root port', '1b36:000c', ''];
}

const disk = ['SCSI storage controller [0100]', 'Communication controller [0780]'] as const;

/// The functions of the recorded machines: one board with two nodes, one with a single bus.
function pciRows(k: Kernel): PciRow[] {
  const nics = k.devs
    .filter((dev) => dev.pci.includes(':'))
    .map((dev): PciRow => {
      const card = pciFunction(dev);
      const names: Readonly<Record<string, string>> = {
        '10c9': 'Intel Corporation 82576 Gigabit Network Connection',
        '07b0': 'VMware VMXNET3 Ethernet Controller',
        '10d3': 'Intel Corporation 82574L Gigabit Network Connection',
        '100e': 'Intel Corporation 82540EM Gigabit Ethernet Controller',
        '10fb': 'Intel Corporation 82599ES 10-Gigabit SFI/SFP+ Network Connection',
        '159b': 'Intel Corporation Ethernet Controller E810-XXV for SFP',
        '1017': 'Mellanox Technologies MT27800 Family [ConnectX-5]',
        ec20: 'Amazon.com, Inc. Elastic Network Adapter (ENA)',
        '1226': 'Intel Corporation 82596 PRO/10 PCI',
        '1041': 'Red Hat, Inc. Virtio 1.0 network device',
        '1000': 'Red Hat, Inc. Virtio network device',
      };
      const revision = card.revision === '00' ? '' : card.revision;
      return [
        dev.pci.slice(5),
        'Ethernet controller [0200]',
        names[card.device] ?? '',
        `${card.vendor}:${card.device}`,
        revision,
      ];
    });
  const board: PciRow[] =
    k.desc.numa.length > 1
      ? [
          expander('00:01.0'),
          expander('00:02.0'),
          ...['40:00.0', '40:08.0', '40:09.0', '80:00.0'].map(rootPort),
          ['42:00.0', disk[0], 'Red Hat, Inc. Virtio 1.0 block device', '1af4:1042', '01'],
          ['43:00.0', disk[1], 'Red Hat, Inc. Virtio 1.0 console', '1af4:1043', '01'],
        ]
      : [
          ['00:10.0', disk[0], 'Red Hat, Inc. Virtio block device', '1af4:1001', ''],
          ['00:11.0', disk[1], 'Red Hat, Inc. Virtio console', '1af4:1003', ''],
        ];
  return [hostBridge, ...intel, ...board, ...nics].sort(([a], [b]) => (a < b ? -1 : 1));
}

export const lspci: Command = {
  name: 'lspci',
  summary: 'list the PCI functions',
  usage: 'lspci [-n | -nn] [-s SLOT]',
  *run(io) {
    if (io.k.desc.arch === 'aarch64') return yield* notModelled(io, 'on aarch64');
    const parsed = parseOptions(io.argv.slice(1), { short: 'nvks:d:tmDxqQbPMAHi:p:O:G' });
    if ('fault' in parsed) {
      yield* io.err.line(`lspci: ${parsed.fault}`);
      return 1;
    }
    const left = parsed.options.find(({ name }) => name !== 'n' && name !== 's');
    if (left) return yield* notModelled(io, spelled(left));
    const numbers = parsed.options.filter(({ name }) => name === 'n').length;
    const slot = parsed.options.find(({ name }) => name === 's')?.value.replace(/^0000:/, '');
    for (const [at, kind, name, id, revision] of pciRows(io.k)) {
      if (slot !== undefined && !at.startsWith(slot)) continue;
      const rev = revision === '' ? '' : ` (rev ${revision})`;
      const code = /\[(\w+)\]$/.exec(kind)?.[1] ?? '';
      const words = kind.replace(/ \[\w+\]$/, '');
      if (numbers === 1) yield* io.out.line(`${at} ${code}: ${id}${rev}`);
      else if (numbers > 1) yield* io.out.line(`${at} ${kind}: ${name} [${id}]${rev}`);
      else yield* io.out.line(`${at} ${words}: ${name}${rev}`);
    }
    return 0;
  },
};

const variables: Readonly<Record<string, (k: Kernel) => number>> = {
  _NPROCESSORS_ONLN: (k) => k.cpus.filter((cpu) => cpu.online).length,
  _NPROCESSORS_CONF: (k) => k.desc.cpus,
  PAGE_SIZE: () => 4096,
  PAGESIZE: () => 4096,
  CLK_TCK: () => 100,
  LONG_BIT: () => 64,
};

export const getconf: Command = {
  name: 'getconf',
  summary: 'show a value of the configuration',
  usage: 'getconf VARIABLE',
  *run(io) {
    const [, name = ''] = io.argv;
    const variable = Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (!variable) {
      if (/^[A-Z_0-9]+$/.test(name)) return yield* notModelled(io, name);
      yield* io.err.line(`getconf: Unrecognized variable \`${name}'`);
      return 2;
    }
    yield* io.out.line(String(variable(io.k)));
    return 0;
  },
  complete: () => Object.keys(variables),
};
