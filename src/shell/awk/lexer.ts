/// The words of an AWK program. Whether a slash begins a regular expression depends on what stands
/// before it, which the parser knows and says.
import { SyntaxFault } from './ast.ts';

export interface Token {
  readonly kind:
    'number' | 'string' | 'regex' | 'name' | 'call' | 'word' | 'newline' | 'end' | 'op';
  readonly text: string; // of a string or regex: its contents
  readonly at: number; // where it begins in the source
}

const words = new Set(
  (
    'BEGIN END BEGINFILE ENDFILE function func if else while for do break continue next nextfile exit ' +
    'return delete in getline print printf switch case default'
  ).split(' '),
);

const operators =
  /\*\*=|\*\*|\^=|\+=|-=|\*=|\/=|%=|==|<=|>=|!=|!~|\+\+|--|&&|\|\||\|&|>>|[{}()[\];,+\-*/%^!<>|?:~$=]/y;

const simple: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  '\\': '\\',
  '"': '"',
  '/': '/',
};

export class Lexer {
  readonly warnings: string[] = [];
  private at = 0;
  readonly source: string;
  readonly file: string; // 'cmd. line', or the name of the program file

  constructor(source: string, file: string) {
    this.source = source;
    this.file = file;
  }

  /// `cmd. line:3` for a place in the source.
  place(at: number): string {
    return `${this.file}:${this.lineOf(at)}`;
  }

  lineOf(at: number): number {
    let line = 1;
    for (let i = this.source.indexOf('\n'); i >= 0 && i < at; i = this.source.indexOf('\n', i + 1))
      line++;
    return line;
  }

  /// The source line and a caret under the place, as gawk shows a syntax error.
  fault(message: string, at: number): SyntaxFault {
    const start = this.source.lastIndexOf('\n', at - 1) + 1;
    const end = this.source.indexOf('\n', at);
    const shown = this.source.slice(start, end < 0 ? undefined : end);
    const before = shown.slice(0, at - start).replace(/[^\t]/g, ' ');
    const place = this.place(at);
    return new SyntaxFault(`${place}: ${shown}\n${place}: ${before}^ ${message}`);
  }

  next(regexAllowed: boolean): Token {
    this.skipBlanks();
    const { source } = this;
    const at = this.at;
    const ch = source[at];
    if (ch === undefined) return { kind: 'end', text: '', at };
    if (ch === '\n') return this.token('newline', '\n', at, 1);
    if (ch === '"') return this.string(at);
    if (ch === '/' && regexAllowed) return this.regex(at);
    if (/[\d.]/.test(ch)) {
      const number = this.number(at);
      if (number) return number;
    }
    const name = /^[A-Za-z_]\w*/.exec(source.slice(at, at + 256))?.[0];
    if (name) return this.name(name, at);
    operators.lastIndex = at;
    const operator = operators.exec(source)?.[0];
    if (operator === undefined) throw this.fault('syntax error', at);
    return this.token(
      'op',
      operator === '**' ? '^' : operator === '**=' ? '^=' : operator,
      at,
      operator.length,
    );
  }

  private token(kind: Token['kind'], text: string, at: number, length: number): Token {
    this.at = at + length;
    return { kind, text, at };
  }

  private skipBlanks(): void {
    const match = /^(?:[ \t\r]|\\\r?\n|#[^\n]*)+/.exec(this.source.slice(this.at));
    if (match) this.at += match[0].length;
  }

  private number(at: number): Token | null {
    const rest = this.source.slice(at, at + 400);
    const match = /^0[xX][\da-fA-F]+|^(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/.exec(rest);
    return match ? this.token('number', match[0], at, match[0].length) : null;
  }

  private name(name: string, at: number): Token {
    if (words.has(name))
      return this.token('word', name === 'func' ? 'function' : name, at, name.length);
    const called = this.source[at + name.length] === '(';
    return this.token(called ? 'call' : 'name', name, at, name.length);
  }

  private string(at: number): Token {
    const { source } = this;
    let text = '';
    let i = at + 1;
    for (;;) {
      const ch = source[i];
      if (ch === undefined || ch === '\n') throw this.fault('unterminated string', at);
      if (ch === '"') break;
      if (ch !== '\\') {
        text += ch;
        i++;
        continue;
      }
      const [piece, length] = this.escape(i);
      text += piece;
      i += length;
    }
    this.at = i + 1;
    return { kind: 'string', text, at };
  }

  /// What a backslash in a string stands for, and how long it is written.
  private escape(at: number): [string, number] {
    const found = unescapeAt(this.source, at);
    if (found.warning) this.warnings.push(`${this.place(at)}: warning: ${found.warning}`);
    return [found.text, found.length];
  }

  private regex(at: number): Token {
    const { source } = this;
    let bracket = false;
    for (let i = at + 1; ; i++) {
      const ch = source[i];
      if (ch === undefined || ch === '\n') throw this.fault('unterminated regexp', at);
      if (ch === '\\') i++;
      else if (bracket) bracket = !(ch === ']' && !/\[\^?$/.test(source.slice(at, i)));
      else if (ch === '[') bracket = true;
      else if (ch === '/') {
        this.at = i + 1;
        return { kind: 'regex', text: source.slice(at + 1, i), at };
      }
    }
  }
}

/// The escape sequence at a backslash of a string.
export function unescapeAt(
  source: string,
  at: number,
): { text: string; length: number; warning?: string } {
  const next = source[at + 1];
  if (next === undefined) return { text: '\\', length: 1 };
  if (next === '\n') return { text: '', length: 2 };
  const plain = simple[next];
  if (plain !== undefined) return { text: plain, length: 2 };
  const octal = /^[0-7]{1,3}/.exec(source.slice(at + 1, at + 4))?.[0];
  if (octal)
    return { text: String.fromCharCode(parseInt(octal, 8) & 0xff), length: 1 + octal.length };
  const hex = /^x([\da-fA-F]{1,2})/.exec(source.slice(at + 1, at + 4));
  if (hex)
    return { text: String.fromCharCode(parseInt(hex[1] ?? '0', 16)), length: 1 + hex[0].length };
  const warning = `escape sequence \`\\${next}' treated as plain \`${next}'`;
  return { text: next, length: 2, warning };
}

/// All escape sequences of a text: -v and operands of the form name=value.
export function unescapeText(text: string): { text: string; warnings: string[] } {
  let result = '';
  const warnings: string[] = [];
  for (let i = 0; i < text.length;) {
    if (text[i] !== '\\') {
      result += text[i++];
      continue;
    }
    const found = unescapeAt(text, i);
    if (found.warning) warnings.push(found.warning);
    result += found.text;
    i += found.length;
  }
  return { text: result, warnings };
}
