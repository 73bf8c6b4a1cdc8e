/// diff: the lines in which two files differ, in the normal or the unified form. The unified form shows
/// no times, as the model keeps none. Left out, and said so: directories, -y, -c, -e and the other forms.
import { strerror } from '../../kernel/errno.ts';
import type { Command, Io, Running } from '../command.ts';
import { changes } from '../diff/edits.ts';
import type { Change } from '../diff/edits.ts';
import { files } from '../files.ts';
import { allLines, openInput } from '../inputs.ts';
import { quoted } from '../names.ts';
import { fail, notModelled, parseOptions, spelled } from '../options.ts';
import type { Option } from '../options.ts';
import { absolute } from '../paths.ts';

const table = {
  short: 'abBcC:dD:eEfhHiI:lL:nNpPqrsS:tTuU:vwW:x:X:yZ',
  long: {
    brief: 'q',
    'report-identical-files': 's',
    unified: 'u',
    'unified=': 'U',
    'ignore-case': 'i',
    'ignore-all-space': 'w',
    'ignore-space-change': 'b',
    'ignore-blank-lines': 'B',
    'label=': 'L',
    'color[=]': 'color',
    text: 'a',
    help: 'help',
    version: 'v',
  },
};

interface Job {
  unified: number; // lines of context; -1: the normal form
  brief: boolean;
  same: boolean; // -s: say so when they do not differ
  key: ((text: string) => string)[];
  labels: string[];
}

export const diff: Command = {
  name: 'diff',
  summary: 'Shows the lines in which two files differ.',
  usage: 'diff [-biqsuw] [-U LINES] [-L LABEL] FILE1 FILE2',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), table);
    if ('fault' in parsed) return yield* usage(io, parsed.fault);
    const job: Job = { unified: -1, brief: false, same: false, key: [], labels: [] };
    for (const option of parsed.options) {
      const status = yield* readOption(io, job, option);
      if (status !== null) return status;
    }
    const [first, second, third] = parsed.operands;
    if (first === undefined) return yield* usage(io, "missing operand after 'diff'");
    if (second === undefined) return yield* usage(io, `missing operand after ${quoted(first)}`);
    if (third !== undefined) return yield* usage(io, `extra operand ${quoted(third)}`);
    return yield* compareFiles(
      io,
      job,
      inDirectory(io, first, second),
      inDirectory(io, second, first),
    );
  },
};

function* usage(io: Io, text: string): Running {
  yield* io.err.write(`diff: ${text}\ndiff: Try 'diff --help' for more information.\n`);
  return 2;
}

function* readOption(io: Io, job: Job, option: Option): Running<number | null> {
  const { name, value } = option;
  if (name === 'u') job.unified = 3;
  else if (name === 'U') {
    if (!/^\d+$/.test(value)) return yield* usage(io, `invalid context length '${value}'`);
    job.unified = Number(value);
  } else if (name === 'q') job.brief = true;
  else if (name === 's') job.same = true;
  else if (name === 'i') job.key.push((text) => text.toLowerCase());
  else if (name === 'w') job.key.push((text) => text.replace(/\s+/g, ''));
  else if (name === 'b') job.key.push((text) => text.replace(/\s+/g, ' ').replace(/ $/, ''));
  else if (name === 'L') job.labels.push(value);
  else if (name === 'help') {
    yield* io.out.write(`Usage: ${diff.usage}\n${diff.summary}\n`);
    return 0;
  } else if (name === 'v') {
    yield* io.out.line('diff (GNU diffutils) 3.10');
    return 0;
  } else if (name !== 'a' && name !== 'd' && name !== 'color')
    return yield* notModelled(io, spelled(option), 2);
  return null;
}

/// A directory stands for the file in it that is named like the other one.
function inDirectory(io: Io, name: string, other: string): string {
  const isDirectory = (path: string): boolean => {
    const stat = path === '-' ? 'ENOENT' : files.stat(io, absolute(io, path));
    return typeof stat !== 'string' && stat.kind === 'dir';
  };
  if (!isDirectory(name) || isDirectory(other) || other === '-') return name;
  return `${name.replace(/\/+$/, '')}/${other.slice(other.lastIndexOf('/') + 1)}`;
}

interface Text {
  readonly name: string;
  readonly lines: readonly string[];
  readonly ended: boolean; // the last line has its newline
}

function* compareFiles(io: Io, job: Job, first: string, second: string): Running {
  const texts: Text[] = [];
  for (const name of [first, second]) {
    const opened = openInput(io, name);
    if (opened === 'EISDIR') return yield* notModelled(io, 'of directories', 2);
    if (typeof opened === 'string') {
      yield* fail(io, `${name}: ${strerror(opened)}`);
      continue;
    }
    const lines = yield* allLines(opened.input);
    texts.push({ name, lines: lines.map(({ text }) => text), ended: lines.at(-1)?.nl ?? true });
  }
  const [a, b] = texts;
  if (!a || !b) return 2;
  const found = changes(keys(a, job), keys(b, job), Math.max(0, job.unified));
  if (found.length === 0) {
    if (job.same) yield* io.out.line(`Files ${first} and ${second} are identical`);
    return 0;
  }
  if (job.brief) yield* io.out.line(`Files ${first} and ${second} differ`);
  else if (job.unified >= 0) yield* unified(io, job, a, b, found);
  else for (const change of found) yield* normal(io, a, b, change);
  return 1;
}

/// What is compared: the line, and whether it ends.
function keys(text: Text, job: Job): string[] {
  return text.lines.map((line, i) => {
    const key = job.key.reduce((result, change) => change(result), line);
    return i === text.lines.length - 1 && !text.ended ? `${key}\0` : key;
  });
}

const range = (from: number, count: number): string =>
  count === 0 ? String(from) : count === 1 ? String(from + 1) : `${from + 1},${from + count}`;

function* normal(io: Io, a: Text, b: Text, { from, deleted, to, inserted }: Change): Running<void> {
  const letter = deleted === 0 ? 'a' : inserted === 0 ? 'd' : 'c';
  yield* io.out.line(`${range(from, deleted)}${letter}${range(to, inserted)}`);
  for (let i = from; i < from + deleted; i++) yield* writeLine(io, '< ', a, i);
  if (letter === 'c') yield* io.out.line('---');
  for (let i = to; i < to + inserted; i++) yield* writeLine(io, '> ', b, i);
}

function* writeLine(io: Io, mark: string, text: Text, index: number): Running<void> {
  yield* io.out.line(mark + (text.lines[index] ?? ''));
  if (index === text.lines.length - 1 && !text.ended)
    yield* io.out.line('\\ No newline at end of file');
}

function* unified(io: Io, job: Job, a: Text, b: Text, found: readonly Change[]): Running<void> {
  yield* io.out.write(`--- ${job.labels[0] ?? a.name}\n+++ ${job.labels[1] ?? b.name}\n`);
  const context = job.unified;
  for (let i = 0; i < found.length;) {
    let last = i;
    const endOf = (change: Change): number => change.from + change.deleted;
    while (
      last + 1 < found.length &&
      (found[last + 1] as Change).from - endOf(found[last] as Change) <= 2 * context
    )
      last++;
    yield* hunk(io, context, a, b, found.slice(i, last + 1));
    i = last + 1;
  }
}

function* hunk(io: Io, context: number, a: Text, b: Text, group: readonly Change[]): Running<void> {
  const [first, last] = [group[0] as Change, group.at(-1) as Change];
  const startA = Math.max(0, first.from - context);
  const startB = first.to - (first.from - startA);
  const endA = Math.min(a.lines.length, last.from + last.deleted + context);
  const endB = last.to + last.inserted + (endA - last.from - last.deleted);
  const span = (start: number, end: number): string =>
    end - start === 1 ? String(start + 1) : `${end === start ? start : start + 1},${end - start}`;
  yield* io.out.line(`@@ -${span(startA, endA)} +${span(startB, endB)} @@`);
  let at = startA;
  for (const { from, deleted, to, inserted } of group) {
    for (; at < from; at++) yield* writeLine(io, ' ', a, at);
    for (; at < from + deleted; at++) yield* writeLine(io, '-', a, at);
    for (let i = to; i < to + inserted; i++) yield* writeLine(io, '+', b, i);
  }
  for (; at < endA; at++) yield* writeLine(io, ' ', a, at);
}
