/// How ip prints: which family, how much, in what form, in colour or not.
import type { Mark, Output, Running } from '../command.ts';
import { join, type Piece } from '../marked.ts';

export interface Style {
  readonly family: 'any' | 'inet' | 'inet6' | 'link';
  readonly stats: number;
  readonly details: boolean;
  readonly oneline: boolean;
  readonly brief: boolean;
  readonly json: boolean;
  readonly pretty: boolean;
  readonly numeric: boolean;
  readonly force?: boolean; // -force
  readonly color: boolean; // on a terminal, as Debian builds it
}

/// The terminal's escape sequences for what ip colours.
const COLORS = { device: 36, mac: 33, inet: 35, inet6: 34, up: 32, down: 31 } as const;

export type Color = keyof typeof COLORS;

/// Text in the colour of its kind, when the style has colours.
export function paint(style: Style, color: Color, text: string): string {
  return style.color ? `\x1b[${COLORS[color]}m${text}\x1b[0m` : text;
}

/// Prints the lines of one record; -o joins them with a backslash.
export function* printRecord(
  out: Output,
  style: Style,
  lines: readonly (readonly Piece[])[],
): Running<void> {
  if (!style.oneline) {
    for (const line of lines) {
      const { text, marks } = join(line);
      yield* out.line(text, marks);
    }
    return;
  }
  let text = '';
  const marks: Mark[] = [];
  lines.forEach((line, i) => {
    const part = join(line);
    if (i) text += '\\';
    for (const { start, end, ref } of part.marks)
      marks.push({ start: start + text.length, end: end + text.length, ref });
    text += part.text;
  });
  yield* out.line(text, marks);
}
