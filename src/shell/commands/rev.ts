/// rev (util-linux): each line backwards.
import { strerror } from '../../kernel/errno.ts';
import type { Command } from '../command.ts';
import { forEachInput, forEachLine } from '../inputs.ts';
import { notModelled, parseOptions, refuseUsage } from '../options.ts';

export const rev: Command = {
  name: 'rev',
  summary: 'Writes each line backwards.',
  usage: 'rev [FILE]...',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), {
      short: 'hV0',
      long: { help: 'help', version: 'version', zero: '0' },
    });
    if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault);
    for (const { name } of parsed.options) {
      if (name === '0') return yield* notModelled(io, '-0');
      if (name === 'V' || name === 'version') yield* io.out.line('rev from util-linux 2.41.5');
      else yield* io.out.write(`Usage: ${rev.usage}\n${rev.summary}\n`);
      return 0;
    }
    return yield* forEachInput(
      io,
      parsed.operands,
      ({ input }) =>
        forEachLine(input, (line) =>
          io.out.pass({ text: [...line.text].reverse().join(''), nl: line.nl }),
        ),
      (name, error) => `cannot open ${name}: ${strerror(error)}`,
    );
  },
};
