/// dirname: a path without its last part.
import type { Command } from '../command.ts';
import { answerCommon, common, parseOptions, refuseUsage } from '../options.ts';

export const dirname: Command = {
  name: 'dirname',
  summary: 'Writes a path without its last part.',
  usage: 'dirname [-z] PATH...',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), { short: 'z', long: { zero: 'z', ...common } });
    if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault);
    if (yield* answerCommon(io, dirname, 'GNU coreutils 9.7', parsed.options)) return 0;
    if (parsed.operands.length === 0) return yield* refuseUsage(io, 'missing operand');
    const end = parsed.options.length > 0 ? '\0' : '\n';
    for (const path of parsed.operands) yield* io.out.write(directoryPart(path) + end);
    return 0;
  },
};

function directoryPart(path: string): string {
  const trimmed = path.replace(/\/+$/, '');
  if (trimmed === '') return path === '' ? '.' : '/';
  const slash = trimmed.lastIndexOf('/');
  if (slash < 0) return '.';
  return trimmed.slice(0, slash).replace(/\/+$/, '') || '/';
}
