/// A match of a rule: what is compared with what. Stands for the relational expressions of nftables 1.1.3.
import type { CmpOp, NftExpr, Word } from '../../kernel/netfilter/types.ts';
import type { Kernel } from '../../kernel/state.ts';
import type { Cursor } from './cursor.ts';
import { elementOf } from '../../kernel/netfilter/nft_set.ts';
import {
  emptySpec,
  ownSet,
  prefixMask,
  readElements,
  readFields,
  readOne,
  readScalar,
  type KeyType,
  type Side,
} from './expressions.ts';
import type { RuleDraft } from './rule_draft.ts';
import { Absent, Trouble, span, type Place } from './trouble.ts';
import { isBitmask } from './values.ts';
import { wordTable } from '../word_table.ts';

const OPS: Readonly<Record<string, CmpOp>> = wordTable({
  ...{ '==': 'eq', eq: 'eq', '!=': 'neq', neq: 'neq', ne: 'neq', '<': 'lt', lt: 'lt' },
  ...{ '>': 'gt', gt: 'gt', '<=': 'lte', le: 'lte', '>=': 'gte', ge: 'gte' },
});

const ARITHMETIC = ['|', 'or', '^', 'xor', '<<', '>>'];
const PROTOCOL_FIELDS = new Set(['meta l4proto', 'ip protocol', 'ip6 nexthdr']);
const ECHO_REPLY = 0;
const ECHO_REQUEST = 8;

/// Reads a match and adds it to the draft.
export function readMatch(k: Kernel, cursor: Cursor, draft: RuleDraft): void {
  const from = cursor.peek().place;
  const sides = readFields(cursor);
  for (const side of sides) checkProtocol(draft, side);
  const place = (): Place => span(from, cursor.last());
  if (cursor.takes('vmap')) return readVmap(k, cursor, draft, sides, from);
  if (cursor.sees('map')) throw new Absent('nft: maps that give a value');
  if (cursor.sees('set')) throw new Absent('nft: setting header fields');
  if (ARITHMETIC.some((sign) => cursor.sees(sign))) throw new Absent('nft: arithmetic of fields');
  needEcho(draft, sides, from);
  if (sides.length === 1 && (cursor.sees('&') || cursor.sees('and')))
    return draft.add(readMasked(k, cursor, sides[0]!), place());
  const op = OPS[cursor.peek().text];
  const explicit = op !== undefined;
  if (explicit) cursor.next();
  const not = op === 'neq';
  if (cursor.sees('{') || cursor.sees('@')) {
    if (op && op !== 'eq' && op !== 'neq') throw cursor.unexpected();
    const set = readSet(k, cursor, draft, sides, '');
    const fields = sides.map((side) => side.field.name);
    if (fields.some((name) => PROTOCOL_FIELDS.has(name))) draft.l4 ||= 'th';
    return draft.add({ kind: 'lookup', fields, set, not }, place());
  }
  if (sides.length > 1) return readPair(k, cursor, draft, sides, not, from);
  const expr = readRight(k, cursor, sides[0]!, explicit ? op : null);
  draft.add(expr, place());
  draft.protocolFrom(expr);
}

function checkProtocol(draft: RuleDraft, { field, place }: Side): void {
  const l4 = field.name.split(' ')[0]!;
  const both = l4 === 'icmp' || l4 === 'icmpv6'; // they say nothing of the header below
  const family = both ? '' : field.l3 === 2 ? 'ip' : field.l3 === 10 ? 'ip6' : '';
  const own = draft.family === 'ip' || draft.family === 'ip6' ? draft.family : draft.l3;
  if (family !== '' && own !== '' && own !== family)
    throw new Trouble(place, `conflicting protocols specified: ${own} vs. ${family}`);
  if (family !== '') draft.l3 = family;
  if (field.l4 === 0 || l4 === 'th') return;
  if (draft.l4 !== '' && draft.l4 !== 'th' && draft.l4 !== l4)
    throw new Trouble(place, `conflicting protocols specified: ${draft.l4} vs. ${l4}`);
  draft.l4 = l4;
}

// Only echo messages have an id: without a comparison of the type nft adds one.
function needEcho(draft: RuleDraft, sides: readonly Side[], place: Place): void {
  if (sides[0]!.field.name !== 'icmp id') return;
  const typed = (expr: NftExpr): boolean =>
    'fields' in expr
      ? expr.fields.includes('icmp type')
      : 'field' in expr && expr.field === 'icmp type';
  if (draft.exprs.some(typed)) return;
  const elements = [elementOf([ECHO_REPLY]), elementOf([ECHO_REQUEST])];
  draft.sets.push({ ...emptySpec(['icmp_type']), constant: true, elements });
  const set = `%${draft.sets.length - 1}`;
  draft.add({ kind: 'lookup', fields: ['icmp type'], set, not: false }, place);
}

/// A named set by its sign, or one in braces that becomes the rule's own.
function readSet(
  k: Kernel,
  cursor: Cursor,
  draft: RuleDraft,
  sides: readonly Side[],
  data: string,
): string {
  const types = sides.map((side) => side.field);
  if (cursor.sees('@')) {
    const sign = cursor.next().place;
    const { text, place } = cursor.name();
    draft.refs.push({
      name: text,
      place: span(sign, place),
      types: types.map((t) => t.type),
      data,
    });
    return text;
  }
  const read = readElements(k, cursor, types, data);
  draft.sets.push(ownSet(types, read, data));
  return `%${draft.sets.length - 1}`;
}

function readVmap(
  k: Kernel,
  cursor: Cursor,
  draft: RuleDraft,
  sides: readonly Side[],
  from: Place,
): void {
  const set = readSet(k, cursor, draft, sides, 'verdict');
  const fields = sides.map((side) => side.field.name);
  draft.add({ kind: 'vmap', fields, set }, span(from, cursor.last()));
}

// A concatenation compared with one value: nft makes a set of one element of it.
function readPair(
  k: Kernel,
  cursor: Cursor,
  draft: RuleDraft,
  sides: readonly Side[],
  not: boolean,
  from: Place,
): void {
  sides.forEach((side, i) => {
    if (i > 0) cursor.need('.');
    const { lo, place } = readOne(k, cursor, side.field);
    const match: NftExpr = {
      kind: 'match',
      field: side.field.name,
      mask: null,
      op: not ? 'neq' : 'eq',
      value: lo,
      prefix: -1,
    };
    if (not) throw new Absent('nft: != of a concatenation');
    draft.add(match, span(from, place));
  });
}

// field & mask op value
function readMasked(k: Kernel, cursor: Cursor, { field }: Side): NftExpr {
  cursor.next();
  const mask = readBits(k, cursor, field);
  const op = OPS[cursor.peek().text] ?? 'eq';
  if (OPS[cursor.peek().text]) cursor.next();
  const value = readBits(k, cursor, field);
  if (isBitmask(field.type) && value === 0 && (op === 'eq' || op === 'neq'))
    return { kind: 'flags', field: field.name, bits: mask, not: op === 'eq' };
  return { kind: 'match', field: field.name, mask: [mask], op, value: [value], prefix: -1 };
}

// One value, or several with | between them, with or without parentheses.
function readBits(k: Kernel, cursor: Cursor, type: KeyType): number {
  const inside = cursor.takes('(');
  let bits = Number(readScalar(k, cursor, type)[0]);
  while (cursor.takes('|') || cursor.takes('or'))
    bits = (bits | Number(readScalar(k, cursor, type)[0])) >>> 0;
  if (inside) cursor.need(')');
  return bits;
}

function readRight(k: Kernel, cursor: Cursor, { field }: Side, op: CmpOp | null): NftExpr {
  const { name } = field;
  if (isBitmask(field.type)) return readFlags(k, cursor, field, name, op);
  if (cursor.sees('!')) throw cursor.unexpected();
  const read = readOne(k, cursor, field);
  const same = read.lo.every((word, i) => word === read.hi[i]);
  const cmp = op ?? 'eq';
  if (read.prefix >= 0) {
    const mask = prefixMask(field.bits, read.prefix);
    return { kind: 'match', field: name, mask, op: cmp, value: read.lo, prefix: read.prefix };
  }
  if (!same) {
    if (cmp !== 'eq' && cmp !== 'neq')
      throw new Trouble(read.place, 'Relational expression cannot be used with a range');
    return { kind: 'range', field: name, lo: read.lo, hi: read.hi, not: cmp === 'neq' };
  }
  return { kind: 'match', field: name, mask: null, op: cmp, value: read.lo, prefix: -1 };
}

function readFlags(
  k: Kernel,
  cursor: Cursor,
  type: KeyType,
  field: string,
  op: CmpOp | null,
): NftExpr {
  const not = cursor.takes('!');
  const bits = readList(k, cursor, type);
  if (cursor.takes('/')) {
    const mask = readList(k, cursor, type);
    return { kind: 'match', field, mask: [mask], op: op ?? 'eq', value: [bits], prefix: -1 };
  }
  if (not) return { kind: 'flags', field, bits, not: true };
  if (op === null) return { kind: 'flags', field, bits, not: false };
  return { kind: 'match', field, mask: null, op, value: [bits] as Word[], prefix: -1 };
}

function readList(k: Kernel, cursor: Cursor, type: KeyType): number {
  let bits = readBits(k, cursor, type);
  while (cursor.takes(',')) bits = (bits | readBits(k, cursor, type)) >>> 0;
  return bits;
}
