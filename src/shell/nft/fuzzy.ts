/// The name that was perhaps meant. Stands for src/misspell.c of nftables 1.1.3.

// Steps from one word to the other: letters put in, taken out, changed, or swapped with the next.
function distance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i]);
  for (let j = 1; j <= b.length; j++) rows[0]![j] = j;
  for (let i = 1; i <= a.length; i++)
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(
        rows[i - 1]![j]! + 1,
        rows[i]![j - 1]! + 1,
        rows[i - 1]![j - 1]! + change,
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, rows[i - 2]![j - 2]! + change);
      rows[i]![j] = best;
    }
  return rows[a.length]![b.length]!;
}

/// The first of those nearest to `word`, if it is near enough; its index, or -1.
export function nearest(names: readonly string[], word: string): number {
  let found = -1;
  let least = Infinity;
  names.forEach((name, i) => {
    const most = Math.max(name.length, word.length);
    if (most <= 1) return;
    const apart = most - Math.min(name.length, word.length);
    const allowed = apart <= 1 ? Math.max(1, Math.ceil(most / 3)) : Math.ceil((most + 2) / 3);
    const steps = distance(name, word);
    if (steps > allowed || steps >= least) return;
    least = steps;
    found = i;
  });
  return found;
}
