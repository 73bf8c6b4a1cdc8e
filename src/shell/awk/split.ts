/// How a text is cut into pieces: FS, FPAT, FIELDWIDTHS, the third argument of split().
import type { Regex } from '../regex.ts';

export type Splitter = (text: string) => string[];

const maxPieces = 1 << 18;

/// Blanks, tabs and newlines between the pieces; those at the ends do not count.
export function splitBlanks(text: string): string[] {
  return text.match(/[^ \t\n]+/g) ?? [];
}

/// One character between the pieces.
export function splitChar(separator: string, newlines: boolean): Splitter {
  return (text) => {
    if (text === '') return [];
    return newlines
      ? text.split('\n').flatMap((line) => line.split(separator))
      : text.split(separator);
  };
}

/// A regular expression between the pieces; a match of nothing does not separate.
export function splitRegex(regex: Regex): Splitter {
  return (text) => cutRegex(text, regex).pieces;
}

export function cutRegex(text: string, regex: Regex): { pieces: string[]; separators: string[] } {
  const pieces: string[] = [];
  const separators: string[] = [];
  if (text === '') return { pieces, separators };
  let start = 0;
  for (let from = 0; from <= text.length && pieces.length < maxPieces;) {
    const found = regex.find(text, from);
    if (!found) break;
    if (found[1] === found[0]) {
      from = found[1] + 1;
      continue;
    }
    pieces.push(text.slice(start, found[0]));
    separators.push(text.slice(found[0], found[1]));
    start = from = found[1];
  }
  pieces.push(text.slice(start));
  return { pieces, separators };
}

/// FPAT: the pieces are what matches.
export function splitContents(regex: Regex): Splitter {
  return (text) => {
    const pieces: string[] = [];
    for (let from = 0; from <= text.length && pieces.length < maxPieces;) {
      const found = regex.find(text, from);
      if (!found) break;
      if (found[1] > found[0]) pieces.push(text.slice(found[0], found[1]));
      from = Math.max(found[1], found[0] + 1);
    }
    return pieces;
  };
}

/// FIELDWIDTHS: `5 3:2 *`, widths with what to skip before each.
export function splitWidths(widths: string): Splitter | null {
  const words = widths.trim().split(/\s+/);
  if (
    !words.every(
      (word, i) => /^(?:\d+:)?\d+$/.test(word) || (word === '*' && i === words.length - 1),
    )
  )
    return null;
  return (text) => {
    const pieces: string[] = [];
    let at = 0;
    for (const word of words) {
      const [skip, width] = word.includes(':') ? word.split(':') : ['0', word];
      at += Number(skip);
      if (at >= text.length) break;
      const end = width === '*' ? text.length : at + Number(width);
      pieces.push(text.slice(at, end));
      at = end;
    }
    return pieces;
  };
}
