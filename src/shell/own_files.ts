/// The reader's own files: what the session remembers below /tmp, /root, /home and the other ordinary
/// directories. A directory made with mkdir is an entry whose name ends with a slash.
/// Left out: owners; a file belongs to whom its directory belongs to, one below /tmp to the session's user.
import type { FsContext, FsError, Stat } from './filesystem.ts';

/// Directories that are always there, with their permission bits.
const directories: Readonly<Record<string, number>> = {
  '/': 0o755,
  '/bin': 0o755,
  '/boot': 0o755,
  '/etc': 0o755,
  '/home': 0o755,
  '/home/alice': 0o755,
  '/mnt': 0o755,
  '/opt': 0o755,
  '/proc': 0o555,
  '/root': 0o700,
  '/run': 0o755,
  '/sbin': 0o755,
  '/sys': 0o555,
  '/tmp': 0o1777,
  '/usr': 0o755,
  '/usr/bin': 0o755,
  '/usr/lib': 0o755,
  '/usr/local': 0o755,
  '/usr/local/bin': 0o755,
  '/usr/sbin': 0o755,
  '/var': 0o755,
  '/var/log': 0o755,
  '/var/tmp': 0o1777,
};

const SESSION_LIMIT = 4 * 1024 * 1024; // characters in all files together

/// All ordinary directories: the fixed ones, those made, and those that a kept file implies.
export function existingDirectories(io: FsContext): Set<string> {
  const found = new Set(Object.keys(directories));
  found.add('/dev');
  for (const name of Object.keys(io.session.files)) {
    const parts = name.split('/').slice(1, -1);
    for (let depth = 1; depth <= parts.length; depth++)
      found.add(`/${parts.slice(0, depth).join('/')}`);
  }
  return found;
}

/// Names in an ordinary directory.
export function ownFiles(io: FsContext, directory: string): string[] {
  const prefix = directory === '/' ? '/' : `${directory}/`;
  const names = new Set<string>();
  const all = [...existingDirectories(io), ...Object.keys(io.session.files)];
  for (const path of all) {
    if (!path.startsWith(prefix) || path === prefix) continue;
    const name = path.slice(prefix.length).split('/')[0];
    if (name) names.add(name);
  }
  if (directory === '/') names.add('dev');
  return [...names].sort();
}

function ownerOf(io: FsContext, path: string): number {
  if (path === '/home/alice' || path.startsWith('/home/alice/')) return 1000;
  if (/^\/(?:var\/)?tmp\/./.test(path)) return io.session.user === 'alice' ? 1000 : 0;
  return 0;
}

export function ownStat(io: FsContext, path: string, kind: 'file' | 'dir'): Stat {
  const key = kind === 'dir' ? `${path}/` : path;
  const masked = (kind === 'dir' ? 0o777 : 0o666) & ~0o022;
  const mode = io.session.modes[key] ?? (kind === 'dir' ? directories[path] : undefined) ?? masked;
  const size = kind === 'dir' ? 4096 : (io.session.files[path] ?? '').length;
  return { kind, mode, uid: ownerOf(io, path), size };
}

export function writeOwn(
  io: FsContext,
  path: string,
  text: string,
  append: boolean,
): FsError | null {
  const { files } = io.session;
  const before = append ? (files[path] ?? '') : '';
  const used = Object.values(files).reduce((sum, content) => sum + content.length, 0);
  if (used + text.length > SESSION_LIMIT) return 'ENOSPC';
  if (!Object.hasOwn(files, path) && io.session.umask !== 0o022)
    io.session.modes[path] = 0o666 & ~io.session.umask;
  files[path] = before + text;
  return null;
}

export function removeOwn(io: FsContext, path: string, kind: 'file' | 'dir'): FsError | null {
  const parent = ownStat(io, path.slice(0, path.lastIndexOf('/')) || '/', 'dir');
  const bits = io.uid === parent.uid ? parent.mode >> 6 : parent.mode;
  if (io.uid !== 0 && (bits & 2) === 0) return 'EACCES';
  if (kind === 'dir') {
    if (ownFiles(io, path).length > 0) return 'ENOTEMPTY';
    if (path in directories) return 'EBUSY';
  }
  const key = kind === 'dir' ? `${path}/` : path;
  delete io.session.files[key];
  delete io.session.modes[key];
  return null;
}

export function makeDirectory(io: FsContext, path: string): null {
  io.session.files[`${path}/`] = '';
  if (io.session.umask !== 0o022) io.session.modes[`${path}/`] = 0o777 & ~io.session.umask;
  return null;
}

export function setMode(
  io: FsContext,
  path: string,
  kind: 'file' | 'dir',
  mode: number,
): FsError | null {
  if (io.uid !== 0 && io.uid !== ownerOf(io, path)) return 'EPERM';
  io.session.modes[kind === 'dir' ? `${path}/` : path] = mode & 0o7777;
  return null;
}
