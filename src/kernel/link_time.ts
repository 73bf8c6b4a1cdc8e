/// How long a frame takes on a wire.
import type { NetDevice } from './state.ts';

export const MIN_FRAME = 60; // bytes without FCS: shorter ones are padded
const FCS = 4;
const PREAMBLE_AND_GAP = 20;

/// Time that a frame of `len` bytes without FCS takes, ps; 0 where the link has no speed.
export function framePs(dev: NetDevice, len: number): number {
  if (dev.speed_mbps <= 0) return 0;
  return ((Math.max(MIN_FRAME, len) + FCS + PREAMBLE_AND_GAP) * 8 * 1_000_000) / dev.speed_mbps;
}
