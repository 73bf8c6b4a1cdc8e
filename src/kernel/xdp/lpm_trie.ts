/// A map of address prefixes: look-ups find the longest one that fits. Stands for kernel/bpf/lpm_trie.c, for keys
/// of 32 and of 128 bits, as words in network order.
/// Left out: keys of other lengths, values of more than one number, per-bucket memory.
import type { LpmNode, LpmTrie } from './types.ts';

/// The words of an address.
type Words = readonly number[];

export type TrieError = 'EINVAL' | 'ENOSPC' | 'EEXIST' | 'ENOENT';

/// An empty trie for addresses of that many bits: 32 or 128.
export function createLpmTrie(max_prefixlen = 32): LpmTrie {
  return { max_prefixlen, root: -1, nodes: [], free: [], count: 0 };
}

function extractBit(key: Words, index: number): 0 | 1 {
  const word = key[index >>> 5];
  return word !== undefined && (word >>> (31 - (index & 31))) & 1 ? 1 : 0;
}

/// Bits that the node and the key have in common, no more than the shorter of the two prefixes.
function longestPrefixMatch(node: LpmNode, key: Words, prefixlen: number): number {
  const limit = Math.min(node.prefixlen, prefixlen);
  let common = 0;
  for (let i = 0; i < key.length; i++) {
    const same = Math.clz32(node.key[i]! ^ key[i]!);
    common += same;
    if (same < 32 || common >= limit) break;
  }
  return Math.min(limit, common);
}

/// Index of the node with the longest prefix of that address; -1 none.
/// kernel/bpf/lpm_trie.c:trie_lookup_elem()
export function trieLookup(
  trie: LpmTrie,
  key: Words,
  prefixlen: number = trie.max_prefixlen,
): number {
  let found = -1;
  for (let at = trie.root; at >= 0;) {
    const node = trie.nodes[at]!;
    const matchlen = longestPrefixMatch(node, key, prefixlen);
    if (matchlen === trie.max_prefixlen) return at;
    if (matchlen < node.prefixlen) break;
    if (!node.intermediate) found = at;
    at = node.child[extractBit(key, node.prefixlen)]!;
  }
  return found;
}

/// Where a node hangs: the parent and the side, or the root.
interface Slot {
  parent: number;
  side: 0 | 1;
}

function setSlot(trie: LpmTrie, slot: Slot, at: number): void {
  if (slot.parent < 0) trie.root = at;
  else trie.nodes[slot.parent]!.child[slot.side] = at;
}

function newNode(trie: LpmTrie, key: Words, prefixlen: number, value: number): number {
  const node: LpmNode = {
    prefixlen,
    key: key.map((word) => word >>> 0),
    value,
    intermediate: false,
    child: [-1, -1],
  };
  const at = trie.free.pop();
  if (at === undefined) return trie.nodes.push(node) - 1;
  trie.nodes[at] = node;
  return at;
}

/// The node at which a walk towards a key ends, the slot it hangs in and the one above.
function walk(trie: LpmTrie, key: Words, prefixlen: number, stopsAtFull: boolean) {
  let slot: Slot = { parent: -1, side: 0 };
  let above: Slot = slot;
  let at = trie.root;
  let matchlen = 0;
  while (at >= 0) {
    const node = trie.nodes[at]!;
    matchlen = longestPrefixMatch(node, key, prefixlen);
    if (node.prefixlen !== matchlen || node.prefixlen === prefixlen) break;
    if (stopsAtFull && node.prefixlen === trie.max_prefixlen) break;
    above = slot;
    slot = { parent: at, side: extractBit(key, node.prefixlen) };
    at = node.child[slot.side]!;
  }
  return { at, slot, above, matchlen };
}

/// Adds a prefix or replaces its value. kernel/bpf/lpm_trie.c:trie_update_elem()
export function trieUpdate(
  trie: LpmTrie,
  max_entries: number,
  key: Words,
  prefixlen: number,
  value: number,
  exist: 'any' | 'noexist' | 'exist' = 'any',
): TrieError | null {
  if (prefixlen > trie.max_prefixlen) return 'EINVAL';
  const { at, slot, matchlen } = walk(trie, key, prefixlen, true);
  const node = at < 0 ? null : trie.nodes[at]!;
  const replaces = node !== null && node.prefixlen === matchlen && !node.intermediate;
  if (replaces && exist === 'noexist') return 'EEXIST';
  if (!replaces) {
    // trie_check_add_elem()
    if (exist === 'exist') return 'ENOENT';
    if (trie.count === max_entries) return 'ENOSPC';
    trie.count++;
  }
  const made = newNode(trie, key, prefixlen, value);
  if (node === null) setSlot(trie, slot, made);
  else if (node.prefixlen === matchlen) {
    trie.nodes[made]!.child = [node.child[0], node.child[1]];
    setSlot(trie, slot, made);
    trie.free.push(at);
  } else if (matchlen === prefixlen) {
    // The new prefix contains the node's: it becomes its parent.
    trie.nodes[made]!.child[extractBit(node.key, matchlen)] = at;
    setSlot(trie, slot, made);
  } else setSlot(trie, slot, fork(trie, at, made, key, matchlen));
  return null;
}

/// An intermediate node over two that part at bit `matchlen`.
function fork(trie: LpmTrie, at: number, made: number, key: Words, matchlen: number): number {
  const above = newNode(trie, trie.nodes[at]!.key, matchlen, 0);
  const node = trie.nodes[above]!;
  node.intermediate = true;
  node.child = extractBit(key, matchlen) ? [at, made] : [made, at];
  return above;
}

/// Takes a prefix out. kernel/bpf/lpm_trie.c:trie_delete_elem()
export function trieDelete(trie: LpmTrie, key: Words, prefixlen: number): TrieError | null {
  if (prefixlen > trie.max_prefixlen) return 'EINVAL';
  const { at, slot, above, matchlen } = walk(trie, key, prefixlen, false);
  const node = at < 0 ? null : trie.nodes[at]!;
  if (!node || node.prefixlen !== prefixlen || node.prefixlen !== matchlen || node.intermediate)
    return 'ENOENT';
  trie.count--;
  const [left, right] = node.child;
  if (left >= 0 && right >= 0) {
    node.intermediate = true;
    return null;
  }
  const parent = slot.parent < 0 ? null : trie.nodes[slot.parent]!;
  if (parent?.intermediate === true && left < 0 && right < 0) {
    // An intermediate node always has two children: the other one takes its place.
    setSlot(trie, above, parent.child[slot.side === 0 ? 1 : 0]);
    trie.free.push(slot.parent);
  } else setSlot(trie, slot, left >= 0 ? left : right);
  trie.free.push(at);
  return null;
}

/// Nodes in the order of trie_get_next_key(): the more specific before the less.
export function trieOrder(trie: LpmTrie): number[] {
  const order: number[] = [];
  const visit = (at: number): void => {
    if (at < 0) return;
    const node = trie.nodes[at]!;
    visit(node.child[0]);
    visit(node.child[1]);
    if (!node.intermediate) order.push(at);
  };
  visit(trie.root);
  return order;
}
