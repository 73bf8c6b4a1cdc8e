/// Finds and runs what is not part of the shell itself: the host's tools, and scripts in the
/// virtual file system.
import { strerror } from '../kernel/errno.ts';
import type { ErrnoName } from '../kernel/errno.ts';
import { builtins } from './builtins.ts';
import { Killed } from './command.ts';
import type { Command, ExecChange, Io, Output, Running } from './command.ts';
import { kernelPath } from './glob.ts';
import { reportJobs } from './jobs.ts';
import { refuse } from './messages.ts';
import { contextOf, fork } from './process.ts';
import type { Process } from './process.ts';
import { runBuiltin } from './simple_command.ts';
import { failingOutput, inputOfText, WriteFailed } from './stream.ts';
import type { InputStream, OutputStream } from './stream.ts';
import { toolPath } from './tool_paths.ts';
import { environment } from './variables.ts';

const processes = new WeakMap<Io, Process>();

/// The process behind an Io: for commands that are shells themselves.
export function processOf(io: Io): Process {
  const p = processes.get(io);
  if (!p) throw new Error(`${io.argv[0] ?? 'a command'} was not started by a shell`);
  return p;
}

/// Builtins that also exist as programs, so that sudo, env and xargs can run them.
const ALSO_PROGRAMS = new Set(['echo', 'printf', 'test', '[', 'true', 'false', 'pwd', 'kill']);

/// Runs a tool for the shell: prints what bash prints when there is none.
export function* runTool(p: Process, argv: readonly string[], where = ''): Running {
  const name = argv[0] ?? '';
  const status = yield* execute(p, argv);
  if (typeof status === 'number') return status;
  if (!name.includes('/') && status === 'ENOENT')
    return yield* refuse(p, `${where}${name}: ${where ? 'not found' : 'command not found'}`, 127);
  if (status === 'ENOENT') return yield* refuse(p, `${where}${name}: ${strerror('ENOENT')}`, 127);
  return yield* refuse(p, `${where}${name}: ${strerror(status)}`, 126);
}

/// Having waited for a program, an interactive shell tells of the jobs that have ended meanwhile, not only before
/// its prompt (notify_and_cleanup() in bash's jobs.c).
export function* tellOfJobs(p: Process): Running<void> {
  if (p.session.interactive && p.subshell === 0) yield* reportJobs(p);
}

/// execvp(3): gives the exit status, or why it could not be run.
export function* execute(p: Process, argv: readonly string[]): Running<number | ErrnoName> {
  const name = argv[0] ?? '';
  const tool = findTool(p, name);
  if (tool) return yield* runCommand(p, tool, argv);
  const builtin = ALSO_PROGRAMS.has(name) ? builtins.get(name) : undefined;
  if (builtin) return yield* runBuiltin(fork(p), builtin, argv);
  return name.includes('/') ? yield* runFile(p, name, argv) : 'ENOENT';
}

/// A tool by its name, or by the path where it is installed.
function findTool(p: Process, name: string): Command | undefined {
  if (!name.includes('/')) return p.machine.commands.get(name);
  const base = name.slice(name.lastIndexOf('/') + 1);
  const directories = ['/bin/', '/sbin/', '/usr/bin/', '/usr/sbin/', '/usr/local/bin/'];
  return directories.includes(name.slice(0, -base.length))
    ? p.machine.commands.get(base)
    : undefined;
}

/// A script: its first line names what runs it; without one it is bash.
function* runFile(p: Process, name: string, argv: readonly string[]): Running<number | ErrnoName> {
  const path = kernelPath(p.machine.fs, contextOf(p), name);
  const stat = p.machine.fs.stat(contextOf(p), path);
  if (typeof stat === 'string') return stat;
  if (stat.kind === 'dir') return 'EISDIR';
  if ((stat.mode & 0o111) === 0) return 'EACCES';
  const read = p.machine.fs.read(contextOf(p), path);
  if (typeof read === 'string') return read;
  const shebang = /^#!\s*(\S+)(?:\s+(.*\S))?\s*$/.exec(read.lines[0]?.text ?? '');
  const interpreter = shebang?.[1] ?? '/bin/bash';
  const words = [
    interpreter,
    ...(shebang?.[2] === undefined ? [] : [shebang[2]]),
    name,
    ...argv.slice(1),
  ];
  if (words[0] === '/usr/bin/env') words.shift();
  const tool = findTool(p, words[0] ?? '');
  if (tool) return yield* runCommand(p, tool, words);
  return yield* refuse(p, `${name}: ${interpreter}: bad interpreter: ${strerror('ENOENT')}`, 126);
}

function* runCommand(p: Process, command: Command, argv: readonly string[]): Running {
  const out = p.fds.get(1)?.out ?? failingOutput('EBADF');
  const err = p.fds.get(2)?.out ?? failingOutput('EBADF');
  const io = makeIo(p, argv, p.fds.get(0)?.in ?? inputOfText(''), out, err);
  try {
    const status = yield* command.run(io);
    const errno = out.flush();
    err.flush();
    return errno === null ? status : yield* writeError(err, argv, errno);
  } catch (error) {
    if (error instanceof WriteFailed) return yield* writeError(err, argv, error.errno);
    if (error instanceof Killed && error.status === 141) return 141;
    throw error;
  }
}

function* writeError(err: Output, argv: readonly string[], errno: ErrnoName): Running {
  yield* err.line(`${argv[0] ?? ''}: write error: ${strerror(errno)}`);
  return 1;
}

function makeIo(
  p: Process,
  argv: readonly string[],
  input: InputStream,
  out: OutputStream,
  err: OutputStream,
): Io {
  const io: Io = {
    get k() {
      return p.machine.host.k;
    },
    session: p.session,
    argv,
    env: environment(p),
    uid: p.uid,
    in: input,
    out,
    err,
    columns: out.columns,
    exec: (words, change) => execute(changed(p, change), words),
  };
  processes.set(io, p);
  return io;
}

/// The process as a command starts another with something different.
function changed(p: Process, change: ExecChange | undefined): Process {
  const child: Process = { ...fork(p), uid: change?.uid ?? p.uid };
  if (child.uid !== p.uid) child.session.user = child.uid === 0 ? 'root' : 'alice';
  if (change?.affinity) child.session.child_affinity = [...change.affinity];
  if (change?.nice !== undefined) child.session.child_nice = change.nice;
  if (change?.env) {
    child.session.vars = Object.fromEntries(change.env);
    child.session.exported = [...change.env.keys()];
  }
  const fds = new Map(child.fds);
  if (change?.in) fds.set(0, { in: asInput(change.in) });
  if (change?.out) fds.set(1, { out: asOutput(change.out) });
  if (change?.err) fds.set(2, { out: asOutput(change.err) });
  child.fds = fds;
  return child;
}

function asInput(input: Io['in']): InputStream {
  if (!('next' in input)) throw new Error('a command hands on an Input of its own making');
  return input as InputStream;
}

function asOutput(output: Output): OutputStream {
  if (!('flush' in output)) throw new Error('a command hands on an Output of its own making');
  return output as OutputStream;
}

/// Where a tool is installed, for `type` and `command -v`.
export function pathOf(p: Process, name: string): string | undefined {
  if (p.machine.commands.has(name)) return toolPath(name);
  return ALSO_PROGRAMS.has(name) ? toolPath(name) : undefined;
}
