/// Arithmetic as $(( )), let, (( )), array subscripts and declare -i know it: 64-bit signed with
/// wrap-around. Names stand for their values, which are expressions themselves.
import { get, keyFor, set, setElement, arrayOf } from './variables.ts';
import { Abort, errorPrefix } from './process.ts';
import type { Process } from './process.ts';

const DEPTH_LIMIT = 1024; // EXP_DEPTH of bash: how deep values may refer to values

/// One token: where it starts in the text, and what it is.
interface Token {
  readonly kind: 'number' | 'name' | 'operator' | 'end';
  readonly text: string;
  readonly at: number;
}

interface Place {
  readonly name: string;
  readonly key: string | null;
}

/// A value, and where it came from if it can be assigned to.
interface Value {
  readonly value: bigint;
  readonly place: Place | null;
}

interface Reader {
  readonly p: Process;
  readonly text: string;
  readonly what: string; // stands before the message: `((: ` or `let: `
  readonly depth: number;
  at: number;
  token: Token;
  previous: Token;
  number: bigint; // value of `token` when it is a number
  skipping: number; // inside the branch of && || ?: that is not taken
}

const OPERATORS =
  /<<=|>>=|\*\*|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||\+=|-=|\*=|\/=|%=|&=|\^=|\|=|[-+*/%=<>&|^!~?:,()]/y;
const SPACE = /\s*/y;
const NUMBER = /[0-9][\w#@]*/y;
const NAME = /[A-Za-z_]\w*/y;

/// The value of an expression whose expansions are already done. Throws Abort with bash's message.
export function evaluate(p: Process, text: string, what = '', depth = 0): bigint {
  const start: Token = { kind: 'operator', text: '', at: 0 };
  const r: Reader = {
    p,
    text,
    what,
    depth,
    at: 0,
    token: start,
    previous: start,
    number: 0n,
    skipping: 0,
  };
  if (depth > DEPTH_LIMIT) fail(r, 'expression recursion level exceeded', 0);
  advance(r);
  if (at(r, '')) return 0n;
  const { value } = comma(r);
  if (!at(r, '')) fail(r, 'syntax error in expression', r.token.at);
  return value;
}

/// `end` cuts the expression short: bash shows a bad number as if nothing followed it.
function fail(r: Reader, message: string, at: number, end = r.text.length): never {
  const expression = r.text.slice(0, end).replace(/^\s+/, '');
  const token = r.text.slice(at, end).replace(/^\s+/, '');
  throw new Abort(
    `${errorPrefix(r.p)}${r.what}${expression}: ${message} (error token is "${token}")`,
  );
}

/// Whether the next token is this one; '' stands for the end.
function at(r: Reader, text: string): boolean {
  return r.token.text === text;
}

/// Where bash points: at the next token, or at the last one when nothing follows.
function here(r: Reader): number {
  return r.token.kind === 'end' ? r.previous.at : r.token.at;
}

function advance(r: Reader): void {
  SPACE.lastIndex = r.at;
  SPACE.exec(r.text);
  const start = SPACE.lastIndex;
  r.previous = r.token;
  r.token = tokenAt(r, start);
  r.at = start + r.token.text.length;
  if (r.token.kind === 'number') r.number = parseNumber(r, r.token);
}

function tokenAt(r: Reader, at: number): Token {
  if (at >= r.text.length) return { kind: 'end', text: '', at };
  for (const [kind, pattern] of [
    ['number', NUMBER],
    ['name', NAME],
    ['operator', OPERATORS],
  ] as const) {
    pattern.lastIndex = at;
    const found = pattern.exec(r.text);
    if (found) return { kind, text: found[0], at };
  }
  // after an operand this is a bad operator, elsewhere a missing operand
  const after = r.token.kind !== 'operator' || r.token.text === ')';
  return fail(
    r,
    after ? 'syntax error: invalid arithmetic operator' : 'syntax error: operand expected',
    at,
  );
}

function comma(r: Reader): Value {
  let left = assignment(r);
  while (r.token.text === ',') {
    advance(r);
    left = assignment(r);
  }
  return left;
}

const ASSIGNS = new Set(['=', '+=', '-=', '*=', '/=', '%=', '&=', '^=', '|=', '<<=', '>>=']);

function assignment(r: Reader): Value {
  const left = ternary(r);
  const op = r.token;
  if (op.kind !== 'operator' || !ASSIGNS.has(op.text)) return left;
  if (!left.place) fail(r, 'attempted assignment to non-variable', op.at);
  advance(r);
  const right = assignment(r).value;
  const value = op.text === '=' ? right : binary(r, op.text.slice(0, -1), left.value, right);
  store(r, left.place, value);
  return { value, place: null };
}

function store(r: Reader, place: Place, value: bigint): void {
  if (r.skipping > 0) return;
  if (place.key === null) set(r.p, place.name, String(value));
  else setElement(r.p, place.name, keyFor(r.p, place.name, place.key), String(value));
}

function ternary(r: Reader): Value {
  const test = or(r);
  if (!at(r, '?')) return test;
  advance(r);
  if (at(r, '') || at(r, ':')) fail(r, 'expression expected', r.previous.at);
  const yes = branch(r, test.value !== 0n, comma);
  if (!at(r, ':')) fail(r, "`:' expected for conditional expression", here(r));
  advance(r);
  if (at(r, '')) fail(r, 'expression expected', r.previous.at);
  const no = branch(r, test.value === 0n, ternary);
  return { value: test.value !== 0n ? yes.value : no.value, place: null };
}

function branch(r: Reader, taken: boolean, parse: (r: Reader) => Value): Value {
  if (!taken) r.skipping++;
  const value = parse(r);
  if (!taken) r.skipping--;
  return value;
}

function or(r: Reader): Value {
  let left = and(r);
  while (r.token.text === '||') {
    advance(r);
    const right = branch(r, left.value === 0n, and);
    left = { value: left.value !== 0n || right.value !== 0n ? 1n : 0n, place: null };
  }
  return left;
}

function and(r: Reader): Value {
  let left = level(r, 0);
  while (r.token.text === '&&') {
    advance(r);
    const right = branch(r, left.value !== 0n, (inner) => level(inner, 0));
    left = { value: left.value !== 0n && right.value !== 0n ? 1n : 0n, place: null };
  }
  return left;
}

/// Left-associative operators, weakest first.
const LEVELS: readonly ReadonlySet<string>[] = [
  new Set(['|']),
  new Set(['^']),
  new Set(['&']),
  new Set(['==', '!=']),
  new Set(['<', '>', '<=', '>=']),
  new Set(['<<', '>>']),
  new Set(['+', '-']),
  new Set(['*', '/', '%']),
];

function level(r: Reader, n: number): Value {
  const operators = LEVELS[n];
  if (!operators) return power(r);
  let left = level(r, n + 1);
  while (r.token.kind === 'operator' && operators.has(r.token.text)) {
    const op = r.token.text;
    advance(r);
    const operand = r.token.at; // bash shows a zero divisor from its start
    const right = level(r, n + 1).value;
    left = { value: binary(r, op, left.value, right, operand), place: null };
  }
  return left;
}

function power(r: Reader): Value {
  const base = unary(r);
  if (r.token.text !== '**') return base;
  advance(r);
  return { value: binary(r, '**', base.value, power(r).value), place: null };
}

const wrap = (n: bigint): bigint => BigInt.asIntN(64, n);
const truth = (b: boolean): bigint => (b ? 1n : 0n);

function binary(r: Reader, op: string, a: bigint, b: bigint, operand = r.previous.at): bigint {
  switch (op) {
    case '+':
      return wrap(a + b);
    case '-':
      return wrap(a - b);
    case '*':
      return wrap(a * b);
    case '/':
    case '%':
      return divide(r, op, a, b, operand);
    case '**':
      return raise(r, a, b);
    case '<<':
      return wrap(a << (b & 63n));
    case '>>':
      return a >> (b & 63n);
    case '&':
      return a & b;
    case '|':
      return a | b;
    case '^':
      return a ^ b;
    case '<':
      return truth(a < b);
    case '>':
      return truth(a > b);
    case '<=':
      return truth(a <= b);
    case '>=':
      return truth(a >= b);
    case '==':
      return truth(a === b);
    case '!=':
      return truth(a !== b);
    default:
      throw new Error(`arithmetic operator ${op}`);
  }
}

function divide(r: Reader, op: string, a: bigint, b: bigint, operand: number): bigint {
  if (b === 0n) {
    if (r.skipping > 0) return 0n;
    fail(r, 'division by 0', operand);
  }
  return wrap(op === '/' ? a / b : a % b);
}

function raise(r: Reader, a: bigint, b: bigint): bigint {
  if (b < 0n) {
    fail(r, 'exponent less than 0', here(r));
  }
  let result = 1n;
  let square = a;
  for (let rest = b; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = wrap(result * square);
    square = wrap(square * square);
  }
  return result;
}

function unary(r: Reader): Value {
  const op = r.token;
  if (op.kind !== 'operator') return postfix(r, primary(r));
  if (op.text === '++' || op.text === '--') return prefixed(r, op);
  if (!['+', '-', '!', '~'].includes(op.text)) return postfix(r, primary(r));
  advance(r);
  const { value } = unary(r);
  const results: Record<string, bigint> = {
    '+': value,
    '-': wrap(-value),
    '!': truth(value === 0n),
    '~': ~value,
  };
  return { value: results[op.text] ?? 0n, place: null };
}

/// ++x; but ++3 and --3 are two signs each.
function prefixed(r: Reader, op: Token): Value {
  advance(r);
  if (r.token.kind !== 'name') {
    const { value } = unary(r);
    return { value, place: null };
  }
  const operand = primary(r);
  const value = wrap(operand.value + (op.text === '++' ? 1n : -1n));
  if (operand.place) store(r, operand.place, value);
  const again = r.token.text;
  if (again === '++' || again === '--') fail(r, `${again}: assignment requires lvalue`, r.token.at);
  return { value, place: null };
}

function postfix(r: Reader, operand: Value): Value {
  if (r.token.text !== '++' && r.token.text !== '--') return operand;
  if (!operand.place) return operand;
  store(r, operand.place, wrap(operand.value + (r.token.text === '++' ? 1n : -1n)));
  advance(r);
  return { value: operand.value, place: null };
}

function primary(r: Reader): Value {
  const token = r.token;
  if (token.kind === 'number') {
    const value = r.number;
    advance(r);
    return { value, place: null };
  }
  if (token.kind === 'name') return variable(r, token.text);
  if (token.text === '(') {
    advance(r);
    const inner = comma(r);
    if (r.token.text !== ')') fail(r, "missing `)'", here(r));
    advance(r);
    return { value: inner.value, place: null };
  }
  return fail(r, 'syntax error: operand expected', here(r));
}

function variable(r: Reader, name: string): Value {
  let key: string | null = null;
  if (r.text[r.at] === '[') {
    const close = subscriptEnd(r.text, r.at);
    if (close < 0) fail(r, 'bad array subscript', r.token.at);
    key = r.text.slice(r.at + 1, close);
    r.at = close + 1;
  }
  advance(r);
  const text =
    key === null ? get(r.p, name) : arrayOf(r.p.session, name)?.items[keyFor(r.p, name, key)];
  if (
    text === undefined &&
    key === null &&
    r.skipping === 0 &&
    r.p.session.options['nounset'] &&
    !ASSIGNS.has(r.token.text)
  ) {
    throw new Abort(`${errorPrefix(r.p)}${name}: unbound variable`, 1, true);
  }
  const value =
    r.skipping > 0 || !text || r.token.text === '=' ? 0n : evaluate(r.p, text, r.what, r.depth + 1);
  return { value, place: { name, key } };
}

function subscriptEnd(text: string, open: number): number {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === '[') depth++;
    else if (text[i] === ']' && --depth === 0) return i;
  }
  return -1;
}

const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ@_';

function parseNumber(r: Reader, token: Token): bigint {
  const hash = token.text.indexOf('#');
  if (hash >= 0)
    return based(r, token, Number(token.text.slice(0, hash)), token.text.slice(hash + 1));
  if (/^0[xX]/.test(token.text)) return based(r, token, 16, token.text.slice(2));
  if (/^0\d/.test(token.text)) return based(r, token, 8, token.text.slice(1));
  return based(r, token, 10, token.text);
}

function based(r: Reader, token: Token, base: number, digits: string): bigint {
  if (!(base >= 2 && base <= 64))
    fail(r, 'invalid arithmetic base', token.at, token.at + token.text.length);
  if (digits === '' && token.text.includes('#'))
    fail(r, 'invalid integer constant', token.at, token.at + token.text.length);
  let value = 0n;
  for (const c of digits) {
    if (c === '#') fail(r, 'invalid number', token.at, token.at + token.text.length);
    const digit = DIGITS.indexOf(base <= 36 ? c.toLowerCase() : c);
    if (digit < 0 || digit >= base)
      fail(r, 'value too great for base', token.at, token.at + token.text.length);
    value = wrap(value * BigInt(base) + BigInt(digit));
  }
  return value;
}
