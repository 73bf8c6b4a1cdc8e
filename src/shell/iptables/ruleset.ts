/// iptables' tables in the kernel: tables and base chains of nf_tables with fixed names, made when the
/// first rule or policy needs them. Stands for iptables/nft.c, nft-ipv4.c and nft-ipv6.c of iptables 1.8.11.
import type { ErrnoName } from '../../kernel/errno.ts';
import { strerror } from '../../kernel/errno.ts';
import { NF_IP_PRI } from '../../kernel/netfilter/hook_lists.ts';
import { jumpsTo } from '../../kernel/netfilter/nf_tables_api.ts';
import type { NewRule, NftMessage } from '../../kernel/netfilter/nf_tables_message.ts';
import { nfnetlink_rcv_batch } from '../../kernel/netfilter/nfnetlink.ts';
import {
  NF_ACCEPT,
  NF_DROP,
  type NftBase,
  type NftChain,
  type NftExpr,
  type NftRule,
  type NftTable,
} from '../../kernel/netfilter/types.ts';
import type { Kernel } from '../../kernel/state.ts';
import { absent, complaint } from './fault.ts';
import { MATCHES } from './matches.ts';
import { valueOf, type Address, type Iface, type Rule } from './rule.ts';
import { TARGETS } from './targets.ts';
import { addressWords, prefix } from './values.ts';
import type { Variant } from './variant.ts';
import { wordTable } from '../word_table.ts';

/// The built-in chains, by the number of their hook.
export const HOOKS = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'];

interface Table {
  readonly chains: readonly string[];
  readonly priority: (chain: string) => number;
}

const fixed = (priority: number) => (): number => priority;

/// The tables, in the order in which iptables-save writes them.
export const TABLES: Readonly<Record<string, Table>> = wordTable({
  mangle: { chains: HOOKS, priority: fixed(NF_IP_PRI.MANGLE) },
  security: { chains: ['INPUT', 'FORWARD', 'OUTPUT'], priority: fixed(NF_IP_PRI.SECURITY) },
  raw: { chains: ['PREROUTING', 'OUTPUT'], priority: fixed(NF_IP_PRI.RAW) },
  filter: { chains: ['INPUT', 'FORWARD', 'OUTPUT'], priority: fixed(NF_IP_PRI.FILTER) },
  nat: {
    chains: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
    priority: (chain) =>
      chain === 'PREROUTING' || chain === 'OUTPUT' ? NF_IP_PRI.NAT_DST : NF_IP_PRI.NAT_SRC,
  },
});

export const VERDICTS: Readonly<Record<string, 'accept' | 'drop' | 'return'>> = wordTable({
  ...{ ACCEPT: 'accept', DROP: 'drop', RETURN: 'return' },
});

export function isBuiltin(table: string, chain: string): boolean {
  return TABLES[table]!.chains.includes(chain);
}

export function tableIn(k: Kernel, { family }: Variant, name: string): NftTable | undefined {
  return k.nf.tables.find((table) => table.family === family && table.name === name);
}

export function chainIn(k: Kernel, v: Variant, table: string, name: string): NftChain | undefined {
  return tableIn(k, v, table)?.chains.find((chain) => chain.name === name);
}

/// A chain as it is listed; a built-in one is there even before the kernel has it.
export interface Shown {
  readonly name: string;
  readonly chain: NftChain | null;
  readonly builtin: boolean;
  readonly drops: boolean; // its policy
  readonly references: number;
}

export function shownChains(k: Kernel, v: Variant, table: string): Shown[] {
  const found = tableIn(k, v, table);
  const shown = (name: string, chain: NftChain | null, builtin: boolean): Shown => ({
    ...{ name, chain, builtin },
    drops: chain?.base?.policy === NF_DROP,
    references: found ? jumpsTo(found, name) : 0,
  });
  const own = (found?.chains ?? [])
    .filter((chain) => !isBuiltin(table, chain.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return [
    ...TABLES[table]!.chains.map((name) =>
      shown(name, found?.chains.find((chain) => chain.name === name) ?? null, true),
    ),
    ...own.map((chain) => shown(chain.name, chain, false)),
  ];
}

/// A rule as it was given to iptables, as text; equal texts are equal rules. Throws for one that nft has written.
export function recordOf(rule: NftRule): string {
  if (rule.origin !== 'xtables') throw absent('iptables: rules that nft has written');
  return rule.xt;
}

/// The same, to be read.
export function ruleAs(rule: NftRule): Rule {
  return JSON.parse(recordOf(rule)) as Rule;
}

function baseOf(table: string, chain: string, policy: number): NftBase {
  const kind = table === 'mangle' && chain === 'OUTPUT' ? 'route' : 'filter';
  return {
    type: table === 'nat' ? 'nat' : kind,
    hook: HOOKS.indexOf(chain),
    priority: TABLES[table]!.priority(chain),
    policy,
    devices: [],
    ...{ counted: true, packets: 0, bytes: 0 },
  };
}

/// What there is of a table.
export interface Present {
  readonly table: boolean;
  readonly chains: ReadonlySet<string>;
}

export function presentIn(k: Kernel, v: Variant, name: string): Present {
  const table = tableIn(k, v, name);
  return {
    table: table !== undefined,
    chains: new Set((table?.chains ?? []).map((chain) => chain.name)),
  };
}

/// The messages that make sure of the table, and of a built-in chain.
export function ensure(
  { family }: Variant,
  present: Present,
  table: string,
  chain: string,
  policy?: number,
): NftMessage[] {
  const messages: NftMessage[] = [];
  if (!present.table)
    messages.push({
      ...{ type: 'newtable', family, table, excl: false, dormant: null, comment: '' },
    });
  const there = present.chains.has(chain);
  if (isBuiltin(table, chain) && (!there || policy !== undefined)) {
    const base = there ? null : baseOf(table, chain, policy ?? NF_ACCEPT);
    messages.push({
      ...{ type: 'newchain', family, table, chain, excl: false, base },
      ...{ policy: policy ?? null, comment: '' },
    });
  }
  return messages;
}

function addressMatch(v: Variant, end: 'saddr' | 'daddr', address: Address): NftExpr[] {
  const { addr, bits, not } = address;
  if (bits === 0 && !not) return [];
  const words = addressWords(addr || (v.six ? '::' : '0.0.0.0'));
  const whole = bits === v.bits;
  return [
    {
      ...{ kind: 'match', field: `${v.family} ${end}`, op: not ? 'neq' : 'eq', value: words },
      ...{ mask: whole ? null : words.map((_, i) => prefix(bits - 32 * i)) },
      prefix: whole ? -1 : bits,
    },
  ];
}

function ifaceMatch(field: string, { name, not }: Iface): NftExpr[] {
  if (name === '' || name === '+') return [];
  const value = name.endsWith('+') ? `${name.slice(0, -1)}*` : name;
  return [{ kind: 'match', field, mask: null, op: not ? 'neq' : 'eq', value: [value], prefix: -1 }];
}

/// A rule in the kernel's terms.
export function newRule(
  v: Variant,
  table: string,
  chain: string,
  rule: Rule,
  mode: NewRule['mode'],
  position: number,
  counters: readonly [number, number] = [0, 0],
): NewRule {
  const sets: NewRule['sets'][number][] = [];
  const exprs: NftExpr[] = [
    ...addressMatch(v, 'saddr', rule.src),
    ...addressMatch(v, 'daddr', rule.dst),
    ...ifaceMatch('iifname', rule.in),
    ...ifaceMatch('oifname', rule.out),
  ];
  if (rule.proto > 0)
    exprs.push({
      ...{ kind: 'match', field: v.six ? 'meta l4proto' : 'ip protocol', mask: null, prefix: -1 },
      ...{ op: rule.notProto ? 'neq' : 'eq', value: [rule.proto] },
    });
  for (const part of rule.matches) {
    const made = MATCHES[part.name]!.make(part, rule.proto, sets.length);
    exprs.push(...made.exprs);
    sets.push(...made.sets);
  }
  exprs.push({ kind: 'counter', packets: counters[0], bytes: counters[1] }, ...action(v, rule));
  const comment = rule.matches.find((part) => part.name === 'comment');
  return {
    ...{ type: 'newrule', family: v.family, table, chain, exprs, sets, mode, position },
    ...{ comment: comment ? valueOf(comment, 'comment') : '', origin: 'xtables' },
    xt: JSON.stringify(rule),
  };
}

function action(v: Variant, rule: Rule): readonly NftExpr[] {
  if (rule.target === '') return [];
  const verdict = VERDICTS[rule.target];
  if (verdict) return [{ kind: 'verdict', verdict, chain: '' }];
  const target = TARGETS[rule.target];
  if (target) return target.make(rule, v.six);
  return [{ kind: 'verdict', verdict: rule.goto ? 'goto' : 'jump', chain: rule.target }];
}

// What the library calls each kind of change when the kernel refuses it.
const CALLS: Readonly<Record<string, string>> = {
  ...{ newtable: 'TABLE_ADD', newchain: 'CHAIN_ADD', delchain: 'CHAIN_DEL' },
  ...{ newrule: 'RULE_APPEND', delrule: 'RULE_DELETE', renamechain: 'CHAIN_RENAME' },
};

/// Sends a batch. Throws what iptables says when the kernel refuses it; `lines` are those of its input.
export function commit(
  k: Kernel,
  messages: readonly NftMessage[],
  lines: readonly number[] = [],
): void {
  const [error] = nfnetlink_rcv_batch(k, messages);
  if (!error) return;
  const message = messages[error.message]!;
  const line = lines[error.message];
  const where = line === undefined ? ' ' : `\nline ${line}: `;
  const why = strerror(error.errno satisfies ErrnoName);
  throw complaint(`${where}${callOf(message)} failed (${why}): ${about(message)}`, 4);
}

function callOf(message: NftMessage): string {
  if (message.type === 'newrule' && message.mode !== 'append')
    return message.mode === 'insert' ? 'RULE_INSERT' : 'RULE_REPLACE';
  if (message.type === 'newchain' && !message.base && message.policy === null)
    return 'CHAIN_USER_ADD';
  if (message.type === 'delchain') return 'CHAIN_DEL';
  return CALLS[message.type] ?? message.type;
}

function about(message: NftMessage): string {
  if (message.type === 'newrule' || message.type === 'delrule')
    return `rule in chain ${message.chain}`;
  if ('chain' in message) return `chain ${message.chain}`;
  return 'table' in message ? `table ${message.table}` : '';
}
