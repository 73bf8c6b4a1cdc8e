import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digest } from '../../src/engine/digest.ts';
import { clone } from '../../src/engine/snapshot.ts';

const plain = { noNullPrototype: true };
const world = fc.record(
  {
    count: fc.double({ noNaN: true }),
    names: fc.array(fc.string()),
    nested: fc.record({ on: fc.boolean(), nothing: fc.constant(null) }, plain),
    column: fc.array(fc.integer()).map((list) => Int32Array.from(list)),
  },
  plain,
);

describe('a snapshot', () => {
  it('equals the world it was taken from, and does not change with it', () => {
    fc.assert(
      fc.property(world, (w) => {
        const before = digest(w);
        const copy = clone(w);
        expect(copy).toEqual(w);
        expect(digest(copy)).toBe(before);
        w.names.push('new');
        w.nested.on = !w.nested.on;
        if (w.column.length > 0) w.column[0] = w.column[0]! ^ 1;
        expect(digest(copy)).toBe(before);
        expect(digest(w)).not.toBe(before);
      }),
    );
  });

  it('shares frozen parts and the trace, and nothing else', () => {
    const frozen = Object.freeze({ hostname: 'alder' });
    const trace = { count: 1 };
    const w = { desc: frozen, trace, list: [1] };
    const copy = clone(w);
    expect(copy.desc).toBe(frozen);
    expect(copy.trace).toBe(trace);
    expect(copy.list).not.toBe(w.list);
  });

  it('copies a pool up to its used mark only, with room for a power of two', () => {
    const next = new Int32Array(64).fill(7);
    const pool = { capacity: 64, used: 18, next };
    const copy = clone(pool);
    expect([copy.capacity, copy.next.length]).toEqual([32, 32]);
    expect([...copy.next.subarray(16, 20)]).toEqual([7, 7, 0, 0]);
    expect(digest(copy)).toBe(digest(pool));
  });

  it('makes zeros of a column that was left out', () => {
    const pool = { capacity: 16, used: 2, next: Int32Array.of(1, 2), mark: new Int32Array(0) };
    expect([...clone(pool).mark]).toEqual(new Array(16).fill(0));
  });

  it('refuses what is not plain data', () => {
    expect(() => clone({ map: new Map() })).toThrow('not plain data');
    expect(() => digest({ f: () => 1 })).toThrow('not plain data');
  });

  it('leaves the trace out of the digest', () => {
    expect(digest({ a: 1, trace: { count: 5 } })).toBe(digest({ a: 1, trace: null }));
  });
});
