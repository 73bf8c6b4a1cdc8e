/// top of procps-ng 4.0.4 in batch mode: where the CPUs' time goes, and which tasks take it.
/// Left out: the full screen (use -b), other processes of a real host, memory of programs (a dash), and
/// every option but -b, -n, -d and -1.
import { cpuTimes } from '../proc/stat.ts';
import { memory } from '../proc/cpuinfo.ts';
import { platformOf } from '../proc/platform.ts';
import { stateLetter } from '../proc/task.ts';
import type { Command, Io, Running } from '../command.ts';
import { notModelled, parseOptions, spelled } from '../options.ts';
import { clockText, uptimeText } from '../uptime.ts';
import { pass } from './sleep.ts';

const PRIMING_NS = 150_000_000; // between the two looks that the first page compares
const DEFAULT_DELAY = 3;
const COLUMNS = 80;
const HEADING = '  PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND';

/// Kinds of time as the tool orders them, by their column in /proc/stat.
const ORDER: readonly (readonly [number, string])[] = [
  [0, 'us'],
  [2, 'sy'],
  [1, 'ni'],
  [3, 'id'],
  [4, 'wa'],
  [5, 'hi'],
  [6, 'si'],
  [7, 'st'],
];

interface Sample {
  readonly at: number; // ns
  readonly cpus: readonly { readonly id: number; readonly times: readonly number[] }[];
  readonly runtimes: ReadonlyMap<number, number>; // ns on a CPU, by process
}

interface Process {
  readonly pid: number;
  readonly uid: number;
  readonly nice: number;
  readonly state: string;
  readonly kthread: boolean;
  readonly comm: string;
}

/// Its own number: the next one that is free.
function ownPid(io: Io): number {
  return Math.max(io.session.next_pid, ...io.k.tasks.map((task) => task.pid + 1));
}

function processes(io: Io): Process[] {
  const own = (pid: number, comm: string, state: string): Process => ({
    ...{ pid, comm, state, uid: io.uid, nice: 0, kthread: false },
  });
  return [
    ...io.k.tasks
      .filter((task) => !task.exited && task.tgid === task.pid)
      .map((task) => ({ ...task, state: stateLetter(task) })),
    own(io.session.pid, 'bash', 'S'),
    own(ownPid(io), 'top', 'R'),
  ].sort((a, b) => a.pid - b.pid);
}

function look(io: Io): Sample {
  const runtimes = new Map<number, number>();
  for (const task of io.k.tasks)
    runtimes.set(task.tgid, (runtimes.get(task.tgid) ?? 0) + task.runtime);
  const online = io.k.cpus.filter((cpu) => cpu.online);
  return {
    at: io.k.now,
    cpus: online.map((cpu) => ({ id: cpu.id, times: cpuTimes(io.k, cpu) })),
    runtimes,
  };
}

function tenths(value: number, width: number): string {
  return (Math.round(value * 10) / 10).toFixed(1).padStart(width);
}

/// Shares of the time between two looks: user, system, nice, idle, iowait, irq, softirq, steal.
function cpuLine(label: string, before: readonly number[], after: readonly number[]): string {
  const spent = after.map((ns, kind) => Math.max(0, ns - (before[kind] ?? 0)));
  const all = spent.reduce((sum, ns) => sum + ns, 0) || 1;
  const parts = ORDER.map(
    ([kind, name]) => `${tenths(((spent[kind] ?? 0) * 100) / all, 5)} ${name}`,
  );
  return `${label}:${parts.join(',')} `;
}

function* cpuLines(io: Io, before: Sample, after: Sample, each: boolean): Running<void> {
  const sum = (sample: Sample): number[] =>
    sample.cpus.reduce<number[]>(
      (total, { times }) => times.map((ns, kind) => ns + (total[kind] ?? 0)),
      [],
    );
  if (!each) return yield* io.out.line(cpuLine('%Cpu(s)', sum(before), sum(after)));
  for (const { id, times } of after.cpus) {
    const old = before.cpus.find((cpu) => cpu.id === id)?.times ?? [];
    yield* io.out.line(cpuLine(`%Cpu${String(id).padEnd(3)}`, old, times));
  }
}

function* memoryLines(io: Io): Running<void> {
  const of = (...names: string[]): string =>
    tenths(names.reduce((sum, name) => sum + memory(io.k, name), 0) / 1024, 8);
  const used = tenths((memory(io.k, 'MemTotal') - memory(io.k, 'MemAvailable')) / 1024, 8);
  const cache = of('Buffers', 'Cached', 'SReclaimable');
  yield* io.out.line(
    `MiB Mem : ${of('MemTotal')} total, ${of('MemFree')} free, ${used} used, ${cache} buff/cache     `,
  );
  const none = tenths(0, 8);
  yield* io.out.line(
    `MiB Swap: ${none} total, ${none} free, ${none} used. ${of('MemAvailable')} avail Mem `,
  );
}

function clock(ns: number): string {
  const all = Math.floor(ns / 10_000_000);
  const two = (number: number): string => String(number).padStart(2, '0');
  return `${Math.floor(all / 6000)}:${two(Math.floor(all / 100) % 60)}.${two(all % 100)}`;
}

/// The tasks, the busiest first. A name that does not fit ends with a plus.
function* taskLines(io: Io, before: Sample, after: Sample): Running<void> {
  const passed = Math.max(1, after.at - before.at);
  const rows = processes(io).map((one) => {
    const runtime = after.runtimes.get(one.pid) ?? 0;
    const share = ((runtime - (before.runtimes.get(one.pid) ?? 0)) * 100) / passed;
    return { ...one, runtime, share };
  });
  rows.sort((a, b) => b.share - a.share);
  yield* io.out.line(HEADING);
  for (const { pid, uid, nice, kthread, state, comm, runtime, share } of rows) {
    const size = kthread ? '0' : '-';
    const cells =
      `${String(pid).padStart(5)} ${(uid === 0 ? 'root' : 'alice').padEnd(8)} ` +
      `${String(20 + nice).padStart(3)} ${String(nice).padStart(3)} ${size.padStart(7)} ` +
      `${size.padStart(6)} ${size.padStart(6)} ${state} ${tenths(share, 5)} ` +
      `${(kthread ? '0.0' : '-').padStart(5)} ${clock(runtime).padStart(9)} `;
    const room = COLUMNS - cells.length - 1;
    yield* io.out.line(cells + (comm.length > room ? `${comm.slice(0, room - 1)}+` : comm));
  }
}

function* page(io: Io, before: Sample, after: Sample, each: boolean): Running<void> {
  const [one = '', five = '', fifteen = ''] = platformOf(io.k).loadavg.split(' ');
  const all = processes(io);
  const running = all.filter(({ state }) => state === 'R').length;
  const count = (number: number): string => String(number).padStart(3);
  yield* io.out.line(
    `top - ${clockText(io.k, false)} ${uptimeText(io.k, false)},  0 users,  load average: ${one}, ${five}, ${fifteen}`,
  );
  yield* io.out.line(
    `Tasks: ${count(all.length)} total, ${count(running)} running, ${count(all.length - running)} sleeping,   0 stopped,   0 zombie`,
  );
  yield* cpuLines(io, before, after, each);
  yield* memoryLines(io);
  yield* io.out.line('');
  yield* taskLines(io, before, after);
}

export const top: Command = {
  name: 'top',
  summary: 'show where CPU time goes',
  usage: 'top -b [-n TIMES] [-d SECONDS] [-1]',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), { short: 'bn:d:1hvHicSsu:U:p:o:w:E:e:' });
    if ('fault' in parsed) {
      yield* io.err.line(`top: ${parsed.fault}`);
      return 1;
    }
    const left = parsed.options.find(({ name }) => !'bnd1'.includes(name));
    if (left) return yield* notModelled(io, spelled(left));
    const value = (name: string): string | undefined =>
      parsed.options.findLast((one) => one.name === name)?.value;
    const has = (name: string): boolean => parsed.options.some((one) => one.name === name);
    if (!has('b')) return yield* notModelled(io, 'without -b');
    for (const [name, what] of [
      ['n', 'iterations argument'],
      ['d', 'delay interval'],
    ] as const)
      if (has(name) && !/^\d+(\.\d+)?$/.test(value(name) ?? '')) {
        yield* io.err.line(`top: bad ${what} '${value(name) ?? ''}'`);
        return 1;
      }
    const times = has('n') ? Number(value('n')) : Infinity;
    let before = look(io);
    yield* pass(PRIMING_NS);
    for (let done = 0; done < times; done++) {
      if (done > 0) {
        yield* io.out.line('');
        yield* pass(Number(value('d') ?? DEFAULT_DELAY) * 1e9);
      }
      const after = look(io);
      yield* page(io, before, after, has('1'));
      before = after;
    }
    return 0;
  },
};
