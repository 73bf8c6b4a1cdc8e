/// What a terminal has to be sent so that it shows the line editor.
/// Left out: characters that take two columns.
import type { Editor } from './line_editor.ts';

/// What was drawn last, so that the next drawing knows where the cursor is.
export interface Drawn {
  readonly row: number; // rows below the first row of the prompt that the cursor is in
}

export const nothingDrawn: Drawn = { row: 0 };

// eslint-disable-next-line no-control-regex
const SEQUENCES = /\x1b\[[0-9;]*[A-Za-z]/g;

/// Draws prompt and line over what was drawn before, with the cursor in its place.
export function drawEditor(
  before: Drawn,
  e: Editor,
  prompt: string,
  columns: number,
): { text: string; drawn: Drawn } {
  const head = e.search
    ? `(reverse-i-search)\`${e.search.query}': `
    : e.above === ''
      ? prompt
      : '> ';
  const up = before.row > 0 ? `\x1b[${before.row}A` : '';
  const end = place(head + e.text, columns);
  const cursor = place(head + e.text.slice(0, e.cursor), columns);
  // A line that just fills its row leaves the cursor hanging at the edge; a blank brings it down.
  const wrap = end.column === 0 && end.row > 0 && !e.text.endsWith('\n') ? ' \r' : '';
  const back = end.row > cursor.row ? `\x1b[${end.row - cursor.row}A` : '';
  const aside = `\r${cursor.column > 0 ? `\x1b[${cursor.column}C` : ''}`;
  const shown = (head + e.text).replaceAll('\n', '\r\n');
  return { text: `\r${up}\x1b[J${shown}${wrap}${back}${aside}`, drawn: { row: cursor.row } };
}

/// Where the cursor stands after a text, from the start of the first row.
function place(text: string, columns: number): { row: number; column: number } {
  let row = 0;
  let column = 0;
  for (const c of text.replace(SEQUENCES, '')) {
    if (c === '\n') [row, column] = [row + 1, 0];
    else if (++column === columns) [row, column] = [row + 1, 0];
  }
  return { row, column };
}

/// Candidates in columns, read downwards, as readline lists them.
export function columnsOf(words: readonly string[], columns: number): string {
  const shown = words.map((word) => (/\/./.test(word) ? word.replace(/^.*\/(?=.)/, '') : word));
  const width = Math.max(...shown.map((word) => word.length)) + 2;
  const across = Math.max(1, Math.floor(columns / width));
  const rows = Math.ceil(shown.length / across);
  const lines = Array.from({ length: rows }, (_, row) => {
    const cells = shown.filter((_word, i) => i % rows === row);
    return cells
      .map((word) => word.padEnd(width))
      .join('')
      .trimEnd();
  });
  return lines.join('\r\n') + '\r\n';
}
