/// The lines that make one text into another: the shortest script, found by Myers' algorithm, with each
/// change moved down as far as it goes, as GNU diff shows it.

/// Lines from..from+deleted of the first text give way to to..to+inserted of the second. Counted from 0.
export interface Change {
  from: number;
  deleted: number;
  to: number;
  inserted: number;
}

const mostSteps = 4000; // differing lines; beyond them all that differs is one change

/// `horizon`: how far into the equal lines at the end a change may move, which GNU diff sets to the
/// lines of context.
export function changes(a: readonly string[], b: readonly string[], horizon: number): Change[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let [endA, endB] = [a.length, b.length];
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA--;
    endB--;
  }
  const removed = new Uint8Array(a.length + 1);
  const added = new Uint8Array(b.length + 1);
  const path = shortest(a.slice(start, endA), b.slice(start, endB));
  for (let i = start; i < endA; i++) removed[i] = path ? (path.removed[i - start] as number) : 1;
  for (let j = start; j < endB; j++) added[j] = path ? (path.added[j - start] as number) : 1;
  shift(a.slice(0, endA + horizon), removed, added);
  shift(b.slice(0, endB + horizon), added, removed);
  return collect(removed, added, a.length, b.length);
}

/// Which lines go and which come; null where the texts differ too much.
function shortest(
  a: readonly string[],
  b: readonly string[],
): { removed: Uint8Array; added: Uint8Array } | null {
  const offset = Math.min(a.length + b.length, mostSteps) + 1;
  const reach = new Int32Array(2 * offset + 1);
  const trace: Int32Array[] = [];
  for (let d = 0; d <= Math.min(a.length + b.length, mostSteps); d++) {
    trace.push(reach.slice(offset - d - 1, offset + d + 2));
    for (let k = -d; k <= d; k += 2) {
      const down =
        k === -d ||
        (k !== d && (reach[offset + k - 1] as number) < (reach[offset + k + 1] as number));
      let x = down ? (reach[offset + k + 1] as number) : (reach[offset + k - 1] as number) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      reach[offset + k] = x;
      if (x >= a.length && x - k >= b.length) return walkBack(trace, a.length, b.length);
    }
  }
  return null;
}

function walkBack(
  trace: readonly Int32Array[],
  n: number,
  m: number,
): { removed: Uint8Array; added: Uint8Array } {
  const removed = new Uint8Array(n);
  const added = new Uint8Array(m);
  let [x, y] = [n, m];
  for (let d = trace.length - 1; d > 0; d--) {
    const reach = trace[d] as Int32Array; // diagonals -d-1 .. d+1 before step d
    const k = x - y;
    const at = (diagonal: number): number => reach[diagonal + d + 1] as number;
    const down = k === -d || (k !== d && at(k - 1) < at(k + 1));
    const before = down ? at(k + 1) : at(k - 1);
    const beforeY = before - (down ? k + 1 : k - 1);
    if (down) added[beforeY] = 1;
    else removed[before] = 1;
    [x, y] = [before, beforeY];
  }
  return { removed, added };
}

/// Moves each run of changed lines down while the line after it equals its first, joining runs it meets.
function shift(lines: readonly string[], changed: Uint8Array, other: Uint8Array): void {
  let j = 0; // line of the other text that stands beside i
  for (let i = 0; i < lines.length;) {
    if (!changed[i]) {
      while (other[j]) j++;
      i++;
      j++;
      continue;
    }
    let start = i;
    let end = i;
    while (end < lines.length && changed[end]) end++;
    while (end < lines.length && lines[start] === lines[end] && !other[j]) {
      changed[start++] = 0;
      changed[end++] = 1;
      j++;
      while (end < lines.length && changed[end]) end++;
    }
    i = end;
  }
}

function collect(removed: Uint8Array, added: Uint8Array, n: number, m: number): Change[] {
  const result: Change[] = [];
  let [i, j] = [0, 0];
  while (i < n || j < m) {
    if (!removed[i] && !added[j]) {
      i++;
      j++;
      continue;
    }
    const change: Change = { from: i, deleted: 0, to: j, inserted: 0 };
    while (i < n && removed[i]) i++;
    while (j < m && added[j]) j++;
    change.deleted = i - change.from;
    change.inserted = j - change.to;
    result.push(change);
  }
  return result;
}
