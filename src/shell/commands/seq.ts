/// seq of coreutils: a row of numbers.
/// Left out: long double precision: numbers are integers of any size or doubles.
import type { Command, Io, Running } from '../command.ts';
import { formatPrintf } from '../printf.ts';

interface Wish {
  separator: string;
  format: string | null;
  equal: boolean; // -w
  words: string[];
}

const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

function parse(argv: readonly string[]): Wish | string {
  const wish: Wish = { separator: '\n', format: null, equal: false, words: [] };
  for (let i = 1; i < argv.length; i++) {
    const word = argv[i] ?? '';
    const option = NUMBER.test(word) || wish.words.length > 0 ? null : /^-([sfw])(.*)$/.exec(word);
    if (word === '--') continue;
    if (word.startsWith('--')) return `unrecognized option '${word}'`;
    if (!option) {
      if (/^-[a-zA-Z]/.test(word) && wish.words.length === 0)
        return `invalid option -- '${word[1] ?? ''}'`;
      wish.words.push(word);
    } else if (option[1] === 'w') wish.equal = true;
    else {
      const value = option[2] === '' ? argv[++i] : option[2];
      if (value === undefined) return `option requires an argument -- '${option[1] ?? ''}'`;
      if (option[1] === 's') wish.separator = value;
      else wish.format = value;
    }
  }
  return wish;
}

const decimals = (word: string): number => (/\.(\d*)$/.exec(word)?.[1] ?? '').length;

function* run(io: Io): Running {
  const wish = parse(io.argv);
  if (typeof wish === 'string') return yield* complain(io, wish);
  const { words } = wish;
  if (words.length === 0) return yield* complain(io, 'missing operand');
  if (words.length > 3) return yield* complain(io, `extra operand '${words[3] ?? ''}'`);
  const bad = words.find((word) => !NUMBER.test(word));
  if (bad !== undefined) return yield* complain(io, `invalid floating point argument: '${bad}'`);
  const [first = '1', step = '1', last = '1'] =
    words.length === 1
      ? ['1', '1', words[0]]
      : words.length === 2
        ? [words[0], '1', words[1]]
        : words;
  if (Number(step) === 0) return yield* complain(io, `invalid Zero increment value: '${step}'`);
  return yield* print(io, wish, first, step, last);
}

function* print(io: Io, wish: Wish, first: string, step: string, last: string): Running {
  const places = Math.max(decimals(first), decimals(step));
  const scale = 10 ** places;
  const from = Math.round(Number(first) * scale);
  const by = Math.round(Number(step) * scale);
  const to = Math.floor(Number(last) * scale + (by > 0 ? 1e-9 : 0));
  const text = (n: number) =>
    wish.format === null
      ? (n / scale).toFixed(places)
      : formatPrintf(wish.format, [String(n / scale)]).text;
  const width = wish.equal
    ? Math.max(text(from).length, text(Math.abs(from) > Math.abs(to) ? from : to).length)
    : 0;
  for (let n = from; by > 0 ? n <= to : n >= to; n += by) {
    const shown = text(n);
    const padded = shown.startsWith('-')
      ? '-' + shown.slice(1).padStart(width - 1, '0')
      : shown.padStart(width, '0');
    const more = by > 0 ? n + by <= to : n + by >= to;
    yield* io.out.write(padded + (more ? wish.separator : '\n'));
  }
  return 0;
}

function* complain(io: Io, text: string): Running {
  yield* io.err.write(`seq: ${text}\nTry 'seq --help' for more information.\n`);
  return 1;
}

export const seq: Command = {
  name: 'seq',
  summary: 'print a row of numbers',
  usage: 'seq [-w] [-s SEPARATOR] [-f FORMAT] [FIRST [INCREMENT]] LAST',
  run,
};
