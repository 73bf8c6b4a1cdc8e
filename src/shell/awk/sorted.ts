/// The order of `for (key in array)`: the array's own, or the one that PROCINFO["sorted_in"] asks for.
/// Left out: orders given by a function of the program.
import { AwkArray } from './array.ts';
import { slotOf } from './builtin_names.ts';
import type { Runtime } from './runtime.ts';
import { compare, toNumber } from './values.ts';
import type { Value } from './values.ts';

type Pair = readonly [key: Value, value: Value];

export function sortedKeys(rt: Runtime, array: AwkArray): Value[] {
  const info = rt.globals[slotOf('PROCINFO')];
  const wanted = info instanceof AwkArray ? info.items.get('sorted_in') : undefined;
  const keys = array.keys();
  if (wanted === undefined) return keys;
  const name = rt.text(wanted);
  const match = /^@(ind|val)_(str|num|type)_(asc|desc)$/.exec(name);
  if (!match) {
    if (name === '@unsorted' || name === '') return keys;
    throw rt.fatal(`softnet: not modelled here: sorting by \`${name}'`);
  }
  const [, what, how, direction] = match;
  const pairs = keys.map((key): Pair => [key, array.items.get(rt.text(key))]);
  const order = comparator(rt, what === 'ind' ? 0 : 1, how ?? 'str');
  return pairs
    .sort((a, b) => (direction === 'desc' ? order(b, a) : order(a, b)))
    .map(([key]) => key);
}

function comparator(rt: Runtime, part: 0 | 1, how: string): (a: Pair, b: Pair) => number {
  const text = (value: Value): string => rt.text(value);
  const byText = (a: Value, b: Value): number =>
    text(a) < text(b) ? -1 : text(a) > text(b) ? 1 : 0;
  return (a, b) => {
    if (how === 'str') return byText(a[part], b[part]) || byText(a[0], b[0]);
    if (how === 'num')
      return (
        toNumber(a[part]) - toNumber(b[part]) || byText(a[part], b[part]) || byText(a[0], b[0])
      );
    return byType(rt, a[part], b[part]) || byText(a[0], b[0]);
  };
}

/// Numbers before texts.
export function byType(rt: Runtime, a: Value, b: Value): number {
  const rank = (value: Value): number =>
    typeof value === 'string' || (typeof value === 'object' && value.numeric() === null) ? 1 : 0;
  return rank(a) - rank(b) || compare(a, b, rt.convfmt);
}
