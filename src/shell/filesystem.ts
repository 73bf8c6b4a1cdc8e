/// What the shell and the tools ask of a file system. The one behind it (files.ts) computes /proc
/// and /sys from the host and keeps the reader's own files in the session.
/// Left out: hard links, owners other than a uid, times, devices other than /dev/null and friends.
import type { ErrnoName } from '../kernel/errno.ts';
import type { Kernel } from '../kernel/state.ts';
import type { Line } from './command.ts';
import type { Session } from './session.ts';

export type FsError = ErrnoName;

export interface Stat {
  readonly kind: 'file' | 'dir' | 'link';
  readonly mode: number; // permission bits
  readonly uid: number;
  readonly size: number; // bytes
  readonly target?: string; // of a symbolic link, as written
}

/// Who asks: the host, the shell's memory, and the effective user.
export interface FsContext {
  readonly k: Kernel;
  readonly session: Session;
  readonly uid: number;
}

/// All paths are absolute and normalised. Everything follows symbolic links except `lstat`. A
/// refusal is the name of the errno that the system call would give. The shell's own file system is
/// `files` in files.ts; a command calls it with its Io as the context.
export interface FileSystem {
  stat(io: FsContext, path: string): Stat | FsError;
  lstat(io: FsContext, path: string): Stat | FsError;
  /// Names in a directory, in the kernel's order.
  list(io: FsContext, path: string): readonly string[] | FsError;
  /// The whole of a text file, its numbers marked.
  read(io: FsContext, path: string): { readonly lines: readonly Line[] } | FsError;
  /// One write(2). A file under /proc or /sys parses the text and may refuse it; a missing file is
  /// created where the user may create one. `append: false` truncates. An empty text only opens the
  /// file, as `> file` does: permission is checked, the file is created or truncated, and a file
  /// under /proc or /sys is not written to.
  write(
    io: FsContext,
    path: string,
    text: string,
    how: { readonly append: boolean },
  ): null | FsError;
  /// Removes a file; a directory must be empty.
  remove(io: FsContext, path: string): null | FsError;
  mkdir(io: FsContext, path: string): null | FsError;
  /// Sets the permission bits of one of the reader's own files (Session.modes).
  chmod(io: FsContext, path: string, mode: number): null | FsError;
}
