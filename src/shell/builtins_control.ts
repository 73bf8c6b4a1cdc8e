/// Builtins that steer: :, true, false, exit, return, break, continue, shift, eval, source, let, cd,
/// pwd.
import { strerror } from '../kernel/errno.ts';
import { evaluate } from './arithmetic.ts';
import { stdout } from './builtins.ts';
import type { Builtin, Call } from './builtins.ts';
import type { Running } from './command.ts';
import { leave, runSource } from './evaluate.ts';
import { absolutePath, kernelPath } from './glob.ts';
import { complain, refuse } from './messages.ts';
import { Abort, contextOf, deeper, shallower } from './process.ts';
import { get, set } from './variables.ts';

/// A builtin that only has a status.
function status(value: number): Builtin {
  return function* () {
    return value;
  };
}

function* exit({ p, argv }: Call): Running {
  const word = argv[1];
  if (word === undefined) return leaveWith('exit', p.session.status);
  if (!/^\s*[-+]?\d+\s*$/.test(word)) {
    yield* refuse(p, `exit: ${word}: numeric argument required`);
    return leaveWith('exit', 2);
  }
  if (argv.length > 2) return yield* refuse(p, 'exit: too many arguments');
  return leaveWith('exit', Number(word) & 255);

  function leaveWith(kind: 'exit', value: number): number {
    leave(p, kind, 1, value);
    return value;
  }
}

function* returnBuiltin({ p, argv }: Call): Running {
  if (p.depth === 0)
    return yield* refuse(p, "return: can only `return' from a function or sourced script", 2);
  const word = argv[1];
  const value = word === undefined ? p.session.status : Number(word) & 255;
  if (word !== undefined && !/^[-+]?\d+$/.test(word)) {
    yield* refuse(p, `return: ${word}: numeric argument required`);
    leave(p, 'return', 1, 2);
    return 2;
  }
  leave(p, 'return', 1, value);
  return value;
}

function leaveLoop(kind: 'break' | 'continue'): Builtin {
  return function* ({ p, argv }) {
    if (p.loops === 0) {
      yield* refuse(p, `${kind}: only meaningful in a \`for', \`while', or \`until' loop`);
      return 0;
    }
    const levels = Number(argv[1] ?? 1);
    if (!Number.isInteger(levels))
      return yield* refuse(p, `${kind}: ${argv[1] ?? ''}: numeric argument required`, 128);
    if (levels < 1) return yield* refuse(p, `${kind}: ${levels}: loop count out of range`);
    leave(p, kind, Math.min(levels, p.loops), 0);
    return 0;
  };
}

function* shift({ p, argv }: Call): Running {
  const count = Number(argv[1] ?? 1);
  if (!Number.isInteger(count))
    return yield* refuse(p, `shift: ${argv[1] ?? ''}: numeric argument required`);
  if (count < 0) return yield* refuse(p, `shift: ${count}: shift count out of range`);
  if (count > p.session.positional.length) return 1;
  p.session.positional = p.session.positional.slice(count);
  return 0;
}

function* evalBuiltin({ p, argv }: Call): Running {
  const words = argv[1] === '--' ? argv.slice(2) : argv.slice(1);
  if (words.length === 0) return 0;
  deeper(p);
  p.evaluating++;
  try {
    p.session.status = 0;
    return yield* runSource(p, words.join(' '));
  } finally {
    shallower(p);
    p.evaluating--;
  }
}

function* source({ p, argv }: Call): Running {
  const [name = '', path, ...args] = argv;
  if (path === undefined) {
    yield* refuse(p, `${name}: filename argument required`);
    yield* complain(p, `${name}: usage: ${name} filename [arguments]`);
    return 2;
  }
  const read = p.machine.fs.read(contextOf(p), kernelPath(p.machine.fs, contextOf(p), path));
  if (typeof read === 'string') return yield* refuse(p, `${path}: ${strerror(read)}`);
  deeper(p);
  const text = read.lines.map((line) => line.text + (line.nl ? '\n' : '')).join('');
  const positional = p.session.positional;
  if (args.length > 0) p.session.positional = args;
  p.depth++;
  try {
    p.session.status = 0;
    const result = yield* runSource(p, text);
    if (p.leaving?.kind !== 'return') return result;
    const returned = p.leaving.status;
    p.leaving = null;
    return returned;
  } finally {
    shallower(p);
    p.depth--;
    if (args.length > 0) p.session.positional = positional;
  }
}

function* letBuiltin({ p, argv }: Call): Running {
  if (argv.length === 1) return yield* refuse(p, 'let: expression expected');
  let value = 0n;
  try {
    for (const expression of argv.slice(1)) value = evaluate(p, expression, 'let: ');
  } catch (error) {
    if (!(error instanceof Abort) || error.exits) throw error;
    yield* complain(p, error.message);
    return 1;
  }
  return value === 0n ? 1 : 0;
}

function* cd({ p, argv }: Call): Running {
  const words = argv.slice(1).filter((word) => !/^-[LPe@]+$/.test(word) && word !== '--');
  if (words.length > 1) return yield* refuse(p, 'cd: too many arguments');
  const wanted = words[0] ?? get(p, 'HOME');
  if (wanted === undefined) return yield* refuse(p, 'cd: HOME not set');
  const previous = get(p, 'OLDPWD');
  if (wanted === '-' && previous === undefined) return yield* refuse(p, 'cd: OLDPWD not set');
  if (/^-[^/]/.test(wanted))
    return yield* invalidOption(p, 'cd', wanted, 'cd [-L|[-P [-e]] [-@]] [dir]');
  const target = wanted === '-' ? (previous ?? '') : wanted;
  const path = absolutePath(p.session.cwd, target);
  const stat = p.machine.fs.stat(contextOf(p), path);
  if (typeof stat === 'string') return yield* refuse(p, `cd: ${target}: ${strerror(stat)}`);
  if (stat.kind !== 'dir') return yield* refuse(p, `cd: ${target}: ${strerror('ENOTDIR')}`);
  set(p, 'OLDPWD', p.session.cwd);
  p.session.cwd = path;
  set(p, 'PWD', path);
  if (wanted === '-') yield* stdout(p).line(path);
  return 0;
}

function* pwd({ p }: Call): Running {
  yield* stdout(p).line(p.session.cwd);
  return 0;
}

/// `bash: cd: -x: invalid option` and the usage line, status 2.
export function* invalidOption(p: Call['p'], name: string, option: string, usage: string): Running {
  yield* refuse(p, `${name}: ${option.slice(0, 2)}: invalid option`);
  yield* complain(p, `${name}: usage: ${usage}`);
  return 2;
}

export const controlBuiltins: Record<string, Builtin> = {
  ':': status(0),
  true: status(0),
  false: status(1),
  exit,
  return: returnBuiltin,
  break: leaveLoop('break'),
  continue: leaveLoop('continue'),
  shift,
  eval: evalBuiltin,
  source,
  '.': source,
  let: letBuiltin,
  cd,
  pwd,
};
