/// Hashing by one multiplication, and a hash scaled to a range without a division.
/// Stands for include/linux/hash.h and reciprocal_scale() in include/linux/math.h.

const GOLDEN_RATIO_32 = 0x61c88647;
const GOLDEN_RATIO_64 = 0x61c8864680b583ebn;

/// The highest `bits` bits of a 32-bit product; `bits` from 1 to 32.
export function hash_32(val: number, bits: number): number {
  return Math.imul(val, GOLDEN_RATIO_32) >>> (32 - bits);
}

/// The highest `bits` bits of a 64-bit product. Not for hot paths. include/linux/hash.h:hash_64()
export function hash_64_generic(val: bigint, bits: number): number {
  return Number(BigInt.asUintN(64, val * GOLDEN_RATIO_64) >> BigInt(64 - bits));
}

/// A 32-bit hash scaled to 0 .. range - 1: (hash * range) >> 32, exact for any 32-bit range.
export function reciprocalScale(hash: number, range: number): number {
  const high = (hash >>> 16) * range;
  const low = Math.floor(((hash & 0xffff) * range) / 0x1_0000);
  return Math.floor((high + low) / 0x1_0000);
}
