/// Pathname expansion over the virtual file system: `*`, `?`, `[...]`, and `**` with globstar.
import type { FsContext, FileSystem } from './filesystem.ts';
import { isPattern, unquotePattern } from './pattern_syntax.ts';
import { matcher } from './pattern.ts';

interface GlobOptions {
  readonly dotglob: boolean;
  readonly nocaseglob: boolean;
  readonly globstar: boolean;
}

const LINK_LIMIT = 40; // MAXSYMLINKS, include/linux/namei.h
const DEPTH_LIMIT = 12; // directories that ** goes down: /sys has loops of links

/// The paths that a pattern names, sorted; none: the pattern matches nothing.
export function glob(
  fs: FileSystem,
  io: FsContext,
  pattern: string,
  options: GlobOptions,
): string[] {
  const segments = pattern.split('/');
  const absolute = segments[0] === '' && segments.length > 1;
  let found: string[] = [absolute ? '/' : ''];
  segments.forEach((segment, i) => {
    if (segment === '' && (i === 0 || i < segments.length - 1)) return;
    const last = i === segments.length - 1;
    found = found.flatMap((base) => step(fs, io, base, segment, last, options));
  });
  return found.sort();
}

function step(
  fs: FileSystem,
  io: FsContext,
  base: string,
  segment: string,
  last: boolean,
  options: GlobOptions,
): string[] {
  const at = (path: string) => kernelPath(fs, io, path);
  if (segment === '')
    return isDirectory(fs, io, at(base)) ? [base.endsWith('/') ? base : base + '/'] : [];
  if (segment === '**' && options.globstar) return descend(fs, io, base, last, options, 0);
  if (!isPattern(segment)) {
    const path = joined(base, unquotePattern(segment));
    return typeof fs.lstat(io, at(path)) === 'string' ? [] : [path];
  }
  const fits = matcher(segment, options.nocaseglob);
  const hidden = options.dotglob || segment.startsWith('.') || segment.startsWith('\\.');
  return entries(fs, io, at(base))
    .filter((name) => fits(name) && (hidden || !name.startsWith('.')))
    .map((name) => joined(base, name))
    .filter((path) => last || isDirectory(fs, io, at(path)));
}

function descend(
  fs: FileSystem,
  io: FsContext,
  base: string,
  last: boolean,
  options: GlobOptions,
  depth: number,
): string[] {
  const found = base === '' || depth === 0 ? (last ? [] : [base]) : [base];
  if (depth > DEPTH_LIMIT) return found;
  for (const name of entries(fs, io, kernelPath(fs, io, base))) {
    if (name.startsWith('.') && !options.dotglob) continue;
    const path = joined(base, name);
    const stat = fs.lstat(io, kernelPath(fs, io, path));
    if (typeof stat === 'string') continue;
    if (stat.kind === 'dir') found.push(...descend(fs, io, path, last, options, depth + 1));
    else if (last) found.push(path);
  }
  return found;
}

function entries(fs: FileSystem, io: FsContext, path: string): readonly string[] {
  const names = fs.list(io, path);
  return typeof names === 'string' ? [] : names;
}

function isDirectory(fs: FileSystem, io: FsContext, path: string): boolean {
  const stat = fs.stat(io, path);
  return typeof stat !== 'string' && stat.kind === 'dir';
}

function joined(base: string, name: string): string {
  return base === '' || base.endsWith('/') ? base + name : `${base}/${name}`;
}

/// The path that the kernel's walk reaches: `..` after a link goes to the parent of its target.
export function kernelPath(fs: FileSystem, io: FsContext, path: string): string {
  const whole = path.startsWith('/') ? path : `${io.session.cwd}/${path}`;
  const parts = whole.split('/').filter((part) => part !== '' && part !== '.');
  const last = parts.lastIndexOf('..');
  const walked = last < 0 ? '/' : walk(fs, io, '/', parts.slice(0, last + 1), LINK_LIMIT);
  return absolutePath(walked, parts.slice(last + 1).join('/'));
}

/// Follows parts from a directory that is no link; `links` may still be followed.
function walk(
  fs: FileSystem,
  io: FsContext,
  from: string,
  parts: readonly string[],
  links: number,
): string {
  let at = from;
  for (const part of parts) {
    const next = absolutePath(at, part);
    const stat = part === '..' ? 'ENOENT' : fs.lstat(io, next);
    const target =
      typeof stat !== 'string' && stat.kind === 'link' && links > 0 ? stat.target : undefined;
    at =
      target === undefined
        ? next
        : walk(
            fs,
            io,
            target.startsWith('/') ? '/' : at,
            target.split('/').filter((x) => x !== ''),
            links - 1,
          );
  }
  return at;
}

/// An absolute path without `.`, `..` and doubled slashes, taken from the text alone.
export function absolutePath(cwd: string, path: string): string {
  const whole = path.startsWith('/') ? path : `${cwd}/${path}`;
  const parts: string[] = [];
  for (const part of whole.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return '/' + parts.join('/');
}
