/// What a tool asks nf_tables to do: one message for each change, sent in batches (nfnetlink.ts).
/// Stands for the NFT_MSG_* messages of include/uapi/linux/netfilter/nf_tables.h.
import type { ErrnoName } from '../errno.ts';
import type { Family, NftBase, NftElement, NftExpr, NftSet } from './types.ts';

interface InTable {
  readonly family: Family;
  readonly table: string;
}

/// Which attribute of a message was wrong: the tool shows it in the line that was typed.
export type Attr =
  | 'table'
  | 'chain'
  | 'handle'
  | 'position'
  | 'type'
  | 'set'
  | 'flowtable'
  | 'device'
  | 'element'
  | 'expr'
  | null;

/// A refusal. `index` says which element or expression.
export interface Refused {
  readonly ok: false;
  readonly errno: ErrnoName;
  readonly attr: Attr;
  readonly index: number;
}

export type Answer = { readonly ok: true } | Refused;

export const accepted: Answer = Object.freeze({ ok: true });

export function refused(errno: ErrnoName, attr: Attr = null, index = 0): Refused {
  return { ok: false, errno, attr, index };
}

export interface NewTable extends InTable {
  readonly type: 'newtable';
  readonly excl: boolean; // create: it must not be there
  readonly dormant: boolean | null; // null: as it is
  readonly comment: string;
}

export interface DelTable {
  readonly type: 'deltable';
  readonly family: Family | ''; // '': of every family
  readonly table: string; // '': every table
  readonly handle: number; // 0: by name
  readonly destroy: boolean; // no error when it is not there
}

export interface NewChain extends InTable {
  readonly type: 'newchain';
  readonly chain: string;
  readonly excl: boolean;
  readonly base: NftBase | null; // without policy: accept
  readonly policy: number | null;
  readonly comment: string;
}

export interface RenameChain extends InTable {
  readonly type: 'renamechain';
  readonly chain: string;
  readonly name: string;
}

export interface DelChain extends InTable {
  readonly type: 'delchain';
  readonly chain: string;
  readonly handle: number;
  readonly nonrec: boolean; // NLM_F_NONREC: not while it holds rules
  readonly destroy: boolean;
}

export interface NewRule extends InTable {
  readonly type: 'newrule';
  readonly chain: string;
  readonly exprs: readonly NftExpr[];
  readonly sets: readonly NewSetSpec[]; // of its own; expressions call them %0, %1, ...
  readonly mode: 'append' | 'insert' | 'replace';
  readonly position: number; // handle of the rule to stand by, or to replace; 0: the end
  readonly comment: string;
  readonly origin: 'nft' | 'xtables';
  readonly xt: string;
}

export interface DelRule extends InTable {
  readonly type: 'delrule';
  readonly chain: string; // '': all chains
  readonly handle: number; // 0: all rules
  readonly destroy: boolean;
}

/// A set as it is asked for; the kernel gives the handle.
export type NewSetSpec = Omit<NftSet, 'handle' | 'name'>;

export interface NewSet extends InTable {
  readonly type: 'newset';
  readonly set: string;
  readonly excl: boolean;
  readonly spec: NewSetSpec;
}

export interface DelSet extends InTable {
  readonly type: 'delset';
  readonly set: string;
  readonly handle: number;
  readonly destroy: boolean;
}

export interface NewSetElem extends InTable {
  readonly type: 'newsetelem';
  readonly set: string;
  readonly elements: readonly NftElement[];
  readonly excl: boolean;
}

export interface DelSetElem extends InTable {
  readonly type: 'delsetelem';
  readonly set: string;
  readonly elements: readonly NftElement[] | null; // null: all
  readonly destroy: boolean;
}

export interface NewFlowtable extends InTable {
  readonly type: 'newflowtable';
  readonly flowtable: string;
  readonly excl: boolean;
  readonly priority: number;
  readonly devices: readonly string[];
}

export interface DelFlowtable extends InTable {
  readonly type: 'delflowtable';
  readonly flowtable: string;
  readonly destroy: boolean;
}

export type NftMessage =
  | NewTable
  | DelTable
  | NewChain
  | RenameChain
  | DelChain
  | NewRule
  | DelRule
  | NewSet
  | DelSet
  | NewSetElem
  | DelSetElem
  | NewFlowtable
  | DelFlowtable;
