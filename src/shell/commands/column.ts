/// column (util-linux): text in columns. Left out, and said so: JSON, trees, hidden and wrapped columns.
import { strerror } from '../../kernel/errno.ts';
import type { Command, Io, Running } from '../command.ts';
import { allLines, forEachInput } from '../inputs.ts';
import { fail, notModelled, parseOptions, refuseUsage, spelled } from '../options.ts';

const table = {
  short: 'c:C:dE:eH:hi:Jl:LmN:n:O:o:p:R:r:S:s:tT:VW:x',
  long: {
    table: 't',
    'table-columns=': 'N',
    'table-right=': 'R',
    'table-noheadings': 'd',
    'table-columns-limit=': 'l',
    'separator=': 's',
    'output-separator=': 'o',
    'output-width=': 'c',
    fillrows: 'x',
    'keep-empty-lines': 'L',
    json: 'J',
    help: 'h',
    version: 'V',
  },
};

interface Job {
  table: boolean;
  names: string[]; // -N
  right: string[]; // -R: numbers or names of columns
  headings: boolean;
  limit: number;
  separators: string | null; // null: blanks, several count as one
  between: string;
  width: number;
  across: boolean;
  keepEmpty: boolean;
}

export const column: Command = {
  name: 'column',
  summary: 'Writes text in columns.',
  usage: 'column [-t] [-s SEPARATORS] [-o TEXT] [-N NAMES] [-R COLUMNS] [-c WIDTH] [-x] [FILE]...',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), table);
    if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault);
    const job: Job = {
      table: false,
      names: [],
      right: [],
      headings: true,
      limit: Infinity,
      separators: null,
      between: '  ',
      width: io.columns ?? 80,
      across: false,
      keepEmpty: false,
    };
    for (const { name, value, given } of parsed.options) {
      if (name === 't') job.table = true;
      else if (name === 'N') job.names = value.split(',');
      else if (name === 'R') job.right = value.split(',');
      else if (name === 'd') job.headings = false;
      else if (name === 's') job.separators = value;
      else if (name === 'o') job.between = value;
      else if (name === 'x') job.across = true;
      else if (name === 'L' || name === 'e') job.keepEmpty = true;
      else if (name === 'c' || name === 'l') {
        if (!/^\d+$/.test(value) || value === '0')
          return yield* fail(io, `invalid columns argument: '${value}'`);
        if (name === 'c') job.width = Number(value);
        else job.limit = Number(value);
      } else if (name === 'h') {
        yield* io.out.write(`Usage: ${column.usage}\n${column.summary}\n`);
        return 0;
      } else if (name === 'V') {
        yield* io.out.line('column from util-linux 2.41.5');
        return 0;
      } else return yield* notModelled(io, spelled({ name, value, given }));
    }
    const texts: string[] = [];
    const status = yield* forEachInput(
      io,
      parsed.operands,
      function* ({ input }) {
        for (const line of yield* allLines(input)) texts.push(line.text);
      },
      (name, error) => `${name}: ${strerror(error)}`,
    );
    const kept = texts.filter((text) => job.keepEmpty || text.trim() !== '');
    if (job.table) yield* writeTable(io, job, kept);
    else yield* writeList(io, job, kept);
    return status;
  },
};

function cellsOf(text: string, job: Job): string[] {
  if (job.separators === null) return limited(text.trim().split(/[ \t]+/), text, job);
  const cells: string[] = [''];
  for (const ch of text) {
    if (job.separators.includes(ch) && cells.length < job.limit) cells.push('');
    else cells[cells.length - 1] += ch;
  }
  return cells;
}

function limited(cells: string[], text: string, job: Job): string[] {
  if (cells.length <= job.limit) return cells;
  const match = new RegExp(`^\\s*(?:\\S+\\s+){${job.limit - 1}}`).exec(text);
  return [...cells.slice(0, job.limit - 1), text.slice(match?.[0].length ?? 0)];
}

/// Each column as wide as its widest cell. Every row is filled up to the last column, which is itself
/// not padded.
function* writeTable(io: Io, job: Job, texts: readonly string[]): Running<void> {
  const rows = texts.map((text) => cellsOf(text, job));
  if (rows.length === 0) return;
  const head = job.names.length > 0 && job.headings ? [job.names] : [];
  const count = Math.max(...rows.map((row) => row.length), job.names.length);
  const all = [...head, ...rows];
  const widths = Array.from({ length: count }, (_, i) =>
    Math.max(...all.map((row) => (row[i] ?? '').length)),
  );
  const isRight = (i: number): boolean =>
    job.right.some(
      (name) =>
        name === '0' ||
        name === String(i + 1) ||
        name === job.names[i] ||
        (name === '-1' && i === count - 1),
    );
  for (const row of all) {
    const cells = widths.map((width, i) => {
      const text = row[i] ?? '';
      if (isRight(i)) return text.padStart(width);
      return i === count - 1 ? text : text.padEnd(width);
    });
    yield* io.out.line(cells.join(job.between));
  }
}

/// Entries beside each other, columns filled first, parted by tabs.
function* writeList(io: Io, job: Job, texts: readonly string[]): Running<void> {
  if (texts.length === 0) return;
  const widest = Math.max(...texts.map((text) => text.length));
  const cell = (Math.floor(widest / 8) + 1) * 8;
  const columns = Math.max(1, Math.floor(job.width / cell));
  const rows = Math.ceil(texts.length / columns);
  for (let row = 0; row < rows; row++) {
    let line = '';
    let at = 0; // where the text ends on the screen
    for (let i = 0; i < columns; i++) {
      const text = texts[job.across ? row * columns + i : i * rows + row];
      if (text === undefined) break;
      if (i > 0) line += '\t'.repeat(Math.ceil((i * cell - at) / 8));
      line += text;
      at = i * cell + text.length;
    }
    yield* io.out.line(line);
  }
}
