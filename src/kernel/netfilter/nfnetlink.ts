/// A batch of changes to nf_tables: all of it is put in force at once, or nothing. Stands for
/// nfnetlink_rcv_batch() in net/netfilter/nfnetlink.c with nf_tables_commit() and nf_tables_abort().
/// Left out: notifications to listeners, and a check of the generation (nobody else changes rules meanwhile).
import { clone } from '../../engine/snapshot.ts';
import type { Kernel } from '../state.ts';
import { compileRule } from './compile.ts';
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
  renameChain,
} from './nf_tables_api.ts';
import { refused, type Answer, type NftMessage, type Refused } from './nf_tables_message.ts';
import { needsConntrack, nf_tables_delrule, nf_tables_newrule } from './nf_tables_rule.ts';
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
  const before = clone(k.nf.tables);
  const abort = (): void => nf_tables_abort(k, clone(before));
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
    if (k.nf.tables.every((table) => nft_table_validate(table) === null)) {
      nf_tables_commit(k);
      return errors;
    }
    // Now each message is checked by itself, to find the one that is to blame.
    abort();
    const found = applyAll(k, messages, true);
    abort();
    return found;
  }
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

// Takes everything back, except the handles that tables have given out.
function nf_tables_abort(k: Kernel, before: NftTable[]): void {
  for (const table of before) {
    const now = k.nf.tables.find((one) => one.handle === table.handle);
    if (now) table.hgenerator = Math.max(table.hgenerator, now.hgenerator);
  }
  k.nf.tables = before;
}

/// Puts the tables in force: rules are compiled, base chains hooked, and lists point to where chains are.
function nf_tables_commit(k: Kernel): void {
  let tracked = 0;
  for (const table of k.nf.tables)
    for (const chain of table.chains)
      for (const rule of chain.rules) {
        const { code, names, state } = compileRule(table, rule.exprs, k.now);
        // What a rule has counted stays: only one that is new starts with its first values.
        if (rule.code.length === 0) rule.state = [...state];
        rule.code = code;
        rule.names = names;
        if (rule.exprs.some(needsConntrack)) tracked++;
      }
  hookChains(k);
  nf_ct_netns_get(k, tracked);
  k.nf.base_seq++;
  k.config_version++;
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
