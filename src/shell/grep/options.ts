/// The options of GNU grep 3.11, read into one job.
import type { Io, Running } from '../command.ts';
import { allLines, openInput } from '../inputs.ts';
import { bare } from '../names.ts';
import { spelled } from '../options.ts';
import type { Option } from '../options.ts';
import { strerror } from '../../kernel/errno.ts';

export const table = {
  short: 'A:B:C:D:EFGHILPTUVX:abcd:e:f:hiLlm:noqRrsuvwxyZz0123456789',
  long: {
    'after-context=': 'A',
    'basic-regexp': 'G',
    'before-context=': 'B',
    'binary-files=': 'binary-files',
    binary: 'U',
    'byte-offset': 'b',
    'context=': 'C',
    'color[=]': 'color',
    'colour[=]': 'color',
    count: 'c',
    'devices=': 'D',
    'directories=': 'd',
    'exclude=': 'exclude',
    'exclude-dir=': 'exclude-dir',
    'exclude-from=': 'exclude-from',
    'extended-regexp': 'E',
    'file=': 'f',
    'files-with-matches': 'l',
    'files-without-match': 'L',
    'fixed-regexp': 'F',
    'fixed-strings': 'F',
    'group-separator=': 'group-separator',
    'ignore-case': 'i',
    'include=': 'include',
    'initial-tab': 'T',
    'invert-match': 'v',
    'label=': 'label',
    'line-buffered': 'u',
    'line-number': 'n',
    'line-regexp': 'x',
    'max-count=': 'm',
    'no-filename': 'h',
    'no-group-separator': 'no-group-separator',
    'no-ignore-case': 'no-ignore-case',
    'no-messages': 's',
    null: 'Z',
    'null-data': 'z',
    'only-matching': 'o',
    'perl-regexp': 'P',
    quiet: 'q',
    recursive: 'r',
    'dereference-recursive': 'R',
    'regexp=': 'e',
    silent: 'q',
    text: 'a',
    'unix-byte-offsets': 'u',
    version: 'V',
    'with-filename': 'H',
    'word-regexp': 'w',
    help: 'help',
  },
};

export interface Job {
  syntax: 'G' | 'E' | 'F' | 'P';
  patterns: string[] | null; // null: none given by -e or -f
  ignoreCase: boolean;
  invert: boolean;
  whole: 'line' | 'word' | null;
  report: 'lines' | 'count' | 'with' | 'without' | 'nothing';
  only: boolean;
  numbers: boolean;
  offsets: boolean;
  names: boolean | null; // null: as the number of files asks
  quietErrors: boolean;
  limit: number; // lines selected in one file
  before: number;
  after: number;
  separator: string | null; // between groups of context
  recursive: boolean;
  skipDirectories: boolean;
  include: string[];
  exclude: string[];
  excludeDirectories: string[];
  color: boolean;
  nullAfterName: boolean;
  label: string;
}

export function newJob(): Job {
  return {
    syntax: 'G',
    patterns: null,
    ignoreCase: false,
    invert: false,
    whole: null,
    report: 'lines',
    only: false,
    numbers: false,
    offsets: false,
    names: null,
    quietErrors: false,
    limit: Infinity,
    before: -1,
    after: -1,
    separator: '--',
    recursive: false,
    skipDirectories: false,
    include: [],
    exclude: [],
    excludeDirectories: [],
    color: false,
    nullAfterName: false,
    label: '(standard input)',
  };
}

export type Refusal =
  { readonly usage: string } | { readonly fault: string } | { readonly missing: string };

/// Reads the options; gives what is wrong with them.
export function* readOptions(
  io: Io,
  job: Job,
  options: readonly Option[],
): Running<Refusal | null> {
  let context = -1;
  let digits = '';
  let syntax: Job['syntax'] | null = null;
  for (const option of options) {
    const { name, value } = option;
    if (/^[GEFP]$/.test(name)) {
      if (syntax !== null && syntax !== name && (name === 'P' || syntax === 'P'))
        return { fault: 'conflicting matchers specified' };
      syntax = name as Job['syntax'];
    } else if (/^\d$/.test(name)) digits += name;
    else if (name === 'A' || name === 'B' || name === 'C') {
      if (!/^\d+$/.test(value)) return { fault: `${value}: invalid context length argument` };
      if (name === 'A') job.after = Number(value);
      else if (name === 'B') job.before = Number(value);
      else context = Number(value);
    } else if (name === 'f') {
      const read = yield* patternFile(io, value);
      if (typeof read === 'string') return { fault: read };
      job.patterns = [...(job.patterns ?? []), ...read];
    } else {
      const refused = setFlag(io, job, option);
      if (refused) return refused;
    }
  }
  if (digits !== '') context = Number(digits);
  job.syntax = syntax ?? job.syntax;
  if (job.after < 0) job.after = Math.max(0, context);
  if (job.before < 0) job.before = Math.max(0, context);
  return null;
}

const flags: Readonly<Record<string, Partial<Job>>> = {
  h: { names: false },
  H: { names: true },
  i: { ignoreCase: true },
  y: { ignoreCase: true },
  'no-ignore-case': { ignoreCase: false },
  v: { invert: true },
  n: { numbers: true },
  b: { offsets: true },
  o: { only: true },
  s: { quietErrors: true },
  w: { whole: 'word' },
  x: { whole: 'line' },
  r: { recursive: true },
  R: { recursive: true },
  Z: { nullAfterName: true },
  'no-group-separator': { separator: null },
  a: {},
  u: {},
  U: {},
  I: {},
};

function setFlag(io: Io, job: Job, option: Option): Refusal | null {
  const { name, value } = option;
  const flag = flags[name];
  if (flag) {
    // A whole line is a whole word too: -x wins whatever the order.
    if (name !== 'w' || job.whole === null) Object.assign(job, flag);
    return null;
  }
  if (name === 'c' || name === 'l' || name === 'L' || name === 'q') {
    setReport(job, name);
    return null;
  }
  if (name === 'color') return setColor(io, job, option);
  if (name === 'd') return setDirectories(job, value);
  if (name === 'e') job.patterns = [...(job.patterns ?? []), ...value.split('\n')];
  else if (name === 'm') {
    if (!/^-?\d+$/.test(value)) return { fault: 'invalid max count' };
    job.limit = value.startsWith('-') ? Infinity : Number(value);
  } else if (name === 'label') job.label = value;
  else if (name === 'group-separator') job.separator = value;
  else if (name === 'include') job.include.push(value);
  else if (name === 'exclude') job.exclude.push(value);
  else if (name === 'exclude-dir') job.excludeDirectories.push(value.replace(/\/+$/, ''));
  else return { missing: spelled(option) };
  return null;
}

// -q wins over -l and -L, which win over -c.
function setReport(job: Job, name: 'c' | 'l' | 'L' | 'q'): void {
  if (job.report === 'nothing') return;
  if (name === 'q') job.report = 'nothing';
  else if (name !== 'c') job.report = name === 'l' ? 'with' : 'without';
  else if (job.report === 'lines') job.report = 'count';
}

function setColor(io: Io, job: Job, { value, given }: Option): Refusal | null {
  const when = given ? value : 'auto';
  if (/^(?:always|yes|force)$/.test(when)) job.color = true;
  else if (/^(?:auto|tty|if-tty)$/.test(when))
    job.color = io.columns !== null && io.env.get('TERM') !== 'dumb';
  else if (/^(?:never|no|none)$/.test(when)) job.color = false;
  else return { usage: '' };
  return null;
}

function setDirectories(job: Job, value: string): Refusal | null {
  if (value === 'skip') job.skipDirectories = true;
  else if (value === 'recurse') job.recursive = true;
  else if (value !== 'read')
    return {
      usage: `invalid argument '${value}' for '--directories'\nValid arguments are:\n  - 'read'\n  - 'recurse'\n  - 'skip'`,
    };
  return null;
}

/// The patterns of -f, one on each line. An empty file has none and matches nothing.
function* patternFile(io: Io, name: string): Running<string[] | string> {
  const opened = openInput(io, name);
  if (typeof opened === 'string') return `${bare(name)}: ${strerror(opened)}`;
  const lines = yield* allLines(opened.input);
  return lines.map(({ text }) => text);
}
