/// The options of ls, read into one job.
import type { Io } from '../command.ts';
import { quoted } from '../names.ts';
import { common, spelled } from '../options.ts';
import type { Option } from '../options.ts';

export const table = {
  short: 'aAbBcCdDfFgGhHiI:klLmnNopqQrRsStT:uUvw:xXZ1',
  long: {
    all: 'a',
    'almost-all': 'A',
    author: 'author',
    'block-size=': 'block-size',
    'classify[=]': 'F',
    'color[=]': 'color',
    'dereference-command-line': 'H',
    dereference: 'L',
    directory: 'd',
    escape: 'b',
    'file-type': 'file-type',
    'format=': 'format',
    'full-time': 'full-time',
    'group-directories-first': 'group-directories-first',
    'human-readable': 'h',
    'hide=': 'hide',
    'ignore=': 'I',
    inode: 'i',
    literal: 'N',
    'no-group': 'G',
    'numeric-uid-gid': 'n',
    'quote-name': 'Q',
    recursive: 'R',
    reverse: 'r',
    size: 's',
    'sort=': 'sort',
    'time-style=': 'time-style',
    'width=': 'w',
    ...common,
  },
};

export interface LsJob {
  hidden: 'no' | 'almost' | 'all';
  format: 'one' | 'columns' | 'across' | 'commas' | 'long';
  directories: boolean; // -d: themselves, not what is in them
  recursive: boolean;
  reverse: boolean;
  order: 'name' | 'size' | 'none' | 'version' | 'extension';
  human: boolean;
  blocks: boolean;
  numeric: boolean;
  owner: boolean;
  group: boolean;
  marks: 'no' | 'slash' | 'all' | 'types'; // -p, -F, --file-type
  follow: boolean;
  quote: 'literal' | 'shell' | 'c';
  width: number;
  color: boolean;
  first: boolean; // directories first
}

export type LsFault = { readonly fault: string } | { readonly missing: string };

/// What changes the job as a whole.
const flags: Readonly<Record<string, Partial<LsJob>>> = {
  a: { hidden: 'all' },
  A: { hidden: 'almost' },
  C: { format: 'columns' },
  x: { format: 'across' },
  m: { format: 'commas' },
  l: { format: 'long' },
  d: { directories: true },
  f: { hidden: 'all', order: 'none' },
  F: { marks: 'all' },
  'file-type': { marks: 'types' },
  p: { marks: 'slash' },
  g: { format: 'long', owner: false },
  G: { group: false },
  o: { format: 'long', group: false },
  h: { human: true },
  k: {},
  L: { follow: true },
  H: {},
  n: { format: 'long', numeric: true },
  N: { quote: 'literal' },
  Q: { quote: 'c' },
  r: { reverse: true },
  R: { recursive: true },
  s: { blocks: true },
  S: { order: 'size' },
  U: { order: 'none' },
  v: { order: 'version' },
  X: { order: 'extension' },
  'group-directories-first': { first: true },
};

export function readLsJob(io: Io, options: readonly Option[]): LsJob | LsFault {
  const terminal = io.columns !== null;
  const job: LsJob = {
    hidden: 'no',
    format: terminal ? 'columns' : 'one',
    directories: false,
    recursive: false,
    reverse: false,
    order: 'name',
    human: false,
    blocks: false,
    numeric: false,
    owner: true,
    group: true,
    marks: 'no',
    follow: false,
    quote: terminal ? 'shell' : 'literal',
    width: io.columns ?? 80,
    color: false,
    first: false,
  };
  for (const option of options) {
    const { name, value } = option;
    const flag = flags[name];
    if (flag) Object.assign(job, flag);
    else if (name === '1') job.format = job.format === 'long' ? 'long' : 'one';
    else if (name === 'w') {
      if (!/^\d+$/.test(value)) return { fault: `invalid line width: ${quoted(value)}` };
      job.width = Number(value) || Infinity;
    } else if (name === 'color') {
      const color = readColor(option, terminal);
      if (typeof color === 'string') return { fault: color };
      job.color = color;
    } else return { missing: spelled(option) };
  }
  return job;
}

function readColor({ value, given }: Option, terminal: boolean): boolean | string {
  if (!given || /^(?:always|yes|force)$/.test(value)) return true;
  if (/^(?:never|no|none)$/.test(value)) return false;
  if (/^(?:auto|tty|if-tty)$/.test(value)) return terminal;
  return (
    `invalid argument ${quoted(value)} for '--color'\nValid arguments are:\n` +
    "  - 'always', 'yes', 'force'\n  - 'never', 'no', 'none'\n  - 'auto', 'tty', 'if-tty'\n" +
    "Try 'ls --help' for more information."
  );
}
