/// What netfilter keeps: hook lists, and the tables of nf_tables as the host's commands have written
/// them. Plain data; a rule holds its expressions as they were given and, beside them, the numbers they
/// were compiled to (compile.ts). Stands for the structures in include/net/netfilter/nf_tables.h.
/// Left out: objects with names (counter, quota, limit), meters, synproxy, tunnels, offload.
import type { Conntrack } from './conntrack/types.ts';

// enum nf_inet_hooks, and the verdicts. include/uapi/linux/netfilter.h
export const NF_INET_PRE_ROUTING = 0;
export const NF_INET_LOCAL_IN = 1;
export const NF_INET_FORWARD = 2;
export const NF_INET_LOCAL_OUT = 3;
export const NF_INET_POST_ROUTING = 4;
export const NF_INET_INGRESS = 5;
export const NF_NETDEV_INGRESS = 0;

export const NF_DROP = 0;
export const NF_ACCEPT = 1;
export const NF_STOLEN = 2;
export const NF_QUEUE = 3;
export const NF_REPEAT = 4;
export const NF_STOP = 5;

// Protocol families as hooks know them: AF_INET, AF_INET6, and the two of netfilter's own.
export const NFPROTO_IPV4 = 2;
export const NFPROTO_NETDEV = 5;
export const NFPROTO_IPV6 = 10;

export type Family = 'ip' | 'ip6' | 'inet' | 'netdev';

export interface NfState {
  /// Hook functions by list: 0 to 4 the IPv4 hooks, 5 to 9 the IPv6 ones. Callers look here first.
  active: number[];
  out: number; // functions at LOCAL_OUT and POST_ROUTING of both families together
  hooks: NfHookEntry[][]; // the same lists, in the order in which they run
  ingress: NfHookEntry[][]; // by index into devs; shorter than devs when the last have none
  tables: NftTable[]; // in order of creation
  table_handle: number; // handles given to tables
  base_seq: number; // generation: grows with each transaction
  next_id: number; // identity of the next chain, for the hook lists
  modules: string[]; // expression and chain types that were loaded when first asked for
  sent_flow: number; // row of flows that stands for what the host is sending; -1: not made yet
  ct_users: number; // rules that need connection tracking
  ct: Conntrack | null; // its table; null: the module is not loaded. conntrack/types.ts
}

/// One function in a hook list. struct nf_hook_entry
export interface NfHookEntry {
  priority: number;
  fn: number; // index into hookFunctions (hook_functions.ts)
  id: number; // the base chain it runs; 0: none
  table: number; // where that chain is now: index into tables
  chain: number; // and into the table's chains
}

export interface NftTable {
  family: Family;
  name: string;
  handle: number;
  hgenerator: number; // handles given out inside the table
  dormant: boolean; // its base chains are not hooked
  comment: string;
  stale: boolean; // chains or sets have moved: rules are compiled again at the next packet
  chains: NftChain[];
  sets: NftSet[];
  flowtables: NftFlowtable[];
}

export interface NftChain {
  id: number; // never given twice
  name: string;
  handle: number;
  base: NftBase | null; // null: a regular chain
  comment: string;
  rules: NftRule[];
}

/// What makes a chain a base chain.
export interface NftBase {
  type: 'filter' | 'nat' | 'route';
  hook: number;
  priority: number;
  policy: number; // NF_ACCEPT or NF_DROP
  devices: string[]; // ingress hooks
  counted: boolean; // counts what its policy decides over, as the chains of iptables do
  packets: number;
  bytes: number;
}

export interface NftRule {
  handle: number;
  comment: string;
  origin: 'nft' | 'xtables'; // which tool wrote it
  exprs: readonly NftExpr[]; // frozen
  ct: boolean; // one of them reads or changes the packet's connection
  bound: boolean; // one of them is not allowed at every hook, or leads to a chain
  xt: string; // opaque record of the tool that wrote it; '' none
  code: readonly number[]; // frozen; compile.ts
  names: readonly string[]; // interface names that the code compares; frozen
  state: number[]; // counters and buckets, at the places that the code knows
}

/// A set, or with `data` a map; those with names starting in __ belong to one rule.
export interface NftSet {
  name: string;
  handle: number;
  fields: string[]; // data types of the key, one for each part of a concatenation
  data: string; // data type of what it maps to; 'verdict'; '' a plain set
  interval: boolean;
  constant: boolean;
  timeout: boolean; // elements may have a timeout
  dynamic: boolean; // rules may add elements
  auto_merge: boolean;
  default_timeout_ns: number;
  typeof: string; // what the key was taken from: ip saddr . tcp dport; '' it was named by type
  size: number; // 0: no limit
  comment: string;
  elements: NftElement[]; // in order of their keys
}

/// A part of a key: numbers of up to 32 bits, or an interface name.
export type Word = number | string;

export interface NftElement {
  lo: Word[];
  hi: Word[]; // the same as lo where it is one value
  catchall: boolean; // the element `*`
  data: Word[]; // of a map
  verdict: NftVerdict | null; // of a verdict map
  timeout_ns: number; // 0: stays
  expires: number; // ns; 0: stays
  comment: string;
}

export type VerdictName = 'accept' | 'drop' | 'continue' | 'return' | 'jump' | 'goto';

export interface NftVerdict {
  verdict: VerdictName;
  chain: string; // of jump and goto
}

export type CmpOp = 'eq' | 'neq' | 'lt' | 'gt' | 'lte' | 'gte';

/// What a rule does, in order. `xt` is on what iptables wrote in its own form (match and target
/// expressions of nft_compat): how nft shows it.
export type NftExpr = (
  | {
      readonly kind: 'match'; // (field & mask) op value
      readonly field: string; // fields.ts
      readonly mask: readonly number[] | null;
      readonly op: CmpOp;
      readonly value: readonly Word[];
      readonly prefix: number; // written as value/prefix; -1: not
    }
  | {
      readonly kind: 'range';
      readonly field: string;
      readonly lo: readonly Word[];
      readonly hi: readonly Word[];
      readonly not: boolean;
    }
  | {
      readonly kind: 'flags'; // any of these bits, or with `not` none
      readonly field: string;
      readonly bits: number;
      readonly not: boolean;
    }
  | {
      readonly kind: 'lookup';
      readonly fields: readonly string[];
      readonly set: string;
      readonly not: boolean;
    }
  | { readonly kind: 'vmap'; readonly fields: readonly string[]; readonly set: string }
  | {
      readonly kind: 'dynset';
      readonly op: 'add' | 'update' | 'delete';
      readonly fields: readonly string[];
      readonly set: string;
      readonly timeout_ns: number; // 0: the set's own
    }
  | { readonly kind: 'counter'; readonly packets: number; readonly bytes: number }
  | {
      readonly kind: 'limit';
      readonly rate: number; // packets, or bytes
      readonly unit: number; // s
      readonly burst: number;
      readonly bytes: boolean;
      readonly over: boolean;
    }
  | {
      readonly kind: 'quota';
      readonly bytes: number;
      readonly used: number;
      readonly over: boolean;
    }
  | {
      readonly kind: 'log';
      readonly prefix: string;
      readonly level: number; // 4: warning, the default
      readonly flags: number; // NF_LOG_*
    }
  | {
      readonly kind: 'reject';
      readonly type: 'icmp' | 'icmpv6' | 'icmpx' | 'tcp reset';
      readonly code: number;
      readonly family: number; // 0: of the table
    }
  | { readonly kind: 'notrack' }
  | {
      readonly kind: 'mark'; // mark = (mark & and) ^ xor
      readonly target: 'meta' | 'ct';
      readonly and: number;
      readonly xor: number;
    }
  | {
      readonly kind: 'nat';
      readonly type: 'snat' | 'dnat' | 'masquerade' | 'redirect';
      readonly family: '' | 'ip' | 'ip6'; // written in inet tables
      readonly addr: readonly (readonly Word[])[]; // none, one, or the ends of a range
      readonly port: readonly number[]; // none, one, or the ends of a range
      readonly flags: readonly string[]; // random, fully-random, persistent
    }
  | {
      readonly kind: 'queue';
      readonly num: number;
      readonly last: number;
      readonly bypass: boolean;
      readonly fanout: boolean;
    }
  | { readonly kind: 'verdict'; readonly verdict: VerdictName; readonly chain: string }
) & { readonly xt?: string };

export interface NftFlowtable {
  name: string;
  handle: number;
  priority: number;
  devices: string[];
}

/// Netfilter at boot: nothing hooked.
export function createNf(): NfState {
  return {
    active: new Array<number>(10).fill(0),
    out: 0,
    hooks: Array.from({ length: 10 }, () => []),
    ingress: [],
    tables: [],
    table_handle: 0,
    base_seq: 1,
    next_id: 1,
    modules: [],
    sent_flow: -1,
    ct_users: 0,
    ct: null,
  };
}
