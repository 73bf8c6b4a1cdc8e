/// xargs of findutils: builds command lines from standard input.
/// Left out: -P (runs one after another), -s, -E, -p and --show-limits.
import { strerror } from '../../kernel/errno.ts';
import type { Command, Io, Running } from '../command.ts';
import { notModelled, parseOptions, refuseUsage, spelled } from '../options.ts';
import { inputOfText } from '../stream.ts';

const table = {
  short: '0n:I:L:d:rtP:s:E:pxa:',
  long: {
    null: '0',
    'max-args=': 'n',
    'replace[=]': 'I',
    'max-lines[=]': 'L',
    'delimiter=': 'd',
    'no-run-if-empty': 'r',
    verbose: 't',
    'max-procs=': 'P',
    help: 'help',
  },
  posix: true,
};

interface Wish {
  separator: string | null; // null: blanks and newlines, with quoting
  words: number; // for each command line
  lines: number;
  replace: string | null;
  runEmpty: boolean;
  verbose: boolean;
}

/// An item, and whether it ends a line of the input (for -L).
interface Item {
  readonly text: string;
  readonly endsLine: boolean;
}

function* run(io: Io): Running {
  const parsed = parseOptions(io.argv.slice(1), table);
  if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault);
  const wish: Wish = {
    separator: null,
    words: Infinity,
    lines: Infinity,
    replace: null,
    runEmpty: true,
    verbose: false,
  };
  for (const option of parsed.options) {
    if (option.name === 'n' || option.name === 'L') {
      const count = Number(option.value || '1');
      if (!Number.isInteger(count)) {
        yield* io.err.line(`xargs: invalid number "${option.value}" for -${option.name} option`);
        return 1;
      }
      if (count < 1) {
        yield* io.err.line(
          `xargs: value ${option.value} for -${option.name} option should be >= 1`,
        );
        return 1;
      }
      if (option.name === 'n') wish.words = count;
      else wish.lines = count;
    } else if (option.name === '0') wish.separator = '\0';
    else if (option.name === 'd')
      wish.separator = option.value.replace('\\n', '\n').replace('\\t', '\t').replace('\\0', '\0');
    else if (option.name === 'I') wish.replace = option.value || '{}';
    else if (option.name === 'r') wish.runEmpty = false;
    else if (option.name === 't') wish.verbose = true;
    else if (option.name === 'help') {
      yield* io.out.line(`Usage: ${xargs.usage}`);
      return 0;
    } else if (option.name !== 'P' && option.name !== 'x')
      return yield* notModelled(io, spelled(option));
  }
  const items = itemsOf(yield* io.in.all(), wish);
  if (typeof items === 'string') {
    yield* io.err.line(`xargs: ${items}`);
    return 1;
  }
  return yield* runAll(io, wish, parsed.operands.length > 0 ? parsed.operands : ['echo'], items);
}

function itemsOf(text: string, wish: Wish): Item[] | string {
  if (wish.separator !== null) {
    const texts = text.split(wish.separator);
    if (texts.at(-1) === '') texts.pop();
    return texts.map((item) => ({ text: item, endsLine: true }));
  }
  if (wish.replace !== null) {
    const lines = text
      .split('\n')
      .map((line) => line.replace(/^\s+/, ''))
      .filter((line) => line !== '');
    return lines.map((line) => ({ text: line, endsLine: true }));
  }
  return quotedWords(text);
}

function quotedWords(text: string): Item[] | string {
  const items: Item[] = [];
  const word = /\s*((?:[^\s'"\\]|\\[\s\S]|'[^'\n]*'|"[^"\n]*")+)/y;
  while (word.lastIndex < text.length) {
    const start = word.lastIndex;
    const found = word.exec(text);
    if (!found) {
      const rest = text.slice(start).trim();
      if (rest === '') break;
      const quote = rest[0] === '"' ? 'double' : 'single';
      return `unmatched ${quote} quote; by default quotes are special to xargs unless you use the -0 option`;
    }
    const plain = (found[1] ?? '').replace(
      /\\([\s\S])|'([^']*)'|"([^"]*)"/g,
      (_, a?: string, b?: string, c?: string) => a ?? b ?? c ?? '',
    );
    items.push({ text: plain, endsLine: /^[ \t]*(\n|$)/.test(text.slice(word.lastIndex)) });
  }
  return items;
}

/// The command lines, in order.
function commandLines(wish: Wish, command: readonly string[], items: readonly Item[]): string[][] {
  if (wish.replace !== null) {
    const mark = wish.replace;
    return items.map((item) => command.map((word) => word.replaceAll(mark, item.text)));
  }
  const lines: string[][] = [];
  let open: string[] = [];
  let ended = 0;
  for (const item of items) {
    open.push(item.text);
    if (item.endsLine) ended++;
    if (open.length >= wish.words || ended >= wish.lines) {
      lines.push([...command, ...open]);
      [open, ended] = [[], 0];
    }
  }
  if (open.length > 0) lines.push([...command, ...open]);
  if (lines.length === 0 && wish.runEmpty) lines.push([...command]);
  return lines;
}

function* runAll(io: Io, wish: Wish, command: readonly string[], items: readonly Item[]): Running {
  let result = 0;
  for (const words of commandLines(wish, command, items)) {
    if (wish.verbose) yield* io.err.line(words.join(' '));
    const status = yield* io.exec(words, { in: inputOfText('') });
    if (typeof status !== 'number') {
      yield* io.err.line(`xargs: ${words[0] ?? ''}: ${strerror(status)}`);
      return status === 'ENOENT' ? 127 : 126;
    }
    if (status === 255) {
      yield* io.err.line(`xargs: ${words[0] ?? ''}: exited with status 255; aborting`);
      return 124;
    }
    if (status !== 0) result = 123;
  }
  return result;
}

export const xargs: Command = {
  name: 'xargs',
  summary: 'build command lines from standard input and run them',
  usage: 'xargs [-0rt] [-d CHAR] [-n WORDS] [-L LINES] [-I MARK] [COMMAND [ARGUMENT]...]',
  run,
};
