/// The l command: a text in visible characters.
import { toBytes } from '../bytes.ts';

const names: Readonly<Record<number, string>> = {
  7: '\\a',
  8: '\\b',
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
  92: '\\\\',
};

/// Lines of at most `width` columns, a backslash at the end of each but the last, which ends in `$`.
/// Width 0 or 1: one line.
export function unambiguous(text: string, width: number): string {
  const room = width > 1 ? width - 1 : Infinity;
  let result = '';
  let column = 0;
  for (const byte of toBytes(text)) {
    const shown =
      names[byte] ??
      (byte >= 32 && byte < 127
        ? String.fromCharCode(byte)
        : `\\${byte.toString(8).padStart(3, '0')}`);
    if (column + shown.length > room) {
      result += '\\\n';
      column = 0;
    }
    result += shown;
    column += shown.length;
  }
  return `${result}$\n`;
}
