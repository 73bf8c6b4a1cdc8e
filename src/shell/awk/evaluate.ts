/// Evaluates AWK expressions. Generators, because getline may wait for input and functions may loop.
import type { Running } from '../command.ts';
import { breath } from '../inputs.ts';
import { AwkArray } from './array.ts';
import { Fatal } from './ast.ts';
import type { BinaryOp, Expr, FunctionDef, Lvalue } from './ast.ts';
import { slotOf } from './builtin_names.ts';
import { callBuiltin } from './builtins.ts';
import { runBody } from './execute.ts';
import { power } from './math.ts';
import type { RecordReader, RecordText } from './reader.ts';
import { Untyped } from './runtime.ts';
import type { Runtime, Slot } from './runtime.ts';
import { compare, toBoolean, toNumber, UserText } from './values.ts';
import type { Value } from './values.ts';

const deepest = 400; // calls inside calls
const longestText = 1 << 24;

export function* evaluate(rt: Runtime, expr: Expr): Running<Value> {
  switch (expr.kind) {
    case 'number':
    case 'string':
      return expr.value;
    case 'regex':
      return rt.regex(expr.source).test(rt.getRecord()) ? 1 : 0;
    case 'var':
      return rt.read(expr.at);
    case 'field':
      return rt.getField(yield* fieldIndex(rt, expr.index));
    case 'item':
      return rt.array(expr.array).get(yield* subscript(rt, expr.subscripts));
    case 'assign':
      return yield* assign(rt, expr);
    case 'step':
      return yield* step(rt, expr);
    case 'binary':
      return yield* binary(rt, expr);
    case 'unary':
      return unary(expr.op, yield* evaluate(rt, expr.of));
    case 'and':
      return toBoolean(yield* evaluate(rt, expr.left)) && toBoolean(yield* evaluate(rt, expr.right))
        ? 1
        : 0;
    case 'or':
      return toBoolean(yield* evaluate(rt, expr.left)) || toBoolean(yield* evaluate(rt, expr.right))
        ? 1
        : 0;
    case 'choice':
      return yield* evaluate(rt, toBoolean(yield* evaluate(rt, expr.test)) ? expr.yes : expr.no);
    case 'in':
      return rt.array(expr.array).items.has(yield* subscript(rt, expr.subscripts)) ? 1 : 0;
    case 'group':
      return yield* evaluate(rt, expr.of);
    case 'list':
      throw new Error('a list outside print and in');
    case 'call':
      return yield* call(rt, expr);
    case 'builtin':
      return yield* callBuiltin(rt, expr.name, expr.args);
    case 'getline':
      return yield* getline(rt, expr);
  }
}

export function* fieldIndex(rt: Runtime, index: Expr): Running<number> {
  if (index.kind === 'number') return Math.trunc(index.value);
  return Math.trunc(toNumber(yield* evaluate(rt, index)));
}

/// The key of an element; several subscripts are joined by SUBSEP.
export function* subscript(rt: Runtime, subscripts: readonly Expr[]): Running<string> {
  const [only] = subscripts;
  if (only && subscripts.length === 1) return keyText(rt, yield* evaluate(rt, only));
  const parts: string[] = [];
  for (const part of subscripts) parts.push(keyText(rt, yield* evaluate(rt, part)));
  return parts.join(rt.text(rt.special('SUBSEP')));
}

export function keyText(rt: Runtime, value: Value): string {
  return rt.text(value);
}

/// An lvalue whose subscripts have been worked out, so that they are worked out once.
export interface Place {
  get(): Value;
  set(value: Value): void;
}

export function* placeOf(rt: Runtime, target: Lvalue): Running<Place> {
  if (target.kind === 'var') {
    return { get: () => rt.read(target.at), set: (value) => rt.write(target.at, value) };
  }
  if (target.kind === 'field') {
    const index = yield* fieldIndex(rt, target.index);
    return { get: () => rt.getField(index), set: (value) => rt.setField(index, value) };
  }
  const key = yield* subscript(rt, target.subscripts);
  const array = rt.array(target.array);
  return { get: () => array.get(key), set: (value) => array.set(key, value) };
}

function* assign(rt: Runtime, expr: Expr & { kind: 'assign' }): Running<Value> {
  if (expr.op === null) {
    if (expr.to.kind === 'var') {
      const value = yield* evaluate(rt, expr.value);
      rt.write(expr.to.at, value);
      return value;
    }
    const place = yield* placeOf(rt, expr.to);
    const value = yield* evaluate(rt, expr.value);
    place.set(value);
    return value;
  }
  const place = yield* placeOf(rt, expr.to);
  const right = yield* evaluate(rt, expr.value);
  const result = applyBinary(rt, expr.op, place.get(), right);
  place.set(result);
  return result;
}

function* step(rt: Runtime, expr: Expr & { kind: 'step' }): Running<Value> {
  const place = yield* placeOf(rt, expr.of);
  const old = toNumber(place.get());
  place.set(old + expr.by);
  return expr.before ? old + expr.by : old;
}

function unary(op: '!' | '-' | '+', value: Value): Value {
  if (op === '!') return toBoolean(value) ? 0 : 1;
  return op === '-' ? -toNumber(value) : toNumber(value);
}

function* binary(rt: Runtime, expr: Expr & { kind: 'binary' }): Running<Value> {
  const left = yield* evaluate(rt, expr.left);
  if (expr.op === '~' || expr.op === '!~') {
    const value = expr.right.kind === 'regex' ? undefined : yield* evaluate(rt, expr.right);
    const found = rt.pattern(expr.right, value).test(rt.text(left));
    return found === (expr.op === '~') ? 1 : 0;
  }
  return applyBinary(rt, expr.op, left, yield* evaluate(rt, expr.right));
}

function applyBinary(rt: Runtime, op: BinaryOp, left: Value, right: Value): Value {
  switch (op) {
    case '+':
      return toNumber(left) + toNumber(right);
    case '-':
      return toNumber(left) - toNumber(right);
    case '*':
      return toNumber(left) * toNumber(right);
    case '/':
      if (toNumber(right) === 0) throw rt.fatal('division by zero attempted');
      return toNumber(left) / toNumber(right);
    case '%':
      if (toNumber(right) === 0) throw rt.fatal("division by zero attempted in `%'");
      return toNumber(left) % toNumber(right);
    case '^':
      return power(toNumber(left), toNumber(right));
    case ' ':
      return concatenated(rt.text(left), rt.text(right));
    default:
      return comparison(op, compare(left, right, rt.convfmt)) ? 1 : 0;
  }
}

function concatenated(left: string, right: string): string {
  if (left.length + right.length > longestText)
    throw new Fatal(`softnet: a text is limited to ${longestText} characters here`);
  return left + right;
}

function comparison(op: BinaryOp, order: number): boolean {
  switch (op) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '==':
      return order === 0;
    case '!=':
      return order !== 0;
    case '>':
      return order > 0;
    default:
      return order >= 0;
  }
}

function* call(rt: Runtime, expr: Expr & { kind: 'call' }): Running<Value> {
  const def = rt.functions.get(expr.name) as FunctionDef;
  if (expr.args.length > def.params)
    throw rt.fatal(`function \`${expr.name}' called with more arguments than declared`);
  const locals: Slot[] = [];
  for (const arg of expr.args)
    locals.push(arg.kind === 'var' ? rt.pass(arg.at) : yield* evaluate(rt, arg));
  while (locals.length < def.params) locals.push(undefined);
  if (rt.depth >= deepest)
    throw new Fatal(`softnet: function calls are limited to a depth of ${deepest} here`);
  const callers = rt.locals;
  rt.locals = locals;
  rt.depth++;
  rt.returned = undefined;
  if ((++rt.steps & 511) === 0) yield breath;
  const flow = yield* runBody(rt, def.body);
  rt.depth--;
  rt.locals = callers;
  if (flow !== null && flow !== 'return') throw new Leaving(flow);
  const value = rt.returned;
  rt.returned = undefined;
  return value;
}

/// exit or next inside a function leaves the expression that called it.
export class Leaving extends Error {
  readonly flow: 'exit' | 'next' | 'nextfile';
  constructor(flow: string) {
    super(flow);
    this.flow = flow as Leaving['flow'];
  }
}

function* getline(rt: Runtime, expr: Expr & { kind: 'getline' }): Running<Value> {
  const record = yield* nextRecord(rt, expr);
  if (typeof record === 'number') return record;
  rt.globals[slotOf('RT')] = record.terminator;
  if (expr.from === 'input') rt.countRecord();
  else if (expr.from === 'command') rt.countInAll();
  if (expr.into) (yield* placeOf(rt, expr.into)).set(new UserText(record.text));
  else rt.record.set(record.text);
  return 1;
}

/// The record, or what getline returns instead: 0 at the end, -1 for a failure.
function* nextRecord(rt: Runtime, expr: Expr & { kind: 'getline' }): Running<RecordText | number> {
  if (expr.source === null) {
    const record = rt.input ? yield* rt.input.next() : null;
    return record ?? 0;
  }
  const name = rt.text(yield* evaluate(rt, expr.source));
  let reader: RecordReader;
  if (expr.from === 'command') reader = yield* rt.streams.commandReader(name);
  else {
    if (name === '') throw rt.fatal("expression for `<' redirection has null string value");
    const opened = rt.streams.reader(name);
    if (typeof opened === 'string') return -1;
    reader = opened;
  }
  return (yield* reader.next(rt.recordSeparator())) ?? 0;
}

/// An array argument of a function of AWK's own.
export function arrayArgument(
  rt: Runtime,
  expr: Expr | undefined,
  name: string,
  position: string,
): AwkArray {
  if (expr?.kind !== 'var') throw rt.fatal(`${name}: ${position} argument is not an array`);
  const slot = expr.at.local ? rt.locals[expr.at.slot] : rt.globals[expr.at.slot];
  if (slot !== undefined && !(slot instanceof AwkArray) && !(slot instanceof Untyped))
    throw rt.fatal(`${name}: ${position} argument is not an array`);
  return rt.array(expr.at);
}
