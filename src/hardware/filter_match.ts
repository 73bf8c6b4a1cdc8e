/// Frames that rules for single flows caught, as a NIC's own counters have them: 82599 and E810.
/// A frame that a rule drops is counted where it is dropped (wire.ts); one that a rule sends to a queue, when that queue
/// is polled. Left out: those that find no descriptor there.
import { isCaught } from '../kernel/rxnfc_rules.ts';
import type { Kernel, NetDevice, Skb } from '../kernel/state.ts';

/// Counts a frame that is taken off its ring.
export function countMatch(k: Kernel, dev: NetDevice, skb: Skb): void {
  if (dev.filters.length === 0) return;
  const counter = isCaught(k, dev, skb) ? 'filter_match' : 'filter_miss';
  dev.hw[counter] = (dev.hw[counter] ?? 0) + 1;
}
