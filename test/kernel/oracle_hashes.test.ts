import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hash_32, hash_64_generic, reciprocalScale } from '../../src/kernel/hash.ts';
import { __inet_ehashfn } from '../../src/kernel/inet_ehashfn.ts';
import { jhash, jhash2, jhash_1word, jhash_2words, jhash_3words } from '../../src/kernel/jhash.ts';
import { defaultIndir, indirEntry, toeplitz } from '../../src/kernel/rss.ts';
import { hsiphash, siphash } from '../../src/kernel/siphash.ts';

// Each hash once more, by its definition and in arithmetic without bounds.

const u32 = fc.nat(0xffff_ffff);
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const runs = { numRuns: 200, seed: 11 };

const wrap32 = (x: bigint): bigint => BigInt.asUintN(32, x);
const wrap64 = (x: bigint): bigint => BigInt.asUintN(64, x);

function big(data: Iterable<number>): bigint {
  let value = 0n;
  for (const byte of data) value = (value << 8n) | BigInt(byte);
  return value;
}

describe('the Toeplitz hash', () => {
  /// For each bit that is set in the data, the 32 bits of the key that begin at its place.
  function bitByBit(key: Uint8Array, data: Uint8Array): number {
    const whole = big(key);
    const width = key.length * 8;
    let hash = 0n;
    for (let i = 0; i < data.length * 8; i++)
      if ((data[i >> 3]! >> (7 - (i & 7))) & 1) hash ^= wrap32(whole >> BigInt(width - 32 - i));
    return Number(hash);
  }

  it('is the exclusive or of the windows of the key under the set bits', () => {
    const data = fc.constantFrom(8, 12, 32, 36).chain(bytes);
    fc.assert(
      fc.property(bytes(40), data, (key, given) => {
        expect(toeplitz([...key], [...given])).toBe(bitByBit(key, given));
      }),
      runs,
    );
  });

  it('is linear: that of two strings over one another is that of each, over one another', () => {
    fc.assert(
      fc.property(bytes(40), bytes(12), bytes(12), (key, a, b) => {
        const both = a.map((byte, i) => byte ^ b[i]!);
        const each = [a, b].map((data) => toeplitz([...key], [...data]));
        expect(toeplitz([...key], [...both])).toBe((each[0]! ^ each[1]!) >>> 0);
      }),
      runs,
    );
  });

  it('leads by its low seven bits to an entry of a table of 128', () => {
    fc.assert(
      fc.property(u32, fc.integer({ min: 1, max: 64 }), (hash, queues) => {
        const low = Number(BigInt(hash) & 127n);
        expect(indirEntry(defaultIndir(128, queues), hash)).toBe(low % queues);
      }),
      runs,
    );
  });
});

describe("Jenkins' lookup3", () => {
  const GOLDEN = 0xdead_beefn;
  const rol = (x: bigint, n: number): bigint => wrap32((x << BigInt(n)) | (x >> BigInt(32 - n)));

  /// x -= z; x ^= z <<< n; z += y, for the places of (x, y, z) among a, b, c.
  const MIX = [
    [0, 1, 2, 4],
    [1, 2, 0, 6],
    [2, 0, 1, 8],
    [0, 1, 2, 16],
    [1, 2, 0, 19],
    [2, 0, 1, 4],
  ] as const;
  /// x ^= y; x -= y <<< n
  const FINAL = [
    [2, 1, 14],
    [0, 2, 11],
    [1, 0, 25],
    [2, 1, 16],
    [0, 2, 4],
    [1, 0, 14],
    [2, 1, 24],
  ] as const;

  function lookup3(words: readonly number[], length: number, initval: number): number {
    const start = wrap32(GOLDEN + BigInt(length) + BigInt(initval));
    const s = [start, start, start];
    const rest = words.map(BigInt);
    while (rest.length > 3) {
      for (let i = 0; i < 3; i++) s[i] = wrap32(s[i]! + rest.shift()!);
      for (const [x, y, z, n] of MIX) {
        s[x] = wrap32(s[x]! - s[z]!) ^ rol(s[z]!, n);
        s[z] = wrap32(s[z]! + s[y]!);
      }
    }
    if (rest.length === 0) return Number(s[2]);
    rest.forEach((word, i) => (s[i] = wrap32(s[i]! + word)));
    for (const [x, y, n] of FINAL) s[x] = wrap32((s[x]! ^ s[y]!) - rol(s[y]!, n));
    return Number(s[2]);
  }

  it('is what its definition gives, for words', () => {
    fc.assert(
      fc.property(fc.array(u32, { maxLength: 12 }), u32, (words, initval) => {
        expect(jhash2(words, initval)).toBe(lookup3(words, words.length * 4, initval));
      }),
      runs,
    );
  });

  it('is what its definition gives, for bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), u32, (data, initval) => {
        const words = Array.from({ length: Math.ceil(data.length / 4) }, (_, i) =>
          Number(big([...data.subarray(4 * i, 4 * i + 4)].reverse())),
        );
        expect(jhash(data, initval)).toBe(lookup3(words, data.length, initval));
      }),
      runs,
    );
  });

  it('takes one, two and three words as an array of three with zeros, but for the length', () => {
    fc.assert(
      fc.property(u32, u32, u32, u32, (a, b, c, initval) => {
        expect(jhash_3words(a, b, c, initval)).toBe(lookup3([a, b, c], 12, initval));
        expect(jhash_2words(a, b, initval)).toBe(lookup3([a, b, 0], 8, initval));
        expect(jhash_1word(a, initval)).toBe(lookup3([a, 0, 0], 4, initval));
      }),
      runs,
    );
  });

  it('hashes a connection as a little-endian CPU reads the network order', () => {
    const port = fc.nat(0xffff);
    fc.assert(
      fc.property(u32, port, u32, port, u32, (laddr, lport, faddr, fport, secret) => {
        const view = new DataView(new ArrayBuffer(10));
        view.setUint32(0, laddr);
        view.setUint32(4, faddr);
        view.setUint16(8, fport);
        const ports = lport * 65536 + view.getUint16(8, true);
        const words = [view.getUint32(0, true), view.getUint32(4, true), ports];
        expect(__inet_ehashfn(laddr, lport, faddr, fport, secret)).toBe(lookup3(words, 12, secret));
      }),
      runs,
    );
  });
});

describe('SipHash', () => {
  const rol = (x: bigint, n: bigint): bigint => wrap64((x << n) | (x >> (64n - n)));

  function sipRound(v: [bigint, bigint, bigint, bigint]): void {
    v[0] = wrap64(v[0] + v[1]);
    v[2] = wrap64(v[2] + v[3]);
    v[1] = rol(v[1], 13n) ^ v[0];
    v[3] = rol(v[3], 16n) ^ v[2];
    v[0] = rol(v[0], 32n);
    v[2] = wrap64(v[2] + v[1]);
    v[0] = wrap64(v[0] + v[3]);
    v[1] = rol(v[1], 17n) ^ v[2];
    v[3] = rol(v[3], 21n) ^ v[0];
    v[2] = rol(v[2], 32n);
  }

  function paper(data: Uint8Array, key: readonly bigint[], c: number, d: number): bigint {
    const magic = [...'somepseudorandomlygeneratedbytes'].map((letter) => letter.charCodeAt(0));
    const v = [0, 1, 2, 3].map(
      (i) => big(magic.slice(8 * i, 8 * i + 8)) ^ key[i & 1]!,
    ) as Parameters<typeof sipRound>[0];
    const padded = [...data, ...new Array<number>(7 - (data.length % 8)).fill(0), data.length];
    for (let at = 0; at < padded.length; at += 8) {
      const m = big(
        padded
          .slice(at, at + 8)
          .map((byte) => byte & 255)
          .reverse(),
      );
      v[3] ^= m;
      for (let i = 0; i < c; i++) sipRound(v);
      v[0] ^= m;
    }
    v[2] ^= 0xffn;
    for (let i = 0; i < d; i++) sipRound(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
  }

  const halves = (x: bigint): number[] => [Number(wrap32(x)), Number(x >> 32n)];

  it('of 2 and 4 rounds, and of 1 and 3, is that of the paper', () => {
    const word = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), word, word, (data, key0, key1) => {
        const key = [...halves(key0), ...halves(key1)];
        const { low, high } = siphash(data, key);
        expect([low, high]).toEqual(halves(paper(data, [key0, key1], 2, 4)));
        expect(hsiphash(data, key)).toBe(halves(paper(data, [key0, key1], 1, 3))[0]);
      }),
      runs,
    );
  });
});

describe('hashing by multiplication', () => {
  it('takes the highest bits of the product', () => {
    fc.assert(
      fc.property(u32, u32, fc.integer({ min: 1, max: 32 }), (a, b, width) => {
        const narrow = wrap32(BigInt(a) * 0x61c8_8647n) >> BigInt(32 - width);
        expect(hash_32(a, width)).toBe(Number(narrow));
        const both = (BigInt(a) << 32n) | BigInt(b);
        const wide = wrap64(both * 0x61c8_8646_80b5_83ebn) >> BigInt(64 - width);
        expect(hash_64_generic(both, width)).toBe(Number(wide));
      }),
      runs,
    );
  });

  it('scales a hash to a range as a 64-bit product does', () => {
    fc.assert(
      fc.property(u32, u32, (hash, range) => {
        expect(reciprocalScale(hash, range)).toBe(Number((BigInt(hash) * BigInt(range)) >> 32n));
      }),
      runs,
    );
  });
});
