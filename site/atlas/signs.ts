/// Signs on the drawing that are not stations: a mark where a line changes its context, and the gates
/// of netfilter hooks.
import type { Context, StepId } from '../../src/kernel/steps.ts';
import { EG_X, IN_X, yOf } from './stations.ts';

export const MARKS: readonly (readonly [Context, number, number])[] = [
  ['hw', 254, yOf('IN-02') - 6],
  ['hardirq', 307, yOf('IN-05') - 6],
  ['softirq', 335, yOf('IN-07') - 6],
  ['process', 382, yOf('IN-35') - 5],
  ['process', 806, yOf('EG-01') - 5],
  ['hw', 845, yOf('EG-24') - 16],
  ['hardirq', 757, yOf('EG-25') - 6],
  ['softirq', 709, yOf('EG-27') - 6],
];
/// x of the line, and the step whose height the gate has.
export const GATES: readonly (readonly [number, StepId])[] = [
  [IN_X.softirq, 'IN-23'],
  [IN_X.softirq, 'IN-26'],
  [EG_X.process, 'EG-11'],
  [EG_X.process, 'EG-12'],
];
