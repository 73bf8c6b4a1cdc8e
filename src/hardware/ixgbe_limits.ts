/// What an 82599 can do at a time: how many queues RSS spreads over, and when it merges segments.
/// Stands for parts of drivers/net/ethernet/intel/ixgbe/ixgbe_ethtool.c.
import type { NetDevice } from '../kernel/state.ts';

const IXGBE_MIN_RSC_ITR = 24; // quarters of a microsecond
const MAX_RSS = 16; // IXGBE_MAX_RSS_INDICES

/// rx_itr_setting: 0 and 1 are modes, else quarters of a microsecond.
export function ixgbeSetting(dev: NetDevice): number {
  const usecs = Number(dev.coalesce['rx-usecs']);
  return usecs > 1 ? usecs << 2 : usecs;
}

/// Whether the NIC merges segments: ixgbe_update_rsc() switches that off where the interrupts come too fast for it.
export function rscEnabled(dev: NetDevice): boolean {
  if (!dev.features['large-receive-offload']) return false;
  return ixgbeSetting(dev) === 1 || ixgbeSetting(dev) > IXGBE_MIN_RSC_ITR;
}

/// Queues that RSS spreads over; more are for Flow Director.
export function rssQueues(queues: number): number {
  return Math.min(queues, MAX_RSS);
}
