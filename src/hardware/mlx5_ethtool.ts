/// The mlx5_core driver's side of ethtool, for a ConnectX-5. Stands for en_ethtool.c, en_stats.c and mlx5e_get_stats()
/// in en_main.c, all in drivers/net/ethernet/mellanox/mlx5/core/.
/// A real -S has some hundred lines. Here are those of the receive side that the model moves, or that nothing here could
/// move, in the driver's order. Left out: checksums, VLAN and ECN marks, frame sizes, priorities, RDMA,
/// accelerated RFS, bytes of the virtual port, the PHY, TLS, IPsec, and most of the transmit side.
/// The lines of the page pools (rx_pp_*) are those of a kernel with CONFIG_PAGE_POOL_STATS, which Debian's is not.
/// Left out elsewhere: most private flags, self test, modules, error correction.
import { defaultIndir } from '../kernel/rss.ts';
import type { NetDevice, PagePoolStats, RxQueue } from '../kernel/state.ts';
import {
  net_dim_get_rx_moderation,
  net_dim_get_tx_moderation,
  NET_DIM_DEF_PROFILE,
} from '../kernel/dim.ts';
import { fibreLink } from './fibre_link.ts';
import { deviceStatistic, hwCounter, queueStatistic, queueTotals } from './link_stats.ts';
import { mlx5Ntuple } from './mlx5_ntuple.ts';
import type {
  Coalesce,
  CoalesceRules,
  FeatureRules,
  FlagRefusal,
  FlowHashRules,
  LinkStats,
  NicDriver,
  Refusal,
  RingRules,
  Statistic,
} from './nic_driver.ts';
import { hardwareClock, settleAny } from './timestamping.ts';

const MIN_RQ = 4; // 1 << MLX5E_PARAMS_MINIMUM_LOG_RQ_SIZE
const MIN_SQ = 64;
const MAX_RING = 8192;
const MAX_COAL_TIME = 4095; // us: 12 bits of the queue's context
const MAX_COAL_FRAMES = 65535;
const MIN_RQT_SIZE = 256;

function powerOfTwo(least: number): number {
  let size = 1;
  while (size < least) size *= 2;
  return size;
}

const ring: RingRules = {
  max: { rx: MAX_RING, tx: MAX_RING, jumbo: 0 },
  start: { rx: 1024, tx: 1024, jumbo: 0 },
  settle(now, { rx, tx }) {
    if (rx < MIN_RQ) return { ...now, refused: tooSmall('rx', rx, MIN_RQ) };
    if (tx < MIN_SQ) return { ...now, refused: tooSmall('tx', tx, MIN_SQ) };
    return { rx: powerOfTwo(rx), tx: powerOfTwo(tx), jumbo: 0 };
  },
};

function tooSmall(side: string, wanted: number, least: number): Refusal {
  return { errno: 'EINVAL', extack: `mlx5_core: ${side} (${wanted}) < min (${least})` };
}

/// mlx5e_reset_rx_moderation() and its like for transmission: what a change of mode begins with.
export function fresh(side: 'rx' | 'tx', adaptive: boolean, cqe: boolean): Coalesce {
  const profile = side === 'rx' ? net_dim_get_rx_moderation : net_dim_get_tx_moderation;
  const usecs = side === 'rx' && cqe ? 3 : 16;
  const { usec, pkts } = adaptive
    ? profile(cqe ? 'CQE' : 'EQE', NET_DIM_DEF_PROFILE)
    : { usec: usecs, pkts: 32 };
  return { [`${side}-usecs`]: usec, [`${side}-frames`]: pkts };
}

/// What stands for one direction afterwards. With a change of mode the times that came with it are not looked at.
function side(dev: NetDevice, wanted: Coalesce, which: 'rx' | 'tx'): Coalesce {
  const adaptive = wanted[`adaptive-${which}`] === true;
  const cqe = wanted[`cqe-mode-${which}`] === true;
  const changed =
    adaptive !== dev.coalesce[`adaptive-${which}`] || cqe !== dev.coalesce[`cqe-mode-${which}`];
  const from = adaptive ? dev.coalesce : wanted;
  return {
    [`adaptive-${which}`]: adaptive,
    [`cqe-mode-${which}`]: cqe,
    ...(changed
      ? fresh(which, adaptive, cqe)
      : {
          [`${which}-usecs`]: Number(from[`${which}-usecs`]),
          [`${which}-frames`]: Number(from[`${which}-frames`]),
        }),
  };
}

const coalesce: CoalesceRules = {
  params: [
    ...['rx-usecs', 'rx-frames', 'tx-usecs', 'tx-frames', 'adaptive-rx', 'adaptive-tx'],
    ...['cqe-mode-tx', 'cqe-mode-rx'],
  ],
  start: {
    ...{ 'adaptive-rx': true, 'adaptive-tx': true, 'cqe-mode-rx': true, 'cqe-mode-tx': false },
    ...fresh('rx', true, true),
    ...fresh('tx', true, false),
  },
  show: (dev) => ({ ...dev.coalesce }),
  settle(dev, wanted) {
    const [tx, rx] = [Number(wanted['tx-usecs']), Number(wanted['rx-usecs'])];
    if (Math.max(tx, rx) > MAX_COAL_TIME)
      return tooLong(`Max coalesce time ${MAX_COAL_TIME} usecs, tx-usecs (${tx}) rx-usecs (${rx})`);
    const [txFrames, rxFrames] = [Number(wanted['tx-frames']), Number(wanted['rx-frames'])];
    if (Math.max(txFrames, rxFrames) > MAX_COAL_FRAMES)
      return tooLong(
        `Max coalesce frames ${MAX_COAL_FRAMES}, tx-frames (${txFrames}) rx-frames (${rxFrames})`,
      );
    return { ...side(dev, wanted, 'rx'), ...side(dev, wanted, 'tx') };
  },
};

function tooLong(text: string): Refusal {
  return { errno: 'ERANGE', extack: `mlx5_core: ${text}` };
}

const TUNNELS = [
  ...['tx-udp_tnl-segmentation', 'tx-udp_tnl-csum-segmentation', 'tx-gre-segmentation'],
  ...['tx-gre-csum-segmentation', 'tx-ipxip4-segmentation', 'tx-ipxip6-segmentation'],
];
const CHANGEABLE_ON = [
  ...['tx-scatter-gather', 'tx-checksum-ip-generic', 'generic-receive-offload'],
  ...['generic-segmentation-offload', 'tx-tcp-segmentation', 'tx-tcp6-segmentation'],
  ...['rx-checksumming', 'receive-hashing', 'tx-gso-partial', 'tx-vlan-offload'],
  ...['rx-vlan-offload', 'rx-vlan-filter', 'tx-vlan-stag-hw-insert', 'tx-udp-segmentation'],
  ...TUNNELS,
];

const features: FeatureRules = {
  on: [...CHANGEABLE_ON, 'highdma', 'rx-vlan-stag-filter'],
  free: [
    ...CHANGEABLE_ON,
    ...['large-receive-offload', 'rx-all', 'rx-fcs', 'hw-tc-offload', 'ntuple-filters'],
    ...['tx-tcp-mangleid-segmentation', 'tx-nocache-copy', 'rx-gro-list'],
    'rx-udp-gro-forwarding',
  ],
  partial: [...TUNNELS.filter((name) => name !== 'tx-udp_tnl-segmentation'), 'tx-udp-segmentation'],
  fix(on, dev) {
    if (!lroWithoutStrides(on, dev)) return on;
    return { ...on, 'large-receive-offload': false };
  },
  fixLog: (wanted, dev) =>
    lroWithoutStrides(wanted, dev) ? 'Disabling LRO, not supported in legacy RQ' : null,
};

/// mlx5e_fix_features()
function lroWithoutStrides(on: Readonly<Record<string, boolean>>, dev: NetDevice): boolean {
  return on['large-receive-offload'] === true && dev.priv_flags['rx_striding_rq'] !== true;
}

const PORTS_TOO = 'sdfn';
const PORT_TYPES = ['tcp4', 'tcp6', 'udp4', 'udp6'];
const IPSEC_TYPES = ['ah4', 'ah6', 'esp4', 'esp6'];

function fieldsOf(types: readonly string[], letters: string): Record<string, string> {
  return Object.fromEntries(types.map((type) => [type, letters]));
}

/// mlx5e_set_rss_hash_opt(): any of the addresses and ports, of TCP and UDP alone.
const flowHash: FlowHashRules = {
  countsRules: true,
  warnsOfPorts: false,
  start: {
    ...fieldsOf(PORT_TYPES, PORTS_TOO),
    ...fieldsOf(IPSEC_TYPES, 'sd'),
  },
  settle(now, type, letters) {
    if (!(type in now)) return { errno: 'EINVAL' };
    if (!PORT_TYPES.includes(type) || /[^sdfnr]/.test(letters)) return { errno: 'EOPNOTSUPP' };
    const hashed = [...PORTS_TOO].filter((letter) => letters.includes(letter)).join('');
    return { ...now, [type]: hashed === '' ? 'r' : hashed };
  },
};

const SUMMED: Readonly<Record<string, (dev: NetDevice, q: RxQueue) => number>> = {
  packets: (_dev, q) => q.packets,
  bytes: (_dev, q) => q.bytes,
  xdp_drop: (dev, q) => dev.xdp_counts[q.index]?.drops ?? 0,
  xdp_redirect: (dev, q) => dev.xdp_counts[q.index]?.redirects ?? 0,
  lro_packets: (_dev, q) => q.lro_packets,
  lro_bytes: (_dev, q) => q.lro_bytes,
};
const NEVER = ['gro_packets', 'gro_bytes', 'gro_skbs', 'gro_large_hds'];
const TROUBLE = ['wqe_err', 'oversize_pkts_sw_drop', 'buff_alloc_err', 'cqe_compress_blks'];
const TROUBLE_TOO = ['cqe_compress_pkts', 'congst_umr', 'recover'];
/// mlx5e_stats_update_stats_rq_page_pool(): by name, where the pool counts it.
const POOL: Readonly<Record<string, keyof PagePoolStats>> = {
  pp_alloc_fast: 'fast',
  pp_alloc_slow: 'slow',
  pp_alloc_slow_high_order: 'slow_high_order',
  pp_alloc_empty: 'empty',
  pp_alloc_refill: 'refill',
  pp_alloc_waive: 'waive',
  pp_recycle_cached: 'cached',
  pp_recycle_cache_full: 'cache_full',
  pp_recycle_ring: 'ring',
  pp_recycle_ring_full: 'ring_full',
  pp_recycle_released_ref: 'released_refcnt',
};
const PER_QUEUE = [
  ...[...Object.keys(SUMMED), ...NEVER],
  ...[...TROUBLE, ...TROUBLE_TOO, ...Object.keys(POOL)],
];
const CHANNEL = ['events', 'poll', 'arm', 'force_irq', 'eq_rearm'];

function channelValue(name: string, q: RxQueue): number {
  return name === 'events' ? q.interrupts : name === 'poll' ? q.polls : name === 'arm' ? q.arms : 0;
}

function rxValue(dev: NetDevice, name: string, q: RxQueue): number {
  const pooled = POOL[name];
  if (pooled !== undefined) return q.pages?.pool.stats[pooled] ?? 0;
  return SUMMED[name]?.(dev, q) ?? 0;
}

const VPORT = ['unicast', 'multicast', 'broadcast'];
const PHY =
  `tx_packets_phy rx_packets_phy rx_crc_errors_phy tx_bytes_phy rx_bytes_phy rx_multicast_phy
rx_broadcast_phy rx_in_range_len_errors_phy rx_out_of_range_len_phy rx_oversize_pkts_phy
rx_symbol_err_phy rx_mac_control_phy rx_unsupported_op_phy rx_pause_ctrl_phy tx_pause_ctrl_phy
rx_discards_phy tx_discards_phy tx_errors_phy rx_undersize_pkts_phy rx_fragments_phy
rx_jabbers_phy`.split(/\s+/);

function phyValue(dev: NetDevice, link: LinkStats, name: string): number {
  const hw = (counter: string): number => hwCounter(dev, counter);
  switch (name) {
    case 'tx_packets_phy':
      return link.tx_packets;
    case 'tx_bytes_phy':
      return link.tx_bytes + link.tx_packets * 4;
    case 'rx_packets_phy':
      return hw('rx_packets');
    case 'rx_bytes_phy':
      return hw('rx_bytes');
    case 'rx_crc_errors_phy':
      return hw('rx_crc_errors');
    case 'rx_multicast_phy':
      return hw('rx_multicast');
    case 'rx_broadcast_phy':
      return hw('rx_broadcast');
    case 'rx_oversize_pkts_phy':
      return hw('rx_long_length_errors');
    case 'rx_mac_control_phy':
    case 'rx_pause_ctrl_phy':
      return hw('rx_flow_control_xon') + hw('rx_flow_control_xoff');
    default:
      return 0;
  }
}

function vportPackets(dev: NetDevice, kind: string): number {
  const [multicast, broadcast] = [hwCounter(dev, 'rx_multicast'), hwCounter(dev, 'rx_broadcast')];
  if (kind === 'multicast') return multicast;
  return kind === 'broadcast' ? broadcast : hwCounter(dev, 'rx_packets') - multicast - broadcast;
}

function statistics(dev: NetDevice): Statistic[] {
  const link = linkStats(dev);
  const sum = (of: (q: RxQueue) => number): number => dev.rx.reduce((n, q) => n + of(q), 0);
  const rx = (names: readonly string[]): Statistic[] =>
    names.map((name) =>
      deviceStatistic(
        `rx_${name}`,
        sum((q) => rxValue(dev, name, q)),
      ),
    );
  return [
    ...rx(['packets', 'bytes']),
    deviceStatistic('tx_packets', link.tx_packets),
    deviceStatistic('tx_bytes', link.tx_bytes),
    ...rx(['lro_packets', 'lro_bytes', ...NEVER, 'xdp_drop', 'xdp_redirect']),
    ...rx([...TROUBLE, ...TROUBLE_TOO, ...Object.keys(POOL)]),
    ...CHANNEL.map((name) =>
      deviceStatistic(
        `ch_${name}`,
        sum((q) => channelValue(name, q)),
      ),
    ),
    deviceStatistic(
      'rx_out_of_buffer',
      sum((q) => q.drops),
    ),
    deviceStatistic('rx_if_down_packets', 0),
    ...VPORT.map((kind) => deviceStatistic(`rx_vport_${kind}_packets`, vportPackets(dev, kind))),
    ...PHY.map((name) => deviceStatistic(name, phyValue(dev, link, name))),
    ...dev.rx.flatMap((q, i) =>
      CHANNEL.map((name) => queueStatistic(`chN_${name}`, i, channelValue(name, q))),
    ),
    ...dev.rx.flatMap((q, i) =>
      PER_QUEUE.map((name) => queueStatistic(`rxN_${name}`, i, rxValue(dev, name, q))),
    ),
    ...dev.tx.flatMap((q, i) => [
      queueStatistic('txN_packets', i, q.packets),
      queueStatistic('txN_bytes', i, q.bytes),
    ]),
  ];
}

/// mlx5e_get_stats(): frames that found no buffer are the missed ones.
function linkStats(dev: NetDevice): LinkStats {
  const crc = hwCounter(dev, 'rx_crc_errors');
  const length = hwCounter(dev, 'rx_long_length_errors');
  return {
    ...queueTotals(dev),
    rx_errors: crc + length,
    rx_length_errors: length,
    rx_crc_errors: crc,
    rx_missed_errors: dev.rx.reduce((sum, q) => sum + q.drops, 0),
  };
}

const NO_LEGACY = "Can't set legacy RQ with HW-GRO/LRO, disable them first";

/// Of the driver's own flags those of the receive side act here that decide what a completion's delay begins with
/// (rx_cqe_moder) and how buffers are posted (rx_striding_rq). set_pflag_rx_striding_rq()
function refuseFlag(name: string, on: boolean, dev: NetDevice): FlagRefusal | null {
  if (name === 'rx_cqe_moder') return null;
  if (name !== 'rx_striding_rq') return { errno: 'ENOTMODELLED' };
  if (on || !dev.features['large-receive-offload']) return null;
  return {
    errno: 'EINVAL',
    logs: [NO_LEGACY, "Disable private flag 'rx_striding_rq' failed err -22"],
  };
}

export const mlx5: NicDriver = {
  name: 'mlx5_core',
  info: {
    version: '6.12.107+deb13-amd64',
    firmware: '', // of a real card
    test: true,
    eeprom: false,
    registers: false,
    blinks: true,
  },
  mtu: { min: 68, max: 9978 },
  tsoMaxSize: 524280,
  ring,
  coalesce,
  channels: { other: 0, refuse: (combined) => (combined === 0 ? { errno: 'EINVAL' } : null) },
  rss: {
    size: MIN_RQT_SIZE, // up to 128 channels
    keySize: 40,
    table: (queues) => defaultIndir(MIN_RQT_SIZE, queues),
    refuse: () => null,
    keepsTable: true,
  },
  flowHash,
  ntuple: mlx5Ntuple,
  features,
  privFlags: [
    ...['rx_cqe_moder', 'tx_cqe_moder', 'rx_cqe_compress', 'rx_striding_rq'],
    ...['rx_no_csum_complete', 'xdp_tx_mpwqe', 'skb_tx_mpwqe', 'tx_port_ts'],
  ],
  privFlagsOn: ['rx_cqe_moder', 'rx_striding_rq', 'xdp_tx_mpwqe', 'skb_tx_mpwqe'],
  refuseFlag,
  answersRings: true,
  pause: {
    start: { autoneg: false, rx: true, tx: true },
    settle: (wanted) => wanted,
    refuse: (wanted) => (wanted.autoneg ? { errno: 'EINVAL' } : null),
    counts: true,
  },
  link: fibreLink('100000baseSR4/Full', { msglvl: 4 }),
  timestamping: hardwareClock(['none', 'all'], settleAny),
  statistics,
  linkStats,
};
