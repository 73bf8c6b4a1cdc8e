/// lsirq of util-linux 2.41: the counters of /proc/interrupts or /proc/softirqs, all CPUs together, the
/// busiest first.
/// Left out: JSON, pairs, other columns and orders, CPU lists, thresholds.
import { architectureRows, interruptRows } from '../proc/interrupts.ts';
import { softirqRows } from '../proc/softirqs.ts';
import type { Command, Io } from '../command.ts';
import { notModelled, parseOptions, refuseUsage, spelled } from '../options.ts';

/// What the tool calls a softirq.
const SOFTIRQS: Readonly<Record<string, string>> = {
  HI: 'high priority tasklet softirq',
  TIMER: 'timer softirq',
  NET_TX: 'network transmit softirq',
  NET_RX: 'network receive softirq',
  BLOCK: 'block device softirq',
  IRQ_POLL: 'IO poll softirq',
  TASKLET: 'normal priority tasklet softirq',
  SCHED: 'schedule softirq',
  HRTIMER: 'high resolution timer softirq',
  RCU: 'RCU softirq',
};

const table = {
  short: 'JPSno:s:t:C:hV',
  long: {
    ...{ json: 'J', pairs: 'P', softirq: 'S', noheadings: 'n', 'output=': 'o', 'sort=': 's' },
    ...{ 'threshold=': 't', 'cpu-list=': 'C', help: 'h', version: 'V' },
  },
};

interface Row {
  readonly irq: string;
  readonly total: number;
  readonly name: string;
}

function rowsOf(io: Io, softirqs: boolean): Row[] {
  const online = io.k.cpus.filter((cpu) => cpu.online).map((cpu) => cpu.id);
  const sum = (counts: readonly number[]): number =>
    online.reduce((total, cpu) => total + (counts[cpu] ?? 0), 0);
  const rows = softirqs
    ? softirqRows(io.k).map(({ name, counts }) => ({
        irq: name,
        total: sum(counts),
        name: SOFTIRQS[name] ?? '',
      }))
    : [...interruptRows(io.k), ...architectureRows(io.k)].map((one) => ({
        irq: one.label,
        total: sum(one.counts),
        name: [one.chip, one.hwirq, one.name].filter((word) => word !== '').join(' '),
      }));
  return rows.sort((a, b) => b.total - a.total);
}

export const lsirq: Command = {
  name: 'lsirq',
  summary: 'list interrupts by how often they fired',
  usage: 'lsirq [-S] [-n]',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), table);
    if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault, 1);
    const other = parsed.options.find(({ name }) => !'Sn'.includes(name));
    if (other) return yield* notModelled(io, spelled(other));
    const has = (name: string): boolean => parsed.options.some((one) => one.name === name);
    const rows = rowsOf(io, has('S')).map(({ irq, total, name }) => [irq, String(total), name]);
    if (!has('n')) rows.unshift(['IRQ', 'TOTAL', 'NAME']);
    const width = (at: number): number => Math.max(...rows.map((row) => row[at]!.length));
    const [first, second] = [width(0), width(1)];
    for (const [irq = '', total = '', name = ''] of rows) {
      const line = `${irq.padStart(first)} ${total.padStart(second)} ${name}`;
      yield* io.out.line(io.columns === null ? line : line.slice(0, io.columns));
    }
    return 0;
  },
};
