/// Builtins about variables: declare, typeset, local, export, readonly, unset, getopts.
/// Left out: declare -n, -l, -u, -t and -F with line numbers.
import type { ArrayItems } from './assign.ts';
import { assignArray } from './assign.ts';
import { stdout } from './builtins.ts';
import type { Builtin, Call } from './builtins.ts';
import { invalidOption } from './builtins_control.ts';
import { getopts } from './getopts.ts';
import type { Running } from './command.ts';
import { makeLocal } from './functions.ts';
import { complain, refuse } from './messages.ts';
import { functionText } from './print_command.ts';
import { Abort } from './process.ts';
import type { Process } from './process.ts';
import { declaration } from './quote.ts';
import {
  arrayOf,
  exportName,
  get,
  keyFor,
  names,
  set,
  setElement,
  toArray,
  unset,
} from './variables.ts';

const USAGE: Record<string, string> = {
  declare: 'declare [-aAfFgiIlnrtux] [name[=value] ...] or declare -p [-aAfFilnrtux] [name ...]',
  typeset: 'typeset [-aAfFgiIlnrtux] name[=value] ... or typeset -p [-aAfFilnrtux] [name ...]',
  local: 'local [option] name[=value] ...',
  export: 'export [-fn] [name[=value] ...] or export -p',
  readonly: 'readonly [-aAf] [name[=value] ...] or readonly -p',
  unset: 'unset [-f] [-v] [-n] [name ...]',
};

interface Wish {
  readonly name: string; // the builtin
  readonly on: ReadonlySet<string>;
  readonly off: ReadonlySet<string>;
}

/// One builtin with many names: they differ in the attributes that they set by themselves.
function declaring(name: string, always: string): Builtin {
  return function* ({ p, argv, lists }) {
    const on = new Set(always);
    const off = new Set<string>();
    let at = 1;
    for (; /^[-+][A-Za-z]+$/.test(argv[at] ?? ''); at++) {
      const word = argv[at] ?? '';
      if (!/^.[aAfFgiprxn]+$/.test(word)) return yield* unsupported(p, name, word);
      for (const letter of word.slice(1)) (word[0] === '-' ? on : off).add(letter);
    }
    if (argv[at] === '--') at++;
    const wish: Wish = { name, on, off };
    if (name === 'export' && on.has('n')) return unexport(p, argv.slice(at));
    if (on.has('n')) return yield* refuse(p, `${name}: softnet: not modelled here: -n`);
    if (on.has('f') || on.has('F')) return yield* showFunctions(p, wish, argv.slice(at));
    if (at >= argv.length) return name === 'local' ? yield* showLocals(p) : yield* showAll(p, wish);
    if (on.has('p') && name !== 'readonly' && name !== 'export')
      return yield* showNamed(p, wish, argv.slice(at));
    if (name === 'local' && p.frames.length === 0)
      return yield* refuse(p, 'local: can only be used in a function');
    return yield* declareEach(p, wish, argv, at, lists);
  };
}

function* unsupported(p: Process, name: string, word: string): Running {
  if (/^[-+][aAfFgiIlnprtux]+$/.test(word))
    return yield* refuse(p, `${name}: softnet: not modelled here: ${word}`);
  return yield* invalidOption(p, name, word, USAGE[name] ?? name);
}

function unexport(p: Process, words: readonly string[]): number {
  for (const word of words)
    p.session.exported = p.session.exported.filter((other) => other !== word);
  return 0;
}

function* declareEach(
  p: Process,
  wish: Wish,
  argv: readonly string[],
  at: number,
  lists: Call['lists'],
): Running {
  let status = 0;
  for (let i = at; i < argv.length; i++) {
    const found = /^([A-Za-z_]\w*)(?:\[(.*?)\])?(\+)?(?:=([\s\S]*))?$/.exec(argv[i] ?? '');
    if (!found) {
      status = yield* refuse(p, `${wish.name}: \`${argv[i] ?? ''}': not a valid identifier`);
      continue;
    }
    try {
      declareOne(p, wish, found, lists.get(i));
    } catch (error) {
      if (!(error instanceof Abort) || error.exits) throw error;
      yield* complain(
        p,
        error.message.replace(/: ([^:]+: readonly variable)$/, `: ${wish.name}: $1`),
      );
      status = 1;
    }
  }
  return status;
}

function declareOne(
  p: Process,
  wish: Wish,
  found: RegExpExecArray,
  list: ArrayItems | undefined,
): void {
  const [, name = '', subscript, plus, value] = found;
  const { on, off } = wish;
  const s = p.session;
  const local =
    wish.name === 'local' ||
    (p.frames.length > 0 && /declare|typeset/.test(wish.name) && !on.has('g'));
  if (local) makeLocal(p, name);
  if (on.has('i') && !s.integer_vars.includes(name)) s.integer_vars.push(name);
  if (off.has('i')) s.integer_vars = s.integer_vars.filter((other) => other !== name);
  if (on.has('A') || on.has('a') || subscript !== undefined) toArray(p, name, on.has('A'));
  if (list) assignArray(p, name, list, plus !== undefined);
  else if (value !== undefined && subscript !== undefined && subscript !== '') {
    setElement(p, name, keyFor(p, name, subscript), value, plus !== undefined);
  } else if (value !== undefined) set(p, name, value, plus !== undefined);
  if (on.has('x')) exportName(s, name);
  if (off.has('x')) s.exported = s.exported.filter((other) => other !== name);
  if (on.has('r') && !s.readonly_vars.includes(name)) s.readonly_vars.push(name);
}

function* showAll(p: Process, wish: Wish): Running {
  const s = p.session;
  const wanted = (name: string): boolean =>
    (!wish.on.has('x') || s.exported.includes(name)) &&
    (!wish.on.has('r') || s.readonly_vars.includes(name)) &&
    (!wish.on.has('i') || s.integer_vars.includes(name)) &&
    (!wish.on.has('a') || arrayOf(s, name)?.associative === false) &&
    (!wish.on.has('A') || arrayOf(s, name)?.associative === true);
  const all = [...new Set([...names(p), ...s.exported])].sort();
  for (const name of all.filter(wanted)) {
    const text = declaration(p, name, name);
    if (text !== undefined) yield* stdout(p).line(text);
  }
  return 0;
}

function* showLocals(p: Process): Running {
  for (const name of [...(p.frames.at(-1)?.keys() ?? [])].sort()) {
    const value = get(p, name);
    if (value !== undefined) yield* stdout(p).line(`${name}=${value}`);
  }
  return 0;
}

function* showNamed(p: Process, wish: Wish, words: readonly string[]): Running {
  let status = 0;
  for (const word of words) {
    const text = declaration(p, word, word);
    if (text === undefined) status = yield* refuse(p, `${wish.name}: ${word}: not found`);
    else yield* stdout(p).line(text);
  }
  return status;
}

function* showFunctions(p: Process, wish: Wish, words: readonly string[]): Running {
  const functions = p.session.functions;
  const wanted = words.length > 0 ? words : Object.keys(functions).sort();
  let status = 0;
  for (const name of wanted) {
    const source = Object.hasOwn(functions, name) ? functions[name] : undefined;
    if (source === undefined) status = 1;
    else if (wish.on.has('F'))
      yield* stdout(p).line(words.length > 0 ? name : `declare -f ${name}`);
    else yield* stdout(p).line(functionText(name, source));
  }
  return status;
}

function* unsetBuiltin({ p, argv }: Call): Running {
  let at = 1;
  let only = '';
  for (; /^-/.test(argv[at] ?? ''); at++) {
    const word = argv[at] ?? '';
    if (!/^-[fvn]$/.test(word)) return yield* invalidOption(p, 'unset', word, USAGE['unset'] ?? '');
    only = word[1] ?? '';
  }
  let status = 0;
  for (const word of argv.slice(at)) {
    try {
      status = Math.max(status, unsetOne(p, word, only));
    } catch (error) {
      if (!(error instanceof Abort) || error.exits) throw error;
      yield* complain(p, error.message);
      status = 1;
    }
  }
  return status;
}

function unsetOne(p: Process, word: string, only: string): number {
  const element = /^([A-Za-z_]\w*)\[([\s\S]+)\]$/.exec(word);
  const name = element?.[1] ?? word;
  const array = arrayOf(p.session, name);
  if (element && array && only !== 'f') {
    const key = element[2] ?? '';
    if (key === '@' || key === '*') unset(p, name);
    else delete array.items[keyFor(p, name, key)];
    return 0;
  }
  const known =
    Object.hasOwn(p.session.vars, name) ||
    array !== undefined ||
    p.session.readonly_vars.includes(name);
  if (only !== 'f' && (known || only === 'v')) unset(p, name);
  else {
    delete p.session.functions[name];
    p.session.exported = p.session.exported.filter((other) => other !== name);
  }
  return 0;
}

export const variableBuiltins: Record<string, Builtin> = {
  declare: declaring('declare', ''),
  typeset: declaring('typeset', ''),
  local: declaring('local', ''),
  export: declaring('export', 'x'),
  readonly: declaring('readonly', 'r'),
  unset: unsetBuiltin,
  getopts,
};
