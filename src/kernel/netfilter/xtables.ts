/// Counters of rules and policies, as iptables shows and clears them. Stands for NFT_MSG_GETRULE_RESET and
/// the counters of base chains in net/netfilter/nf_tables_api.c.
import type { Kernel } from '../state.ts';
import { nft_chain_lookup, nft_table_lookup } from './nf_tables_api.ts';
import type { NftChain, NftRule } from './types.ts';

/// Where a rule's counter is in its state; -1: it has none.
function counterAt(rule: NftRule): number {
  let at = 0;
  for (const expr of rule.exprs) {
    if (expr.kind === 'counter') return at;
    if (expr.kind === 'limit') at += 5;
    else if (expr.kind === 'quota') at += 2;
  }
  return -1;
}

/// Packets and bytes that a rule has counted.
export function ruleCounters(rule: NftRule): readonly [packets: number, bytes: number] {
  const at = counterAt(rule);
  return at < 0 ? [0, 0] : [rule.state[at] ?? 0, rule.state[at + 1] ?? 0];
}

/// Packets and bytes that met a chain's policy.
export function policyCounters(chain: NftChain): readonly [packets: number, bytes: number] {
  return [chain.base?.packets ?? 0, chain.base?.bytes ?? 0];
}

/// Sets the counters of a chain's rules (`rule` 0: all, else its place from 1 on) and of its policy to zero.
export function resetCounters(k: Kernel, table: string, chain: string, rule: number): void {
  const owner = nft_table_lookup(k, 'ip', table);
  const found = owner && nft_chain_lookup(owner, chain);
  if (!found) return;
  for (const [i, one] of found.rules.entries()) {
    const at = counterAt(one);
    if (at >= 0 && (rule === 0 || rule === i + 1)) one.state[at] = one.state[at + 1] = 0;
  }
  if (found.base && rule === 0) found.base.packets = found.base.bytes = 0;
}
