/// Lists of CPUs as the tools of util-linux print them: two neighbours are written with a comma, three
/// and more as a range (cpulist_create()).
export function toolList(cpus: readonly number[]): string {
  const parts: string[] = [];
  for (let first = 0; first < cpus.length;) {
    let last = first;
    while (cpus[last + 1] === (cpus[last] ?? 0) + 1) last++;
    const run = cpus.slice(first, last + 1);
    parts.push(run.length > 2 ? `${run[0]}-${run.at(-1)}` : run.join(','));
    first = last + 1;
  }
  return parts.join(',');
}
