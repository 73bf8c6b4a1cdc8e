/// bash and sh as commands: -c, script files, and scripts from standard input. The new shell sees
/// the exported variables only, and writes to the same files.
/// Left out: interactive shells inside the shell, and the differences of dash, which sh is on Debian.
import type { Command, Io, Running } from '../command.ts';
import { runSource } from '../evaluate.ts';
import { kernelPath } from '../glob.ts';
import { newSession } from '../new_session.ts';
import { parseScript } from '../parse.ts';
import { contextOf, fork } from '../process.ts';
import type { Process } from '../process.ts';
import { processOf } from '../run_command.ts';
import type { Session } from '../session.ts';
import { runExitTrap } from '../traps.ts';
import { strerror } from '../../kernel/errno.ts';

const LETTERS: Record<string, string> = {
  e: 'errexit',
  u: 'nounset',
  x: 'xtrace',
  f: 'noglob',
  n: 'noexec',
  a: 'allexport',
};
const NESTING_LIMIT = 30; // bash started by bash started by bash

interface Wish {
  options: Record<string, boolean>;
  command: boolean;
  words: string[];
  bad: string | null;
}

function parse(argv: readonly string[]): Wish {
  const wish: Wish = { options: {}, command: false, words: [], bad: null };
  let i = 1;
  for (; /^[-+]./.test(argv[i] ?? '') && argv[i] !== '--'; i++) {
    const word = argv[i] ?? '';
    if (/^--(norc|noprofile|posix|login)$/.test(word)) continue;
    if (/^[-+]o$/.test(word)) wish.options[argv[++i] ?? ''] = word[0] === '-';
    else if (!/^[-+][ceuxfnasil]+$/.test(word)) return { ...wish, bad: word };
    else {
      for (const letter of word.slice(1)) {
        if (letter === 'c') wish.command = true;
        else if (LETTERS[letter] !== undefined) wish.options[LETTERS[letter]] = word[0] === '-';
      }
    }
  }
  if (argv[i] === '--') i++;
  wish.words = argv.slice(i);
  return wish;
}

/// What the new shell runs, or the line to print and the status when there is nothing to run.
interface Source {
  readonly text: string;
  readonly name: string;
  readonly args: readonly string[];
}

function* sourceOf(
  io: Io,
  wish: Wish,
): Running<Source | { readonly message: string; readonly status: number }> {
  const self = io.argv[0]?.split('/').at(-1) ?? 'bash';
  const [first, ...rest] = wish.words;
  if (wish.command) {
    if (first === undefined)
      return { message: `${self}: -c: option requires an argument`, status: 2 };
    return { text: first, name: rest[0] ?? self, args: rest.slice(1) };
  }
  if (first === undefined) {
    const p = processOf(io);
    if (p.fds.get(0)?.in?.terminal)
      return {
        message: `${self}: softnet: not modelled here: a shell inside the shell`,
        status: 1,
      };
    return { text: yield* io.in.all(), name: self, args: [] };
  }
  const p = processOf(io);
  const read = p.machine.fs.read(contextOf(p), kernelPath(p.machine.fs, contextOf(p), first));
  if (typeof read === 'string')
    return {
      message: `${self}: ${first}: ${strerror(read)}`,
      status: read === 'EISDIR' ? 126 : 127,
    };
  const text = read.lines.map((line) => line.text + (line.nl ? '\n' : '')).join('');
  return { text, name: first, args: rest };
}

function childSession(io: Io, source: Source, wish: Wish): Session {
  const parent = io.session;
  const fresh = newSession(io.k, parent.user, false);
  return {
    ...fresh,
    cwd: parent.cwd,
    vars: {
      ...Object.fromEntries(io.env),
      IFS: ' \t\n',
      OPTIND: '1',
      PS4: '+ ',
      SHLVL: String(Number(io.env.get('SHLVL') ?? 0) + 1),
    },
    exported: [...new Set([...io.env.keys(), 'SHLVL'])],
    options: wish.options,
    positional: [...source.args],
    name: source.name,
    interactive: false,
    pid: parent.next_pid++,
    affinity: parent.child_affinity,
    child_affinity: parent.child_affinity,
    child_nice: parent.child_nice,
    next_pid: parent.next_pid,
    started_ns: io.k.now,
    random: parent.random,
    files: parent.files,
    modes: parent.modes,
    umask: parent.umask,
    lines: Number(parent.lines),
  };
}

function* run(io: Io): Running {
  const wish = parse(io.argv);
  const self = io.argv[0]?.split('/').at(-1) ?? 'bash';
  if (io.argv[1] === '--version') {
    yield* io.out.line('GNU bash, version 5.2.37(1)-release (x86_64-pc-linux-gnu)');
    return 0;
  }
  if (wish.bad !== null) {
    yield* io.err.line(`${self}: ${wish.bad}: invalid option`);
    return 2;
  }
  const source = yield* sourceOf(io, wish);
  if ('message' in source) {
    yield* io.err.line(source.message);
    return source.status;
  }
  const parent = processOf(io);
  if (parent.shells >= NESTING_LIMIT) {
    yield* io.err.line(`softnet: shells may start each other ${NESTING_LIMIT} deep here`);
    return 1;
  }
  const session = childSession(io, source, wish);
  const child: Process = {
    ...fork(parent),
    session,
    subshell: 0,
    depth: 0,
    functions: [],
    frames: [],
    jobs: [],
    loops: 0,
    conditions: 0,
    from_command: wish.command,
    shells: parent.shells + 1,
    substitutions: 0,
    evaluating: 0,
  };
  return yield* runShell(child, source.text);
}

function* runShell(child: Process, text: string): Running {
  if (child.session.options['noexec']) {
    const parsed = parseScript(text);
    if (!parsed.fault) return 0;
    return yield* runSource(
      child,
      text
        .split('\n')
        .slice(parsed.fault.line - 1)
        .join('\n'),
    );
  }
  yield* runSource(child, text);
  return yield* runExitTrap(child);
}

export const bash: Command = {
  name: 'bash',
  summary: 'run a script, a command line (-c) or standard input in a new shell',
  usage: 'bash [-eux] [-o OPTION] [-c COMMAND | FILE] [ARGUMENT]...',
  run,
};

export const sh: Command = { ...bash, name: 'sh', usage: bash.usage.replace('bash', 'sh') };
