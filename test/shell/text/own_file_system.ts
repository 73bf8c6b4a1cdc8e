/// A file system for tests of the text tools: the reader's own files alone, with the directories that
/// their names imply; no /proc, no /sys, no permissions.
import type { FileSystem, FsContext, Stat } from '../../../src/shell/filesystem.ts';

function isDirectory(io: FsContext, path: string): boolean {
  const prefix = path === '/' ? '/' : `${path}/`;
  return path === '/tmp' || Object.keys(io.session.files).some((name) => name.startsWith(prefix));
}

function stat(io: FsContext, path: string): Stat | 'ENOENT' {
  const text = io.session.files[path];
  if (text !== undefined)
    return { kind: 'file', mode: io.session.modes[path] ?? 0o644, uid: 0, size: text.length };
  return isDirectory(io, path) ? { kind: 'dir', mode: 0o755, uid: 0, size: 4096 } : 'ENOENT';
}

export const files: FileSystem = {
  stat,
  lstat: stat,
  list(io, path) {
    const found = stat(io, path);
    if (typeof found === 'string') return found;
    if (found.kind !== 'dir') return 'ENOTDIR';
    const prefix = path === '/' ? '/' : `${path}/`;
    const below = Object.keys(io.session.files).filter(
      (name) => name.startsWith(prefix) && name !== prefix,
    );
    return [...new Set(below.map((name) => name.slice(prefix.length).split('/')[0] ?? ''))].sort();
  },
  read(io, path) {
    const found = stat(io, path);
    if (typeof found === 'string') return found;
    if (found.kind === 'dir') return 'EISDIR';
    const parts = (io.session.files[path] ?? '').split('\n');
    const last = parts.pop() ?? '';
    const lines = parts.map((text) => ({ text, nl: true }));
    return { lines: last === '' ? lines : [...lines, { text: last, nl: false }] };
  },
  write(io, path, text, { append }) {
    if (isDirectory(io, path)) return 'EISDIR';
    if (!isDirectory(io, path.slice(0, path.lastIndexOf('/')) || '/')) return 'ENOENT';
    io.session.files[path] = (append ? (io.session.files[path] ?? '') : '') + text;
    return null;
  },
  remove(io, path) {
    const found = stat(io, path);
    if (typeof found === 'string') return found;
    const held = Object.keys(io.session.files).filter(
      (name) => name.startsWith(`${path}/`) && name !== `${path}/`,
    );
    if (held.length > 0) return 'ENOTEMPTY';
    delete io.session.files[path];
    delete io.session.files[`${path}/`];
    return null;
  },
  mkdir(io, path) {
    if (typeof stat(io, path) !== 'string') return 'EEXIST';
    if (!isDirectory(io, path.slice(0, path.lastIndexOf('/')) || '/')) return 'ENOENT';
    io.session.files[`${path}/`] = '';
    return null;
  },
  chmod(io, path, mode) {
    if (typeof stat(io, path) === 'string') return 'ENOENT';
    io.session.modes[path] = mode;
    return null;
  },
};
