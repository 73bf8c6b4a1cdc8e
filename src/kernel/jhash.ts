/// Jenkins' lookup3, the hash of most tables of the network stack. Stands for include/linux/jhash.h.
/// Results are unsigned 32-bit numbers; arguments may be signed or unsigned.

const JHASH_INITVAL = 0xdeadbeef;

/// A byte string, taken in words of four bytes, little-endian.
export function jhash(key: ArrayLike<number>, initval: number): number {
  const words: number[] = [];
  for (let i = 0; i < key.length; i++)
    words[i >> 2] = (words[i >> 2] ?? 0) | (key[i]! << ((i & 3) * 8));
  return hashWords(words, JHASH_INITVAL + key.length + initval);
}

/// An array of 32-bit words.
export function jhash2(words: ArrayLike<number>, initval: number): number {
  return hashWords(words, JHASH_INITVAL + (words.length << 2) + initval);
}

export function jhash_3words(a: number, b: number, c: number, initval: number): number {
  return nwords(a, b, c, initval + JHASH_INITVAL + 12);
}

export function jhash_2words(a: number, b: number, initval: number): number {
  return nwords(a, b, 0, initval + JHASH_INITVAL + 8);
}

export function jhash_1word(a: number, initval: number): number {
  return nwords(a, 0, 0, initval + JHASH_INITVAL + 4);
}

function hashWords(k: ArrayLike<number>, start: number): number {
  let a = start | 0;
  let b = a;
  let c = a;
  let at = 0;
  for (; k.length - at > 3; at += 3) {
    a = (a + k[at]!) | 0;
    b = (b + k[at + 1]!) | 0;
    c = (c + k[at + 2]!) | 0;
    a = (a - c) ^ rol(c, 4);
    c = (c + b) | 0;
    b = (b - a) ^ rol(a, 6);
    a = (a + c) | 0;
    c = (c - b) ^ rol(b, 8);
    b = (b + a) | 0;
    a = (a - c) ^ rol(c, 16);
    c = (c + b) | 0;
    b = (b - a) ^ rol(a, 19);
    a = (a + c) | 0;
    c = (c - b) ^ rol(b, 4);
    b = (b + a) | 0;
  }
  if (at === k.length) return c >>> 0;
  return final((a + k[at]!) | 0, (b + (k[at + 1] ?? 0)) | 0, (c + (k[at + 2] ?? 0)) | 0);
}

function nwords(a: number, b: number, c: number, initval: number): number {
  return final((a + initval) | 0, (b + initval) | 0, (c + initval) | 0);
}

function final(a: number, b: number, c: number): number {
  c = (c ^ b) - rol(b, 14);
  a = (a ^ c) - rol(c, 11);
  b = (b ^ a) - rol(a, 25);
  c = (c ^ b) - rol(b, 16);
  a = (a ^ c) - rol(c, 4);
  b = (b ^ a) - rol(a, 14);
  c = (c ^ b) - rol(b, 24);
  return c >>> 0;
}

function rol(x: number, n: number): number {
  return (x << n) | (x >>> (32 - n));
}
