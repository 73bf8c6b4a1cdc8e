/// The ixgbe driver's side of ethtool, for an 82599 with an SFP+ module at 10 Gb/s.
/// Stands for drivers/net/ethernet/intel/ixgbe/ixgbe_ethtool.c, and ixgbe_update_stats() in ixgbe_main.c.
/// In -S all 64 queues that the driver allots have lines, as on a real host. What is never moved here:
/// pauses of single priorities, transmission, FCoE, IPsec, management traffic.
/// Of -S these are left out: lsc_int, non_eop_descs, alloc_rx_page; fdir_match and fdir_miss count while rules for single
/// flows are in force, and not what Flow Director's own sampling matches.
/// The private flags about virtual functions, of which there are none, are only kept.
/// Left out elsewhere: self test, registers, EEPROM, modules.
import type { NetDevice } from '../kernel/state.ts';
import { igbFlowHash } from './igb_flow_hash.ts';
import { resetsOn } from './intel_features.ts';
import { ixgbeNtuple } from './ixgbe_ntuple.ts';
import { fibreLink } from './fibre_link.ts';
import { rssQueues, rscEnabled } from './ixgbe_limits.ts';
import { deviceStatistic, hwCounter, queueStatistic, queueTotals } from './link_stats.ts';
import type { CoalesceRules, FeatureRules, LinkStats, NicDriver, Statistic } from './nic_driver.ts';
import { hardwareClock, settleMessages } from './timestamping.ts';

const MAX_DESCRIPTORS = 8192; // IXGBE_MAX_RXD_82599
const MIN_DESCRIPTORS = 64;
const RETA_SIZE = 128;
const MAX_USECS = 0xff8 >> 2; // IXGBE_MAX_EITR
const WTHRESH_ITR = 40; // IXGBE_100K_ITR
const ALLOTTED_QUEUES = 64;
const PACKET_BUFFERS = 8;

function descriptors(wanted: number): number {
  return Math.ceil(Math.max(MIN_DESCRIPTORS, Math.min(MAX_DESCRIPTORS, wanted)) / 8) * 8;
}

/// Intervals so short that the NIC must not hold back transmit descriptors.
function isShort(usecs: unknown): boolean {
  return usecs !== 1 && Number(usecs) * (Number(usecs) > 1 ? 4 : 1) < WTHRESH_ITR;
}

/// rx-usecs: 0 off, 1 adaptive, else a fixed interval. Receive and transmit queues share their vectors, so
/// transmission has no interval of its own.
const coalesce: CoalesceRules = {
  params: ['rx-usecs', 'tx-usecs'],
  start: { 'rx-usecs': 1 },
  show: (dev) => ({ 'rx-usecs': Number(dev.coalesce['rx-usecs']), 'tx-usecs': 0 }),
  settle(_dev, wanted) {
    if (wanted['tx-usecs'] || Number(wanted['rx-usecs']) > MAX_USECS) return { errno: 'EINVAL' };
    return { 'rx-usecs': Number(wanted['rx-usecs']) };
  },
  // What the transmit descriptors need, and whether RSC is possible, is fixed when the rings start.
  resets(before, dev) {
    const was = { ...dev, coalesce: before };
    return (
      isShort(before['rx-usecs']) !== isShort(dev.coalesce['rx-usecs']) ||
      rscEnabled(was) !== rscEnabled(dev)
    );
  },
};

const TUNNELS = [
  ...['tx-gre-segmentation', 'tx-gre-csum-segmentation', 'tx-ipxip4-segmentation'],
  ...['tx-ipxip6-segmentation', 'tx-udp_tnl-segmentation', 'tx-udp_tnl-csum-segmentation'],
];
const CHANGEABLE_ON = [
  ...['rx-checksumming', 'tx-checksum-ip-generic', 'tx-checksum-sctp', 'tx-scatter-gather'],
  ...['tx-tcp-segmentation', 'tx-tcp6-segmentation', 'generic-segmentation-offload'],
  ...['generic-receive-offload', 'rx-vlan-offload', 'tx-vlan-offload', 'receive-hashing'],
  ...[...TUNNELS, 'tx-gso-partial', 'tx-udp-segmentation', 'rx-vlan-filter'],
  ...['esp-hw-offload', 'esp-tx-csum-hw-offload', 'tx-esp-segmentation'],
];

const features: FeatureRules = {
  on: [...CHANGEABLE_ON, 'highdma', 'tx-fcoe-segmentation', 'tx-checksum-fcoe-crc'],
  free: [
    ...CHANGEABLE_ON,
    ...['tx-tcp-mangleid-segmentation', 'tx-nocache-copy', 'rx-all', 'large-receive-offload'],
    ...['ntuple-filters', 'hw-tc-offload', 'l2-fwd-offload', 'rx-gro-list'],
    'rx-udp-gro-forwarding',
  ],
  partial: TUNNELS,
  // ixgbe_fix_features()
  fix: (on) => ({
    ...on,
    'large-receive-offload':
      (on['rx-checksumming'] ?? false) && (on['large-receive-offload'] ?? false),
  }),
  resets: resetsOn('large-receive-offload', 'ntuple-filters', 'hw-tc-offload', 'rx-all'),
};

const NAMES =
  `rx_packets tx_packets rx_bytes tx_bytes rx_pkts_nic tx_pkts_nic rx_bytes_nic tx_bytes_nic
tx_busy rx_errors tx_errors rx_dropped tx_dropped multicast broadcast
rx_no_buffer_count collisions rx_over_errors rx_crc_errors rx_frame_errors hw_rsc_aggregated
hw_rsc_flushed fdir_match fdir_miss fdir_overflow rx_fifo_errors rx_missed_errors tx_aborted_errors
tx_carrier_errors tx_fifo_errors tx_heartbeat_errors tx_timeout_count tx_restart_queue
rx_length_errors rx_long_length_errors rx_short_length_errors tx_flow_control_xon
rx_flow_control_xon tx_flow_control_xoff rx_flow_control_xoff rx_csum_offload_errors
alloc_rx_page_failed alloc_rx_buff_failed rx_no_dma_resources os2bmc_rx_by_bmc os2bmc_tx_by_bmc
os2bmc_tx_by_host os2bmc_rx_by_host tx_hwtstamp_timeouts tx_hwtstamp_skipped rx_hwtstamp_cleared
tx_ipsec rx_ipsec fcoe_bad_fccrc rx_fcoe_dropped rx_fcoe_packets rx_fcoe_dwords fcoe_noddp
fcoe_noddp_ext_buff tx_fcoe_packets tx_fcoe_dwords`.split(/\s+/);

function deviceValue(dev: NetDevice, link: LinkStats, name: string): number {
  switch (name) {
    case 'rx_pkts_nic':
      return hwCounter(dev, 'rx_packets');
    case 'rx_bytes_nic':
      return hwCounter(dev, 'rx_bytes');
    case 'broadcast':
      return hwCounter(dev, 'rx_broadcast');
    case 'fdir_match':
      return hwCounter(dev, 'filter_match');
    case 'fdir_miss':
      return hwCounter(dev, 'filter_miss');
    case 'rx_no_dma_resources':
      return dev.rx.reduce((sum, q) => sum + q.drops, 0);
    case 'rx_no_buffer_count': // a register that only the 82598 has
      return 0;
    default:
      return link[name as keyof LinkStats] ?? hwCounter(dev, name);
  }
}

function statistics(dev: NetDevice): Statistic[] {
  const link = linkStats(dev);
  const queues = Array.from({ length: ALLOTTED_QUEUES }, (_, i) => i);
  const buffers = Array.from({ length: PACKET_BUFFERS }, (_, i) => i);
  const pause = (side: string) =>
    buffers.flatMap((i) => [
      queueStatistic(`${side}_pb_N_pxon`, i, 0),
      queueStatistic(`${side}_pb_N_pxoff`, i, 0),
    ]);
  return [
    ...NAMES.map((name) => deviceStatistic(name, deviceValue(dev, link, name))),
    ...queues.flatMap((i) => [
      queueStatistic('tx_queue_N_packets', i, dev.tx[i]?.packets ?? 0),
      queueStatistic('tx_queue_N_bytes', i, dev.tx[i]?.bytes ?? 0),
    ]),
    ...queues.flatMap((i) => [
      queueStatistic('rx_queue_N_packets', i, dev.rx[i]?.packets ?? 0),
      queueStatistic('rx_queue_N_bytes', i, dev.rx[i]?.bytes ?? 0),
    ]),
    ...pause('tx'),
    ...pause('rx'),
  ];
}

/// ixgbe_get_stats64(), ixgbe_update_stats(): what found no descriptor with drop enable is in none of these.
function linkStats(dev: NetDevice): LinkStats {
  const crc = hwCounter(dev, 'rx_crc_errors');
  return {
    ...queueTotals(dev),
    rx_errors: crc,
    rx_crc_errors: crc,
    multicast: hwCounter(dev, 'rx_multicast'),
    rx_missed_errors: hwCounter(dev, 'rx_missed_errors'),
  };
}

export const ixgbe: NicDriver = {
  name: 'ixgbe',
  info: {
    version: '6.12.107+deb13-amd64',
    firmware: '', // the EEPROM's number: of a real card
    test: true,
    eeprom: true,
    registers: true,
    blinks: true,
  },
  mtu: { min: 68, max: 9710 },
  tsoMaxSize: 65536,
  ring: {
    max: { rx: MAX_DESCRIPTORS, tx: MAX_DESCRIPTORS, jumbo: 0 },
    start: { rx: 512, tx: 512, jumbo: 0 },
    settle: (_now, { rx, tx }) => ({ rx: descriptors(rx), tx: descriptors(tx), jumbo: 0 }),
  },
  coalesce,
  channels: {
    other: 1,
    refuse: (combined, other) => (!combined || other !== 1 ? { errno: 'EINVAL' } : null),
  },
  rss: {
    size: RETA_SIZE,
    keySize: 40,
    table: (queues) => Array.from({ length: RETA_SIZE }, (_, i) => i % rssQueues(queues)),
    refuse: (table, queues) =>
      table.some((queue) => queue >= rssQueues(queues)) ? { errno: 'EINVAL' } : null,
    keepsTable: false,
  },
  flowHash: igbFlowHash,
  ntuple: ixgbeNtuple,
  features,
  privFlags: ['legacy-rx', 'vf-ipsec', 'mdd-disable-vf'],
  answersRings: true,
  // A 10 Gb/s fibre does not negotiate flow control; what was asked for stands.
  pause: {
    start: { autoneg: false, rx: true, tx: true },
    settle: (wanted) => wanted,
    refuse: (wanted) => (wanted.autoneg ? { errno: 'EINVAL' } : null),
    resets: true,
    counts: true,
  },
  link: fibreLink('10000baseT/Full', {
    autoneg: false,
    refuse: (speed, duplex, autoneg) =>
      autoneg || speed !== 10000 || duplex !== 'full' ? { errno: 'EINVAL' } : null,
  }),
  timestamping: hardwareClock(
    ['none', 'ptpv1-l4-sync', 'ptpv1-l4-delay-req', 'ptpv2-event'],
    settleMessages,
  ),
  statistics,
  linkStats,
};
