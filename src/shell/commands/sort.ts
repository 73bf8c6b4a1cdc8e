/// sort: orders lines, by bytes as in the C locale. Left out, and said so: -R, -z, --debug,
/// --files0-from; -m sorts anew; -S, -T and --parallel change nothing here.
import { strerror } from '../../kernel/errno.ts';
import type { Command, Io, Line, Running } from '../command.ts';
import { files } from '../files.ts';
import { allLines, breath, openInput } from '../inputs.ts';
import { ended } from '../line_marks.ts';
import { bare, quoted } from '../names.ts';
import { answerCommon, common, fail, notModelled, parseOptions, refuseUsage } from '../options.ts';
import { absolute } from '../paths.ts';
import { keyText, readSortJob } from '../sort/keys.ts';
import type { SortJob } from '../sort/keys.ts';
import { compareValues, valueOf } from '../sort/orders.ts';
import type { Value } from '../sort/orders.ts';
import { fileOutput } from '../stream.ts';

const table = {
  short: 'bcCdfghik:mMno:rRsS:t:T:uVy:z',
  long: {
    'ignore-leading-blanks': 'b',
    'check[=]': 'c',
    'compress-program=': 'compress-program',
    debug: 'debug',
    'dictionary-order': 'd',
    'ignore-case': 'f',
    'files0-from=': 'files0-from',
    'general-numeric-sort': 'g',
    'human-numeric-sort': 'h',
    'ignore-nonprinting': 'i',
    'key=': 'k',
    merge: 'm',
    'month-sort': 'M',
    'numeric-sort': 'n',
    'output=': 'o',
    'parallel=': 'parallel',
    'random-sort': 'R',
    reverse: 'r',
    stable: 's',
    'buffer-size=': 'S',
    'field-separator=': 't',
    'temporary-directory=': 'T',
    unique: 'u',
    'version-sort': 'V',
    'zero-terminated': 'z',
    ...common,
  },
};

interface Entry {
  readonly line: Line;
  readonly values: readonly Value[];
}

export const sort: Command = {
  name: 'sort',
  summary: 'Writes lines in order.',
  usage: 'sort [-bcdfghiMnrsuV] [-k KEY]... [-t CHAR] [-o FILE] [FILE]...',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), table);
    if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault, 2);
    if (yield* answerCommon(io, sort, 'GNU coreutils 9.7', parsed.options)) return 0;
    const job = readSortJob(parsed.options);
    if (typeof job === 'string') return yield* fail(io, job, 2);
    if ('missing' in job) return yield* notModelled(io, job.missing, 2);
    const [, extra] = parsed.operands;
    if (job.check !== 'no' && extra !== undefined)
      return yield* fail(
        io,
        `extra operand ${quoted(extra)} not allowed with -${job.check === 'loud' ? 'c' : 'C'}`,
        2,
      );
    const entries = yield* readEntries(io, job, parsed.operands);
    if (typeof entries === 'number') return entries;
    if (job.check !== 'no') return yield* check(io, job, entries, parsed.operands[0] ?? '-');
    return yield* write(io, job, yield* inOrder(entries, (a, b) => compare(job, a, b)));
  },
};

function* readEntries(io: Io, job: SortJob, names: readonly string[]): Running<Entry[] | number> {
  const entries: Entry[] = [];
  for (const name of names.length > 0 ? names : ['-']) {
    const opened = openInput(io, name);
    if (typeof opened === 'string') {
      const verb = opened === 'EISDIR' ? 'read failed' : 'cannot read';
      return yield* fail(io, `${verb}: ${bare(name)}: ${strerror(opened)}`, 2);
    }
    for (const line of yield* allLines(opened.input)) {
      entries.push({
        line,
        values: job.keys.map((key) => valueOf(keyText(line.text, key, job.separator), key.order)),
      });
      if (entries.length % 1000 === 0) yield breath;
    }
  }
  return entries;
}

function compareKeys(job: SortJob, a: Entry, b: Entry): number {
  for (const [i, key] of job.keys.entries()) {
    const order = compareValues(a.values[i] as Value, b.values[i] as Value, key.order);
    if (order !== 0) return order;
  }
  return job.keys.length === 0 ? lastResort(job, a, b) : 0;
}

function lastResort(job: SortJob, a: Entry, b: Entry): number {
  const order = a.line.text < b.line.text ? -1 : a.line.text > b.line.text ? 1 : 0;
  return job.reverse ? -order : order;
}

function compare(job: SortJob, a: Entry, b: Entry): number {
  const order = compareKeys(job, a, b);
  return order !== 0 || job.stable || job.unique ? order : lastResort(job, a, b);
}

/// Merge sort in pieces, so that a long input does not hold the page up.
function* inOrder(
  entries: readonly Entry[],
  order: (a: Entry, b: Entry) => number,
): Running<Entry[]> {
  const piece = 2048;
  let runs: Entry[][] = [];
  for (let i = 0; i < entries.length; i += piece) {
    runs.push(entries.slice(i, i + piece).sort(order));
    yield breath;
  }
  while (runs.length > 1) {
    const next: Entry[][] = [];
    for (let i = 0; i < runs.length; i += 2)
      next.push(yield* merge(runs[i] as Entry[], runs[i + 1] ?? [], order));
    runs = next;
  }
  return runs[0] ?? [];
}

function* merge(
  a: readonly Entry[],
  b: readonly Entry[],
  order: (a: Entry, b: Entry) => number,
): Running<Entry[]> {
  const merged: Entry[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const left = a[i];
    const right = b[j];
    if (left && (!right || order(left, right) <= 0)) {
      merged.push(left);
      i++;
    } else if (right) {
      merged.push(right);
      j++;
    }
    if (merged.length % 2048 === 0) yield breath;
  }
  return merged;
}

function* check(io: Io, job: SortJob, entries: readonly Entry[], name: string): Running {
  for (let i = 1; i < entries.length; i++) {
    const order = compare(job, entries[i - 1] as Entry, entries[i] as Entry);
    if (order < 0 || (order === 0 && !job.unique)) continue;
    if (job.check === 'loud')
      yield* io.err.line(
        `${io.argv[0] ?? ''}: ${bare(name)}:${i + 1}: disorder: ${(entries[i] as Entry).line.text}`,
      );
    return 1;
  }
  return 0;
}

function* write(io: Io, job: SortJob, entries: readonly Entry[]): Running {
  const { output } = job;
  const path = output === null ? '' : absolute(io, output);
  const refused = output === null ? null : files.write(io, path, '', { append: false });
  if (refused)
    return yield* fail(io, `open failed: ${bare(output ?? '')}: ${strerror(refused)}`, 2);
  const file =
    output === null ? null : fileOutput((text) => files.write(io, path, text, { append: true }));
  const out = file ?? io.out;
  let previous: Entry | null = null;
  for (const entry of entries) {
    if (job.unique && previous && compareKeys(job, previous, entry) === 0) continue;
    previous = entry;
    yield* out.pass(ended(entry.line));
  }
  const failed = file?.flush() ?? null;
  return failed
    ? yield* fail(io, `write failed: ${bare(output ?? '')}: ${strerror(failed)}`, 2)
    : 0;
}
