/// ps and pgrep of procps-ng 4.0.4: the tasks of the host and the shell that asks.
/// Left out: the other processes of a real host, sorting, selection by anything but -e and -p, and the
/// columns about memory and start times.
import type { Kernel, Task } from '../../kernel/state.ts';
import type { Command, Io, Running } from '../command.ts';
import { notModelled, parseOptions, spelled } from '../options.ts';
import { stateLetter } from '../proc/task.ts';

interface Process {
  readonly pid: number; // of the process
  readonly tid: number; // of the thread
  readonly threads: number;
  readonly comm: string;
  readonly uid: number;
  readonly cpu: number;
  readonly nice: number;
  readonly state: string;
  readonly runtime: number; // ns
  readonly kthread: boolean;
}

/// A process with the time of all its threads, or one thread of it.
function ofTask(k: Kernel, task: Task, alone: boolean): Process {
  const group = k.tasks.filter((one) => one.tgid === task.tgid && !one.exited);
  const runtime = alone ? task.runtime : group.reduce((sum, one) => sum + one.runtime, 0);
  const letter = stateLetter(task);
  return { ...task, pid: task.tgid, tid: task.pid, threads: group.length, state: letter, runtime };
}

/// STAT: the state, < or N for a nice value, l for several threads.
function statOf({ state, nice, threads }: Process): string {
  return state + (nice < 0 ? '<' : nice > 0 ? 'N' : '') + (threads > 1 ? 'l' : '');
}

/// The process number of the tool itself: the next one that is free.
function ownPid(io: Io): number {
  return Math.max(io.session.next_pid, ...io.k.tasks.map((task) => task.pid + 1));
}

/// Every process that this host has, and the shell and ps themselves; with `each` every thread.
function processes(io: Io, each = false): Process[] {
  const own = (pid: number, comm: string, state: string): Process => ({
    ...{ pid, tid: pid, threads: 1, comm, state, uid: io.uid, cpu: 0, nice: 0, runtime: 0 },
    kthread: false,
  });
  const all = [
    ...io.k.tasks
      .filter((task) => !task.exited && (each || task.pid === task.tgid))
      .map((task) => ofTask(io.k, task, each)),
    own(io.session.pid, 'bash', 'S'),
    own(ownPid(io), io.argv[0] ?? 'ps', 'R'),
  ];
  return all.sort((a, b) => a.pid - b.pid || a.tid - b.tid);
}

interface Column {
  readonly heading: string;
  readonly width: number; // right-aligned; negative: left-aligned
  text(process: Process): string;
}

function clock(ns: number): string {
  const seconds = Math.floor(ns / 1e9);
  const two = (number: number) => String(number).padStart(2, '0');
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

function userOf(uid: number): string {
  return uid === 0 ? 'root' : 'alice';
}

const columns: Readonly<Record<string, Column>> = {
  pid: { heading: 'PID', width: 5, text: ({ pid }) => String(pid) },
  tid: { heading: 'TID', width: 5, text: ({ tid }) => String(tid) },
  lwp: { heading: 'LWP', width: 5, text: ({ tid }) => String(tid) },
  tgid: { heading: 'TGID', width: 5, text: ({ pid }) => String(pid) },
  nlwp: { heading: 'NLWP', width: 4, text: ({ threads }) => String(threads) },
  psr: { heading: 'PSR', width: 3, text: ({ cpu }) => String(cpu) },
  ni: { heading: 'NI', width: 3, text: ({ nice }) => String(nice) },
  stat: { heading: 'STAT', width: -4, text: statOf },
  s: { heading: 'S', width: -1, text: ({ state }) => state },
  uid: { heading: 'UID', width: 5, text: ({ uid }) => String(uid) },
  user: { heading: 'USER', width: -8, text: ({ uid }) => userOf(uid) },
  tty: { heading: 'TT', width: -8, text: () => '?' },
  time: { heading: 'TIME', width: 8, text: ({ runtime }) => clock(runtime) },
  comm: { heading: 'COMMAND', width: -15, text: ({ comm }) => comm },
  args: {
    heading: 'COMMAND',
    width: -27,
    text: ({ comm, kthread }) => (kthread ? `[${comm}]` : comm),
  },
};

const aliases: Readonly<Record<string, string>> = {
  ucmd: 'comm',
  cmd: 'args',
  command: 'args',
  state: 's',
  nice: 'ni',
  spid: 'lwp',
  thcount: 'nlwp',
  cputime: 'time',
  euid: 'uid',
  euser: 'user',
};

function align(text: string, width: number): string {
  return width < 0 ? text.padEnd(-width) : text.padStart(width);
}

function* table(io: Io, chosen: readonly Process[], wanted: readonly Column[]): Running<void> {
  const line = (cell: (column: Column) => string) =>
    wanted
      .map((column, at) =>
        at === wanted.length - 1 && column.width < 0
          ? cell(column)
          : align(cell(column), column.width),
      )
      .join(' ');
  if (wanted.some(({ heading }) => heading !== ''))
    yield* io.out.line(line(({ heading }) => heading));
  for (const process of chosen) yield* io.out.line(line((column) => column.text(process)));
}

function columnsOf(words: readonly string[]): Column[] | string {
  const found: Column[] = [];
  for (const word of words.flatMap((text) => text.split(/[\s,]+/)).filter((text) => text !== '')) {
    const [name = '', heading] = word.split('=');
    const column = columns[aliases[name] ?? name];
    if (!column) return name;
    found.push(heading === undefined ? column : { ...column, heading });
  }
  return found;
}

export const ps: Command = {
  name: 'ps',
  summary: 'list processes',
  usage: 'ps [-eL] [-p PID] [-o COLUMNS]',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), { short: 'eAao:p:fluxjLT', posix: false });
    if ('fault' in parsed) {
      yield* io.err.line(`error: ${parsed.fault}`);
      return 1;
    }
    if (parsed.operands.length > 0) return yield* notModelled(io, parsed.operands.join(' '));
    const left = parsed.options.find(({ name }) => !'eAopL'.includes(name));
    if (left) return yield* notModelled(io, spelled(left));
    const each = parsed.options.some(({ name }) => name === 'L');
    const asked = parsed.options.filter(({ name }) => name === 'o').map(({ value }) => value);
    if (each && asked.length === 0) return yield* notModelled(io, '-L without -o');
    const wanted = columnsOf(asked.length > 0 ? asked : ['pid,tty,time,comm']);
    if (typeof wanted === 'string') return yield* notModelled(io, `-o ${wanted}`);
    const pids = parsed.options
      .filter(({ name }) => name === 'p')
      .flatMap(({ value }) => value.split(/[\s,]+/).map(Number));
    const every = parsed.options.some(({ name }) => name === 'e' || name === 'A');
    const chosen = processes(io, each).filter(
      ({ pid }) =>
        every ||
        (pids.length > 0 ? pids.includes(pid) : pid === io.session.pid || pid === ownPid(io)),
    );
    yield* table(io, chosen, wanted);
    return chosen.length > 0 ? 0 : 1;
  },
};

export const pgrep: Command = {
  name: 'pgrep',
  summary: 'find processes by name',
  usage: 'pgrep [-lx] PATTERN',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), { short: 'lxacfnouv' });
    if ('fault' in parsed) {
      yield* io.err.line(`pgrep: ${parsed.fault}`);
      return 2;
    }
    const [pattern] = parsed.operands;
    const left = parsed.options.find(({ name }) => name !== 'l' && name !== 'x');
    if (left) return yield* notModelled(io, spelled(left), 2);
    if (pattern === undefined) {
      yield* io.err.write(
        "pgrep: no matching criteria specified\nTry `pgrep --help' for more information.\n",
      );
      return 2;
    }
    const flags = new Set(parsed.options.map(({ name }) => name));
    // Only plain words and anchors: enough for names of tasks, and no pattern can run away.
    const words = pattern.replace(/^\^|\$$/g, '');
    const whole = flags.has('x') || (pattern.startsWith('^') && pattern.endsWith('$'));
    const fits = (comm: string) =>
      whole
        ? comm === words
        : pattern.startsWith('^')
          ? comm.startsWith(words)
          : pattern.endsWith('$')
            ? comm.endsWith(words)
            : comm.includes(words);
    const found = processes(io).filter(({ comm, pid }) => fits(comm) && pid !== ownPid(io));
    for (const { pid, comm } of found)
      yield* io.out.line(flags.has('l') ? `${pid} ${comm}` : String(pid));
    return found.length > 0 ? 0 : 1;
  },
};

/// A task of the host by its process number.
export function taskOf(k: Kernel, pid: number): Task | undefined {
  return k.tasks.find((task) => task.pid === pid);
}
