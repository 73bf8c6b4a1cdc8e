/// The igb driver's side of ethtool, for the 82576 that the recorded hosts have.
/// Stands for drivers/net/ethernet/intel/igb/igb_ethtool.c, and igb_update_stats() in igb_main.c.
/// Left out: n-tuple rules (an 82576 refuses them), self test, registers, EEPROM, LED, fibre ports.
import type { NetDevice } from '../kernel/state.ts';
import type {
  CoalesceRules,
  FeatureRules,
  LinkStats,
  NicDriver,
  RingRules,
  Statistic,
} from './nic_driver.ts';
import { igbFlowHash } from './igb_flow_hash.ts';
import { deviceStatistic, hwCounter, queueStatistic, queueTotals } from './link_stats.ts';
import { hardwareClock, settleMessages } from './timestamping.ts';

const MAX_QUEUES = 8; // 82576 without SR-IOV: igb_max_channels()
const RETA_SIZE = 128;

const ring: RingRules = {
  max: { rx: 4096, tx: 4096, jumbo: 0 },
  start: { rx: 256, tx: 256, jumbo: 0 },
  settle: (_now, { rx, tx }) => ({ rx: descriptors(rx), tx: descriptors(tx), jumbo: 0 }),
};

/// Intel's gigabit rings: between 64 and 4096, rounded up to a multiple of 8.
export function descriptors(wanted: number): number {
  return Math.ceil(Math.max(64, Math.min(4096, wanted)) / 8) * 8;
}

/// Above half of the queues a vector serves an RX and a TX queue together (IGB_FLAG_QUEUE_PAIRS).
export function queuePairs(dev: { readonly rx: { readonly length: number } }): boolean {
  return dev.rx.length > MAX_QUEUES / 2;
}

/// Microseconds that the driver takes: 0 off, 1 and 3 adaptive modes, 10 to 10000 a fixed interval.
function legalUsecs(usecs: number): boolean {
  return usecs <= 10000 && usecs !== 2 && !(usecs > 3 && usecs < 10);
}

const coalesce: CoalesceRules = {
  params: ['rx-usecs', 'tx-usecs'],
  start: { 'rx-usecs': 3, 'tx-usecs': 3 },
  show: (dev) => ({
    'rx-usecs': Number(dev.coalesce['rx-usecs']),
    // With queue pairs TX has no interval of its own, and the driver leaves the field at 0.
    'tx-usecs': queuePairs(dev) ? 0 : Number(dev.coalesce['tx-usecs']),
  }),
  settle(dev, wanted) {
    const rx = Number(wanted['rx-usecs']);
    const tx = Number(wanted['tx-usecs']);
    if (!legalUsecs(rx) || !legalUsecs(tx)) return { errno: 'EINVAL' };
    if (queuePairs(dev) && tx) return { errno: 'EINVAL' };
    return { 'rx-usecs': rx, 'tx-usecs': queuePairs(dev) ? rx : tx };
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
  ...[...TUNNELS, 'tx-gso-partial', 'tx-udp-segmentation'],
];

const features: FeatureRules = {
  on: [...CHANGEABLE_ON, 'highdma', 'rx-vlan-filter'],
  free: [
    ...CHANGEABLE_ON,
    ...['tx-tcp-mangleid-segmentation', 'tx-nocache-copy', 'rx-all'],
    ...['rx-gro-list', 'rx-udp-gro-forwarding'],
  ],
  partial: TUNNELS,
  // The hardware strips and inserts VLAN tags together or not at all.
  fix: (on) => ({ ...on, 'tx-vlan-offload': on['rx-vlan-offload'] ?? false }),
  resets: (before, after) => before['rx-all'] !== after['rx-all'],
};

const HARDWARE = `rx_packets tx_packets rx_bytes tx_bytes rx_broadcast tx_broadcast rx_multicast
tx_multicast multicast collisions rx_crc_errors rx_no_buffer_count rx_missed_errors
tx_aborted_errors tx_carrier_errors tx_window_errors tx_abort_late_coll tx_deferred_ok
tx_single_coll_ok tx_multi_coll_ok tx_timeout_count rx_long_length_errors rx_short_length_errors
rx_align_errors tx_tcp_seg_good tx_tcp_seg_failed rx_flow_control_xon rx_flow_control_xoff
tx_flow_control_xon tx_flow_control_xoff rx_long_byte_count tx_dma_out_of_sync tx_smbus rx_smbus
dropped_smbus os2bmc_rx_by_bmc os2bmc_tx_by_bmc os2bmc_tx_by_host os2bmc_rx_by_host
tx_hwtstamp_timeouts tx_hwtstamp_skipped rx_hwtstamp_cleared`.split(/\s+/);

const FROM_LINK_STATS = [
  ...['rx_errors', 'tx_errors', 'tx_dropped', 'rx_length_errors', 'rx_over_errors'],
  ...['rx_frame_errors', 'rx_fifo_errors', 'tx_fifo_errors', 'tx_heartbeat_errors'],
] as const satisfies readonly (keyof LinkStats)[];

/// Two names show the same register.
const SAME_REGISTER: Readonly<Record<string, string>> = {
  multicast: 'rx_multicast',
  rx_long_byte_count: 'rx_bytes',
  tx_abort_late_coll: 'tx_window_errors',
};

function statistics(dev: NetDevice): Statistic[] {
  const link = linkStats(dev);
  return [
    ...HARDWARE.map((name) => deviceStatistic(name, hwCounter(dev, SAME_REGISTER[name] ?? name))),
    ...FROM_LINK_STATS.map((name) => deviceStatistic(name, link[name])),
    ...dev.tx.flatMap((queue, i) => [
      queueStatistic('tx_queue_N_packets', i, queue.packets),
      queueStatistic('tx_queue_N_bytes', i, queue.bytes),
      queueStatistic('tx_queue_N_restart', i, 0),
    ]),
    ...dev.rx.flatMap((queue, i) => [
      queueStatistic('rx_queue_N_packets', i, queue.packets),
      queueStatistic('rx_queue_N_bytes', i, queue.bytes),
      queueStatistic('rx_queue_N_drops', i, queue.drops),
      queueStatistic('rx_queue_N_csum_err', i, 0),
      queueStatistic('rx_queue_N_alloc_failed', i, queue.alloc_failed),
    ]),
  ];
}

/// igb_update_stats(): which register goes into which field.
function linkStats(dev: NetDevice): LinkStats {
  const hw = (name: string): number => hwCounter(dev, name);
  const totals = queueTotals(dev);
  const length = hw('rx_short_length_errors') + hw('rx_long_length_errors');
  let rqdpc = 0;
  for (const queue of dev.rx) rqdpc += queue.drops;
  return {
    ...totals,
    rx_errors: hw('rx_crc_errors') + hw('rx_align_errors') + length,
    tx_errors: hw('tx_aborted_errors') + hw('tx_window_errors'),
    multicast: hw('rx_multicast'),
    collisions: hw('collisions'),
    rx_length_errors: length,
    rx_crc_errors: hw('rx_crc_errors'),
    rx_frame_errors: hw('rx_align_errors'),
    rx_fifo_errors: hw('rx_missed_errors') + rqdpc,
    rx_missed_errors: hw('rx_missed_errors'),
    tx_aborted_errors: hw('tx_aborted_errors'),
    tx_carrier_errors: hw('tx_carrier_errors'),
    tx_window_errors: hw('tx_window_errors'),
  };
}

export const igb: NicDriver = {
  name: 'igb',
  // The version is the kernel's own release, as for every driver without one.
  info: {
    version: '6.12.107+deb13-amd64',
    firmware: '2.1.0',
    test: true,
    eeprom: true,
    registers: true,
    blinks: true,
  },
  mtu: { min: 68, max: 9216 },
  tsoMaxSize: 65536,
  ring,
  coalesce,
  channels: {
    other: 1,
    refuse: (combined, other) =>
      !combined || other !== 1 || combined > MAX_QUEUES ? { errno: 'EINVAL' } : null,
  },
  rss: {
    size: RETA_SIZE,
    keySize: 0,
    table: (queues) =>
      Array.from({ length: RETA_SIZE }, (_, i) => Math.floor((i * queues) / RETA_SIZE)),
    refuse: (table, queues) =>
      table.some((queue) => queue >= queues) ? { errno: 'EINVAL' } : null,
    keepsTable: false,
  },
  flowHash: igbFlowHash,
  features,
  privFlags: ['legacy-rx'],
  answersRings: true,
  pause: {
    start: { autoneg: true, rx: true, tx: true },
    settle: (wanted) => (wanted.autoneg ? { autoneg: true, rx: true, tx: true } : wanted),
  },
  link: {
    ports: ['TP'],
    modes: ['10baseT/Half', '10baseT/Full', '100baseT/Half', '100baseT/Full', '1000baseT/Full'],
    pause: 'Symmetric',
    autoneg: true,
    port: 'Twisted Pair',
    phyad: 1,
    mdix: 'off (auto)',
    wol: 'pumbg',
    wolStart: 'g',
    msglvl: 7,
    // igb_set_spd_dplx(): 1000 Mb/s works only by negotiation, or forced full duplex.
    refuse: (speed, duplex, autoneg) =>
      autoneg || [10, 100].includes(speed) || (speed === 1000 && duplex === 'full')
        ? null
        : { errno: 'EINVAL' },
    resets: true,
  },
  timestamping: hardwareClock(
    ['none', 'ptpv1-l4-sync', 'ptpv1-l4-delay-req', 'ptpv2-event'],
    settleMessages,
  ),
  statistics,
  linkStats,
};
