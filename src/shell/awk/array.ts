/// AWK's arrays, and the order in which `for (key in array)` goes through one. POSIX leaves the order
/// open; gawk's comes from its hash tables, and programs print by it: an array whose first key is
/// a whole number lists its other keys first, then the numbers upwards; else all keys lie in a table
/// of chains, which grows when it holds more than two for each chain.
/// Left out: numbers too sparse for gawk's first table, which it lists earlier.
import { Fatal } from './ast.ts';
import type { Value } from './values.ts';
import { toBytes } from '../bytes.ts';

const tableSizes = [
  13, 127, 1021, 8191, 16381, 32749, 65497, 131101, 262147, 524309, 1048583, 2097169,
];
const longestChains = 2; // on average
const mostItems = 1 << 20;
const wholeNumber = /^(?:0|[1-9]\d{0,8})$/;

export class AwkArray {
  readonly items = new Map<string, Value>();
  private numbered = false; // the first key was a whole number

  get(key: string): Value {
    const found = this.items.get(key);
    if (found === undefined && !this.items.has(key)) this.set(key, undefined);
    return found;
  }

  set(key: string, value: Value): void {
    if (this.items.size === 0) this.numbered = wholeNumber.test(key);
    if (this.items.size >= mostItems && !this.items.has(key))
      throw new Fatal(`softnet: an array is limited to ${mostItems} elements here`);
    this.items.set(key, value);
  }

  /// The keys in gawk's order. Whole numbers come as numbers where gawk keeps them so.
  keys(): Value[] {
    const all = [...this.items.keys()];
    if (!this.numbered) return hashOrder(all);
    const numbers = all.filter((key) => wholeNumber.test(key)).map(Number);
    const others = all.filter((key) => !wholeNumber.test(key));
    return [...hashOrder(others), ...numbers.sort((a, b) => a - b)];
  }
}

/// Each byte counts as signed, the sum is kept to 32 bits.
function hash(key: string): number {
  let sum = 0;
  for (const byte of toBytes(key)) sum = (Math.imul(sum, 65599) + ((byte << 24) >> 24)) >>> 0;
  return sum;
}

/// New keys go to the head of their chain; so do keys moved when the table grows.
function hashOrder(keys: readonly string[]): string[] {
  let size = 0;
  let chains: { key: string; hash: number }[][] = makeChains((size = tableSizes[0] as number));
  let count = 0;
  for (const key of keys) {
    count++;
    if (Math.floor(count / size) > longestChains) {
      const bigger = tableSizes.find((next) => next > size) ?? size;
      const old = chains;
      chains = makeChains((size = bigger));
      for (const chain of old) for (const entry of chain) chains[entry.hash % size]?.unshift(entry);
    }
    const code = hash(key);
    chains[code % size]?.unshift({ key, hash: code });
  }
  return chains.flatMap((chain) => chain.map((entry) => entry.key));
}

function makeChains(size: number): { key: string; hash: number }[][] {
  return Array.from({ length: size }, () => []);
}
