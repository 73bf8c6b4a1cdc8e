/// chmod: the permission bits of the reader's own files.
/// Left out: -R and --reference, X, s and t, and files under /proc and /sys.
import { strerror } from '../../kernel/errno.ts';
import type { Command, Io, Running } from '../command.ts';
import { files } from '../files.ts';
import { quoted } from '../names.ts';
import {
  answerCommon,
  common,
  fail,
  notModelled,
  parseOptions,
  refuseUsage,
  spelled,
} from '../options.ts';
import { absolute } from '../paths.ts';

const table = {
  short: 'Rvcfrwx',
  long: { recursive: 'R', verbose: 'v', changes: 'c', silent: 'f', quiet: 'f', ...common },
};
const WHO: Record<string, number> = { u: 0o700, g: 0o070, o: 0o007, a: 0o777 };
const WHAT: Record<string, number> = { r: 0o444, w: 0o222, x: 0o111 };

function* run(io: Io): Running {
  // `-x` is a mode, not an option: everything that reads as one is kept out of getopt's way.
  const words = io.argv.slice(1);
  const parsed = parseOptions(
    words.filter((word) => !isMinusMode(word)),
    table,
  );
  if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault);
  if (yield* answerCommon(io, chmod, 'GNU coreutils 9.7', parsed.options)) return 0;
  const loud = parsed.options.find((option) => option.name !== 'f');
  if (loud) return yield* notModelled(io, spelled(loud));
  const minus = words.find(isMinusMode);
  const [mode, ...names] = minus === undefined ? parsed.operands : [minus, ...parsed.operands];
  if (mode === undefined) return yield* refuseUsage(io, 'missing operand');
  if (change(mode, 0, io.session.umask) === null)
    return yield* refuseUsage(io, `invalid mode: ${quoted(mode)}`);
  if (names.length === 0) return yield* refuseUsage(io, `missing operand after ${quoted(mode)}`);
  let status = 0;
  for (const name of names) status = Math.max(status, yield* one(io, mode, name));
  return status;
}

function isMinusMode(word: string): boolean {
  return /^-[rwx]+$/.test(word);
}

function* one(io: Io, mode: string, name: string): Running {
  const path = absolute(io, name);
  const stat = files.stat(io, path);
  if (typeof stat === 'string')
    return yield* fail(io, `cannot access ${quoted(name)}: ${strerror(stat)}`);
  const errno = files.chmod(io, path, change(mode, stat.mode, io.session.umask) ?? stat.mode);
  if (errno !== null)
    return yield* fail(io, `changing permissions of ${quoted(name)}: ${strerror(errno)}`);
  return 0;
}

/// The new bits for a mode such as 755, u+x or go-w,a+r; null: not a mode. Without u, g, o or a the
/// umask holds back its bits.
function change(mode: string, bits: number, umask: number): number | null {
  if (/^[0-7]{1,4}$/.test(mode)) return parseInt(mode, 8);
  let result = bits;
  for (const clause of mode.split(',')) {
    const found = /^([ugoa]*)((?:[-+=][rwx]*)+)$/.exec(clause);
    if (!found) return null;
    const who =
      found[1] === ''
        ? 0o777 & ~umask
        : [...(found[1] ?? '')].reduce((sum, c) => sum | (WHO[c] ?? 0), 0);
    for (const [, operator, letters = ''] of (found[2] ?? '').matchAll(/([-+=])([rwx]*)/g)) {
      const wanted = [...letters].reduce((sum, c) => sum | (WHAT[c] ?? 0), 0) & who;
      result =
        operator === '+'
          ? result | wanted
          : operator === '-'
            ? result & ~wanted
            : (result & ~who) | wanted;
    }
  }
  return result;
}

export const chmod: Command = {
  name: 'chmod',
  summary: 'change the permission bits of files',
  usage: 'chmod MODE[,MODE]... FILE...',
  run,
};
