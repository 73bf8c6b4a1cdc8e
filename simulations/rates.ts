/// Rates over the window between a past tally and now.
import type { Past } from '../src/player/scenario.ts';

/// How much number `index` of a tally grew a second; 0 when the window has no length.
export function rateOf(past: Past, index: number, now: number, now_ns: number): number {
  const before = past.tally[index];
  const elapsed_ns = now_ns - past.at_ns;
  return before === undefined || elapsed_ns <= 0 ? 0 : ((now - before) * 1e9) / elapsed_ns;
}

/// Growth of number `index` as a share of the window's length, for times in ns.
export function shareOf(past: Past, index: number, now: number, now_ns: number): number {
  return Math.min(1, Math.max(0, rateOf(past, index, now, now_ns) / 1e9));
}
