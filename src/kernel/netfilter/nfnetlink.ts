/// A batch of changes to nf_tables: all of it is put in force at once, or nothing. Stands for
/// nfnetlink_rcv_batch() in net/netfilter/nfnetlink.c with nf_tables_commit() and nf_tables_abort().
/// Left out: notifications to listeners, and a check of the generation (nobody else changes rules meanwhile).
import type { Kernel } from '../state.ts';
import { compileTable } from './compile.ts';
import {
  hookEntries,
  nf_register_net_hook,
  nf_unregister_net_hook,
  registerIngress,
} from './hook_lists.ts';
import { nf_ct_netns_get } from './conntrack/module.ts';
import { HOOK_NFT, HOOK_NFT_NAT } from './hook_numbers.ts';
import {
  isIngress,
  nf_tables_delchain,
  nf_tables_delflowtable,
  nf_tables_deltable,
  nf_tables_newchain,
  nf_tables_newflowtable,
  nf_tables_newtable,
  nft_chain_lookup,
  nft_table_lookup,
  renameChain,
} from './nf_tables_api.ts';
import { refused, type Answer, type NftMessage, type Refused } from './nf_tables_message.ts';
import { isBound, nf_tables_delrule, nf_tables_newrule } from './nf_tables_rule.ts';
import {
  nf_tables_delset,
  nf_tables_delsetelem,
  nf_tables_newset,
  nf_tables_newsetelem,
} from './nf_tables_set.ts';
import { nft_table_validate } from './nf_tables_validate.ts';
import {
  NFPROTO_IPV4,
  NFPROTO_IPV6,
  type Family,
  type NfHookEntry,
  type NftChain,
  type NftElement,
  type NftFlowtable,
  type NftRule,
  type NftSet,
  type NftTable,
} from './types.ts';

/// A refused message: which one of the batch, and why.
export interface BatchError extends Refused {
  readonly message: number;
}

/// Carries out a batch. Without errors it is in force (with `check` it is only tried); with any, nothing
/// has changed but the handles that were used up.
export function nfnetlink_rcv_batch(
  k: Kernel,
  messages: readonly NftMessage[],
  check = false,
): readonly BatchError[] {
  const before = keep(k, messages);
  const abort = (): void => nf_tables_abort(k, before);
  for (;;) {
    const errors = applyAll(k, messages, false);
    if (errors.some((error) => error.errno === 'EAGAIN')) {
      abort();
      continue;
    }
    if (errors.length > 0 || check) {
      abort();
      return errors;
    }
    if (!asksValidation(k, messages) || allValid(k)) {
      nf_tables_commit(k, before);
      return errors;
    }
    // Now each message is checked by itself, to find the one that is to blame.
    abort();
    const found = applyAll(k, messages, true);
    abort();
    return found;
  }
}

function allValid(k: Kernel): boolean {
  return k.nf.tables.every((table) => nft_table_validate(table) === null);
}

// Whether a change could make a right ruleset a wrong one. A rule that leads nowhere can only lengthen the way
// through a chain that others jump to. net/netfilter/nf_tables_api.c:nft_validate_state_update()
function asksValidation(k: Kernel, messages: readonly NftMessage[]): boolean {
  return messages.some((message) => {
    if (message.type === 'newchain') return message.base !== null;
    if (message.type === 'newsetelem')
      return message.elements.some(({ verdict }) => verdict?.chain);
    if (message.type !== 'newrule') return false;
    const table = nft_table_lookup(k, message.family, message.table);
    return message.exprs.some(isBound) || !(table && nft_chain_lookup(table, message.chain)?.base);
  });
}

function applyAll(k: Kernel, messages: readonly NftMessage[], validate: boolean): BatchError[] {
  const errors: BatchError[] = [];
  for (const [i, message] of messages.entries()) {
    let answer = apply(k, message);
    const adds = message.type === 'newrule' || message.type === 'newsetelem';
    if (answer.ok && validate && adds)
      for (const table of k.nf.tables) {
        const error = nft_table_validate(table);
        if (error && answer.ok) answer = refused(error);
      }
    if (answer.ok) continue;
    errors.push({ ...answer, message: i });
    if (answer.errno === 'EAGAIN') return errors;
  }
  return errors;
}

function apply(k: Kernel, message: NftMessage): Answer {
  switch (message.type) {
    case 'newtable':
      return nf_tables_newtable(k, message);
    case 'deltable':
      return nf_tables_deltable(k, message);
    case 'newchain':
      return nf_tables_newchain(k, message);
    case 'renamechain':
      return renameChain(k, message);
    case 'delchain':
      return nf_tables_delchain(k, message);
    case 'newrule':
      return nf_tables_newrule(k, message);
    case 'delrule':
      return nf_tables_delrule(k, message);
    case 'newset':
      return nf_tables_newset(k, message);
    case 'delset':
      return nf_tables_delset(k, message);
    case 'newsetelem':
      return nf_tables_newsetelem(k, message);
    case 'delsetelem':
      return nf_tables_delsetelem(k, message);
    case 'newflowtable':
      return nf_tables_newflowtable(k, message);
    case 'delflowtable':
      return nf_tables_delflowtable(k, message);
  }
}

/// What a batch may change, as it was before: messages replace rules and elements, and never write into them.
interface Kept {
  readonly tables: readonly KeptTable[];
  readonly sets: readonly { readonly set: NftSet; readonly elements: readonly NftElement[] }[];
}

interface KeptTable {
  readonly table: NftTable;
  readonly dormant: boolean;
  readonly chains: readonly NftChain[];
  readonly sets: readonly NftSet[];
  readonly flowtables: readonly NftFlowtable[];
  readonly inside: readonly {
    readonly name: string;
    readonly policy: number;
    readonly rules: readonly NftRule[];
  }[]; // by chain
}

function keep(k: Kernel, messages: readonly NftMessage[]): Kept {
  const changed = (table: NftTable, set: NftSet): boolean =>
    messages.some(
      (one) =>
        one.type === 'renamechain' ||
        ((one.type === 'newsetelem' || one.type === 'delsetelem') &&
          one.set === set.name &&
          one.table === table.name),
    );
  const writes = messages.some(({ type }) => type === 'renamechain' || type.endsWith('setelem'));
  const sets = writes
    ? k.nf.tables.flatMap((table) => table.sets.filter((set) => changed(table, set)))
    : [];
  return {
    tables: k.nf.tables.map((table) => ({
      table,
      dormant: table.dormant,
      chains: [...table.chains],
      sets: [...table.sets],
      flowtables: [...table.flowtables],
      inside: table.chains.map(({ name, base, rules }) => ({
        ...{ name, policy: base?.policy ?? 0, rules: [...rules] },
      })),
    })),
    sets: sets.map((set) => ({ set, elements: [...set.elements] })),
  };
}

// Takes everything back, except the handles that tables have given out.
function nf_tables_abort(k: Kernel, before: Kept): void {
  k.nf.tables = before.tables.map(({ table }) => table);
  for (const { table, dormant, chains, sets, flowtables, inside } of before.tables) {
    table.dormant = dormant;
    table.chains = [...chains];
    table.sets = [...sets];
    table.flowtables = [...flowtables];
    for (const [i, { name, policy, rules }] of inside.entries()) {
      const chain = chains[i]!;
      chain.name = name;
      chain.rules = [...rules];
      if (chain.base) chain.base.policy = policy;
    }
  }
  for (const { set, elements } of before.sets) set.elements = [...elements];
}

/// Puts the tables in force: new rules are compiled, base chains hooked, and lists point to where chains are.
function nf_tables_commit(k: Kernel, before: Kept): void {
  let tracked = 0;
  for (const table of k.nf.tables) {
    const old = before.tables.find((one) => one.table === table);
    const moved = old && (shifted(old.chains, table.chains) || shifted(old.sets, table.sets));
    compileTable(table, false, k.now);
    if (moved) table.stale = true;
    for (const { rules } of table.chains) for (const rule of rules) if (rule.ct) tracked++;
  }
  hookChains(k);
  nf_ct_netns_get(k, tracked);
  k.nf.base_seq++;
  k.config_version++;
}

// Whether one that was there is not where it was.
function shifted<T>(before: readonly T[], now: readonly T[]): boolean {
  return before.some((one, i) => now[i] !== one);
}

function hookChains(k: Kernel): void {
  const wanted = k.nf.tables
    .filter((table) => !table.dormant)
    .flatMap((table) => table.chains.filter((one) => one.base).map((chain) => ({ table, chain })))
    .sort((a, b) => a.chain.id - b.chain.id);
  nf_unregister_net_hook(
    k,
    (entry) => entry.id > 0 && !wanted.some(({ chain }) => chain.id === entry.id),
  );
  const hooked = new Set(hookEntries(k).map((entry) => entry.id));
  for (const { table, chain } of wanted)
    if (!hooked.has(chain.id)) registerChain(k, table.family, chain);
  for (const entry of hookEntries(k)) relink(k, entry);
}

// net/netfilter/nf_tables_api.c:nf_tables_register_hook(); inet chains are in both families' lists.
function registerChain(k: Kernel, family: Family, chain: NftChain): void {
  const { type, hook, priority, devices } = chain.base!;
  const entry = (): NfHookEntry => ({
    priority,
    fn: type === 'nat' ? HOOK_NFT_NAT : HOOK_NFT,
    id: chain.id,
    table: -1,
    chain: -1,
  });
  if (isIngress(family, hook)) {
    for (const name of devices) {
      const dev = k.devs.find((one) => one.name === name);
      if (dev) registerIngress(k, dev, entry());
    }
    return;
  }
  if (family !== 'ip6') nf_register_net_hook(k, NFPROTO_IPV4, hook, entry());
  if (family !== 'ip') nf_register_net_hook(k, NFPROTO_IPV6, hook, entry());
}

function relink(k: Kernel, entry: NfHookEntry): void {
  if (entry.id === 0) return;
  entry.table = k.nf.tables.findIndex((table) => table.chains.some((one) => one.id === entry.id));
  const { chains } = k.nf.tables[entry.table]!;
  entry.chain = chains.findIndex((one) => one.id === entry.id);
}
