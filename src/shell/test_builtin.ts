/// test and [: conditions as words. With up to four arguments their number decides, as POSIX says;
/// with more, -a, -o and parentheses do.
import type { Builtin, Call } from './builtins.ts';
import type { Running } from './command.ts';
import { BINARY, files, NUMERIC, numeric, unary, UNARY } from './conditions.ts';
import { complain, refuse } from './messages.ts';
import { Abort, errorPrefix } from './process.ts';
import type { Process } from './process.ts';

interface Words {
  readonly p: Process;
  readonly name: string;
  readonly words: readonly string[];
  at: number;
}

function* test({ p, argv }: Call): Running {
  const name = argv[0] ?? 'test';
  let words = argv.slice(1);
  if (name === '[') {
    if (words.at(-1) !== ']') return yield* refuse(p, "[: missing `]'", 2);
    words = words.slice(0, -1);
  }
  try {
    return byCount({ p, name, words, at: 0 }) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof Abort)) throw error;
    yield* complain(p, error.message);
    return 2;
  }
}

function fail(t: Words, message: string): never {
  throw new Abort(`${errorPrefix(t.p)}${t.name}: ${message}`, 2);
}

function byCount(t: Words): boolean {
  const [a = '', b = '', c = '', d = ''] = t.words;
  switch (t.words.length) {
    case 0:
      return false;
    case 1:
      return a !== '';
    case 2:
      if (a === '!') return b === '';
      if (UNARY.has(a)) return unary(t.p, a, operand(t, a, b));
      return fail(t, `${a}: unary operator expected`);
    case 3:
      return three(t, a, b, c);
    case 4:
      if (a === '!') return !byCount({ ...t, words: t.words.slice(1) });
      if (a === '(' && d === ')') return byCount({ ...t, words: [b, c] });
      return whole(t);
    default:
      return whole(t);
  }
}

function three(t: Words, a: string, b: string, c: string): boolean {
  if (BINARY.has(b)) return binary(t, a, b, c);
  if (b === '-a') return a !== '' && c !== '';
  if (b === '-o') return a !== '' || c !== '';
  if (a === '!') return !byCount({ ...t, words: [b, c] });
  if (a === '(' && c === ')') return b !== '';
  return fail(t, `${b}: binary operator expected`);
}

function operand(t: Words, operator: string, word: string): string {
  if (operator === '-t' && !/^\d+$/.test(word)) fail(t, `${word}: integer expression expected`);
  return word;
}

function binary(t: Words, left: string, operator: string, right: string): boolean {
  if (NUMERIC.has(operator)) return numeric(t.p, operator, left, right, t.name, false);
  switch (operator) {
    case '=':
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '>':
      return left > right;
    default:
      return files(t.p, operator, left, right);
  }
}

function whole(t: Words): boolean {
  const value = or(t);
  if (t.at < t.words.length) fail(t, 'too many arguments');
  return value;
}

function or(t: Words): boolean {
  let value = and(t);
  while (t.words[t.at] === '-o') {
    t.at++;
    const right = and(t);
    value = value || right;
  }
  return value;
}

function and(t: Words): boolean {
  let value = primary(t);
  while (t.words[t.at] === '-a') {
    t.at++;
    const right = primary(t);
    value = value && right;
  }
  return value;
}

function primary(t: Words): boolean {
  const word = t.words[t.at];
  if (word === undefined) fail(t, 'argument expected');
  const next = t.words[t.at + 1];
  if (next !== undefined && BINARY.has(next) && t.at + 2 < t.words.length) {
    t.at += 3;
    return binary(t, word, next, t.words[t.at - 1] ?? '');
  }
  t.at++;
  if (word === '!') return !primary(t);
  if (word === '(') {
    const value = or(t);
    if (t.words[t.at++] !== ')') fail(t, "`)' expected");
    return value;
  }
  if (UNARY.has(word) && next !== undefined) {
    t.at++;
    return unary(t.p, word, operand(t, word, next));
  }
  return word !== '';
}

export const testBuiltins: Record<string, Builtin> = { test, '[': test };
