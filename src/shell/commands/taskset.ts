/// taskset of util-linux 2.41: on which CPUs a task may run.
/// Left out: moving a task of the host, and all threads of one (-a). A command that is started on
/// chosen CPUs runs as any other: the tools here take no CPU time.
import { cpusIn, maskAnd, maskOf, parseList, parseMask, printMask } from '../../kernel/cpumask.ts';
import { strerror } from '../../kernel/errno.ts';
import type { Kernel } from '../../kernel/state.ts';
import type { Command, Io, Running } from '../command.ts';
import { toolList } from '../cpulist.ts';
import { notModelled } from '../options.ts';
import { taskOf } from './ps.ts';

function everyone(k: Kernel): number[] {
  return maskOf(
    k.cpus.filter((cpu) => cpu.online).map((cpu) => cpu.id),
    k.desc.cpus,
  );
}

/// Shows the CPUs of a task; the shell and its jobs may run anywhere.
function* show(io: Io, pid: number, list: boolean): Running {
  const { k, session } = io;
  const task = taskOf(k, pid);
  const own = pid >= session.pid && pid < session.next_pid + 1;
  if (!task && !own) {
    yield* io.err.line(`taskset: failed to get pid ${pid}'s affinity: ${strerror('ESRCH')}`);
    return 1;
  }
  const mask = task ? maskAnd(task.cpus_allowed, everyone(k)) : everyone(k);
  const shown = list
    ? toolList(cpusIn(mask))
    : printMask(mask, k.desc.cpus)
        .replace(/,/g, '')
        .replace(/^0+(?=.)/, '');
  yield* io.out.line(`pid ${pid}'s current affinity ${list ? 'list' : 'mask'}: ${shown}`);
  return 0;
}

/// A mask or list as taskset takes it: 0x in front of a mask is allowed.
function read(text: string, list: boolean): number[] | null {
  const mask = list ? parseList(text, 8192) : parseMask(text.replace(/^0x/i, ''), 8192);
  return typeof mask === 'string' ? null : [...mask];
}

export const taskset: Command = {
  name: 'taskset',
  summary: 'show the CPUs of a task, or start a command on some',
  usage: 'taskset -p [-c] PID | taskset [-c] CPUS COMMAND [ARGUMENT]...',
  *run(io) {
    const words = io.argv.slice(1);
    const flags = new Set<string>();
    while (words[0] && /^-[acp]+$/.test(words[0]))
      for (const letter of words.shift()!.slice(1)) flags.add(letter);
    if (flags.has('a') || words[0]?.startsWith('-'))
      return yield* notModelled(io, flags.has('a') ? '-a' : (words[0] ?? ''));
    const list = flags.has('c');
    if (flags.has('p')) {
      if (words.length === 1) return yield* show(io, Number(words[0]), list);
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
    const status = yield* io.exec(command);
    if (typeof status === 'number') return status;
    yield* io.err.line(`taskset: failed to execute ${command[0]}: ${strerror(status)}`);
    return status === 'ENOENT' ? 127 : 126;
  },
};
