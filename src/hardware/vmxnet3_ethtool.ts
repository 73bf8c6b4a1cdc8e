/// The vmxnet3 driver's side of ethtool, for version 1 of the device, which the recorded host's hypervisor
/// offered. Stands for drivers/net/vmxnet3/vmxnet3_ethtool.c.
/// Left out: what later versions add (moderation, hash fields, tunnels, the data ring), register dumps.
import { defaultIndir } from '../kernel/rss.ts';
import type { NetDevice } from '../kernel/state.ts';
import { queueTotals } from './link_stats.ts';
import type { LinkStats, NicDriver, RingRules, Statistic } from './nic_driver.ts';
import { buffersPerPacket } from './vmxnet3_buffers.ts';

const RING_MAX = 4096;
const RING_SIZE_ALIGN = 32; // VMXNET3_RING_SIZE_ALIGN
const IND_TABLE_SIZE = 128; // VMXNET3_RSS_IND_TABLE_SIZE

const ring: RingRules = {
  max: { rx: RING_MAX, tx: RING_MAX, jumbo: RING_MAX },
  start: { rx: 1024, tx: 512, jumbo: 512 },
  settle(now, wanted, dev) {
    if (!wanted.rx || !wanted.tx || !wanted.jumbo) return { ...now, refused: { errno: 'EINVAL' } };
    const whole = buffersPerPacket(dev.mtu) * RING_SIZE_ALIGN;
    return {
      rx: multiple(wanted.rx, whole),
      tx: multiple(wanted.tx, RING_SIZE_ALIGN),
      jumbo: multiple(wanted.jumbo, RING_SIZE_ALIGN),
    };
  },
};

/// Rounded up to a multiple, within the maximum.
function multiple(wanted: number, of: number): number {
  return Math.min(Math.ceil(wanted / of), Math.floor(RING_MAX / of)) * of;
}

const TX_NAMES = [
  ...['  TSO pkts tx', '  TSO bytes tx', '  ucast pkts tx', '  ucast bytes tx', '  mcast pkts tx'],
  ...['  mcast bytes tx', '  bcast pkts tx', '  bcast bytes tx', '  pkts tx err'],
  ...['  pkts tx discard', '  drv dropped tx total', '     too many frags', '     giant hdr'],
  ...['     hdr err', '     tso', '  ring full', '  pkts linearized', '  hdr cloned'],
  ...['  giant hdr', '  xdp xmit', '  xdp xmit err'],
];
const RX_NAMES = [
  ...['  LRO pkts rx', '  LRO byte rx', '  ucast pkts rx', '  ucast bytes rx', '  mcast pkts rx'],
  ...['  mcast bytes rx', '  bcast pkts rx', '  bcast bytes rx', '  pkts rx OOB', '  pkts rx err'],
  ...['  drv dropped rx total', '     err', '     fcs', '  rx buf alloc fail'],
  ...[
    '     xdp packets',
    '     xdp tx',
    '     xdp redirects',
    '     xdp drops',
    '     xdp aborted',
  ],
];

/// A block for each queue, headed by its number: transmit, receive, and one line for the device. The
/// names are padded as the driver pads them.
function statistics(dev: NetDevice): Statistic[] {
  const line = (side: string, name: string, queue: number, value: number): Statistic => ({
    name,
    value,
    id: queue < 0 ? name.replaceAll(' ', '_') : `${side}N_${name.trim().replaceAll(' ', '_')}`,
    queue,
  });
  return [
    ...dev.tx.flatMap((q, i) => [
      line('tx', 'Tx Queue#', i, i),
      ...TX_NAMES.map((name) => line('tx', name, i, txValue(dev, i, name, q.packets, q.bytes))),
    ]),
    ...dev.rx.flatMap((q, i) => [
      line('rx', 'Rx Queue#', i, i),
      ...RX_NAMES.map((name) => line('rx', name, i, rxValue(dev, name, q))),
    ]),
    line('device', 'tx timeout count', -1, 0),
  ];
}

function txValue(
  dev: NetDevice,
  queue: number,
  name: string,
  packets: number,
  bytes: number,
): number {
  if (name === '  xdp xmit') return dev.xdp_counts[queue]?.redirected ?? 0;
  return name === '  ucast pkts tx' ? packets : name === '  ucast bytes tx' ? bytes : 0;
}

function rxValue(dev: NetDevice, name: string, q: NetDevice['rx'][number]): number {
  switch (name) {
    case '  LRO pkts rx':
      return q.lro_packets;
    case '  LRO byte rx':
      return q.lro_bytes;
    case '  ucast pkts rx':
      return q.packets;
    case '  ucast bytes rx':
      return q.bytes;
    case '  pkts rx OOB': // a frame found no buffer
      return q.drops;
    case '  rx buf alloc fail':
      return q.alloc_failed;
    default:
      return xdpValue(dev, name.trim(), q.index);
  }
}

/// vmxnet3_run_xdp(): only what succeeded counts as sent or redirected.
function xdpValue(dev: NetDevice, name: string, queue: number): number {
  const counts = dev.xdp_counts[queue];
  if (!counts) return 0;
  switch (name) {
    case 'xdp packets':
      return counts.packets;
    case 'xdp tx':
      return counts.tx - counts.tx_err;
    case 'xdp redirects':
      return counts.redirects - counts.redirects_err;
    case 'xdp drops':
      return counts.drops - counts.aborted;
    case 'xdp aborted':
      return counts.aborted;
    default:
      return 0;
  }
}

/// vmxnet3_get_stats64(): frames that found no buffer are in none of these totals.
function linkStats(dev: NetDevice): LinkStats {
  return queueTotals(dev);
}

const CHANGEABLE_ON = [
  ...['rx-checksumming', 'tx-checksum-ip-generic', 'tx-scatter-gather', 'tx-tcp-segmentation'],
  ...['tx-tcp6-segmentation', 'generic-segmentation-offload', 'generic-receive-offload'],
  ...['large-receive-offload', 'rx-vlan-offload', 'tx-vlan-offload', 'receive-hashing', 'highdma'],
];

export const vmxnet3: NicDriver = {
  name: 'vmxnet3',
  info: {
    version: '1.9.0.0-k-NAPI',
    firmware: '',
    test: false,
    eeprom: false,
    registers: true,
    blinks: false,
  },
  mtu: { min: 60, max: 9000 },
  tsoMaxSize: 65536,
  ring,
  coalesce: {
    lacking: true, // from version 3 of the device on
    params: ['rx-usecs', 'rx-frames', 'tx-frames', 'adaptive-rx'],
    start: {},
    show: () => ({}),
    settle: () => ({ errno: 'EOPNOTSUPP' }),
  },
  channels: { other: 1, fixed: true, refuse: () => ({ errno: 'EOPNOTSUPP' }) },
  rss: {
    size: IND_TABLE_SIZE,
    keySize: 0,
    // UDP is hashed by its addresses alone.
    hashes: { tcp4: 'sdfn', tcp6: 'sdfn', udp4: 'sd', udp6: 'sd' },
    table: (queues) => defaultIndir(IND_TABLE_SIZE, queues),
    refuse: () => null,
    keepsTable: true,
  },
  flowHash: null, // from version 4 of the device on
  features: {
    on: [...CHANGEABLE_ON, 'rx-vlan-filter'],
    free: [
      ...CHANGEABLE_ON,
      ...['tx-tcp-mangleid-segmentation', 'tx-nocache-copy', 'rx-gro-list'],
      'rx-udp-gro-forwarding',
    ],
    partial: [],
    // vmxnet3_fix_features()
    fix: (on) => ({
      ...on,
      'large-receive-offload':
        (on['rx-checksumming'] ?? false) && (on['large-receive-offload'] ?? false),
    }),
  },
  privFlags: null,
  answersRings: true,
  pause: null,
  link: {
    ports: ['TP'],
    modes: ['1000baseT/Full', '10000baseT/Full'],
    pause: 'No',
    autoneg: false,
    port: 'Twisted Pair',
    phyad: 0,
    mdix: 'Unknown',
    wol: 'uag',
    wolStart: 'd',
    msglvl: -1,
    refuse: () => ({ errno: 'EOPNOTSUPP' }),
    resets: false,
    fixed: true,
  },
  timestamping: {
    capabilities: ['software-receive', 'software-system-clock'],
    clock: false,
    tx: [],
    rx: [],
  },
  statistics,
  linkStats,
};
