/// xxd: bytes in hexadecimal, and back. Left out, and said so: -a, -C, -d, -e, -E, -n, -o, -R, and writing
/// to a second file.
import { strerror } from '../../kernel/errno.ts';
import type { Command, Io, Running } from '../command.ts';
import { fromBytes, toBytes } from '../bytes.ts';
import { breath, openInput } from '../inputs.ts';
import { notModelled } from '../options.ts';

interface Job {
  plain: boolean;
  reverse: boolean;
  binary: boolean;
  upper: boolean;
  include: boolean;
  columns: number; // 0: as usual
  group: number; // -1: as usual
  length: number;
  skip: number;
}

const usage = 'xxd [-b] [-c COLUMNS] [-g BYTES] [-i] [-l LENGTH] [-p] [-r] [-s OFFSET] [-u] [FILE]';

export const xxd: Command = {
  name: 'xxd',
  summary: 'Writes bytes in hexadecimal, or with -r turns them back.',
  usage,
  *run(io) {
    const job: Job = {
      plain: false,
      reverse: false,
      binary: false,
      upper: false,
      include: false,
      columns: 0,
      group: -1,
      length: Infinity,
      skip: 0,
    };
    const operands: string[] = [];
    const words = io.argv.slice(1);
    for (let i = 0; i < words.length; i++) {
      const word = words[i] as string;
      const took = option(job, word, words[i + 1]);
      if (took === null) {
        if (word.startsWith('-') && word.length > 1) return yield* wrong(io, word);
        operands.push(word);
      } else i += took;
    }
    const [name = '-', second] = operands;
    if (second !== undefined) return yield* notModelled(io, 'with a second file');
    const opened = openInput(io, name);
    if (typeof opened === 'string') {
      yield* io.err.line(`xxd: ${name}: ${strerror(opened)}`);
      return 2;
    }
    const text = yield* opened.input.all();
    if (job.reverse) yield* io.out.write(fromBytes(job.plain ? fromPlain(text) : fromDump(text)));
    else yield* dump(io, job, toBytes(text), name);
    return 0;
  },
};

function* wrong(io: Io, word: string): Running {
  if (/^-(?:a|autoskip|C|capitalize|d|e|E|EBCDIC|n|name|o|offset|R|h|help|v|version)$/.test(word))
    return yield* notModelled(io, word);
  yield* io.err.write(`Usage:\n       ${usage}\n`);
  return 1;
}

/// Takes an option in; how many further words it used, or null when the word is none.
function option(job: Job, word: string, next: string | undefined): number | null {
  const flags: Readonly<Record<string, keyof Job>> = {
    '-p': 'plain',
    '-ps': 'plain',
    '-plain': 'plain',
    '-postscript': 'plain',
    '-r': 'reverse',
    '-revert': 'reverse',
    '-b': 'binary',
    '-bits': 'binary',
    '-u': 'upper',
    '-upper': 'upper',
    '-i': 'include',
    '-include': 'include',
  };
  const flag = flags[word];
  if (flag) {
    Object.assign(job, { [flag]: true });
    return 0;
  }
  const match = /^-(c|cols|g|groupsize|l|len|s|seek)(\+?(?:0x[\da-fA-F]+|\d+))?$/.exec(word);
  if (!match) return null;
  const text = match[2] ?? next ?? '';
  const value = Number(text.replace('+', ''));
  if (Number.isNaN(value) || text === '') return null;
  const letter = (match[1] ?? '').charAt(0);
  if (letter === 'c') job.columns = Math.min(value, 256);
  else if (letter === 'g') job.group = value;
  else if (letter === 'l') job.length = value;
  else job.skip = value;
  return match[2] === undefined ? 1 : 0;
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

function* dump(io: Io, job: Job, all: Uint8Array, name: string): Running<void> {
  const bytes = all.subarray(job.skip, Math.min(all.length, job.skip + job.length));
  const shown = (byte: number): string => {
    const text = job.binary ? byte.toString(2).padStart(8, '0') : hex(byte, 2);
    return job.upper ? text.toUpperCase() : text;
  };
  if (job.include) return yield* include(io, bytes, name);
  if (job.plain) {
    const columns = job.columns || 30;
    for (let i = 0; i < bytes.length; i += columns)
      yield* io.out.line([...bytes.subarray(i, i + columns)].map(shown).join(''));
    return;
  }
  const columns = job.columns || (job.binary ? 6 : 16);
  const group = job.group < 0 ? (job.binary ? 1 : 2) : job.group || columns;
  const width = columns * (job.binary ? 8 : 2) + Math.ceil(columns / group);
  for (let i = 0; i < bytes.length; i += columns) {
    if ((i / columns) % 256 === 0) yield breath;
    const line = [...bytes.subarray(i, i + columns)];
    const cells = line
      .map((byte, k) => shown(byte) + (k % group === group - 1 ? ' ' : ''))
      .join('');
    const text = line
      .map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.'))
      .join('');
    yield* io.out.line(`${hex(job.skip + i, 8)}: ${cells.padEnd(width)} ${text}`);
  }
}

function* include(io: Io, bytes: Uint8Array, name: string): Running<void> {
  const lines: string[] = [];
  for (let i = 0; i < bytes.length; i += 12)
    lines.push(`  ${[...bytes.subarray(i, i + 12)].map((byte) => `0x${hex(byte, 2)}`).join(', ')}`);
  const body = lines.join(',\n');
  if (name === '-') {
    yield* io.out.write(`${body}\n`);
    return;
  }
  const variable = name.replace(/[^A-Za-z0-9]/g, '_').replace(/^(?=\d)/, '__');
  yield* io.out.write(
    `unsigned char ${variable}[] = {\n${body}\n};\nunsigned int ${variable}_len = ${bytes.length};\n`,
  );
}

/// Pairs of hexadecimal digits, whatever stands between them.
function fromPlain(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const line of text.split('\n')) {
    const digits = /^[\s\da-fA-F]*/.exec(line)?.[0].replace(/\s/g, '') ?? '';
    for (let i = 0; i + 1 < digits.length; i += 2) bytes.push(parseInt(digits.slice(i, i + 2), 16));
  }
  return Uint8Array.from(bytes);
}

/// Lines as xxd writes them: offset, bytes, two blanks and the text.
function fromDump(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const line of text.split('\n')) {
    const match = /^\s*([\da-fA-F]+):\s?((?:[\da-fA-F]{2} ?)*)/.exec(line);
    if (!match) continue;
    const offset = parseInt(match[1] ?? '0', 16);
    if (offset > 1 << 24) continue;
    while (bytes.length < offset) bytes.push(0);
    const digits = (match[2] ?? '').replace(/ /g, '');
    for (let i = 0; i + 1 < digits.length; i += 2)
      bytes[offset + i / 2] = parseInt(digits.slice(i, i + 2), 16);
  }
  return Uint8Array.from(bytes);
}
