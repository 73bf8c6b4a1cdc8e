/// ${...}: defaults, lengths, slices, removal, replacement, case, indirection and lists.
/// Left out: ${x@P} (prompts) and ${x@A} of arrays.
import type { ParameterExpansionPart, ParameterOperation, Word } from 'unbash';
import type { Running } from './command.ts';
import { arithmeticText, expandPattern, expandText } from './expand.ts';
import { complain as say } from './messages.ts';
import { findPattern, matches, matchingEnd } from './pattern.ts';
import { Abort, errorPrefix } from './process.ts';
import type { Process } from './process.ts';
import { declaration, quoteForShell } from './quote.ts';
import {
  allValues,
  arrayOf,
  get,
  isName,
  keyFor,
  keysOf,
  names,
  set,
  setElement,
} from './variables.ts';

/// What an expansion gives: one text, a list ("$@", "${a[*]}"), or an operand to expand in place.
export type Value =
  | { readonly kind: 'one'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[]; readonly star: boolean }
  | { readonly kind: 'word'; readonly word: Word };

const one = (text: string): Value => ({ kind: 'one', text });

export function expandSimple(p: Process, name: string): Value {
  if (name === '@' || name === '*')
    return { kind: 'list', items: p.session.positional, star: name === '*' };
  const value = get(p, name);
  if (value === undefined) refuseUnset(p, name);
  return one(value ?? '');
}

function refuseUnset(p: Process, name: string): void {
  if (!p.session.options['nounset'] || name === '@' || name === '*') return;
  throw new Abort(
    `${errorPrefix(p)}${/^\d+$/.test(name) ? '$' : ''}${name}: unbound variable`,
    fatalStatus(p),
    true,
  );
}

/// Exit status of a shell that an expansion ends: 127 only where it runs the words of -c themselves.
function fatalStatus(p: Process): number {
  const words = p.from_command && p.subshell === 0 && !p.session.options['errexit'];
  return words ? 127 : 1;
}

/// What the braces refer to: a name, perhaps with a subscript.
interface Target {
  readonly name: string;
  readonly key: string | null; // a subscript other than @ and *
  readonly list: '@' | '*' | null;
}

export function* expandParameter(
  p: Process,
  part: ParameterExpansionPart,
  quoted: boolean,
): Running<Value> {
  const op = part.operation;
  if (op?.type === 'Unknown' || (part.parameter === '' && !part.prefix)) badSubstitution(p, part);
  if (op?.type === 'Names') return matchingNames(p, part, op.operator);
  const direct = yield* targetOf(p, part.parameter, part.index);
  if (part.prefix === '#') return lengthOf(p, direct);
  if (part.prefix === '!' && direct.list && arrayOf(p.session, direct.name))
    return keysValue(p, direct);
  const target = part.prefix === '!' ? yield* indirect(p, part, direct) : direct;
  if (!op) return plain(p, target);
  return yield* operate(p, part, target, op, quoted);
}

function badSubstitution(p: Process, part: ParameterExpansionPart): never {
  throw new Abort(`${errorPrefix(p)}${part.text}: bad substitution`);
}

function* targetOf(p: Process, name: string, index: Word | undefined): Running<Target> {
  if (name === '@' || name === '*') return { name, key: null, list: name };
  if (!index) return { name, key: null, list: null };
  if (index.text === '@' || index.text === '*') return { name, key: null, list: index.text };
  return { name, key: yield* readingKey(p, name, yield* expandText(p, index)), list: null };
}

/// A subscript before the first element is an error that only leaves the value empty.
function* readingKey(p: Process, name: string, subscript: string): Running<string> {
  try {
    return keyFor(p, name, subscript);
  } catch (error) {
    if (!(error instanceof Abort) || !error.message.endsWith('bad array subscript')) throw error;
    yield* say(p, `${errorPrefix(p)}${name}: bad array subscript`);
    return '';
  }
}

function* indirect(p: Process, part: ParameterExpansionPart, direct: Target): Running<Target> {
  const name = valueOf(p, direct);
  if (name === undefined || name === '') {
    throw new Abort(`${errorPrefix(p)}${part.parameter}: invalid indirect expansion`);
  }
  const found = /^([A-Za-z_]\w*|[@*#?$!-]|\d+)(?:\[(.*)\])?$/.exec(name);
  if (!found) throw new Abort(`${errorPrefix(p)}${name}: invalid variable name`);
  const subscript = found[2];
  if (subscript === '@' || subscript === '*')
    return { name: found[1] ?? '', key: null, list: subscript };
  const target = found[1] ?? '';
  return {
    name: target,
    key: subscript === undefined ? null : keyFor(p, target, subscript),
    list: target === '@' || target === '*' ? target : null,
  };
}

function valueOf(p: Process, t: Target): string | undefined {
  if (t.key === null) return get(p, t.name);
  const array = arrayOf(p.session, t.name);
  if (array) return array.items[t.key];
  return t.key === '0' ? get(p, t.name) : undefined;
}

function plain(p: Process, t: Target): Value {
  if (t.list) return { kind: 'list', items: allValues(p, t.name), star: t.list === '*' };
  const value = valueOf(p, t);
  if (value === undefined) refuseUnset(p, t.key === null ? t.name : `${t.name}[${t.key}]`);
  return one(value ?? '');
}

function lengthOf(p: Process, t: Target): Value {
  if (t.list) return one(String(allValues(p, t.name).length));
  const value = valueOf(p, t);
  if (value === undefined) refuseUnset(p, t.name);
  return one(String([...(value ?? '')].length));
}

function keysValue(p: Process, t: Target): Value {
  const array = arrayOf(p.session, t.name);
  return { kind: 'list', items: array ? keysOf(array) : [], star: t.list === '*' };
}

function matchingNames(p: Process, part: ParameterExpansionPart, operator: '@' | '*'): Value {
  const items = names(p).filter((name) => name.startsWith(part.parameter));
  return { kind: 'list', items, star: operator === '*' };
}

function* operate(
  p: Process,
  part: ParameterExpansionPart,
  t: Target,
  op: ParameterOperation,
  quoted: boolean,
): Running<Value> {
  switch (op.type) {
    case 'Default':
      return yield* defaulted(p, part, t, op.operator, op.operand);
    case 'Slice':
      return yield* slice(p, t, op.offset, op.length);
    case 'Remove': {
      const pattern = yield* expandPattern(p, op.operand);
      return each(p, t, (text) => remove(text, pattern, op.operator));
    }
    case 'Replace': {
      const pattern = yield* expandPattern(p, op.pattern);
      const by = yield* replacement(p, op.replacement);
      return each(p, t, (text) => replace(text, pattern, by, op.operator));
    }
    case 'CaseModification': {
      const pattern = op.operand ? yield* expandPattern(p, op.operand) : '?';
      return each(p, t, (text) => changeCase(text, pattern === '' ? '?' : pattern, op.operator));
    }
    case 'Transform':
      return transform(p, part, t, op.operand.text);
    case 'Names':
    case 'Unknown':
      throw new Error(`operation ${op.type} (quoted: ${quoted}) is handled before`);
  }
}

function* defaulted(
  p: Process,
  part: ParameterExpansionPart,
  t: Target,
  operator: string,
  operand: Word,
): Running<Value> {
  const values = t.list ? allValues(p, t.name) : [valueOf(p, t)].filter((v) => v !== undefined);
  const empty = operator.startsWith(':') && values.join(' ') === '';
  const missing = values.length === 0 || empty;
  switch (operator.at(-1)) {
    case '+':
      return missing ? one('') : { kind: 'word', word: operand };
    case '-':
      return missing ? { kind: 'word', word: operand } : plain(p, t);
    case '=':
      return missing ? yield* assignDefault(p, part, t, operand) : plain(p, t);
    default:
      if (!missing) return plain(p, t);
      return yield* complain(p, t, operator, operand);
  }
}

function* assignDefault(
  p: Process,
  part: ParameterExpansionPart,
  t: Target,
  operand: Word,
): Running<Value> {
  if (!isName(t.name))
    throw new Abort(`${errorPrefix(p)}$${part.parameter}: cannot assign in this way`);
  const text = yield* expandText(p, operand);
  if (t.key === null) set(p, t.name, text);
  else setElement(p, t.name, t.key, text);
  return one(text);
}

function* complain(p: Process, t: Target, operator: string, operand: Word): Running<Value> {
  const words = yield* expandText(p, operand);
  const standard = operator === ':?' ? 'parameter null or not set' : 'parameter not set';
  const text = `${errorPrefix(p)}${t.name}: ${words === '' ? standard : words}`;
  throw new Abort(text, fatalStatus(p), true);
}

/// Applies a change to the value, or to each value of a list.
function each(p: Process, t: Target, change: (text: string) => string): Value {
  const value = plain(p, t);
  if (value.kind === 'one') return one(change(value.text));
  if (value.kind === 'list') return { ...value, items: value.items.map(change) };
  return value;
}

function* slice(p: Process, t: Target, offset: Word, length: Word | undefined): Running<Value> {
  const from = Number(yield* arithmeticText(p, offset.text));
  const count = length ? Number(yield* arithmeticText(p, length.text)) : undefined;
  if (t.list) return sliceList(p, t, from, count, length?.text ?? '');
  const value = plain(p, t);
  const characters = [...(value.kind === 'one' ? value.text : '')];
  const start = from < 0 ? characters.length + from : from;
  if (start < 0 || start > characters.length) return one('');
  const end = endOf(p, start, count, characters.length, length?.text ?? '');
  return one(characters.slice(start, end).join(''));
}

function endOf(
  p: Process,
  start: number,
  count: number | undefined,
  total: number,
  text: string,
): number {
  if (count === undefined) return total;
  const end = count < 0 ? total + count : start + count;
  if (end < start) throw new Abort(`${errorPrefix(p)}${text}: substring expression < 0`);
  return end;
}

/// "${@:0}" counts $0 as element 0; an array's offset is a key, not a position.
function sliceList(
  p: Process,
  t: Target,
  from: number,
  count: number | undefined,
  text: string,
): Value {
  if (count !== undefined && count < 0)
    throw new Abort(`${errorPrefix(p)}${text}: substring expression < 0`);
  const positional = t.name === '@' || t.name === '*';
  const items = positional ? [p.session.name, ...p.session.positional] : allValues(p, t.name);
  const array = arrayOf(p.session, t.name);
  const keys = array && !array.associative ? keysOf(array).map(Number) : items.map((_, i) => i);
  const start = from < 0 ? (keys.at(-1) ?? -1) + 1 + from : from;
  if (start < 0) return { kind: 'list', items: [], star: t.list === '*' };
  const first = keys.findIndex((key) => key >= start);
  const picked =
    first < 0 ? [] : items.slice(first, count === undefined ? undefined : first + count);
  return { kind: 'list', items: picked, star: t.list === '*' };
}

function remove(text: string, pattern: string, operator: string): string {
  const front = operator.startsWith('#');
  const length = matchingEnd(pattern, text, front ? 'front' : 'back', operator.length === 2);
  if (length < 0) return text;
  return front ? text.slice(length) : text.slice(0, text.length - length);
}

/// In the replacement an unquoted & stands for what was matched (shopt patsub_replacement, on in 5.2).
function* replacement(p: Process, word: Word): Running<(found: string) => string> {
  const pattern = yield* expandPattern(p, word);
  return (found) =>
    pattern.replace(/\\([\s\S])|&/g, (_, quoted: string | undefined) => quoted ?? found);
}

function replace(
  text: string,
  pattern: string,
  by: (found: string) => string,
  operator: string,
): string {
  if (operator === '/#' || operator === '/%') {
    const length = matchingEnd(pattern, text, operator === '/#' ? 'front' : 'back', true);
    if (length < 0) return text;
    if (operator === '/#') return by(text.slice(0, length)) + text.slice(length);
    return text.slice(0, text.length - length) + by(text.slice(text.length - length));
  }
  if (pattern === '') return text;
  let out = '';
  let from = 0;
  do {
    const found = findPattern(pattern, text, from);
    if (!found) break;
    out += text.slice(from, found[0]) + by(text.slice(...found));
    from = found[1];
    if (operator === '/') break;
    // After an empty match one character stays as it is.
    if (found[0] === found[1]) out += text.slice(from, ++from);
  } while (from < text.length);
  return out + text.slice(from);
}

function changeCase(text: string, pattern: string, operator: string): string {
  const change = (c: string) => (operator[0] === '^' ? c.toUpperCase() : c.toLowerCase());
  const characters = [...text];
  const last = operator.length === 2 ? characters.length : 1;
  return characters.map((c, i) => (i < last && matches(pattern, c) ? change(c) : c)).join('');
}

function transform(p: Process, part: ParameterExpansionPart, t: Target, operator: string): Value {
  switch (operator) {
    case 'Q':
      return valueOf(p, t) === undefined && !t.list ? one('') : each(p, t, quoteForShell);
    case 'U':
      return each(p, t, (text) => text.toUpperCase());
    case 'u':
      return each(p, t, (text) => changeCase(text, '?', '^'));
    case 'L':
      return each(p, t, (text) => text.toLowerCase());
    case 'A':
      return one(declaration(p, t.name, t.name) ?? '');
    default:
      return badSubstitution(p, part);
  }
}
