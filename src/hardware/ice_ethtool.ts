/// The ice driver's side of ethtool, for an E810. Stands for drivers/net/ethernet/intel/ice/ice_ethtool.c, and
/// ice_update_vsi_stats() in ice_main.c.
/// Of -S these are left out: the counts by frame size (rx_size_64.nic and so on), late_cached_phc_updates. Bytes of
/// rx_bytes are those that the queues saw.
/// Left out: symmetric hashing, further RSS contexts, the firmware's LLDP agent, self test, registers, EEPROM, error
/// correction, modules.
import { defaultIndir } from '../kernel/rss.ts';
import type { NetDevice } from '../kernel/state.ts';
import { fibreLink } from './fibre_link.ts';
import { iceNtuple } from './ice_ntuple.ts';
import { deviceStatistic, hwCounter, queueStatistic, queueTotals } from './link_stats.ts';
import type {
  CoalesceRules,
  FeatureRules,
  FlowHashRules,
  LinkStats,
  NicDriver,
  RingRules,
  Statistic,
} from './nic_driver.ts';
import { hardwareClock, settleAll } from './timestamping.ts';

const MIN_DESCRIPTORS = 64;
const MAX_DESCRIPTORS = 8160;
const DESCRIPTOR_MULTIPLE = 32;
const MAX_ITR = 8160; // us
const MAX_INTRL = 236; // us
const INTRL_GRANULARITY = 4; // us: ICE_INTRL_GRAN_ABOVE_25
const LUT_SIZE = 2048;

const ring: RingRules = {
  max: { rx: MAX_DESCRIPTORS, tx: MAX_DESCRIPTORS, jumbo: 0 },
  start: { rx: 2048, tx: 256, jumbo: 0 },
  settle(now, { rx, tx }) {
    if (rx < MIN_DESCRIPTORS || tx < MIN_DESCRIPTORS)
      return { ...now, refused: { errno: 'EINVAL' } };
    return { rx: multiple(rx), tx: multiple(tx), jumbo: 0 };
  },
};

function multiple(wanted: number): number {
  return Math.ceil(wanted / DESCRIPTOR_MULTIPLE) * DESCRIPTOR_MULTIPLE;
}

/// ice_set_rc_coalesce(): with an adaptive delay neither the delay nor the rate limit can be set.
const coalesce: CoalesceRules = {
  params: ['rx-usecs', 'tx-usecs', 'adaptive-rx', 'adaptive-tx', 'rx-usecs-high'],
  start: {
    ...{ 'adaptive-rx': true, 'adaptive-tx': true, 'rx-usecs': 50, 'tx-usecs': 50 },
    'rx-usecs-high': 0,
  },
  show: (dev) => ({ ...dev.coalesce }),
  settle(dev, wanted) {
    const high = Number(wanted['rx-usecs-high']);
    const changed = (name: string): boolean => wanted[name] !== dev.coalesce[name];
    const adapts = wanted['adaptive-rx'] === true || wanted['adaptive-tx'] === true;
    if (high > MAX_INTRL || (high > 0 && high < INTRL_GRANULARITY)) return { errno: 'EINVAL' };
    if (changed('rx-usecs-high') && adapts) return { errno: 'EINVAL' };
    for (const side of ['rx', 'tx']) {
      const usecs = `${side}-usecs`;
      if (changed(usecs) && wanted[`adaptive-${side}`] === true) return { errno: 'EINVAL' };
      if (Number(wanted[usecs]) > MAX_ITR) return { errno: 'EINVAL' };
    }
    return wanted;
  },
};

const CHANGEABLE_ON = [
  ...['tx-scatter-gather', 'highdma', 'ntuple-filters', 'receive-hashing', 'rx-checksumming'],
  ...['tx-checksum-ipv4', 'tx-checksum-sctp', 'tx-checksum-ipv6', 'rx-vlan-filter'],
  ...['tx-vlan-offload', 'rx-vlan-offload', 'tx-tcp-segmentation', 'tx-tcp-ecn-segmentation'],
  ...['tx-tcp6-segmentation', 'tx-gre-segmentation', 'tx-udp_tnl-segmentation'],
  ...['tx-gre-csum-segmentation', 'tx-udp_tnl-csum-segmentation', 'tx-gso-partial'],
  ...['tx-ipxip4-segmentation', 'tx-ipxip6-segmentation', 'tx-udp-segmentation'],
  ...['generic-segmentation-offload', 'generic-receive-offload'],
];

const features: FeatureRules = {
  on: CHANGEABLE_ON,
  free: [
    ...CHANGEABLE_ON,
    ...['hw-tc-offload', 'loopback', 'rx-fcs', 'tx-tcp-mangleid-segmentation', 'tx-nocache-copy'],
    ...['rx-gro-list', 'rx-udp-gro-forwarding'],
  ],
  partial: ['tx-udp_tnl-csum-segmentation', 'tx-gre-csum-segmentation'],
};

const PORTS_TOO = 'sdfn';
const TYPES = ['tcp4', 'udp4', 'sctp4', 'tcp6', 'udp6', 'sctp6'];

/// ice_set_rss_hash_opt(): any of the addresses and ports, but something.
const flowHash: FlowHashRules = {
  countsRules: true,
  warnsOfPorts: false,
  start: Object.fromEntries(TYPES.map((type) => [type, PORTS_TOO])),
  settle(now, type, letters) {
    if (!TYPES.includes(type) || !/[sdfn]/.test(letters)) return { errno: 'EINVAL' };
    const hashed = [...PORTS_TOO].filter((letter) => letters.includes(letter)).join('');
    return { ...now, [type]: hashed };
  },
};

const VSI_NAMES =
  `rx_unicast tx_unicast rx_multicast tx_multicast rx_broadcast tx_broadcast rx_bytes tx_bytes
rx_dropped rx_unknown_protocol rx_alloc_fail rx_pg_alloc_fail tx_errors tx_linearize tx_busy
tx_restart`.split(/\s+/);
const PORT_NAMES = `rx_bytes.nic tx_bytes.nic rx_unicast.nic tx_unicast.nic rx_multicast.nic
tx_multicast.nic rx_broadcast.nic tx_broadcast.nic tx_errors.nic tx_timeout.nic link_xon_rx.nic
link_xon_tx.nic link_xoff_rx.nic link_xoff_tx.nic tx_dropped_link_down.nic rx_undersize.nic
rx_fragments.nic rx_oversize.nic rx_jabber.nic rx_csum_bad.nic rx_eipe_error.nic rx_dropped.nic
rx_crc_errors.nic illegal_bytes.nic mac_local_faults.nic mac_remote_faults.nic fdir_sb_match.nic
fdir_sb_status.nic tx_hwtstamp_skipped tx_hwtstamp_timeouts tx_hwtstamp_flushed
tx_hwtstamp_discarded`.split(/\s+/);
const PRIORITIES = [0, 1, 2, 3, 4, 5, 6, 7];

function drops(dev: NetDevice): number {
  return dev.rx.reduce((sum, q) => sum + q.drops, 0);
}

/// What hardware counts, of the virtual station or of the port: the same here, where nothing shares the port.
function value(dev: NetDevice, link: LinkStats, name: string): number {
  const hw = (counter: string): number => hwCounter(dev, counter);
  switch (name) {
    case 'rx_unicast':
    case 'rx_unicast.nic':
      return hw('rx_packets') - hw('rx_multicast') - hw('rx_broadcast');
    case 'rx_multicast':
    case 'rx_multicast.nic':
      return hw('rx_multicast');
    case 'rx_broadcast':
    case 'rx_broadcast.nic':
      return hw('rx_broadcast');
    case 'rx_bytes':
      return link.rx_bytes;
    case 'rx_bytes.nic':
      return hw('rx_bytes');
    case 'tx_unicast':
    case 'tx_unicast.nic':
      return link.tx_packets;
    case 'tx_bytes':
    case 'tx_bytes.nic':
      return link.tx_bytes;
    case 'rx_dropped':
      return drops(dev);
    case 'rx_crc_errors.nic':
      return hw('rx_crc_errors');
    case 'rx_oversize.nic':
      return hw('rx_long_length_errors');
    case 'fdir_sb_match.nic':
      return hw('filter_match');
    case 'fdir_sb_status.nic': // Flow Director is on
      return Number(dev.features['ntuple-filters']);
    case 'link_xon_rx.nic':
      return hw('rx_flow_control_xon');
    case 'link_xoff_rx.nic':
      return hw('rx_flow_control_xoff');
    default:
      return 0;
  }
}

function statistics(dev: NetDevice): Statistic[] {
  const link = linkStats(dev);
  const lines = (names: readonly string[]): Statistic[] =>
    names.map((name) => deviceStatistic(name, value(dev, link, name)));
  const pause = (side: string): Statistic[] =>
    PRIORITIES.flatMap((i) => [
      queueStatistic(`${side}_priority_N_xon.nic`, i, 0),
      queueStatistic(`${side}_priority_N_xoff.nic`, i, 0),
    ]);
  return [
    ...lines(VSI_NAMES),
    ...dev.tx.flatMap((q, i) => [
      queueStatistic('tx_queue_N_packets', i, q.packets),
      queueStatistic('tx_queue_N_bytes', i, q.bytes),
    ]),
    ...dev.rx.flatMap((q, i) => [
      queueStatistic('rx_queue_N_packets', i, q.packets),
      queueStatistic('rx_queue_N_bytes', i, q.bytes),
    ]),
    ...lines(PORT_NAMES),
    ...pause('tx'),
    ...pause('rx'),
  ];
}

/// ice_get_stats64(): what found no descriptor is rx_dropped. The port's own losses would be rx_missed_errors, but
/// ice_get_stats64() does not hand those on.
function linkStats(dev: NetDevice): LinkStats {
  const crc = hwCounter(dev, 'rx_crc_errors');
  return {
    ...queueTotals(dev),
    rx_dropped: drops(dev),
    rx_errors: crc + hwCounter(dev, 'rx_long_length_errors'),
    rx_crc_errors: crc,
    multicast: hwCounter(dev, 'rx_multicast'),
  };
}

export const ice: NicDriver = {
  name: 'ice',
  info: {
    version: '6.12.107+deb13-amd64',
    firmware: '', // of a real card
    test: true,
    eeprom: true,
    registers: true,
    blinks: true,
  },
  mtu: { min: 68, max: 9702 },
  tsoMaxSize: 131072,
  ring,
  coalesce,
  channels: { other: 1, refuse: (_combined, other) => (other !== 1 ? { errno: 'EINVAL' } : null) },
  rss: {
    size: LUT_SIZE,
    keySize: 52,
    table: (queues) => defaultIndir(LUT_SIZE, queues),
    refuse: () => null,
    keepsTable: true,
  },
  flowHash,
  ntuple: iceNtuple,
  features,
  privFlags: [
    ...['link-down-on-close', 'fw-lldp-agent', 'vf-true-promisc-support', 'mdd-auto-reset-vf'],
    ...['vf-vlan-pruning', 'legacy-rx'],
  ],
  // Those about virtual functions, of which there are none, and about the link of a closed port are only kept.
  refuseFlag: (name) => (name === 'fw-lldp-agent' ? { errno: 'ENOTMODELLED' } : null),
  answersRings: true,
  pause: {
    start: { autoneg: true, rx: false, tx: false },
    settle: (wanted) => wanted,
    // To negotiate or not is for ethtool -s to say. When the NIC sends pause frames, its firmware decides.
    refuse(wanted, now) {
      if (wanted.autoneg !== now.autoneg) return { errno: 'EOPNOTSUPP' };
      return wanted.tx && !now.tx ? { errno: 'ENOTMODELLED' } : null;
    },
  },
  link: fibreLink('25000baseSR/Full', { wol: 'g', wolStart: 'd' }),
  timestamping: hardwareClock(['none', 'all'], settleAll),
  statistics,
  linkStats,
};
