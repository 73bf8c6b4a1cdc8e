/// ss's table: columns as wide as what is in them, stretched over the terminal when there is one.
import type { Mark } from '../command.ts';

export interface Cell {
  readonly text: string;
  readonly ref?: string;
}

export interface Column {
  readonly header: string;
  readonly gap: string; // in front of it
  readonly align: 'left' | 'right';
}

interface Sized extends Column {
  width: number;
}

/// The lines of a table. Every row has a cell for each column; the last column holds what follows a
/// socket on lines of its own.
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  screen: number | null,
): { text: string; marks: Mark[] }[] {
  const sized = measure(columns, rows);
  if (screen !== null) stretch(sized, screen);
  const first = sized.findIndex((column) => column.width);
  return rows.flatMap((row) => rowLines(sized, row, Math.max(0, first)));
}

/// The tool measures a cell when it goes on to the next, so the very last one counts for nothing.
function measure(columns: readonly Column[], rows: readonly (readonly Cell[])[]): Sized[] {
  let first = true;
  return columns.map((column, i) => {
    let longest = 0;
    rows.forEach((row, n) => {
      if (n === rows.length - 1 && i === columns.length - 1) return;
      longest = Math.max(longest, row[i]!.text.length);
    });
    const width = !first && longest ? longest + column.gap.length : longest;
    if (width) first = false;
    return { ...column, width };
  });
}

/// Shares out what is left of each line of the screen among its columns, the last ones first.
function stretch(columns: Sized[], screen: number): void {
  for (const column of columns) column.width = Math.min(column.width, screen);
  let line: Sized[] = [];
  let length = 0;
  const used = columns.filter((column) => column.width);
  for (let i = 0; i < used.length; i++) {
    const column = used[i]!;
    line.push(column);
    length += column.width;
    if (i < used.length - 1 && length < screen) continue;
    if (length !== screen) {
      if (length > screen) {
        line.pop();
        length -= column.width;
        i--;
      }
      if (!line.length) return;
      share(line, screen - length);
    }
    line = [];
    length = 0;
  }
}

function share(line: readonly Sized[], room: number): void {
  const each = Math.floor(room / line.length);
  let rest = room % line.length;
  for (const column of [...line].reverse()) {
    column.width += each + (rest > 0 ? 1 : 0);
    rest--;
  }
}

function rowLines(
  columns: readonly Sized[],
  row: readonly Cell[],
  first: number,
): { text: string; marks: Mark[] }[] {
  let text = '';
  const marks: Mark[] = [];
  columns.forEach((column, i) => {
    if (i < first) return;
    const cell = row[i]!;
    let piece = i > first ? column.gap : '';
    if (column.align === 'right' && column.width)
      piece += ' '.repeat(Math.max(0, column.width - cell.text.length - piece.length));
    const start = text.length + piece.length;
    if (cell.ref) marks.push({ start, end: start + cell.text.trimEnd().length, ref: cell.ref });
    piece += cell.text;
    text += column.align === 'left' ? piece.padEnd(column.width) : piece;
  });
  const [head = '', ...rest] = text.split('\n');
  return [{ text: head, marks }, ...rest.map((line) => ({ text: line, marks: [] }))];
}
