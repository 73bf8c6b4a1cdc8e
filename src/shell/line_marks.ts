/// Lines that are changed and keep the marks of their numbers.
import type { Line } from './command.ts';

/// The line with text before it; its marks move along.
export function prefixed(prefix: string, line: Line): Line {
  const marks = line.marks?.map((mark) => ({
    ...mark,
    start: mark.start + prefix.length,
    end: mark.end + prefix.length,
  }));
  return marks
    ? { text: prefix + line.text, nl: line.nl, marks }
    : { text: prefix + line.text, nl: line.nl };
}

/// The line with a newline after it, whatever it had.
export function ended(line: Line): Line {
  return line.nl ? line : { ...line, nl: true };
}

/// A part of the line as a line of its own, with the marks that lie in it.
export function part(line: Line, start: number, end: number): Line {
  const marks = line.marks
    ?.filter((mark) => mark.start >= start && mark.end <= end)
    .map((mark) => ({ ...mark, start: mark.start - start, end: mark.end - start }));
  const text = line.text.slice(start, end);
  return marks && marks.length > 0 ? { text, nl: true, marks } : { text, nl: true };
}
