/// uniq: leaves out lines that repeat the one before.
import { strerror } from '../../kernel/errno.ts';
import type { Command, Io, Line, Output, Running } from '../command.ts';
import { files } from '../files.ts';
import { forEachLine, openInput } from '../inputs.ts';
import { ended, prefixed } from '../line_marks.ts';
import {
  answerCommon,
  common,
  fail,
  notModelled,
  parseOptions,
  refuseUsage,
  spelled,
} from '../options.ts';
import type { Option } from '../options.ts';
import { absolute } from '../paths.ts';
import { bare, quoted } from '../names.ts';
import { fileOutput } from '../stream.ts';

const table = {
  short: 'cdDf:is:uw:z0123456789',
  long: {
    count: 'c',
    repeated: 'd',
    'all-repeated[=]': 'all-repeated',
    'skip-fields=': 'f',
    'group[=]': 'group',
    'ignore-case': 'i',
    'skip-chars=': 's',
    unique: 'u',
    'check-chars=': 'w',
    'zero-terminated': 'z',
    ...common,
  },
};

interface Job {
  count: boolean;
  repeated: boolean;
  all: boolean; // -D: every line of a group of several
  unique: boolean;
  ignoreCase: boolean;
  skipFields: number;
  skipChars: number;
  checkChars: number;
}

const numeric = {
  f: ['skipFields', 'invalid number of fields to skip'],
  s: ['skipChars', 'invalid number of bytes to skip'],
  w: ['checkChars', 'invalid number of bytes to compare'],
} as const;

export const uniq: Command = {
  name: 'uniq',
  summary: 'Leaves out lines that repeat the one before.',
  usage: 'uniq [-cdDiu] [-f FIELDS] [-s CHARS] [-w CHARS] [INPUT [OUTPUT]]',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), table);
    if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault);
    if (yield* answerCommon(io, uniq, 'GNU coreutils 9.7', parsed.options)) return 0;
    const other = parsed.options.find(({ name }) => name.length > 1 || /[z\d]/.test(name));
    if (other) return yield* notModelled(io, spelled(other));
    const job = readJob(parsed.options);
    if (typeof job === 'string') return yield* fail(io, job);
    const [from = '-', to = '-', extra] = parsed.operands;
    if (extra !== undefined) return yield* refuseUsage(io, `extra operand ${quoted(extra)}`);
    if (job.count && job.all)
      return yield* refuseUsage(
        io,
        'printing all duplicated lines and repeat counts is meaningless',
      );
    return yield* filter(io, job, from, to);
  },
};

function readJob(options: readonly Option[]): Job | string {
  const has = (name: string): boolean => options.some((option) => option.name === name);
  const job: Job = {
    count: has('c'),
    repeated: has('d'),
    all: has('D'),
    unique: has('u'),
    ignoreCase: has('i'),
    skipFields: 0,
    skipChars: 0,
    checkChars: Infinity,
  };
  for (const { name, value } of options) {
    if (name !== 'f' && name !== 's' && name !== 'w') continue;
    const [field, fault] = numeric[name];
    if (!/^\s*\+?\d+$/.test(value)) return `${value}: ${fault}`;
    job[field] = Number(value);
  }
  return job;
}

function* filter(io: Io, job: Job, from: string, to: string): Running {
  const opened = openInput(io, from);
  if (typeof opened === 'string') {
    const reading = opened === 'EISDIR' ? `error reading ${quoted(from)}` : bare(from);
    return yield* fail(io, `${reading}: ${strerror(opened)}`);
  }
  const path = to === '-' ? null : absolute(io, to);
  const refused = path === null ? null : files.write(io, path, '', { append: false });
  if (refused) return yield* fail(io, `${bare(to)}: ${strerror(refused)}`);
  const file =
    path === null ? null : fileOutput((text) => files.write(io, path, text, { append: true }));
  const out: Output = file ?? io.out;
  let group: Line[] = []; // the lines of the group, or only the first where that is enough
  let size = 0;
  let key: string | null = null;
  yield* forEachLine(opened.input, function* (line) {
    const next = keyOf(line.text, job);
    if (next !== key) {
      yield* printGroup(out, job, group, size);
      [group, size, key] = [[], 0, next];
    }
    size++;
    if (size === 1 || job.all) group.push(line);
  });
  yield* printGroup(out, job, group, size);
  const failed = file?.flush() ?? null;
  return failed ? yield* fail(io, `write error: ${strerror(failed)}`) : 0;
}

function keyOf(text: string, job: Job): string {
  let rest = text;
  for (let i = 0; i < job.skipFields && rest !== ''; i++) rest = rest.replace(/^[ \t]*[^ \t]*/, '');
  rest = rest.slice(job.skipChars, job.skipChars + job.checkChars);
  return job.ignoreCase ? rest.toUpperCase() : rest;
}

function* printGroup(out: Output, job: Job, group: readonly Line[], size: number): Running<void> {
  if (size === 0) return;
  if (size === 1 && (job.repeated || job.all)) return;
  if (size > 1 && job.unique) return;
  for (const line of group) {
    const whole = ended(line);
    yield* out.pass(job.count ? prefixed(`${String(size).padStart(7)} `, whole) : whole);
  }
}
