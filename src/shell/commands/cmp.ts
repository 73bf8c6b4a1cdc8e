/// cmp: where two files begin to differ. Left out: -i and -n in their two-number forms.
import { strerror } from '../../kernel/errno.ts';
import type { Command, Io, Running } from '../command.ts';
import { toBytes } from '../bytes.ts';
import { breath, openInput } from '../inputs.ts';
import { fail, notModelled, parseOptions, spelled } from '../options.ts';

const table = {
  short: 'bi:ln:sv',
  long: {
    'print-bytes': 'b',
    'ignore-initial=': 'i',
    verbose: 'l',
    'bytes=': 'n',
    quiet: 's',
    silent: 's',
    version: 'v',
    help: 'help',
  },
};

export const cmp: Command = {
  name: 'cmp',
  summary: 'Says where two files begin to differ.',
  usage: 'cmp [-s] [-l] [-n BYTES] FILE1 [FILE2]',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), table);
    if ('fault' in parsed) return yield* usage(io, parsed.fault);
    const has = (name: string): boolean => parsed.options.some((option) => option.name === name);
    if (has('help')) {
      yield* io.out.write(`Usage: ${cmp.usage}\n${cmp.summary}\n`);
      return 0;
    }
    const other = parsed.options.find(({ name }) => 'biv'.includes(name));
    if (other) return yield* notModelled(io, spelled(other), 2);
    const [first, second = '-', third] = parsed.operands;
    if (first === undefined) return yield* usage(io, "missing operand after 'cmp'");
    if (third !== undefined) return yield* usage(io, `extra operand '${third}'`);
    const texts: Uint8Array[] = [];
    for (const name of [first, second]) {
      const opened = openInput(io, name);
      if (typeof opened === 'string')
        return has('s') ? 2 : yield* fail(io, `${name}: ${strerror(opened)}`, 2);
      texts.push(toBytes(yield* opened.input.all()));
    }
    const limit = Number(parsed.options.findLast(({ name }) => name === 'n')?.value ?? Infinity);
    const [a, b] = texts.map((text) =>
      text.subarray(0, Number.isNaN(limit) ? text.length : limit),
    ) as [Uint8Array, Uint8Array];
    return yield* compare(
      io,
      [first, second],
      a,
      b,
      has('s') ? 'silent' : has('l') ? 'list' : 'first',
    );
  },
};

function* usage(io: Io, text: string): Running {
  yield* io.err.write(`cmp: ${text}\ncmp: Try 'cmp --help' for more information.\n`);
  return 2;
}

function* compare(
  io: Io,
  names: readonly [string, string],
  a: Uint8Array,
  b: Uint8Array,
  how: 'first' | 'list' | 'silent',
): Running {
  const shorter = Math.min(a.length, b.length);
  const width = String(shorter).length;
  let line = 1;
  let differs = false;
  for (let i = 0; i < shorter; i++) {
    if (i % 65_536 === 65_535) yield breath;
    if (a[i] !== b[i]) {
      differs = true;
      if (how === 'silent') return 1;
      if (how === 'first') {
        yield* io.out.line(`${names[0]} ${names[1]} differ: byte ${i + 1}, line ${line}`);
        return 1;
      }
      yield* io.out.line(`${String(i + 1).padStart(width)} ${octal(a[i])} ${octal(b[i])}`);
    }
    if (a[i] === 10) line++;
  }
  if (a.length === b.length) return differs ? 1 : 0;
  if (how === 'silent') return 1;
  const end = names[a.length < b.length ? 0 : 1];
  if (shorter === 0) yield* io.err.line(`cmp: EOF on ${end} which is empty`);
  else {
    const ended = (a.length < b.length ? a : b)[shorter - 1] === 10;
    const where = how === 'list' ? '' : ended ? `, line ${line - 1}` : `, in line ${line}`;
    yield* io.err.line(`cmp: EOF on ${end} after byte ${shorter}${where}`);
  }
  return 1;
}

const octal = (byte: number | undefined): string => (byte ?? 0).toString(8).padStart(3);
