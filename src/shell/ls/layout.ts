/// Names in columns, filled with tabs, as ls lays them out on a terminal.

const narrowest = 3; // a column: one character and two blanks
const tab = 8;

/// `widths[i]` is how many columns of the screen `cells[i]` takes.
export function inColumns(
  cells: readonly string[],
  widths: readonly number[],
  screen: number,
  how: { readonly across: boolean; readonly tabs: boolean },
): string[] {
  const columns = columnWidths(widths, screen, how.across);
  const rows = Math.ceil(cells.length / columns.length);
  const lines: string[] = [];
  for (let row = 0; row < rows; row++) {
    let line = '';
    let at = 0; // column of the screen
    let start = 0;
    for (let column = 0; column < columns.length; column++) {
      const index = how.across ? row * columns.length + column : column * rows + row;
      const cell = cells[index];
      if (cell === undefined) break;
      line += blanks(at, start, how.tabs) + cell;
      at = start + (widths[index] as number);
      start += columns[column] as number;
    }
    lines.push(line);
  }
  return lines;
}

/// As many columns as fit.
function columnWidths(widths: readonly number[], screen: number, across: boolean): number[] {
  const most = Math.min(widths.length, Math.max(1, Math.ceil(screen / narrowest)));
  for (let count = most; count > 1; count--) {
    const columns = new Array<number>(count).fill(narrowest);
    const rows = Math.ceil(widths.length / count);
    widths.forEach((width, i) => {
      const column = across ? i % count : Math.floor(i / rows);
      const whole = width + (column === count - 1 ? 0 : 2);
      columns[column] = Math.max(columns[column] as number, whole);
    });
    if (columns.reduce((sum, width) => sum + width, 0) < screen) return columns;
  }
  return [0];
}

function blanks(from: number, to: number, tabs: boolean): string {
  let text = '';
  let at = from;
  while (at < to) {
    if (tabs && Math.floor(to / tab) > Math.floor((at + 1) / tab)) {
      text += '\t';
      at += tab - (at % tab);
    } else {
      text += ' ';
      at++;
    }
  }
  return text;
}
