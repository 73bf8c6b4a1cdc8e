/// The tokens of an AWK program as the parser takes them, and what it says when one is wrong.
import { SyntaxFault } from './ast.ts';
import { Lexer } from './lexer.ts';
import type { Token } from './lexer.ts';

/// Words and signs after which a slash divides.
const endsOperand = /^(?:\)|\]|\$|\+\+|--)$/;

interface MarkedPlace {
  readonly token: Token;
  readonly at: number;
}

/// Walks over the tokens, one at a time, and may go back to a mark.
export class TokenStream {
  readonly lexer: Lexer;
  protected token: Token = { kind: 'end', text: '', at: 0 };
  private readonly tokens: Token[] = [];
  private position = -1;

  constructor(source: string, file: string) {
    this.lexer = new Lexer(source, file);
  }

  /// Goes to the next token. `fresh`: an operand comes next, so a slash begins a regular expression.
  protected advance(fresh: boolean): void {
    this.position++;
    const known = this.tokens[this.position];
    this.token = known ?? this.lexer.next(fresh);
    if (!known) this.tokens.push(this.token);
  }

  protected mark(): MarkedPlace {
    return { token: this.token, at: this.position };
  }

  protected reset({ token, at }: MarkedPlace): void {
    this.token = token;
    this.position = at;
  }

  protected isOp(...texts: readonly string[]): boolean {
    return this.token.kind === 'op' && texts.includes(this.token.text);
  }

  protected isWord(text: string): boolean {
    return this.token.kind === 'word' && this.token.text === text;
  }

  protected skipNewlines(): void {
    while (this.token.kind === 'newline') this.advance(true);
  }

  protected expect(text: string): void {
    if (!this.isOp(text)) throw this.unexpected();
    this.advance(!endsOperand.test(text));
  }

  /// A closing bracket, after which a new statement may begin.
  protected expectClose(text: string): void {
    if (!this.isOp(text)) throw this.unexpected();
    this.advance(true);
  }

  protected unexpected(): SyntaxFault {
    const { kind, at } = this.token;
    const over = kind === 'end' || kind === 'newline';
    return this.lexer.fault(over ? 'unexpected newline or end of string' : 'syntax error', at);
  }

  protected plainFault(message: string, at: number): SyntaxFault {
    return new SyntaxFault(`${this.lexer.place(at)}: error: ${message}`);
  }
}
