/// A rule while it is read: its expressions, where each was written, and what they refer to.
import type { NewSetSpec } from '../../kernel/netfilter/nf_tables_message.ts';
import type { NftExpr } from '../../kernel/netfilter/types.ts';
import { Trouble, type Place } from './trouble.ts';

/// A set that a rule names; whether there is one shows later.
export interface SetRef {
  readonly name: string;
  readonly place: Place;
  readonly types: readonly string[];
  readonly data: string;
}

export class RuleDraft {
  readonly family: string;
  readonly exprs: NftExpr[] = [];
  readonly places: Place[] = [];
  readonly sets: NewSetSpec[] = []; // its own: %0, %1, ...
  readonly refs: SetRef[] = [];
  comment = '';
  l3 = ''; // ip or ip6, once an expression has said so
  l4 = '';
  private terminal: Place | null = null;

  constructor(family: string) {
    this.family = family;
  }

  /// Adds an expression; after one that ends the rule none may follow.
  add(expr: NftExpr, place: Place): void {
    if (this.terminal)
      throw new Trouble(place, 'Statement after terminal statement has no effect', this.terminal);
    this.exprs.push(expr);
    this.places.push(place);
    if (endsRule(expr)) this.terminal = place;
  }

  /// Puts a condition before all others, which another expression needs.
  addFirst(expr: NftExpr, place: Place): void {
    this.exprs.unshift(expr);
    this.places.unshift(place);
  }

  /// A comparison with a protocol says which headers may follow.
  protocolFrom(expr: NftExpr): void {
    if (expr.kind !== 'match' || expr.op !== 'eq' || expr.mask) return;
    if (!['meta l4proto', 'ip protocol', 'ip6 nexthdr'].includes(expr.field)) return;
    const names: Readonly<Record<number, string>> = {
      ...{ 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmpv6' },
    };
    this.l4 = names[Number(expr.value[0])] ?? this.l4;
  }
}

function endsRule(expr: NftExpr): boolean {
  if (expr.kind === 'verdict') return expr.verdict !== 'continue';
  return expr.kind === 'reject' || expr.kind === 'nat' || expr.kind === 'queue';
}
