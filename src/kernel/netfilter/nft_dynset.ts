/// Rules that write into sets: `add @set { ip saddr }`. Stands for net/netfilter/nft_dynset.c.
/// Left out: statements inside the braces, and maps.
import { elementOf, insertElement, nft_rbtree_gc, nft_set_do_lookup } from './nft_set.ts';
import type { NftExpr, NftSet, Word } from './types.ts';

const NFT_SET_SIZE_DEFAULT = 65_535; // of sets that rules add to

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
  if (set.elements.length >= (set.size || NFT_SET_SIZE_DEFAULT)) return false;
  const element = elementOf(key.slice(0, n));
  element.timeout_ns = timeout;
  element.expires = timeout > 0 ? now + timeout : 0;
  insertElement(set, element);
  return true;
}
