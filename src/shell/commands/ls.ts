/// ls: lists directories. Names are in the order of the C locale. Left out, and said so: what needs
/// times, inode numbers or block sizes (-t, -c, -u, -i, --block-size), and -D, -I, -Z, -b, -q.
import { strerror } from '../../kernel/errno.ts';
import type { Command, Io, Running } from '../command.ts';
import { files } from '../files.ts';
import type { FsError } from '../filesystem.ts';
import { breath } from '../inputs.ts';
import {
  blocksOf,
  childPath,
  decorated,
  indicator,
  longLines,
  shownName,
  sizeOfBlocks,
} from '../ls/entry.ts';
import type { Entry } from '../ls/entry.ts';
import { inColumns } from '../ls/layout.ts';
import { readLsJob, table } from '../ls/options.ts';
import type { LsJob } from '../ls/options.ts';
import { quoted } from '../names.ts';
import { answerCommon, fail, notModelled, parseOptions, refuseUsage } from '../options.ts';
import { absolute } from '../paths.ts';
import { compareVersions } from '../sort/orders.ts';

export const ls: Command = {
  name: 'ls',
  summary: 'Lists directories.',
  usage: 'ls [-aACdFghlmnopRrsSUx1] [--color[=WHEN]] [FILE]...',
  *run(io) {
    const parsed = parseOptions(io.argv.slice(1), table);
    if ('fault' in parsed) return yield* refuseUsage(io, parsed.fault, 2);
    if (yield* answerCommon(io, ls, 'GNU coreutils 9.7', parsed.options)) return 0;
    const job = readLsJob(io, parsed.options);
    if ('missing' in job) return yield* notModelled(io, job.missing, 2);
    if ('fault' in job) return yield* fail(io, job.fault, 2);
    const listing = new Listing(io, job, parsed.operands.length > 1 || job.recursive);
    return yield* listing.operands(parsed.operands.length > 0 ? parsed.operands : ['.']);
  },
};

const maxDepth = 40; // of -R

class Listing {
  private status = 0;
  private printed = false; // something stands above: a blank line before the next directory
  private painted = false;
  private readonly io: Io;
  private readonly job: LsJob;
  private readonly headers: boolean;

  constructor(io: Io, job: LsJob, headers: boolean) {
    this.io = io;
    this.job = job;
    this.headers = headers;
  }

  *operands(names: readonly string[]): Running {
    const plain: Entry[] = [];
    const directories: Entry[] = [];
    for (const name of names) {
      const entry = this.look(name);
      if (typeof entry === 'string')
        yield* this.complain(`cannot access ${quoted(name)}`, entry, 2);
      else if (entry.stat.kind === 'dir' && !this.job.directories) directories.push(entry);
      else plain.push(entry);
    }
    if (plain.length > 0) yield* this.entries(this.sorted(plain));
    for (const entry of this.sorted(directories)) yield* this.directory(entry.name, entry.path, 0);
    return this.status;
  }

  /// An operand. A link to a directory stands for the directory, except with -l, -d and -F.
  private look(name: string): Entry | FsError {
    const path = absolute(this.io, name);
    if (name === '') return 'ENOENT';
    const own = this.job.follow ? files.stat(this.io, path) : files.lstat(this.io, path);
    if (typeof own === 'string') return own;
    const asItself = this.job.format === 'long' || this.job.directories || this.job.marks === 'all';
    const followed =
      own.kind === 'link' && (!asItself || name.endsWith('/')) ? files.stat(this.io, path) : own;
    if (typeof followed === 'string')
      return name.endsWith('/') ? followed : { name, path, stat: own };
    if (name.endsWith('/') && followed.kind !== 'dir') return 'ENOTDIR';
    return { name, path, stat: followed.kind === 'dir' ? followed : own };
  }

  private *complain(what: string, error: FsError, status: number): Running<void> {
    yield* this.io.err.line(`${this.io.argv[0] ?? 'ls'}: ${what}: ${strerror(error)}`);
    this.status = Math.max(this.status, status);
  }

  private *directory(name: string, path: string, depth: number): Running<void> {
    const names = files.list(this.io, path);
    if (typeof names === 'string')
      return yield* this.complain(
        `cannot open directory ${quoted(name)}`,
        names,
        depth === 0 ? 2 : 1,
      );
    if (this.headers)
      yield* this.io.out.write(`${this.printed ? '\n' : ''}${shownName(this.job, name)}:\n`);
    const entries = this.sorted(this.visible(path, names));
    if (this.job.format === 'long' || this.job.blocks) {
      const total = entries.reduce((sum, entry) => sum + blocksOf(entry), 0);
      yield* this.io.out.line(`total ${sizeOfBlocks(this.job, total)}`);
    }
    this.printed = true;
    yield* this.entries(entries);
    yield breath;
    if (!this.job.recursive || depth >= maxDepth) return;
    for (const entry of entries) {
      if (entry.stat.kind !== 'dir' || entry.name === '.' || entry.name === '..') continue;
      yield* this.directory(
        name.endsWith('/') ? name + entry.name : `${name}/${entry.name}`,
        entry.path,
        depth + 1,
      );
    }
  }

  private visible(path: string, names: readonly string[]): Entry[] {
    const { hidden } = this.job;
    const shown = names.filter((name) => hidden !== 'no' || !name.startsWith('.'));
    return [...(hidden === 'all' ? ['.', '..'] : []), ...shown].flatMap((name) => {
      const child = childPath(this.io, path, name);
      const stat = this.job.follow ? files.stat(this.io, child) : files.lstat(this.io, child);
      return typeof stat === 'string' ? [] : [{ name, path: child, stat }];
    });
  }

  private sorted(entries: readonly Entry[]): Entry[] {
    const { order, reverse, first } = this.job;
    if (order === 'none') return [...entries];
    const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
    const extension = (name: string): string =>
      name.lastIndexOf('.') < 0 ? '' : name.slice(name.lastIndexOf('.'));
    const compare = (a: Entry, b: Entry): number => {
      if (order === 'size' && a.stat.size !== b.stat.size) return b.stat.size - a.stat.size;
      if (order === 'version') return compareVersions(a.name, b.name) || byName(a.name, b.name);
      if (order === 'extension')
        return byName(extension(a.name), extension(b.name)) || byName(a.name, b.name);
      return byName(a.name, b.name);
    };
    const group = (entry: Entry): number => (first && entry.stat.kind === 'dir' ? 0 : 1);
    return [...entries].sort(
      (a, b) => group(a) - group(b) || (reverse ? compare(b, a) : compare(a, b)),
    );
  }

  private *entries(entries: readonly Entry[]): Running<void> {
    const { job, io } = this;
    if (entries.length === 0) return;
    this.printed = true;
    if (job.format === 'long') {
      const lines = longLines(io, job, entries);
      for (const [i, entry] of entries.entries())
        yield* io.out.line(`${lines[i] as string} ${this.shown(entry)}`);
      return;
    }
    const blocks = entries.map((entry) => (job.blocks ? sizeOfBlocks(job, blocksOf(entry)) : ''));
    const widest = Math.max(...blocks.map((text) => text.length));
    const before = blocks.map((text) => (job.blocks ? `${text.padStart(widest)} ` : ''));
    const cells = entries.map((entry, i) => (before[i] as string) + this.shown(entry));
    const widths = entries.map(
      (entry, i) =>
        (before[i] as string).length +
        shownName(job, entry.name).length +
        indicator(job, entry.stat).length,
    );
    for (const line of this.laidOut(cells, widths)) yield* io.out.line(line);
  }

  private laidOut(cells: readonly string[], widths: readonly number[]): readonly string[] {
    const { job } = this;
    if (job.format === 'one') return cells;
    if (job.format === 'commas') return commaLines(cells, widths, job.width);
    return inColumns(cells, widths, job.width, {
      across: job.format === 'across',
      tabs: !job.color,
    });
  }

  private shown(entry: Entry): string {
    return decorated(this.job, entry, (text, color) => {
      if (!this.job.color || color === '') return text;
      // The first colour is preceded by a reset, once.
      const reset = this.painted ? '' : '\x1b[0m';
      this.painted = true;
      return `${reset}\x1b[${color}m${text}\x1b[0m`;
    });
  }
}

function commaLines(cells: readonly string[], widths: readonly number[], screen: number): string[] {
  const lines: string[] = [];
  let line = '';
  let width = 0;
  cells.forEach((cell, i) => {
    const size = widths[i] as number;
    if (i > 0 && width + 2 + size >= screen) {
      lines.push(`${line},`);
      [line, width] = ['', 0];
    } else if (i > 0) {
      line += ', ';
      width += 2;
    }
    line += cell;
    width += size;
  });
  return [...lines, line];
}
