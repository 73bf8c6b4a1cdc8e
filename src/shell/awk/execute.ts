/// Runs AWK statements.
import type { Output, Running } from '../command.ts';
import { breath } from '../inputs.ts';
import { strerror } from '../../kernel/errno.ts';
import type { Case, Expr, Redirect, Statement } from './ast.ts';
import { evaluate, placeOf, subscript } from './evaluate.ts';
import { sprintf } from './format.ts';
import type { Runtime } from './runtime.ts';
import { sortedKeys } from './sorted.ts';
import { writeFault } from './streams.ts';
import { compare, toBoolean, toNumber, toText } from './values.ts';
import type { Value } from './values.ts';

/// How a statement was left, when not by its end.
export type Flow = 'break' | 'continue' | 'next' | 'nextfile' | 'exit' | 'return' | null;

export function* runBody(rt: Runtime, body: readonly Statement[]): Running<Flow> {
  for (const statement of body) {
    const flow = yield* execute(rt, statement);
    if (flow !== null) return flow;
  }
  return null;
}

function* execute(rt: Runtime, statement: Statement): Running<Flow> {
  rt.line = statement.line;
  if ((++rt.steps & 511) === 0) yield breath;
  switch (statement.kind) {
    case 'expr':
      yield* evaluate(rt, statement.value);
      return null;
    case 'print':
    case 'printf':
      yield* print(rt, statement.kind, statement.args, statement.redirect);
      return null;
    case 'block':
      return yield* runBody(rt, statement.body);
    case 'if':
      if (toBoolean(yield* evaluate(rt, statement.test))) return yield* execute(rt, statement.yes);
      return statement.no ? yield* execute(rt, statement.no) : null;
    case 'while':
    case 'do':
    case 'for':
      return yield* loop(rt, statement);
    case 'each':
      return yield* forEach(rt, statement);
    case 'switch':
      return yield* choose(rt, statement.of, statement.cases);
    case 'break':
    case 'continue':
    case 'next':
    case 'nextfile':
      return statement.kind;
    case 'exit':
      if (statement.value)
        rt.status = Math.trunc(toNumber(yield* evaluate(rt, statement.value))) & 0xff;
      return 'exit';
    case 'return': {
      const value = statement.value ? yield* evaluate(rt, statement.value) : undefined;
      rt.returned = value;
      return 'return';
    }
    case 'delete': {
      const array = rt.array(statement.array);
      if (statement.subscripts) array.items.delete(yield* subscript(rt, statement.subscripts));
      else array.items.clear();
      return null;
    }
  }
}

function* loop(
  rt: Runtime,
  statement: Statement & { kind: 'while' | 'do' | 'for' },
): Running<Flow> {
  if (statement.kind === 'for' && statement.first) yield* execute(rt, statement.first);
  for (let first = true; ; first = false) {
    if ((++rt.steps & 511) === 0) yield breath;
    const skipsTest = statement.kind === 'do' && first;
    if (!skipsTest && statement.test && !toBoolean(yield* evaluate(rt, statement.test)))
      return null;
    const flow = yield* execute(rt, statement.body);
    if (flow === 'break') return null;
    if (flow !== null && flow !== 'continue') return flow;
    if (statement.kind === 'for' && statement.next) yield* execute(rt, statement.next);
  }
}

function* forEach(rt: Runtime, statement: Statement & { kind: 'each' }): Running<Flow> {
  const array = rt.array(statement.array);
  for (const key of sortedKeys(rt, array)) {
    (yield* placeOf(rt, statement.name)).set(key);
    const flow = yield* execute(rt, statement.body);
    if (flow === 'break') return null;
    if (flow !== null && flow !== 'continue') return flow;
  }
  return null;
}

function* choose(rt: Runtime, of: Expr, cases: readonly Case[]): Running<Flow> {
  const value = yield* evaluate(rt, of);
  let from = -1;
  for (const [i, { test }] of cases.entries()) {
    if (test && (yield* isCase(rt, value, test))) {
      from = i;
      break;
    }
  }
  if (from < 0) from = cases.findIndex(({ test }) => test === null);
  if (from < 0) return null;
  for (const { body } of cases.slice(from)) {
    const flow = yield* runBody(rt, body);
    if (flow === 'break') return null;
    if (flow !== null) return flow;
  }
  return null;
}

function* isCase(rt: Runtime, value: Value, test: Expr): Running<boolean> {
  if (test.kind === 'regex') return rt.regex(test.source).test(rt.text(value));
  const wanted = yield* evaluate(rt, test);
  const sameKind = typeof wanted === 'number' ? typeof value !== 'string' : true;
  return sameKind && compare(value, wanted, rt.convfmt) === 0;
}

function* print(
  rt: Runtime,
  kind: 'print' | 'printf',
  args: readonly Expr[],
  redirect: Redirect | null,
): Running<void> {
  const values: Value[] = [];
  for (const arg of args) values.push(yield* evaluate(rt, arg));
  const text =
    kind === 'print'
      ? printed(rt, values)
      : sprintf(rt.text(values[0]), values.slice(1), rt.convfmt, `awk: ${rt.place()}`.slice(5));
  if (!redirect) {
    yield* rt.io.out.write(text);
    return;
  }
  const name = rt.text(yield* evaluate(rt, redirect.to));
  if (name === '')
    throw rt.fatal(`expression for \`${redirect.mode}' redirection has null string value`);
  const out = targetOf(rt, redirect.mode, name);
  try {
    yield* out.write(text);
  } catch (error) {
    throw writeFault(error, name) ?? error;
  }
}

function printed(rt: Runtime, values: readonly Value[]): string {
  const ors = rt.text(rt.special('ORS'));
  if (values.length === 0) return rt.getRecord() + ors;
  const ofmt = rt.text(rt.special('OFMT'));
  if (values.length === 1) return toText(values[0], ofmt) + ors;
  return values.map((value) => toText(value, ofmt)).join(rt.text(rt.special('OFS'))) + ors;
}

function targetOf(rt: Runtime, mode: Redirect['mode'], name: string): Output {
  if (mode === '|' || mode === '|&') return rt.streams.command(name);
  const out = rt.streams.file(name, mode === '>>');
  if (typeof out === 'string') throw rt.fatal(`cannot redirect to \`${name}': ${strerror(out)}`);
  return out;
}
