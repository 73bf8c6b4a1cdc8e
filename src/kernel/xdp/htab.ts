/// A hash map with keys of 32 bits. Stands for kernel/bpf/hashtab.c, preallocated as it is by default.
/// Left out: per-CPU and LRU maps, other sizes of keys.
import { jhash2 } from '../jhash.ts';
import type { Htab } from './types.ts';

/// A table for that many elements. `seed` is the table's hashrnd.
export function createHtab(max_entries: number, seed: number): Htab {
  let n_buckets = 1;
  while (n_buckets < max_entries) n_buckets *= 2; // roundup_pow_of_two()
  return {
    seed,
    buckets: new Array<number>(n_buckets).fill(-1),
    next: Array.from({ length: max_entries }, (_, i) => (i + 1 < max_entries ? i + 1 : -1)),
    keys: new Array<number>(max_entries).fill(0),
    values: new Array<number>(max_entries).fill(0),
    free: max_entries > 0 ? 0 : -1,
    count: 0,
  };
}

const key: number[] = [0];

// htab_map_hash(): keys whose size is a multiple of four are hashed by words.
function bucketOf(h: Htab, k: number): number {
  key[0] = k | 0;
  return jhash2(key, h.seed) & (h.buckets.length - 1);
}

/// Index of the element with that key; -1 none. kernel/bpf/hashtab.c:__htab_map_lookup_elem()
export function htabLookup(h: Htab, k: number): number {
  for (let i = h.buckets[bucketOf(h, k)]!; i >= 0; i = h.next[i]!) if (h.keys[i] === k) return i;
  return -1;
}

/// Adds an element or sets its value. kernel/bpf/hashtab.c:htab_map_update_elem()
export function htabUpdate(
  h: Htab,
  k: number,
  value: number,
  exist: 'any' | 'noexist' | 'exist',
): 'E2BIG' | 'EEXIST' | 'ENOENT' | null {
  const found = htabLookup(h, k);
  if (found >= 0) {
    if (exist === 'noexist') return 'EEXIST';
    h.values[found] = value;
    return null;
  }
  if (exist === 'exist') return 'ENOENT';
  const i = h.free;
  if (i < 0) return 'E2BIG';
  h.free = h.next[i]!;
  const bucket = bucketOf(h, k);
  h.keys[i] = k;
  h.values[i] = value;
  h.next[i] = h.buckets[bucket]!;
  h.buckets[bucket] = i;
  h.count++;
  return null;
}

/// kernel/bpf/hashtab.c:htab_map_delete_elem()
export function htabDelete(h: Htab, k: number): 'ENOENT' | null {
  const found = htabLookup(h, k);
  if (found < 0) return 'ENOENT';
  const bucket = bucketOf(h, k);
  if (h.buckets[bucket] === found) h.buckets[bucket] = h.next[found]!;
  else {
    let before = h.buckets[bucket]!;
    while (h.next[before] !== found) before = h.next[before]!;
    h.next[before] = h.next[found]!;
  }
  h.next[found] = h.free;
  h.free = found;
  h.count--;
  return null;
}

/// Elements in the order of the buckets, as htab_map_get_next_key() goes through them.
export function htabOrder(h: Htab): number[] {
  const order: number[] = [];
  for (const head of h.buckets) for (let i = head; i >= 0; i = h.next[i]!) order.push(i);
  return order;
}
