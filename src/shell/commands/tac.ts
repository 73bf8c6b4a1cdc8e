/// tac: the lines of each file in reverse order. Left out: -b, -r and separators other than newline.
import { strerror } from '../../kernel/errno.ts';
import type { Command } from '../command.ts';
import { allLines, forEachInput } from '../inputs.ts';
import {
  answerCommon,
  common,
  notModelled,
  parseOptions,
  refuseUsage,
  spelled,
} from '../options.ts';
import { quoted } from '../names.ts';

const table = { short: 'brs:', long: { before: 'b', regex: 'r', 'separator=': 's', ...common } };

export const tac: Command = {
  name: 'tac',
  summary: 'Writes the lines of each file, the last first.',
  usage: 'tac [FILE]...',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), table);
    if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault);
    if (yield* answerCommon(io, tac, 'GNU coreutils 9.7', parsed.options)) return 0;
    const [option] = parsed.options;
    if (option) return yield* notModelled(io, spelled(option));
    return yield* forEachInput(
      io,
      parsed.operands,
      function* ({ input }) {
        const lines = yield* allLines(input);
        for (let i = lines.length - 1; i >= 0; i--)
          yield* io.out.pass(lines[i] as (typeof lines)[number]);
      },
      (name, error) =>
        error === 'EISDIR'
          ? `${name}: read error: ${strerror(error)}`
          : `failed to open ${quoted(name)} for reading: ${strerror(error)}`,
    );
  },
};
