/// cut: parts of each line, by byte, character or field. As in coreutils 9.7, -c counts bytes.
/// Left out: -n, which does nothing there, and -z.
import type { Command, Io, Line, Running } from '../command.ts';
import { fromBytes, toBytes } from '../bytes.ts';
import { forEachInput, forEachLine } from '../inputs.ts';
import { answerCommon, common, notModelled, parseOptions, refuseUsage } from '../options.ts';
import type { Option } from '../options.ts';
import { quoted } from '../names.ts';

const table = {
  short: 'b:c:d:f:nsz',
  long: {
    'bytes=': 'b',
    'characters=': 'c',
    'delimiter=': 'd',
    'fields=': 'f',
    'only-delimited': 's',
    'output-delimiter=': 'output-delimiter',
    complement: 'complement',
    'zero-terminated': 'z',
    ...common,
  },
};

type Range = readonly [number, number]; // from 1, both included

interface Job {
  readonly fields: boolean;
  readonly ranges: readonly Range[]; // sorted; ranges that overlap are one
  readonly delimiter: string;
  readonly outputDelimiter: string | null;
  readonly onlyDelimited: boolean;
}

export const cut: Command = {
  name: 'cut',
  summary: 'Writes selected parts of each line.',
  usage:
    'cut -b LIST | -c LIST | -f LIST [-d CHAR] [-s] [--complement] [--output-delimiter=TEXT] [FILE]...',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), table);
    if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault);
    if (yield* answerCommon(io, cut, 'GNU coreutils 9.7', parsed.options)) return 0;
    if (parsed.options.some(({ name }) => name === 'z')) return yield* notModelled(io, '-z');
    const job = readJob(parsed.options);
    if (typeof job === 'string') return yield* refuseUsage(io, job);
    return yield* forEachInput(io, parsed.operands, ({ input }) =>
      forEachLine(input, (line) =>
        job.fields ? cutFields(io, line, job) : cutBytes(io, line, job),
      ),
    );
  },
};

function readJob(options: readonly Option[]): Job | string {
  const value = (name: string): string | undefined =>
    options.findLast((option) => option.name === name)?.value;
  const lists = options.filter(({ name }) => 'bcf'.includes(name));
  const [list] = lists;
  if (!list) return 'you must specify a list of bytes, characters, or fields';
  if (lists.length > 1) return 'only one list may be specified';
  const fields = list.name === 'f';
  const delimiter = value('d') ?? '\t';
  if ([...delimiter].length > 1) return 'the delimiter must be a single character';
  if (!fields && value('d') !== undefined)
    return 'an input delimiter may be specified only when operating on fields';
  const onlyDelimited = value('s') !== undefined;
  if (!fields && onlyDelimited) {
    return 'suppressing non-delimited lines makes sense\n\tonly when operating on fields';
  }
  const ranges = parseRanges(list.value, fields);
  if (typeof ranges === 'string') return ranges;
  return {
    fields,
    ranges: value('complement') === undefined ? ranges : complement(ranges),
    delimiter: delimiter === '' ? '\0' : delimiter,
    outputDelimiter: value('output-delimiter') ?? null,
    onlyDelimited,
  };
}

function parseRanges(list: string, fields: boolean): Range[] | string {
  const ranges: Range[] = [];
  for (const part of list.split(/[, \t]/)) {
    const match = /^(\d*)(-?)(\d*)$/.exec(part);
    if (!match) {
      const word = /[^\d-].*/.exec(part)?.[0] ?? part;
      if (/-.*-/.test(part) && !/[^\d-]/.test(part))
        return fields ? 'invalid field range' : 'invalid byte or character range';
      return fields
        ? `invalid field value ${quoted(word)}`
        : `invalid byte/character position ${quoted(word)}`;
    }
    const [, low = '', dash = '', high = ''] = match;
    if (low === '' && dash === '')
      return fields ? 'fields are numbered from 1' : 'byte/character positions are numbered from 1';
    if (low === '' && high === '') return 'invalid range with no endpoint: -';
    const from = low === '' ? 1 : Number(low);
    const to = dash === '' ? from : high === '' ? Infinity : Number(high);
    if (from === 0 || (dash === '' ? to : high === '' ? 1 : to) === 0)
      return fields ? 'fields are numbered from 1' : 'byte/character positions are numbered from 1';
    if (to < from) return 'invalid decreasing range';
    ranges.push([from, to]);
  }
  return merged(ranges);
}

// Ranges that overlap are one; those that only touch stay apart, which --output-delimiter shows.
function merged(ranges: readonly Range[]): Range[] {
  const result: Range[] = [];
  for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = result.at(-1);
    if (last && from <= last[1]) result[result.length - 1] = [last[0], Math.max(last[1], to)];
    else result.push([from, to]);
  }
  return result;
}

function complement(ranges: readonly Range[]): Range[] {
  const result: Range[] = [];
  let next = 1;
  for (const [from, to] of ranges) {
    if (from > next) result.push([next, from - 1]);
    next = to + 1;
  }
  if (next !== Infinity) result.push([next, Infinity]);
  return result;
}

function* cutBytes(io: Io, line: Line, job: Job): Running<void> {
  const bytes = toBytes(line.text);
  const parts = job.ranges
    .filter(([from]) => from <= bytes.length)
    .map(([from, to]) => fromBytes(bytes.subarray(from - 1, Math.min(to, bytes.length))));
  yield* io.out.line(parts.join(job.outputDelimiter ?? ''));
}

function* cutFields(io: Io, line: Line, job: Job): Running<void> {
  const fields = line.text.split(job.delimiter);
  if (fields.length === 1) {
    if (!job.onlyDelimited) yield* io.out.pass(line.nl ? line : { ...line, nl: true });
    return;
  }
  const parts = job.ranges.flatMap(([from, to]) =>
    fields.slice(from - 1, Math.min(to, fields.length)),
  );
  yield* io.out.line(parts.join(job.outputDelimiter ?? job.delimiter));
}
