/// Shell variables: scalars, arrays, attributes, and the ones that the shell computes ($RANDOM,
/// $SECONDS, $UID). Every change goes through here, so readonly and integer are honoured once.
/// Left out: namerefs (declare -n), upper- and lower-case attributes, time of day variables.
import { evaluate } from './arithmetic.ts';
import { Abort, errorPrefix, lineOf } from './process.ts';
import type { Process } from './process.ts';
import type { ArrayVariable, Session } from './session.ts';

const BASH_VERSION = '5.2.37(1)-release';

const COMPUTED: Record<string, (p: Process) => string> = {
  RANDOM: (p) => String(nextRandom(p.session)),
  SECONDS: (p) => String(Math.floor((p.machine.host.k.now - p.session.started_ns) / 1e9)),
  LINENO: (p) => String(p.session.interactive ? Math.max(1, p.session.lines) : lineOf(p)),
  UID: (p) => String(p.uid),
  EUID: (p) => String(p.uid),
  BASHPID: (p) => String(p.session.pid + p.subshell),
  BASH_SUBSHELL: (p) => String(p.subshell),
  PPID: (p) => String(p.session.pid - 1),
  BASH_VERSION: () => BASH_VERSION,
  HOSTNAME: (p) => p.machine.host.k.desc.hostname,
  SHELLOPTS: (p) => shellOpts(p.session),
};

const SHELL_OPTIONS = [
  'allexport',
  'braceexpand',
  'errexit',
  'hashall',
  'noexec',
  'noglob',
  'nounset',
  'pipefail',
  'verbose',
  'xtrace',
];

function shellOpts(s: Session): string {
  const on = SHELL_OPTIONS.filter(
    (name) => s.options[name] ?? (name === 'braceexpand' || name === 'hashall'),
  );
  return on.join(':');
}

/// bash's own generator (lib/sh/random.c, Park and Miller's minimal standard), so that the same
/// seed gives the same numbers.
function nextRandom(s: Session): number {
  const seed = s.random === 0 ? 123_459_876 : s.random;
  const next = 16_807 * (seed % 127_773) - 2_836 * Math.floor(seed / 127_773);
  s.random = next < 0 ? next + 0x7fffffff : next;
  return ((s.random >>> 16) ^ (s.random & 65_535)) & 32_767;
}

export const isName = (text: string): boolean => /^[A-Za-z_]\w*$/.test(text);

/// Reads a variable or a special parameter; undefined: unset.
export function get(p: Process, name: string): string | undefined {
  const s = p.session;
  const special = specialParameter(p, name);
  if (special !== undefined) return special;
  if (/^\d+$/.test(name)) return name === '0' ? s.name : s.positional[Number(name) - 1];
  if (Object.hasOwn(COMPUTED, name) && !Object.hasOwn(s.vars, name)) return COMPUTED[name]?.(p);
  if (Object.hasOwn(s.vars, name)) return s.vars[name];
  if (name === 'FUNCNAME') return p.functions.at(-1);
  return arrayOf(s, name)?.items['0'];
}

function specialParameter(p: Process, name: string): string | undefined {
  const s = p.session;
  switch (name) {
    case '?':
      return String(s.status);
    case '$':
      return String(s.pid);
    case '!':
      return s.last_pid === 0 ? undefined : String(s.last_pid);
    case '#':
      return String(s.positional.length);
    case '-':
      return flagsOf(s);
    default:
      return undefined;
  }
}

function flagsOf(s: Session): string {
  const on = (name: string, letter: string) => (s.options[name] ? letter : '');
  const tail = s.interactive ? 'im' : '';
  return `${on('errexit', 'e')}${on('noglob', 'f')}h${tail}${on('nounset', 'u')}${on('xtrace', 'x')}B${s.interactive ? 'H' : 'c'}`;
}

/// An array by name; FUNCNAME and the like are plain values here.
export function arrayOf(s: Session, name: string): ArrayVariable | undefined {
  return Object.hasOwn(s.arrays, name) ? s.arrays[name] : undefined;
}

/// Sets a variable. `append` is +=. Throws when it is readonly.
export function set(p: Process, name: string, value: string, append = false): void {
  const s = p.session;
  refuseReadonly(p, name);
  if (name === 'RANDOM') {
    s.random = Number(BigInt.asUintN(31, numberOr0(value)));
    return;
  }
  if (name === 'SECONDS') {
    s.started_ns = p.machine.host.k.now - Number(numberOr0(value)) * 1e9;
    return;
  }
  if (Object.hasOwn(COMPUTED, name) && name !== 'HOSTNAME') return;
  const array = arrayOf(s, name);
  if (array) return setElement(p, name, '0', value, append);
  s.vars[name] = combined(p, name, s.vars[name], value, append);
  if (s.options['allexport'] && !s.exported.includes(name)) s.exported.push(name);
}

const numberOr0 = (text: string): bigint => (/^-?\d+$/.test(text) ? BigInt(text) : 0n);

function combined(
  p: Process,
  name: string,
  old: string | undefined,
  value: string,
  append: boolean,
): string {
  if (p.session.integer_vars.includes(name)) {
    const added = evaluate(p, value);
    return String(append ? BigInt.asIntN(64, evaluate(p, old ?? '0') + added) : added);
  }
  return append ? (old ?? '') + value : value;
}

export function refuseReadonly(p: Process, name: string): void {
  const fixed = name === 'UID' || name === 'EUID' || name === 'PPID';
  if (!fixed && !p.session.readonly_vars.includes(name)) return;
  throw new Abort(`${errorPrefix(p)}${name}: readonly variable`);
}

/// Makes `name` an array, keeping a scalar value as element 0.
export function toArray(p: Process, name: string, associative = false): ArrayVariable {
  const s = p.session;
  const found = arrayOf(s, name);
  if (found) return found;
  const made: ArrayVariable = { associative, items: {} };
  const old = s.vars[name];
  if (old !== undefined && Object.hasOwn(s.vars, name)) {
    made.items['0'] = old;
    delete s.vars[name];
  }
  s.arrays[name] = made;
  return made;
}

export function setElement(
  p: Process,
  name: string,
  key: string,
  value: string,
  append = false,
): void {
  refuseReadonly(p, name);
  const array = toArray(p, name);
  array.items[key] = combined(p, name, array.items[key], value, append);
}

/// The key that a subscript names: a number for an indexed array (negative counts from the end).
export function keyFor(p: Process, name: string, subscript: string): string {
  const array = arrayOf(p.session, name);
  if (array?.associative) return subscript;
  const index = Number(evaluate(p, subscript));
  if (index >= 0) return String(index);
  const last = Math.max(-1, ...Object.keys(array?.items ?? {}).map(Number));
  if (last + 1 + index < 0)
    throw new Abort(`${errorPrefix(p)}${name}[${subscript}]: bad array subscript`);
  return String(last + 1 + index);
}

/// Keys in the order in which bash lists them.
export function keysOf(array: ArrayVariable): string[] {
  const keys = Object.keys(array.items);
  if (!array.associative) return keys.sort((a, b) => Number(a) - Number(b));
  // hash table order: 1024 buckets, the newest first in each (assoc.h, lib/hashlib.c)
  return keys
    .map((key, i) => ({ key, i, bucket: hashString(key) & 1023 }))
    .sort((a, b) => a.bucket - b.bucket || b.i - a.i)
    .map(({ key }) => key);
}

function hashString(key: string): number {
  let hash = 2_166_136_261;
  for (const byte of utf8(key)) hash = (Math.imul(hash, 16_777_619) ^ byte) >>> 0;
  return hash;
}

/// The UTF-8 bytes of a text.
export function utf8(text: string): number[] {
  const escaped = encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd'));
  const bytes: number[] = [];
  for (let i = 0; i < escaped.length; i++) {
    if (escaped[i] === '%') {
      bytes.push(parseInt(escaped.slice(i + 1, i + 3), 16));
      i += 2;
    } else bytes.push(escaped.charCodeAt(i));
  }
  return bytes;
}

export function valuesOf(array: ArrayVariable): string[] {
  return keysOf(array).map((key) => array.items[key] ?? '');
}

/// All values behind a name, as "${name[@]}" gives them.
export function allValues(p: Process, name: string): string[] {
  if (name === '@' || name === '*') return p.session.positional;
  if (name === 'FUNCNAME') return [...p.functions].reverse();
  const array = arrayOf(p.session, name);
  if (array) return valuesOf(array);
  const value = get(p, name);
  return value === undefined ? [] : [value];
}

export function unset(p: Process, name: string): void {
  const s = p.session;
  if (s.readonly_vars.includes(name))
    throw new Abort(`${errorPrefix(p)}unset: ${name}: cannot unset: readonly variable`);
  delete s.vars[name];
  delete s.arrays[name];
  s.exported = s.exported.filter((other) => other !== name);
  s.integer_vars = s.integer_vars.filter((other) => other !== name);
}

export function exportName(s: Session, name: string): void {
  if (!s.exported.includes(name)) s.exported.push(name);
}

/// What a command sees as its environment.
export function environment(p: Process): Map<string, string> {
  const env = new Map<string, string>();
  for (const name of p.session.exported) {
    const value = get(p, name);
    if (value !== undefined) env.set(name, value);
  }
  return env;
}

/// Every name that is set, sorted as `set` lists them.
export function names(p: Process): string[] {
  const all = new Set([...Object.keys(p.session.vars), ...Object.keys(p.session.arrays)]);
  return [...all].sort();
}

export function ifs(p: Process): string {
  return get(p, 'IFS') ?? ' \t\n';
}
