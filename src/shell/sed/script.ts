/// A sed script as data.
import type { Regex } from '../regex.ts';

/// A regular expression, or null: the one used last.
export type Pattern = Regex | null;

export type Address =
  | { readonly kind: 'line'; readonly number: number }
  | { readonly kind: 'last' }
  | { readonly kind: 'regex'; readonly regex: Pattern }
  | { readonly kind: 'step'; readonly first: number; readonly step: number }
  | { readonly kind: 'plus'; readonly count: number } // second address: addr,+N
  | { readonly kind: 'multiple'; readonly of: number } // second address: addr,~N
  | { readonly kind: 'zero' }; // 0,/re/

export interface Selection {
  readonly from: Address | null;
  readonly to: Address | null;
  readonly negated: boolean;
}

/// A piece of a replacement: text, a group, or a change of case that lasts (U L E) or for one
/// character (u l).
export type Piece =
  string | { readonly group: number } | { readonly fold: 'U' | 'L' | 'E' | 'u' | 'l' };

export interface Substitution {
  readonly pattern: Pattern;
  readonly pieces: readonly Piece[];
  readonly groups: number; // the highest group that the replacement names
  readonly global: boolean;
  readonly print: number; // times the result is printed
  readonly number: number; // which match; 1 the first
  readonly file: string | null; // of the w flag
}

export interface Command {
  readonly name: string;
  readonly select: Selection;
  readonly index: number; // place in the script, which names the state of its range
  readonly text?: string; // a i c; file of r R w W; label of : b t T
  readonly number?: number; // exit status of q Q; width of l
  readonly target?: number; // of b t T: where to go on; of {: the matching }
  readonly substitution?: Substitution;
  readonly map?: ReadonlyMap<string, string>; // y
}

export interface Script {
  readonly commands: readonly Command[];
  readonly quiet: boolean; // begins with #n
}

/// The message is whole, but for `sed: `.
export class ScriptFault extends Error {
  readonly status: number;
  constructor(message: string, status = 1) {
    super(message);
    this.status = status;
  }
}
