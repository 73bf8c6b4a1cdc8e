/// What /proc and /sys are made of: directories, files and links computed from the host when someone
/// looks. Nothing here is kept, so a file can never disagree with the host.
import { fails, type ErrnoName, type Result } from '../kernel/errno.ts';
import type { Line } from './command.ts';
import { join, type Piece } from './marked.ts';

export interface FileNode {
  readonly kind: 'file';
  readonly mode: number; // permission bits
  readonly size: number; // bytes; 0 in /proc, a page in /sys
  /// The lines of the file, or the errno with which the kernel refuses to give them.
  read(): readonly Line[] | ErrnoName;
  /// One write(2) of a text.
  write(text: string): Result;
}

export interface DirNode {
  readonly kind: 'dir';
  readonly mode: number;
  /// The entry of that name, or null.
  child(name: string): Node | null;
  /// Names of the entries, in the kernel's order.
  names(): readonly string[];
}

export interface LinkNode {
  readonly kind: 'link';
  readonly target: string; // as written: relative to the directory that holds it
}

export type Node = FileNode | DirNode | LinkNode;

/// What a file's reader may give: one line, lines, or the errno of a refused read.
export type Text = string | number | readonly Line[] | { readonly errno: ErrnoName };

/// An entry of a directory that is made only when somebody opens it.
export type Entry = Node | (() => Node);

/// A line of text and marked values.
export function row(...pieces: readonly Piece[]): Line {
  const { text, marks } = join(pieces);
  return marks.length > 0 ? { text, nl: true, marks } : { text, nl: true };
}

/// Lines of plain text.
export function plain(text: string): Line[] {
  return text === '' ? [] : text.split('\n').map((line) => ({ text: line, nl: true }));
}

/// One value on a line of its own, that can be hovered.
export function marked(text: string | number, ref: string): Line[] {
  const digits = String(text);
  return [{ text: digits, nl: true, marks: [{ start: 0, end: digits.length, ref }] }];
}

/// The read of it fails.
export function failing(errno: ErrnoName): { readonly errno: ErrnoName } {
  return { errno };
}

interface FileOptions {
  readonly mode?: number;
  readonly size?: number;
  readonly write?: (text: string) => Result;
}

/// A file: readable by everybody, writable by root when it takes a write.
export function file(read: () => Text, options: FileOptions = {}): FileNode {
  const { write, size = 0, mode = write ? 0o644 : 0o444 } = options;
  return {
    kind: 'file',
    mode,
    size,
    read() {
      const text = read();
      if (typeof text === 'string') return [{ text, nl: true }];
      if (typeof text === 'number') return [{ text: String(text), nl: true }];
      return 'errno' in text ? text.errno : text;
    },
    // A file without a store method: writing gives EIO (fs/sysfs/file.c, fs/proc/inode.c).
    write: write ?? (() => fails('EIO')),
  };
}

/// A file of /sys: one page long.
export function attribute(read: () => Text, options: FileOptions = {}): FileNode {
  return file(read, { size: 4096, ...options });
}

/// A file of /sys that only root may write and nobody may read.
export function trigger(mode = 0o200, write?: (text: string) => Result): FileNode {
  return attribute(() => failing('EIO'), { mode, ...(write ? { write } : {}) });
}

/// A directory with these entries.
export function dir(entries: Readonly<Record<string, Entry>>, mode = 0o555): DirNode {
  return {
    kind: 'dir',
    mode,
    names: () => Object.keys(entries),
    child(name) {
      const found = Object.hasOwn(entries, name) ? entries[name] : undefined;
      if (!found) return null;
      return typeof found === 'function' ? found() : found;
    },
  };
}

export function link(target: string): LinkNode {
  return { kind: 'link', target };
}
