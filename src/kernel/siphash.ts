/// SipHash, the keyed hash of flows and of hash tables: SipHash-2-4, and SipHash-1-3 whose low half is
/// hsiphash() on a 64-bit kernel. Stands for lib/siphash.c.
/// A 64-bit word is two 32-bit halves, the low one first, as in memory.
/// Left out: HalfSipHash of 32-bit kernels; the variants for a fixed number of words, which give the
/// same numbers.

/// The key as four 32-bit words: key[0] low, high, key[1] low, high.
export type SipKey = readonly number[];

/// 64 bits as two unsigned halves.
export interface Word64 {
  readonly low: number;
  readonly high: number;
}

/// SipHash-2-4 of a byte string. lib/siphash.c:siphash()
export function siphash(data: Uint8Array, key: SipKey): Word64 {
  return sip(data, key, 2, 4);
}

/// The low half of SipHash-1-3, unsigned. lib/siphash.c:hsiphash() on a 64-bit kernel
export function hsiphash(data: Uint8Array, key: SipKey): number {
  return sip(data, key, 1, 3).low;
}

// "somepseudorandomlygeneratedbytes" as four little-endian words, the initial state of the paper.
const INITIAL = [
  0x70736575, 0x736f6d65, 0x6e646f6d, 0x646f7261, 0x6e657261, 0x6c796765, 0x79746573, 0x74656462,
];
const V0 = 0;
const V1 = 2;
const V2 = 4;
const V3 = 6;

function sip(data: Uint8Array, key: SipKey, rounds: number, last: number): Word64 {
  const v = new Int32Array(8);
  for (let i = 0; i < 8; i++) v[i] = INITIAL[i]! ^ key[i & 3]!;
  const whole = data.length & ~7;
  for (let at = 0; at < whole; at += 8) absorb(v, word(data, at), word(data, at + 4), rounds);
  // The rest of the string, and its length in the highest byte.
  const rest = data.subarray(whole);
  absorb(v, word(rest, 0), word(rest, 4) | (data.length << 24), rounds);
  v[V2]! ^= 0xff;
  for (let i = 0; i < last; i++) round(v);
  return {
    low: (v[V0]! ^ v[V1]! ^ v[V2]! ^ v[V3]!) >>> 0,
    high: (v[V0 + 1]! ^ v[V1 + 1]! ^ v[V2 + 1]! ^ v[V3 + 1]!) >>> 0,
  };
}

/// Four bytes, little-endian; those beyond the end are zero.
function word(data: Uint8Array, at: number): number {
  let value = 0;
  for (let i = Math.min(3, data.length - at - 1); i >= 0; i--) value = (value << 8) | data[at + i]!;
  return value;
}

function absorb(v: Int32Array, low: number, high: number, rounds: number): void {
  v[V3]! ^= low;
  v[V3 + 1]! ^= high;
  for (let i = 0; i < rounds; i++) round(v);
  v[V0]! ^= low;
  v[V0 + 1]! ^= high;
}

/// One SipRound: two pairs of add, rotate and xor, twice.
function round(v: Int32Array): void {
  mix(v, V0, V1, 13);
  swapHalves(v, V0);
  mix(v, V2, V3, 16);
  mix(v, V0, V3, 21);
  mix(v, V2, V1, 17);
  swapHalves(v, V2);
}

/// a += b, b = (b rotated left by n, n below 32) ^ a
function mix(v: Int32Array, a: number, b: number, n: number): void {
  const low = v[b]!;
  const high = v[b + 1]!;
  const sum = (v[a]! >>> 0) + (low >>> 0);
  v[a] = sum | 0;
  v[a + 1] = v[a + 1]! + high + (sum > 0xffff_ffff ? 1 : 0);
  v[b] = ((low << n) | (high >>> (32 - n))) ^ v[a];
  v[b + 1] = ((high << n) | (low >>> (32 - n))) ^ v[a + 1]!;
}

function swapHalves(v: Int32Array, at: number): void {
  const low = v[at]!;
  v[at] = v[at + 1]!;
  v[at + 1] = low;
}
