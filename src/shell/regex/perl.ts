/// Reads the subset of Perl's regular expressions that grep -P meets in practice: \d \w \s \h \b,
/// lazy repetitions, groups that do not capture, named groups, look-around, \K, \Q..\E, (?i) at the
/// start. Left out, and said so: recursion, conditionals, atomic groups, possessive repetitions,
/// Unicode properties, comments.
import { RegexError } from './ast.ts';
import type { Node, Parsed } from './ast.ts';
import { parseBracket } from './bracket.ts';
import { anyExcept, charSetBuilder, classSet, oneChar } from './charset.ts';
import type { CharSet } from './charset.ts';

/// Something of Perl's that is not modelled here.
export class NotModelled extends Error {}

const sets: Readonly<Record<string, CharSet>> = {
  d: classSet(['digit'], '', false),
  D: classSet(['digit'], '', true),
  w: classSet(['alnum'], '_', false),
  W: classSet(['alnum'], '_', true),
  s: classSet(['space'], '', false),
  S: classSet(['space'], '', true),
  h: classSet(['blank'], '', false),
  H: classSet(['blank'], '', true),
  N: anyExcept(10),
};

const asserts = { b: 'word', B: 'notword', A: 'bot', z: 'eot', Z: 'eot' } as const;
const controls: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, f: 12, a: 7, e: 27 };

export function parsePerl(source: string, icase: boolean): Parsed {
  const flag = source.startsWith('(?i)');
  const parser = new PerlParser(flag ? source.slice(4) : source, icase || flag);
  const root = parser.alternatives(0);
  if (!parser.atEnd()) throw new RegexError('unmatched closing parenthesis');
  return { root, groups: parser.groups, backtracks: true, warnings: [] };
}

class PerlParser {
  groups = 0;
  private at = 0;
  private readonly source: string;
  private readonly icase: boolean;

  constructor(source: string, icase: boolean) {
    this.source = source;
    this.icase = icase;
  }

  atEnd(): boolean {
    return this.at >= this.source.length;
  }

  alternatives(depth: number): Node {
    if (depth > 200) throw new RegexError('parentheses are too deeply nested');
    const items = [this.sequence(depth)];
    while (this.source[this.at] === '|') {
      this.at++;
      items.push(this.sequence(depth));
    }
    return { kind: 'alt', items };
  }

  private sequence(depth: number): Node {
    const items: Node[] = [];
    while (!this.atEnd() && this.source[this.at] !== '|' && this.source[this.at] !== ')')
      items.push(this.repeated(this.atom(depth)));
    return { kind: 'cat', items };
  }

  private repeated(item: Node): Node {
    const match = /^(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})([?+]?)/.exec(this.source.slice(this.at));
    if (!match) return item;
    const [whole, sign, low, comma, high, mode] = match;
    if (mode === '+') throw new NotModelled('possessive repetitions of grep -P');
    this.at += whole.length;
    const min = sign ? (sign === '+' ? 1 : 0) : Number(low);
    const max = sign
      ? sign === '?'
        ? 1
        : Infinity
      : !comma
        ? min
        : high
          ? Number(high)
          : Infinity;
    if (max < min) throw new RegexError('numbers out of order in {} quantifier');
    if (min > 65535 || (max > 65535 && max !== Infinity))
      throw new RegexError('number too big in {} quantifier');
    return this.repeated({ kind: 'repeat', item, min, max, lazy: mode === '?' });
  }

  private atom(depth: number): Node {
    const ch = this.source[this.at] ?? '';
    if (ch === '(') return this.group(depth);
    if (ch === '\\') return this.escape();
    if (ch === '[') return this.bracket();
    if (/[*+?]/.test(ch)) throw new RegexError('quantifier does not follow a repeatable item');
    const point = this.source.codePointAt(this.at) ?? 0;
    this.at += point > 0xffff ? 2 : 1;
    if (ch === '.') return { kind: 'set', set: anyExcept(10) };
    if (ch === '^') return { kind: 'assert', what: 'bot' };
    if (ch === '$') return { kind: 'assert', what: 'eot' };
    return this.char(point);
  }

  private char(point: number): Node {
    return { kind: 'set', set: oneChar(point, this.icase) };
  }

  private bracket(): Node {
    const { set, end } = parseBracket(this.source, this.at, {
      icase: this.icase,
      escapes: 'perl',
      checkClassSyntax: false,
      notNewline: false,
    });
    this.at = end;
    return { kind: 'set', set };
  }

  private group(depth: number): Node {
    const rest = this.source.slice(this.at);
    const open = /^\((?:\?(?::|(<?[=!])|P?<\w+>))?/.exec(rest)?.[0] ?? '(';
    if (open === '(' && rest.startsWith('(?'))
      throw new NotModelled(`${rest.slice(0, 3)} of grep -P`);
    this.at += open.length;
    const captures = open === '(' || /\w>$/.test(open);
    const index = captures ? ++this.groups : 0;
    const item = this.alternatives(depth + 1);
    if (this.source[this.at] !== ')') throw new RegexError('missing closing parenthesis');
    this.at++;
    if (captures || open === '(?:') return { kind: 'group', item, index };
    return { kind: 'look', item, ahead: !open.includes('<'), negative: open.endsWith('!') };
  }

  private escape(): Node {
    const ch = this.source[this.at + 1];
    if (ch === undefined) throw new RegexError('\\ at end of pattern');
    this.at += 2;
    const set = sets[ch];
    if (set) return { kind: 'set', set };
    if (ch === 'K') return { kind: 'keep' };
    if (ch === 'Q') return this.quoted();
    if (ch === 'R') return { kind: 'set', set: classSet([], '\n\v\f\r', false) };
    if (Object.hasOwn(asserts, ch))
      return { kind: 'assert', what: asserts[ch as keyof typeof asserts] };
    if (ch >= '1' && ch <= '9') return this.backReference(Number(ch));
    if (ch === 'x') return this.hex();
    const control = controls[ch];
    if (control !== undefined) return this.char(control);
    if (/[A-Za-z]/.test(ch)) throw new NotModelled(`\\${ch} of grep -P`);
    return this.char(ch.charCodeAt(0));
  }

  private backReference(index: number): Node {
    const groups = this.source.match(/\((?!\?)|\(\?P?<\w/g)?.length ?? 0;
    if (index > groups) throw new RegexError('reference to non-existent subpattern');
    return { kind: 'back', index };
  }

  private quoted(): Node {
    const close = this.source.indexOf('\\E', this.at);
    const text = this.source.slice(this.at, close < 0 ? undefined : close);
    this.at = close < 0 ? this.source.length : close + 2;
    return { kind: 'cat', items: [...text].map((ch) => this.char(ch.codePointAt(0) ?? 0)) };
  }

  private hex(): Node {
    const digits =
      /^(?:\{[0-9a-fA-F]{1,6}\}|[0-9a-fA-F]{0,2})/.exec(this.source.slice(this.at))?.[0] ?? '';
    this.at += digits.length;
    const builder = charSetBuilder(this.icase);
    const point = Math.min(parseInt(digits.replace(/[{}]/g, '') || '0', 16), 0x10ffff);
    builder.add(point, point);
    return { kind: 'set', set: builder.done(false) };
  }
}
