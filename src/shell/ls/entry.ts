/// One file as ls shows it: its name, the marks and colours around it, and the columns of -l.
import { formatMoment, momentOf, wallClock } from '../clock.ts';
import type { Io } from '../command.ts';
import { files } from '../files.ts';
import type { Stat } from '../filesystem.ts';
import { bare } from '../names.ts';
import { absolute } from '../paths.ts';
import { humanSize } from '../sizes.ts';
import type { LsJob } from './options.ts';

export interface Entry {
  readonly name: string; // as shown
  readonly path: string; // absolute
  readonly stat: Stat;
}

const owners: Readonly<Record<number, string>> = { 0: 'root', 1000: 'alice' };

/// How a name is written: quoted where the job asks for it.
export function shownName(job: LsJob, name: string): string {
  if (job.quote === 'c') return `"${name.replace(/["\\]/g, '\\$&')}"`;
  return job.quote === 'shell' ? bare(name) : name;
}

/// / after a directory, @ after a link, * after a program.
export function indicator(job: LsJob, stat: Stat): string {
  if (job.marks === 'no') return '';
  if (stat.kind === 'dir') return '/';
  if (job.marks === 'slash') return '';
  if (stat.kind === 'link') return job.format === 'long' ? '' : '@';
  return job.marks === 'all' && (stat.mode & 0o111) !== 0 ? '*' : '';
}

/// The colours that ls has without LS_COLORS.
export function colorOf(stat: Stat): string {
  if (stat.kind === 'dir') return (stat.mode & 0o1002) === 0o1002 ? '30;42' : '01;34';
  if (stat.kind === 'link') return '01;36';
  return (stat.mode & 0o111) !== 0 ? '01;32' : '';
}

/// Blocks of 1024 bytes on the disk. What the kernel computes takes none.
export function blocksOf({ path, stat }: Entry): number {
  return stat.kind === 'file' && !isKernel(path) ? 4 * Math.ceil(stat.size / 4096) : 0;
}

function isKernel(path: string): boolean {
  return /^\/(?:proc|sys|dev)(?:\/|$)/.test(path);
}

/// The total line and the lines of -l, in columns.
export function longLines(io: Io, job: LsJob, entries: readonly Entry[]): string[] {
  const rows = entries.map((entry) => columnsOf(io, job, entry));
  const width = (column: number): number =>
    Math.max(0, ...rows.map((row) => row[column]?.length ?? 0));
  const widths = [0, 1, 2, 3, 4, 5, 6].map(width);
  return rows.map((row) =>
    row
      .map((cell, i) =>
        i === 0 || i === 2 || i === 5
          ? cell.padStart(widths[i] as number)
          : cell.padEnd(widths[i] as number),
      )
      .filter((_, i) => (i !== 0 || job.blocks) && (i !== 3 || job.owner) && (i !== 4 || job.group))
      .join(' '),
  );
}

/// Blocks, mode, links, owner, group, size, time.
function columnsOf(io: Io, job: LsJob, entry: Entry): string[] {
  const { stat } = entry;
  const owner = job.numeric ? String(stat.uid) : (owners[stat.uid] ?? String(stat.uid));
  const size = job.human ? humanSize(stat.size) : String(stat.size);
  return [
    sizeOfBlocks(job, blocksOf(entry)),
    modeText(stat),
    String(linksOf(io, entry)),
    owner,
    owner,
    size,
    time(io, entry),
  ];
}

export function sizeOfBlocks(job: LsJob, blocks: number): string {
  return job.human ? humanSize(blocks * 1024) : String(blocks);
}

export function modeText(stat: Stat): string {
  const kind = stat.kind === 'dir' ? 'd' : stat.kind === 'link' ? 'l' : '-';
  const bits = [...'rwxrwxrwx'].map((letter, i) => (stat.mode & (0o400 >> i) ? letter : '-'));
  const special = (index: number, bit: number, letter: string): void => {
    if (stat.mode & bit) bits[index] = bits[index] === 'x' ? letter : letter.toUpperCase();
  };
  special(2, 0o4000, 's');
  special(5, 0o2000, 's');
  special(8, 0o1000, 't');
  return kind + bits.join('');
}

/// A directory is named by its parent, by itself and by each directory in it.
function linksOf(io: Io, { path, stat }: Entry): number {
  if (stat.kind !== 'dir') return 1;
  const names = files.list(io, path);
  if (typeof names === 'string') return 2;
  const inner = names.filter((name) => {
    const child = files.lstat(io, path === '/' ? `/${name}` : `${path}/${name}`);
    return typeof child !== 'string' && child.kind === 'dir';
  });
  return 2 + inner.length;
}

// The kernel stamps the inodes of /proc and /sys when they are first looked at: now. No times are
// kept for the reader's own files, so they have the mark that ls gives to a time it cannot tell.
function time(io: Io, { path }: Entry): string {
  if (!isKernel(path)) return '?'.padStart(12);
  return formatMoment(momentOf(wallClock(io.k)), '%b %e %H:%M');
}

/// `name -> target` and the marks around a name.
export function decorated(
  job: LsJob,
  entry: Entry,
  paint: (text: string, color: string) => string,
): string {
  const name = paint(shownName(job, entry.name), colorOf(entry.stat)) + indicator(job, entry.stat);
  if (job.format !== 'long' || entry.stat.kind !== 'link') return name;
  return `${name} -> ${entry.stat.target ?? ''}`;
}

/// The path of a name that stands in a directory.
export function childPath(io: Io, directory: string, name: string): string {
  return absolute(io, directory.endsWith('/') ? directory + name : `${directory}/${name}`);
}
