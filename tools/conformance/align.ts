/// Line-by-line comparison of what a real host printed with what ours prints.

export interface Score {
  exact: number; // lines found identical, in order
  shape: number; // lines found identical once digits and hex are masked and blanks folded
  lines: number; // lines of the longer side
}

/// Longest common subsequence of two texts' lines, exactly and by shape. An empty text has no lines.
export function align(real: string, ours: string): Score {
  const a = linesOf(real);
  const b = linesOf(ours);
  return {
    exact: common(a, b),
    shape: common(a.map(shapeOf), b.map(shapeOf)),
    lines: Math.max(a.length, b.length),
  };
}

/// A line's shape: every hexadecimal or decimal number becomes one #, so does a link address or key of pairs
/// with colons; every run of blanks one blank.
export function shapeOf(line: string): string {
  return line
    .replace(/\b[0-9a-f]{2}(?::[0-9a-f]{1,2}){5,}\b/gi, '#')
    .replace(/\b(?:0x)?[0-9a-f]*[0-9][0-9a-f]*\b/gi, '#')
    .replace(/[0-9]+/g, '#')
    .replace(/\s+/g, ' ')
    .trim();
}

function linesOf(text: string): string[] {
  if (text === '') return [];
  return text.replace(/\n$/, '').split('\n');
}

/// Length of the longest common subsequence. Equal ends are cut off first; what is left is quadratic.
function common(a: readonly string[], b: readonly string[]): number {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let endA = a.length;
  let endB = b.length;
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA--;
    endB--;
  }
  let before = new Int32Array(endB - start + 1);
  for (let i = start; i < endA; i++) {
    const now = new Int32Array(endB - start + 1);
    for (let j = start; j < endB; j++) {
      const at = j - start;
      now[at + 1] = a[i] === b[j] ? before[at]! + 1 : Math.max(now[at]!, before[at + 1]!);
    }
    before = now;
  }
  return start + (a.length - endA) + before[endB - start]!;
}
