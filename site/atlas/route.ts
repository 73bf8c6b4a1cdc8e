/// The way of a received UDP packet over the drawing, and where the packets on it stand. Speed is the
/// same on every stretch; the distance between packets follows the rate.
import type { StepId } from '../../src/kernel/steps.ts';
import { WIRE, type Point, ROOMS } from './building.ts';
import { APPS } from './lines.ts';
import { BRANCH, INGRESS, IN_X, at, yOf } from './stations.ts';
import type { AtlasView } from './view.ts';

export const SPEED = 90; // units of the drawing a second
const CLOSEST = 26; // distance of two packets at the highest rate, units

interface Stop {
  readonly point: Point;
  readonly step?: StepId;
}

export interface Route {
  readonly points: readonly Point[];
  readonly lengths: readonly number[]; // from the start to each point
  readonly stations: readonly { readonly step: StepId; readonly s: number }[];
  readonly length: number;
}

const on = (step: StepId): Stop => ({ point: at(step), step });
const via = (x: number, y: number): Stop => ({ point: [x, y] });

/// With RPS the packet leaves the line for the other CPU's backlog, at IN-15 and IN-16.
function stops(rps: boolean): Stop[] {
  const hall = ROOMS[0]?.bottom ?? 0;
  const [y4, y6, y14, y17, y27] = [
    yOf('IN-04'),
    yOf('IN-06'),
    yOf('IN-14'),
    yOf('IN-17'),
    yOf('IN-27'),
  ];
  const climb = (from: StepId, to: StepId) => {
    const ids = INGRESS.map((station) => station.id);
    return ids.slice(ids.indexOf(from), ids.indexOf(to) + 1).map(on);
  };
  return [
    via(0, WIRE),
    via(262, WIRE),
    via(IN_X.hw, WIRE - 14),
    ...climb('IN-01', 'IN-04'),
    via(IN_X.hw, y4 - 2),
    via(IN_X.hardirq, y4 - 26),
    ...climb('IN-05', 'IN-06'),
    via(IN_X.hardirq, y6 - 4),
    via(IN_X.softirq, y6 - 28),
    ...climb('IN-07', 'IN-14'),
    ...(rps ? [via(BRANCH, y14 - 16), on('IN-15'), on('IN-16'), via(BRANCH, y17 + 16)] : []),
    ...climb('IN-17', 'IN-27'),
    via(BRANCH, y27 - 22),
    on('IN-U1'),
    via(BRANCH, hall + 19),
    via(IN_X.process, hall - 5),
    via(IN_X.process, hall - 19),
    via(382, APPS.y),
    via(APPS.left + 12, APPS.y),
  ];
}

export function route(rps: boolean): Route {
  const list = stops(rps);
  const points = list.map((stop) => stop.point);
  const lengths: number[] = [0];
  points.forEach(([x, y], i) => {
    const last = points[i - 1];
    if (last)
      lengths.push((lengths[i - 1] ?? 0) + Math.sqrt((x - last[0]) ** 2 + (y - last[1]) ** 2));
  });
  const stations = list.flatMap(({ step }, i) => (step ? [{ step, s: lengths[i] ?? 0 }] : []));
  // IN-34 and IN-35 lie on the TCP line; the UDP branch passes beside them.
  const arrival = lengths.at(-4) ?? 0;
  return {
    points,
    lengths,
    stations: [...stations, { step: 'IN-35', s: arrival }],
    length: lengths.at(-1) ?? 0,
  };
}

/// The point at distance s along the route, and whether the way is level there.
export function pointAt(
  { points, lengths }: Route,
  s: number,
): { x: number; y: number; level: boolean } {
  let i = 1;
  while (i < lengths.length - 1 && (lengths[i] ?? 0) < s) i++;
  const [a, b] = [points[i - 1] ?? [0, 0], points[i] ?? [0, 0]];
  const [from, to] = [lengths[i - 1] ?? 0, lengths[i] ?? 0];
  const share = to > from ? Math.min(1, Math.max(0, (s - from) / (to - from))) : 0;
  return { x: a[0] + (b[0] - a[0]) * share, y: a[1] + (b[1] - a[1]) * share, level: a[1] === b[1] };
}

/// How many packets one capsule stands for: 1, 2 or 5 times a power of ten, so that the capsules of
/// that rate keep their distance.
export function standsFor(rate: number): number {
  const most = SPEED / CLOSEST; // capsules a second
  let n = 1;
  for (let i = 0; rate / n > most; i++) n *= i % 3 === 1 ? 2.5 : 2;
  return n;
}

/// The rate at each station of the route: where the host counts nothing, what came before goes on.
export function ratesAlong({ stations }: Route, view: AtlasView): readonly number[] {
  let last = view.rates['IN-01'] ?? 0;
  return stations.map(({ step }) => (last = view.rates[step] ?? last));
}

export interface Place {
  readonly s: number; // distance along the route
  readonly x: number;
  readonly y: number;
  readonly level: boolean;
}

/// Where capsules stand while the host keeps those rates: evenly on each stretch, fewer behind a loss.
export function still(view: AtlasView): Place[] {
  const way = route((view.rates['IN-15'] ?? 0) > 0);
  const along = ratesAlong(way, view);
  const offered = view.rates['IN-01'] ?? 0;
  if (offered <= 0) return [];
  const gap = (SPEED * standsFor(offered)) / offered;
  const found: Place[] = [];
  let owed = 0;
  for (let s = 14; s < way.length; s += gap) {
    const passed = way.stations.filter((station) => station.s <= s).length;
    owed += passed ? (along[passed - 1] ?? 0) / offered : 1;
    if (owed < 1 - 1e-9) continue;
    owed -= 1;
    // Not on a station: its sign would be hidden.
    if (way.stations.every((station) => Math.abs(station.s - s) > 7))
      found.push({ s, ...pointAt(way, s) });
  }
  return found;
}
