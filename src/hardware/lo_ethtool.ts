/// The loopback device's side of ethtool: link state, features and time stamping, no more.
/// Stands for drivers/net/loopback.c.
import type { NicDriver } from './nic_driver.ts';
import { queueTotals } from './link_stats.ts';
import { softwareClock } from './timestamping.ts';

const CHANGEABLE_ON = [
  ...['tx-tcp-segmentation', 'tx-tcp-ecn-segmentation', 'tx-tcp-mangleid-segmentation'],
  ...['tx-tcp6-segmentation', 'generic-segmentation-offload', 'generic-receive-offload'],
  ...['tx-sctp-segmentation', 'tx-udp-segmentation', 'tx-gso-list'],
];

export const lo: NicDriver = {
  name: 'lo',
  info: null,
  mtu: { min: 0, max: 0 },
  tsoMaxSize: 524280,
  ring: null,
  coalesce: null,
  channels: null,
  rss: null,
  flowHash: null,
  features: {
    on: [
      ...CHANGEABLE_ON,
      ...['rx-checksumming', 'tx-checksum-ip-generic', 'tx-checksum-sctp', 'tx-scatter-gather'],
      ...['tx-scatter-gather-fraglist', 'highdma', 'vlan-challenged', 'loopback'],
    ],
    free: [...CHANGEABLE_ON, 'rx-gro-list', 'rx-udp-gro-forwarding'],
    partial: [],
  },
  privFlags: null,
  answersRings: false,
  pause: null,
  link: null,
  timestamping: softwareClock,
  statistics: () => null,
  // What it sends it receives: one pair of counters stands for both (loopback_get_stats64()).
  linkStats(dev) {
    const { rx_packets, rx_bytes, ...rest } = queueTotals(dev);
    return { ...rest, rx_packets, rx_bytes, tx_packets: rx_packets, tx_bytes: rx_bytes };
  },
};
