/// Lines made of pieces, some of which are numbers that know what they are.
import type { Mark, Output, Running } from './command.ts';

/// Text, or a value with the registry entry that explains it.
export type Piece = string | { readonly text: string; readonly ref: string };

/// A value that a reader can hover: `ref` is `counter:ID@WHERE` or `tunable:ID@WHERE`.
export function value(text: string | number, ref: string): Piece {
  return { text: String(text), ref };
}

/// A value padded on the left to a width; the mark covers the digits alone.
export function right(text: string | number, width: number, ref: string): readonly Piece[] {
  const digits = String(text);
  return [' '.repeat(Math.max(0, width - digits.length)), value(digits, ref)];
}

/// The text and the marks of a line.
export function join(pieces: readonly Piece[]): { text: string; marks: Mark[] } {
  let text = '';
  const marks: Mark[] = [];
  for (const piece of pieces) {
    if (typeof piece === 'string') text += piece;
    else {
      marks.push({ start: text.length, end: text.length + piece.text.length, ref: piece.ref });
      text += piece.text;
    }
  }
  return { text, marks };
}

/// Writes one line made of pieces.
export function* print(out: Output, ...pieces: readonly Piece[]): Running<void> {
  const { text, marks } = join(pieces);
  yield* out.line(text, marks);
}
