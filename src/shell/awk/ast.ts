/// The tree of an AWK program.

/// Where a variable lives: a slot of the globals, or of the running function's locals.
export interface Name {
  readonly name: string;
  readonly local: boolean;
  readonly slot: number;
}

export type Lvalue =
  | { readonly kind: 'var'; readonly at: Name }
  | { readonly kind: 'field'; readonly index: Expr }
  | { readonly kind: 'item'; readonly array: Name; readonly subscripts: readonly Expr[] };

export type BinaryOp =
  '+' | '-' | '*' | '/' | '%' | '^' | ' ' | '<' | '<=' | '==' | '!=' | '>' | '>=' | '~' | '!~';

export type Expr =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'regex'; readonly source: string } // alone: matches $0
  | Lvalue
  | {
      readonly kind: 'assign';
      readonly to: Lvalue;
      readonly op: BinaryOp | null;
      readonly value: Expr;
    }
  | { readonly kind: 'step'; readonly of: Lvalue; readonly by: 1 | -1; readonly before: boolean }
  | { readonly kind: 'binary'; readonly op: BinaryOp; readonly left: Expr; readonly right: Expr }
  | { readonly kind: 'unary'; readonly op: '!' | '-' | '+'; readonly of: Expr }
  | { readonly kind: 'and' | 'or'; readonly left: Expr; readonly right: Expr }
  | { readonly kind: 'choice'; readonly test: Expr; readonly yes: Expr; readonly no: Expr }
  | { readonly kind: 'in'; readonly subscripts: readonly Expr[]; readonly array: Name }
  | { readonly kind: 'group'; readonly of: Expr } // parentheses: matters to print and concatenation
  | { readonly kind: 'list'; readonly items: readonly Expr[] } // (a, b) in print, or before `in`
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly args: readonly Expr[];
      readonly line: number;
    }
  | { readonly kind: 'builtin'; readonly name: string; readonly args: readonly Expr[] }
  | {
      readonly kind: 'getline';
      readonly from: 'input' | 'file' | 'command';
      readonly source: Expr | null;
      readonly into: Lvalue | null;
    };

export interface Redirect {
  readonly mode: '>' | '>>' | '|' | '|&';
  readonly to: Expr;
}

export type Statement = { readonly line: number } & (
  | { readonly kind: 'expr'; readonly value: Expr }
  | {
      readonly kind: 'print' | 'printf';
      readonly args: readonly Expr[];
      readonly redirect: Redirect | null;
    }
  | { readonly kind: 'block'; readonly body: readonly Statement[] }
  | {
      readonly kind: 'if';
      readonly test: Expr;
      readonly yes: Statement;
      readonly no: Statement | null;
    }
  | { readonly kind: 'while'; readonly test: Expr; readonly body: Statement }
  | { readonly kind: 'do'; readonly test: Expr; readonly body: Statement }
  | {
      readonly kind: 'for';
      readonly first: Statement | null;
      readonly test: Expr | null;
      readonly next: Statement | null;
      readonly body: Statement;
    }
  | { readonly kind: 'each'; readonly name: Lvalue; readonly array: Name; readonly body: Statement }
  | { readonly kind: 'switch'; readonly of: Expr; readonly cases: readonly Case[] }
  | { readonly kind: 'break' | 'continue' | 'next' | 'nextfile' }
  | { readonly kind: 'exit' | 'return'; readonly value: Expr | null }
  | { readonly kind: 'delete'; readonly array: Name; readonly subscripts: readonly Expr[] | null }
);

export interface Case {
  readonly test: Expr | null; // null: default
  readonly body: readonly Statement[];
}

export interface Rule {
  readonly kind: 'BEGIN' | 'END' | 'BEGINFILE' | 'ENDFILE' | 'main';
  readonly test: Expr | null;
  readonly until: Expr | null; // a range: test, until
  readonly body: readonly Statement[] | null; // null: print $0
  readonly line: number;
}

export interface FunctionDef {
  readonly name: string;
  readonly params: number;
  readonly body: readonly Statement[];
}

export interface Program {
  readonly rules: readonly Rule[];
  readonly functions: ReadonlyMap<string, FunctionDef>;
  readonly globals: ReadonlyMap<string, number>; // slot of each global name
  readonly warnings: readonly string[];
}

/// A program that does not parse. `text` is what gawk prints, lines and all.
export class SyntaxFault extends Error {}

/// What gawk calls fatal: the program stops with status 2. The message is whole, but for `awk: `.
export class Fatal extends Error {}

/// Something of gawk's that is not modelled here.
export class NotModelled extends Error {}
