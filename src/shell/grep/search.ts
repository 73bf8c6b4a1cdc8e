/// Goes through one input and prints what grep prints of it.
import type { Input, Io, Line, Running } from '../command.ts';
import { byteLength } from '../bytes.ts';
import { breath } from '../inputs.ts';
import { ended, part, prefixed } from '../line_marks.ts';
import type { Matcher } from './matcher.ts';
import type { Job } from './options.ts';

export interface Search {
  readonly io: Io;
  readonly job: Job;
  readonly matcher: Matcher;
  readonly showNames: boolean;
  separate: boolean; // a group of context was printed before
}

interface Place {
  readonly name: string;
  readonly number: number;
  readonly offset: number; // bytes before the line
}

const colors = { match: '01;31', name: '35', number: '32', separator: '36' } as const;

/// Gives whether a line was selected.
export function* searchInput(search: Search, input: Input, name: string): Running<boolean> {
  const { io, job } = search;
  const quick = job.report === 'nothing' || job.report === 'with' || job.report === 'without';
  const limit = quick ? Math.min(1, job.limit) : job.limit;
  const count = yield* searchLines(search, input, name, limit);
  if (job.report === 'count') {
    const prefix = search.showNames ? named(search, name, ':') : '';
    yield* io.out.line(prefix + String(count));
  } else if (job.report === (count > 0 ? 'with' : 'without')) {
    yield* io.out.write(paint(job, 'name', name) + (job.nullAfterName ? '\0' : '\n'));
  }
  return job.report === 'without' ? count === 0 : count > 0;
}

function* searchLines(search: Search, input: Input, name: string, limit: number): Running<number> {
  const { job, matcher } = search;
  const held: { line: Line; place: Place }[] = []; // context before
  let number = 0;
  let offset = 0;
  let count = 0;
  let lastPrinted = 0;
  let trailing = 0; // lines of context still to print
  while (count < limit || trailing > 0) {
    const line = yield* input.line();
    if (line === null) break;
    const place = { name, number: ++number, offset };
    if (job.offsets) offset += byteLength(line.text) + 1;
    if (number % 512 === 0) yield breath;
    if (matcher.test(line.text) !== job.invert && count < limit) {
      count++;
      if (job.report !== 'lines') continue;
      if (isBinary(line.text)) return yield* sayBinary(search, name, count);
      yield* separator(search, lastPrinted, number - held.length);
      for (const { line: before, place: at } of held.splice(0))
        yield* printLine(search, before, at, false);
      yield* printLine(search, line, place, true);
      lastPrinted = number;
      trailing = job.after;
    } else if (job.report !== 'lines') continue;
    else if (trailing > 0) {
      trailing--;
      yield* printLine(search, line, place, false);
      lastPrinted = number;
    } else if (job.before > 0) {
      held.push({ line, place });
      if (held.length > job.before) held.shift();
    }
  }
  return count;
}

// Text with a zero byte, or that is not valid UTF-8, is not printed on a terminal's screen.
function isBinary(text: string): boolean {
  return (
    /[\0\udc80-\udcff]/.test(text) &&
    (text.includes('\0') || /(?<![\ud800-\udbff])[\udc80-\udcff]/.test(text))
  );
}

function* sayBinary(search: Search, name: string, count: number): Running {
  yield* search.io.out.line(`grep: ${name}: binary file matches`);
  return count;
}

function* separator(search: Search, lastPrinted: number, next: number): Running<void> {
  const { job, io } = search;
  if (job.before <= 0 && job.after <= 0) return;
  const adjacent = lastPrinted > 0 && next <= lastPrinted + 1;
  if (!adjacent && search.separate && job.separator !== null)
    yield* io.out.line(paint(job, 'separator', job.separator));
  search.separate = true;
}

function* printLine(search: Search, line: Line, place: Place, selected: boolean): Running<void> {
  const { job, io } = search;
  if (!job.only) {
    const text = job.color ? painted(search, line.text, selected) : null;
    const shown = text === null || text === line.text ? ended(line) : { text, nl: true };
    yield* io.out.pass(prefixed(prefix(search, place, selected), shown));
    return;
  }
  if (job.invert || !selected) return;
  let before = 0;
  let bytes = 0;
  for (const [start, end] of matches(search, line.text)) {
    if (job.offsets) bytes += byteLength(line.text.slice(before, start));
    before = start;
    const at = { ...place, offset: place.offset + bytes };
    const shown = job.color
      ? { text: paint(job, 'match', line.text.slice(start, end)), nl: true }
      : part(line, start, end);
    yield* io.out.pass(prefixed(prefix(search, at, true), shown));
  }
}

/// The matches that are not empty, from left to right.
function* matches(search: Search, text: string): Generator<readonly [number, number]> {
  for (let from = 0; from <= text.length;) {
    const found = search.matcher.find(text, from);
    if (!found) return;
    if (found[1] > found[0]) yield found;
    from = found[1] > found[0] ? found[1] : found[1] + 1;
  }
}

function prefix(search: Search, place: Place, selected: boolean): string {
  const { job } = search;
  const sep = selected ? ':' : '-';
  let text = search.showNames ? named(search, place.name, sep) : '';
  if (job.numbers)
    text += paint(job, 'number', String(place.number)) + paint(job, 'separator', sep);
  if (job.offsets)
    text += paint(job, 'number', String(place.offset)) + paint(job, 'separator', sep);
  return text;
}

function named(search: Search, name: string, sep: string): string {
  const { job } = search;
  return paint(job, 'name', name) + (job.nullAfterName ? '\0' : paint(job, 'separator', sep));
}

function paint(job: Job, what: keyof typeof colors, text: string): string {
  return job.color ? `\x1b[${colors[what]}m\x1b[K${text}\x1b[m\x1b[K` : text;
}

function painted(search: Search, text: string, selected: boolean): string {
  if (search.job.invert === selected) return text;
  let result = '';
  let at = 0;
  for (const [start, end] of matches(search, text)) {
    result += text.slice(at, start) + paint(search.job, 'match', text.slice(start, end));
    at = end;
  }
  return result + text.slice(at);
}
