/// watch of procps: runs a command again and again in virtual time. On a terminal it repaints the
/// screen; into a pipe or file, where the real one would write terminal codes too, it writes frames.
/// Left out: -b -c -e -p -q -r -S -w.
import { formatMoment, momentOf, wallClock } from '../clock.ts';
import type { Command, Io, Running } from '../command.ts';
import { parseOptions, notModelled, spelled } from '../options.ts';
import { capture } from '../stream.ts';

const table = {
  short: 'n:d::txgbcepqrSw',
  long: {
    'interval=': 'n',
    'differences[=]': 'd',
    'no-title': 't',
    exec: 'x',
    chgexit: 'g',
    help: 'h',
    version: 'version',
  },
  posix: true,
};
const USAGE = '\nUsage:\n watch [options] command\n';
const CLEAR = '\x1b[H\x1b[2J';
const MINIMUM_S = 0.1; // procps refuses to be faster

interface Wish {
  seconds: number;
  differences: boolean;
  permanent: boolean; // -d=permanent: what ever changed stays marked
  title: boolean;
  exec: boolean;
  untilChange: boolean;
}

function* run(io: Io): Running {
  const parsed = parseOptions(io.argv.slice(1), table);
  if ('fault' in parsed) return yield* usage(io, `watch: ${parsed.fault}\n`);
  const wish: Wish = {
    seconds: 2,
    differences: false,
    permanent: false,
    title: true,
    exec: false,
    untilChange: false,
  };
  for (const option of parsed.options) {
    if (option.name === 'n') {
      const seconds = Number(option.value.replace(',', '.'));
      if (option.value.trim() === '' || Number.isNaN(seconds)) {
        yield* io.err.line(`watch: failed to parse argument: '${option.value}': Invalid argument`);
        return 1;
      }
      wish.seconds = Math.max(MINIMUM_S, seconds);
    } else if (option.name === 'd') {
      wish.differences = true;
      wish.permanent = /^=?(permanent|cumulative)$/.test(option.value);
    } else if (option.name === 't') wish.title = false;
    else if (option.name === 'x') wish.exec = true;
    else if (option.name === 'g') wish.untilChange = true;
    else if (option.name === 'h') {
      yield* io.out.write(USAGE);
      return 0;
    } else return yield* notModelled(io, spelled(option));
  }
  if (parsed.operands.length === 0) return yield* usage(io, '');
  return yield* repeat(io, wish, parsed.operands);
}

function* usage(io: Io, before: string): Running {
  yield* io.err.write(before + USAGE);
  return 1;
}

function* repeat(io: Io, wish: Wish, words: readonly string[]): Running {
  const argv = wish.exec ? words : ['sh', '-c', words.join(' ')];
  let before: string | null = null;
  let marked = new Set<number>();
  for (;;) {
    const caught = capture();
    const status = yield* io.exec(argv, { out: caught.output, err: caught.output });
    if (typeof status !== 'number')
      yield* caught.output.line(`watch: unable to execute '${argv[0] ?? ''}'`);
    const shown = caught.text();
    if (wish.untilChange && before !== null && shown !== before) return 0;
    const changed: Set<number> =
      before !== null && wish.differences ? changes(before, shown) : new Set<number>();
    marked = wish.permanent ? new Set([...marked, ...changed]) : changed;
    yield* paint(io, wish, words.join(' '), shown, marked);
    before = shown;
    yield { kind: 'sleep', ns: Math.round(wish.seconds * 1e9) };
  }
}

/// Places that differ, by index into the new text; compared cell by cell as on a screen.
function changes(before: string, now: string): Set<number> {
  const changed = new Set<number>();
  const old = before.split('\n');
  let at = 0;
  for (const [row, line] of now.split('\n').entries()) {
    for (let i = 0; i < line.length; i++)
      if ((old[row]?.[i] ?? ' ') !== line[i]) changed.add(at + i);
    at += line.length + 1;
  }
  return changed;
}

function* paint(
  io: Io,
  wish: Wish,
  command: string,
  text: string,
  marked: ReadonlySet<number>,
): Running<void> {
  const terminal = io.columns !== null;
  const header = wish.title ? `${title(io, wish, command)}\n\n` : '';
  const body = terminal && marked.size > 0 ? highlight(text, marked) : text;
  yield* io.out.write(
    (terminal ? CLEAR : '') + header + body + (body.endsWith('\n') || body === '' ? '' : '\n'),
  );
}

/// `Every 2.0s: COMMAND` on the left, host and clock on the right, as wide as the terminal.
function title(io: Io, wish: Wish, command: string): string {
  const left = `Every ${wish.seconds.toFixed(1)}s: ${command}`;
  const right = `${io.k.desc.hostname}: ${formatMoment(momentOf(wallClock(io.k)), '%c')}`;
  const width = io.columns ?? 80;
  const room = width - right.length - 1;
  return (
    (left.length > room ? left.slice(0, Math.max(0, room - 3)) + '...' : left).padEnd(room + 1) +
    right
  );
}

function highlight(text: string, marked: ReadonlySet<number>): string {
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const c = text[i] ?? '';
    const on = marked.has(i) && c !== '\n';
    if (on && !marked.has(i - 1)) out += '\x1b[7m';
    out += c;
    if (on && (!marked.has(i + 1) || text[i + 1] === '\n')) out += '\x1b[27m';
  }
  return out;
}

export const watch: Command = {
  name: 'watch',
  summary: 'run a command again and again, in virtual time',
  usage: 'watch [-n SECONDS] [-d] [-t] [-g] [-x] COMMAND...',
  run,
};
