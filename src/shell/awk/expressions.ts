/// Reads AWK expressions, from `?:` down to the atoms, and resolves names to slots.
import { NotModelled } from './ast.ts';
import type { BinaryOp, Expr, Lvalue, Name } from './ast.ts';
import { arity, specialNames } from './builtin_names.ts';
import type { Token } from './lexer.ts';
import { TokenStream } from './tokens.ts';

const comparisons = new Set(['<', '<=', '==', '!=', '>', '>=']);
const assignments = new Set(['=', '+=', '-=', '*=', '/=', '%=', '^=']);
export class ExpressionParser extends TokenStream {
  readonly globals = new Map<string, number>(specialNames.map((name, slot) => [name, slot]));
  readonly calls: { name: string; at: number }[] = [];
  protected locals: Map<string, number> | null = null;
  protected noGreater = 0; // > 0: `>` is a redirection
  protected depth = 0;

  protected variable(name: string): Name {
    const slot = this.locals?.get(name);
    if (slot !== undefined) return { name, local: true, slot };
    let at = this.globals.get(name);
    if (at === undefined) this.globals.set(name, (at = this.globals.size));
    return { name, local: false, slot: at };
  }

  /// `lists`: (a, b) in parentheses is allowed, for print.
  expression(lists = false): Expr {
    if (++this.depth > 600)
      throw this.plainFault('softnet: the expression is nested too deeply here', this.token.at);
    const test = this.or(lists);
    this.depth--;
    if (isLvalue(test) && this.token.kind === 'op' && assignments.has(this.token.text))
      return this.assignment(test);
    if (!this.isOp('?')) return test;
    this.advance(true);
    this.skipNewlines();
    const yes = this.expression();
    this.skipNewlines();
    this.expect(':');
    this.skipNewlines();
    return { kind: 'choice', test, yes, no: this.expression() };
  }

  private assignment(to: Lvalue): Expr {
    const op = this.token.text.slice(0, -1);
    this.advance(true);
    this.skipNewlines();
    return {
      kind: 'assign',
      to,
      op: op === '' ? null : (op as BinaryOp),
      value: this.expression(),
    };
  }

  private or(lists: boolean): Expr {
    let left = this.and(lists);
    while (this.isOp('||')) {
      this.advance(true);
      this.skipNewlines();
      left = { kind: 'or', left, right: this.assignable(this.and(false)) };
    }
    return left;
  }

  private and(lists: boolean): Expr {
    let left = this.membership(lists);
    while (this.isOp('&&')) {
      this.advance(true);
      this.skipNewlines();
      left = { kind: 'and', left, right: this.assignable(this.membership(false)) };
    }
    return left;
  }

  /// `a && b = c`: gawk takes the assignment as the right operand.
  private assignable(right: Expr): Expr {
    const assigns = isLvalue(right) && this.token.kind === 'op' && assignments.has(this.token.text);
    return assigns ? this.assignment(right) : right;
  }

  private membership(lists: boolean): Expr {
    let left = this.matching(lists);
    while (this.isWord('in')) {
      this.advance(false);
      if (this.token.kind !== 'name') throw this.unexpected();
      const array = this.variable(this.token.text);
      this.advance(false);
      left = { kind: 'in', subscripts: left.kind === 'list' ? left.items : [left], array };
    }
    if (left.kind === 'list' && !lists) throw this.unexpected();
    return left;
  }

  private matching(lists: boolean): Expr {
    let left = this.comparison(lists);
    while (this.isOp('~', '!~')) {
      const op = this.token.text as BinaryOp;
      this.advance(true);
      left = { kind: 'binary', op, left, right: this.comparison(false) };
    }
    return left;
  }

  private comparison(lists: boolean): Expr {
    let left = this.concatenation(lists);
    for (;;) {
      if (this.isOp('|') && this.nextIsGetline()) {
        this.advance(true);
        this.advance(true);
        left = { kind: 'getline', from: 'command', source: left, into: this.optionalLvalue() };
        continue;
      }
      if (this.isOp('|&')) throw new NotModelled('coprocesses (|&)');
      const { text, kind } = this.token;
      if (kind !== 'op' || !comparisons.has(text) || (text === '>' && this.noGreater > 0))
        return left;
      this.advance(true);
      left = { kind: 'binary', op: text as BinaryOp, left, right: this.concatenation(false) };
    }
  }

  private nextIsGetline(): boolean {
    const back = this.mark();
    this.advance(true);
    const found = this.isWord('getline');
    this.reset(back);
    return found;
  }

  concatenation(lists: boolean): Expr {
    let left = this.additive(lists);
    while (left.kind !== 'list' && this.startsOperand())
      left = { kind: 'binary', op: ' ', left, right: this.additive(false) };
    return left;
  }

  private startsOperand(): boolean {
    const { kind, text } = this.token;
    if (kind === 'op')
      return (
        text === '$' ||
        text === '!' ||
        text === '(' ||
        text === '-' ||
        text === '+' ||
        text === '++' ||
        text === '--'
      );
    return (
      kind === 'number' ||
      kind === 'string' ||
      kind === 'regex' ||
      kind === 'name' ||
      kind === 'call'
    );
  }

  private additive(lists: boolean): Expr {
    let left = this.multiplicative(lists);
    while (this.isOp('+', '-')) {
      const op = this.token.text as BinaryOp;
      this.advance(true);
      left = { kind: 'binary', op, left, right: this.multiplicative(false) };
    }
    return left;
  }

  private multiplicative(lists: boolean): Expr {
    let left = this.unary(lists);
    while (this.isOp('*', '/', '%')) {
      const op = this.token.text as BinaryOp;
      const { at } = this.token;
      this.advance(true);
      const right = this.unary();
      if (op !== '*' && right.kind === 'number' && right.value === 0)
        throw this.plainFault(`division by zero attempted${op === '%' ? " in `%'" : ''}`, at);
      left = { kind: 'binary', op, left, right };
    }
    return left;
  }

  protected unary(lists = false): Expr {
    if (!this.isOp('!', '-', '+')) return this.power(lists);
    const op = this.token.text as '!' | '-' | '+';
    this.advance(true);
    if (++this.depth > 600)
      throw this.plainFault('softnet: the expression is nested too deeply here', this.token.at);
    const of = this.unary();
    this.depth--;
    return { kind: 'unary', op, of };
  }

  private power(lists: boolean): Expr {
    const base = this.postfix(lists);
    if (!this.isOp('^')) return base;
    this.advance(true);
    const sign = this.isOp('-', '+', '!') ? this.unary() : this.power(false);
    return { kind: 'binary', op: '^', left: base, right: sign };
  }

  private postfix(lists: boolean): Expr {
    const atom = this.atom(lists);
    if (!isLvalue(atom) || !this.isOp('++', '--')) return atom;
    const by = this.token.text === '++' ? 1 : -1;
    this.advance(false);
    return { kind: 'step', of: atom, by, before: false };
  }

  private atom(lists: boolean): Expr {
    const { token } = this;
    switch (token.kind) {
      case 'number':
        this.advance(false);
        return { kind: 'number', value: constant(token.text) };
      case 'string':
        this.advance(false);
        return { kind: 'string', value: token.text };
      case 'regex':
        this.advance(false);
        return { kind: 'regex', source: token.text };
      case 'name':
        return this.named(token.text, token.at);
      case 'call':
        this.advance(false);
        return this.call(token.text, token.at);
      case 'word':
        if (token.text === 'getline') return this.getline();
        throw this.unexpected();
      case 'op':
        return this.sign(token, lists);
      default:
        throw this.unexpected();
    }
  }

  private sign({ text }: Token, lists: boolean): Expr {
    if (text === '$') return this.field();
    if (text === '(') return this.parenthesised(lists);
    if (text === '++' || text === '--') {
      this.advance(true);
      const of = this.atom(false);
      if (!isLvalue(of)) throw this.unexpected();
      return { kind: 'step', of, by: text === '++' ? 1 : -1, before: true };
    }
    if (text === '!' || text === '-' || text === '+') return this.unary();
    throw this.unexpected();
  }

  private field(): Expr {
    this.advance(true);
    if (this.isOp('-', '+', '!')) return { kind: 'field', index: this.unary() };
    if (++this.depth > 600)
      throw this.plainFault('softnet: the expression is nested too deeply here', this.token.at);
    const index = this.atom(false);
    this.depth--;
    return { kind: 'field', index };
  }

  private parenthesised(lists: boolean): Expr {
    const greater = this.noGreater;
    this.noGreater = 0;
    this.advance(true);
    this.skipNewlines();
    const items = [this.expression(true)];
    while (this.isOp(',')) {
      this.advance(true);
      this.skipNewlines();
      items.push(this.expression());
    }
    this.skipNewlines();
    if (!this.isOp(')')) throw this.unexpected();
    this.noGreater = greater;
    this.advance(false);
    const [only] = items;
    if (items.length === 1 && only)
      return only.kind === 'list' ? only : { kind: 'group', of: only };
    if (!lists && !this.isWord('in')) throw this.unexpected();
    return { kind: 'list', items };
  }

  private named(name: string, at: number): Expr {
    this.advance(false);
    // Between the name of a function of AWK's own and its parenthesis there may be blanks.
    if (this.isOp('(') && Object.hasOwn(arity, name)) return this.call(name, at);
    if (name === 'length' && this.locals?.has(name) !== true)
      return { kind: 'builtin', name, args: [] };
    const place = this.variable(name);
    if (!this.isOp('[')) return { kind: 'var', at: place };
    return { kind: 'item', array: place, subscripts: this.subscripts() };
  }

  protected subscripts(): Expr[] {
    this.advance(true);
    const greater = this.noGreater;
    this.noGreater = 0;
    const items = [this.expression()];
    while (this.isOp(',')) {
      this.advance(true);
      this.skipNewlines();
      items.push(this.expression());
    }
    if (!this.isOp(']')) throw this.unexpected();
    this.noGreater = greater;
    this.advance(false);
    if (this.isOp('[')) throw new NotModelled('arrays of arrays');
    return items;
  }

  private call(name: string, at: number): Expr {
    const greater = this.noGreater;
    this.noGreater = 0;
    this.advance(true);
    this.skipNewlines();
    const args: Expr[] = [];
    while (!this.isOp(')')) {
      args.push(this.expression());
      this.skipNewlines();
      if (this.isOp(',')) {
        this.advance(true);
        this.skipNewlines();
        if (this.isOp(')')) throw this.unexpected();
      } else if (!this.isOp(')')) throw this.unexpected();
    }
    const close = this.token.at;
    this.noGreater = greater;
    this.advance(false);
    const range = arity[name];
    if (!range || !Object.hasOwn(arity, name)) {
      this.calls.push({ name, at });
      return { kind: 'call', name, args, line: this.lexer.lineOf(at) };
    }
    if (args.length < range[0] || args.length > range[1])
      throw this.lexer.fault(`${args.length} is invalid as number of arguments for ${name}`, close);
    return { kind: 'builtin', name, args };
  }

  private getline(): Expr {
    this.advance(true);
    const into = this.optionalLvalue();
    if (!this.isOp('<')) return { kind: 'getline', from: 'input', source: null, into };
    this.advance(true);
    return { kind: 'getline', from: 'file', source: this.postfix(false), into };
  }

  private optionalLvalue(): Lvalue | null {
    if (this.token.kind !== 'name' && !this.isOp('$')) return null;
    const target = this.atom(false);
    return isLvalue(target) ? target : null;
  }
}

function isLvalue(expr: Expr): expr is Lvalue {
  return expr.kind === 'var' || expr.kind === 'field' || expr.kind === 'item';
}

/// 010 in a program is octal, in data it is not.
function constant(text: string): number {
  return /^0[0-7]+$/.test(text) ? parseInt(text, 8) : Number(text);
}
