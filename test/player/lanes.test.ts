import { describe, expect, it } from 'vitest';
import { hosts } from '../../src/hardware/hosts.ts';
import { boot } from '../../src/kernel/boot.ts';
import { cpuTimes } from '../../src/kernel/piece.ts';
import { advance } from '../../src/kernel/run.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import { startSource } from '../../src/kernel/traffic.ts';
import { createLanes, lanesBetween, readLanes } from '../../src/player/lanes.ts';
import type { Lane, LaneContext } from '../../src/player/protocol.ts';

const grain_ns = 10_000;
const length_ns = 5_000_000;

function laned(): { k: Kernel; lanes: ReturnType<typeof lanesBetween> } {
  const k = boot(hosts['alder']!, 7);
  const recorder = createLanes(grain_ns, Infinity);
  startSource(k, { dev: 1, pps: 200_000 });
  for (let at_ns = 0; at_ns <= length_ns; at_ns += grain_ns) {
    advance(k, at_ns);
    readLanes(recorder, k);
  }
  return { k, lanes: lanesBetween(recorder, k, 0, length_ns) };
}

/// Time of a lane in one context, ns.
function timeIn(lane: Lane, context: LaneContext): number {
  return lane.contexts.reduce((sum, one, i) => {
    const end = lane.edges[i + 1] ?? length_ns;
    return one === context ? sum + end - lane.edges[i]! : sum;
  }, 0);
}

describe('the lanes', () => {
  it('give every context the time that the host charged it with', () => {
    const { k, lanes } = laned();
    for (const lane of lanes.cpus) {
      const times = cpuTimes(k, k.cpus[lane.id]!);
      for (const context of ['hardirq', 'softirq', 'process', 'user', 'idle'] as const) {
        expect(Math.abs(timeIn(lane, context) - times[context])).toBeLessThan(grain_ns);
      }
    }
    expect(lanes.cpus.some((lane) => timeIn(lane, 'softirq') > 100_000)).toBe(true);
  });

  it('cover the whole time with pieces in order, no two alike side by side', () => {
    for (const { edges, contexts } of laned().lanes.cpus) {
      expect(edges[0]).toBe(0);
      expect(edges).toEqual(edges.toSorted((a, b) => a - b));
      contexts.forEach((context, i) => expect(context).not.toBe(contexts[i + 1]));
    }
  });
});
