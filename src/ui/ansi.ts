/// Printed text with its colours: SGR codes become styles, other escape codes are left out, and the
/// numbers that know what they are stay where they were (their columns count the codes too).
/// Left out: 256 colours, backgrounds, underline. xterm draws all of it by itself.
import type { Mark } from '../shell/command.ts';

export interface Piece {
  readonly text: string;
  readonly style: string; // classes of site/styles/base.css: 'sgr-1 sgr-31'; '' when plain
  readonly mark?: Mark;
}

// eslint-disable-next-line no-control-regex -- these are the characters meant
const CODE = /\x1b\[([0-9;?]*)([A-Za-z])/g;

interface Look {
  readonly bold: boolean;
  readonly inverse: boolean;
  readonly color: number; // 30 to 37; 39 is the terminal's own
}
const PLAIN: Look = { bold: false, inverse: false, color: 39 };

/// The look after the numbers of one SGR code.
function after(look: Look, numbers: string): Look {
  return numbers.split(';').reduce((now, text) => {
    const n = Number(text);
    if (n === 0) return PLAIN;
    if (n === 1 || n === 22) return { ...now, bold: n === 1 };
    if (n === 7 || n === 27) return { ...now, inverse: n === 7 };
    if ((n >= 30 && n <= 37) || n === 39) return { ...now, color: n };
    if (n >= 90 && n <= 97) return { ...now, color: n - 60 };
    return now;
  }, look);
}
function classesOf({ bold, inverse, color }: Look): string {
  const codes = [bold && 1, inverse && 7, color !== 39 && color].filter(Boolean);
  return codes.map((code) => `sgr-${code}`).join(' ');
}

/// A line cut wherever its style changes or a number begins or ends.
export function pieces(text: string, marks: readonly Mark[] = []): Piece[] {
  const cut: Piece[] = [];
  let look = PLAIN;
  const add = (from: number, to: number) => {
    const style = classesOf(look);
    let at = from;
    for (const mark of marks) {
      if (mark.end <= at || mark.start >= to) continue;
      const [start, end] = [Math.max(at, mark.start), Math.min(to, mark.end)];
      if (start > at) cut.push({ text: text.slice(at, start), style });
      cut.push({ text: text.slice(start, end), style, mark });
      at = end;
    }
    if (at < to) cut.push({ text: text.slice(at, to), style });
  };
  let done = 0;
  for (const code of text.matchAll(CODE)) {
    add(done, code.index);
    if (code[2] === 'm') look = after(look, code[1] ?? '');
    done = code.index + code[0].length;
  }
  add(done, text.length);
  return cut;
}
