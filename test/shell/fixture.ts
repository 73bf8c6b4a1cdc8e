/// A shell on a small fixed host and a file system in memory, for tests of the language alone.
import { hosts } from '../../src/hardware/hosts.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import { strerror } from '../../src/kernel/errno.ts';
import { Killed } from '../../src/shell/command.ts';
import type { Command, Running } from '../../src/shell/command.ts';
import { bash, sh } from '../../src/shell/commands/bash.ts';
import { seq } from '../../src/shell/commands/seq.ts';
import { sleep } from '../../src/shell/commands/sleep.ts';
import { yes } from '../../src/shell/commands/yes.ts';
import type { FileSystem, FsContext, Stat } from '../../src/shell/filesystem.ts';
import { absolutePath } from '../../src/shell/glob.ts';
import { makeMachine, runLine } from '../../src/shell/machine.ts';
import type { SinkBox } from '../../src/shell/machine.ts';
import { newSession } from '../../src/shell/new_session.ts';
import type { Machine } from '../../src/shell/process.ts';
import type { Session } from '../../src/shell/session.ts';
import { linesOf } from '../../src/shell/stream.ts';

const DIRECTORIES = new Set([
  '/',
  '/tmp',
  '/root',
  '/proc',
  '/proc/sys',
  '/home',
  '/home/alice',
  '/dev',
  '/dev/fd',
]);

/// Files of the session, a directory per `mkdir`, and /proc/refuses, which takes no write.
export const memoryFiles: FileSystem = {
  stat: (io, path) => statOf(io, path),
  lstat: (io, path) => statOf(io, path),
  list(io, path) {
    if (!isDirectory(io, path)) return Object.hasOwn(io.session.files, path) ? 'ENOTDIR' : 'ENOENT';
    const base = path === '/' ? '/' : path + '/';
    const all = [
      ...DIRECTORIES,
      ...Object.keys(io.session.files).map((name) => name.replace(/\/$/, '')),
    ];
    const inside = all
      .filter((name) => name !== path && name.startsWith(base))
      .map((name) => name.slice(base.length).split('/')[0] ?? '');
    return [...new Set(inside)].filter((name) => name !== '').sort();
  },
  read(io, path) {
    if (isDirectory(io, path)) return 'EISDIR';
    const text = io.session.files[path];
    return text === undefined ? 'ENOENT' : { lines: linesOf(text) };
  },
  write(io, path, text, { append }) {
    if (path === '/proc/refuses') return text === '' ? null : 'EINVAL';
    if (path === '/proc/locked') return io.uid === 0 ? null : 'EACCES';
    if (isDirectory(io, path)) return 'EISDIR';
    if (!isDirectory(io, path.replace(/\/[^/]*$/, '') || '/')) return 'ENOENT';
    if (path.startsWith('/proc/')) return 'EACCES';
    io.session.files[path] = (append ? (io.session.files[path] ?? '') : '') + text;
    return null;
  },
  remove(io, path) {
    delete io.session.files[path];
    return null;
  },
  mkdir(io, path) {
    io.session.files[path + '/'] = '';
    return null;
  },
  chmod(io, path, mode) {
    io.session.modes[path] = mode;
    return null;
  },
};

function isDirectory(io: FsContext, path: string): boolean {
  return DIRECTORIES.has(path) || Object.hasOwn(io.session.files, path + '/');
}

function statOf(io: FsContext, path: string): Stat | 'ENOENT' {
  if (isDirectory(io, path)) return { kind: 'dir', mode: 0o755, uid: 0, size: 0 };
  const text = io.session.files[path];
  if (text === undefined) return 'ENOENT';
  return { kind: 'file', mode: io.session.modes[path] ?? 0o644, uid: 0, size: text.length };
}

/// Just enough of cat and head to stand in pipes; the real ones have their own tests.
const cat: Command = {
  name: 'cat',
  summary: '',
  usage: '',
  *run(io) {
    for (const name of io.argv.slice(1)) {
      const read = memoryFiles.read(io, absolutePath(io.session.cwd, name));
      if (typeof read === 'string') {
        yield* io.err.line(`cat: ${name}: ${strerror(read)}`);
        return 1;
      }
      for (const line of read.lines) yield* io.out.pass(line);
    }
    if (io.argv.length > 1) return 0;
    for (let line = yield* io.in.line(); line; line = yield* io.in.line()) yield* io.out.pass(line);
    return 0;
  },
};

const head: Command = {
  name: 'head',
  summary: '',
  usage: '',
  *run(io) {
    for (let n = Number(io.argv[1]?.slice(1) ?? 10); n > 0; n--) {
      const line = yield* io.in.line();
      if (!line) break;
      yield* io.out.pass(line);
    }
    return 0;
  },
};

/// Only what the shell itself reads of a host.
export function smallKernel(): Kernel {
  const desc = hosts['igb'];
  if (!desc) throw new Error('no host igb');
  return { desc, seed: 1, now: 0, tasks: [], devs: [], sysctl: {} } as unknown as Kernel;
}

export interface Bench {
  readonly session: Session;
  readonly machine: Machine;
  readonly host: { k: Kernel };
  readonly box: SinkBox; // where output goes
  out: string;
  err: string;
  /// Runs a line to its end in virtual time. `input` is what is typed while it runs.
  run(source: string, input?: readonly string[]): number;
  /// The generator, for tests that drive it step by step.
  start(source: string): Running;
}

export function bench(extra: readonly Command[] = [], user: 'root' | 'alice' = 'root'): Bench {
  const host = { k: smallKernel() };
  const session = newSession(host.k, user);
  const commands = new Map(
    [bash, sh, cat, head, seq, sleep, yes, ...extra].map((command) => [command.name, command]),
  );
  let typed: string[] = [];
  const box: SinkBox = {
    current: {
      out: (line) => void (b.out += line.text + (line.nl ? '\n' : '')),
      err: (line) => void (b.err += line.text + (line.nl ? '\n' : '')),
      input: () => typed.shift() ?? null,
      columns: null,
    },
  };
  const b: Bench = {
    session,
    host,
    box,
    out: '',
    err: '',
    machine: makeMachine(host, memoryFiles, commands, box),
    run(source, input = []) {
      typed = [...input];
      b.out = '';
      b.err = '';
      return finish(host.k, b.start(source));
    },
    start: (source) => runLine(b.machine, session, source),
  };
  return b;
}

/// Drives a generator to its end; virtual time passes at once. Stops what breathes for too long.
export function finish(k: Kernel, running: Running, breaths = 100_000): number {
  let result = running.next();
  for (let n = 0; !result.done; n++) {
    if (result.value.kind === 'sleep') k.now += result.value.ns;
    result = n < breaths ? running.next() : running.throw(new Killed(130));
    if (n > breaths + 10) throw new Error('Ctrl-C did not stop the line');
  }
  return result.value;
}
