/// CPUs dealt out to groups, near ones together: which CPUs each of a device's queues serves.
/// Stands for group_cpus_evenly() in lib/group_cpus.c, and for the sort of lib/sort.c, whose order of equal
/// nodes is to be seen: of two nodes with as many CPUs the second comes first.
/// Left out: CPUs that are possible and not present (there are none here), threads of one core (each CPU is a core).
const UNUSED = Infinity; // UINT_MAX: a node without CPUs

interface NodeGroups {
  readonly id: number;
  count: number; // CPUs of the node, then groups
}

/// The CPUs of each group, ascending. `nodes` are the CPUs of each NUMA node, ascending. Every CPU is in one group; a
/// group is empty only when there are fewer CPUs than groups.
export function groupCpusEvenly(groups: number, nodes: readonly (readonly number[])[]): number[][] {
  const masks: number[][] = Array.from({ length: groups }, () => []);
  const used = nodes.filter((cpus) => cpus.length > 0);
  if (groups <= used.length) {
    used.forEach((cpus, i) => masks[i % groups]!.push(...cpus));
    return masks.map(ascending);
  }
  let group = 0;
  for (const { id, count } of groupsOfNodes(groups, nodes)) {
    if (count === UNUSED) continue;
    const left = [...nodes[id]!];
    const each = Math.floor(left.length / count);
    let extra = left.length - count * each;
    for (let i = 0; i < count; i++) {
      const more = extra > 0 ? 1 : 0;
      extra -= more;
      masks[group++ % groups]!.push(...left.splice(0, each + more));
    }
  }
  return masks;
}

function ascending(cpus: number[]): number[] {
  return cpus.sort((a, b) => a - b);
}

/// Groups for each node: its share of those left, the node with the fewest CPUs first, and at least one.
function groupsOfNodes(groups: number, nodes: readonly (readonly number[])[]): NodeGroups[] {
  const of = nodes.map((cpus, id) => ({ id, count: cpus.length === 0 ? UNUSED : cpus.length }));
  let cpus = of.reduce((sum, { count }) => sum + (count === UNUSED ? 0 : count), 0);
  let left = Math.min(cpus, groups);
  heapSort(of, (a, b) => (a.count === b.count ? 0 : a.count < b.count ? -1 : 1));
  for (const node of of) {
    if (node.count === UNUSED) continue;
    const own = node.count;
    node.count = Math.max(1, Math.floor((left * own) / cpus));
    cpus -= own;
    left -= node.count;
  }
  return of;
}

/// Sorts in place, with the same exchanges as the kernel's heap sort: two of the largest are taken off the heap at a time.
function heapSort<T>(items: T[], compare: (a: T, b: T) => number): void {
  let n = items.length;
  let a = n >> 1;
  let shift = 0;
  if (a === 0) return;
  const swap = (i: number, j: number): void => {
    [items[i], items[j]] = [items[j]!, items[i]!];
  };
  for (;;) {
    if (a > 0) a -= 1 << shift;
    else if (n > 3) {
      swap(0, --n);
      shift = compare(items[1]!, items[2]!) <= 0 ? 1 : 0;
      a = 1 << shift;
      swap(a, --n);
    } else break;
    siftDown(items, compare, a, n, swap);
  }
  swap(0, --n);
  if (n === 2 && compare(items[0]!, items[1]!) > 0) swap(0, 1);
}

/// Down along the larger children to a leaf, then back up to where the item at `a` belongs.
function siftDown<T>(
  items: readonly T[],
  compare: (a: T, b: T) => number,
  a: number,
  n: number,
  swap: (i: number, j: number) => void,
): void {
  let b = a;
  while (2 * b + 2 < n)
    b = compare(items[2 * b + 1]!, items[2 * b + 2]!) > 0 ? 2 * b + 1 : 2 * b + 2;
  if (2 * b + 2 === n) b = 2 * b + 1;
  while (b !== a && compare(items[a]!, items[b]!) >= 0) b = (b - 1) >> 1;
  const place = b;
  while (b !== a) {
    b = (b - 1) >> 1;
    swap(b, place);
  }
}
