/// Vectors of the hash helpers: SipHash, lookup3, the golden ratio, and scaling.
import { hash_32, hash_64_generic, reciprocalScale } from '../hash.ts';
import { jhash2, jhash_1word, jhash_2words, jhash_3words } from '../jhash.ts';
import { hsiphash, siphash } from '../siphash.ts';
import { bytesOfHex, differs, sipKeyOf } from './bare_host.ts';

interface Bytes {
  readonly kind: 'siphash_bytes';
  readonly key0: string;
  readonly key1: string;
  readonly data_hex: string;
  readonly siphash: string;
  readonly hsiphash64: number;
}

interface Words {
  readonly kind: 'u32';
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly initval: number;
  readonly jhash_1word: number;
  readonly jhash_2words: number;
  readonly jhash_3words: number;
  readonly hash_32_bits: number;
  readonly hash_32_a: number;
  readonly hash_64_ab: number;
  readonly array: readonly number[];
  readonly jhash2_array: number;
  readonly range: number;
  readonly reciprocal_scale_a: number;
}

export function run(given: unknown): string | null {
  const test = given as Bytes | Words;
  return test.kind === 'siphash_bytes' ? ofBytes(test) : ofWords(test);
}

function ofBytes(test: Bytes): string | null {
  const data = bytesOfHex(test.data_hex);
  const key = sipKeyOf(test.key0, test.key1);
  const { low, high } = siphash(data, key);
  const text = [high, low].map((half) => half.toString(16).padStart(8, '0')).join('');
  return (
    differs('siphash', text, test.siphash) ??
    differs('hsiphash', hsiphash(data, key), test.hsiphash64)
  );
}

function ofWords(test: Words): string | null {
  const { a, b, c, initval, hash_32_bits: bits } = test;
  const ours = [
    jhash_1word(a, initval),
    jhash_2words(a, b, initval),
    jhash_3words(a, b, c, initval),
    hash_32(a, bits),
    hash_64_generic((BigInt(a) << 32n) | BigInt(b), bits),
    jhash2(test.array, initval),
    reciprocalScale(a, test.range),
  ];
  return differs('jhash 1, 2, 3 words, hash_32, hash_64, jhash2, scaled', ours, [
    test.jhash_1word,
    test.jhash_2words,
    test.jhash_3words,
    test.hash_32_a,
    test.hash_64_ab,
    test.jhash2_array,
    test.reciprocal_scale_a,
  ]);
}
