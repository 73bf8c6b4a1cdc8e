/// The map: every step has its place and its line, and what moves on it follows the rates.
import { describe, expect, it } from 'vitest';
import { STEPS } from '../../src/kernel/steps.ts';
import { ROOMS, trackOf } from '../../site/atlas/building.ts';
import { ONE_LINES } from '../../site/atlas/one_lines.ts';
import { filled, ringSlots } from '../../site/atlas/queues.ts';
import { pointAt, ratesAlong, route, standsFor, still } from '../../site/atlas/route.ts';
import { SHORT_STEPS } from '../../site/atlas/short_tracks.ts';
import { EGRESS, INGRESS } from '../../site/atlas/stations.ts';
import { type AtlasView, rate } from '../../site/atlas/view.ts';

const quiet: AtlasView = {
  at_ns: 0,
  bits_in: 0,
  rates: {},
  rings: [],
  vectors: [],
  interrupts: 0,
  budget: null,
  ksoftirqd: null,
  backlog: { used: [], limit: 1000 },
  sockets: [],
  apps: [],
  drops: [],
  busy: 0,
  lanes: null,
};

describe('the building', () => {
  it('names every step of the path once', () => {
    const named = [...INGRESS, ...EGRESS, ...SHORT_STEPS].map(({ id }) => id);
    expect([...named].sort()).toEqual(STEPS.map((step) => step.id).sort());
  });

  it('keeps the names of a side at least 13 units apart, so that no two touch', () => {
    for (const side of [INGRESS, EGRESS]) {
      const rows = side.map(({ at }) => at[1]).sort((a, b) => a - b);
      const gaps = rows.slice(1).map((y, i) => y - (rows[i] ?? 0));
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(13);
    }
  });

  it('puts every station into the room of its storey', () => {
    for (const { id, step, at } of [...INGRESS, ...EGRESS]) {
      const room = ROOMS.find(({ storey }) => storey === step.storey);
      expect(room, id).toBeDefined();
      expect(at[1], id).toBeGreaterThan(room?.top ?? 0);
      expect(at[1], id).toBeLessThan(room?.bottom ?? 0);
    }
  });

  it('lets ingress climb: no step stands below the one before', () => {
    const climbing = trackOf('IN').filter((step) => step.id !== 'IN-U1');
    const heights = climbing.map((step) => INGRESS.find(({ id }) => id === step.id)?.at[1] ?? 0);
    expect([...heights].sort((a, b) => b - a)).toEqual(heights);
  });

  it('says every step in one line of at most 130 characters', () => {
    for (const [id, line] of Object.entries(ONE_LINES)) {
      expect(line.length, id).toBeLessThanOrEqual(130);
      expect(line, id).toMatch(/[.]$/);
    }
  });
});

describe('queues', () => {
  it('shows at least one slot of a queue that holds anything, and all of a full one', () => {
    expect(filled({ used: 0, limit: 1000 }, 16)).toBe(0);
    expect(filled({ used: 1, limit: 1000 }, 16)).toBe(1);
    expect(filled({ used: 1000, limit: 1000 }, 16)).toBe(16);
    expect(filled({ used: 2000, limit: 1000 }, 16)).toBe(16);
  });

  it('wraps a ring round its end', () => {
    const full = ringSlots({ used: 64, limit: 256, tail: 240 }, 16);
    expect(Array.from({ length: 16 }, (_, i) => full(i))).toEqual(
      Array.from({ length: 16 }, (_, i) => i === 15 || i <= 2),
    );
  });
});

describe('the route of packets', () => {
  it('leaves the line for the other backlog only with RPS', () => {
    expect(route(false).stations.some(({ step }) => step === 'IN-15')).toBe(false);
    expect(route(true).stations.some(({ step }) => step === 'IN-15')).toBe(true);
  });

  it('carries a rate on over steps that count nothing', () => {
    const way = route(false);
    const along = ratesAlong(way, { ...quiet, rates: { 'IN-01': 100, 'IN-03': 80 } });
    expect(along[0]).toBe(100);
    expect(along.at(-1)).toBe(80);
  });

  it('stands for a round number of packets, more at a higher rate', () => {
    expect(standsFor(1)).toBe(1);
    expect(standsFor(200_000)).toBe(100_000);
    expect(standsFor(2_000_000)).toBe(1_000_000);
  });

  it('draws nothing when nothing arrives, and fewer capsules behind a loss', () => {
    expect(still(quiet)).toEqual([]);
    const whole = still({ ...quiet, rates: { 'IN-01': 100_000 } });
    const few = still({ ...quiet, rates: { 'IN-01': 100_000, 'IN-03': 10_000 } });
    expect(few.length).toBeGreaterThan(0);
    expect(few.length).toBeLessThan(whole.length * 0.6);
  });

  it('ends where it says', () => {
    const way = route(false);
    const last = way.points.at(-1);
    expect(pointAt(way, way.length)).toMatchObject({ x: last?.[0], y: last?.[1] });
  });
});

describe('rates', () => {
  it('are short and carry their unit', () => {
    expect(rate(214_600)).toEqual(['214.6', 'kpps']);
    expect(rate(964_800_000, 'b/s')).toEqual(['964.8', 'Mb/s']);
    expect(rate(16_200, 'irq/s')).toEqual(['16.2', 'k irq/s']);
    expect(rate(0)).toEqual(['0', 'pps']);
  });
});
