/// The building: the kernel's storeys as rooms of a house in section, wire in the ground,
/// application under the roof. Heights follow the longer of the two lists of steps beside a storey.
/// All lengths are units of the drawing; at 1440 px one unit is one pixel.
import { STEPS, type Step, type Storey } from '../../src/kernel/steps.ts';

export type Point = readonly [x: number, y: number];

export const WIDTH = 1128;
export const HEIGHT = 852;
export const LEFT = 246; // inner faces of the walls
export const RIGHT = 882;
export const WALL = 10;
const ROOF = 20; // y of the top of the uppermost room
const PITCH = 17; // distance of two names
const VANISH: Point = [564, 395]; // all depth lines meet here
const DEPTH = 0.925; // scale of a back wall

export interface Room {
  readonly storey: Storey;
  readonly name: string;
  readonly gloss: string;
  readonly top: number;
  readonly bottom: number;
}

const NAMES: readonly (readonly [Storey, string, string])[] = [
  ['process', 'Process', 'user space and its system calls'],
  ['socket', 'Socket', 'receive and send queues'],
  ['transport', 'Transport', 'TCP and UDP'],
  ['ip', 'IP and netfilter', 'routing, firewall'],
  ['core', 'Device core', 'GRO, RPS, taps, tc, qdisc'],
  ['napi', 'Softirq and NAPI', 'the poll loop'],
  ['driver', 'Driver and IRQ', 'vectors, doorbells, BQL'],
  ['nic', 'NIC', 'rings, RSS, DMA'],
];

export type Track = 'IN' | 'EG' | 'FW' | 'LO' | 'VE';

/// The steps of one track, in the order of the path.
export function trackOf(track: Track): readonly Step[] {
  return STEPS.filter((step) => step.id.startsWith(`${track}-`));
}

/// The steps of one track in one storey, in the order of the path.
export function stepsIn(track: Track, storey: Storey): readonly Step[] {
  return trackOf(track).filter((step) => step.storey === storey);
}

function roomHeight(storey: Storey): number {
  if (storey === 'process') return 47; // one step each way, and the applications' windows
  return PITCH * Math.max(stepsIn('IN', storey).length, stepsIn('EG', storey).length) + 6;
}

function stack(): Room[] {
  const rooms: Room[] = [];
  let top = ROOF;
  for (const [storey, name, gloss] of NAMES) {
    const bottom = top + roomHeight(storey);
    rooms.push({ storey, name, gloss, top, bottom });
    top = bottom;
  }
  return rooms;
}

/// From the roof down.
export const ROOMS: readonly Room[] = stack();
export const GROUND = ROOMS.at(-1)?.bottom ?? 0;
export const WIRE = GROUND + 15; // y of the wire in the ground

export function room(storey: Storey): Room {
  const found = ROOMS.find((candidate) => candidate.storey === storey);
  if (!found) throw new Error(`no room for the storey ${storey}`);
  return found;
}

/// A corner of a room's front, moved to its back wall.
function back([x, y]: Point): Point {
  return [VANISH[0] + (x - VANISH[0]) * DEPTH, VANISH[1] + (y - VANISH[1]) * DEPTH];
}

export const round = (n: number): number => Math.round(n * 10) / 10;
export const points = (...list: Point[]): string =>
  list.map(([x, y]) => `${round(x)},${round(y)}`).join(' ');

export interface Faces {
  readonly front: string;
  readonly floor: string; // '' where the eye is below it
  readonly ceiling: string; // '' where the eye is above it
  readonly left: string;
  readonly right: string;
  readonly edges: string; // path
}

/// The visible faces of a room in one-point perspective, as polygon points.
export function faces({ storey, top, bottom }: Room): Faces {
  const a = top + (storey === 'process' ? 4 : 2);
  const b = bottom - 2;
  const [tl, tr, br, bl]: Point[] = [
    [LEFT, a],
    [RIGHT, a],
    [RIGHT, b],
    [LEFT, b],
  ];
  if (!tl || !tr || !br || !bl) throw new Error('a room has four corners');
  const [TL, TR, BR, BL] = [back(tl), back(tr), back(br), back(bl)];
  const side = (p: Point, P: Point, Q: Point, q: Point) =>
    `M${p[0]} ${round(p[1])}L${round(P[0])} ${round(P[1])}V${round(Q[1])}L${q[0]} ${round(q[1])}`;
  return {
    front: points(tl, tr, br, bl),
    floor: BL[1] < b ? points(bl, br, BR, BL) : '',
    ceiling: TL[1] > a ? points(tl, tr, TR, TL) : '',
    left: points(tl, TL, BL, bl),
    right: points(tr, TR, BR, br),
    edges: `${side(tl, TL, BL, bl)}${side(tr, TR, BR, br)}M${round(TL[0])} ${round(TL[1])}H${round(TR[0])}M${round(BL[0])} ${round(BL[1])}H${round(BR[0])}`,
  };
}
