/// timeout of coreutils: ends a command after some virtual time.
import { strerror } from '../../kernel/errno.ts';
import type { Command, Io, Running } from '../command.ts';
import { answerCommon, common, parseOptions, refuseUsage } from '../options.ts';
import { processOf } from '../run_command.ts';
import { spawn } from '../scheduler.ts';
import { Killed } from '../command.ts';
import { intervalNs } from './sleep.ts';

const table = {
  short: 's:k:vfp',
  long: {
    'signal=': 's',
    'kill-after=': 'k',
    'preserve-status': 'p',
    foreground: 'f',
    verbose: 'v',
    ...common,
  },
  posix: true,
};
const NUMBERS: Record<string, number> = { HUP: 1, INT: 2, QUIT: 3, KILL: 9, TERM: 15 };

function* run(io: Io): Running {
  const parsed = parseOptions(io.argv.slice(1), table);
  if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault, 125);
  if (yield* answerCommon(io, timeout, 'GNU coreutils 9.7', parsed.options)) return 0;
  const [duration, ...words] = parsed.operands;
  if (duration === undefined || words.length === 0)
    return yield* refuseUsage(io, 'missing operand', 125);
  const ns = intervalNs(duration);
  if (ns === null) return yield* refuseUsage(io, `invalid time interval '${duration}'`, 125);
  const option = (name: string) => parsed.options.find((o) => o.name === name);
  const word = (option('s')?.value ?? 'TERM').toUpperCase().replace(/^SIG/, '');
  const signal = /^\d+$/.test(word) ? Number(word) : NUMBERS[word];
  if (signal === undefined)
    return yield* refuseUsage(io, `${option('s')?.value ?? ''}: invalid signal`, 125);
  return yield* limited(io, words, ns === 0 ? Infinity : ns, signal, option('p') !== undefined);
}

function* limited(
  io: Io,
  words: readonly string[],
  ns: number,
  signal: number,
  keep: boolean,
): Running {
  const p = processOf(io);
  let failed: string | null = null;
  const task = spawn(
    p.machine.scheduler,
    (function* () {
      const status = yield* io.exec(words);
      if (typeof status === 'number') return status;
      failed = `timeout: failed to run command '${words[0] ?? ''}': ${strerror(status)}`;
      return status === 'ENOENT' ? 127 : 126;
    })(),
    p.group,
  );
  const end_ns = io.k.now + ns;
  let late = false;
  try {
    while (task.status === null) {
      if (io.k.now >= end_ns && !late) {
        late = true;
        task.pending = new Killed(128 + signal);
      }
      if (late || end_ns === Infinity) yield { kind: 'pipe' };
      else yield { kind: 'sleep', ns: end_ns - io.k.now, early: true };
    }
  } finally {
    task.pending ??= new Killed(143);
  }
  if (failed !== null) yield* io.err.line(failed);
  if (!late || keep) return task.status;
  return signal === 9 ? 137 : 124;
}

export const timeout: Command = {
  name: 'timeout',
  summary: 'run a command and end it after some virtual time',
  usage: 'timeout [-s SIGNAL] [--preserve-status] DURATION COMMAND [ARGUMENT]...',
  run,
};
