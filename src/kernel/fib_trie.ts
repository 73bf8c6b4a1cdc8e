/// Routing tables: insert, delete, and the longest prefix that matches an address.
/// Stands for fib_table_insert(), fib_table_delete(), fib_table_flush() and fib_table_lookup() in
/// net/ipv4/fib_trie.c. The shape of the trie is in fib_trie_node.ts.
/// Left out: nexthop objects, multipath, hardware offload, notifications.
import type { ErrnoName } from './errno.ts';
import {
  ANCHOR,
  createTrie,
  childIndex,
  isLeaf,
  KEYLENGTH,
  leaf_new,
  node_free,
  node_pull_suffix,
  node_push_suffix,
  put_child,
  put_child_root,
  tnode_new,
  trie_rebalance,
} from './fib_trie_node.ts';
import { fibProps, type FibResult, type FlowKey } from './fib_types.ts';
import { devConfOr } from './in_device.ts';
import type { FibAlias, FibNode, FibTable, FibTrie, Kernel } from './state.ts';

export { fibProps, RTN, SCOPE, type FibResult, type FlowKey } from './fib_types.ts';

const NONE = -1;
const UNFIT = -2; // a leaf without a route that fits, and not a missing child

export function trieOf(k: Kernel, tb: FibTable): FibTrie {
  return k.fib.tries[tb.trie]!;
}

/// The leaf of exactly that key, or -1, and the node it hangs or would hang below.
function fib_find_node(t: FibTrie, key: number): { readonly n: number; readonly tp: number } {
  let tp = ANCHOR;
  let n = t.nodes[ANCHOR]!.child[0]!;
  while (n >= 0) {
    const at = t.nodes[n]!;
    const index = childIndex(key, at);
    if (index >= 2 ** at.bits) return { n: -1, tp };
    if (at.bits === 0) return { n, tp };
    tp = n;
    n = at.child[index]!;
  }
  return { n, tp };
}

/// Index of the first route of that prefix and table with that TOS and at least that metric; -1.
function fib_find_alias(
  leaf: readonly FibAlias[],
  slen: number,
  tos: number,
  priority: number,
  table: number,
): number {
  for (const [i, fa] of leaf.entries()) {
    if (fa.slen < slen) continue;
    if (fa.slen !== slen) return -1;
    if (fa.table > table) continue;
    if (fa.table !== table) return -1;
    if (fa.tos > tos) continue;
    if (fa.priority >= priority || fa.tos < tos) return i;
  }
  return -1;
}

/// How a route is added: NLM_F_EXCL, NLM_F_REPLACE, NLM_F_APPEND, NLM_F_CREATE.
export interface InsertFlags {
  readonly excl: boolean;
  readonly replace: boolean;
  readonly append: boolean;
  readonly create: boolean;
}

/// Adds a checked route to a table: EEXIST, ENOENT (replace of nothing), or null when done.
/// net/ipv4/fib_trie.c:fib_table_insert()
export function fib_table_insert(
  k: Kernel,
  tb: FibTable,
  key: number,
  made: FibAlias,
  how: InsertFlags,
): ErrnoName | null {
  const t = trieOf(k, tb);
  const { n, tp } = fib_find_node(t, key);
  const leaf = n < 0 ? [] : t.nodes[n]!.leaf;
  let at = fib_find_alias(leaf, made.slen, made.tos, made.priority, tb.id);
  const first = leaf[at];
  if (first?.tos === made.tos && first.priority === made.priority) {
    if (how.excl) return 'EEXIST';
    let end = at;
    while (leaf[end] && sameKey(leaf[end]!, made)) end++;
    const match = leaf.slice(at, end).findIndex((fa) => sameRoute(fa, made));
    if (how.replace) {
      if (match >= 0) return match === 0 ? null : 'EEXIST';
      leaf[at] = made;
      return null;
    }
    if (match >= 0) return 'EEXIST';
    if (how.append) at = end < leaf.length ? end : -1;
  }
  if (!how.create) return 'ENOENT';
  fib_insert_alias(t, tp, n, made, at, key);
  return null;
}

function sameKey(a: FibAlias, b: FibAlias): boolean {
  return a.slen === b.slen && a.table === b.table && a.tos === b.tos && a.priority === b.priority;
}

/// The same type and the same fib_info: fib_find_info() shares it between equal routes.
function sameRoute(a: FibAlias, b: FibAlias): boolean {
  return (
    a.type === b.type &&
    a.scope === b.scope &&
    a.protocol === b.protocol &&
    a.prefsrc === b.prefsrc &&
    a.dev === b.dev &&
    a.gw === b.gw &&
    a.onlink === b.onlink &&
    a.mtu_lock === b.mtu_lock &&
    JSON.stringify(a.metrics) === JSON.stringify(b.metrics)
  );
}

/// Puts a route into a leaf before the one at `before`, or at the end of its section.
function fib_insert_alias(
  t: FibTrie,
  tp: number,
  n: number,
  made: FibAlias,
  before: number,
  key: number,
): void {
  if (n < 0) return fib_insert_node(t, tp, made, key);
  const l = t.nodes[n]!;
  let at = before;
  if (at < 0) {
    at = l.leaf.findIndex(
      (fa) => made.slen < fa.slen || (made.slen === fa.slen && made.table > fa.table),
    );
    if (at < 0) at = l.leaf.length;
  }
  l.leaf.splice(at, 0, made);
  if (l.slen < made.slen) {
    l.slen = made.slen;
    node_push_suffix(t, tp, made.slen);
  }
}

/// A new leaf; where another one or a node with skipped bits is in the way, a node above both.
function fib_insert_node(t: FibTrie, parent: number, made: FibAlias, key: number): void {
  let tp = parent;
  const l = leaf_new(t, key, made);
  const at = t.nodes[tp]!;
  const n = at.child[tp === ANCHOR ? 0 : childIndex(key, at)]!;
  if (n >= 0) {
    const differ = 31 - Math.clz32(key ^ t.nodes[n]!.key);
    const tn = tnode_new(t, key, differ, 1);
    t.nodes[tn]!.parent = tp;
    put_child(t, tn, childIndex(key, t.nodes[tn]!) ^ 1, n);
    put_child_root(t, tp, key, tn);
    t.nodes[n]!.parent = tn;
    tp = tn;
  }
  node_push_suffix(t, tp, made.slen);
  t.nodes[l]!.parent = tp;
  put_child_root(t, tp, key, l);
  trie_rebalance(t, tp);
}

/// Takes the route at `i` out of a leaf, and the leaf out of the trie with its last route.
function fib_remove_alias(t: FibTrie, tp: number, n: number, i: number): void {
  const l = t.nodes[n]!;
  l.leaf.splice(i, 1);
  const last = l.leaf.at(-1);
  if (last === undefined) {
    if (t.nodes[tp]!.slen === l.slen) node_pull_suffix(t, tp, t.nodes[tp]!.pos);
    put_child_root(t, tp, l.key, -1);
    node_free(t, n);
    trie_rebalance(t, tp);
  } else if (i === l.leaf.length) {
    l.slen = last.slen;
    node_pull_suffix(t, tp, last.slen);
  }
}

/// Removes the first route of that prefix and TOS that `matches`; false when there is none.
export function fib_table_delete(
  k: Kernel,
  tb: FibTable,
  key: number,
  slen: number,
  tos: number,
  matches: (fa: FibAlias) => boolean,
): boolean {
  const t = trieOf(k, tb);
  const { n, tp } = fib_find_node(t, key);
  if (n < 0) return false;
  const { leaf } = t.nodes[n]!;
  const first = fib_find_alias(leaf, slen, tos, 0, tb.id);
  if (first < 0) return false;
  for (let i = first; i < leaf.length; i++) {
    const fa = leaf[i]!;
    if (fa.slen !== slen || fa.table !== tb.id || fa.tos !== tos) return false;
    if (!matches(fa)) continue;
    fib_remove_alias(t, tp, n, i);
    return true;
  }
  return false;
}

/// Every leaf of a trie in order of its key.
export function leaves(t: FibTrie): FibNode[] {
  const found: FibNode[] = [];
  const walk = (n: number): void => {
    if (n < 0) return;
    if (isLeaf(t, n)) found.push(t.nodes[n]!);
    else for (const child of t.nodes[n]!.child) walk(child);
  };
  walk(t.nodes[ANCHOR]!.child[0]!);
  return found;
}

/// Removes every route that `goes`; returns how many. net/ipv4/fib_trie.c:fib_table_flush()
export function fib_table_flush(t: FibTrie, goes: (fa: FibAlias) => boolean): number {
  let removed = 0;
  for (const { key } of leaves(t))
    for (;;) {
      const { n, tp } = fib_find_node(t, key);
      const i = n < 0 ? -1 : t.nodes[n]!.leaf.findIndex(goes);
      if (i < 0) break;
      fib_remove_alias(t, tp, n, i);
      removed++;
    }
  return removed;
}

/// The local routes of a shared trie in one of their own. net/ipv4/fib_trie.c:fib_trie_unmerge()
export function fib_trie_unmerge(from: FibTrie, table: number): FibTrie {
  const t = createTrie();
  for (const { key, leaf } of leaves(from))
    for (const fa of leaf) {
      if (fa.table !== table) continue;
      const { n, tp } = fib_find_node(t, key);
      fib_insert_alias(t, tp, n, { ...fa }, -1, key);
    }
  return t;
}

/// The route for an address in one table, into `res`: the route type's errno, EAGAIN when nothing
/// matches, null when found. net/ipv4/fib_trie.c:fib_table_lookup()
export function fib_table_lookup(
  k: Kernel,
  tb: FibTable,
  flow: FlowKey,
  res: FibResult,
  ignoreLinkstate: boolean,
): ErrnoName | null {
  const t = trieOf(k, tb);
  const key = flow.daddr;
  let pn = ANCHOR; // the last node with shorter prefixes below,
  let cindex = 0; // and which of its children was taken
  let n = t.nodes[ANCHOR]!.child[0]!;
  if (n < 0) return 'EAGAIN';
  t.stats.gets++;
  // Down along the key: to its leaf, to a missing child, or to where skipped bits differ.
  while (n >= 0) {
    const at = t.nodes[n]!;
    const index = childIndex(key, at);
    if (index >= 2 ** at.bits) break;
    if (at.bits === 0) {
      const found = processLeaf(k, t, at, flow, res, ignoreLinkstate);
      if (found !== undefined) return found;
      n = UNFIT;
      break;
    }
    if (at.slen > at.pos) {
      pn = n;
      cindex = index;
    }
    n = at.child[index]!;
  }
  // Then to ever shorter prefixes: along the zeros as long as they agree with the key.
  for (;;) {
    while (n >= 0) {
      const at = t.nodes[n]!;
      if (prefix_mismatch(key, at) || at.slen === at.pos) break;
      if (at.bits === 0) {
        const found = processLeaf(k, t, at, flow, res, ignoreLinkstate);
        if (found !== undefined) return found;
        break;
      }
      n = at.child[0]!;
    }
    if (n === NONE) t.stats.null_node_hit++;
    // Strip the lowest bit of the index; go up where there is none.
    while (cindex === 0) {
      if (pn === ANCHOR) return 'EAGAIN';
      t.stats.backtrack++;
      const from = t.nodes[pn]!;
      pn = from.parent;
      cindex = childIndex(from.key, t.nodes[pn]!);
    }
    cindex &= cindex - 1;
    n = t.nodes[pn]!.child[cindex]!;
  }
}

/// Do the bits above the lowest set one of a node's key differ from the key looked for?
function prefix_mismatch(key: number, n: FibNode): boolean {
  return ((key ^ n.key) & (n.key | -n.key)) !== 0;
}

/// The first route of a leaf that fits; undefined when none does and shorter prefixes are next.
function processLeaf(
  k: Kernel,
  t: FibTrie,
  l: FibNode,
  flow: FlowKey,
  res: FibResult,
  ignoreLinkstate: boolean,
): ErrnoName | null | undefined {
  const differ = (flow.daddr ^ l.key) >>> 0;
  for (const fa of l.leaf) {
    if (fa.slen < KEYLENGTH && differ >= 2 ** fa.slen) continue;
    // A route's TOS is compared in the three bits of the old field: INET_DSCP_LEGACY_TOS_MASK.
    if (fa.tos !== 0 && fa.tos !== (flow.tos & 0x1c)) continue;
    if (fa.scope < flow.scope) continue;
    const { error } = fibProps(fa.type);
    if (error !== null) {
      t.stats.semantic_match_passed++;
      return error;
    }
    if (fa.dead || !fib_lookup_good_nhc(k, fa, flow, ignoreLinkstate)) continue;
    res.route = fa;
    res.prefixlen = KEYLENGTH - fa.slen;
    t.stats.semantic_match_passed++;
    return null;
  }
  t.stats.semantic_match_miss++;
  return undefined;
}

function fib_lookup_good_nhc(
  k: Kernel,
  fa: FibAlias,
  flow: FlowKey,
  ignoreLinkstate: boolean,
): boolean {
  const dev = k.devs[fa.dev];
  if (dev && !dev.carrier && !ignoreLinkstate && devConfOr(k, dev, 'ignore_routes_with_linkdown'))
    return false;
  return flow.oif < 0 || flow.oif === fa.dev;
}
