/// Tab completion: command names, paths, devices, sysctl names, variables, and whatever a command
/// offers for its own words.
/// Left out: completion inside $( ) and after ~user.
import type { Kernel } from '../kernel/state.ts';
import { builtins } from './builtins.ts';
import type { Command } from './command.ts';
import type { FileSystem } from './filesystem.ts';
import { absolutePath } from './glob.ts';
import type { Session } from './session.ts';

/// What may stand from `from` to the cursor. A word that ends with `/` or `=` goes on; after the
/// others a blank follows.
export interface Completions {
  readonly from: number;
  readonly words: readonly string[];
}

const AFTER_COMMAND = new Set([
  '|',
  '|&',
  '||',
  '&&',
  ';',
  '&',
  '(',
  '{',
  'do',
  'then',
  'else',
  'if',
  'while',
  'until',
  '!',
  'time',
]);
const PREFIXES = new Set(['sudo', 'watch', 'time', 'env', 'xargs', 'timeout', 'command', 'exec']);
const DEVICE_TOOLS = new Set(['ethtool', 'tcpdump', 'ifconfig']);

export function completions(
  k: Kernel,
  session: Session,
  fs: FileSystem,
  commands: ReadonlyMap<string, Command>,
  line: string,
  cursor: number,
): Completions {
  const left = line.slice(0, cursor);
  const typed = /(?:[^\s|&;()<>"'`\\]|\\.)*$/.exec(left)?.[0] ?? '';
  const from = cursor - typed.length;
  const words = simpleCommandBefore(left.slice(0, from));
  const all = candidates(k, session, fs, commands, words, typed, left.slice(0, from));
  const fitting = [...new Set(all)].filter((word) => word.startsWith(typed)).sort();
  return { from, words: fitting };
}

/// The words of the simple command that the cursor is in, without what only goes before a command.
function simpleCommandBefore(text: string): string[] {
  const tokens = text.match(/\|\||&&|\|&|[|&;(){}]|(?:[^\s|&;()<>]|\\.)+|[<>]+/g) ?? [];
  const start = tokens.findLastIndex((token) => AFTER_COMMAND.has(token)) + 1;
  const words = tokens.slice(start);
  while (/^\w+=/.test(words[0] ?? '')) words.shift();
  while (PREFIXES.has(words[0] ?? '')) {
    words.shift();
    while (/^(-.*|\d.*|\w+=.*)$/.test(words[0] ?? '')) words.shift();
  }
  return words;
}

function candidates(
  k: Kernel,
  session: Session,
  fs: FileSystem,
  commands: ReadonlyMap<string, Command>,
  words: readonly string[],
  typed: string,
  before: string,
): string[] {
  if (typed.startsWith('$')) return variables(session, typed);
  if (/[<>]\s*$/.test(before)) return paths(k, session, fs, typed);
  const [name] = words;
  if (name === undefined)
    return typed.includes('/') ? paths(k, session, fs, typed) : commandNames(session, commands);
  const offered = commands.get(name)?.complete?.(k, [...words, typed]) ?? [];
  if (offered.length > 0) return [...offered];
  if (wantsDevice(words)) return k.devs.map((dev) => dev.name);
  if (name === 'sysctl' && !typed.startsWith('-')) return Object.keys(k.sysctl);
  return paths(k, session, fs, typed);
}

function commandNames(session: Session, commands: ReadonlyMap<string, Command>): string[] {
  return [
    ...commands.keys(),
    ...builtins.keys(),
    ...Object.keys(session.functions),
    ...Object.keys(session.aliases),
  ];
}

function wantsDevice(words: readonly string[]): boolean {
  const last = words.at(-1) ?? '';
  if (last === 'dev') return true;
  return DEVICE_TOOLS.has(words[0] ?? '') && words.slice(1).every((word) => word.startsWith('-'));
}

function variables(session: Session, typed: string): string[] {
  const brace = typed.startsWith('${');
  const names = [
    ...Object.keys(session.vars),
    ...Object.keys(session.arrays),
    'RANDOM',
    'SECONDS',
    'HOSTNAME',
    'UID',
    'EUID',
    'LINENO',
  ];
  return names.map((name) => (brace ? '${' + name + '}' : '$' + name));
}

/// Paths that begin with what was typed; special characters in names get a backslash.
function paths(k: Kernel, session: Session, fs: FileSystem, typed: string): string[] {
  const slash = typed.lastIndexOf('/');
  const directory = typed.slice(0, slash + 1);
  const plain = directory.replace(/\\(.)/g, '$1').replace(/^~(?=\/)/, session.vars['HOME'] ?? '~');
  const io = { k, session, uid: session.user === 'root' ? 0 : 1000 };
  const base = absolutePath(session.cwd, plain === '' ? '.' : plain);
  const names = fs.list(io, base);
  if (typeof names === 'string') return [];
  const hidden = typed.slice(slash + 1).startsWith('.');
  return names
    .filter((name) => hidden || !name.startsWith('.'))
    .map((name) => {
      const stat = fs.stat(io, base === '/' ? base + name : `${base}/${name}`);
      const end = typeof stat !== 'string' && stat.kind === 'dir' ? '/' : '';
      return directory + name.replace(/[ !"$&'()*;<>?[\\\]^`{|}]/g, '\\$&') + end;
    });
}
