/// The e1000e driver's side of ethtool, for the 82574L of the recorded host.
/// Stands for drivers/net/ethernet/intel/e1000e/ethtool.c, and e1000e_get_stats64() in netdev.c.
/// Left out: self test, registers, EEPROM, Energy-Efficient Ethernet (an 82574 has none).
import type { NetDevice } from '../kernel/state.ts';
import { e1000Coalesce } from './e1000_itr.ts';
import { e1000Statistics, errorsOf } from './e1000_stats.ts';
import { descriptors } from './igb_ethtool.ts';
import { GIGABIT_OFF, GIGABIT_ON, resetsOn, vlanTogether } from './intel_features.ts';
import { hwCounter, queueTotals } from './link_stats.ts';
import type { FlowHashRules, LinkStats, NicDriver, Refusal, Statistic } from './nic_driver.ts';
import { hardwareClock, settle82574 } from './timestamping.ts';

const OWN =
  `rx_csum_offload_good rx_csum_offload_errors rx_header_split alloc_rx_buff_failed tx_smbus
rx_smbus dropped_smbus rx_dma_failed tx_dma_failed rx_hwtstamp_cleared uncorr_ecc_errors
corr_ecc_errors tx_hwtstamp_timeouts tx_hwtstamp_skipped`.split(/\s+/);

const FROM_LINK_STATS = [
  ...['rx_errors', 'tx_errors', 'tx_dropped', 'rx_length_errors', 'rx_over_errors'],
  ...['rx_frame_errors', 'tx_fifo_errors', 'tx_heartbeat_errors'],
] as const satisfies readonly (keyof LinkStats)[];

function statistics(dev: NetDevice): Statistic[] {
  const link = linkStats(dev);
  const taken = Object.fromEntries(FROM_LINK_STATS.map((name) => [name, link[name]]));
  return e1000Statistics(dev, OWN, {
    ...taken,
    tx_packets: link.tx_packets,
    tx_bytes: link.tx_bytes,
  });
}

const FCS = 4;

/// e1000e_get_stats64(): packets and bytes come from the hardware, FCS included.
function linkStats(dev: NetDevice): LinkStats {
  const totals = queueTotals(dev);
  return {
    ...totals,
    rx_packets: hwCounter(dev, 'rx_packets'),
    rx_bytes: hwCounter(dev, 'rx_bytes'),
    tx_bytes: totals.tx_bytes + totals.tx_packets * FCS,
    ...errorsOf(dev),
  };
}

const CHANGEABLE_ON = [
  ...GIGABIT_ON,
  ...['rx-checksumming', 'tx-tcp6-segmentation', 'tx-vlan-offload', 'receive-hashing'],
];

const ADDRESSES = 'sd';
const PORTS_TOO = 'sdfn';
const OTHERS = ['udp', 'sctp', 'ah', 'esp'].flatMap((name) => [`${name}4`, `${name}6`]);

/// e1000_get_rxnfc(): what the NIC hashes can be read and not be changed. With one queue the hash only
/// goes into the packet.
const flowHash: FlowHashRules = {
  countsRules: false,
  warnsOfPorts: false,
  start: {
    tcp4: PORTS_TOO,
    tcp6: PORTS_TOO,
    ...Object.fromEntries(OTHERS.map((type) => [type, ADDRESSES])),
  },
  settle: () => ({ errno: 'EOPNOTSUPP' }),
};

const MODES = ['10baseT/Half', '10baseT/Full', '100baseT/Half', '100baseT/Full', '1000baseT/Full'];

/// e1000_set_spd_dplx(), of both drivers: 1000 Mb/s works only by negotiation, or forced full duplex.
export function refuseForced(
  speed: number,
  duplex: NetDevice['duplex'],
  autoneg: boolean,
): Refusal | null {
  if (autoneg || speed === 10 || speed === 100) return null;
  return speed === 1000 && duplex === 'full' ? null : { errno: 'EINVAL' };
}

export const e1000e: NicDriver = {
  name: 'e1000e',
  // The version is the kernel's own release, as for every driver without one.
  info: {
    version: '6.12.107+deb13-amd64',
    firmware: '2.1-0',
    test: true,
    eeprom: true,
    registers: true,
    blinks: true,
  },
  mtu: { min: 68, max: 9212 },
  tsoMaxSize: 65536,
  ring: {
    max: { rx: 4096, tx: 4096, jumbo: 0 },
    start: { rx: 256, tx: 256, jumbo: 0 },
    settle: (_now, { rx, tx }) => ({ rx: descriptors(rx), tx: descriptors(tx), jumbo: 0 }),
  },
  coalesce: e1000Coalesce,
  channels: null,
  rss: null,
  flowHash,
  features: {
    on: [...CHANGEABLE_ON, 'highdma', 'rx-vlan-filter'],
    free: [...CHANGEABLE_ON, ...GIGABIT_OFF],
    partial: [],
    fix: vlanTogether,
    resets: resetsOn(
      ...['rx-vlan-offload', 'tx-vlan-offload', 'rx-checksumming', 'receive-hashing'],
      ...['rx-fcs', 'rx-all'],
    ),
  },
  privFlags: ['s0ix-enabled'],
  // Only laptops' newer parts have the power states that the flag is about.
  refuseFlag: (_name, on) => (on ? { errno: 'EINVAL' } : null),
  answersRings: false,
  pause: {
    start: { autoneg: true, rx: true, tx: true },
    settle: (wanted) => (wanted.autoneg ? { autoneg: true, rx: true, tx: true } : wanted),
  },
  link: {
    ports: ['TP'],
    modes: MODES,
    pause: 'Symmetric Receive-only',
    partner: {
      modes: [...MODES.slice(0, 4), '1000baseT/Half', '1000baseT/Full'],
      pause: 'Symmetric',
    },
    autoneg: true,
    port: 'Twisted Pair',
    phyad: 1,
    mdix: 'off (auto)',
    wol: 'pumbg',
    wolStart: 'g',
    msglvl: 7,
    refuse: refuseForced,
    resets: true,
    renegotiate: (dev) =>
      !dev.up ? { errno: 'EAGAIN' } : dev.autoneg ? null : { errno: 'EINVAL' },
  },
  timestamping: hardwareClock(
    [
      ...['none', 'all', 'ptpv1-l4-sync', 'ptpv1-l4-delay-req', 'ptpv2-l4-sync'],
      ...['ptpv2-l4-delay-req', 'ptpv2-l2-sync', 'ptpv2-l2-delay-req', 'ptpv2-event'],
      ...['ptpv2-sync', 'ptpv2-delay-req'],
    ],
    settle82574,
  ),
  statistics,
  linkStats,
};
