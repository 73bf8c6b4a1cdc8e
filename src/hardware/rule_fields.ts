/// What of a rule for single flows is compared, as the drivers ask for it: addresses and ports, each with its mask.
import type { NicFilter, NtupleRule } from '../kernel/state.ts';

export const FIELDS = ['src', 'dst', 'sport', 'dport'] as const;

export type Field = (typeof FIELDS)[number];

type Rule = NtupleRule | NicFilter;

/// Nothing of the field is compared.
export function isZero(rule: Rule, field: Field): boolean {
  const mask = rule[`${field}_mask`];
  return typeof mask === 'number' ? mask === 0 : mask.every((word) => word === 0);
}

/// All of the field is compared.
export function isWhole(rule: Rule, field: Field): boolean {
  const mask = rule[`${field}_mask`];
  return typeof mask === 'number' ? mask === 0xffff : mask.every((word) => word === 0xffff_ffff);
}

/// The same bits of the field are compared.
export function sameMask(a: Rule, b: Rule, field: Field): boolean {
  return String(a[`${field}_mask`]) === String(b[`${field}_mask`]);
}

/// The field has the same value, whatever of it is compared.
export function sameValue(a: Rule, b: Rule, field: Field): boolean {
  return String(a[field]) === String(b[field]);
}

/// The field has the same value in the bits that the first rule compares.
export function sameUnderMask(a: Rule, b: Rule, field: Field): boolean {
  const [mask, one, other] = [words(a[`${field}_mask`]), words(a[field]), words(b[field])];
  return mask.every((bits, i) => ((one[i]! ^ other[i]!) & bits) === 0);
}

function words(value: number | number[]): number[] {
  return typeof value === 'number' ? [value] : value;
}
