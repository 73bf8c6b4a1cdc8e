/// lscpu of util-linux 2.41: the processors, their caches and NUMA nodes.
/// Left out: JSON, raw and byte output, caches as a table (-C), other machines (-s).
import type { Kernel } from '../../kernel/state.ts';
import type { Command, Io, Running } from '../command.ts';
import { toolList } from '../cpulist.ts';
import { notModelled, parseOptions, spelled } from '../options.ts';
import { cpuFlags, cpuModel, placeOf } from '../proc/cpuinfo.ts';
import { platformOf } from '../proc/platform.ts';
import { nodeCpus } from '../sys/node.ts';

/// A line of the summary. On a terminal groups have a heading, and lines are indented and say less.
interface Row {
  readonly label: string;
  readonly value: string;
  readonly level: number; // indentation on a terminal
  readonly group?: 'cache' | 'vulnerability';
}

const vulnerabilities = `Gather data sampling: Unknown: Dependent on hypervisor status
Indirect target selection: Mitigation; Aligned branch/return thunks
Itlb multihit: KVM: Mitigation: VMX unsupported
L1tf: Mitigation; PTE Inversion
Mds: Vulnerable: Clear CPU buffers attempted, no microcode; SMT Host state unknown
Meltdown: Mitigation; PTI
Mmio stale data: Vulnerable: Clear CPU buffers attempted, no microcode; SMT Host state unknown
Reg file data sampling: Not affected
Retbleed: Vulnerable
Spec rstack overflow: Not affected
Spec store bypass: Vulnerable
Spectre v1: Mitigation; usercopy/swapgs barriers and __user pointer sanitization
Spectre v2: Mitigation; Retpolines; STIBP disabled; RSB filling; PBRSB-eIBRS Not affected; BHI Retpoline
Srbds: Not affected
Tsa: Not affected
Tsx async abort: Not affected
Vmscape: Not affected`;

/// Caches of the recorded machines: name, KiB of one, and whether a socket shares it.
const caches = [
  ['L1d', 32, false],
  ['L1i', 32, false],
  ['L2', 4096, false],
  ['L3', 16384, true],
] as const;

function sizeOf(kib: number): string {
  return kib >= 1024 ? `${kib / 1024} MiB` : `${kib} KiB`;
}

function rows(k: Kernel): Row[] {
  const online = k.cpus.filter((cpu) => cpu.online);
  const offline = k.cpus.filter((cpu) => !cpu.online).map((cpu) => cpu.id);
  const sockets = k.desc.numa.filter((_, node) => nodeCpus(k, node).length > 0).length;
  const first = online[0];
  const row = (
    level: number,
    label: string,
    value: string | number,
    group?: Row['group'],
  ): Row => ({
    level,
    label,
    value: String(value),
    ...(group ? { group } : {}),
  });
  const list = toolList(online.map((cpu) => cpu.id));
  return [
    row(0, 'Architecture', 'x86_64'),
    row(1, 'CPU op-mode(s)', '32-bit, 64-bit'),
    row(1, 'Address sizes', '40 bits physical, 48 bits virtual'),
    row(1, 'Byte Order', 'Little Endian'),
    row(0, 'CPU(s)', k.desc.cpus),
    row(1, 'On-line CPU(s) list', list),
    ...(offline.length > 0 ? [row(1, 'Off-line CPU(s) list', toolList(offline))] : []),
    row(0, 'Vendor ID', 'GenuineIntel'),
    row(1, 'Model name', cpuModel),
    row(2, 'CPU family', 6),
    row(2, 'Model', 85),
    row(2, 'Thread(s) per core', 1),
    row(2, 'Core(s) per socket', first ? placeOf(k, first).cores : 0),
    row(2, 'Socket(s)', sockets),
    row(2, 'Stepping', 4),
    row(2, 'BogoMIPS', platformOf(k).bogomips),
    row(2, 'Flags', cpuFlags),
    ...caches.map(([name, kib, shared]) => {
      const instances = shared ? sockets : online.length;
      return row(
        1,
        name,
        `${sizeOf(kib * instances)} (${instances} instance${instances === 1 ? '' : 's'})`,
        'cache',
      );
    }),
    row(1, 'NUMA node(s)', k.desc.numa.length),
    ...k.desc.numa.map((_, node) => row(1, `NUMA node${node} CPU(s)`, toolList(nodeCpus(k, node)))),
    ...vulnerabilities.split('\n').map((text) => {
      const at = text.indexOf(': ');
      return row(1, text.slice(0, at), text.slice(at + 2), 'vulnerability');
    }),
  ];
}

/// Into a pipe: one column of labels, each complete.
function flat(all: readonly Row[]): string[] {
  const label = (row: Row) =>
    row.group === 'cache'
      ? `${row.label} cache:`
      : row.group === 'vulnerability'
        ? `Vulnerability ${row.label}:`
        : `${row.label}:`;
  const width = Math.max(...all.map((row) => label(row).length)) + 1;
  return all.map((row) => label(row).padEnd(width) + row.value);
}

/// On a terminal: a tree, values wrapped at its edge.
function tree(all: readonly Row[], columns: number): string[] {
  const headings: Readonly<Record<string, string>> = {
    L1d: 'Caches (sum of all):',
    'NUMA node(s)': 'NUMA:',
    'Gather data sampling': 'Vulnerabilities:',
  };
  const label = (row: Row) => `${'  '.repeat(row.level)}${row.label}:`;
  const width = Math.max(...all.map((row) => label(row).length)) + 1;
  const room = Math.max(1, columns - width);
  return all.flatMap((row) => {
    const heading = headings[row.label];
    const pieces = row.value.match(new RegExp(`.{1,${room}}`, 'g')) ?? [''];
    const lines = pieces.map((piece, at) => (at === 0 ? label(row) : '').padEnd(width) + piece);
    return heading === undefined ? lines : [heading.padEnd(width), ...lines];
  });
}

/// One value of a CPU for -e and -p.
function cell(k: Kernel, id: number, column: string): string {
  const cpu = k.cpus[id];
  if (!cpu) throw new Error(`no CPU ${id}`);
  const socket = placeOf(k, cpu).socket;
  switch (column) {
    case 'CPU':
    case 'CORE':
      return String(id);
    case 'NODE':
      return String(cpu.node);
    case 'SOCKET':
      return String(socket);
    case 'ONLINE':
      return cpu.online ? 'yes' : 'no';
    default:
      return `${id}:${id}:${id}:${socket}`;
  }
}

/// -e: a table of the CPUs, offline ones included.
function* extended(io: Io): Running {
  const columns = ['CPU', 'NODE', 'SOCKET', 'CORE', 'L1d:L1i:L2:L3', 'ONLINE'];
  const left = new Set(['L1d:L1i:L2:L3']);
  const body = io.k.cpus.map((cpu) => columns.map((column) => cell(io.k, cpu.id, column)));
  const widths = columns.map((column, at) =>
    Math.max(column.length, ...body.map((row) => row[at]?.length ?? 0)),
  );
  for (const line of [columns, ...body]) {
    const words = line.map((word, at) => {
      const width = widths[at] ?? 0;
      return left.has(columns[at] ?? '') ? word.padEnd(width) : word.padStart(width);
    });
    yield* io.out.line(words.join(' ').trimEnd());
  }
  return 0;
}

/// -p: the online CPUs for programs.
function* parsable(io: Io, asked: string): Running {
  const columns = (asked || 'CPU,CORE,SOCKET,NODE,,CACHE').split(',');
  const known = new Set(['CPU', 'CORE', 'SOCKET', 'NODE', 'ONLINE', 'CACHE', '']);
  const wrong = columns.find((column) => !known.has(column.toUpperCase()));
  if (wrong !== undefined) return yield* notModelled(io, `-p=${wrong}`);
  const title = (name: string) =>
    name === 'CPU'
      ? name
      : name === 'CACHE'
        ? 'L1d,L1i,L2,L3'
        : name.charAt(0) + name.slice(1).toLowerCase();
  yield* io.out.line('# The following is the parsable format, which can be fed to other');
  yield* io.out.line('# programs. Each different item in every column has an unique ID');
  yield* io.out.line('# starting usually from zero.');
  yield* io.out.line(`# ${columns.map((column) => title(column.toUpperCase())).join(',')}`);
  for (const cpu of io.k.cpus.filter((each) => each.online)) {
    const words = columns.map((column) => {
      const name = column.toUpperCase();
      return name === ''
        ? ''
        : name === 'CACHE'
          ? cell(io.k, cpu.id, name).replace(/:/g, ',')
          : cell(io.k, cpu.id, name);
    });
    yield* io.out.line(words.join(','));
  }
  return 0;
}

export const lscpu: Command = {
  name: 'lscpu',
  summary: 'show processors, caches and NUMA nodes',
  usage: 'lscpu [-e | -p[=LIST]]',
  *run(io) {
    if (io.k.desc.arch === 'aarch64') return yield* notModelled(io, 'on aarch64');
    const parsed = parseOptions(io.argv.slice(1), {
      short: 'aBbC::ce::hJp::rs:VxY',
      long: { 'extended[=]': 'e', 'parse[=]': 'p', help: 'h', version: 'V', json: 'J' },
    });
    if ('fault' in parsed) {
      yield* io.err.write(`lscpu: ${parsed.fault}\nTry 'lscpu --help' for more information.\n`);
      return 1;
    }
    const [option] = parsed.options;
    if (option?.name === 'p') return yield* parsable(io, option.value.replace(/^=/, ''));
    if (option?.name === 'e' && option.value === '') return yield* extended(io);
    if (option?.name === 'V') {
      yield* io.out.line('lscpu from util-linux 2.41.5');
      return 0;
    }
    if (option) return yield* notModelled(io, spelled(option));
    const all = rows(io.k);
    for (const line of io.columns === null ? flat(all) : tree(all, io.columns))
      yield* io.out.line(line);
    return 0;
  },
};
