/// Rules that write into sets: `add @set { ip saddr }`. Stands for net/netfilter/nft_dynset.c.
/// Left out: statements inside the braces, and maps.
import type { ErrnoName } from '../errno.ts';
import { elementOf, insertElement, nft_rbtree_gc, nft_set_do_lookup } from './nft_set.ts';
import type { NftExpr, NftSet, Word } from './types.ts';

const NFT_SET_SIZE_DEFAULT = 65_535; // of sets that rules add to

/// Whether a rule may write into a set, and why not. One without a size gets one, which stays even if the rule is
/// refused later. net/netfilter/nft_dynset.c:nft_dynset_init()
export function nft_dynset_init(set: NftSet, timeout_ns: number): ErrnoName | null {
  if (set.interval) return 'EOPNOTSUPP'; // no back end for ranges takes single elements from rules
  if (set.constant) return 'EBUSY';
  if (timeout_ns > 0 && !set.timeout) return 'EOPNOTSUPP';
  if (set.data !== '') return 'EINVAL';
  if (set.size === 0) set.size = NFT_SET_SIZE_DEFAULT;
  return null;
}

/// Adds, refreshes or takes away the element of a key. False: the set is full, and the rule does not go on.
export function dynset(
  set: NftSet,
  expr: NftExpr,
  key: readonly Word[],
  n: number,
  now: number,
): boolean {
  if (expr.kind !== 'dynset') throw new Error(`a ${expr.kind} is no dynset`);
  const there = nft_set_do_lookup(set, key, n, now);
  const found = there >= 0 && set.elements[there]!.catchall ? -1 : there;
  if (expr.op === 'delete') {
    if (found >= 0) set.elements.splice(found, 1);
    return true;
  }
  const timeout = expr.timeout_ns || set.default_timeout_ns;
  if (found >= 0) {
    const element = set.elements[found]!;
    if (expr.op === 'update' && element.timeout_ns > 0) element.expires = now + timeout;
    return true;
  }
  nft_rbtree_gc(set, now);
  if (set.elements.length >= set.size) return false;
  const element = elementOf(key.slice(0, n));
  element.timeout_ns = timeout;
  element.expires = timeout > 0 ? now + timeout : 0;
  insertElement(set, element);
  return true;
}
