/// The shape of the routing trie: a dynamic level- and path-compressed trie after Nilsson and Tikkanen.
/// A node chooses among 2^bits children by a run of key bits and is doubled or halved as it fills.
/// Stands for inflate(), halve(), collapse() and resize() in net/ipv4/fib_trie.c.
/// Left out: RCU, and the memory that the arrays of children take.
import type { FibAlias, FibNode, FibTrie } from './state.ts';

export const KEYLENGTH = 32;
export const ANCHOR = 0; // index of the node above the root
const NONE = -1;

// Percentages at which a node is doubled or halved; the root may be sparser.
const INFLATE = 50;
const HALVE = 25;
const INFLATE_ROOT = 30;
const HALVE_ROOT = 15;
const MAX_WORK = 10;

/// A trie with nothing in it.
export function createTrie(): FibTrie {
  return {
    nodes: [node(0, KEYLENGTH, 0, KEYLENGTH, [NONE], [])],
    free: [],
    stats: {
      ...{ gets: 0, backtrack: 0, null_node_hit: 0 },
      ...{ semantic_match_passed: 0, semantic_match_miss: 0 },
    },
  };
}

function node(
  key: number,
  pos: number,
  bits: number,
  slen: number,
  child: number[],
  leaf: FibAlias[],
): FibNode {
  return { key, pos, bits, slen, parent: NONE, empty: child.length, full: 0, child, leaf };
}

function place(t: FibTrie, made: FibNode): number {
  const at = t.free.pop() ?? t.nodes.length;
  t.nodes[at] = made;
  return at;
}

/// A leaf that holds one route.
export function leaf_new(t: FibTrie, key: number, fa: FibAlias): number {
  return place(t, node(key, 0, 0, fa.slen, [], [fa]));
}

/// An inner node without children.
export function tnode_new(t: FibTrie, key: number, pos: number, bits: number): number {
  const shift = pos + bits;
  const kept = shift < KEYLENGTH ? ((key >>> shift) << shift) >>> 0 : 0;
  return place(t, node(kept, pos, bits, pos, new Array<number>(2 ** bits).fill(NONE), []));
}

/// Gives a node's index back; nothing may point to it any more.
export function node_free(t: FibTrie, n: number): void {
  t.nodes[n] = node(0, 0, 0, 0, [], []);
  t.free.push(n);
}

export function isLeaf(t: FibTrie, n: number): boolean {
  return n !== ANCHOR && t.nodes[n]!.bits === 0;
}

/// Which child of a node a key chooses; at least 2^bits when skipped bits differ.
export function childIndex(key: number, kv: FibNode): number {
  return kv.pos >= KEYLENGTH ? 0 : (key ^ kv.key) >>> kv.pos;
}

/// Sets a child and keeps the counts of missing and full ones.
export function put_child(t: FibTrie, tn: number, i: number, n: number): void {
  const at = t.nodes[tn]!;
  const old = at.child[i]!;
  if (n < 0 && old >= 0) at.empty++;
  if (n >= 0 && old < 0) at.empty--;
  if (tnode_full(t, at, old)) at.full--;
  if (tnode_full(t, at, n)) at.full++;
  if (n >= 0) at.slen = Math.max(at.slen, t.nodes[n]!.slen);
  at.child[i] = n;
}

/// The same below any parent, the anchor included.
export function put_child_root(t: FibTrie, tp: number, key: number, n: number): void {
  if (tp === ANCHOR) t.nodes[ANCHOR]!.child[0] = n;
  else put_child(t, tp, childIndex(key, t.nodes[tp]!), n);
}

/// An inner node that skips no bits below its parent.
function tnode_full(t: FibTrie, tn: FibNode, n: number): boolean {
  if (n < 0) return false;
  const inner = t.nodes[n]!;
  return inner.bits > 0 && inner.pos + inner.bits === tn.pos;
}

function update_children(t: FibTrie, tn: number): void {
  for (const n of t.nodes[tn]!.child) {
    if (n < 0) continue;
    if (t.nodes[n]!.parent === tn) update_children(t, n);
    else t.nodes[n]!.parent = tn;
  }
}

/// Puts `tn` where `old` was, frees what it replaces and looks again at its full children.
function replace(t: FibTrie, old: number, tn: number, freed: readonly number[]): number {
  const tp = t.nodes[old]!.parent;
  t.nodes[tn]!.parent = tp;
  put_child_root(t, tp, t.nodes[tn]!.key, tn);
  update_children(t, tn);
  node_free(t, old);
  for (const n of freed) node_free(t, n);
  const at = t.nodes[tn]!;
  for (let i = at.child.length - 1; i >= 0; i--)
    if (tnode_full(t, at, at.child[i]!)) resize(t, at.child[i]!);
  return tp;
}

/// Doubles a node: its full children are dissolved into it.
function inflate(t: FibTrie, old: number): number {
  const from = t.nodes[old]!;
  const tn = tnode_new(t, from.key, from.pos - 1, from.bits + 1);
  const freed: number[] = [];
  for (let i = from.child.length - 1; i >= 0; i--) {
    const n = from.child[i]!;
    if (n < 0) continue;
    const inner = t.nodes[n]!;
    if (!tnode_full(t, from, n)) {
      put_child(t, tn, childIndex(inner.key, t.nodes[tn]!), n);
      continue;
    }
    freed.push(n);
    if (inner.bits === 1) {
      put_child(t, tn, 2 * i + 1, inner.child[1]!);
      put_child(t, tn, 2 * i, inner.child[0]!);
    } else splitChild(t, tn, i, inner);
  }
  return replace(t, old, tn, freed);
}

/// A full child with many children becomes two with half of them each.
function splitChild(t: FibTrie, tn: number, i: number, inner: FibNode): void {
  const half = inner.child.length / 2;
  const bit = (1 << t.nodes[tn]!.pos) >>> 0;
  for (const side of [1, 0]) {
    const n = tnode_new(t, side ? (inner.key | bit) >>> 0 : inner.key, inner.pos, inner.bits - 1);
    for (let j = 0; j < half; j++) put_child(t, n, j, inner.child[side * half + j]!);
    t.nodes[n]!.parent = tn;
    put_child(t, tn, 2 * i + side, n);
  }
}

/// Halves a node: pairs of children get a node of their own.
function halve(t: FibTrie, old: number): number {
  const from = t.nodes[old]!;
  const tn = tnode_new(t, from.key, from.pos + 1, from.bits - 1);
  for (let i = from.child.length - 2; i >= 0; i -= 2) {
    const node0 = from.child[i]!;
    const node1 = from.child[i + 1]!;
    if (node0 < 0 || node1 < 0) {
      put_child(t, tn, i / 2, node1 >= 0 ? node1 : node0);
      continue;
    }
    const pair = tnode_new(t, t.nodes[node0]!.key, from.pos, 1);
    put_child(t, pair, 1, node1);
    put_child(t, pair, 0, node0);
    t.nodes[pair]!.parent = tn;
    put_child(t, tn, i / 2, pair);
  }
  return replace(t, old, tn, []);
}

/// Drops a node that has one child or none.
function collapse(t: FibTrie, old: number): number {
  const { parent, key, child } = t.nodes[old]!;
  const n = child.findLast((one) => one >= 0) ?? NONE;
  put_child_root(t, parent, key, n);
  if (n >= 0) t.nodes[n]!.parent = parent;
  node_free(t, old);
  return parent;
}

function should_inflate(tp: number, tn: FibNode): boolean {
  const used = tn.child.length - tn.empty + tn.full;
  const threshold = tn.child.length * (tp === ANCHOR ? INFLATE_ROOT : INFLATE);
  return used > 1 && tn.pos > 0 && 50 * used >= threshold;
}

function should_halve(tp: number, tn: FibNode): boolean {
  const used = tn.child.length - tn.empty;
  const threshold = tn.child.length * (tp === ANCHOR ? HALVE_ROOT : HALVE);
  return used > 1 && tn.bits > 1 && 100 * used < threshold;
}

/// Doubles, halves or drops a node as its fill asks for; returns its parent.
export function resize(t: FibTrie, n: number): number {
  const tp = t.nodes[n]!.parent;
  const cindex = childIndex(t.nodes[n]!.key, t.nodes[tp]!);
  let tn = n;
  let work = MAX_WORK;
  while (should_inflate(tp, t.nodes[tn]!) && work > 0) {
    inflate(t, tn);
    work--;
    tn = t.nodes[tp]!.child[cindex]!;
  }
  if (work !== MAX_WORK) return tp;
  while (should_halve(tp, t.nodes[tn]!) && work > 0) {
    halve(t, tn);
    work--;
    tn = t.nodes[tp]!.child[cindex]!;
  }
  const { child, empty } = t.nodes[tn]!;
  return child.length - empty < 2 ? collapse(t, tn) : tp;
}

/// Looks at every node from here up to the root.
export function trie_rebalance(t: FibTrie, from: number): void {
  for (let tn = from; tn !== ANCHOR;) tn = resize(t, tn);
}

/// The longest suffix below a node, looked up again.
function update_suffix(t: FibTrie, tn: FibNode): number {
  let slen = tn.pos;
  const most = Math.min(tn.pos + tn.bits - 1, tn.slen);
  let stride = 2;
  for (let i = 0; i < tn.child.length; i += stride) {
    const n = tn.child[i]!;
    if (n < 0 || t.nodes[n]!.slen <= slen) continue;
    stride *= 2 ** (t.nodes[n]!.slen - slen);
    slen = t.nodes[n]!.slen;
    i -= i % stride;
    if (slen >= most) break;
  }
  tn.slen = slen;
  return slen;
}

/// A suffix of that length has gone: the nodes above may have shorter ones now.
export function node_pull_suffix(t: FibTrie, from: number, left: number): void {
  let tn = t.nodes[from]!;
  let slen = left;
  for (let had = tn.slen; had > tn.pos && had > slen; had = tn.slen) {
    slen = update_suffix(t, tn);
    if (had === slen) return;
    tn = t.nodes[tn.parent]!;
  }
}

/// A suffix of that length has come: the nodes above have at least that.
export function node_push_suffix(t: FibTrie, from: number, slen: number): void {
  for (let tn = t.nodes[from]!; tn.slen < slen; tn = t.nodes[tn.parent]!) tn.slen = slen;
}
