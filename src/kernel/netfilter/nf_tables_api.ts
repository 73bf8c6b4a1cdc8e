/// Tables, chains and flowtables of nf_tables as commands change them. Each function stands for the
/// one of net/netfilter/nf_tables_api.c that has its name; they run inside a batch (nfnetlink.ts), which
/// puts the whole in force or takes it all back.
/// Left out: ownership of tables, flowtables' effect (nothing is put into one here),
/// the ARP and bridge families.
import type { Kernel } from '../state.ts';
import { NF_IP_PRI } from './hook_lists.ts';
import {
  accepted,
  refused,
  type Answer,
  type DelChain,
  type DelFlowtable,
  type DelTable,
  type NewChain,
  type NewFlowtable,
  type NewTable,
  type RenameChain,
} from './nf_tables_message.ts';
import {
  NF_ACCEPT,
  NF_INET_FORWARD,
  NF_INET_INGRESS,
  NF_INET_LOCAL_OUT,
  type Family,
  type NftChain,
  type NftRule,
  type NftTable,
} from './types.ts';

const NFT_NAME_MAXLEN = 256;

export function nft_table_lookup(k: Kernel, family: string, name: string): NftTable | undefined {
  return k.nf.tables.find((table) => table.family === family && table.name === name);
}

export function nft_chain_lookup(table: NftTable, name: string): NftChain | undefined {
  return table.chains.find((chain) => chain.name === name);
}

export function nf_tables_alloc_handle(table: NftTable): number {
  return ++table.hgenerator;
}

/// Adds a table, or with `excl` false leaves the one that is there (and changes its flag).
export function nf_tables_newtable(k: Kernel, ask: NewTable): Answer {
  const table = nft_table_lookup(k, ask.family, ask.table);
  if (ask.table.length >= NFT_NAME_MAXLEN) return refused('EINVAL', 'table');
  if (table) {
    if (ask.excl) return refused('EEXIST', 'table');
    if (ask.dormant !== null) table.dormant = ask.dormant;
    return accepted;
  }
  k.nf.tables.push({
    family: ask.family,
    name: ask.table,
    handle: ++k.nf.table_handle,
    hgenerator: 0,
    dormant: ask.dormant ?? false,
    comment: ask.comment,
    stale: false,
    chains: [],
    sets: [],
    flowtables: [],
  });
  return accepted;
}

/// Removes a table with all that is in it; without a name every table (of the family).
export function nf_tables_deltable(k: Kernel, ask: DelTable): Answer {
  if (ask.table === '' && ask.handle === 0) {
    k.nf.tables = k.nf.tables.filter((one) => ask.family !== '' && one.family !== ask.family);
    return accepted;
  }
  const at = k.nf.tables.findIndex(
    (one) =>
      one.family === ask.family &&
      (ask.handle === 0 ? one.name === ask.table : one.handle === ask.handle),
  );
  if (at < 0) {
    if (ask.destroy) return accepted;
    return refused('ENOENT', ask.handle === 0 ? 'table' : 'handle');
  }
  k.nf.tables.splice(at, 1);
  return accepted;
}

/// Adds a chain, or changes the policy of the one that is there.
export function nf_tables_newchain(k: Kernel, ask: NewChain): Answer {
  const table = nft_table_lookup(k, ask.family, ask.table);
  if (!table) return refused('ENOENT', 'table');
  const chain = nft_chain_lookup(table, ask.chain);
  if (ask.policy !== null && !(chain ? chain.base : ask.base)) return refused('EOPNOTSUPP');
  if (chain) {
    if (ask.excl) return refused('EEXIST', 'chain');
    return nf_tables_updchain(chain, ask);
  }
  if (ask.base) {
    const bad = nft_chain_parse_hook(k, ask.family, ask.base);
    if (!bad.ok) return bad;
  }
  table.chains.push({
    id: k.nf.next_id++,
    name: ask.chain,
    handle: nf_tables_alloc_handle(table),
    base: ask.base && {
      ...ask.base,
      devices: [...ask.base.devices],
      policy: ask.policy ?? NF_ACCEPT,
    },
    comment: ask.comment,
    rules: [],
  });
  return accepted;
}

function nf_tables_updchain(chain: NftChain, ask: NewChain): Answer {
  const { base } = chain;
  if (ask.base) {
    if (!base) return refused('EEXIST', 'chain');
    if (ask.base.hook !== base.hook || ask.base.priority !== base.priority)
      return refused('EOPNOTSUPP');
    if (ask.base.type !== base.type) return refused('EEXIST', 'chain');
    // The kernel would hook further devices; that is not modelled.
    if (ask.base.devices.some((name) => !base.devices.includes(name)))
      return refused('ENOTMODELLED', 'chain');
  }
  if (ask.policy !== null && base) base.policy = ask.policy;
  return accepted;
}

// Hooks that a type of chain may be on. net/netfilter/nft_chain_*.c
function hookAllowed(family: Family, type: string, hook: number): boolean {
  if (family === 'netdev') return type === 'filter' && hook === 0;
  if (type === 'route') return hook === NF_INET_LOCAL_OUT;
  if (type === 'nat') return hook < NF_INET_INGRESS && hook !== NF_INET_FORWARD;
  return hook < NF_INET_INGRESS || (family === 'inet' && hook === NF_INET_INGRESS);
}

/// Is this a hook that such a chain can have?
function nft_chain_parse_hook(
  k: Kernel,
  family: Family,
  base: NonNullable<NewChain['base']>,
): Answer {
  if (family === 'netdev' && base.type !== 'filter') return refused('ENOENT', 'type');
  if (base.type === 'nat' && !loaded(k, 'nft-chain-nat')) return refused('EAGAIN');
  if (!hookAllowed(family, base.type, base.hook)) return refused('EOPNOTSUPP');
  if (base.type === 'nat' && base.priority <= NF_IP_PRI.CONNTRACK) return refused('EOPNOTSUPP');
  if (!isIngress(family, base.hook))
    return base.devices.length > 0 ? refused('EOPNOTSUPP') : accepted;
  const missing = base.devices.some((name) => !k.devs.some((dev) => dev.name === name));
  return missing ? refused('ENOENT', 'device') : accepted;
}

/// Whether a base chain there belongs to devices.
export function isIngress(family: Family, hook: number): boolean {
  return family === 'netdev' || (family === 'inet' && hook === NF_INET_INGRESS);
}

/// Whether a module has been asked for before; the first to ask waits for it (EAGAIN: once more).
/// net/netfilter/nf_tables_api.c:nft_request_module()
export function loaded(k: Kernel, module: string): boolean {
  if (k.nf.modules.includes(module)) return true;
  k.nf.modules.push(module);
  return false;
}

export function renameChain(k: Kernel, ask: RenameChain): Answer {
  const table = nft_table_lookup(k, ask.family, ask.table);
  if (!table) return refused('ENOENT', 'table');
  const chain = nft_chain_lookup(table, ask.chain);
  if (!chain) return refused('ENOENT', 'chain');
  if (nft_chain_lookup(table, ask.name)) return refused('EEXIST', 'chain');
  // What names the chain is replaced, not changed: the batch may still be taken back.
  for (const other of table.chains)
    other.rules = other.rules.map((rule) =>
      jumps(rule, ask.chain) ? redirected(rule, ask) : rule,
    );
  for (const set of table.sets)
    set.elements = set.elements.map((one) =>
      one.verdict?.chain === ask.chain
        ? { ...one, verdict: { ...one.verdict, chain: ask.name } }
        : one,
    );
  chain.name = ask.name;
  return accepted;
}

function jumps(rule: NftRule, chain: string): boolean {
  return rule.exprs.some((expr) => expr.kind === 'verdict' && expr.chain === chain);
}

function redirected(rule: NftRule, { chain, name }: RenameChain): NftRule {
  const exprs = rule.exprs.map((expr) =>
    expr.kind === 'verdict' && expr.chain === chain ? { ...expr, chain: name } : expr,
  );
  return { ...rule, exprs: Object.freeze(exprs) };
}

/// Removes a chain and its rules, unless something jumps to it.
export function nf_tables_delchain(k: Kernel, ask: DelChain): Answer {
  const table = nft_table_lookup(k, ask.family, ask.table);
  if (!table) return refused('ENOENT', 'table');
  const at = table.chains.findIndex((one) =>
    ask.handle === 0 ? one.name === ask.chain : one.handle === ask.handle,
  );
  const attr = ask.handle === 0 ? 'chain' : 'handle';
  const chain = table.chains[at];
  if (!chain) return ask.destroy ? accepted : refused('ENOENT', attr);
  const jumps = jumpsTo(table, chain.name);
  if (ask.nonrec && jumps + chain.rules.length > 0) return refused('EBUSY');
  if (jumps > 0) return refused('EBUSY', attr);
  dropSets(table, chain);
  table.chains.splice(at, 1);
  return accepted;
}

/// How many rules and elements lead to a chain; what iptables shows as references.
export function jumpsTo(table: NftTable, name: string): number {
  let jumps = 0;
  for (const chain of table.chains)
    for (const { exprs } of chain.rules)
      jumps += exprs.filter((expr) => expr.kind === 'verdict' && expr.chain === name).length;
  for (const set of table.sets)
    jumps += set.elements.filter((element) => element.verdict?.chain === name).length;
  return jumps;
}

/// Takes away the sets that only rules of this chain used.
function dropSets(table: NftTable, chain: NftChain): void {
  for (const rule of chain.rules)
    for (const expr of rule.exprs)
      if ('set' in expr && expr.set.startsWith('__'))
        table.sets = table.sets.filter((set) => set.name !== expr.set);
}

export function nf_tables_newflowtable(k: Kernel, ask: NewFlowtable): Answer {
  const table = nft_table_lookup(k, ask.family, ask.table);
  if (!table) return refused('ENOENT', 'table');
  if (table.flowtables.some((one) => one.name === ask.flowtable))
    return ask.excl ? refused('EEXIST', 'flowtable') : accepted;
  const handle = nf_tables_alloc_handle(table);
  if (!loaded(k, `nf-flowtable-${ask.family}`)) return refused('EAGAIN');
  const missing = ask.devices.some((name) => !k.devs.some((dev) => dev.name === name));
  if (missing) return refused('ENOENT', 'device');
  table.flowtables.push({
    name: ask.flowtable,
    handle,
    priority: ask.priority,
    devices: [...ask.devices],
  });
  return accepted;
}

export function nf_tables_delflowtable(k: Kernel, ask: DelFlowtable): Answer {
  const table = nft_table_lookup(k, ask.family, ask.table);
  if (!table) return refused('ENOENT', 'table');
  const at = table.flowtables.findIndex((one) => one.name === ask.flowtable);
  if (at < 0) return ask.destroy ? accepted : refused('ENOENT', 'flowtable');
  table.flowtables.splice(at, 1);
  return accepted;
}
