/// Reads POSIX basic and extended regular expressions with the GNU additions (\+ \? \| in basic ones;
/// \w \W \s \S \b \B \< \> \` \' in both), in the dialects that grep, sed and awk give to glibc.
/// They differ in what a repetition sign at the start of an expression is, and a stray `{`.
/// Left out: collating elements of several characters.
import { messages, RegexError } from './ast.ts';
import type { Assertion, Node, Parsed } from './ast.ts';
import { parseBracket } from './bracket.ts';
import { anyExcept, classSet, oneChar } from './charset.ts';
import type { CharSet } from './charset.ts';

export type Dialect = 'grep' | 'egrep' | 'sed' | 'sed-E' | 'awk';

export interface ParseOptions {
  readonly dialect: Dialect;
  readonly icase: boolean;
  readonly multiline: boolean; // ^ and $ match at newlines too
}

const maxRepeat = 32767; // RE_DUP_MAX

type Token =
  | { readonly kind: 'char'; readonly point: number }
  | { readonly kind: 'node'; readonly node: Node }
  | { readonly kind: 'repeat'; readonly min: number; readonly max: number; readonly text: string }
  | { readonly kind: 'open' | 'close' | 'bar' | 'hat' | 'dollar' | 'end' | 'brace' };

const assertions: Readonly<Record<string, Assertion>> = {
  b: 'word',
  B: 'notword',
  '<': 'wordstart',
  '>': 'wordend',
  '`': 'bot',
  "'": 'eot',
};

const escapedSets: Readonly<Record<string, CharSet>> = {
  w: classSet(['alnum'], '_', false),
  W: classSet(['alnum'], '_', true),
  s: classSet(['space'], '', false),
  S: classSet(['space'], '', true),
};

const anyChar = anyExcept();

export function parsePosix(source: string, options: ParseOptions): Parsed {
  const parser = new PosixParser(source, options);
  const root = parser.alternatives(0);
  parser.expectEnd();
  const { groups, backtracks, warnings } = parser;
  return { root, groups, backtracks, warnings };
}

/// The expression that matches just this text.
export function parseFixed(source: string, icase: boolean): Parsed {
  const items = [...source].map((ch): Node => ({
    kind: 'set',
    set: oneChar(ch.codePointAt(0) ?? 0, icase),
  }));
  return { root: { kind: 'cat', items }, groups: 0, backtracks: false, warnings: [] };
}

class PosixParser {
  groups = 0;
  backtracks = false;
  readonly warnings: string[] = [];
  private at = 0;
  private readonly closed = new Set<number>(); // groups that a back-reference may name
  private readonly extended: boolean;
  private readonly source: string;
  private readonly options: ParseOptions;

  constructor(source: string, options: ParseOptions) {
    this.source = source;
    this.options = options;
    this.extended = !['grep', 'sed'].includes(options.dialect);
  }

  alternatives(depth: number): Node {
    if (depth > 200) throw new RegexError(messages.size);
    const items = [this.sequence(depth)];
    while (this.peek().token.kind === 'bar') {
      this.take();
      items.push(this.sequence(depth));
    }
    return items.length === 1 ? (items[0] as Node) : { kind: 'alt', items };
  }

  expectEnd(): void {
    if (this.at < this.source.length) throw new RegexError(messages.rparen);
  }

  private sequence(depth: number): Node {
    const items: Node[] = [];
    for (;;) {
      const { token } = this.peek();
      if (token.kind === 'end' || token.kind === 'bar') break;
      if (token.kind === 'close' && (depth > 0 || this.options.dialect !== 'awk')) break;
      const node = this.piece(depth, items.length === 0);
      if (node) items.push(node);
    }
    return items.length === 1 ? (items[0] as Node) : { kind: 'cat', items };
  }

  /// An atom with its repetition signs; null for a sign that the dialect ignores.
  private piece(depth: number, first: boolean): Node | null {
    const start = this.at;
    const { token } = this.peek();
    this.take();
    let node =
      token.kind === 'repeat' ? this.leadingRepeat(token, start) : this.atom(token, depth, first);
    if (!node) return null;
    if (token.kind === 'hat' && node.kind === 'assert' && this.options.dialect !== 'egrep')
      return this.afterHat(node);
    for (;;) {
      const next = this.peek().token;
      if (next.kind !== 'repeat') return node;
      this.take();
      node = { kind: 'repeat', item: node, min: next.min, max: next.max, lazy: false };
    }
  }

  // In basic expressions and in awk `^*` is an anchor and a literal star; sed -E refuses it.
  private afterHat(hat: Node): Node {
    const { token } = this.peek();
    if (token.kind !== 'repeat' || token.text === '{') return hat;
    if (this.options.dialect === 'sed-E') throw new RegexError(messages.badrpt);
    this.take();
    return { kind: 'cat', items: [hat, this.repeated(this.literal(token.text))] };
  }

  private repeated(node: Node): Node {
    const { token } = this.peek();
    if (token.kind !== 'repeat') return node;
    this.take();
    return this.repeated({
      kind: 'repeat',
      item: node,
      min: token.min,
      max: token.max,
      lazy: false,
    });
  }

  /// A repetition sign with nothing before it.
  private leadingRepeat(token: Token & { kind: 'repeat' }, start: number): Node | null {
    const { dialect } = this.options;
    const interval = token.text.includes('{');
    if (dialect === 'egrep') {
      this.warnings.push(`${interval ? '{...}' : token.text} at start of expression`);
      return null;
    }
    if (dialect === 'sed-E' || (interval && dialect !== 'awk'))
      throw new RegexError(messages.badrpt);
    if (!interval) return this.literal(token.text);
    this.at = start + 1; // the brace itself; the rest is read as characters
    return this.literal('{');
  }

  private literal(text: string): Node {
    return this.char(text.codePointAt(text.length - 1) ?? 0);
  }

  private char(point: number): Node {
    return { kind: 'set', set: oneChar(point, this.options.icase) };
  }

  private atom(token: Token, depth: number, first: boolean): Node {
    switch (token.kind) {
      case 'char':
        return this.char(token.point);
      case 'node':
        return token.node;
      case 'hat':
        return this.extended || first ? this.anchor('bol', 'bot') : this.char(94);
      case 'dollar':
        return this.extended || this.endsHere() ? this.anchor('eol', 'eot') : this.char(36);
      case 'open':
        return this.group(depth);
      case 'brace':
        if (this.options.dialect === 'sed-E') throw new RegexError(messages.badrpt);
        return this.char(123);
      default:
        return this.char(41);
    }
  }

  private anchor(inLines: Assertion, inText: Assertion): Node {
    return { kind: 'assert', what: this.options.multiline ? inLines : inText };
  }

  // In a basic expression `$` is an anchor only where the expression or the group ends.
  private endsHere(): boolean {
    return ['end', 'bar', 'close'].includes(this.peek().token.kind);
  }

  private group(depth: number): Node {
    const index = ++this.groups;
    const item = this.alternatives(depth + 1);
    if (this.peek().token.kind !== 'close') throw new RegexError(messages.paren);
    this.take();
    this.closed.add(index);
    return { kind: 'group', item, index };
  }

  private take(): void {
    this.at = this.peek().end;
  }

  private peek(): { token: Token; end: number } {
    const { source, at } = this;
    const ch = source[at];
    if (ch === undefined) return { token: { kind: 'end' }, end: at };
    if (ch === '\\') return this.escape();
    if (ch === '[') return this.bracket();
    if (ch === '.')
      return { token: { kind: 'node', node: { kind: 'set', set: anyChar } }, end: at + 1 };
    if (ch === '*')
      return { token: { kind: 'repeat', min: 0, max: Infinity, text: '*' }, end: at + 1 };
    if (ch === '^') return { token: { kind: 'hat' }, end: at + 1 };
    if (ch === '$') return { token: { kind: 'dollar' }, end: at + 1 };
    if (ch === '\n' && this.options.dialect.endsWith('grep'))
      return { token: { kind: 'bar' }, end: at + 1 };
    const sign = this.extended ? this.sign(ch, at + 1, ch) : null;
    if (sign) return sign;
    const point = source.codePointAt(at) ?? 0;
    return { token: { kind: 'char', point }, end: at + (point > 0xffff ? 2 : 1) };
  }

  /// The signs that a basic expression writes with a backslash and an extended one without.
  private sign(ch: string, end: number, text: string): { token: Token; end: number } | null {
    if (ch === '(') return { token: { kind: 'open' }, end };
    if (ch === ')') return { token: { kind: 'close' }, end };
    if (ch === '|') return { token: { kind: 'bar' }, end };
    if (ch === '+') return { token: { kind: 'repeat', min: 1, max: Infinity, text }, end };
    if (ch === '?') return { token: { kind: 'repeat', min: 0, max: 1, text }, end };
    if (ch === '{') return this.interval(end);
    return null;
  }

  private interval(at: number): { token: Token; end: number } {
    const close = this.extended ? '}' : '\\}';
    const match = /^(\d*)(,?)(\d*)/.exec(this.source.slice(at));
    const [whole = '', low = '', comma = '', high = ''] = match ?? [];
    const after = at + whole.length;
    const closed = this.source.startsWith(close, after);
    if (!closed || whole === '') {
      if (['egrep', 'awk'].includes(this.options.dialect))
        return { token: { kind: 'brace' }, end: at };
      if (this.source.indexOf(close, at) < 0 || whole !== '') throw new RegexError(messages.brace);
      throw new RegexError(messages.badbr);
    }
    const min = low === '' ? 0 : Number(low);
    const max = comma === '' ? min : high === '' ? Infinity : Number(high);
    if (min > max) throw new RegexError(messages.badbr);
    if (min > maxRepeat || (max !== Infinity && max > maxRepeat))
      throw new RegexError(messages.size);
    return { token: { kind: 'repeat', min, max, text: '{' }, end: after + close.length };
  }

  private escape(): { token: Token; end: number } {
    const { source, at } = this;
    const ch = source[at + 1];
    if (ch === undefined) throw new RegexError(messages.escape);
    const end = at + 2;
    const node = this.escapedNode(ch);
    if (node) return { token: { kind: 'node', node }, end };
    const sign = this.extended ? null : this.sign(ch, end, `\\${ch}`);
    if (sign) return sign;
    const point = source.codePointAt(at + 1) ?? 0;
    return { token: { kind: 'char', point }, end: end + (point > 0xffff ? 1 : 0) };
  }

  private escapedNode(ch: string): Node | null {
    const set = escapedSets[ch];
    if (set) return { kind: 'set', set };
    const awk = this.options.dialect === 'awk';
    const what = awk && ch === 'y' ? 'word' : awk && ch === 'b' ? undefined : assertions[ch];
    if (what) return { kind: 'assert', what };
    if (awk || ch < '1' || ch > '9') return null;
    const index = Number(ch);
    if (!this.closed.has(index)) throw new RegexError(messages.subreg);
    this.backtracks = true;
    return { kind: 'back', index };
  }

  private bracket(): { token: Token; end: number } {
    const { dialect, icase } = this.options;
    const { set, end } = parseBracket(this.source, this.at, {
      icase,
      escapes: dialect === 'awk' ? 'awk' : 'none',
      checkClassSyntax: dialect !== 'awk',
      notNewline: dialect.endsWith('grep'),
    });
    return { token: { kind: 'node', node: { kind: 'set', set } }, end };
  }
}
