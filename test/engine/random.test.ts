import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bits,
  exp,
  exponential,
  integer,
  ln,
  pareto,
  sojourn,
  split,
  stream,
  uniform,
  type Stream,
} from '../../src/engine/random.ts';

const draw = (s: Stream, n = 5): number[] => Array.from({ length: n }, () => bits(s));
const mean = (n: number, next: () => number): number => {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += next();
  return sum / n;
};

describe('random streams', () => {
  it('draw the same numbers for the same seed and name, and others for others', () => {
    expect(draw(stream(7, 'a'))).toEqual(draw(stream(7, 'a')));
    expect(draw(stream(7, 'a'))).not.toEqual(draw(stream(7, 'b')));
    expect(draw(stream(7, 'a'))).not.toEqual(draw(stream(8, 'a')));
  });

  it('do not depend on other streams being made or used', () => {
    const alone = draw(stream(1, 'traffic'));
    draw(stream(1, 'other'), 100);
    expect(draw(stream(1, 'traffic'))).toEqual(alone);
    const parent = stream(1, 'parent');
    expect(draw(split(parent, 'x'))).not.toEqual(draw(split(parent, 'x')));
  });

  it('stay as they were drawn when this test was written', () => {
    expect(draw(stream(42, 'source 0'), 3)).toMatchInlineSnapshot(`
      [
        2482667959,
        1122611640,
        3483902738,
      ]
    `);
    const s = stream(42, 'source 0');
    expect([exponential(s, 1000), pareto(s, 1000, 1.5)]).toMatchInlineSnapshot(`
      [
        862.8475418988398,
        1012.7020879610936,
      ]
    `);
  });

  it('give uniform integers within bounds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 32 }), fc.nat(), (n, seed) => {
        const x = integer(stream(seed, 'n'), n);
        expect(Number.isInteger(x) && x >= 0 && x < n).toBe(true);
      }),
    );
    const s = stream(3, 'dice');
    const counts = [0, 0, 0, 0, 0, 0];
    for (let i = 0; i < 60000; i++) counts[integer(s, 6)]!++;
    for (const count of counts) expect(Math.abs(count - 10000)).toBeLessThan(400);
  });

  it('have the means they are asked for', () => {
    const s = stream(5, 'mean');
    expect(mean(50000, () => uniform(s))).toBeCloseTo(0.5, 2);
    expect(mean(50000, () => exponential(s, 100)) / 100).toBeCloseTo(1, 1);
    expect(mean(200000, () => pareto(s, 100, 3)) / 100).toBeCloseTo(1, 1);
    expect(mean(50000, () => sojourn(s, 100, 'exponential')) / 100).toBeCloseTo(1, 1);
  });

  it('compute logarithm and exponential to within a few units in the last place', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-300, max: 1e300, noNaN: true }), (x) => {
        const exact = Math.log(x);
        expect(Math.abs(ln(x) - exact)).toBeLessThanOrEqual(4e-16 * Math.max(1, Math.abs(exact)));
      }),
    );
    fc.assert(
      fc.property(fc.double({ min: -40, max: 40, noNaN: true }), (x) => {
        expect(Math.abs(exp(x) / Math.exp(x) - 1)).toBeLessThan(2e-14);
      }),
    );
  });
});
