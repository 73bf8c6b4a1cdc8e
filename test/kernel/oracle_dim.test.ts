import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as dim from '../../src/kernel/vectors/dim.ts';

// Adaptive moderation once more, as a walk on five places: where it stands, which way it goes, and what it
// remembers of the walk.

const PLACES = 5;
const TIRED = 10;

interface Sample {
  time_us: number;
  packets: number;
  bytes: number;
  events: number;
}
type Rates = readonly [packets: number, bytes: number, events: number];

class Walk {
  place: number;
  direction: 'GOING_RIGHT' | 'GOING_LEFT' | 'PARKING_ON_TOP' | 'PARKING_TIRED';
  steps = { GOING_RIGHT: 0, GOING_LEFT: 0 };
  tired = 0;
  yardstick: Rates = [0, 0, 0];
  #from: Sample | null = null;
  #pending = false;

  constructor(place: number, direction: Walk['direction']) {
    this.place = place;
    this.direction = direction;
  }

  get state(): string {
    return this.#pending
      ? 'APPLY_NEW_PROFILE'
      : this.#from === null
        ? 'START_MEASURE'
        : 'MEASURE_IN_PROGRESS';
  }

  /// The driver has applied the profile.
  applied(): void {
    this.#pending = false;
    this.#from = null;
  }

  sample(now: Sample): boolean {
    if (this.#pending) return false;
    const from = this.#from;
    if (from !== null) {
      if ((now.events - from.events + 65_536) % 65_536 < 64) return false;
      const us = now.time_us - from.time_us;
      if (us === 0) return false;
      const count = (a: number, b: number): number => (a - b + 2 ** 32) % 2 ** 32;
      const rate = (total: number): number =>
        Number(BigInt.asIntN(32, (BigInt(total) * 1000n + BigInt(us) - 1n) / BigInt(us)));
      const rates: Rates = [
        rate(count(now.packets, from.packets)),
        rate(count(now.bytes, from.bytes)),
        rate(64),
      ];
      if (this.#decide(rates)) {
        this.#pending = true;
        return true;
      }
    }
    this.#from = now;
    return false;
  }

  #decide(rates: Rates): boolean {
    const { place, direction } = this;
    if (direction === 'PARKING_ON_TOP') {
      if (compare(rates, this.yardstick) === 0) return false;
      this.#setOut();
    } else if (direction === 'PARKING_TIRED') {
      this.tired = (this.tired + 255) % 256;
      if (this.tired === 0) this.#setOut();
    } else this.#goOn(direction, rates);
    this.yardstick = rates;
    return this.place !== place;
  }

  #goOn(direction: 'GOING_RIGHT' | 'GOING_LEFT', rates: Rates): void {
    let way = direction;
    if (compare(rates, this.yardstick) <= 0) {
      way = direction === 'GOING_RIGHT' ? 'GOING_LEFT' : 'GOING_RIGHT';
      this.direction = way;
      this.steps[way] = 0;
    }
    const back = way === 'GOING_RIGHT' ? 'GOING_LEFT' : 'GOING_RIGHT';
    const onTop = this.steps[back] > 1 && this.steps[way] === 1;
    if (onTop) this.#park('PARKING_ON_TOP');
    else if (this.tired === TIRED) this.#park('PARKING_TIRED');
    else if (this.place === (way === 'GOING_RIGHT' ? PLACES - 1 : 0)) this.#park('PARKING_ON_TOP');
    else this.#step(way);
  }

  #park(where: 'PARKING_ON_TOP' | 'PARKING_TIRED'): void {
    this.direction = where;
    this.steps = { GOING_RIGHT: 0, GOING_LEFT: 0 };
    if (where === 'PARKING_ON_TOP') this.tired = 0;
  }

  #setOut(): void {
    this.direction = this.place > 0 ? 'GOING_LEFT' : 'GOING_RIGHT';
    this.#step(this.direction);
  }

  #step(way: 'GOING_RIGHT' | 'GOING_LEFT'): void {
    this.place += way === 'GOING_RIGHT' ? 1 : -1;
    this.steps[way]++;
    this.tired++;
  }
}

/// More bytes are better, then more packets, then fewer interrupts; up to a tenth is no difference.
function compare(now: Rates, then: Rates): number {
  for (const [index, sign] of [
    [1, 1],
    [0, 1],
    [2, -1],
  ] as const) {
    const [a, b] = [now[index], then[index]];
    if (b === 0) return index !== 2 && a > 0 ? 1 : 0;
    if ((100n * BigInt(Math.abs(a - b))) / BigInt(b) > 10n) return a > b ? sign : -sign;
  }
  return 0;
}

describe('adaptive moderation', () => {
  const gap = fc.record({
    us: fc.constantFrom(0, 100, 500, 1000, 5000),
    packets: fc.oneof(fc.constant(1000), fc.constantFrom(0, 1050, 1090, 1110, 1200), fc.nat(9000)),
    size: fc.oneof({ weight: 3, arbitrary: fc.constant(1000) }, fc.integer({ min: 64, max: 1500 })),
    events: fc.constantFrom(63, 64, 64, 65, 200, 4000),
    applied: fc.boolean(),
  });
  const input = fc.record({
    place: fc.nat(PLACES - 1),
    direction: fc.constantFrom('GOING_RIGHT', 'GOING_LEFT', 'PARKING_ON_TOP', 'PARKING_TIRED'),
    begin: fc.constantFrom(0, 2 ** 32 - 5000),
    gaps: fc.array(gap, { minLength: 20, maxLength: 120, size: 'max' }),
  });

  it('walks the profiles as far as it gets better, turns back once, and rests', () => {
    fc.assert(
      fc.property(input, ({ place, direction, begin, gaps }) => {
        const walk = new Walk(place, direction);
        let now: Sample = { time_us: 1_000_000, packets: begin, bytes: begin, events: 65_000 };
        const samples = gaps.map(({ us, packets, size, events, applied }) => {
          now = {
            time_us: now.time_us + us,
            packets: (now.packets + packets) % 2 ** 32,
            bytes: (now.bytes + packets * size) % 2 ** 32,
            events: (now.events + events) % 65_536,
          };
          const ready = applied && walk.state === 'APPLY_NEW_PROFILE';
          if (ready) walk.applied();
          const scheduled = walk.sample(now) ? 1 : 0;
          const { steps, yardstick } = walk;
          return [
            ...['sample', now.time_us, now.packets, now.bytes, now.events, ready ? 1 : 0],
            ...[walk.state, walk.direction, walk.place, steps.GOING_RIGHT, steps.GOING_LEFT],
            ...[walk.tired, scheduled, ...yardstick],
          ];
        });
        const told = { initial_profile_ix: place, initial_tune_state: direction, samples };
        expect(dim.run(told)).toBeNull();
      }),
      { numRuns: 300, seed: 31 },
    );
  });
});
