/// Builtins about the shell itself: set, shopt, alias, unalias, umask, ulimit, history, hash, times.
import { stdout } from './builtins.ts';
import type { Builtin, Call } from './builtins.ts';
import { invalidOption } from './builtins_control.ts';
import type { Running } from './command.ts';
import { complain, refuse } from './messages.ts';
import { functionText } from './print_command.ts';
import type { Process } from './process.ts';
import { doubleQuote, quoteIfNeeded, singleQuote } from './quote.ts';
import { arrayOf, get, keysOf, names } from './variables.ts';

/// Letters of `set` and the options that they stand for.
const LETTERS: Record<string, string> = {
  a: 'allexport',
  B: 'braceexpand',
  e: 'errexit',
  f: 'noglob',
  h: 'hashall',
  n: 'noexec',
  u: 'nounset',
  v: 'verbose',
  x: 'xtrace',
};
const ON_AT_START = new Set(['braceexpand', 'hashall', 'interactive-comments']);
const OPTIONS = [
  ...Object.values(LETTERS),
  'pipefail',
  'posix',
  'interactive-comments',
  'history',
  'emacs',
  'monitor',
].sort();

/// Options of `set` and `shopt` that change something here.
const HONOURED = new Set([
  'allexport',
  'errexit',
  'noglob',
  'nounset',
  'xtrace',
  'pipefail',
  'noexec',
]);

const SHOPTS: Record<string, boolean> = {
  dotglob: false,
  expand_aliases: true,
  extglob: false,
  failglob: false,
  globstar: false,
  inherit_errexit: false,
  lastpipe: false,
  login_shell: false,
  nocaseglob: false,
  nocasematch: false,
  nullglob: false,
  patsub_replacement: true,
  sourcepath: true,
  xpg_echo: false,
};

function* setBuiltin({ p, argv }: Call): Running {
  if (argv.length === 1) return yield* listVariables(p);
  let at = 1;
  for (; at < argv.length; at++) {
    const word = argv[at] ?? '';
    if (word === '--') {
      p.session.positional = argv.slice(at + 1);
      return 0;
    }
    if (!/^[-+]./.test(word)) break;
    if (/^[-+]o$/.test(word)) {
      const name = argv[++at];
      if (name === undefined) return yield* listOptions(p, word[0] === '+');
      if (!OPTIONS.includes(name)) return yield* refuse(p, `set: ${name}: invalid option name`, 2);
      yield* setOption(p, name, word[0] === '-');
      continue;
    }
    for (const letter of word.slice(1)) {
      const name = LETTERS[letter];
      if (name === undefined) {
        return yield* invalidOption(
          p,
          'set',
          word[0] + letter,
          'set [-abefhkmnptuvxBCEHPT] [-o option-name] [--] [-] [arg ...]',
        );
      }
      yield* setOption(p, name, word[0] === '-');
    }
  }
  if (at < argv.length) p.session.positional = argv.slice(at);
  return 0;
}

function* setOption(p: Process, name: string, on: boolean): Running<void> {
  p.session.options[name] = on;
  const standard = ON_AT_START.has(name);
  if (on !== standard && !HONOURED.has(name))
    yield* complain(p, `softnet: not modelled here: set -o ${name}`);
}

function* listVariables(p: Process): Running {
  const out = stdout(p);
  for (const name of names(p)) {
    const array = arrayOf(p.session, name);
    const items =
      array && keysOf(array).map((key) => `[${key}]=${doubleQuote(array.items[key] ?? '')}`);
    const value = get(p, name) ?? '';
    yield* out.line(
      items
        ? `${name}=(${items.join(' ')})`
        : `${name}=${value === '' ? '' : quoteIfNeeded(value)}`,
    );
  }
  for (const [name, source] of Object.entries(p.session.functions).sort(([a], [b]) =>
    a < b ? -1 : 1,
  )) {
    yield* out.line(functionText(name, source));
  }
  return 0;
}

function* listOptions(p: Process, asCommands: boolean): Running {
  for (const name of OPTIONS) {
    const on = p.session.options[name] ?? ON_AT_START.has(name);
    yield* stdout(p).line(
      asCommands ? `set ${on ? '-' : '+'}o ${name}` : `${name.padEnd(15)}\t${on ? 'on' : 'off'}`,
    );
  }
  return 0;
}

function* shopt({ p, argv }: Call): Running {
  const flags = new Set(
    argv.filter((word) => /^-[suqpo]+$/.test(word)).flatMap((word) => [...word.slice(1)]),
  );
  const words = argv.slice(1).filter((word) => !word.startsWith('-'));
  const known = flags.has('o') ? OPTIONS : Object.keys(SHOPTS);
  const isOn = (name: string) => p.session.options[name] ?? SHOPTS[name] ?? ON_AT_START.has(name);
  let status = 0;
  for (const name of words.length > 0 ? words : known) {
    if (!known.includes(name))
      status = yield* refuse(p, `shopt: ${name}: invalid shell option name`);
    else if (words.length > 0 && (flags.has('s') || flags.has('u')))
      p.session.options[name] = flags.has('s');
    else {
      if (words.length > 0 && !isOn(name)) status = 1;
      if (flags.has('q')) continue;
      if (flags.has('s') !== flags.has('u') && flags.has('s') !== isOn(name)) continue;
      const text = flags.has('p')
        ? `shopt ${isOn(name) ? '-s' : '-u'} ${name}`
        : `${name.padEnd(15)}\t${isOn(name) ? 'on' : 'off'}`;
      yield* stdout(p).line(text);
    }
  }
  return status;
}

function* alias({ p, argv }: Call): Running {
  const { aliases } = p.session;
  const words = argv.slice(1).filter((word) => word !== '-p');
  let status = 0;
  for (const word of words.length > 0 ? words : Object.keys(aliases).sort()) {
    const equals = word.indexOf('=');
    if (equals > 0) aliases[word.slice(0, equals)] = word.slice(equals + 1);
    else if (Object.hasOwn(aliases, word))
      yield* stdout(p).line(`alias ${word}=${singleQuote(aliases[word] ?? '')}`);
    else status = yield* refuse(p, `alias: ${word}: not found`);
  }
  return status;
}

function* unalias({ p, argv }: Call): Running {
  if (argv[1] === '-a') {
    p.session.aliases = {};
    return 0;
  }
  let status = 0;
  for (const word of argv.slice(1)) {
    if (Object.hasOwn(p.session.aliases, word)) delete p.session.aliases[word];
    else status = yield* refuse(p, `unalias: ${word}: not found`);
  }
  return status;
}

function* umask({ p, argv }: Call): Running {
  const word = argv[1];
  if (word === undefined) yield* stdout(p).line(p.session.umask.toString(8).padStart(4, '0'));
  else if (/^[0-7]{1,4}$/.test(word)) p.session.umask = parseInt(word, 8);
  else if (/^\d+$/.test(word)) return yield* refuse(p, `umask: ${word}: octal number out of range`);
  else return yield* refuse(p, `umask: softnet: not modelled here: ${word}`);
  return 0;
}

function* ulimit({ p }: Call): Running {
  return yield* refuse(p, 'ulimit: softnet: not modelled here: resource limits');
}

function* history({ p, argv }: Call): Running {
  const all = p.session.history;
  if (argv[1] === '-c') {
    p.session.history = [];
    return 0;
  }
  const word = argv[1];
  if (word !== undefined && !/^\d+$/.test(word)) {
    if (word.startsWith('-'))
      return yield* refuse(p, `history: softnet: not modelled here: ${word}`);
    return yield* refuse(p, `history: ${word}: numeric argument required`);
  }
  const first = word === undefined ? 0 : Math.max(0, all.length - Number(word));
  for (let i = first; i < all.length; i++)
    yield* stdout(p).line(`${String(i + 1).padStart(5)}  ${all[i] ?? ''}`);
  return 0;
}

function* hash({ p, argv }: Call): Running {
  if (argv.length === 1) yield* stdout(p).line('hash: hash table empty');
  return 0;
}

function* times({ p }: Call): Running {
  yield* stdout(p).write('0m0.000s 0m0.000s\n0m0.000s 0m0.000s\n');
  return 0;
}

export const settingBuiltins: Record<string, Builtin> = {
  set: setBuiltin,
  shopt,
  alias,
  unalias,
  umask,
  ulimit,
  history,
  hash,
  times,
};
