/// The virtio_net driver's side of ethtool. Stands for drivers/net/virtio_net.c, for a device
/// without the features NOTF_COAL and VQ_NOTF_COAL, as QEMU offered it to the recorded hosts.
/// Left out: device statistics over the control queue, and what those features would add.
import { defaultIndir } from '../kernel/rss.ts';
import type { NetDevice } from '../kernel/state.ts';
import type {
  CoalesceRules,
  FeatureRules,
  FlowHashRules,
  LinkStats,
  NicDriver,
  RingRules,
  Statistic,
} from './nic_driver.ts';
import { deviceStatistic, queueStatistic, queueTotals } from './link_stats.ts';
import { softwareClock } from './timestamping.ts';

const INDIR_SIZE = 128;

const ring: RingRules = {
  max: { rx: 1024, tx: 1024, jumbo: 0 },
  start: { rx: 1024, tx: 1024, jumbo: 0 },
  settle(now, wanted) {
    // TX is resized before RX; a refusal leaves what was done before it.
    const tx = resized(now.tx, wanted.tx);
    if (typeof tx !== 'number') return { ...now, refused: tx };
    const rx = resized(now.rx, wanted.rx);
    if (typeof rx !== 'number') return { rx: now.rx, tx, jumbo: 0, refused: rx };
    return { rx, tx, jumbo: 0 };
  },
};

/// virtqueue_resize(): a split ring must be a power of two, and none of zero entries exists.
function resized(now: number, wanted: number): number | { errno: 'EINVAL' | 'ENOMEM' } {
  if (wanted === now) return now;
  if (wanted === 0) return { errno: 'EINVAL' };
  return (wanted & (wanted - 1)) === 0 ? wanted : { errno: 'ENOMEM' };
}

const coalesce: CoalesceRules = {
  params: ['adaptive-rx', 'rx-usecs', 'rx-frames', 'tx-usecs', 'tx-frames'],
  start: { 'adaptive-rx': false, 'rx-usecs': 0, 'rx-frames': 1, 'tx-usecs': 0, 'tx-frames': 1 },
  show: (dev) => ({ ...dev.coalesce }),
  settle(dev, wanted) {
    const tx = Number(wanted['tx-frames']);
    // tx-frames 0 takes away the TX NAPI instance, which cannot be done while the device is up.
    if ((tx !== 0) !== (dev.coalesce['tx-frames'] !== 0) && dev.up) return { errno: 'EBUSY' };
    if (wanted['rx-usecs'] || wanted['tx-usecs']) return { errno: 'EOPNOTSUPP' };
    if (tx > 1 || wanted['rx-frames'] !== 1) return { errno: 'EINVAL' };
    // The adaptive flag is read only with NOTF_COAL, so asking for it changes nothing.
    return { ...dev.coalesce, 'tx-frames': tx };
  },
};

const CHANGEABLE_ON = [
  ...['tx-checksum-ip-generic', 'tx-scatter-gather', 'tx-tcp-segmentation'],
  ...['tx-tcp-ecn-segmentation', 'tx-tcp6-segmentation', 'generic-segmentation-offload'],
  ...['generic-receive-offload', 'rx-gro-hw'],
];

const features: FeatureRules = {
  on: [...CHANGEABLE_ON, 'rx-checksumming', 'highdma', 'rx-vlan-filter', 'tx-gso-robust'],
  free: [
    ...CHANGEABLE_ON,
    ...['tx-tcp-mangleid-segmentation', 'tx-udp-segmentation', 'tx-nocache-copy'],
    ...['rx-gro-list', 'rx-udp-gro-forwarding'],
  ],
  freeWithRss: ['receive-hashing'],
  partial: [],
};

const ADDRESSES = 'sd';
const PORTS_TOO = 'sdfn';

/// virtnet_get_hashflow(), virtnet_set_hashflow(): s and d, all four, or r for none.
const flowHash: FlowHashRules = {
  countsRules: false,
  warnsOfPorts: false,
  start: { tcp4: PORTS_TOO, tcp6: PORTS_TOO, udp4: PORTS_TOO, udp6: PORTS_TOO },
  settle(now, type, letters) {
    if (!(type in now) || ![ADDRESSES, PORTS_TOO, 'r'].includes(letters))
      return { errno: 'EINVAL' };
    return { ...now, [type]: letters };
  },
};

const RX_NAMES = ['drops', 'xdp_packets', 'xdp_tx', 'xdp_redirects', 'xdp_drops', 'kicks'];
const TX_NAMES = ['xdp_tx', 'xdp_tx_drops', 'kicks', 'tx_timeouts'];

function statistics(dev: NetDevice): Statistic[] {
  const rx = (name: string, i: number): number =>
    name === 'drops' || name === 'kicks' ? (dev.rx[i]?.[name] ?? 0) : xdpCount(dev, name, i);
  const tx = (name: string, i: number): number => {
    if (name === 'xdp_tx') return dev.xdp_counts[i]?.xmit ?? 0;
    if (name === 'xdp_tx_drops') return dev.xdp_counts[i]?.xmit_drops ?? 0;
    // Nothing waits in a ring here, so each packet is one that the host must be told of.
    return name === 'kicks' ? (dev.tx[i]?.packets ?? 0) : 0;
  };
  const sum = (of: (name: string, i: number) => number, name: string, n: number): number =>
    Array.from({ length: n }, (_, i) => of(name, i)).reduce((a, b) => a + b, 0);
  const queues = dev.rx.length;
  return [
    ...RX_NAMES.map((name) => deviceStatistic(`rx_${name}`, sum(rx, name, queues))),
    ...TX_NAMES.map((name) => deviceStatistic(`tx_${name}`, sum(tx, name, queues))),
    ...dev.rx.flatMap((_, i) =>
      RX_NAMES.map((name) => queueStatistic(`rxN_${name}`, i, rx(name, i))),
    ),
    ...dev.rx.flatMap((_, i) =>
      TX_NAMES.map((name) => queueStatistic(`txN_${name}`, i, tx(name, i))),
    ),
  ];
}

/// What XDP did on a receive queue, by the names of RX_NAMES.
function xdpCount(dev: NetDevice, name: string, queue: number): number {
  const counts = dev.xdp_counts[queue];
  if (!counts) return 0;
  switch (name) {
    case 'xdp_packets':
      return counts.packets;
    case 'xdp_tx':
      return counts.tx;
    case 'xdp_redirects':
      return counts.redirects;
    default:
      return counts.drops;
  }
}

/// virtnet_stats(): the device says nothing of what it had to drop for want of a buffer, so the
/// guest cannot count it.
function linkStats(dev: NetDevice): LinkStats {
  const totals = queueTotals(dev);
  for (const queue of dev.rx) totals.rx_dropped += queue.drops;
  return totals;
}

export const virtioNet: NicDriver = {
  name: 'virtio_net',
  info: {
    version: '1.0.0',
    firmware: '',
    test: false,
    eeprom: false,
    registers: false,
    blinks: false,
  },
  mtu: { min: 68, max: 65535 },
  tsoMaxSize: 65536,
  ring,
  coalesce,
  channels: { other: 0, refuse: (_combined, other) => (other ? { errno: 'EINVAL' } : null) },
  rss: {
    size: INDIR_SIZE,
    keySize: 40,
    table: (queues) => defaultIndir(INDIR_SIZE, queues),
    refuse: () => null,
    keepsTable: true,
  },
  flowHash,
  features,
  privFlags: null,
  answersRings: true,
  pause: null,
  link: {
    ports: [],
    modes: [],
    pause: 'No',
    autoneg: false,
    port: 'Other',
    phyad: 0,
    mdix: '',
    wol: '',
    wolStart: '',
    msglvl: -1,
    refuse: (_speed, _duplex, autoneg) => (autoneg ? { errno: 'EINVAL' } : null),
    resets: false,
  },
  timestamping: softwareClock,
  statistics,
  linkStats,
};
