/// Words of nft's language. Stands for src/scanner.l of nftables 1.1.3: of all patterns that match, the
/// longest wins.
/// Left out: include, and `define` with more than words behind the sign.
import { Absent, type Place } from './trouble.ts';

export type TokenKind =
  'string' | 'number' | 'quoted string' | 'asterisk' | 'sign' | 'newline' | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string; // without quotes
  readonly place: Place;
}

const SIGNS = [
  ...['==', '!=', '<=', '>=', '<<', '>>', '<', '>', '&', '|', '^', '!', '/', '-', '*', '+'],
  ...[',', '.', ':', ';', '=', '{', '}', '[', ']', '(', ')', '@', '$'],
];

type Pattern = readonly [TokenKind, RegExp];

const PATTERNS: readonly Pattern[] = [
  ['quoted string', /"[^"\n]*"/y],
  ['asterisk', /[A-Za-z_.][A-Za-z0-9/\-_.]*\*/y],
  ['string', /(?:[0-9a-f]{1,2}:){5}[0-9a-f]{1,2}/iy], // a MAC address
  ['string', /\d+\.\d+\.\d+\.\d+/y],
  ['string', /(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}/iy],
  ['string', /(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*)?::(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*)?/iy],
  ['string', /8021(?:q|ad)/y],
  ['string', /(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?/y], // a time
  ['number', /0x[0-9a-f]+|\d+/iy],
  ['string', /[A-Za-z_.][A-Za-z0-9/\-_.]*/y],
];

/// The words of a text; definitions (`define x = ...`) are put in where they are used.
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let start = 0; // offset of the line
  let at = 0;
  while (at < text.length) {
    const c = text[at]!;
    const place = (length: number): Place => ({
      line,
      first: at - start + 1,
      last: at - start + length,
    });
    if (c === ' ' || c === '\t' || c === '\r') at++;
    else if (c === '#') while (at < text.length && text[at] !== '\n') at++;
    else if (text.startsWith('\\\n', at)) {
      at += 2;
      line++;
      start = at;
    } else if (c === '\n') {
      tokens.push({ kind: 'newline', text: '\n', place: place(1) });
      at++;
      line++;
      start = at;
    } else {
      const [kind, found] = longest(text, at);
      const inner = kind === 'quoted string' ? found.slice(1, -1) : found;
      tokens.push({ kind, text: inner, place: place(found.length) });
      at += found.length;
    }
  }
  tokens.push({ kind: 'end', text: '', place: { line, first: 1, last: 1 } });
  return defined(tokens);
}

function longest(text: string, at: number): [TokenKind, string] {
  let best: [TokenKind, string] = ['sign', SIGNS.find((sign) => text.startsWith(sign, at)) ?? ''];
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? '';
    if (found.length > best[1].length) best = [kind, found];
  }
  if (best[1] === '') return ['sign', text[at]!];
  // The dot between the parts of a concatenation is a sign, though a string may begin with one.
  return best[1] === '.' ? ['sign', '.'] : best;
}

// Definitions that use each other grow without bound in a few lines.
const MOST_TOKENS = 2_000_000;

function defined(tokens: readonly Token[]): Token[] {
  if (!tokens.some((token) => token.text === 'define' || token.text === '$')) return [...tokens];
  const values = new Map<string, Token[]>();
  const out: Token[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    const name = tokens[i + 1]?.text ?? '';
    if (token.kind === 'string' && token.text === 'define') {
      const end = tokens.findIndex((one, j) => j > i && one.kind === 'newline');
      const last = end < 0 ? tokens.length - 1 : end;
      values.set(name, defined2(tokens.slice(i + 3, last), values));
      i = last;
    } else if (token.text === '$' && token.kind === 'sign') {
      const value = values.get(name);
      if (!value) throw new Absent(`nft: the definition of ${name}`);
      for (const one of value) out.push({ ...one, place: token.place });
      if (out.length > MOST_TOKENS) throw new Absent('nft: definitions of that size');
      i++;
    } else out.push(token);
  }
  return out;
}

// A definition may use earlier ones.
function defined2(tokens: readonly Token[], values: ReadonlyMap<string, Token[]>): Token[] {
  const out: Token[] = [];
  for (const [i, token] of tokens.entries()) {
    if (token.text === '$')
      for (const one of values.get(tokens[i + 1]?.text ?? '') ?? []) out.push(one);
    else if (tokens[i - 1]?.text !== '$') out.push(token);
    if (out.length > MOST_TOKENS) throw new Absent('nft: definitions of that size');
  }
  return out;
}
