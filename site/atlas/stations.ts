/// Where each step stands on the drawing: ingress climbs on the left, egress descends on the right,
/// completions ride up between them. The column says the context, the row the place on the path.
import type { Context, Step, StepId, Storey } from '../../src/kernel/steps.ts';
import { type Point, ROOMS, round, stepsIn, trackOf } from './building.ts';

export interface Station {
  readonly step: Step;
  readonly id: StepId;
  readonly no: string; // 03, U1
  readonly side: 'in' | 'eg';
  readonly at: Point;
  readonly big: boolean; // has a number or a branch
}

/// x of each line, by context.
export const IN_X: Record<Context, number> = {
  hw: 276,
  hardirq: 300,
  softirq: 324,
  kthread: 324,
  process: 372,
  user: 372,
};
export const EG_X: Record<Context, number> = {
  hw: 836,
  hardirq: 748,
  softirq: 730,
  kthread: 730,
  process: 796,
  user: 796,
};
export const BRANCH = 348; // RPS and UDP branch, beside the softirq line
export const SIDE = 302; // the listener's branch

const ASIDE: Partial<Record<StepId, number>> = {
  'IN-29': SIDE,
  'IN-30': SIDE,
  'IN-U1': BRANCH,
  'IN-15': BRANCH,
  'IN-16': BRANCH,
};

// Rows that stand level with their partner on the other side.
const LEVEL: Partial<Record<StepId, StepId>> = {
  'EG-01': 'IN-35',
  'EG-24': 'IN-02',
  'EG-26': 'IN-09',
  'EG-27': 'IN-11',
};

const BIG = new Set<string>([
  ...[
    'IN-03',
    'IN-09',
    'IN-12',
    'IN-15',
    'IN-18',
    'IN-22',
    'IN-23',
    'IN-25',
    'IN-28',
    'IN-32',
    'IN-35',
    'IN-U1',
  ],
  ...['EG-01', 'EG-06', 'EG-12', 'EG-17', 'EG-20', 'EG-24', 'EG-26', 'EG-29'],
]);

function place(track: 'IN' | 'EG', storey: Storey): Map<string, Point> {
  const found = new Map<string, Point>();
  const steps = stepsIn(track, storey);
  const box = ROOMS.find((room) => room.storey === storey);
  if (!box) throw new Error(`no room for ${storey}`);
  const pitch = (box.bottom - box.top - 6) / steps.length;
  steps.forEach((step, i) => {
    const way = pitch * (i + 0.5) + 3;
    const y = track === 'IN' ? box.bottom - way : box.top + way;
    const x = ASIDE[step.id as StepId] ?? (track === 'IN' ? IN_X : EG_X)[step.context];
    found.set(step.id, [x, round(y)]);
  });
  return found;
}

function placeAll(): Map<string, Point> {
  const all = new Map<string, Point>();
  for (const { storey } of ROOMS)
    for (const track of ['IN', 'EG'] as const)
      for (const [id, point] of place(track, storey)) all.set(id, point);
  const y = (id: string) => all.get(id)?.[1] ?? 0;
  const processFloor = ROOMS[0]?.bottom ?? 0;
  all.set('IN-35', [IN_X.process, processFloor - 9]);
  // IN-34 lies on the slope that leads from softirq to the process.
  all.set('IN-34', [round(IN_X.softirq + Math.max(0, processFloor + 33 - y('IN-34'))), y('IN-34')]);
  for (const [id, partner] of Object.entries(LEVEL))
    all.set(id, [all.get(id)?.[0] ?? 0, y(partner)]);
  return all;
}

const PLACES = placeAll();

/// The point of a step on the two long tracks.
export function at(id: StepId): Point {
  const point = PLACES.get(id);
  if (!point) throw new Error(`no place on the drawing for ${id}`);
  return point;
}
export const yOf = (id: StepId): number => at(id)[1];

const station =
  (side: 'in' | 'eg') =>
  (step: Step): Station => {
    const id = step.id as StepId;
    return { step, id, no: step.id.slice(3), side, at: at(id), big: BIG.has(id) };
  };

export const INGRESS: readonly Station[] = trackOf('IN').map(station('in'));
export const EGRESS: readonly Station[] = trackOf('EG').map(station('eg'));
