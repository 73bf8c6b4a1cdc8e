/// /proc/stat, /proc/uptime and /proc/loadavg. CPU times are the recorded boot values plus what the
/// host's CPUs have spent since, in hundredths of a second (USER_HZ).
/// Stands for fs/proc/stat.c, fs/proc/uptime.c and fs/proc/loadavg.c.
/// Left out: nice, steal and guest time; the load averages, which stay at the boot value.
import { cpuTimes as timesSinceBoot } from '../../kernel/piece.ts';
import type { Cpu, Kernel } from '../../kernel/state.ts';
import type { Line } from '../command.ts';
import { value, type Piece } from '../marked.ts';
import { row } from '../nodes.ts';
import { architectureRows, interruptRows } from './interrupts.ts';
import { platformOf } from './platform.ts';
import { softirqNames, softirqRows } from './softirqs.ts';

const TICK_NS = 10_000_000; // 1 / USER_HZ

export const cpuTimeNames = [
  'user',
  'nice',
  'system',
  'idle',
  'iowait',
  'irq',
  'softirq',
  'steal',
  'guest',
  'guest_nice',
] as const;

/// Time of one CPU by kind, ns, since boot: user nice system idle iowait irq softirq.
export function cpuTimes(k: Kernel, cpu: Cpu): number[] {
  const atBoot = (platformOf(k).cpuTimes.split('\n')[cpu.id] ?? '').split(' ').map(Number);
  const time = timesSinceBoot(k, cpu);
  const system = time.process + time.kthread;
  const since = [time.user, 0, system, time.idle, 0, time.hardirq, time.softirq];
  return since.map((ns, kind) => (atBoot[kind] ?? 0) * TICK_NS + ns);
}

function ticks(times: readonly number[]): number[] {
  return [...times.map((ns) => Math.floor(ns / TICK_NS)), 0, 0, 0];
}

function cells(numbers: readonly number[], ref: (index: number) => string): Piece[] {
  return numbers.flatMap((number, index): Piece[] => [' ', value(number, ref(index))]);
}

export function stat(k: Kernel): Line[] {
  const online = k.cpus.filter((cpu) => cpu.online);
  const each = online.map((cpu) => cpuTimes(k, cpu));
  const all = (each[0] ?? []).map((_, kind) =>
    each.reduce((sum, times) => sum + (times[kind] ?? 0), 0),
  );
  const [ctxt = '0', btime = '0', processes = '0'] = platformOf(k).stat.split(' ');
  const running = k.tasks.filter((task) => task.state !== 'sleeping').length;
  const ref = (cpu: string) => (kind: number) => `counter:stat:${cpuTimeNames[kind]}@${cpu}`;
  return [
    row('cpu ', ...cells(ticks(all), ref('cpu'))),
    ...online.map((cpu, index) =>
      row(`cpu${cpu.id}`, ...cells(ticks(each[index] ?? []), ref(`cpu${cpu.id}`))),
    ),
    intr(k),
    row(`ctxt ${ctxt}`),
    row(`btime ${btime}`),
    row(`processes ${processes}`),
    row(`procs_running ${Math.max(1, running)}`),
    row('procs_blocked 0'),
    softirqLine(k),
  ];
}

/// The sum of all interrupts, then the sum of each interrupt number (show_all_irqs).
function intr(k: Kernel): Line {
  const perIrq = new Array<number>(platformOf(k).nrIrqs).fill(0);
  let total = 0;
  const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);
  for (const irq of interruptRows(k)) {
    perIrq[Number(irq.label)] = sum(irq.counts);
    total += sum(irq.counts);
  }
  for (const local of architectureRows(k)) total += sum(local.counts);
  return row(
    'intr ',
    value(total, 'counter:stat:intr'),
    ...cells(perIrq, (irq) => `counter:stat:intr@${irq}`),
  );
}

function softirqLine(k: Kernel): Line {
  const sums = softirqRows(k).map(({ counts }) => counts.reduce((a, b) => a + b, 0));
  const total = sums.reduce((a, b) => a + b, 0);
  return row(
    'softirq ',
    value(total, 'counter:stat:softirq_total'),
    ...cells(sums, (index) => `counter:softirqs:${softirqNames[index]}`),
  );
}

function hundredths(ns: number): string {
  const all = Math.floor(ns / TICK_NS);
  return `${Math.floor(all / 100)}.${String(all % 100).padStart(2, '0')}`;
}

export function uptime(k: Kernel): Line[] {
  const idle = k.cpus.reduce((sum, cpu) => sum + (cpuTimes(k, cpu)[3] ?? 0), 0);
  return [row(`${hundredths(k.desc.uptime_ns + k.now)} ${hundredths(idle)}`)];
}

export function loadavg(k: Kernel): Line[] {
  return [row(platformOf(k).loadavg)];
}
