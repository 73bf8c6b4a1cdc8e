/// nl: numbers lines. Left out: the sections of logical pages (-d, -h, -f, -p) and -l.
import type { Command, Io, Line, Running } from '../command.ts';
import { forEachInput, forEachLine } from '../inputs.ts';
import { ended, prefixed } from '../line_marks.ts';
import { quoted } from '../names.ts';
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
import { posixRegex, RegexError, TooHard } from '../regex.ts';

const table = {
  short: 'b:d:f:h:i:l:n:ps:v:w:',
  long: {
    'body-numbering=': 'b',
    'section-delimiter=': 'd',
    'footer-numbering=': 'f',
    'header-numbering=': 'h',
    'line-increment=': 'i',
    'join-blank-lines=': 'l',
    'number-format=': 'n',
    'no-renumber': 'p',
    'number-separator=': 's',
    'starting-line-number=': 'v',
    'number-width=': 'w',
    ...common,
  },
};

interface Job {
  counts: (text: string) => boolean;
  step: number;
  format: 'ln' | 'rn' | 'rz';
  separator: string;
  start: number;
  width: number;
}

const numbers = {
  i: ['step', 'line number increment'],
  v: ['start', 'starting line number'],
  w: ['width', 'line number field width'],
} as const;

export const nl: Command = {
  name: 'nl',
  summary: 'Numbers lines.',
  usage: 'nl [-b a|t|n|pREGEX] [-i STEP] [-n ln|rn|rz] [-s TEXT] [-v START] [-w WIDTH] [FILE]...',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), table);
    if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault);
    if (yield* answerCommon(io, nl, 'GNU coreutils 9.7', parsed.options)) return 0;
    const job: Job = {
      counts: (text) => text !== '',
      step: 1,
      format: 'rn',
      separator: '\t',
      start: 1,
      width: 6,
    };
    for (const option of parsed.options) {
      const status = yield* readOption(io, job, option);
      if (status !== null) return status;
    }
    let number = job.start;
    const write = function* (line: Line): Running<void> {
      if (!job.counts(line.text)) {
        yield* io.out.pass(prefixed(' '.repeat(job.width + job.separator.length), ended(line)));
        return;
      }
      yield* io.out.pass(prefixed(shown(number, job) + job.separator, ended(line)));
      number += job.step;
    };
    try {
      return yield* forEachInput(io, parsed.operands, ({ input }) => forEachLine(input, write));
    } catch (error) {
      if (!(error instanceof TooHard)) throw error;
      yield* io.err.line('softnet: this back-reference takes too many steps to match here');
      return 1;
    }
  },
};

function* readOption(io: Io, job: Job, option: Option): Running<number | null> {
  const { name, value } = option;
  if (name === 's') job.separator = value;
  else if (name === 'b') {
    const counts = style(value);
    if (typeof counts !== 'function') return yield* refuseUsage(io, counts);
    job.counts = counts;
  } else if (name === 'n') {
    if (value !== 'ln' && value !== 'rn' && value !== 'rz')
      return yield* refuseUsage(io, `invalid line numbering format: ${quoted(value)}`);
    job.format = value;
  } else if (name === 'i' || name === 'v' || name === 'w') {
    const [field, what] = numbers[name];
    if (!/^-?\d+$/.test(value) || (name === 'w' && Number(value) < 1))
      return yield* fail(io, `invalid ${what}: ${quoted(value)}`);
    job[field] = name === 'w' ? Math.min(Number(value), 10_000) : Number(value);
  } else return yield* notModelled(io, spelled(option));
  return null;
}

function style(value: string): ((text: string) => boolean) | string {
  if (value === 'a') return () => true;
  if (value === 't') return (text) => text !== '';
  if (value === 'n') return () => false;
  if (!value.startsWith('p')) return `invalid body numbering style: ${quoted(value)}`;
  try {
    const regex = posixRegex(value.slice(1), { dialect: 'grep' });
    return (text) => regex.test(text);
  } catch (error) {
    if (error instanceof RegexError) return error.message;
    throw error;
  }
}

function shown(number: number, { format, width }: Job): string {
  const text = String(number);
  if (format === 'ln') return text.padEnd(width);
  if (format === 'rn') return text.padStart(width);
  return number < 0 ? `-${text.slice(1).padStart(width - 1, '0')}` : text.padStart(width, '0');
}
