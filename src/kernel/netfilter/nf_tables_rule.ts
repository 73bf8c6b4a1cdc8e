/// Rules as commands add, replace and remove them. Stands for nf_tables_newrule() and
/// nf_tables_delrule() in net/netfilter/nf_tables_api.c.
/// Left out: NFTA_RULE_ID and the other ways of naming a rule of the same batch.
import type { Kernel } from '../state.ts';
import { nft_dynset_init } from './nft_dynset.ts';
import {
  loaded,
  nf_tables_alloc_handle,
  nft_chain_lookup,
  nft_table_lookup,
} from './nf_tables_api.ts';
import {
  accepted,
  refused,
  type Answer,
  type DelRule,
  type NewRule,
  type NewSetSpec,
} from './nf_tables_message.ts';
import type { Family, NftChain, NftExpr, NftRule, NftSet, NftTable } from './types.ts';

const NFT_RULE_MAXEXPRS = 128;

/// Adds a rule. Refusals: ENOENT (table, chain, rule to stand by, set, chain to jump to), EOPNOTSUPP.
export function nf_tables_newrule(k: Kernel, ask: NewRule): Answer {
  const table = nft_table_lookup(k, ask.family, ask.table);
  if (!table) return refused('ENOENT', 'table');
  const chain = nft_chain_lookup(table, ask.chain);
  if (!chain) return refused('ENOENT', 'chain');
  const own = ask.sets.map((spec) => addAnonymousSet(table, spec));
  let at = -1;
  if (ask.position > 0) {
    at = chain.rules.findIndex((rule) => rule.handle === ask.position);
    if (at < 0) return refused('ENOENT', ask.mode === 'replace' ? 'handle' : 'position');
  }
  // A rule that replaces another keeps its handle. The handle is taken before the expressions are
  // looked at, so a batch that has to wait for a module uses up one each time.
  const handle = ask.mode === 'replace' ? ask.position : nf_tables_alloc_handle(table);
  const exprs = ask.exprs.map((expr) => namedSet(expr, own));
  const bad = checkExprs(k, table, ask.family, exprs);
  if (!bad.ok) return bad;
  const rule: NftRule = {
    handle,
    comment: ask.comment,
    origin: ask.origin,
    exprs: Object.freeze(exprs),
    ct: exprs.some(needsConntrack),
    bound: exprs.some(isBound),
    xt: ask.xt,
    code: [],
    names: [],
    state: [],
  };
  if (ask.mode === 'replace') {
    forget(table, chain.rules[at]!);
    chain.rules[at] = rule;
  } else if (ask.mode === 'append')
    chain.rules.splice(at < 0 ? chain.rules.length : at + 1, 0, rule);
  else chain.rules.splice(at < 0 ? 0 : at, 0, rule);
  return accepted;
}

/// Whether an expression may make the ruleset one that packets cannot run through (nf_tables_validate.ts).
export function isBound(expr: NftExpr): boolean {
  if (expr.kind === 'verdict') return expr.chain !== '';
  return expr.kind === 'vmap' || expr.kind === 'nat' || expr.kind === 'reject';
}

// Whether a rule makes the host track connections.
function needsConntrack(expr: NftExpr): boolean {
  return expr.kind === 'nat' || usesCt(expr);
}

// Whether it reads something of the connection, alone or as part of a key, or sets its mark.
function usesCt(expr: NftExpr): boolean {
  if (expr.kind === 'mark') return expr.target === 'ct';
  if ('field' in expr) return expr.field.startsWith('ct ');
  return 'fields' in expr && expr.fields.some((field) => field.startsWith('ct '));
}

// The lowest number that is free. net/netfilter/nf_tables_api.c:nf_tables_set_alloc_name()
function addAnonymousSet(table: NftTable, spec: NewSetSpec): string {
  const prefix = spec.data === '' ? '__set' : '__map';
  const taken = new Set(table.sets.map((set) => set.name));
  let n = 0;
  while (taken.has(`${prefix}${n}`)) n++;
  const name = `${prefix}${n}`;
  const set: NftSet = { ...spec, name, handle: nf_tables_alloc_handle(table) };
  table.sets.push(set);
  return name;
}

function namedSet(expr: NftExpr, own: readonly string[]): NftExpr {
  if (!('set' in expr) || !expr.set.startsWith('%')) return expr;
  return { ...expr, set: own[Number(expr.set.slice(1))]! };
}

function checkExprs(k: Kernel, table: NftTable, family: Family, exprs: readonly NftExpr[]): Answer {
  if (exprs.length > NFT_RULE_MAXEXPRS) return refused('EINVAL');
  for (const expr of exprs) if (!typeLoaded(k, family, expr)) return refused('EAGAIN');
  for (const [i, expr] of exprs.entries()) {
    if ('set' in expr && !table.sets.some((set) => set.name === expr.set))
      return refused('ENOENT', 'expr', i);
    if (expr.kind === 'dynset') {
      const bad = nft_dynset_init(
        table.sets.find((set) => set.name === expr.set)!,
        expr.timeout_ns,
      );
      if (bad) return refused(bad, 'expr', i);
    }
    if (expr.kind === 'verdict' && expr.chain !== '') {
      const chain = nft_chain_lookup(table, expr.chain);
      if (!chain) return refused('ENOENT', 'expr', i);
      if (chain.base) return refused('EOPNOTSUPP', 'expr', i);
    }
    if (expr.kind === 'limit' && (expr.rate === 0 || !Number.isSafeInteger(expr.unit * 1e9)))
      return refused('EINVAL', 'expr', i);
  }
  return accepted;
}

// Types that are modules of their own; the others are part of nf_tables.
function typeOf(expr: NftExpr): string {
  if (usesCt(expr)) return 'ct';
  if (expr.kind === 'nat') {
    if (expr.type === 'masquerade') return 'masq';
    return expr.type === 'redirect' ? 'redir' : 'nat';
  }
  return ['limit', 'log', 'quota', 'reject', 'queue', 'notrack'].includes(expr.kind)
    ? expr.kind
    : '';
}

// First a module for the family is asked for, then one for all; `reject` has one for each family, and
// `log` needs a logger beside it. net/netfilter/nf_tables_api.c:nft_expr_type_get()
function typeLoaded(k: Kernel, family: Family, expr: NftExpr): boolean {
  const type = typeOf(expr);
  if (type === '') return true;
  if (type === 'reject') return loaded(k, `nft-expr-${family}-reject`);
  const module = type === 'notrack' ? 'ct' : type;
  if (!k.nf.modules.includes(`nft-expr-${module}`)) {
    if (!loaded(k, `nft-expr-${family}-${module}`)) return false;
    return loaded(k, `nft-expr-${module}`);
  }
  return type !== 'log' || loaded(k, 'nf-logger');
}

/// Removes a rule by its handle, or every rule of a chain, or of the table.
export function nf_tables_delrule(k: Kernel, ask: DelRule): Answer {
  const table = nft_table_lookup(k, ask.family, ask.table);
  if (!table) return refused('ENOENT', 'table');
  const chain = ask.chain === '' ? null : nft_chain_lookup(table, ask.chain);
  if (chain === undefined) return ask.destroy ? accepted : refused('ENOENT', 'chain');
  if (chain === null || ask.handle === 0) {
    for (const one of chain ? [chain] : table.chains) flush(table, one);
    return accepted;
  }
  const at = chain.rules.findIndex((rule) => rule.handle === ask.handle);
  if (at < 0) return ask.destroy ? accepted : refused('ENOENT', 'handle');
  forget(table, chain.rules[at]!);
  chain.rules.splice(at, 1);
  return accepted;
}

function flush(table: NftTable, chain: NftChain): void {
  for (const rule of chain.rules) forget(table, rule);
  chain.rules = [];
}

// A rule's own sets go with it. net/netfilter/nf_tables_api.c:nf_tables_rule_release()
function forget(table: NftTable, rule: NftRule): void {
  for (const expr of rule.exprs)
    if ('set' in expr && expr.set.startsWith('__'))
      table.sets = table.sets.filter((set) => set.name !== expr.set);
}
