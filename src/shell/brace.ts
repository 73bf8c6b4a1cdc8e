/// Brace expansion: a{b,c}d and {1..9..2}, on the source text of a word, before everything else.
import { Abort } from './process.ts';

export const WORD_LIMIT = 200_000; // words that one brace or list of words may become

/// The words that the text stands for, as source text; itself when there is nothing to expand.
export function expandBraces(text: string): string[] {
  for (let open = nextOpen(text, 0); open >= 0; open = nextOpen(text, open + 1)) {
    const close = matching(text, open);
    if (close < 0) continue;
    const items = itemsOf(text.slice(open + 1, close));
    if (!items) continue;
    const before = text.slice(0, open);
    const after = expandBraces(text.slice(close + 1));
    const inner = items.flatMap(expandBraces);
    bounded(inner.length * after.length);
    return inner.flatMap((item) => after.map((rest) => before + item + rest));
  }
  return [text];
}

function bounded(words: number): void {
  if (words > WORD_LIMIT) {
    throw new Abort(
      `softnet: a brace expansion of ${words} words is more than the ${WORD_LIMIT} allowed here`,
    );
  }
}

/// Skips what quoting and $ protect. Gives the place after it, or the same place.
function skip(text: string, i: number): number {
  const c = text[i];
  if (c === '\\') return i + 2;
  if (c === "'") return after(text, "'", i + 1);
  if (c === '`') return after(text, '`', i + 1);
  if (c === '"') {
    let j = i + 1;
    while (j < text.length && text[j] !== '"') j += text[j] === '\\' ? 2 : 1;
    return j + 1;
  }
  if (c === '$' && (text[i + 1] === '{' || text[i + 1] === '(')) return nested(text, i + 1);
  return i;
}

function after(text: string, mark: string, from: number): number {
  const at = text.indexOf(mark, from);
  return at < 0 ? text.length : at + 1;
}

function nested(text: string, open: number): number {
  const close = text[open] === '{' ? '}' : ')';
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    const past = skip(text, i);
    if (past !== i) i = past - 1;
    else if (text[i] === text[open]) depth++;
    else if (text[i] === close && --depth === 0) return i + 1;
  }
  return text.length;
}

function nextOpen(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    const past = skip(text, i);
    if (past !== i) i = past - 1;
    else if (text[i] === '{') return i;
  }
  return -1;
}

function matching(text: string, open: number): number {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    const past = skip(text, i);
    if (past !== i) i = past - 1;
    else if (text[i] === '{') depth++;
    else if (text[i] === '}' && --depth === 0) return i;
  }
  return -1;
}

function itemsOf(body: string): string[] | null {
  const items = splitCommas(body);
  return items.length > 1 ? items : sequence(body);
}

function splitCommas(body: string): string[] {
  const items: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < body.length; i++) {
    const past = skip(body, i);
    if (past !== i) i = past - 1;
    else if (body[i] === '{') depth++;
    else if (body[i] === '}') depth--;
    else if (body[i] === ',' && depth === 0) {
      items.push(body.slice(start, i));
      start = i + 1;
    }
  }
  return [...items, body.slice(start)];
}

function sequence(body: string): string[] | null {
  const numbers = /^(-?\d+)\.\.(-?\d+)(?:\.\.(-?\d+))?$/.exec(body);
  if (numbers) return numberSequence(numbers[1] ?? '', numbers[2] ?? '', Number(numbers[3] ?? 1));
  const letters = /^([a-zA-Z])\.\.([a-zA-Z])(?:\.\.(-?\d+))?$/.exec(body);
  if (!letters) return null;
  const codes = steps(
    (letters[1] ?? '').charCodeAt(0),
    (letters[2] ?? '').charCodeAt(0),
    Number(letters[3] ?? 1),
  );
  return codes
    .map((code) => String.fromCharCode(code))
    .map((c) => (/[\\`]/.test(c) ? '\\' + c : c));
}

function numberSequence(from: string, to: string, step: number): string[] {
  const padded = /^-?0\d/.test(from) || /^-?0\d/.test(to);
  const width = padded ? Math.max(from.length, to.length) : 0;
  return steps(Number(from), Number(to), step).map((n) => {
    const digits = String(Math.abs(n)).padStart(n < 0 ? width - 1 : width, '0');
    return n < 0 ? '-' + digits : digits;
  });
}

function steps(from: number, to: number, step: number): number[] {
  const by = Math.abs(step) || 1;
  const count = Math.floor(Math.abs(to - from) / by) + 1;
  bounded(count);
  return Array.from({ length: count }, (_, i) => (from <= to ? from + i * by : from - i * by));
}
