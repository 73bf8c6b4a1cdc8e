/// Queues as slots with a limit: full is visible without reading. A long queue is drawn with fewer
/// slots than it has places; one that holds anything has at least one slot filled.
import type { Fill } from './view.ts';

export interface Slots {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly count: number;
}

/// How many of `count` slots are full.
export function filled({ used, limit }: Fill, count: number): number {
  if (used <= 0 || limit <= 0) return 0;
  return Math.min(count, Math.max(1, Math.round((used / limit) * count)));
}

/// The slots from `from` on, `filled` of them, round a ring of `count`.
export function ringSlots(
  ring: Fill & { readonly tail: number },
  count: number,
): (slot: number) => boolean {
  const full = filled(ring, count);
  const from = Math.floor((ring.tail / ring.limit) * count);
  return (slot) => (slot - from + count) % count < full;
}

/// Places for n queues in a room, in two columns with a number at the right of each.
export function grid(n: number, top: number, count: number): readonly Slots[] {
  if (n === 1) return [{ x: 410, y: top + 2, width: 128, height: 11, count: 16 }];
  const rows = Math.ceil(n / 2);
  const roomy = rows <= 2;
  return Array.from({ length: n }, (_, i) => ({
    x: 410 + 150 * (i % 2),
    y: top + (roomy ? 17 : 11.4) * Math.floor(i / 2),
    width: 84,
    height: roomy ? 9 : 7.5,
    count,
  }));
}
