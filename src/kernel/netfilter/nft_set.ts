/// Elements of sets and maps: kept in the order of their keys, found by halving. Stands for what the
/// set back ends of nf_tables do (nft_set_rbtree.c, nft_set_hash.c, nft_set_pipapo.c), in one.
/// Left out: the back ends' different costs, garbage collection at its own intervals (an element whose
/// time is over is gone at once), and statements of elements.
import type { NftElement, NftSet, Word } from './types.ts';

/// Which is first? Part by part.
export function compareKeys(a: readonly Word[], b: readonly Word[], n: number): number {
  for (let i = 0; i < n; i++) {
    const x = a[i]!;
    const y = b[i]!;
    if (x < y) return -1;
    if (x > y) return 1;
  }
  return 0;
}

/// Index of the element that holds the key; -1: none, and no catch-all. `n` parts of `key` count.
/// net/netfilter/nft_lookup.c:nft_set_do_lookup()
export function nft_set_do_lookup(
  set: NftSet,
  key: readonly Word[],
  n: number,
  now: number,
): number {
  const found =
    set.interval && (set.fields.length > 1 || typeof key[0] === 'string')
      ? scan(set, key, n)
      : halve(set, key, n);
  if (found >= 0 && alive(set.elements[found]!, now)) return found;
  // insertElement() keeps a catch-all behind all others.
  const last = set.elements.length - 1;
  return last >= 0 && set.elements[last]!.catchall && alive(set.elements[last]!, now) ? last : -1;
}

function alive(element: NftElement, now: number): boolean {
  return element.expires === 0 || element.expires > now;
}

function halve(set: NftSet, key: readonly Word[], n: number): number {
  const { elements } = set;
  let low = 0;
  let high = elements.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const element = elements[middle]!;
    if (element.catchall || compareKeys(element.lo, key, n) > 0) high = middle;
    else low = middle + 1;
  }
  const at = low - 1;
  return at >= 0 && compareKeys(key, elements[at]!.hi, n) <= 0 ? at : -1;
}

// Concatenations of ranges do not lie in one line: each part is compared for itself.
function scan(set: NftSet, key: readonly Word[], n: number): number {
  return set.elements.findIndex((element) => !element.catchall && inside(element, key, n));
}

function inside(element: NftElement, key: readonly Word[], n: number): boolean {
  for (let i = 0; i < n; i++) {
    const part = key[i]!;
    const lo = element.lo[i]!;
    if (typeof part === 'string') {
      if (!nameMatches(lo as string, part)) return false;
    } else if (part < Number(lo) || part > Number(element.hi[i]!)) return false;
  }
  return true;
}

/// An interface name, or with a star at its end the beginning of one.
export function nameMatches(pattern: string, name: string): boolean {
  if (!pattern.endsWith('*')) return pattern === name;
  return name.startsWith(pattern.slice(0, -1));
}

/// Whether two elements share a key.
export function overlap(set: NftSet, a: NftElement, b: NftElement): boolean {
  if (a.catchall || b.catchall) return a.catchall && b.catchall;
  if (set.fields.length > 1) return a.lo.every((lo, i) => lo <= b.hi[i]! && b.lo[i]! <= a.hi[i]!);
  const n = a.lo.length;
  return compareKeys(a.lo, b.hi, n) <= 0 && compareKeys(b.lo, a.hi, n) <= 0;
}

/// Whether two elements share a key, or in a set of intervals stand side by side, so that they can be one.
export function touches(set: NftSet, a: NftElement, b: NftElement): boolean {
  if (overlap(set, a, b)) return true;
  if (!set.interval || set.data !== '' || typeof a.lo[0] !== 'number' || a.lo.length !== 1)
    return false;
  return Number(a.hi[0]) + 1 === b.lo[0] || Number(b.hi[0]) + 1 === a.lo[0];
}

export function sameKey(a: NftElement, b: NftElement): boolean {
  if (a.catchall || b.catchall) return a.catchall === b.catchall;
  const n = a.lo.length;
  return n === b.lo.length && compareKeys(a.lo, b.lo, n) === 0 && compareKeys(a.hi, b.hi, n) === 0;
}

/// Puts an element in its place.
export function insertElement(set: NftSet, element: NftElement): void {
  set.elements.splice(placeOf(set, element), 0, element);
}

/// Index of the first element that comes after this one.
export function placeOf({ elements }: NftSet, element: NftElement): number {
  let low = 0;
  let high = elements.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = elements[middle]!;
    const after =
      !element.catchall &&
      (other.catchall || compareKeys(other.lo, element.lo, element.lo.length) > 0);
    if (after) high = middle;
    else low = middle + 1;
  }
  return low;
}

/// The first element that shares a key with another that is to be added; undefined: none does. Where keys
/// lie in one line, only the neighbours can.
export function overlapping(set: NftSet, element: NftElement): NftElement | undefined {
  const { elements } = set;
  if (set.fields.length > 1 || typeof element.lo[0] === 'string')
    return elements.find((other) => overlap(set, other, element));
  const at = placeOf(set, element);
  const first = Math.max(0, at - 1);
  return elements.slice(first, at + 1).find((other) => overlap(set, other, element));
}

/// An element of one value that rules and commands may add.
export function elementOf(lo: readonly Word[], hi: readonly Word[] = lo): NftElement {
  return {
    lo: [...lo],
    hi: [...hi],
    catchall: false,
    data: [],
    verdict: null,
    timeout_ns: 0,
    expires: 0,
    comment: '',
  };
}

/// Takes away what has outlived its time.
export function nft_rbtree_gc(set: NftSet, now: number): void {
  if (set.timeout) set.elements = set.elements.filter((element) => alive(element, now));
}
