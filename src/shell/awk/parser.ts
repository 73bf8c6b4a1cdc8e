/// Reads an AWK program: rules, functions and statements. Expressions are in expressions.ts.
/// Left out, and said so: @include, @load, @namespace, indirect calls, arrays of arrays.
import { Fatal, NotModelled } from './ast.ts';
import type {
  Case,
  Expr,
  FunctionDef,
  Lvalue,
  Name,
  Program,
  Redirect,
  Rule,
  Statement,
} from './ast.ts';
import { ExpressionParser } from './expressions.ts';

const specialRules = new Set(['BEGIN', 'END', 'BEGINFILE', 'ENDFILE']);

export function parseAwk(source: string, file: string): Program {
  return new Parser(source, file).program();
}

class Parser extends ExpressionParser {
  private readonly rules: Rule[] = [];
  private readonly functions = new Map<string, FunctionDef>();
  private loops = 0;
  private switches = 0;
  private rule: Rule['kind'] | 'function' = 'main';

  program(): Program {
    this.advance(true);
    this.skipTerminators();
    while (this.token.kind !== 'end') {
      if (this.isWord('function')) this.functionDef();
      else this.rules.push(this.parseRule());
      this.skipTerminators();
    }
    for (const { name, at } of this.calls) {
      if (!this.functions.has(name))
        throw new Fatal(`${this.lexer.place(at)}: fatal: function \`${name}' not defined`);
    }
    return {
      rules: this.rules,
      functions: this.functions,
      globals: this.globals,
      warnings: this.lexer.warnings,
    };
  }

  private skipTerminators(): void {
    while (this.isOp(';') || this.token.kind === 'newline') this.advance(true);
  }

  private functionDef(): void {
    const at = this.token.at;
    this.advance(false);
    const { text: name, kind } = this.token;
    if (kind !== 'name' && kind !== 'call') throw this.unexpected();
    if (this.functions.has(name))
      throw this.plainFault(`function name \`${name}' previously defined`, at);
    this.advance(false);
    this.expect('(');
    this.locals = new Map();
    while (!this.isOp(')')) {
      const param = this.token.text;
      if (this.token.kind !== 'name') throw this.unexpected();
      if (param === name)
        throw this.plainFault(
          `function \`${name}': cannot use function name as parameter name`,
          at,
        );
      if (this.locals.has(param))
        throw this.plainFault(
          `function \`${name}': parameter #${this.locals.size + 1}, \`${param}', duplicates parameter #${[...this.locals.keys()].indexOf(param) + 1}`,
          at,
        );
      this.locals.set(param, this.locals.size);
      this.advance(false);
      if (this.isOp(',')) this.advance(true);
      else if (!this.isOp(')')) throw this.unexpected();
      this.skipNewlines();
    }
    this.advance(false);
    this.skipNewlines();
    this.rule = 'function';
    const params = this.locals.size;
    const body = this.braced();
    this.functions.set(name, { name, params, body });
    this.locals = null;
    this.rule = 'main';
  }

  private parseRule(): Rule {
    const line = this.lexer.lineOf(this.token.at);
    if (this.token.kind === 'op' && this.token.text === '@')
      throw new NotModelled('directives that begin with @');
    if (this.token.kind === 'word' && specialRules.has(this.token.text)) {
      const kind = this.token.text as Rule['kind'];
      this.rule = kind;
      this.advance(true);
      if (!this.isOp('{'))
        throw this.plainFault(`${kind} blocks must have an action part`, this.token.at);
      const rule: Rule = { kind, test: null, until: null, body: this.braced(), line };
      this.rule = 'main';
      return rule;
    }
    let test: Expr | null = null;
    let until: Expr | null = null;
    if (!this.isOp('{')) {
      test = this.expression();
      if (this.isOp(',')) {
        this.advance(true);
        this.skipNewlines();
        until = this.expression();
      }
    }
    const body = this.isOp('{') ? this.braced() : null;
    if (body === null && !this.atTerminator()) throw this.unexpected();
    return { kind: 'main', test, until, body, line };
  }

  private atTerminator(): boolean {
    return this.isOp(';') || this.token.kind === 'newline' || this.token.kind === 'end';
  }

  private braced(): Statement[] {
    this.expect('{');
    const body = this.statements();
    this.expectClose('}');
    return body;
  }

  private statements(): Statement[] {
    const body: Statement[] = [];
    this.skipTerminators();
    while (!this.isOp('}') && !this.isWord('case') && !this.isWord('default')) {
      if (this.token.kind === 'end') throw this.unexpected();
      body.push(this.statement());
      this.skipTerminators();
    }
    return body;
  }

  /// A statement and what ends it.
  private statement(): Statement {
    if (++this.depth > 300)
      throw this.plainFault('softnet: the program is nested too deeply here', this.token.at);
    const statement = this.bareStatement();
    this.depth--;
    return statement;
  }

  private bareStatement(): Statement {
    const line = this.lexer.lineOf(this.token.at);
    if (this.isOp('{')) return { kind: 'block', body: this.braced(), line };
    if (this.isOp(';')) {
      this.advance(true);
      return { kind: 'block', body: [], line };
    }
    if (this.token.kind === 'word') {
      const compound = this.compound(this.token.text, line);
      if (compound) return compound;
    }
    const statement = this.simple(line);
    this.endOfSimple();
    return statement;
  }

  private endOfSimple(): void {
    if (this.isOp('}')) return;
    if (!this.atTerminator()) throw this.unexpected();
    if (this.token.kind !== 'end') this.advance(true);
  }

  private compound(word: string, line: number): Statement | null {
    switch (word) {
      case 'if':
        return this.ifStatement(line);
      case 'while':
        this.advance(false);
        return { kind: 'while', test: this.condition(), body: this.loopBody(), line };
      case 'do':
        return this.doStatement(line);
      case 'for':
        return this.forStatement(line);
      case 'switch':
        return this.switchStatement(line);
      default:
        return null;
    }
  }

  private condition(): Expr {
    this.expect('(');
    const test = this.expression();
    this.expectClose(')');
    return test;
  }

  private body(): Statement {
    this.skipNewlines();
    return this.statement();
  }

  private loopBody(): Statement {
    this.loops++;
    const body = this.body();
    this.loops--;
    return body;
  }

  private ifStatement(line: number): Statement {
    this.advance(false);
    const test = this.condition();
    const yes = this.body();
    // `else` may follow on a later line or after a semicolon.
    const back = this.mark();
    this.skipTerminators();
    if (!this.isWord('else')) {
      this.reset(back);
      return { kind: 'if', test, yes, no: null, line };
    }
    this.advance(true);
    return { kind: 'if', test, yes, no: this.body(), line };
  }

  private doStatement(line: number): Statement {
    this.advance(true);
    const body = this.loopBody();
    this.skipTerminators();
    if (!this.isWord('while')) throw this.unexpected();
    this.advance(false);
    const test = this.condition();
    this.endOfSimple();
    return { kind: 'do', test, body, line };
  }

  private forStatement(line: number): Statement {
    this.advance(false);
    this.expect('(');
    const each = this.eachHead();
    if (each) return { kind: 'each', ...each, body: this.loopBody(), line };
    const first = this.isOp(';') ? null : this.simple(line);
    this.expect(';');
    this.skipNewlines();
    const test = this.isOp(';') ? null : this.expression();
    this.expect(';');
    this.skipNewlines();
    const next = this.isOp(')') ? null : this.simple(line);
    this.expectClose(')');
    return { kind: 'for', first, test, next, body: this.loopBody(), line };
  }

  /// `NAME in NAME )`, or null with nothing taken.
  private eachHead(): { name: Lvalue; array: Name } | null {
    const back = this.mark();
    if (this.token.kind === 'name') {
      const name = this.variable(this.token.text);
      this.advance(false);
      if (this.isWord('in')) {
        this.advance(false);
        if ((this.token.kind as string) === 'name') {
          const array = this.variable(this.token.text);
          this.advance(false);
          if (this.isOp(')')) {
            this.advance(true);
            return { name: { kind: 'var', at: name }, array };
          }
        }
      }
    }
    this.reset(back);
    return null;
  }

  private switchStatement(line: number): Statement {
    this.advance(false);
    const of = this.condition();
    this.skipNewlines();
    this.expect('{');
    this.skipTerminators();
    const cases: Case[] = [];
    this.switches++;
    while (!this.isOp('}')) {
      const isDefault = this.isWord('default');
      if (!isDefault && !this.isWord('case')) throw this.unexpected();
      this.advance(true);
      const test = isDefault ? null : this.caseValue();
      this.expect(':');
      cases.push({ test, body: this.statements() });
    }
    this.switches--;
    this.advance(false);
    return { kind: 'switch', of, cases, line };
  }

  private caseValue(): Expr {
    const value = this.unary();
    const constant = ['number', 'string', 'regex', 'unary'].includes(value.kind);
    if (!constant) throw this.unexpected();
    return value;
  }

  private simple(line: number): Statement {
    const { token } = this;
    if (token.kind === 'word') {
      switch (token.text) {
        case 'print':
        case 'printf':
          return this.print(token.text, line);
        case 'break':
        case 'continue':
          return this.leaveLoop(token.text, line);
        case 'next':
        case 'nextfile':
          if (
            this.rule !== 'main' &&
            this.rule !== 'function' &&
            !(token.text === 'nextfile' && this.rule === 'BEGINFILE')
          )
            throw this.plainFault(`\`${token.text}' used in ${this.rule} action`, token.at);
          this.advance(false);
          return { kind: token.text, line };
        case 'exit':
          this.advance(true);
          return { kind: 'exit', value: this.optionalValue(), line };
        case 'return':
          if (this.rule !== 'function')
            throw this.lexer.fault("`return' used outside function context", token.at);
          this.advance(true);
          return { kind: 'return', value: this.optionalValue(), line };
        case 'delete':
          return this.deleteStatement(line);
      }
    }
    return { kind: 'expr', value: this.expression(), line };
  }

  private optionalValue(): Expr | null {
    return this.atTerminator() || this.isOp('}') ? null : this.expression();
  }

  private leaveLoop(kind: 'break' | 'continue', line: number): Statement {
    if (this.loops === 0 && !(kind === 'break' && this.switches > 0)) {
      const where = kind === 'break' ? 'a loop or switch' : 'a loop';
      throw this.plainFault(`\`${kind}' is not allowed outside ${where}`, this.token.at);
    }
    this.advance(false);
    return { kind, line };
  }

  private deleteStatement(line: number): Statement {
    this.advance(false);
    const wrapped = this.isOp('(');
    if (wrapped) this.advance(false);
    if (this.token.kind !== 'name') throw this.unexpected();
    const array = this.variable(this.token.text);
    this.advance(false);
    let subscripts: Expr[] | null = null;
    if (this.isOp('[')) subscripts = this.subscripts();
    if (wrapped) this.expectClose(')');
    return { kind: 'delete', array, subscripts, line };
  }

  private print(kind: 'print' | 'printf', line: number): Statement {
    const { at } = this.token;
    this.advance(true);
    let args: readonly Expr[] = [];
    if (!this.atTerminator() && !this.isOp('}', '>', '>>', '|', '|&')) args = this.printList();
    if (kind === 'printf' && args.length === 0) throw this.unexpected();
    let redirect: Redirect | null = null;
    if (this.isOp('>', '>>', '|', '|&')) {
      const mode = this.token.text as Redirect['mode'];
      if (mode === '|&') throw new NotModelled('coprocesses (|&)');
      this.advance(true);
      redirect = { mode, to: this.concatenation(false) };
    }
    if (!this.atTerminator() && !this.isOp('}', ')')) throw this.unexpected();
    return { kind, args, redirect, line: this.lexer.lineOf(at) || line };
  }

  /// `print (a, b) > "x"` and `print (a)(b), c`: a list in parentheses is the whole list only when
  /// nothing but a redirection or the end follows.
  private printList(): readonly Expr[] {
    this.noGreater++;
    const items = [this.expression(true)];
    while (this.isOp(',')) {
      this.advance(true);
      this.skipNewlines();
      items.push(this.expression());
    }
    this.noGreater--;
    const [only] = items;
    if (items.length === 1 && only?.kind === 'list') return only.items;
    return items;
  }
}
