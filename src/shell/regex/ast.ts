/// The tree of a regular expression, and how it is refused.
import type { CharSet } from './charset.ts';

export type Assertion =
  | 'bot'
  | 'eot'
  | 'bol'
  | 'eol'
  | 'word'
  | 'notword'
  | 'wordstart'
  | 'wordend'
  | 'nowordbefore'
  | 'nowordafter';

export type Node =
  | { readonly kind: 'empty' }
  | { readonly kind: 'set'; readonly set: CharSet }
  | { readonly kind: 'cat'; readonly items: readonly Node[] }
  | { readonly kind: 'alt'; readonly items: readonly Node[] }
  | Repeat
  | { readonly kind: 'group'; readonly item: Node; readonly index: number } // 0: does not capture
  | { readonly kind: 'assert'; readonly what: Assertion }
  | { readonly kind: 'back'; readonly index: number } // what group `index` matched, again
  | {
      readonly kind: 'look';
      readonly item: Node;
      readonly ahead: boolean;
      readonly negative: boolean;
    }
  | { readonly kind: 'keep' }; // \K: the match begins here

export interface Repeat {
  readonly kind: 'repeat';
  readonly item: Node;
  readonly min: number;
  readonly max: number; // Infinity: no limit
  readonly lazy: boolean;
}

export interface Parsed {
  readonly root: Node;
  readonly groups: number; // capturing groups
  readonly warnings: readonly string[]; // what GNU grep remarks about the expression
  readonly backtracks: boolean; // has back-references, look-around or lazy repetitions
}

/// The words are those of regcomp(3) in glibc.
export class RegexError extends Error {}

export const messages = {
  ctype: 'Invalid character class name',
  classSyntax: 'character class syntax is [[:space:]], not [:space:]',
  escape: 'Trailing backslash',
  subreg: 'Invalid back reference',
  brack: 'Unmatched [, [^, [:, [., or [=',
  paren: 'Unmatched ( or \\(',
  rparen: 'Unmatched ) or \\)',
  brace: 'Unmatched \\{',
  badbr: 'Invalid content of \\{\\}',
  range: 'Invalid range end',
  badrpt: 'Invalid preceding regular expression',
  size: 'Regular expression too big',
  collate: 'Invalid collation character',
  plain: 'Invalid regular expression',
} as const;
