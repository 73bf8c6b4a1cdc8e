import { describe, expect, it } from 'vitest';
import { startPace, targetOf } from '../../src/player/pace.ts';

describe('the pace', () => {
  it('lets virtual time pass in proportion to the time on the wall', () => {
    const pace = startPace(0.001, 50, 7_000);
    expect(targetOf(pace, 60, 7_000)).toBe(17_000);
  });

  it('gives up what it cannot catch up with, and says what share it reaches', () => {
    const pace = startPace(1, 0, 0);
    let now_ns = 0;
    for (let wall_ms = 10; wall_ms <= 2_000; wall_ms += 10) {
      const target_ns = targetOf(pace, wall_ms, now_ns);
      expect(target_ns - now_ns).toBeLessThanOrEqual(100e6 + 1);
      now_ns = Math.min(target_ns, now_ns + 2.5e6); // a quarter of real time
    }
    expect(pace.share).toBeCloseTo(0.25, 1);
  });

  it('is whole when the run keeps up', () => {
    const pace = startPace(1, 0, 0);
    for (let wall_ms = 10; wall_ms <= 2_000; wall_ms += 10)
      targetOf(pace, wall_ms, (wall_ms - 10) * 1e6);
    expect(pace.share).toBe(1);
  });
});
