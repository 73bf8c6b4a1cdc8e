/// taskset of util-linux 2.41: on which CPUs a task may run.
/// A command that is started on chosen CPUs hands them on to what it starts; the tools themselves take no
/// CPU time here. -p with CPUs sets those of a task of the host.
import { cpusIn, maskAnd, maskOf, parseList, parseMask, printMask } from '../../kernel/cpumask.ts';
import { strerror } from '../../kernel/errno.ts';
import type { Kernel } from '../../kernel/state.ts';
import type { Command, Io, Running } from '../command.ts';
import { toolList } from '../cpulist.ts';
import { notModelled } from '../options.ts';
import { setTaskCpus } from '../../kernel/apps.ts';
import { taskOf } from './ps.ts';

function everyone(k: Kernel): number[] {
  return maskOf(
    k.cpus.filter((cpu) => cpu.online).map((cpu) => cpu.id),
    k.desc.cpus,
  );
}

/// The CPUs of a task of the host, of the shell, or of a job of it; null: there is no such process.
function affinityOf(io: Io, pid: number): readonly number[] | null {
  const { k, session } = io;
  const task = taskOf(k, pid);
  if (task) return maskAnd(task.cpus_allowed, everyone(k));
  if (pid < session.pid || pid >= session.next_pid + 1) return null;
  const own = pid === session.pid ? session.affinity : session.child_affinity;
  return own === null ? everyone(k) : maskAnd(own, everyone(k));
}

function* show(io: Io, pid: number, list: boolean, which = 'current'): Running {
  const mask = affinityOf(io, pid);
  if (mask === null) {
    yield* io.err.line(`taskset: failed to get pid ${pid}'s affinity: ${strerror('ESRCH')}`);
    return 1;
  }
  const shown = list
    ? toolList(cpusIn(mask))
    : printMask([...mask], io.k.desc.cpus)
        .replace(/,/g, '')
        .replace(/^0+(?=.)/, '');
  yield* io.out.line(`pid ${pid}'s ${which} affinity ${list ? 'list' : 'mask'}: ${shown}`);
  return 0;
}

/// -p CPUS PID, with -a for all threads: tells the old CPUs and the new ones.
function* move(io: Io, mask: number[], pid: number, list: boolean, all: boolean): Running {
  const task = taskOf(io.k, pid);
  const pids = task && all ? io.k.tasks.filter((one) => one.tgid === task.tgid && !one.exited) : [];
  for (const one of pids.length > 0 ? pids.map((thread) => thread.pid) : [pid]) {
    const status = yield* moveOne(io, mask, one, list);
    if (status !== 0) return status;
  }
  return 0;
}

function* moveOne(io: Io, mask: number[], pid: number, list: boolean): Running {
  const shown = yield* show(io, pid, list);
  if (shown !== 0) return shown;
  const refused = setAffinity(io, pid, mask);
  if (refused !== null) {
    yield* io.err.line(`taskset: failed to set pid ${pid}'s affinity: ${strerror(refused)}`);
    return 1;
  }
  return yield* show(io, pid, list, 'new');
}

/// Who is not root may move only its own processes, and nobody a thread that belongs to one CPU.
function setAffinity(io: Io, pid: number, mask: number[]): 'EINVAL' | 'EPERM' | null {
  const task = taskOf(io.k, pid);
  if (maskAnd(everyone(io.k), mask).every((word) => word === 0)) return 'EINVAL';
  if (!task) {
    io.session.affinity = io.session.child_affinity = mask;
    return null;
  }
  if (io.uid !== 0 && io.uid !== task.uid) return 'EPERM';
  return task.kind === 'ksoftirqd' ? 'EINVAL' : setTaskCpus(io.k, task, mask);
}

/// A mask or list as taskset takes it: 0x in front of a mask is allowed.
function read(text: string, list: boolean): number[] | null {
  const mask = list ? parseList(text, 8192) : parseMask(text.replace(/^0x/i, ''), 8192);
  return typeof mask === 'string' ? null : [...mask];
}

export const taskset: Command = {
  name: 'taskset',
  summary: 'show the CPUs of a task, or start a command on some',
  usage: 'taskset -p [-ac] [CPUS] PID | taskset [-c] CPUS COMMAND [ARGUMENT]...',
  *run(io) {
    const words = io.argv.slice(1);
    const flags = new Set<string>();
    while (words[0] && /^-[acp]+$/.test(words[0]))
      for (const letter of words.shift()!.slice(1)) flags.add(letter);
    if (words[0]?.startsWith('-')) return yield* notModelled(io, words[0]);
    const list = flags.has('c');
    if (flags.has('p')) {
      if (words.length === 1) return yield* show(io, Number(words[0]), list);
      const mask = read(words[0] ?? '', list);
      if (mask && words.length === 2)
        return yield* move(io, mask, Number(words[1]), list, flags.has('a'));
      return yield* notModelled(io, `-p ${words.join(' ')}`);
    }
    const [cpus, ...command] = words;
    if (cpus === undefined || command.length === 0) {
      yield* io.err.write("taskset: bad usage\nTry 'taskset --help' for more information.\n");
      return 1;
    }
    const mask = read(cpus, list);
    if (!mask) {
      yield* io.err.line(`taskset: failed to parse CPU ${list ? 'list' : 'mask'}: ${cpus}`);
      return 1;
    }
    if (maskAnd(everyone(io.k), mask).every((word) => word === 0)) {
      const pid = io.session.next_pid;
      yield* io.err.line(`taskset: failed to set pid ${pid}'s affinity: ${strerror('EINVAL')}`);
      return 1;
    }
    const status = yield* io.exec(command, { affinity: mask });
    if (typeof status === 'number') return status;
    yield* io.err.line(`taskset: failed to execute ${command[0]}: ${strerror(status)}`);
    return status === 'ENOENT' ? 127 : 126;
  },
};
