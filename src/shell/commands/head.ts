/// head: the first lines or bytes of files.
import type { Command, Input, Io, Line, Running } from '../command.ts';
import { byteLength, fromBytes, toBytes } from '../bytes.ts';
import { forEachInput, forEachLine, openingOrReading } from '../inputs.ts';
import type { Opened } from '../inputs.ts';
import { answerCommon, common, fail, notModelled, parseOptions, refuseUsage } from '../options.ts';
import { quoted } from '../names.ts';
import { parseSize } from '../sizes.ts';

const table = {
  short: 'c:n:qvz0123456789',
  long: {
    'bytes=': 'c',
    'lines=': 'n',
    quiet: 'q',
    silent: 'q',
    verbose: 'v',
    'zero-terminated': 'z',
    ...common,
  },
};

interface Amount {
  readonly unit: 'lines' | 'bytes';
  readonly count: number;
  readonly butLast: boolean; // all except the last `count`
}

export const head: Command = {
  name: 'head',
  summary: 'Writes the first 10 lines, or as many as asked for, of each file.',
  usage: 'head [-n [-]LINES] [-c [-]BYTES] [-qv] [FILE]...',
  *run(io) {
    const words = obsolete(io.argv.slice(1));
    const parsed = parseOptions(words, table);
    if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault);
    if (yield* answerCommon(io, head, 'GNU coreutils 9.7', parsed.options)) return 0;
    let amount: Amount = { unit: 'lines', count: 10, butLast: false };
    let headers = parsed.operands.length > 1;
    for (const { name, value } of parsed.options) {
      if (name === 'q' || name === 'v') headers = name === 'v';
      else if (name === 'z') return yield* notModelled(io, '-z');
      else if (name === 'n' || name === 'c') {
        const unit = name === 'n' ? 'lines' : 'bytes';
        const butLast = value.startsWith('-');
        const count = parseSize(butLast ? value.slice(1) : value);
        if (count === null)
          return yield* fail(
            io,
            `invalid number of ${unit}: ${quoted(butLast ? value.slice(1) : value)}`,
          );
        amount = { unit, count, butLast };
      } else return yield* refuseUsage(io, `invalid trailing option -- ${name}`);
    }
    return yield* copyFiles(io, parsed.operands, amount, headers);
  },
};

/// -5 stands for -n 5, -5c for -c 5; only as the first word.
function obsolete(words: readonly string[]): readonly string[] {
  const match = /^-(\d+)([cqvzbkm]*)$/.exec(words[0] ?? '');
  if (!match) return words;
  const [, count = '', letters = ''] = match;
  const unit = /[bkm]/.exec(letters)?.[0] ?? '';
  const bytes = /[cbkm]/.test(letters);
  const rest = letters.replace(/[cbkm]/g, '');
  const size = bytes ? ['-c', count + unit.replace('m', 'M')] : ['-n', count];
  return [...size, ...(rest === '' ? [] : [`-${rest}`]), ...words.slice(1)];
}

function* copyFiles(io: Io, names: readonly string[], amount: Amount, headers: boolean): Running {
  let first = true;
  return yield* forEachInput(
    io,
    names,
    function* (opened) {
      if (headers) yield* io.out.write(header(opened, first));
      first = false;
      if (amount.unit === 'bytes') yield* copyBytes(io, opened.input, amount);
      else if (amount.butLast) yield* copyAllBut(io, opened.input, amount.count);
      else yield* copyLines(io, opened.input, amount.count);
    },
    openingOrReading,
  );
}

/// ==> name <==, with an empty line before all but the first.
export function header(opened: Opened, first: boolean): string {
  return `${first ? '' : '\n'}==> ${opened.stdin ? 'standard input' : opened.name} <==\n`;
}

function* copyLines(io: Io, input: Input, count: number): Running<void> {
  for (let i = 0; i < count; i++) {
    const line = yield* input.line();
    if (line === null) return;
    yield* io.out.pass(line);
  }
}

function* copyAllBut(io: Io, input: Input, count: number): Running<void> {
  const held: Line[] = [];
  let at = 0; // held is a ring once it is full
  yield* forEachLine(input, function* (line) {
    if (held.length < count) {
      held.push(line);
      return;
    }
    yield* io.out.pass(count === 0 ? line : (held[at] as Line));
    if (count > 0) held[at] = line;
    at = count > 0 ? (at + 1) % count : 0;
  });
}

function* copyBytes(io: Io, input: Input, amount: Amount): Running<void> {
  if (amount.butLast) {
    const bytes = toBytes(yield* input.all());
    yield* io.out.write(fromBytes(bytes.subarray(0, Math.max(0, bytes.length - amount.count))));
    return;
  }
  let left = amount.count;
  while (left > 0) {
    const line = yield* input.line();
    if (line === null) return;
    const size = byteLength(line.text) + (line.nl ? 1 : 0);
    if (size <= left) yield* io.out.pass(line);
    else yield* io.out.write(fromBytes(toBytes(line.text).subarray(0, left)));
    left -= size;
  }
}
