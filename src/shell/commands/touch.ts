/// touch: makes empty files. The model keeps no times, so an existing file stays as it is; options that
/// set a time say so.
import { strerror } from '../../kernel/errno.ts';
import type { Command } from '../command.ts';
import { files } from '../files.ts';
import { quoted } from '../names.ts';
import {
  answerCommon,
  common,
  notModelled,
  parseOptions,
  refuseUsage,
  spelled,
} from '../options.ts';
import { absolute } from '../paths.ts';

const table = {
  short: 'acd:fhmr:t:',
  long: {
    'no-create': 'c',
    'date=': 'd',
    'no-dereference': 'h',
    'reference=': 'r',
    'time=': 'time',
    ...common,
  },
};

export const touch: Command = {
  name: 'touch',
  summary: 'Makes files that do not exist yet.',
  usage: 'touch [-c] FILE...',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), table);
    if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault);
    if (yield* answerCommon(io, touch, 'GNU coreutils 9.7', parsed.options)) return 0;
    const other = parsed.options.find(({ name }) => !'acfm'.includes(name));
    if (other) return yield* notModelled(io, spelled(other));
    if (parsed.operands.length === 0) return yield* refuseUsage(io, 'missing file operand');
    const create = !parsed.options.some(({ name }) => name === 'c');
    let status = 0;
    for (const name of parsed.operands) {
      const path = absolute(io, name);
      const stat = files.stat(io, path);
      if (typeof stat !== 'string' || (!create && stat === 'ENOENT')) continue;
      const refused =
        name === ''
          ? 'ENOENT'
          : stat === 'ENOENT'
            ? files.write(io, path, '', { append: true })
            : stat;
      if (!refused) continue;
      yield* io.err.line(`touch: cannot touch ${quoted(name)}: ${strerror(refused)}`);
      status = 1;
    }
    return status;
  },
};
