/// basename: the last part of a path.
import type { Command } from '../command.ts';
import { quoted } from '../names.ts';
import { answerCommon, common, parseOptions, refuseUsage } from '../options.ts';

const table = {
  short: 'as:z',
  long: { multiple: 'a', 'suffix=': 's', zero: 'z', ...common },
  posix: true,
};

export const basename: Command = {
  name: 'basename',
  summary: 'Writes the last part of a path.',
  usage: 'basename PATH [SUFFIX] | basename -a [-s SUFFIX] PATH...',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), table);
    if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault);
    if (yield* answerCommon(io, basename, 'GNU coreutils 9.7', parsed.options)) return 0;
    const has = (name: string): boolean => parsed.options.some((option) => option.name === name);
    const several = has('a') || has('s');
    const [first, second, third] = parsed.operands;
    if (first === undefined) return yield* refuseUsage(io, 'missing operand');
    if (!several && third !== undefined)
      return yield* refuseUsage(io, `extra operand ${quoted(third)}`);
    const suffix = several
      ? (parsed.options.findLast(({ name }) => name === 's')?.value ?? '')
      : (second ?? '');
    for (const path of several ? parsed.operands : [first])
      yield* io.out.write(lastPart(path, suffix) + (has('z') ? '\0' : '\n'));
    return 0;
  },
};

function lastPart(path: string, suffix: string): string {
  const trimmed = path.replace(/\/+$/, '');
  if (trimmed === '') return path === '' ? '' : '/';
  const name = trimmed.slice(trimmed.lastIndexOf('/') + 1);
  return suffix !== '' && name !== suffix && name.endsWith(suffix)
    ? name.slice(0, -suffix.length)
    : name;
}
