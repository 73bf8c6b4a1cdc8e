/// The table of adaptive moderation's profiles.
import {
  NET_DIM_DEF_PROFILE,
  net_dim_get_rx_moderation,
  net_dim_get_tx_moderation,
  type DimPeriodMode,
} from '../dim.ts';
import { differs } from './bare_host.ts';

interface Case {
  readonly direction: 'rx' | 'tx';
  readonly period_mode: DimPeriodMode;
  readonly default_profile_index: number;
  readonly profiles: readonly unknown[];
}

export function run(given: unknown): string | null {
  const test = given as Case;
  const look = test.direction === 'rx' ? net_dim_get_rx_moderation : net_dim_get_tx_moderation;
  const ours = test.profiles.map((_, ix) => look(test.period_mode, ix));
  return (
    differs('profiles', ours, test.profiles) ??
    differs('default', NET_DIM_DEF_PROFILE, test.default_profile_index)
  );
}
