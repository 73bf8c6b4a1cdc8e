/// The e1000 driver's side of ethtool, for the 82540EM of the recorded host.
/// Stands for drivers/net/ethernet/intel/e1000/e1000_ethtool.c, and e1000_update_stats() in e1000_main.c.
/// Left out: self test, registers, EEPROM, fibre ports, jumbo frames.
import type { NetDevice } from '../kernel/state.ts';
import { e1000Coalesce } from './e1000_itr.ts';
import { e1000Statistics, errorsOf } from './e1000_stats.ts';
import { refuseForced } from './e1000e_ethtool.ts';
import { descriptors } from './igb_ethtool.ts';
import { GIGABIT_OFF, GIGABIT_ON, resetsOn, vlanTogether } from './intel_features.ts';
import { queueTotals } from './link_stats.ts';
import type { LinkStats, NicDriver, Statistic } from './nic_driver.ts';
import { softwareClock } from './timestamping.ts';

const OWN =
  `rx_long_byte_count rx_csum_offload_good rx_csum_offload_errors alloc_rx_buff_failed tx_smbus
rx_smbus dropped_smbus`.split(/\s+/);
const FCS = 4;

function statistics(dev: NetDevice): Statistic[] {
  const { tx_packets, tx_bytes } = queueTotals(dev);
  // rx_errors here is the register RXERRC, which counts symbol errors and not what is in rx_errors of the link.
  return e1000Statistics(dev, OWN, {
    ...{ tx_packets, tx_bytes: tx_bytes + tx_packets * FCS, rx_errors: 0 },
    rx_frame_errors: errorsOf(dev).rx_frame_errors,
  });
}

/// Packets and bytes as the driver itself counts them, without FCS.
function linkStats(dev: NetDevice): LinkStats {
  return { ...queueTotals(dev), ...errorsOf(dev) };
}

const CHANGEABLE_ON = GIGABIT_ON;
const MODES = ['10baseT/Half', '10baseT/Full', '100baseT/Half', '100baseT/Full', '1000baseT/Full'];

export const e1000: NicDriver = {
  name: 'e1000',
  info: {
    version: '6.12.107+deb13-amd64',
    firmware: '',
    test: true,
    eeprom: true,
    registers: true,
    blinks: true,
  },
  mtu: { min: 46, max: 16110 },
  tsoMaxSize: 65536,
  ring: {
    max: { rx: 4096, tx: 4096, jumbo: 0 },
    start: { rx: 256, tx: 256, jumbo: 0 },
    settle: (_now, { rx, tx }) => ({ rx: descriptors(rx), tx: descriptors(tx), jumbo: 0 }),
  },
  // The driver moderates an 82540 as it likes, and lets only later parts be told.
  coalesce: { ...e1000Coalesce, lacking: true },
  channels: null,
  rss: null,
  flowHash: null,
  features: {
    on: [...CHANGEABLE_ON, 'tx-vlan-offload', 'rx-vlan-filter'],
    free: [...CHANGEABLE_ON, 'rx-checksumming', ...GIGABIT_OFF],
    partial: [],
    fix: vlanTogether,
    resets: resetsOn('rx-checksumming', 'rx-all'),
  },
  privFlags: null,
  answersRings: false,
  // The recorded partner offers no pause frames; the driver then settles for obeying them, if it was to.
  pause: {
    start: { autoneg: true, rx: true, tx: false },
    settle: (wanted) => (wanted.autoneg ? { autoneg: true, rx: wanted.rx, tx: false } : wanted),
  },
  link: {
    ports: ['TP'],
    modes: MODES,
    pause: 'No',
    autoneg: true,
    port: 'Twisted Pair',
    phyad: 0,
    mdix: 'off (auto)',
    wol: 'umbg',
    wolStart: 'd',
    msglvl: 7,
    refuse: refuseForced,
    resets: true,
  },
  timestamping: softwareClock,
  statistics,
  linkStats,
};
