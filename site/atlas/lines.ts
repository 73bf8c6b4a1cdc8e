/// The lines of the map: one for each stretch of the path that runs in one context. A change of
/// context is always a 45 degree step, so the shape says it too. Order is the order of painting.
import type { Context } from '../../src/kernel/steps.ts';
import { WIDTH, WIRE, ROOMS } from './building.ts';
import { BRANCH, EG_X, IN_X, SIDE, yOf } from './stations.ts';

export interface Line {
  readonly d: string;
  readonly context: Context;
  readonly width: number;
  readonly core?: 'dashed' | 'thin'; // the light core of hardware and hard IRQ lines
  readonly casing?: false; // drawn without the ground-coloured casing
}

export interface Link {
  readonly d: string;
  readonly words: string;
  readonly at: readonly [number, number];
  readonly anchor: 'start' | 'middle';
}

const HALL = ROOMS[0]?.bottom ?? 0; // floor of the process storey, where the system calls pass
const TOP = HALL - 29; // y of the line through the applications
export const APPS = { y: TOP, left: 440, right: 728 };

function ingress(): Line[] {
  const [y4, y6] = [yOf('IN-04'), yOf('IN-06')];
  const wire = `M0 ${WIRE}H262L${IN_X.hw} ${WIRE - 14}V${y4 - 2}L${IN_X.hardirq} ${y4 - 26}`;
  const interrupt = `M299 ${y4 - 25}L${IN_X.hardirq} ${y4 - 26}V${y6 - 4}L${IN_X.softirq} ${y6 - 28}`;
  const listen = `M${IN_X.softirq} ${yOf('IN-28') - 2}L${SIDE} ${yOf('IN-28') - 20}V${yOf('IN-31') + 18}L${IN_X.softirq} ${yOf('IN-31') + 1}`;
  const udp = `M${IN_X.softirq} ${yOf('IN-27') + 1}L${BRANCH} ${yOf('IN-27') - 22}V${HALL + 19}L371 ${HALL - 5}`;
  const rps = `M${IN_X.softirq} ${yOf('IN-14') - 1}L${BRANCH} ${yOf('IN-14') - 16}V${yOf('IN-17') + 16}L${IN_X.softirq} ${yOf('IN-17') + 1}`;
  return [
    { d: wire, context: 'hw', width: 7, core: 'dashed' },
    { d: interrupt, context: 'hardirq', width: 6.5, core: 'thin' },
    { d: listen, context: 'softirq', width: 3.5 },
    { d: udp, context: 'softirq', width: 3.5 },
    { d: rps, context: 'softirq', width: 3.5 },
    {
      d: `M323 ${y6 - 27}L${IN_X.softirq} ${y6 - 28}V${HALL + 33}L366 ${HALL - 9}`,
      context: 'softirq',
      width: 7.5,
    },
    {
      d: `M364 ${HALL - 7}L${IN_X.process} ${HALL - 15}V${HALL - 19}L382 ${TOP}H${APPS.left}`,
      context: 'process',
      width: 7.5,
    },
  ];
}

function egress(): Line[] {
  const [y23, y24, y25] = [yOf('EG-23'), yOf('EG-24'), yOf('EG-25')];
  const out = `M${EG_X.hw} ${y24 - 11}V${WIRE - 14}L850 ${WIRE}H${WIDTH}`;
  return [
    {
      d: `M${APPS.right} ${TOP}H784L${EG_X.process} ${TOP + 12}V${y23 + 6}L${EG_X.hw} ${y24 - 10}`,
      context: 'process',
      width: 7.5,
    },
    { d: out, context: 'hw', width: 7, core: 'dashed' },
    // Softirq may run the same steps: an ACK, a timer or a wake-up sends what was waiting.
    { d: `M786.5 ${yOf('EG-06') - 2}V${y23 + 3}`, context: 'softirq', width: 3, casing: false },
    {
      d: `M${EG_X.hw} ${y24 + 2}H772L${EG_X.hardirq} ${y24 - 20}V${y25 - 1}`,
      context: 'hw',
      width: 3.5,
    },
    {
      d: `M${EG_X.hardirq} ${y25 + 9}V${y25 - 10}L${EG_X.softirq} ${y25 - 28}`,
      context: 'hardirq',
      width: 4.5,
    },
    {
      d: `M730.5 ${y25 - 27}L${EG_X.softirq} ${y25 - 28}V${yOf('EG-29')}`,
      context: 'softirq',
      width: 4.5,
    },
  ];
}

export const LINES: readonly Line[] = [...ingress(), ...egress()];

/// Short tracks and feedback between the two long ones: thin dashes, with their words.
export const LINKS: readonly Link[] = [
  {
    d: `M${IN_X.softirq} ${yOf('IN-32')}H700L716 ${yOf('EG-29')}H730M700 ${yOf('IN-32')}L742 ${yOf('EG-06')}H783`,
    words: 'an ACK arrives: EG-29, then EG-06',
    at: [520, yOf('IN-32') + 12],
    anchor: 'middle',
  },
];

/// The two short tracks, whose steps are named beside the dashes: see short_tracks.ts.
export const FORWARD = `M${IN_X.softirq} ${yOf('IN-25')}H640L664 ${yOf('EG-12')}H783`;
export const LOOPBACK = `M${EG_X.process} ${yOf('EG-20')}H604L524 ${yOf('IN-15')}H350`;
