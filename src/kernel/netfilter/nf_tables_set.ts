/// Sets, maps and their elements as commands change them. Stands for nf_tables_newset(),
/// nf_tables_newsetelem() and their like in net/netfilter/nf_tables_api.c.
/// Left out: statements of elements, maps to objects, expressions of a set.
import type { Kernel } from '../state.ts';
import { nf_tables_alloc_handle, nft_chain_lookup, nft_table_lookup } from './nf_tables_api.ts';
import {
  accepted,
  refused,
  type Answer,
  type DelSet,
  type DelSetElem,
  type NewSet,
  type NewSetElem,
} from './nf_tables_message.ts';
import { insertElement, nft_rbtree_gc, overlapping, sameKey } from './nft_set.ts';
import type { NftElement, NftSet, NftTable } from './types.ts';

function nft_set_lookup(table: NftTable, name: string): NftSet | undefined {
  return table.sets.find((set) => set.name === name);
}

export function nf_tables_newset(k: Kernel, ask: NewSet): Answer {
  const table = nft_table_lookup(k, ask.family, ask.table);
  if (!table) return refused('ENOENT', 'table');
  const set = nft_set_lookup(table, ask.set);
  if (set) {
    if (ask.excl) return refused('EEXIST', 'set');
    return sameKind(set, ask.spec) ? accepted : refused('EEXIST', 'set');
  }
  table.sets.push({
    ...ask.spec,
    elements: [],
    name: ask.set,
    handle: nf_tables_alloc_handle(table),
  });
  return accepted;
}

function sameKind(set: NftSet, spec: NewSet['spec']): boolean {
  return (
    set.fields.join() === spec.fields.join() &&
    set.data === spec.data &&
    set.interval === spec.interval &&
    set.constant === spec.constant &&
    set.timeout === spec.timeout
  );
}

export function nf_tables_delset(k: Kernel, ask: DelSet): Answer {
  const table = nft_table_lookup(k, ask.family, ask.table);
  if (!table) return refused('ENOENT', 'table');
  const attr = ask.handle === 0 ? 'set' : 'handle';
  const at = table.sets.findIndex((one) =>
    ask.handle === 0 ? one.name === ask.set : one.handle === ask.handle,
  );
  const set = table.sets[at];
  if (!set) return ask.destroy ? accepted : refused('ENOENT', attr);
  if (setUses(table, set.name) > 0) return refused('EBUSY', attr);
  table.sets.splice(at, 1);
  return accepted;
}

function setUses(table: NftTable, name: string): number {
  const rules = table.chains.flatMap((chain) => chain.rules);
  return rules.filter(({ exprs }) => exprs.some((expr) => 'set' in expr && expr.set === name))
    .length;
}

/// Adds elements, all or none. An element that is there already is no error, unless `excl` is set or it
/// maps to something else.
export function nf_tables_newsetelem(k: Kernel, ask: NewSetElem): Answer {
  const table = nft_table_lookup(k, ask.family, ask.table);
  if (!table) return refused('ENOENT', 'table');
  const set = nft_set_lookup(table, ask.set);
  if (!set) return refused('ENOENT', 'set');
  if (set.constant && setUses(table, set.name) > 0) return refused('EBUSY');
  nft_rbtree_gc(set, k.now);
  for (const [i, element] of ask.elements.entries()) {
    const answer = nft_add_set_elem(k, table, set, element, ask.excl);
    if (!answer.ok) return { ...answer, attr: answer.attr ?? 'element', index: i };
  }
  return accepted;
}

function nft_add_set_elem(
  k: Kernel,
  table: NftTable,
  set: NftSet,
  element: NftElement,
  excl: boolean,
): Answer {
  if (element.timeout_ns > 0 && !set.timeout) return refused('EINVAL');
  const jump = element.verdict?.chain;
  if (jump) {
    const chain = nft_chain_lookup(table, jump);
    if (!chain) return refused('ENOENT');
    if (chain.base) return refused('EOPNOTSUPP');
  }
  const there = overlapping(set, element);
  if (there) {
    const same = sameKey(there, element) && sameData(there, element);
    return same && !excl ? accepted : refused('EEXIST');
  }
  if (set.size > 0 && set.elements.length >= set.size) return refused('ENFILE');
  const timeout = element.timeout_ns || (set.timeout ? set.default_timeout_ns : 0);
  insertElement(set, {
    ...element,
    lo: [...element.lo],
    hi: [...element.hi],
    data: [...element.data],
    verdict: element.verdict && { ...element.verdict },
    timeout_ns: timeout,
    expires: timeout > 0 ? k.now + timeout : 0,
  });
  return accepted;
}

function sameData(a: NftElement, b: NftElement): boolean {
  return (
    a.data.join() === b.data.join() &&
    a.verdict?.verdict === b.verdict?.verdict &&
    a.verdict?.chain === b.verdict?.chain
  );
}

/// Removes elements, or all of them. ENOENT for one that is not there as it was written.
export function nf_tables_delsetelem(k: Kernel, ask: DelSetElem): Answer {
  const table = nft_table_lookup(k, ask.family, ask.table);
  if (!table) return refused('ENOENT', 'table');
  const set = nft_set_lookup(table, ask.set);
  if (!set) return refused('ENOENT', 'set');
  if (set.constant && setUses(table, set.name) > 0) return refused('EBUSY');
  nft_rbtree_gc(set, k.now);
  if (ask.elements === null) {
    set.elements = [];
    return accepted;
  }
  for (const [i, element] of ask.elements.entries()) {
    const at = set.elements.findIndex((other) => sameKey(other, element));
    if (at >= 0) set.elements.splice(at, 1);
    else if (!ask.destroy) return refused('ENOENT', 'element', i);
  }
  return accepted;
}
