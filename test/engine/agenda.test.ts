import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addSlot, createAgenda, nextSlot, nextTime, setTime } from '../../src/engine/agenda.ts';

const plans = fc.array(
  fc.record({ slot: fc.nat(39), time: fc.oneof(fc.nat(20), fc.constant(Infinity)) }),
  { maxLength: 200 },
);

describe('the agenda', () => {
  it('always names the lowest slot among those with the earliest time', () => {
    fc.assert(
      fc.property(plans, (moves) => {
        const agenda = createAgenda(4);
        const times = Array.from({ length: 40 }, (_, i) => {
          addSlot(agenda, 0, i);
          return Infinity;
        });
        for (const { slot, time } of moves) {
          setTime(agenda, slot, time);
          times[slot] = time;
          const earliest = Math.min(...times);
          expect(nextTime(agenda)).toBe(earliest);
          expect(nextSlot(agenda)).toBe(earliest === Infinity ? -1 : times.indexOf(earliest));
        }
      }),
    );
  });

  it('gives the same order whatever the order of planning', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5), { minLength: 1, maxLength: 30 }), fc.nat(), (times, turn) => {
        const drain = (order: readonly number[]): number[] => {
          const agenda = createAgenda();
          times.forEach((_, i) => addSlot(agenda, 0, i));
          for (const i of order) setTime(agenda, i, times[i]!);
          const seen: number[] = [];
          for (let slot = nextSlot(agenda); slot >= 0; slot = nextSlot(agenda)) {
            seen.push(slot);
            setTime(agenda, slot, Infinity);
          }
          return seen;
        };
        const order = times.map((_, i) => i);
        const turned = order.map((i) => (i + turn) % times.length);
        const straight = drain(order);
        expect(drain([...order].reverse())).toEqual(straight);
        expect(drain(turned)).toEqual(straight);
        expect(straight.map((slot) => times[slot])).toEqual([...times].sort((a, b) => a - b));
      }),
    );
  });
});
