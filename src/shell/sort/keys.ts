/// The options and keys of sort, and the part of a line that a key names.
import { quoted } from '../names.ts';
import type { Option } from '../options.ts';

/// How a key orders: letters of -b -d -f -g -h -i -M -n -r -V.
export interface Ordering {
  numeric: boolean;
  general: boolean;
  human: boolean;
  month: boolean;
  version: boolean;
  dictionary: boolean;
  fold: boolean;
  printable: boolean;
  reverse: boolean;
}

export interface Key {
  readonly from: Position;
  readonly to: Position | null; // null: the end of the line
  readonly order: Ordering;
}

interface Position {
  readonly field: number; // from 1
  readonly char: number; // from 1; 0 in an end: the end of the field
  readonly skipBlanks: boolean;
}

export interface SortJob {
  keys: Key[];
  separator: string | null; // null: where blanks begin
  unique: boolean;
  stable: boolean;
  reverse: boolean; // of the last resort
  check: 'no' | 'loud' | 'quiet';
  output: string | null;
}

const letters: Readonly<Record<string, keyof Ordering>> = {
  n: 'numeric',
  g: 'general',
  h: 'human',
  M: 'month',
  V: 'version',
  d: 'dictionary',
  f: 'fold',
  i: 'printable',
  r: 'reverse',
};

const plainOrder: Ordering = {
  numeric: false,
  general: false,
  human: false,
  month: false,
  version: false,
  dictionary: false,
  fold: false,
  printable: false,
  reverse: false,
};

export type Unmodelled = { readonly missing: string };

/// Reads the options. A text is what is wrong with them.
export function readSortJob(options: readonly Option[]): SortJob | Unmodelled | string {
  const job: SortJob = {
    keys: [],
    separator: null,
    unique: false,
    stable: false,
    reverse: false,
    check: 'no',
    output: null,
  };
  const global = { ...plainOrder };
  let blanks = false;
  const specs: string[] = [];
  for (const option of options) {
    const letter = letters[option.name];
    if (letter) global[letter] = true;
    else if (option.name === 'b') blanks = true;
    else if (option.name === 'k') specs.push(option.value);
    else {
      const fault = setFlag(job, option);
      if (fault) return fault;
    }
  }
  job.reverse = global.reverse;
  for (const spec of specs) {
    const key = parseKey(spec, global, blanks);
    if (typeof key === 'string') return key;
    job.keys.push(key);
  }
  const own = Object.values(global).some(Boolean) || blanks;
  if (specs.length === 0 && own) {
    const from = { field: 1, char: 1, skipBlanks: blanks };
    job.keys.push({ from, to: null, order: global });
  }
  return job.keys.map(({ order }) => conflict(order)).find((fault) => fault !== null) ?? job;
}

function setFlag(job: SortJob, { name, value }: Option): Unmodelled | string | null {
  if (name === 'u') job.unique = true;
  else if (name === 's') job.stable = true;
  else if (name === 'o') job.output = value;
  else if (name === 'm' || name === 'S' || name === 'T' || name === 'parallel') return null;
  else if (name === 'c' || name === 'C') {
    const quiet = name === 'C' || value === 'quiet' || value === 'silent';
    job.check = quiet ? 'quiet' : 'loud';
  } else if (name === 't') {
    const separator = value === '\\0' ? '\0' : value;
    if (separator === '') return 'empty tab';
    if ([...separator].length > 1) return `multi-character tab ${quoted(value)}`;
    if (job.separator !== null && job.separator !== separator) return 'incompatible tabs';
    job.separator = separator;
  } else return { missing: name.length === 1 ? `-${name}` : `--${name}` };
  return null;
}

function conflict(order: Ordering): string | null {
  const kinds = (['general', 'human', 'month', 'numeric', 'version'] as const).filter(
    (kind) => order[kind],
  );
  const text = order.dictionary || order.printable;
  if (kinds.length <= 1 && !(kinds.length === 1 && text && kinds[0] !== 'version')) return null;
  const chars = 'dfghiMnV'
    .split('')
    .filter((ch) => ch !== 'f' && order[letters[ch] as keyof Ordering]);
  return `options '-${chars.join('')}' are incompatible`;
}

const keyPattern = /^(\d+)(?:\.(\d+))?([bdfghiMnRrV]*)(?:,(\d+)(?:\.(\d+))?([bdfghiMnRrV]*))?$/;

function parseKey(spec: string, global: Ordering, blanks: boolean): Key | string {
  const match = keyPattern.exec(spec);
  if (!match) return keyFault(spec);
  const [, field = '', char, marks = '', endField, endChar, endMarks = ''] = match;
  if (Number(field) === 0 || (endField !== undefined && Number(endField) === 0))
    return `field number is zero: invalid field specification ${quoted(spec)}`;
  if (char !== undefined && Number(char) === 0)
    return `character offset is zero: invalid field specification ${quoted(spec)}`;
  const own = marks + endMarks;
  const order = own === '' ? global : { ...plainOrder };
  for (const ch of own) {
    const letter = letters[ch];
    if (letter) order[letter] = true;
  }
  const inherit = own === '' && blanks;
  const from = {
    field: Number(field),
    char: Number(char ?? 1),
    skipBlanks: inherit || marks.includes('b'),
  };
  if (endField === undefined) return { from, to: null, order };
  const to = {
    field: Number(endField),
    char: Number(endChar ?? 0),
    skipBlanks: inherit || endMarks.includes('b'),
  };
  return { from, to, order };
}

function keyFault(spec: string): string {
  const start = /^(\d*)(?:\.(\d*))?/.exec(spec);
  if (!start || start[1] === '')
    return `invalid number at field start: invalid count at start of ${quoted(spec)}`;
  const rest = spec.slice(start[0].length);
  if (start[2] === '') return `invalid number after '.': invalid count at start of ${quoted(rest)}`;
  const after = rest.replace(/^[bdfghiMnRrV]*/, '');
  if (after.startsWith(','))
    return `invalid number after ',': invalid count at start of ${quoted(after.slice(1))}`;
  return `stray character in field spec: invalid field specification ${quoted(spec)}`;
}

/// The text of the key in a line.
export function keyText(line: string, key: Key, separator: string | null): string {
  const start = position(line, key.from, separator, true);
  const end = key.to ? position(line, key.to, separator, false) : line.length;
  return start >= end ? '' : line.slice(start, end);
}

const isBlank = (ch: string | undefined): boolean => ch === ' ' || ch === '\t';

function position(
  line: string,
  place: Position,
  separator: string | null,
  begins: boolean,
): number {
  const whole = !begins && place.char === 0;
  let at = fieldStart(line, whole ? place.field + 1 : place.field, separator);
  // The end of a field is where the next begins, less the separator between them.
  if (whole)
    return separator !== null && at <= line.length && fieldFound(line, place.field, separator)
      ? at - 1
      : Math.min(at, line.length);
  if (place.skipBlanks) while (at < line.length && isBlank(line[at])) at++;
  return Math.min(at + (begins ? place.char - 1 : place.char), line.length);
}

/// Whether a separator ends the field.
function fieldFound(line: string, field: number, separator: string): boolean {
  return line.split(separator).length > field;
}

function fieldStart(line: string, field: number, separator: string | null): number {
  let at = 0;
  for (let i = 1; i < field && at < line.length; i++) {
    if (separator !== null) {
      const next = line.indexOf(separator, at);
      at = next < 0 ? line.length : next + 1;
    } else {
      while (at < line.length && isBlank(line[at])) at++;
      while (at < line.length && !isBlank(line[at])) at++;
    }
  }
  return at;
}
