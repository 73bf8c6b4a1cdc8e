/// Whether ^, $, \b and their kin hold between two characters.
import type { Assertion } from './ast.ts';
import { isWord } from './charset.ts';

/// What stands on one side of a place in the text: 0 nothing, 1 a newline, 2 a word's character,
/// 3 any other.
export type Side = 0 | 1 | 2 | 3;

export function sideOf(point: number): Side {
  if (point < 0) return 0;
  if (point === 10) return 1;
  return isWord(point) ? 2 : 3;
}

export function holds(what: Assertion, left: Side, right: Side): boolean {
  switch (what) {
    case 'bot':
      return left === 0;
    case 'eot':
      return right === 0;
    case 'bol':
      return left <= 1;
    case 'eol':
      return right <= 1;
    case 'word':
      return (left === 2) !== (right === 2);
    case 'notword':
      return (left === 2) === (right === 2);
    case 'wordstart':
      return left !== 2 && right === 2;
    case 'wordend':
      return left === 2 && right !== 2;
    case 'nowordbefore':
      return left !== 2;
    case 'nowordafter':
      return right !== 2;
  }
}

/// The character that begins at `at`, or -1 at the end.
export function pointAt(text: string, at: number): number {
  return at < text.length ? (text.codePointAt(at) ?? -1) : -1;
}

/// The character that ends at `at`, or -1 at the beginning.
export function pointBefore(text: string, at: number): number {
  if (at <= 0) return -1;
  const unit = text.charCodeAt(at - 1);
  if (unit >= 0xdc00 && unit <= 0xdfff && at > 1) {
    const pair = text.codePointAt(at - 2) ?? unit;
    if (pair > 0xffff) return pair;
  }
  return unit;
}
