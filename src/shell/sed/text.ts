/// The texts inside a sed command: regular expressions, replacements, the strings of y.
import type { Piece } from './script.ts';
import type { Source } from './source.ts';

const characters: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  f: '\f',
  v: '\v',
  a: '\x07',
  r: '\r',
};

/// Reads up to the delimiter, which is taken; null where it never comes. In a regular expression a
/// delimiter inside [...] does not count.
export function readDelimited(source: Source, delimiter: string, regex: boolean): string | null {
  let text = '';
  for (;;) {
    const ch = source.next();
    if (ch === '') return null;
    if (ch === delimiter) return text;
    if (ch === '\n' && regex) return null;
    if (ch === '[' && regex) {
      const bracket = readBracket(source);
      if (bracket === null) return null;
      text += bracket;
      continue;
    }
    if (ch !== '\\') {
      text += ch;
      continue;
    }
    const next = source.next();
    if (next === '') return null;
    if (next === delimiter) text += delimiter === '&' && !regex ? '\\&' : delimiter;
    else text += `\\${next}`;
  }
}

/// A bracket expression whose [ has been read.
function readBracket(source: Source): string | null {
  let text = '[';
  if (source.peek() === '^') text += source.next();
  if (source.peek() === ']') text += source.next();
  for (;;) {
    const ch = source.next();
    if (ch === '' || ch === '\n') return null;
    text += ch;
    if (ch === ']') return text;
    const kind = source.peek();
    if (ch === '[' && /^[:.=]$/.test(kind)) {
      text += source.next();
      for (let last = ''; ;) {
        const inner = source.next();
        if (inner === '' || inner === '\n') return null;
        text += inner;
        if (last === kind && inner === ']') break;
        last = inner;
      }
    }
  }
}

/// Escapes that stand for one character become it: \n \t \d065 \o101 \x41 \cA.
export function plainRegex(source: string): string {
  return source.replace(
    /\\(?:d(\d{3})|o([0-7]{3})|x([\da-fA-F]{2})|c([^])|([^]))/g,
    (whole, ...groups: (string | undefined)[]) => {
      const code = codeOf(groups);
      if (code !== null) {
        const ch = String.fromCharCode(code);
        return /[\\^$.[\]*]/.test(ch) ? `\\${ch}` : ch;
      }
      const ch = groups[4] ?? '';
      return characters[ch] ?? whole;
    },
  );
}

function codeOf([decimal, octal, hex, control]: readonly (string | undefined)[]): number | null {
  if (decimal !== undefined) return Number(decimal) & 0xff;
  if (octal !== undefined) return parseInt(octal, 8) & 0xff;
  if (hex !== undefined) return parseInt(hex, 16);
  return control === undefined ? null : control.toUpperCase().charCodeAt(0) ^ 0x40;
}

/// The pieces of a replacement.
export function replacementPieces(source: string): Piece[] {
  const pieces: Piece[] = [];
  const pattern = /\\(?:d(\d{3})|o([0-7]{3})|x([\da-fA-F]{2})|c([^])|([^]))|&|[^\\&]+|\\$/g;
  for (const match of source.matchAll(pattern)) {
    const whole = match[0];
    if (whole === '&') pieces.push({ group: 0 });
    else if (!whole.startsWith('\\')) pieces.push(whole);
    else {
      const code = codeOf(match.slice(1));
      pieces.push(code === null ? escapedPiece(match[5] ?? '\\') : String.fromCharCode(code));
    }
  }
  return pieces;
}

function escapedPiece(ch: string): Piece {
  if (/\d/.test(ch)) return { group: Number(ch) };
  if (ch === 'U' || ch === 'L' || ch === 'E' || ch === 'u' || ch === 'l') return { fold: ch };
  return characters[ch] ?? ch;
}

/// The characters of a string of y; null for a backslash that nothing may follow.
export function mapCharacters(source: string): string[] | null {
  const result: string[] = [];
  const chars = [...source];
  for (let i = 0; i < chars.length; i++) {
    const ch = chars[i] as string;
    const next = chars[i + 1];
    if (ch !== '\\' || next === undefined) result.push(ch);
    else {
      i++;
      if (next === '\\') result.push('\\');
      else if (characters[next] !== undefined) result.push(characters[next]);
      else return null;
    }
  }
  return result;
}

/// The text of a, i and c: backslashes go, what they protect stays; \t and its kin are characters.
export function plainText(source: string): string {
  return source.replace(
    /\\(?:d(\d{3})|o([0-7]{3})|x([\da-fA-F]{2})|c([^])|([^]))/g,
    (_whole, ...groups: (string | undefined)[]) => {
      const code = codeOf(groups);
      if (code !== null) return String.fromCharCode(code);
      const ch = groups[4] ?? '';
      return characters[ch] ?? ch;
    },
  );
}
