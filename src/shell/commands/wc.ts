/// wc: counts lines, words, characters and bytes. Columns are as wide as the sizes of the files ask
/// for, or seven where one of them is a pipe.
import { strerror } from '../../kernel/errno.ts';
import type { Command, Input, Io, Running } from '../command.ts';
import { byteLength } from '../bytes.ts';
import { files } from '../files.ts';
import { forEachLine, openInput } from '../inputs.ts';
import {
  answerCommon,
  common,
  notModelled,
  parseOptions,
  refuseUsage,
  spelled,
} from '../options.ts';
import { absolute } from '../paths.ts';
import { bare } from '../names.ts';

const table = {
  short: 'clLmw',
  long: {
    bytes: 'c',
    chars: 'm',
    lines: 'l',
    words: 'w',
    'max-line-length': 'L',
    'files0-from=': 'files0-from',
    'total=': 'total',
    ...common,
  },
};

/// The columns in the order in which they are printed.
const columns = ['l', 'w', 'm', 'c', 'L'] as const;
type Column = (typeof columns)[number];
type Counts = Record<Column, number>;

export const wc: Command = {
  name: 'wc',
  summary: 'Counts lines, words and bytes.',
  usage: 'wc [-clLmw] [FILE]...',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), table);
    if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault);
    if (yield* answerCommon(io, wc, 'GNU coreutils 9.7', parsed.options)) return 0;
    const other = parsed.options.find(({ name }) => name.length > 1);
    if (other) return yield* notModelled(io, spelled(other));
    const asked = new Set(parsed.options.map(({ name }) => name));
    const shown = columns.filter((column) =>
      asked.size === 0 ? 'lwc'.includes(column) : asked.has(column),
    );
    return yield* countFiles(io, parsed.operands, shown);
  },
};

function* countFiles(io: Io, names: readonly string[], shown: readonly Column[]): Running {
  const width = numberWidth(io, names, shown.length);
  const total: Counts = { l: 0, w: 0, m: 0, c: 0, L: 0 };
  let status = 0;
  for (const name of names.length > 0 ? names : ['-']) {
    const opened = openInput(io, name);
    if (typeof opened === 'string') {
      yield* io.err.line(`${io.argv[0] ?? ''}: ${bare(name)}: ${strerror(opened)}`);
      status = 1;
      if (opened !== 'EISDIR') continue;
    }
    const counts =
      typeof opened === 'string'
        ? { ...total, l: 0, w: 0, m: 0, c: 0, L: 0 }
        : yield* count(opened.input);
    for (const column of columns)
      total[column] = column === 'L' ? Math.max(total.L, counts.L) : total[column] + counts[column];
    yield* io.out.line(row(counts, shown, width) + (names.length > 0 ? ` ${bare(name)}` : ''));
  }
  if (names.length > 1) yield* io.out.line(`${row(total, shown, width)} total`);
  return status;
}

function row(counts: Counts, shown: readonly Column[], width: number): string {
  return shown.map((column) => String(counts[column]).padStart(width)).join(' ');
}

/// Digits of the sum of the sizes; at least seven when something is not a regular file.
function numberWidth(io: Io, names: readonly string[], shown: number): number {
  if (names.length <= 1 && shown === 1) return 1;
  let least = 1;
  let size = 0;
  for (const name of names.length > 0 ? names : ['-']) {
    const stat = name === '-' ? io.in : files.stat(io, absolute(io, name));
    if (typeof stat === 'string') continue;
    const regular = 'kind' in stat ? stat.kind === 'file' : stat.size !== undefined;
    if (regular) size += stat.size ?? 0;
    else least = 7;
  }
  return Math.max(least, String(size).length);
}

function* count(input: Input): Running<Counts> {
  const counts: Counts = { l: 0, w: 0, m: 0, c: 0, L: 0 };
  yield* forEachLine(input, function* (line) {
    const { text } = line;
    const end = line.nl ? 1 : 0;
    counts.l += end;
    counts.w += words(text);
    counts.m += characters(text) + end;
    counts.c += byteLength(text) + end;
    counts.L = Math.max(counts.L, lineWidth(text));
  });
  return counts;
}

function words(text: string): number {
  let count = 0;
  let inside = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const space = code === 32 || (code >= 9 && code <= 13);
    if (!space && !inside) count++;
    inside = !space;
  }
  return count;
}

function characters(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) !== 0xdc00) count++;
  return count;
}

/// Columns on a screen: a tab goes to the next multiple of eight, other control characters take none.
function lineWidth(text: string): number {
  let column = 0;
  let widest = 0;
  for (const ch of text) {
    if (ch === '\t') column += 8 - (column % 8);
    else if (ch === '\r' || ch === '\f') column = 0;
    else if (ch >= ' ' && ch !== '\x7f') column++;
    widest = Math.max(widest, column);
  }
  return widest;
}
