/// The functions that AWK itself has: text, numbers, arrays, time and the outside.
/// Left out: dcgettext and its kin, the extension API.
import { formatMoment, momentOf, wallClock } from '../clock.ts';
import type { Running } from '../command.ts';
import { AwkArray } from './array.ts';
import type { Expr } from './ast.ts';
import { slotOf } from './builtin_names.ts';
import { arrayArgument, evaluate } from './evaluate.ts';
import { sprintf } from './format.ts';
import { atan2, cos, exponential, logarithm, sin } from './math.ts';
import { Untyped } from './runtime.ts';
import type { Runtime } from './runtime.ts';
import { byType } from './sorted.ts';
import { run } from './streams.ts';
import { matchInto, patsplit, splitInto, substitute, gensub } from './text_functions.ts';
import { leadingNumber, toNumber, toText, UserText } from './values.ts';
import type { Value } from './values.ts';

type Builtin = (rt: Runtime, args: readonly Expr[]) => Running<Value>;

/// A function that needs only the values of its arguments.
function ofValues(apply: (rt: Runtime, values: readonly Value[]) => Value): Builtin {
  return function* (rt, args) {
    const values: Value[] = [];
    for (const arg of args) values.push(yield* evaluate(rt, arg));
    return apply(rt, values);
  };
}

/// A function of one number; `warning` tells what gawk remarks about it.
function ofNumber(
  apply: (x: number) => number,
  warning?: (x: number, result: number) => string | null,
): Builtin {
  return function* (rt, args) {
    const x = toNumber(yield* evaluate(rt, args[0] as Expr));
    const result = apply(x);
    const text = warning?.(x, result) ?? null;
    if (text !== null) yield* rt.warn(text);
    return result;
  };
}

const negative =
  (name: string) =>
  (x: number): string | null =>
    x < 0 ? `${name}: received negative argument ${toText(x, '%.6g')}` : null;

function bits(name: string, apply: (a: bigint, b: bigint) => bigint): Builtin {
  return ofValues((rt, values) => {
    for (const value of values)
      if (toNumber(value) < 0)
        throw rt.fatal(
          `${name}: argument ${values.indexOf(value) + 1} negative value ${toText(value, '%.6g')} is not allowed`,
        );
    const numbers = values.map((value) => BigInt(Math.trunc(finite(toNumber(value)))));
    return Number(numbers.reduce(apply));
  });
}

const finite = (x: number): number => (Number.isFinite(x) ? x : 0);

function shift(left: boolean): Builtin {
  return ofValues((rt, [value, by]) => {
    const [x, n] = [toNumber(value), toNumber(by)];
    if (x < 0 || n < 0)
      throw rt.fatal(
        `${left ? 'lshift' : 'rshift'}(${toText(x, '%.6g')}, ${toText(n, '%.6g')}): negative values are not allowed`,
      );
    const whole = BigInt(Math.trunc(finite(x)));
    const places = BigInt(Math.min(64, Math.trunc(finite(n))));
    return Number(left ? BigInt.asUintN(64, whole << places) : whole >> places);
  });
}

const table: Readonly<Record<string, Builtin>> = {
  // numbers
  atan2: ofValues((_rt, [y, x]) => atan2(toNumber(y), toNumber(x))),
  cos: ofNumber(cos),
  sin: ofNumber(sin),
  exp: ofNumber(exponential, (x, result) =>
    Number.isFinite(x) && !Number.isFinite(result)
      ? `exp: argument ${toText(x, '%.6g')} is out of range`
      : null,
  ),
  log: ofNumber(logarithm, negative('log')),
  sqrt: ofNumber((x) => Math.sqrt(x), negative('sqrt')),
  int: ofNumber((x) => Math.trunc(x) + 0),
  rand: function* (rt) {
    return rt.random.next();
  },
  srand: ofValues((rt, values) => {
    const old = rt.random.seed;
    rt.random.reseed(values.length > 0 ? Math.trunc(finite(toNumber(values[0]))) : seconds(rt));
    return old;
  }),
  strtonum: ofValues((rt, [value]) =>
    typeof value === 'number' ? value : strtonum(rt.text(value)),
  ),
  and: bits('and', (a, b) => a & b),
  or: bits('or', (a, b) => a | b),
  xor: bits('xor', (a, b) => a ^ b),
  compl: ofValues((rt, [value]) => {
    if (toNumber(value) < 0)
      throw rt.fatal(`compl(${toText(value, '%.6g')}): negative value is not allowed`);
    return 2 ** 53 - 1 - Math.trunc(toNumber(value));
  }),
  lshift: shift(true),
  rshift: shift(false),

  // text
  index: ofValues((rt, [text, part]) =>
    codePoints(rt.text(text), rt.text(text).indexOf(rt.text(part))),
  ),
  length,
  split: splitInto,
  patsplit,
  match: matchInto,
  sub: (rt, args) => substitute(rt, args, false),
  gsub: (rt, args) => substitute(rt, args, true),
  gensub,
  substr: ofValues(substr),
  sprintf: ofValues((rt, [format, ...values]) =>
    sprintf(rt.text(format), values, rt.convfmt, rt.place()),
  ),
  tolower: ofValues((rt, [text]) => rt.text(text).toLowerCase()),
  toupper: ofValues((rt, [text]) => rt.text(text).toUpperCase()),

  // arrays and kinds
  asort: (rt, args) => sortArray(rt, args, false),
  asorti: (rt, args) => sortArray(rt, args, true),
  isarray: function* (rt, [arg]) {
    return arg?.kind === 'var' && slot(rt, arg) instanceof AwkArray ? 1 : 0;
  },
  typeof: typeOf,

  // time: that of the host
  systime: function* (rt) {
    return seconds(rt);
  },
  strftime: ofValues((rt, [format, time]) => {
    const at = time === undefined ? seconds(rt) : Math.trunc(finite(toNumber(time)));
    const text = format === undefined ? '%a %b %e %H:%M:%S %Z %Y' : rt.text(format);
    return formatMoment(momentOf(BigInt(at) * 1_000_000_000n), text);
  }),
  mktime: ofValues((rt, [text]) => mktime(rt.text(text))),

  // the outside
  system: function* (rt, [arg]) {
    const line = rt.text(yield* evaluate(rt, arg as Expr));
    rt.streams.flush();
    return yield* run(rt.io, line, {});
  },
  close: function* (rt, [arg]) {
    return yield* rt.streams.close(rt.text(yield* evaluate(rt, arg as Expr)));
  },
  fflush: function* (rt) {
    rt.streams.flush();
    return 0;
  },
};

export function* callBuiltin(rt: Runtime, name: string, args: readonly Expr[]): Running<Value> {
  const builtin = table[name];
  if (!builtin) throw new Error(`no function ${name}`);
  return yield* builtin(rt, args);
}

function seconds(rt: Runtime): number {
  return Number(wallClock(rt.io.k) / 1_000_000_000n);
}

/// A place in UTF-16 units as one in characters, counted from 1; 0 for none.
function codePoints(text: string, units: number): number {
  if (units < 0) return 0;
  return [...text.slice(0, units)].length + 1;
}

function slot(rt: Runtime, expr: Expr & { kind: 'var' }): unknown {
  return expr.at.local ? rt.locals[expr.at.slot] : rt.globals[expr.at.slot];
}

function* length(rt: Runtime, args: readonly Expr[]): Running<Value> {
  const [arg] = args;
  if (!arg) return [...rt.getRecord()].length;
  if (arg.kind === 'var') {
    const held = slot(rt, arg);
    if (held instanceof AwkArray) return held.items.size;
  }
  return [...rt.text(yield* evaluate(rt, arg))].length;
}

/// As gawk: places are cut to whole numbers; a start before the text begins at it.
function substr(rt: Runtime, [value, from, count]: readonly Value[]): Value {
  const chars = [...rt.text(value)];
  const start = Math.max(1, Math.trunc(toNumber(from)));
  const wanted = count === undefined ? Infinity : Math.trunc(toNumber(count));
  if (!(wanted > 0) || Number.isNaN(start)) return '';
  return chars.slice(start - 1, start - 1 + wanted).join('');
}

function strtonum(text: string): number {
  const hex = /^\s*([-+]?)0[xX]([\da-fA-F]+)/.exec(text);
  if (hex) return (hex[1] === '-' ? -1 : 1) * Number(`0x${hex[2] ?? '0'}`);
  const octal = /^\s*([-+]?)0([0-7]+)(?![\d.eE])/.exec(text);
  if (octal) return (octal[1] === '-' ? -1 : 1) * Number(`0o${octal[2] ?? '0'}`);
  return leadingNumber(text);
}

/// `YYYY MM DD HH MM SS` in UTC.
function mktime(text: string): number {
  const numbers = text.trim().split(/\s+/).map(Number);
  if (numbers.length < 6 || numbers.some((n) => !Number.isInteger(n))) return -1;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = numbers;
  const months = year * 12 + month - 1;
  const y = Math.floor(months / 12) - (months % 12 < 2 ? 1 : 0);
  const m = (((months % 12) + 12) % 12) + 1;
  const shifted = m > 2 ? m - 3 : m + 9; // months since March
  const days =
    365 * y +
    Math.floor(y / 4) -
    Math.floor(y / 100) +
    Math.floor(y / 400) +
    Math.floor((153 * shifted + 2) / 5) +
    day -
    1 -
    719_468;
  return days * 86_400 + hour * 3600 + minute * 60 + second;
}

function* sortArray(rt: Runtime, args: readonly Expr[], byKey: boolean): Running<Value> {
  const name = byKey ? 'asorti' : 'asort';
  const source = arrayArgument(rt, args[0], name, 'first');
  const target = args[1] ? arrayArgument(rt, args[1], name, 'second') : source;
  const how = args[2]
    ? rt.text(yield* evaluate(rt, args[2]))
    : byKey
      ? '@ind_str_asc'
      : '@val_type_asc';
  const match = /^@(ind|val)_(str|num|type)_(asc|desc)$/.exec(how);
  if (!match) throw rt.fatal(`softnet: not modelled here: sorting by \`${how}'`);
  const keys = source.keys();
  const text = (value: Value): string => rt.text(value);
  const compareText = (a: Value, b: Value): number =>
    text(a) < text(b) ? -1 : text(a) > text(b) ? 1 : 0;
  const part = (key: Value): Value => (match[1] === 'ind' ? key : source.items.get(text(key)));
  const order = (a: Value, b: Value): number => {
    const [x, y] = [part(a), part(b)];
    if (match[2] === 'num') return toNumber(x) - toNumber(y) || compareText(x, y);
    return match[2] === 'str' ? compareText(x, y) : byType(rt, x, y);
  };
  keys.sort((a, b) => (match[3] === 'desc' ? order(b, a) : order(a, b)));
  const values = keys.map((key): Value => (byKey ? text(key) : source.items.get(text(key))));
  target.items.clear();
  values.forEach((value, i) => target.set(String(i + 1), value));
  return values.length;
}

function* typeOf(rt: Runtime, [arg]: readonly Expr[]): Running<Value> {
  if (arg?.kind === 'var') {
    const held = slot(rt, arg);
    if (held instanceof AwkArray) return 'array';
    if (held === undefined || held instanceof Untyped)
      return arg.at.slot === slotOf('NF') && !arg.at.local ? 'number' : 'untyped';
  }
  const value = yield* evaluate(rt, arg as Expr);
  if (value === undefined) return arg?.kind === 'item' ? 'untyped' : 'unassigned';
  if (value instanceof UserText) return value.numeric() === null ? 'string' : 'strnum';
  return typeof value;
}
