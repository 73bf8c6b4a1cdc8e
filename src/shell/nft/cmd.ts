/// A command of nft after it was read: what to change or to show, and where each part of it was typed.
import type { NftMessage } from '../../kernel/netfilter/nf_tables_message.ts';
import type { SetRef } from './rule_draft.ts';
import type { Token } from './lexer.ts';
import type { Place } from './trouble.ts';

export type Places = Readonly<Partial<Record<string, Place>>>;

export interface Change {
  readonly do: 'change';
  readonly message: NftMessage;
  readonly whole: Place;
  readonly places: Places; // of table, chain, handle, set, ...
  readonly parts: readonly Place[]; // of expressions or elements
  readonly refs: readonly SetRef[];
  readonly index: number; // `index N` of a rule; -1: not given
}

/// Elements are read when the type of their set is known.
export interface ElementChange {
  readonly do: 'elements';
  readonly op: 'add' | 'create' | 'delete' | 'destroy' | 'get';
  readonly family: string;
  readonly table: string;
  readonly set: string;
  readonly tokens: readonly Token[];
  readonly whole: Place;
  readonly places: Places;
}

export interface Listing {
  readonly do: 'list';
  readonly what: string; // ruleset, tables, table, chain, ...
  readonly family: string; // '' all
  readonly table: string;
  readonly name: string; // chain or set
  readonly whole: Place;
  readonly places: Places;
}

export type Cmd = Change | ElementChange | Listing;
