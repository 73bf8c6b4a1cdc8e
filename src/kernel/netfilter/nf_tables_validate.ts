/// Is the ruleset one that packets may run through? No jump leads round in a circle or deeper than the
/// stack, no packet would meet millions of rules, and statements stand only where they mean something. Stands for nft_table_validate() and
/// nft_chain_validate() in net/netfilter/nf_tables_api.c.
import type { ErrnoName } from '../errno.ts';
import {
  NF_INET_FORWARD,
  NF_INET_INGRESS,
  NF_INET_LOCAL_IN,
  NF_INET_LOCAL_OUT,
  NF_INET_POST_ROUTING,
  NF_INET_PRE_ROUTING,
  type NftBase,
  type NftChain,
  type NftExpr,
  type NftTable,
} from './types.ts';

const NFT_JUMP_STACK_SIZE = 16;

/// Rules that one packet may meet in a base chain. The kernel has no such limit: chains that jump to each
/// other many times over keep its CPU busy for hours; here they are not modelled.
const MOST_RULES = 1_000_000;

/// What one base chain's walk has found out about the chains below it.
interface Walk {
  readonly table: NftTable;
  readonly base: NftBase;
  readonly chains: ReadonlyMap<string, NftChain>;
  readonly level: Map<string, number>; // deepest level at which a chain was found right
  readonly rules: Map<string, number>; // most rules that a packet meets in it
}

/// What is wrong with a table; null: nothing.
export function nft_table_validate(table: NftTable): ErrnoName | null {
  const chains = new Map(table.chains.map((chain) => [chain.name, chain]));
  for (const chain of table.chains) {
    if (!chain.base) continue;
    const walk = { table, base: chain.base, chains, level: new Map(), rules: new Map() };
    const error = nft_chain_validate(walk, chain, 0);
    if (error) return error;
    if (walk.rules.get(chain.name)! > MOST_RULES) return 'ENOTMODELLED';
  }
  return null;
}

const nothing: readonly NftExpr[] = [];

// A chain that was right at some level is right at every higher one.
function nft_chain_validate(walk: Walk, chain: NftChain, level: number): ErrnoName | null {
  if (level === NFT_JUMP_STACK_SIZE) return 'EMLINK';
  if ((walk.level.get(chain.name) ?? -1) >= level) return null;
  let rules = chain.rules.length;
  for (const { exprs, bound, origin } of chain.rules)
    for (const expr of bound ? exprs : nothing) {
      // nft_compat.c answers otherwise for what iptables wrote.
      if (!placeAllowed(walk.table, walk.base, expr))
        return origin === 'xtables' ? 'EINVAL' : 'EOPNOTSUPP';
      let most = 0; // of the chains that it may lead to
      for (const name of targets(walk.table, expr)) {
        const next = walk.chains.get(name);
        const error = next ? nft_chain_validate(walk, next, level + 1) : null;
        if (error) return error;
        most = Math.max(most, walk.rules.get(name) ?? 0);
      }
      rules += most;
    }
  walk.level.set(chain.name, level);
  walk.rules.set(chain.name, rules);
  return null;
}

function targets(table: NftTable, expr: NftExpr): string[] {
  if (expr.kind === 'verdict') return expr.chain === '' ? [] : [expr.chain];
  if (expr.kind !== 'vmap') return [];
  const set = table.sets.find((one) => one.name === expr.set);
  return (set?.elements ?? []).flatMap(({ verdict }) => (verdict?.chain ? [verdict.chain] : []));
}

const NAT_HOOKS: Readonly<Record<string, readonly number[]>> = {
  snat: [NF_INET_POST_ROUTING, NF_INET_LOCAL_IN],
  masquerade: [NF_INET_POST_ROUTING],
  dnat: [NF_INET_PRE_ROUTING, NF_INET_LOCAL_OUT],
  redirect: [NF_INET_PRE_ROUTING, NF_INET_LOCAL_OUT],
};
const REJECT_HOOKS = [
  ...[NF_INET_LOCAL_IN, NF_INET_FORWARD, NF_INET_LOCAL_OUT],
  ...[NF_INET_PRE_ROUTING, NF_INET_INGRESS],
];

function placeAllowed(table: NftTable, base: NftBase, expr: NftExpr): boolean {
  if (expr.kind === 'nat')
    return base.type === 'nat' && (NAT_HOOKS[expr.type] ?? []).includes(base.hook);
  if (expr.kind === 'reject') return table.family === 'netdev' || REJECT_HOOKS.includes(base.hook);
  return true;
}
