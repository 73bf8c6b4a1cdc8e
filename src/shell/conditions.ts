/// The tests that `test`, `[ ]` and `[[ ]]` share: files, strings, numbers.
/// Left out: file times (-nt, -ot, -N) and kinds of files that this host does not have.
import { evaluate } from './arithmetic.ts';
import { kernelPath } from './glob.ts';
import { Abort, contextOf, errorPrefix } from './process.ts';
import type { Process } from './process.ts';
import { arrayOf, get, valuesOf } from './variables.ts';

export const UNARY = new Set(
  'abcdefghkprstuvwxzGLNOSRn'
    .split('')
    .map((letter) => '-' + letter)
    .concat('-o'),
);
export const NUMERIC = new Set(['-eq', '-ne', '-lt', '-le', '-gt', '-ge']);
export const BINARY = new Set(['=', '==', '!=', '<', '>', ...NUMERIC, '-nt', '-ot', '-ef']);

export function unary(p: Process, operator: string, operand: string): boolean {
  switch (operator) {
    case '-n':
      return operand !== '';
    case '-z':
      return operand === '';
    case '-v':
      return variableIsSet(p, operand);
    case '-R':
      return false;
    case '-o':
      return p.session.options[operand] ?? false;
    case '-t':
      return isTerminal(p, Number(operand));
    default:
      return fileTest(p, operator, operand);
  }
}

function variableIsSet(p: Process, operand: string): boolean {
  const element = /^([A-Za-z_]\w*)\[(.*)\]$/.exec(operand);
  if (!element) return get(p, operand) !== undefined;
  const array = arrayOf(p.session, element[1] ?? '');
  if (!array) return false;
  const key = element[2] ?? '';
  if (key === '@' || key === '*') return valuesOf(array).length > 0;
  return array.items[array.associative ? key : String(evaluate(p, key))] !== undefined;
}

function isTerminal(p: Process, fd: number): boolean {
  const open = p.fds.get(fd);
  return (open?.in?.terminal ?? false) || (open?.out?.columns ?? null) !== null;
}

function fileTest(p: Process, operator: string, path: string): boolean {
  if (path === '') return false;
  const { fs } = p.machine;
  const io = contextOf(p);
  const absolute = kernelPath(p.machine.fs, contextOf(p), path);
  const link = fs.lstat(io, absolute);
  if (operator === '-h' || operator === '-L')
    return typeof link !== 'string' && link.kind === 'link';
  const stat = fs.stat(io, absolute);
  if (typeof stat === 'string') return false;
  switch (operator) {
    case '-a':
    case '-e':
      return true;
    case '-f':
      return stat.kind === 'file' && !absolute.startsWith('/dev/');
    case '-d':
      return stat.kind === 'dir';
    case '-s':
      return stat.size > 0;
    case '-r':
      return p.uid === 0 || permits(p, stat, 4);
    case '-w':
      return p.uid === 0 || permits(p, stat, 2);
    case '-x':
      return p.uid === 0 ? stat.kind === 'dir' || (stat.mode & 0o111) !== 0 : permits(p, stat, 1);
    case '-c':
      return stat.kind === 'file' && absolute.startsWith('/dev/');
    case '-O':
    case '-G':
      return stat.uid === p.uid;
    default:
      return false;
  }
}

function permits(p: Process, stat: { mode: number; uid: number }, bit: number): boolean {
  return (stat.mode & (stat.uid === p.uid ? bit << 6 : bit)) !== 0;
}

/// Numbers: `[` wants plain integers, `[[` evaluates expressions.
export function numeric(
  p: Process,
  operator: string,
  left: string,
  right: string,
  where: string,
  expressions: boolean,
): boolean {
  const a = expressions ? evaluate(p, left) : integer(p, left, where);
  const b = expressions ? evaluate(p, right) : integer(p, right, where);
  switch (operator) {
    case '-eq':
      return a === b;
    case '-ne':
      return a !== b;
    case '-lt':
      return a < b;
    case '-le':
      return a <= b;
    case '-gt':
      return a > b;
    default:
      return a >= b;
  }
}

function integer(p: Process, text: string, where: string): bigint {
  const found = /^\s*([-+]?\d+)\s*$/.exec(text);
  if (!found) throw new Abort(`${errorPrefix(p)}${where}: ${text}: integer expression expected`, 2);
  return BigInt((found[1] ?? '').replace(/^\+/, ''));
}

/// -nt, -ot and -ef: nothing here has a time, so only existence and identity are compared.
export function files(p: Process, operator: string, left: string, right: string): boolean {
  const io = contextOf(p);
  const [a, b] = [left, right].map((path) => kernelPath(p.machine.fs, contextOf(p), path));
  const exists = (path: string | undefined) =>
    path !== undefined && typeof p.machine.fs.stat(io, path) !== 'string';
  if (operator === '-ef') return exists(a) && a === b;
  return operator === '-nt' ? exists(a) && !exists(b) : exists(b) && !exists(a);
}
