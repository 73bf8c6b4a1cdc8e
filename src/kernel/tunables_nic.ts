/// Settings that only single drivers have: the second receive ring of vmxnet3.
import type { TunableRow } from './tunables_entry.ts';

export const nicTunables: readonly TunableRow[] = [
  {
    id: 'ethtool:ring:rx-jumbo',
    set: 'ethtool -G DEV rx-jumbo N',
    meaning:
      'Descriptors of the second ring of each receive queue, for what does not fit a buffer of the first. vmxnet3 only.',
    unit: 'descriptors',
    default: 'vmxnet3 512',
    range: 'vmxnet3 1 to 4096, rounded up to a multiple of 32',
    step: 'IN-03',
    stored: true,
    source: 'drivers/net/vmxnet3/vmxnet3_ethtool.c:vmxnet3_set_ringparam',
  },
];
