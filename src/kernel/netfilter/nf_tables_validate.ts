/// Is the ruleset one that packets may run through? No jump leads round in a circle or deeper than the
/// stack, and statements stand only where they mean something. Stands for nft_table_validate() and
/// nft_chain_validate() in net/netfilter/nf_tables_api.c.
import type { ErrnoName } from '../errno.ts';
import { nft_chain_lookup } from './nf_tables_api.ts';
import {
  NF_INET_FORWARD,
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

/// What is wrong with a table; null: nothing.
export function nft_table_validate(table: NftTable): ErrnoName | null {
  for (const chain of table.chains) {
    if (!chain.base) continue;
    const error = nft_chain_validate(table, chain.base, chain, 0);
    if (error) return error;
  }
  return null;
}

function nft_chain_validate(
  table: NftTable,
  base: NftBase,
  chain: NftChain,
  level: number,
): ErrnoName | null {
  if (level === NFT_JUMP_STACK_SIZE) return 'EMLINK';
  for (const { exprs } of chain.rules)
    for (const expr of exprs) {
      if (!placeAllowed(table, base, expr)) return 'EOPNOTSUPP';
      for (const name of targets(table, expr)) {
        const next = nft_chain_lookup(table, name);
        const error = next ? nft_chain_validate(table, base, next, level + 1) : null;
        if (error) return error;
      }
    }
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
const REJECT_HOOKS = [NF_INET_LOCAL_IN, NF_INET_FORWARD, NF_INET_LOCAL_OUT, NF_INET_PRE_ROUTING];

function placeAllowed(table: NftTable, base: NftBase, expr: NftExpr): boolean {
  if (expr.kind === 'nat')
    return base.type === 'nat' && (NAT_HOOKS[expr.type] ?? []).includes(base.hook);
  if (expr.kind === 'reject') return table.family === 'netdev' || REJECT_HOOKS.includes(base.hook);
  return true;
}
