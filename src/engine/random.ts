/// Chance, handed in: seeded streams that are named, so that one more source of traffic does not
/// change what another one draws. The generator is xoshiro128** (Blackman and Vigna, 2018) seeded
/// by a 32-bit mixer. Only + - * / and exact integer operations are used, with our own logarithm and
/// exponential, so every JavaScript engine draws the same numbers bit for bit.

/// A generator's state: four 32-bit words. Plain data.
export interface Stream {
  a: number;
  b: number;
  c: number;
  d: number;
}

/// The stream of that name under that seed. The same pair always gives the same stream, whatever
/// other streams exist.
export function stream(seed: number, name: string): Stream {
  let h = mix(seed >>> 0) ^ mix(Math.floor(seed / 0x1_0000_0000) >>> 0);
  for (let i = 0; i < name.length; i++) h = mix((h ^ name.charCodeAt(i)) >>> 0);
  const next = () => (h = mix((h + 0x9e3779b9) >>> 0)) | 0;
  const made = { a: next(), b: next(), c: next(), d: next() };
  // The all-zero state would stay zero for ever.
  if ((made.a | made.b | made.c | made.d) === 0) made.a = 1;
  return made;
}

/// A stream of its own for a part of the owner of `parent`, which draws once.
export function split(parent: Stream, name: string): Stream {
  return stream(bits(parent), name);
}

/// 32 random bits as an unsigned integer.
export function bits(s: Stream): number {
  const result = Math.imul(rotate(Math.imul(s.b, 5), 7), 9);
  const t = s.b << 9;
  s.c ^= s.a;
  s.d ^= s.b;
  s.b ^= s.c;
  s.a ^= s.d;
  s.c ^= t;
  s.d = rotate(s.d, 11);
  return result >>> 0;
}

/// A uniform integer from 0 to n - 1, without bias; n from 1 to 2^32.
export function integer(s: Stream, n: number): number {
  if (!(n >= 1 && n <= 0x1_0000_0000)) throw new Error(`cannot draw an integer below ${n}`);
  const fair = 0x1_0000_0000 - (0x1_0000_0000 % n);
  for (;;) {
    const drawn = bits(s);
    if (drawn < fair) return drawn % n;
  }
}

/// A uniform number in [0, 1) with 53 random bits.
export function uniform(s: Stream): number {
  const high = bits(s) >>> 5;
  const low = bits(s) >>> 6;
  return (high * 0x400_0000 + low) / 0x20_0000_0000_0000;
}

/// True with probability p. Draws only when the answer is open.
export function chance(s: Stream, p: number): boolean {
  return p > 0 && (p >= 1 || uniform(s) < p);
}

/// Exponentially distributed with that mean: the gaps of a Poisson process.
export function exponential(s: Stream, mean: number): number {
  return -ln(1 - uniform(s)) * mean;
}

/// Pareto distributed with that mean and shape (tail index) above 1; below 2 the variance is infinite.
export function pareto(s: Stream, mean: number, shape: number): number {
  const least = (mean * (shape - 1)) / shape;
  return least * exp(-ln(1 - uniform(s)) / shape);
}

/// How long an on-off source stays in its state: memoryless, or with a heavy tail (shape 1.5, which
/// makes the sum of many sources self-similar: Willinger et al., 1997).
export function sojourn(s: Stream, mean: number, tail: 'exponential' | 'pareto'): number {
  return tail === 'pareto' ? pareto(s, mean, 1.5) : exponential(s, mean);
}

const LN2 = 0.6931471805599453;

/// Natural logarithm of x > 0, by halving to [0.75, 1.5) and the series of atanh.
export function ln(x: number): number {
  if (!(x > 0)) throw new Error(`no logarithm of ${x}`);
  if (x === Infinity) return Infinity;
  let m = x;
  let halvings = 0;
  while (m >= 1.5) {
    m /= 2;
    halvings++;
  }
  while (m < 0.75) {
    m *= 2;
    halvings--;
  }
  const z = (m - 1) / (m + 1);
  const square = z * z;
  let sum = 0;
  for (let n = 25; n >= 1; n -= 2) sum = sum * square + 1 / n;
  return halvings * LN2 + 2 * z * sum;
}

/// e to the power x, by halving to |x| <= ln 2 / 2 and Taylor's series.
export function exp(x: number): number {
  const doublings = Math.round(x / LN2);
  if (doublings > 1023) return Infinity;
  if (doublings < -1074) return 0;
  const r = x - doublings * LN2;
  let sum = 1;
  for (let n = 18; n >= 1; n--) sum = 1 + (sum * r) / n;
  let power = 1;
  for (let i = 0; i < doublings; i++) power *= 2;
  for (let i = 0; i > doublings; i--) power /= 2;
  return sum * power;
}

function rotate(x: number, k: number): number {
  return (x << k) | (x >>> (32 - k));
}

// The finaliser of MurmurHash3: every input bit reaches every output bit.
function mix(h: number): number {
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
