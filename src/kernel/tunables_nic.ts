/// Settings that only some drivers have: stamps by the NIC, the second receive ring of vmxnet3, rules for single flows, private flags.
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
  {
    id: 'ethtool:flow-rule',
    set: 'ethtool -N DEV flow-type TYPE FIELD VALUE [m MASK]... action QUEUE [loc N]',
    meaning:
      'Sends the flows that it describes to a receive queue, past the RSS table; with action -1 the NIC drops them. With mlx5 it holds whether ntuple-filters is on or not; a Cadence GEM compares the rules from the next one on that is put in while it is on.',
    unit: 'receive queue',
    default: 'no rule',
    range:
      'ixgbe: 2046 rules with one mask for all; ice: 15872, whole fields, the same for all rules of one kind of flow; mlx5: 1024, any mask; macb: 4, whole addresses and ports; the others take none (EOPNOTSUPP)',
    step: 'IN-02',
    source: 'net/ethtool/ioctl.c:ethtool_set_rxnfc',
  },
  {
    id: 'ethtool:priv-flag:legacy-rx',
    set: 'ethtool --set-priv-flags DEV legacy-rx on|off',
    meaning:
      'The driver copies short frames, and of long ones the headers, into a small skb, instead of building the skb around the buffer. igb, ixgbe, ice.',
    unit: 'on or off',
    default: 'off',
    range: 'a flag that the driver does not know is refused with EOPNOTSUPP',
    step: 'IN-11',
    source: 'net/ethtool/privflags.c:ethnl_set_privflags',
  },
  {
    id: 'ethtool:priv-flag:rx_striding_rq',
    set: 'ethtool --set-priv-flags DEV rx_striding_rq on|off',
    meaning:
      'Many frames share one large receive buffer, which goes back to the NIC as a whole; off: a buffer for each frame, in bulks of up to 256. mlx5_core.',
    unit: 'on or off',
    default: 'on',
    range: 'cannot go off while LRO is on (EINVAL)',
    step: 'IN-03',
    source: 'net/ethtool/privflags.c:ethnl_set_privflags',
  },
  {
    id: 'ethtool:priv-flag:rx_cqe_moder',
    set: 'ethtool --set-priv-flags DEV rx_cqe_moder on|off',
    meaning:
      'The delay of an interrupt begins anew with each completion, not with the first. The same as cqe-mode-rx of ethtool -C, but only for the queues that run now. mlx5_core.',
    unit: 'on or off',
    default: 'on',
    range: 'a flag that the driver does not know is refused with EOPNOTSUPP',
    step: 'IN-04',
    source: 'net/ethtool/privflags.c:ethnl_set_privflags',
  },
  {
    id: 'hwtstamp:rx_filter',
    set: 'hwstamp_ctl -i DEV -r N',
    meaning:
      'Which received frames the NIC stamps with its own clock: 0 none, 1 all, 3 to 14 messages of PTP. The driver may choose a wider filter.',
    unit: 'number of a filter',
    default: '0',
    range:
      'igb, ixgbe 0, 4, 5, 6 to 14; e1000e 0, 1, 3 to 14; ice 0, 1, 3 to 14; mlx5_core 0 to 14; else ERANGE, and EOPNOTSUPP without a clock',
    step: 'IN-11',
    source: 'net/core/dev_ioctl.c:dev_set_hwtstamp',
  },
];
