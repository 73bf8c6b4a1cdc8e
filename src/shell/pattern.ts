/// Matches shell patterns in time that grows with the text alone: by the regular expressions of the
/// tools, and by stepping through all places of the pattern at once where the shortest match counts.
/// !(...) cannot be said that way; JavaScript's own expressions match it, on texts of bounded length,
/// and refuse a little too much where wildcards follow it.
import { TooMuch } from './stream.ts';
import { parsePattern } from './pattern_syntax.ts';
import type { PatternNode, SetItem } from './pattern_syntax.ts';
import { posixRegex } from './regex.ts';
import { classes } from './regex/charset.ts';
import type { Regex } from './regex.ts';

const CACHE_LIMIT = 500;
const SLOW_LIMIT = 5000; // characters, for patterns that need trying
const cache = new Map<string, Compiled>();

interface Compiled {
  readonly nodes: readonly PatternNode[];
  readonly groups: boolean; // has extended forms
  readonly negation: boolean; // has !( )
  readonly fold: boolean;
  readonly whole: Regex | null;
  readonly front: Regex | null;
  readonly back: Regex | null;
  readonly inside: Regex | null;
}

function compile(pattern: string, fold: boolean): Compiled {
  const key = (fold ? 'i' : '-') + pattern;
  const found = cache.get(key);
  if (found) return found;
  const nodes = parsePattern(pattern);
  const negation = pattern.includes('!(') && some(nodes, (n) => n.kind === 'group' && n.op === '!');
  const source = negation ? '' : ere(nodes);
  const regex = (text: string) =>
    negation ? null : posixRegex(text, { dialect: 'sed-E', icase: fold });
  const made: Compiled = {
    nodes,
    groups: some(nodes, (n) => n.kind === 'group'),
    negation,
    fold,
    whole: regex(`^(${source})$`),
    front: regex(`^(${source})`),
    back: regex(`(${source})$`),
    inside: regex(source),
  };
  if (cache.size >= CACHE_LIMIT) cache.clear();
  cache.set(key, made);
  return made;
}

function some(nodes: readonly PatternNode[], test: (n: PatternNode) => boolean): boolean {
  return nodes.some(
    (n) => test(n) || (n.kind === 'group' && n.choices.some((choice) => some(choice, test))),
  );
}

export function matches(pattern: string, text: string, fold = false): boolean {
  const c = compile(pattern, fold);
  return c.whole ? c.whole.test(text) : trying(c).test(bounded(text));
}

/// A test for many texts.
export function matcher(pattern: string, fold: boolean): (text: string) => boolean {
  return (text) => matches(pattern, text, fold);
}

function bounded(text: string): string {
  if (text.length > SLOW_LIMIT)
    throw new TooMuch(
      `a pattern with ( ) is matched against at most ${SLOW_LIMIT} characters here`,
    );
  return text;
}

/// ${x#p} and its sisters: how long the matching front or back is; -1: nothing matches.
export function matchingEnd(
  pattern: string,
  text: string,
  where: 'front' | 'back',
  longest: boolean,
): number {
  const c = compile(pattern, false);
  const regex = where === 'front' ? c.front : c.back;
  if (regex) {
    const found = regex.find(text);
    if (!found) return -1;
    if (longest) return where === 'front' ? found[1] : text.length - found[0];
    if (!c.groups) return shortest(c.nodes, text, where);
  }
  return searched(pattern, bounded(text), where, longest);
}

function searched(
  pattern: string,
  text: string,
  where: 'front' | 'back',
  longest: boolean,
): number {
  for (let i = 0; i <= text.length; i++) {
    const length = longest ? text.length - i : i;
    const piece = where === 'front' ? text.slice(0, length) : text.slice(text.length - length);
    if (matches(pattern, piece)) return length;
  }
  return -1;
}

/// Walks the text with all places in the pattern that are still possible; stops at the first end.
function shortest(nodes: readonly PatternNode[], text: string, where: 'front' | 'back'): number {
  const row = where === 'front' ? nodes : [...nodes].reverse();
  const characters = where === 'front' ? [...text] : [...text].reverse();
  let places = spread(row, new Set([0]));
  let length = 0;
  for (const c of characters) {
    if (places.has(row.length)) return length;
    const next = new Set<number>();
    for (const place of places) {
      const n = row[place];
      if (n?.kind === 'star') next.add(place);
      else if (n && accepts(n, c)) next.add(place + 1);
    }
    places = spread(row, next);
    length += c.length;
  }
  return places.has(row.length) ? length : -1;
}

/// A star may also stand for nothing.
function spread(row: readonly PatternNode[], places: Set<number>): Set<number> {
  for (const place of places) if (row[place]?.kind === 'star') places.add(place + 1);
  return places;
}

function accepts(n: PatternNode, c: string): boolean {
  if (n.kind === 'char') return n.c === c;
  if (n.kind === 'any') return true;
  return n.kind === 'set' && (single.get(n) ?? remember(n)).test(c);
}

const single = new WeakMap<PatternNode, Regex>();

function remember(n: PatternNode): Regex {
  const regex = posixRegex(`^${ere([n])}$`, { dialect: 'sed-E' });
  single.set(n, regex);
  return regex;
}

/// ${x/p/by}: the leftmost, longest match from a place on; null: none.
export function findPattern(
  pattern: string,
  text: string,
  from: number,
): readonly [number, number] | null {
  const c = compile(pattern, false);
  if (c.inside) return c.inside.find(text, from);
  bounded(text);
  for (let start = from; start <= text.length; start++) {
    for (let end = text.length; end >= start; end--)
      if (matches(pattern, text.slice(start, end))) return [start, end];
  }
  return null;
}

/// The pattern as a POSIX extended regular expression.
function ere(nodes: readonly PatternNode[]): string {
  return nodes.map(eachEre).join('');
}

function eachEre(n: PatternNode): string {
  switch (n.kind) {
    case 'char':
      return /[\\^$.*+?()[\]{}|/]/.test(n.c) ? '\\' + n.c : n.c;
    case 'any':
      return '.';
    case 'star':
      return '.*';
    case 'set':
      return setEre(n.negated, n.items);
    case 'group': {
      const choices = `(${n.choices.map(ere).join('|')})`;
      return n.op === '@' ? choices : choices + n.op;
    }
  }
}

/// In a POSIX bracket ] comes first, - last, ^ not first, and [ where no . = or : can follow it.
function setEre(negated: boolean, items: readonly SetItem[]): string {
  const ones = new Set(items.flatMap((item) => (item.kind === 'one' ? [item.c] : [])));
  const rest = items.filter(
    (item) =>
      (item.kind === 'range' && item.from <= item.to) ||
      (item.kind === 'class' && Object.hasOwn(classes, item.name)),
  );
  if (ones.size + rest.length === 0) return negated ? '.' : '(a^)';
  if (!negated && rest.length === 0 && ones.size === 1)
    return eachEre({ kind: 'char', c: [...ones][0] ?? '' });
  const inner = rest.map((item) =>
    item.kind === 'range'
      ? `${item.from}-${item.to}`
      : item.kind === 'class'
        ? `[:${item.name}:]`
        : '',
  );
  const opens = (part: string) => Number(part.endsWith('['));
  inner.sort((a, b) => opens(a) - opens(b));
  const plain = [...ones].filter((c) => !'[]^-'.includes(c)).join('');
  const has = (c: string) => (ones.has(c) ? c : '');
  return `[${negated ? '^' : ''}${has(']')}${plain}${inner.join('')}${has('[')}${has('^')}${has('-')}]`;
}

const tried = new WeakMap<Compiled, RegExp>();

/// For !( ): JavaScript's expressions, which know "not followed by".
function trying(c: Compiled): RegExp {
  let regexp = tried.get(c);
  if (!regexp) {
    regexp = new RegExp(`^(?:${js(c.nodes)})$`, c.fold ? 'siu' : 'su');
    tried.set(c, regexp);
  }
  return regexp;
}

function js(nodes: readonly PatternNode[]): string {
  return nodes
    .map((n, i) => {
      if (n.kind === 'any') return '.';
      if (n.kind === 'star') return '.*';
      if (n.kind === 'char') return n.c.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
      if (n.kind === 'set') return jsSet(n.negated, n.items);
      const choices = n.choices.map(js).join('|');
      if (n.op !== '!') return `(?:${choices})${n.op === '@' ? '' : n.op}`;
      return `(?!(?:${choices})${js(nodes.slice(i + 1))}$).*`;
    })
    .join('');
}

const JS_CLASSES: Record<string, string> = {
  alpha: 'a-zA-Z', digit: '0-9', alnum: 'a-zA-Z0-9', upper: 'A-Z', lower: 'a-z', space: '\\s', blank: ' \\t',
  punct: '!-\\/:-@\\[-`{-~', xdigit: '0-9a-fA-F', word: '\\w',
}; // prettier-ignore

function jsSet(negated: boolean, items: readonly SetItem[]): string {
  const code = (c: string) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`;
  const inner = items.map((item) => {
    if (item.kind === 'class') return JS_CLASSES[item.name] ?? '';
    if (item.kind === 'one') return code(item.c);
    return item.from <= item.to ? `${code(item.from)}-${code(item.to)}` : '';
  });
  return `[${negated ? '^' : ''}${inner.join('')}]`;
}
