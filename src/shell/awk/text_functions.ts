/// split, patsplit, match, sub, gsub and gensub.
import type { Running } from '../command.ts';
import { breath } from '../inputs.ts';
import type { Match, Regex } from '../regex.ts';
import type { AwkArray } from './array.ts';
import type { Expr, Lvalue } from './ast.ts';
import { slotOf } from './builtin_names.ts';
import { arrayArgument, evaluate, placeOf } from './evaluate.ts';
import type { Runtime } from './runtime.ts';
import { cutRegex } from './split.ts';
import { toNumber, UserText } from './values.ts';
import type { Value } from './values.ts';

/// split(text, array [, separator [, separators]])
export function* splitInto(rt: Runtime, args: readonly Expr[]): Running<Value> {
  const text = rt.text(yield* evaluate(rt, args[0] as Expr));
  const array = arrayArgument(rt, args[1], 'split', 'second');
  const seps = args[3] ? arrayArgument(rt, args[3], 'split', 'fourth') : null;
  const { pieces, separators } = yield* cut(rt, text, args[2]);
  fill(array, pieces, 1);
  if (seps) fill(seps, separators, 1);
  return pieces.length;
}

function* cut(
  rt: Runtime,
  text: string,
  by: Expr | undefined,
): Running<{ pieces: string[]; separators: string[] }> {
  if (by?.kind === 'regex') return cutRegex(text, rt.regex(by.source));
  if (by === undefined)
    return { pieces: text === '' ? [] : rt.fieldSplitter()(text), separators: [] };
  const separator = rt.text(yield* evaluate(rt, by));
  const pieces = text === '' ? [] : rt.splitterFor(separator)(text);
  if (separator === ' ')
    return {
      pieces,
      separators:
        text.trim() === ''
          ? []
          : (text.replace(/^[ \t\n]+|[ \t\n]+$/g, '').match(/[ \t\n]+/g) ?? []),
    };
  if (separator.length === 1) return { pieces, separators: pieces.slice(1).map(() => separator) };
  return separator === '' ? { pieces, separators: [] } : cutRegex(text, rt.regex(separator));
}

function fill(array: AwkArray, pieces: readonly string[], from: number): void {
  array.items.clear();
  pieces.forEach((piece, i) => array.set(String(i + from), new UserText(piece)));
}

/// patsplit(text, array [, pattern [, separators]]): the pieces are what matches.
export function* patsplit(rt: Runtime, args: readonly Expr[]): Running<Value> {
  const text = rt.text(yield* evaluate(rt, args[0] as Expr));
  const array = arrayArgument(rt, args[1], 'patsplit', 'second');
  const seps = args[3] ? arrayArgument(rt, args[3], 'patsplit', 'fourth') : null;
  const pattern = args[2];
  const value =
    pattern && pattern.kind !== 'regex' ? yield* evaluate(rt, pattern) : rt.special('FPAT');
  const regex = rt.pattern(pattern, value);
  const pieces: string[] = [];
  const between: string[] = [];
  let end = 0;
  for (const match of matchesIn(text, regex)) {
    if (match[1] === match[0]) continue;
    between.push(text.slice(end, match[0]));
    pieces.push(text.slice(match[0], match[1]));
    end = match[1] as number;
  }
  fill(array, pieces, 1);
  if (seps) fill(seps, [...between, text.slice(end)], 0);
  return pieces.length;
}

/// match(text, pattern [, array]): sets RSTART and RLENGTH.
export function* matchInto(rt: Runtime, args: readonly Expr[]): Running<Value> {
  const text = rt.text(yield* evaluate(rt, args[0] as Expr));
  const pattern = args[1] as Expr;
  const value = pattern.kind === 'regex' ? undefined : yield* evaluate(rt, pattern);
  const groups = args[2] ? arrayArgument(rt, args[2], 'match', 'third') : null;
  const found = rt.pattern(pattern, value).exec(text);
  const start = found ? charsIn(text, 0, found[0] as number) + 1 : 0;
  const length = found ? charsIn(text, found[0] as number, found[1] as number) : -1;
  rt.globals[slotOf('RSTART')] = start;
  rt.globals[slotOf('RLENGTH')] = length;
  if (groups) {
    groups.items.clear();
    if (found) fillGroups(rt, groups, text, found);
  }
  return start;
}

function charsIn(text: string, start: number, end: number): number {
  return [...text.slice(start, end)].length;
}

function fillGroups(rt: Runtime, groups: AwkArray, text: string, found: Match): void {
  const subsep = rt.text(rt.special('SUBSEP'));
  for (let i = 0; 2 * i < found.length; i++) {
    const [start, end] = [found[2 * i] as number, found[2 * i + 1] as number];
    if (start < 0) continue;
    groups.set(String(i), new UserText(text.slice(start, end)));
    groups.set(`${i}${subsep}start`, charsIn(text, 0, start) + 1);
    groups.set(`${i}${subsep}length`, charsIn(text, start, end));
  }
}

/// All matches from left to right. One of nothing right after a match does not count.
function* matchesIn(text: string, regex: Regex): Generator<Match> {
  let last = -1;
  for (let from = 0; from <= text.length;) {
    const match = regex.exec(text, from);
    if (!match) return;
    const [start, end] = [match[0] as number, match[1] as number];
    if (end > start || start !== last) yield match;
    last = end;
    from = end > start ? end : start + ((text.codePointAt(start) ?? 0) > 0xffff ? 2 : 1);
  }
}

/// sub and gsub: the number of replacements.
export function* substitute(rt: Runtime, args: readonly Expr[], all: boolean): Running<Value> {
  const pattern = args[0] as Expr;
  const value = pattern.kind === 'regex' ? undefined : yield* evaluate(rt, pattern);
  const regex = rt.pattern(pattern, value);
  const parts = replacementParts(rt.text(yield* evaluate(rt, args[1] as Expr)), false);
  const target = args[2] ?? ({ kind: 'field', index: { kind: 'number', value: 0 } } as const);
  const place = isLvalue(target) ? yield* placeOf(rt, target) : null;
  const text = rt.text(place ? place.get() : yield* evaluate(rt, target));
  const { result, count } = yield* replace(text, regex, parts, all ? 0 : 1);
  if (count > 0) place?.set(result);
  return count;
}

function isLvalue(expr: Expr): expr is Lvalue {
  return expr.kind === 'var' || expr.kind === 'field' || expr.kind === 'item';
}

/// gensub(pattern, replacement, how [, text]): the new text; `how` is g or which match.
export function* gensub(rt: Runtime, args: readonly Expr[]): Running<Value> {
  const pattern = args[0] as Expr;
  const value = pattern.kind === 'regex' ? undefined : yield* evaluate(rt, pattern);
  const regex = rt.pattern(pattern, value);
  const parts = replacementParts(rt.text(yield* evaluate(rt, args[1] as Expr)), true);
  const how = yield* evaluate(rt, args[2] as Expr);
  const text = args[3] ? rt.text(yield* evaluate(rt, args[3])) : rt.getRecord();
  const all = /^[gG]/.test(rt.text(how));
  const which = all ? 0 : Math.trunc(toNumber(how));
  if (!all && which < 1) {
    const shown = rt.text(how);
    yield* rt.warn(`gensub: third argument \`${shown}' treated as 1`);
  }
  return (yield* replace(text, regex, parts, all ? 0 : Math.max(1, which))).result;
}

/// Literal text, or the number of a group.
type Part = string | number;

/// In sub and gsub `&` is the match and `\\&` an ampersand; gensub also knows \\0 to \\9.
function replacementParts(text: string, groups: boolean): Part[] {
  const parts: Part[] = [];
  const add = (literal: string): void => {
    const last = parts.length - 1;
    if (typeof parts[last] === 'string') parts[last] += literal;
    else parts.push(literal);
  };
  for (let i = 0; i < text.length; i++) {
    const ch = text.charAt(i);
    const next = text.charAt(i + 1);
    if (ch === '&') parts.push(0);
    else if (ch !== '\\' || next === '') add(ch);
    else if (next === '&') {
      add('&');
      i++;
    } else if (groups && /\d/.test(next)) {
      parts.push(Number(next));
      i++;
    } else if (next === '\\' && (groups || text.charAt(i + 2) === '&')) {
      add('\\');
      i++;
    } else add(ch);
  }
  return parts;
}

/// `which` 0: every match; otherwise only that one.
function* replace(
  text: string,
  regex: Regex,
  parts: readonly Part[],
  which: number,
): Running<{ result: string; count: number }> {
  let result = '';
  let done = 0;
  let number = 0;
  let count = 0;
  for (const match of matchesIn(text, regex)) {
    number++;
    if (number % 512 === 0) yield breath;
    if (which > 0 && number < which) continue;
    result +=
      text.slice(done, match[0]) +
      parts.map((part) => (typeof part === 'string' ? part : group(text, match, part))).join('');
    done = match[1] as number;
    count++;
    if (which > 0) break;
  }
  return { result: result + text.slice(done), count };
}

function group(text: string, match: Match, index: number): string {
  const start = match[2 * index] ?? -1;
  return start < 0 ? '' : text.slice(start, match[2 * index + 1]);
}
