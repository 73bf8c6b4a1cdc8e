/// What iptables asks of the kernel beside nf_tables: counters of rules and policies, as it shows and clears them, and
/// whether a target may stand where it is put. Stands for NFT_MSG_GETRULE_RESET and the counters of base chains in
/// net/netfilter/nf_tables_api.c, and for net/netfilter/x_tables.c.
import type { ErrnoName } from '../errno.ts';
import { printk } from '../printk.ts';
import type { Kernel } from '../state.ts';
import { nft_chain_lookup, nft_table_lookup } from './nf_tables_api.ts';
import {
  NF_INET_FORWARD,
  NF_INET_LOCAL_IN,
  NF_INET_LOCAL_OUT,
  NF_INET_POST_ROUTING,
  NF_INET_PRE_ROUTING,
  type Family,
  type NftChain,
  type NftRule,
} from './types.ts';

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
export function resetCounters(
  k: Kernel,
  family: Family,
  table: string,
  chain: string,
  rule: number,
): void {
  const owner = nft_table_lookup(k, family, table);
  const found = owner && nft_chain_lookup(owner, chain);
  if (!found) return;
  for (const [i, one] of found.rules.entries()) {
    const at = counterAt(one);
    if (at >= 0 && (rule === 0 || rule === i + 1)) one.state[at] = one.state[at + 1] = 0;
  }
  if (found.base && rule === 0) found.base.packets = found.base.bytes = 0;
}

const HOOK_NAMES = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'];

/// Where the kernel lets targets stand: table, and hooks. net/netfilter/xt_*.c, ipt_REJECT.c, ip6t_REJECT.c
const XT_TARGETS: Readonly<Record<string, readonly [table: string, hooks: readonly number[]]>> = {
  REJECT: ['filter', [NF_INET_LOCAL_IN, NF_INET_FORWARD, NF_INET_LOCAL_OUT]],
  CT: ['raw', []],
  NOTRACK: ['raw', []],
  SNAT: ['nat', [NF_INET_LOCAL_IN, NF_INET_POST_ROUTING]],
  DNAT: ['nat', [NF_INET_PRE_ROUTING, NF_INET_LOCAL_OUT]],
  MASQUERADE: ['nat', [NF_INET_POST_ROUTING]],
  REDIRECT: ['nat', [NF_INET_PRE_ROUTING, NF_INET_LOCAL_OUT]],
};

/// EINVAL for a target that may not stand in that table or base chain (`hook` -1: a chain of the user's), with a
/// line in the kernel log; null: it may. net/netfilter/x_tables.c:xt_check_target()
export function xt_check_target(
  k: Kernel,
  family: Family,
  name: string,
  table: string,
  hook: number,
): ErrnoName | null {
  const known = Object.hasOwn(XT_TARGETS, name) ? XT_TARGETS[name] : undefined;
  if (!known) return null;
  const [only, hooks] = known;
  const says = (what: string): ErrnoName => {
    printk(k, `x_tables: ${family}_tables: ${name} target: ${what}`);
    return 'EINVAL';
  };
  if (table !== only) return says(`only valid in ${only} table, not ${table}`);
  if (hook < 0 || hooks.length === 0 || hooks.includes(hook)) return null;
  const usable = hooks.map((one) => HOOK_NAMES[one]!).join('/');
  return says(`used from hooks ${HOOK_NAMES[hook]!}, but only usable from ${usable}`);
}

/// EINVAL for a reset that would answer something else than TCP.
/// net/ipv4/netfilter/ipt_REJECT.c:reject_tg_check(), net/ipv6/netfilter/ip6t_REJECT.c
export function reject_tg_check(k: Kernel, family: Family, tcp: boolean): ErrnoName | null {
  if (tcp) return null;
  const says =
    family === 'ip6' ? 'ip6t_REJECT: TCP_RESET illegal' : 'ipt_REJECT: TCP_RESET invalid';
  printk(k, `${says} for non-tcp`);
  return 'EINVAL';
}
