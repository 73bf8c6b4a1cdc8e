/// The file system of the host: /proc and /sys computed from it, /dev/null and /dev/full, and the reader's own
/// files, which the session keeps. A path walk follows symbolic links as the kernel does.
/// Left out: owners other than by directory, times, hard links, programs as files.
import type { ErrnoName } from '../kernel/errno.ts';
import type { FileSystem, FsContext, FsError, Stat } from './filesystem.ts';
import { dir, link, plain, file, type DirNode, type Node } from './nodes.ts';
import {
  existingDirectories,
  makeDirectory,
  ownFiles,
  ownStat,
  removeOwn,
  setMode,
  writeOwn,
} from './own_files.ts';
import { proc } from './proc/root.ts';
import { sys } from './sys/root.ts';

const LINKS = 40; // MAXSYMLINKS

/// What a path leads to: a node of /proc, /sys or /dev, or one of the reader's own files.
type Found =
  | { readonly at: string; readonly node: Node }
  | { readonly at: string; readonly own: 'file' | 'dir' };

function root(io: FsContext, name: string): DirNode | null {
  if (name === 'proc') return proc(io.k);
  if (name === 'sys') return sys(io.k);
  if (name === 'dev') return devices();
  return null;
}

function devices(): DirNode {
  const device = () => file(() => [], { mode: 0o666, write: () => ({ ok: true }) });
  return dir(
    {
      fd: link('/proc/self/fd'),
      full: file(() => [], { mode: 0o666, write: () => ({ ok: false, errno: 'ENOSPC' }) }),
      null: device(),
      tty: device(),
      zero: file(() => ({ errno: 'ENOTMODELLED' }), { mode: 0o666, write: () => ({ ok: true }) }),
    },
    0o755,
  );
}

/// The directory that holds a path, and the last name of it.
function split(path: string): [string, string] {
  const at = path.lastIndexOf('/');
  return [path.slice(0, at) || '/', path.slice(at + 1)];
}

/// Resolves `.` and `..` by words alone; used for paths that hold no links.
function normal(path: string): string {
  const words: string[] = [];
  for (const word of path.split('/')) {
    if (word === '..') words.pop();
    else if (word !== '' && word !== '.') words.push(word);
  }
  return `/${words.join('/')}`;
}

/// Walks a path, one name at a time. The last name is followed when it is a link, unless told not to.
function walk(io: FsContext, path: string, last: boolean, depth = 0): Found | ErrnoName {
  if (depth > LINKS) return 'ELOOP';
  const follow = last || path.endsWith('/');
  const words = path.split('/').filter((word) => word !== '' && word !== '.');
  const tree = root(io, words[0] ?? '');
  if (!tree || Object.hasOwn(io.session.files, normal(path))) return walkOwn(io, path);
  let node: Node = tree;
  const here = [words[0] ?? ''];
  const trail: Node[] = [tree];
  for (let index = 1; index < words.length; index++) {
    const word = words[index] ?? '';
    if (node.kind !== 'dir') return 'ENOTDIR';
    if (word === '..') {
      here.pop();
      trail.pop();
      const above = trail.at(-1);
      if (!above) return walk(io, `/${words.slice(index + 1).join('/')}`, follow, depth + 1);
      node = above;
      continue;
    }
    const child = node.child(word);
    if (!child) return 'ENOENT';
    const final = index === words.length - 1;
    if (child.kind === 'link' && (!final || follow)) {
      const base = child.target.startsWith('/') ? '' : `/${here.join('/')}/`;
      const rest = words
        .slice(index + 1)
        .map((name) => `/${name}`)
        .join('');
      return walk(io, `${base}${child.target}${rest}`, follow, depth + 1);
    }
    here.push(word);
    trail.push(child);
    node = child;
  }
  return { at: `/${here.join('/')}`, node };
}

function walkOwn(io: FsContext, path: string): Found | ErrnoName {
  const at = normal(path);
  if (!maySearch(io, at)) return 'EACCES';
  if (Object.hasOwn(io.session.files, at)) return { at, own: 'file' };
  if (existingDirectories(io).has(at)) return { at, own: 'dir' };
  // A name below a file is another mistake than a name that is missing.
  for (let above = split(at)[0]; above !== '/'; above = split(above)[0])
    if (Object.hasOwn(io.session.files, above)) return 'ENOTDIR';
  return 'ENOENT';
}

/// Every directory above a path must be open to whoever asks.
function maySearch(io: FsContext, path: string): boolean {
  if (io.uid === 0) return true;
  for (let above = split(path)[0]; above !== '/'; above = split(above)[0])
    if ((allowed(ownStat(io, above, 'dir'), io.uid) & 1) === 0) return false;
  return true;
}

function statOf(io: FsContext, found: Found): Stat {
  if ('own' in found) return ownStat(io, found.at, found.own);
  const { node } = found;
  // kernfs keeps no size for its links.
  if (node.kind === 'link')
    return { kind: 'link', mode: 0o777, uid: 0, size: 0, target: node.target };
  return { kind: node.kind, mode: node.mode, uid: 0, size: node.kind === 'file' ? node.size : 0 };
}

/// Which permission bits of a file hold for whoever asks: 4 read, 2 write, 1 search.
function allowed(stat: Stat, uid: number): number {
  return (uid === stat.uid ? stat.mode >> 6 : stat.mode) & 7;
}

function mayRead(io: FsContext, stat: Stat): boolean {
  return io.uid === 0 || (allowed(stat, io.uid) & 4) !== 0;
}

/// sysctls and files of /sys refuse writers without a write bit, root included; elsewhere root may open
/// everything (proc_sys_permission(), kernfs_fop_open()).
function mayWrite(io: FsContext, stat: Stat, path: string): boolean {
  if (io.uid !== 0) return (allowed(stat, io.uid) & 2) !== 0;
  return /^\/(sys|proc\/sys)\//.test(path) ? (stat.mode & 0o200) !== 0 : true;
}

export const files: FileSystem = {
  stat(io, path) {
    const found = walk(io, path, true);
    return typeof found === 'string' ? found : statOf(io, found);
  },

  lstat(io, path) {
    const found = walk(io, path, false);
    return typeof found === 'string' ? found : statOf(io, found);
  },

  list(io, path) {
    const found = walk(io, path, true);
    if (typeof found === 'string') return found;
    const stat = statOf(io, found);
    if (stat.kind !== 'dir') return 'ENOTDIR';
    if (!mayRead(io, stat)) return 'EACCES';
    const names = 'own' in found ? [] : found.node.kind === 'dir' ? found.node.names() : [];
    return [...names, ...ownFiles(io, found.at).filter((name) => !names.includes(name))];
  },

  read(io, path) {
    const found = walk(io, path, true);
    if (typeof found === 'string') return found;
    const stat = statOf(io, found);
    if (!mayRead(io, stat)) return 'EACCES';
    if (stat.kind === 'dir') return 'EISDIR';
    if ('own' in found) return { lines: linesOf(io.session.files[found.at] ?? '') };
    if (found.node.kind !== 'file') return 'EISDIR';
    const lines = found.node.read();
    return typeof lines === 'string' ? lines : { lines };
  },

  write(io, path, text, { append }) {
    const found = walk(io, path, true);
    if (found === 'ENOENT') return create(io, path, text);
    if (typeof found === 'string') return found;
    const stat = statOf(io, found);
    if (stat.kind === 'dir') return 'EISDIR';
    if (!mayWrite(io, stat, found.at)) return 'EACCES';
    if ('own' in found) return writeOwn(io, found.at, text, append);
    if (text === '' || found.node.kind !== 'file') return null;
    const result = found.node.write(text);
    return result.ok ? null : result.errno;
  },

  remove(io, path) {
    const found = walk(io, path, false);
    if (typeof found === 'string') return found;
    if (!('own' in found)) return io.uid === 0 ? 'EPERM' : 'EACCES';
    return removeOwn(io, found.at, found.own);
  },

  mkdir(io, path) {
    const found = walk(io, path, false);
    if (found !== 'ENOENT') return typeof found === 'string' ? found : 'EEXIST';
    const refused = mayCreate(io, path);
    return refused ?? makeDirectory(io, normal(path));
  },

  chmod(io, path, mode) {
    const found = walk(io, path, true);
    if (typeof found === 'string') return found;
    return 'own' in found ? setMode(io, found.at, found.own, mode) : 'EPERM';
  },
};

/// Why no file can be made here, or null. /sys takes no new files, nor does /proc.
function mayCreate(io: FsContext, path: string): FsError | null {
  const [parent] = split(path.replace(/\/+$/, ''));
  const found = walk(io, parent, true);
  if (typeof found === 'string') return found;
  const stat = statOf(io, found);
  if (stat.kind !== 'dir') return 'ENOTDIR';
  if ('own' in found) return io.uid === 0 || (allowed(stat, io.uid) & 2) !== 0 ? null : 'EACCES';
  if (found.at === '/proc' || found.at.startsWith('/proc/')) return 'ENOENT';
  return 'EACCES';
}

function create(io: FsContext, path: string, text: string): FsError | null {
  const refused = mayCreate(io, path);
  if (refused) return refused;
  // The directory may have been reached through a link; only /proc and /sys have any.
  return writeOwn(io, normal(path), text, false);
}

/// The lines of a text; the last one may lack its newline.
function linesOf(text: string) {
  if (text === '') return [];
  const ended = text.endsWith('\n');
  const lines = plain(ended ? text.slice(0, -1) : text);
  const last = lines.at(-1);
  if (!ended && last) lines[lines.length - 1] = { text: last.text, nl: false };
  return text === '\n' ? [{ text: '', nl: true }] : lines;
}
