/// The ena driver's side of ethtool. Stands for drivers/net/ethernet/amazon/ena/ena_ethtool.c, and ena_get_stats64() in
/// ena_netdev.c. What the device offers is that of a recent instance: rings of at most 16384 and 1024.
/// Of -S these are left out: interface_up and _down, checksums, doorbells, SRD, the admin queue. The instance's
/// allowances, which a cloud enforces, are not modelled and never exceeded.
/// Left out: rx-copybreak and the push buffer as settings, CRC32 as the hash function.
import { defaultIndir } from '../kernel/rss.ts';
import type { NetDevice, RxQueue } from '../kernel/state.ts';
import { deviceStatistic, queueStatistic, queueTotals } from './link_stats.ts';
import type {
  CoalesceRules,
  FlowHashRules,
  LinkStats,
  NicDriver,
  Statistic,
} from './nic_driver.ts';
import { softwareClock } from './timestamping.ts';

const MAX_RX = 16384;
const MAX_TX = 1024;
const MIN_RING = 256; // ENA_MIN_RING_SIZE
const TABLE_SIZE = 128;

/// At least 256, then down to a power of two.
function ringSize(wanted: number): number {
  let size = MIN_RING;
  while (size * 2 <= wanted) size *= 2;
  return size;
}

const coalesce: CoalesceRules = {
  params: ['rx-usecs', 'tx-usecs', 'adaptive-rx'],
  start: { 'adaptive-rx': true, 'rx-usecs': 20, 'tx-usecs': 64 },
  show: (dev) => ({ ...dev.coalesce }),
  settle: (_dev, wanted) => wanted,
};

const CHANGEABLE_ON = [
  ...['tx-checksum-ipv4', 'tx-checksum-ipv6', 'tx-tcp-segmentation', 'tx-tcp6-segmentation'],
  ...['rx-checksumming', 'tx-scatter-gather', 'receive-hashing', 'highdma'],
  ...['generic-segmentation-offload', 'generic-receive-offload'],
];

const PORTS_TOO = 'sdfn';
const TYPES = ['tcp4', 'udp4', 'tcp6', 'udp6'];

/// ena_set_rss_hash()
const flowHash: FlowHashRules = {
  countsRules: false,
  warnsOfPorts: false,
  start: Object.fromEntries(TYPES.map((type) => [type, PORTS_TOO])),
  settle(now, type, letters) {
    if (['ah4', 'esp4', 'ah6', 'esp6', 'sctp4'].includes(type)) return { errno: 'EOPNOTSUPP' };
    if (!TYPES.includes(type)) return { errno: 'EINVAL' };
    if (/[^sdfn]/.test(letters)) return { errno: 'EOPNOTSUPP' };
    const hashed = [...PORTS_TOO].filter((letter) => letters.includes(letter)).join('');
    return { ...now, [type]: hashed };
  },
};

const GLOBAL = ['tx_timeout', 'suspend', 'resume', 'wd_expired', 'admin_q_pause', 'reset_fail'];
const ALLOWANCES = ['bw_in', 'bw_out', 'pps', 'conntrack', 'linklocal'];
const TX_NAMES =
  `cnt bytes queue_stop queue_wakeup dma_mapping_err linearize linearize_failed napi_comp
tx_poll prepare_ctx_err bad_req_id missed_tx unmask_interrupt`.split(/\s+/);
const RX_NAMES =
  `cnt bytes rx_copybreak_pkt refil_partial page_alloc_fail skb_alloc_fail dma_mapping_err
bad_desc_num bad_req_id empty_rx_ring xdp_aborted xdp_drop xdp_pass xdp_tx xdp_invalid
xdp_redirect`.split(/\s+/);

function txValue(dev: NetDevice, q: RxQueue, name: string): number {
  const tx = dev.tx[q.index];
  switch (name) {
    case 'cnt':
      return tx?.packets ?? 0;
    case 'bytes':
      return tx?.bytes ?? 0;
    case 'tx_poll':
      return q.polls;
    case 'napi_comp':
    case 'unmask_interrupt':
      return q.arms;
    default:
      return 0;
  }
}

function rxValue(dev: NetDevice, q: RxQueue, name: string): number {
  const xdp = dev.xdp_counts[q.index];
  switch (name) {
    case 'cnt':
      return q.packets;
    case 'bytes':
      return q.bytes;
    case 'rx_copybreak_pkt':
      return q.copied;
    case 'xdp_aborted':
      return xdp?.aborted ?? 0;
    case 'xdp_drop':
      return xdp ? xdp.drops - xdp.aborted : 0;
    case 'xdp_pass':
      return xdp ? xdp.packets - xdp.drops - xdp.tx - xdp.redirects : 0;
    case 'xdp_tx':
      return xdp?.tx ?? 0;
    case 'xdp_redirect':
      return xdp?.redirects ?? 0;
    default:
      return 0;
  }
}

function statistics(dev: NetDevice): Statistic[] {
  return [
    ...GLOBAL.map((name) => deviceStatistic(name, 0)),
    ...ALLOWANCES.map((name) => deviceStatistic(`${name}_allowance_exceeded`, 0)),
    ...dev.rx.flatMap((q, i) => [
      ...TX_NAMES.map((name) => queueStatistic(`queue_N_tx_${name}`, i, txValue(dev, q, name))),
      ...RX_NAMES.map((name) => queueStatistic(`queue_N_rx_${name}`, i, rxValue(dev, q, name))),
    ]),
  ];
}

/// ena_get_stats64(): what found no descriptor is rx_dropped, as the device reports it.
function linkStats(dev: NetDevice): LinkStats {
  const dropped = dev.rx.reduce((sum, q) => sum + q.drops + rxValue(dev, q, 'xdp_drop'), 0);
  return { ...queueTotals(dev), rx_dropped: dropped };
}

export const ena: NicDriver = {
  name: 'ena',
  info: {
    version: '6.12.107+deb13-amd64',
    firmware: '',
    test: false,
    eeprom: false,
    registers: false,
    blinks: false,
  },
  mtu: { min: 128, max: 9216 },
  tsoMaxSize: 65536,
  ring: {
    max: { rx: MAX_RX, tx: MAX_TX, jumbo: 0 },
    start: { rx: 1024, tx: 1024, jumbo: 0 },
    settle: (_now, { rx, tx }) => ({ rx: ringSize(rx), tx: ringSize(tx), jumbo: 0 }),
  },
  coalesce,
  channels: { other: 0, refuse: (combined) => (combined < 1 ? { errno: 'EINVAL' } : null) },
  rss: {
    size: TABLE_SIZE,
    keySize: 40,
    table: (queues) => defaultIndir(TABLE_SIZE, queues),
    refuse: () => null,
    keepsTable: true,
  },
  flowHash,
  features: {
    on: CHANGEABLE_ON,
    free: [
      ...CHANGEABLE_ON,
      ...['tx-tcp-mangleid-segmentation', 'tx-nocache-copy', 'rx-gro-list'],
      'rx-udp-gro-forwarding',
    ],
    partial: [],
  },
  privFlags: null,
  answersRings: true,
  pause: null,
  link: {
    ports: [],
    modes: [],
    pause: 'No',
    autoneg: false,
    port: 'Twisted Pair',
    phyad: 0,
    mdix: '',
    wol: '',
    wolStart: '',
    msglvl: 0,
    refuse: () => ({ errno: 'EOPNOTSUPP' }),
    resets: false,
    fixed: true,
  },
  timestamping: softwareClock,
  statistics,
  linkStats,
};
