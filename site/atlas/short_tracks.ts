/// The two short tracks as lists in the rooms that their dashed lines cross. The map has less room
/// than the step list, so the names here are shorter still.
import type { StepId } from '../../src/kernel/steps.ts';
import { room } from './building.ts';

export interface ShortStep {
  readonly id: StepId;
  readonly words: string;
  readonly x: number;
  readonly y: number;
}

const FORWARD: readonly (readonly [StepId, string])[] = [
  ['FW-01', 'routing says “not for us”'],
  ['FW-02', 'ip_forward: policy, TTL, MTU'],
  ['FW-03', 'netfilter FORWARD'],
  ['FW-04', 'ip_forward_finish, then EG-12'],
  ['FW-05', 'short cuts: XDP, flowtable'],
];
const LOCAL: readonly (readonly [StepId, string])[] = [
  ['LO-01', 'the route points to lo'],
  ['LO-02', 'loopback_xmit, no queue'],
  ['LO-03', 'backlog, same CPU'],
  ['LO-04', 'IP input, same route'],
  ['VE-01', 'veth_xmit to the peer'],
  ['VE-02', 'no NAPI: the backlog'],
  ['VE-03', 'XDP or GRO: veth NAPI'],
  ['VE-04', 'bridge or route'],
];

const list = (
  steps: readonly (readonly [StepId, string])[],
  x: number,
  top: number,
  pitch: number,
): ShortStep[] => steps.map(([id, words], i) => ({ id, words, x, y: top + i * pitch }));

export const SHORT_STEPS: readonly ShortStep[] = [
  ...list(FORWARD, 480, room('ip').top + 56, 11.8),
  ...list(LOCAL, 562, room('core').top + 36, 12.5),
];
