/// The macb driver's side of ethtool, for a Cadence GEM with packet buffers and without segmentation or a clock.
/// Stands for gem_ethtool_ops, gem_statistics[] and gem_get_stats() in drivers/net/ethernet/cadence/macb_main.c, macb.h.
/// The link's settings come from the PHY (phylink) and were not recorded.
/// Left out: register dumps; of -S, how many frames there were of each length (tx_64_byte_frames and so on).
import type { NetDevice } from '../kernel/state.ts';
import { deviceStatistic, hwCounter, queueStatistic, queueTotals } from './link_stats.ts';
import { macbNtuple } from './macb_ntuple.ts';
import type { FeatureRules, LinkStats, NicDriver, RingRules, Statistic } from './nic_driver.ts';
import { softwareClock } from './timestamping.ts';

const MIN_RING = 64;
const MAX_RX_RING = 8192;
const MAX_TX_RING = 4096;
const ETH_HLEN = 14;

/// Between the least and the most, and then the next power of two.
function descriptors(wanted: number, most: number): number {
  let size = MIN_RING;
  while (size < Math.min(wanted, most)) size *= 2;
  return size;
}

const ring: RingRules = {
  max: { rx: MAX_RX_RING, tx: MAX_TX_RING, jumbo: 0 },
  start: { rx: 512, tx: 512, jumbo: 0 },
  settle: (_now, { rx, tx }) => ({
    rx: descriptors(rx, MAX_RX_RING),
    tx: descriptors(tx, MAX_TX_RING),
    jumbo: 0,
  }),
};

const CHANGEABLE_ON = [
  ...['tx-scatter-gather', 'tx-checksum-ip-generic', 'rx-checksumming'],
  ...['generic-segmentation-offload', 'generic-receive-offload'],
];

const features: FeatureRules = {
  on: CHANGEABLE_ON,
  free: [
    ...CHANGEABLE_ON,
    ...['ntuple-filters', 'tx-nocache-copy', 'rx-gro-list', 'rx-udp-gro-forwarding'],
  ],
  partial: [],
};

// How many frames there were of each length follows each list of frames in the driver.
const NAMES =
  `tx_octets tx_frames tx_broadcast_frames tx_multicast_frames tx_pause_frames tx_underrun
tx_single_collision_frames tx_multiple_collision_frames tx_excessive_collisions tx_late_collisions
tx_deferred_frames tx_carrier_sense_errors rx_octets rx_frames rx_broadcast_frames
rx_multicast_frames rx_pause_frames rx_undersized_frames rx_oversize_frames rx_jabbers
rx_frame_check_sequence_errors rx_length_field_frame_errors rx_symbol_errors rx_alignment_errors
rx_resource_errors rx_overruns rx_ip_header_checksum_errors rx_tcp_checksum_errors
rx_udp_checksum_errors`.split(/\s+/);

/// The registers that another name of the model stands for.
const REGISTERS: Readonly<Record<string, string>> = {
  tx_octets: 'tx_bytes',
  tx_frames: 'tx_packets',
  rx_octets: 'rx_bytes',
  rx_frames: 'rx_packets',
  rx_broadcast_frames: 'rx_broadcast',
  rx_multicast_frames: 'rx_multicast',
  rx_oversize_frames: 'rx_long_length_errors',
  rx_frame_check_sequence_errors: 'rx_crc_errors',
};

function register(dev: NetDevice, name: string): number {
  return hwCounter(dev, REGISTERS[name] ?? name);
}

/// Bytes that the driver counts for received packets: it does so behind eth_type_trans().
function withoutHeaders(bytes: number, packets: number): number {
  return bytes - packets * ETH_HLEN;
}

function statistics(dev: NetDevice): Statistic[] {
  return [
    ...NAMES.map((name) => deviceStatistic(name, register(dev, name))),
    ...dev.rx.flatMap((q, i) => [
      queueStatistic('qN_rx_packets', i, q.packets),
      queueStatistic('qN_rx_bytes', i, withoutHeaders(q.bytes, q.packets)),
      queueStatistic('qN_rx_dropped', i, 0),
      queueStatistic('qN_tx_packets', i, dev.tx[i]!.packets),
      queueStatistic('qN_tx_bytes', i, dev.tx[i]!.bytes),
      queueStatistic('qN_tx_dropped', i, 0),
    ]),
  ];
}

function linkStats(dev: NetDevice): LinkStats {
  const totals = queueTotals(dev);
  const crc = register(dev, 'rx_frame_check_sequence_errors');
  const over = register(dev, 'rx_resource_errors');
  const long = register(dev, 'rx_oversize_frames');
  return {
    ...totals,
    rx_bytes: withoutHeaders(totals.rx_bytes, totals.rx_packets),
    rx_errors: crc + over + long,
    rx_length_errors: long,
    rx_over_errors: over,
    rx_crc_errors: crc,
    multicast: register(dev, 'rx_multicast_frames'),
  };
}

export const macb: NicDriver = {
  name: 'macb',
  info: {
    version: '6.12.107+deb13-arm64',
    firmware: '',
    test: false,
    eeprom: false,
    registers: true,
    blinks: false,
  },
  // The longest jumbo frame of the ZynqMP's GEM is 10240 bytes with header and FCS.
  mtu: { min: 68, max: 10_222, whileUp: false },
  tsoMaxSize: 65_536,
  ring,
  coalesce: null,
  defersInterrupts: true,
  channels: null,
  rss: null,
  // No hash, and so no fields to choose: gem_get_rxnfc() knows rules only.
  flowHash: {
    countsRules: true,
    warnsOfPorts: false,
    start: {},
    settle: () => ({ errno: 'EOPNOTSUPP' }),
    unknown: (command) => `Command parameter ${command} is not supported`,
  },
  ntuple: macbNtuple,
  features,
  privFlags: null,
  answersRings: true,
  pause: null,
  link: null,
  linkNotModelled: true,
  timestamping: softwareClock,
  statistics,
  linkStats,
};
