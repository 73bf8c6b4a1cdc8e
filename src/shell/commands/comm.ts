/// comm: two sorted files line by line: only in the first, only in the second, in both.
import { strerror } from '../../kernel/errno.ts';
import type { Command, Io, Line, Running } from '../command.ts';
import { openInput } from '../inputs.ts';
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

const table = {
  short: '123z',
  long: {
    'check-order': 'check-order',
    'nocheck-order': 'nocheck-order',
    'output-delimiter=': 'output-delimiter',
    total: 'total',
    'zero-terminated': 'z',
    ...common,
  },
};

export const comm: Command = {
  name: 'comm',
  summary: 'Compares two sorted files line by line.',
  usage: 'comm [-123] [--total] [--output-delimiter=TEXT] FILE1 FILE2',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), table);
    if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault);
    if (yield* answerCommon(io, comm, 'GNU coreutils 9.7', parsed.options)) return 0;
    const other = parsed.options.find(({ name }) => name === 'z' || name === 'check-order');
    if (other) return yield* notModelled(io, spelled(other));
    const [first, second, third] = parsed.operands;
    if (first === undefined) return yield* refuseUsage(io, 'missing operand');
    if (second === undefined)
      return yield* refuseUsage(io, `missing operand after ${quoted(first)}`);
    if (third !== undefined) return yield* refuseUsage(io, `extra operand ${quoted(third)}`);
    const has = (name: string): boolean => parsed.options.some((option) => option.name === name);
    const delimiter =
      parsed.options.findLast(({ name }) => name === 'output-delimiter')?.value ?? '\t';
    const hidden = ['1', '2', '3'].map(has);
    return yield* merge(io, [first, second], {
      hidden,
      delimiter,
      total: has('total'),
      check: !has('nocheck-order'),
    });
  },
};

interface Job {
  readonly hidden: readonly boolean[];
  readonly delimiter: string;
  readonly total: boolean;
  readonly check: boolean;
}

function* merge(io: Io, names: readonly [string, string], job: Job): Running {
  const sides: {
    next: () => Running<Line | null>;
    line: Line | null;
    last: string | null;
    unsorted: boolean;
  }[] = [];
  for (const name of names) {
    const opened = openInput(io, name);
    if (typeof opened === 'string') return yield* fail(io, `${bare(name)}: ${strerror(opened)}`);
    const next = (): Running<Line | null> => opened.input.line();
    sides.push({ next, line: yield* next(), last: null, unsorted: false });
  }
  const [a, b] = sides as [(typeof sides)[number], (typeof sides)[number]];
  const totals = [0, 0, 0];
  let unequal = false;
  while (a.line || b.line) {
    const order = !a.line
      ? 1
      : !b.line
        ? -1
        : a.line.text < b.line.text
          ? -1
          : a.line.text > b.line.text
            ? 1
            : 0;
    const column = order < 0 ? 0 : order > 0 ? 1 : 2;
    if (column !== 2) unequal = true;
    totals[column] = (totals[column] ?? 0) + 1;
    const text = (order <= 0 ? a.line : b.line)?.text ?? '';
    if (!job.hidden[column]) {
      const before = job.hidden.slice(0, column).filter((hidden) => !hidden).length;
      yield* io.out.line(job.delimiter.repeat(before) + text);
    }
    for (const [i, side] of [a, b].entries()) {
      if (i === 0 ? order > 0 : order < 0) continue;
      side.last = side.line?.text ?? null;
      side.line = yield* side.next();
      const disorder = side.line !== null && side.last !== null && side.line.text < side.last;
      if (!disorder || side.unsorted || !job.check || !unequal) continue;
      side.unsorted = true;
      yield* io.err.line(`comm: file ${i + 1} is not in sorted order`);
    }
  }
  if (job.total) yield* io.out.line(`${totals.join(job.delimiter)}${job.delimiter}total`);
  if (!a.unsorted && !b.unsorted) return 0;
  yield* io.err.line('comm: input is not in sorted order');
  return 1;
}
