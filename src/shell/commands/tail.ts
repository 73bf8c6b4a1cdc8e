/// tail: the last lines or bytes of files; -f waits in virtual time for the reader's own files to grow.
/// A file under /proc or /sys does not grow: after its end read(2) gives nothing more, so -f waits
/// until it is stopped. Left out: --pid, --retry.
import type { Command, Input, Io, Line, Running } from '../command.ts';
import { fromBytes, toBytes } from '../bytes.ts';
import { allLines, forEachInput, forEachLine, openingOrReading } from '../inputs.ts';
import type { Opened } from '../inputs.ts';
import {
  answerCommon,
  common,
  fail,
  notModelled,
  parseOptions,
  refuseUsage,
  spelled,
} from '../options.ts';
import { absolute } from '../paths.ts';
import { quoted } from '../names.ts';
import { parseSize } from '../sizes.ts';
import { header } from './head.ts';

const table = {
  short: 'c:fFn:qs:vz0123456789',
  long: {
    'bytes=': 'c',
    'follow[=]': 'f',
    'lines=': 'n',
    'max-unchanged-stats=': 'max-unchanged-stats',
    'pid=': 'pid',
    quiet: 'q',
    retry: 'retry',
    silent: 'q',
    'sleep-interval=': 's',
    verbose: 'v',
    'zero-terminated': 'z',
    ...common,
  },
};

interface Job {
  unit: 'lines' | 'bytes';
  count: number;
  fromStart: boolean; // +N: from the Nth on
  follow: boolean;
  interval_ns: number;
  headers: boolean;
}

export const tail: Command = {
  name: 'tail',
  summary: 'Writes the last 10 lines, or as many as asked for, of each file.',
  usage: 'tail [-n [+]LINES] [-c [+]BYTES] [-fFqv] [-s SECONDS] [FILE]...',
  *run(io) {
    const parsed = parseOptions(obsolete(io.argv.slice(1)), table);
    if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault);
    if (yield* answerCommon(io, tail, 'GNU coreutils 9.7', parsed.options)) return 0;
    const job: Job = {
      unit: 'lines',
      count: 10,
      fromStart: false,
      follow: false,
      interval_ns: 1e9,
      headers: parsed.operands.length > 1,
    };
    for (const option of parsed.options) {
      const { name, value } = option;
      if (name === 'q' || name === 'v') job.headers = name === 'v';
      else if (name === 'f' || name === 'F') job.follow = true;
      else if (name === 's') {
        if (!/^\d*\.?\d+$/.test(value))
          return yield* fail(io, `invalid number of seconds: ${quoted(value)}`);
        job.interval_ns = Math.max(1, Math.round(Number(value) * 1e9));
      } else if (name === 'n' || name === 'c') {
        const refused = setAmount(job, name === 'n' ? 'lines' : 'bytes', value);
        if (refused) return yield* fail(io, refused);
      } else if (/\d/.test(name))
        return yield* refuseUsage(io, `option used in invalid context -- ${name}`);
      else return yield* notModelled(io, spelled(option));
    }
    return yield* tailFiles(io, parsed.operands, job);
  },
};

/// -5, -5f, +5 and -5c are the old way to write -n 5, -n 5 -f, -n +5 and -c 5.
function obsolete(words: readonly string[]): readonly string[] {
  const match = /^([-+])(\d+)([bcl]?)(f?)$/.exec(words[0] ?? '');
  if (!match || words.length > 2) return words;
  const [, sign = '', count = '', unit = '', follow = ''] = match;
  const amount = (sign === '+' ? '+' : '') + count + (unit === 'b' ? 'b' : '');
  const option = unit === 'c' || unit === 'b' ? '-c' : '-n';
  return [option, amount, ...(follow ? ['-f'] : []), ...words.slice(1)];
}

function setAmount(job: Job, unit: Job['unit'], value: string): string | null {
  const sign = /^[-+]/.exec(value)?.[0] ?? '';
  const count = parseSize(value.slice(sign.length));
  if (count === null) return `invalid number of ${unit}: ${quoted(value)}`;
  Object.assign(job, { unit, count, fromStart: sign === '+' });
  return null;
}

function* tailFiles(io: Io, names: readonly string[], job: Job): Running {
  let first = true;
  const followed: Followed[] = [];
  const status = yield* forEachInput(
    io,
    names,
    function* (opened) {
      if (job.headers) yield* io.out.write(header(opened, first));
      first = false;
      yield* tailOne(io, opened.input, job);
      if (job.follow && !opened.stdin)
        followed.push({ opened, length: ownText(io, opened.name).length });
    },
    openingOrReading,
  );
  if (followed.length > 0) yield* follow(io, followed, job);
  return status;
}

function* tailOne(io: Io, input: Input, job: Job): Running<void> {
  if (job.unit === 'bytes') {
    const bytes = toBytes(yield* input.all());
    const from = job.fromStart ? job.count - 1 : bytes.length - job.count;
    yield* io.out.write(fromBytes(bytes.subarray(Math.max(0, from))));
  } else if (job.fromStart) {
    let number = 0;
    yield* forEachLine(input, function* (line) {
      if (++number >= job.count) yield* io.out.pass(line);
    });
  } else {
    for (const line of yield* lastLines(input, job.count)) yield* io.out.pass(line);
  }
}

function* lastLines(input: Input, count: number): Running<readonly Line[]> {
  if (count === 0) {
    yield* allLines(input);
    return [];
  }
  let held: Line[] = [];
  yield* forEachLine(input, function* (line) {
    held.push(line);
    if (held.length >= 2 * count + 1000) held = held.slice(-count);
  });
  return held.slice(-count);
}

interface Followed {
  readonly opened: Opened;
  length: number; // of what has been printed
}

/// The text of one of the reader's own files; what the kernel computes never grows under tail -f.
function ownText(io: Io, name: string): string {
  return io.session.files[absolute(io, name)] ?? '';
}

function* follow(io: Io, followed: readonly Followed[], job: Job): Running<never> {
  let last = followed.at(-1);
  for (;;) {
    yield { kind: 'sleep', ns: job.interval_ns };
    for (const file of followed) {
      const text = ownText(io, file.opened.name);
      if (text.length < file.length) {
        yield* io.err.line(`${io.argv[0] ?? ''}: ${file.opened.name}: file truncated`);
        file.length = 0;
      }
      if (text.length === file.length) continue;
      if (job.headers && last !== file) yield* io.out.write(header(file.opened, false));
      last = file;
      yield* io.out.write(text.slice(file.length));
      file.length = text.length;
    }
  }
}
