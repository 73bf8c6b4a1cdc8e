/// od: bytes in octal, hexadecimal, decimal or as characters. Left out, and said so: floating point, -S,
/// and the traditional way to write options.
import { strerror } from '../../kernel/errno.ts';
import type { Command, Io, Running } from '../command.ts';
import { toBytes } from '../bytes.ts';
import { breath, forEachInput } from '../inputs.ts';
import { bare, quoted } from '../names.ts';
import {
  answerCommon,
  common,
  fail,
  notModelled,
  parseOptions,
  refuseUsage,
  spelled,
} from '../options.ts';
import { parseSize } from '../sizes.ts';

const table = {
  short: 'A:aBbcDdeFfHhIij:LlN:OoS:st:vw::Xx',
  long: {
    'address-radix=': 'A',
    'skip-bytes=': 'j',
    'read-bytes=': 'N',
    'format=': 't',
    'output-duplicates': 'v',
    'width[=]': 'w',
    ...common,
  },
};

interface Type {
  readonly kind: 'a' | 'c' | 'd' | 'o' | 'u' | 'x';
  readonly size: number;
  readonly width: number; // of one field
  readonly text: boolean; // z: the characters at the end of the line
}

/// What the old one-letter options stand for.
const letters: Readonly<Record<string, string>> = {
  a: 'a',
  b: 'o1',
  c: 'c',
  d: 'u2',
  D: 'u4',
  i: 'd4',
  I: 'd8',
  l: 'd8',
  L: 'd8',
  o: 'o2',
  O: 'o4',
  s: 'd2',
  x: 'x2',
  X: 'x4',
  h: 'x2',
  H: 'x4',
};

const widths: Readonly<Record<string, readonly number[]>> = {
  // by size: 1, 2, 4, 8 bytes
  d: [4, 6, 11, 20],
  o: [3, 6, 11, 22],
  u: [3, 5, 10, 20],
  x: [2, 4, 8, 16],
};

const names =
  'nul soh stx etx eot enq ack bel bs ht nl vt ff cr so si dle dc1 dc2 dc3 dc4 nak syn etb can em sub esc fs gs rs us sp'.split(
    ' ',
  );
const escapes: Readonly<Record<number, string>> = {
  0: '\\0',
  7: '\\a',
  8: '\\b',
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
};

interface Job {
  types: Type[];
  radix: 'd' | 'o' | 'x' | 'n';
  skip: number;
  count: number;
  width: number;
  duplicates: boolean;
}

export const od: Command = {
  name: 'od',
  summary: 'Writes bytes as numbers or characters.',
  usage: 'od [-A RADIX] [-t TYPE]... [-j SKIP] [-N COUNT] [-w[WIDTH]] [-abcdoxv] [FILE]...',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), table);
    if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault);
    if (yield* answerCommon(io, od, 'GNU coreutils 9.7', parsed.options)) return 0;
    const job: Job = {
      types: [],
      radix: 'o',
      skip: 0,
      count: Infinity,
      width: 16,
      duplicates: false,
    };
    for (const option of parsed.options) {
      const { name, value } = option;
      const old = letters[name];
      if (name === 't' || old) {
        const types = readTypes(old ?? value);
        if (!types) return yield* fail(io, `invalid type string ${quoted(value)}`);
        if (types === 'float') return yield* notModelled(io, `-t ${value}`);
        job.types.push(...types);
      } else if (name === 'A') {
        if (!/^[doxn]$/.test(value))
          return yield* fail(
            io,
            `invalid output address radix '${value.charAt(0)}'; it must be one character from [doxn]`,
          );
        job.radix = value as Job['radix'];
      } else if (name === 'j' || name === 'N') {
        const size = /^0x/i.test(value) ? Number(value) : parseSize(value);
        if (size === null || Number.isNaN(size))
          return yield* fail(io, `invalid -${name} argument ${quoted(value)}`);
        if (name === 'j') job.skip = size;
        else job.count = size;
      } else if (name === 'v') job.duplicates = true;
      else if (name === 'w')
        job.width = Math.min(option.given ? (parseSize(value) ?? 0) : 32, 65_536);
      else return yield* notModelled(io, spelled(option));
    }
    if (job.types.length === 0) job.types = readTypes('o2') as Type[];
    const step = Math.max(...job.types.map(({ size }) => size));
    if (job.width < 1 || job.width % step !== 0) {
      yield* io.err.line(`od: warning: invalid width ${job.width}; using ${step} instead`);
      job.width = step;
    }
    return yield* dump(io, job, parsed.operands);
  },
};

function readTypes(text: string): Type[] | 'float' | null {
  const types: Type[] = [];
  for (let i = 0; i < text.length;) {
    const match = /^([acdfoux])(\d+|[CSILFD])?(z?)/.exec(text.slice(i));
    if (!match) return null;
    const [whole, kind = '', sizeText, z] = match;
    if (kind === 'f') return 'float';
    const named: Readonly<Record<string, number>> = { C: 1, S: 2, I: 4, L: 8 };
    const size = 'ac'.includes(kind)
      ? 1
      : sizeText === undefined
        ? 4
        : (named[sizeText] ?? Number(sizeText));
    const place = [1, 2, 4, 8].indexOf(size);
    if (place < 0 || ('ac'.includes(kind) && sizeText !== undefined)) return null;
    types.push({
      kind: kind as Type['kind'],
      size,
      width: widths[kind]?.[place] ?? 3,
      text: z === 'z',
    });
    i += whole.length;
  }
  return types;
}

function* dump(io: Io, job: Job, operands: readonly string[]): Running {
  const parts: Uint8Array[] = [];
  const status = yield* forEachInput(
    io,
    operands,
    function* ({ input }) {
      parts.push(toBytes(yield* input.all()));
    },
    (name, error) =>
      `${bare(name)}: ${error === 'EISDIR' ? `read error: ${strerror(error)}` : strerror(error)}`,
  );
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  if (job.skip > all.length) return yield* fail(io, 'cannot skip past end of combined input');
  const bytes = all.subarray(job.skip, Math.min(all.length, job.skip + job.count));
  let previous = '';
  let starred = false;
  for (let i = 0; i < bytes.length; i += job.width) {
    if ((i / job.width) % 256 === 0) yield breath;
    const line = bytes.subarray(i, i + job.width);
    const key = line.join(',');
    if (!job.duplicates && i > 0 && line.length === job.width && key === previous) {
      if (!starred) yield* io.out.line('*');
      starred = true;
      continue;
    }
    [previous, starred] = [key, false];
    for (const [k, type] of job.types.entries()) {
      const address =
        k === 0 ? addressText(job, job.skip + i) : ' '.repeat(addressText(job, 0).length);
      yield* io.out.line(address + row(line, type, job));
    }
  }
  if (job.radix !== 'n') yield* io.out.line(addressText(job, job.skip + bytes.length));
  return status;
}

function addressText({ radix }: Job, address: number): string {
  if (radix === 'n') return '';
  const base = radix === 'o' ? 8 : radix === 'x' ? 16 : 10;
  return address.toString(base).padStart(radix === 'x' ? 6 : 7, '0');
}

/// Fields of several types are spread so that all types take the same room.
function row(line: Uint8Array, type: Type, job: Job): string {
  const fields = job.width / type.size;
  const room = Math.max(...job.types.map(({ size, width }) => (job.width / size) * (width + 1)));
  const padding = room - fields * type.width;
  let text = '';
  let left = padding;
  for (let i = 0; i < fields; i++) {
    const next = Math.floor((padding * (fields - i - 1)) / fields);
    if (i * type.size < line.length)
      text += field(line, i * type.size, type).padStart(type.width + left - next);
    else if (type.text) text += ' '.repeat(type.width + left - next);
    left = next;
  }
  if (!type.text) return text;
  return `${text}  >${[...line].map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('')}<`;
}

function field(line: Uint8Array, at: number, { kind, size }: Type): string {
  const byte = line[at] ?? 0;
  if (kind === 'a')
    return (byte & 127) === 127 ? 'del' : (names[byte & 127] ?? String.fromCharCode(byte & 127));
  if (kind === 'c')
    return (
      escapes[byte] ??
      (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : byte.toString(8).padStart(3, '0'))
    );
  let value = 0n;
  for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(line[at + i] ?? 0);
  if (kind === 'd') return BigInt.asIntN(8 * size, value).toString();
  if (kind === 'u') return value.toString();
  return value
    .toString(kind === 'o' ? 8 : 16)
    .padStart(widths[kind]?.[[1, 2, 4, 8].indexOf(size)] ?? 0, '0');
}
