/// fold: breaks long lines. -w counts columns, a tab goes to the next multiple of eight.
import type { Command, Io, Line, Running } from '../command.ts';
import { forEachInput, forEachLine } from '../inputs.ts';
import { quoted } from '../names.ts';
import { answerCommon, common, fail, parseOptions, refuseUsage } from '../options.ts';

const table = {
  short: 'bcsw:0123456789',
  long: { bytes: 'b', characters: 'c', spaces: 's', 'width=': 'w', ...common },
};

export const fold: Command = {
  name: 'fold',
  summary: 'Breaks long lines.',
  usage: 'fold [-b] [-s] [-w WIDTH] [FILE]...',
  *run(io) {
    const words = io.argv
      .slice(1)
      .flatMap((word) => (/^-\d+$/.test(word) ? ['-w', word.slice(1)] : [word]));
    const parsed = parseOptions(words, table);
    if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault);
    if (yield* answerCommon(io, fold, 'GNU coreutils 9.7', parsed.options)) return 0;
    const text = parsed.options.findLast(({ name }) => name === 'w')?.value ?? '80';
    if (!/^\d+$/.test(text) || Number(text) === 0)
      return yield* fail(io, `invalid number of columns: ${quoted(text)}`);
    const has = (name: string): boolean => parsed.options.some((option) => option.name === name);
    const job = { width: Number(text), spaces: has('s'), plain: has('b') || has('c') };
    return yield* forEachInput(io, parsed.operands, ({ input }) =>
      forEachLine(input, (line) => foldLine(io, line, job)),
    );
  },
};

interface Job {
  readonly width: number;
  readonly spaces: boolean;
  readonly plain: boolean; // every character counts one
}

function* foldLine(io: Io, line: Line, job: Job): Running<void> {
  let piece = '';
  let column = 0;
  for (const ch of line.text) {
    let next = advance(column, ch, job);
    while (next > job.width && piece !== '') {
      const blank = job.spaces ? Math.max(piece.lastIndexOf(' '), piece.lastIndexOf('\t')) : -1;
      const cut = blank >= 0 ? blank + 1 : piece.length;
      yield* io.out.line(piece.slice(0, cut));
      piece = piece.slice(cut);
      column = [...piece].reduce((at, before) => advance(at, before, job), 0);
      next = advance(column, ch, job);
    }
    piece += ch;
    column = next;
  }
  yield* io.out.pass(piece === line.text ? line : { text: piece, nl: line.nl });
}

function advance(column: number, ch: string, job: Job): number {
  if (job.plain) return column + 1;
  if (ch === '\t') return column + 8 - (column % 8);
  if (ch === '\b') return Math.max(0, column - 1);
  return ch === '\r' ? 0 : column + 1;
}
