/// Bracket expressions, [a-z[:digit:]_], as POSIX reads them: a backslash is an ordinary character,
/// except in awk and Perl.
import { charSetBuilder, classes } from './charset.ts';
import type { CharSet } from './charset.ts';
import { messages, RegexError } from './ast.ts';

export interface BracketOptions {
  readonly icase: boolean;
  readonly escapes: 'none' | 'awk' | 'perl'; // what a backslash in a bracket does
  readonly checkClassSyntax: boolean; // refuse [:space:], as grep and sed do
  readonly notNewline: boolean; // [^a] does not match a newline
}

type Item = { readonly point: number } | { readonly name: string; readonly not: boolean };

const perlClass: Readonly<Record<string, string>> = { d: 'digit', s: 'space', w: 'word' };
const controls: Readonly<Record<string, number>> = {
  n: 10,
  t: 9,
  r: 13,
  f: 12,
  v: 11,
  a: 7,
  e: 27,
};

/// Reads a bracket expression whose `[` stands at `at`; gives the set and where it ends.
export function parseBracket(
  source: string,
  at: number,
  options: BracketOptions,
): { set: CharSet; end: number } {
  const builder = charSetBuilder(options.icase);
  let i = at + 1;
  const negated = source[i] === '^';
  if (negated) i++;
  const first = i;
  for (;;) {
    if (i >= source.length) throw new RegexError(messages.brack);
    if (source[i] === ']' && i > first) break;
    const [item, next] = readItem(source, i, options);
    i = next;
    if ('name' in item) {
      addNamed(builder, item);
      continue;
    }
    if (source[i] === '-' && i + 1 < source.length && source[i + 1] !== ']') {
      const [last, after] = readItem(source, i + 1, options);
      if ('name' in last || last.point < item.point) throw new RegexError(messages.range);
      builder.add(item.point, last.point);
      i = after;
    } else {
      builder.add(item.point, item.point);
    }
  }
  if (options.checkClassSyntax && /^\[:.*:\]$/.test(source.slice(at, i + 1)) && i - at > 2)
    throw new RegexError(messages.classSyntax);
  if (negated && options.notNewline) builder.add(10, 10);
  return { set: builder.done(negated), end: i + 1 };
}

function addNamed(
  builder: ReturnType<typeof charSetBuilder>,
  item: { name: string; not: boolean },
): void {
  if (!item.not) {
    builder.addClass(item.name === 'word' ? 'alnum' : item.name);
    if (item.name === 'word') builder.add(95, 95);
    return;
  }
  for (let c = 0; c < 128; c++) {
    const inside = item.name === 'word' ? classes.alnum?.(c) || c === 95 : classes[item.name]?.(c);
    if (!inside) builder.add(c, c);
  }
}

/// One member of the list: a character, or a class.
function readItem(source: string, i: number, options: BracketOptions): [Item, number] {
  const two = source.slice(i, i + 2);
  if (two === '[:' || two === '[=' || two === '[.') return readNamed(source, i, two);
  if (source[i] === '\\' && options.escapes !== 'none') return readEscape(source, i, options);
  const point = source.codePointAt(i) ?? 0;
  return [{ point }, i + (point > 0xffff ? 2 : 1)];
}

function readNamed(source: string, i: number, open: string): [Item, number] {
  const end = source.indexOf(`${open[1]}]`, i + 2);
  if (end < 0) throw new RegexError(messages.brack);
  const name = source.slice(i + 2, end);
  if (open === '[:') {
    if (!Object.hasOwn(classes, name)) throw new RegexError(messages.ctype);
    return [{ name, not: false }, end + 2];
  }
  if ([...name].length !== 1) throw new RegexError(messages.collate);
  return [{ point: name.codePointAt(0) ?? 0 }, end + 2];
}

function readEscape(source: string, i: number, options: BracketOptions): [Item, number] {
  const ch = source[i + 1];
  if (ch === undefined) throw new RegexError(messages.brack);
  if (options.escapes === 'perl') {
    const name = perlClass[ch.toLowerCase()];
    if (name) return [{ name, not: ch !== ch.toLowerCase() }, i + 2];
    if (ch === 'x') return readHex(source, i);
    if (ch === 'b') return [{ point: 8 }, i + 2];
    const control = controls[ch];
    if (control !== undefined) return [{ point: control }, i + 2];
  }
  return [{ point: ch.charCodeAt(0) }, i + 2];
}

function readHex(source: string, i: number): [Item, number] {
  const digits = /^[0-9a-fA-F]{0,2}/.exec(source.slice(i + 2))?.[0] ?? '';
  return [{ point: parseInt(digits || '0', 16) }, i + 2 + digits.length];
}
