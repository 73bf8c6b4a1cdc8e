/// Devices without hardware: VLAN, bridge, bond, macvlan, veth and dummy, as ethtool and ip find them.
/// Stands for the ethtool_ops of net/8021q/vlan_dev.c, net/bridge/br_device.c, drivers/net/bonding/bond_main.c,
/// drivers/net/macvlan.c, drivers/net/veth.c and drivers/net/dummy.c.
/// Left out: features that a device takes over from the one below it. XDP on a veth is generic here, so that what its
/// own driver counts of XDP stays 0.
import type { NetDevice } from '../kernel/state.ts';
import { deviceStatistic, hwCounter, noLinkStats, queueStatistic } from './link_stats.ts';
import type { LinkStats, NicDriver, Statistic } from './nic_driver.ts';

const MAX_MTU = 65_535;

/// The counters that a device of software keeps itself.
function ownCounters(dev: NetDevice): LinkStats {
  return {
    ...noLinkStats(),
    rx_packets: hwCounter(dev, 'rx_packets'),
    rx_bytes: hwCounter(dev, 'rx_bytes'),
    tx_packets: hwCounter(dev, 'tx_packets'),
    tx_bytes: hwCounter(dev, 'tx_bytes'),
    multicast: hwCounter(dev, 'rx_multicast'),
  };
}

function virtual(name: string, mtu: NicDriver['mtu']): NicDriver {
  return {
    name,
    info: {
      version: '',
      firmware: '',
      test: false,
      eeprom: false,
      registers: false,
      blinks: false,
    },
    mtu,
    tsoMaxSize: 65_536,
    ring: null,
    coalesce: null,
    channels: null,
    rss: null,
    flowHash: null,
    features: {
      on: ['generic-segmentation-offload', 'generic-receive-offload'],
      free: ['generic-segmentation-offload', 'generic-receive-offload'],
      partial: [],
    },
    privFlags: null,
    answersRings: false,
    pause: null,
    link: null,
    timestamping: {
      capabilities: ['software-receive', 'software-system-clock'],
      clock: false,
      tx: [],
      rx: [],
    },
    statistics: () => null,
    linkStats: ownCounters,
  };
}

// As recorded on a veth of Linux 6.12.
const VETH_ON = [
  ...['tx-checksum-ip-generic', 'tx-checksum-sctp', 'tx-scatter-gather', 'rx-checksumming'],
  ...['tx-scatter-gather-fraglist', 'tx-tcp-segmentation', 'tx-tcp-ecn-segmentation'],
  ...['tx-tcp-mangleid-segmentation', 'tx-tcp6-segmentation', 'generic-segmentation-offload'],
  ...['rx-vlan-offload', 'tx-vlan-offload', 'highdma', 'tx-gre-segmentation'],
  ...['tx-gre-csum-segmentation', 'tx-ipxip4-segmentation', 'tx-ipxip6-segmentation'],
  ...['tx-udp_tnl-segmentation', 'tx-udp_tnl-csum-segmentation', 'tx-sctp-segmentation'],
  ...['tx-udp-segmentation', 'tx-gso-list', 'tx-vlan-stag-hw-insert', 'rx-vlan-stag-hw-parse'],
];
const VETH_OFF = [
  ...['generic-receive-offload', 'tx-nocache-copy', 'rx-gro-list', 'rx-udp-gro-forwarding'],
];

const VETH_RX = 'xdp_packets xdp_bytes drops xdp_redirect xdp_drops xdp_tx xdp_tx_errors'.split(
  ' ',
);
const VETH_TX = ['xdp_xmit', 'xdp_xmit_errors'];

function vethStatistics(dev: NetDevice): Statistic[] {
  return [
    deviceStatistic('peer_ifindex', hwCounter(dev, 'peer_ifindex')),
    ...dev.rx.flatMap((_, i) => VETH_RX.map((name) => queueStatistic(`rx_queue_N_${name}`, i, 0))),
    ...dev.tx.flatMap((_, i) => VETH_TX.map((name) => queueStatistic(`tx_queue_N_${name}`, i, 0))),
  ];
}

/// By the name that the device's state has in `driver`.
export const virtualDrivers: Readonly<Record<string, NicDriver>> = {
  vlan: virtual('802.1Q VLAN Support', { min: 0, max: MAX_MTU }),
  bridge: virtual('bridge', { min: 68, max: MAX_MTU }),
  bond: virtual('bonding', { min: 68, max: MAX_MTU }),
  macvlan: virtual('macvlan', { min: 68, max: MAX_MTU }),
  veth: {
    ...virtual('veth', { min: 68, max: MAX_MTU }),
    channels: { other: 0, separate: true, refuse: () => null },
    statistics: vethStatistics,
    features: { on: VETH_ON, free: [...VETH_ON, ...VETH_OFF], partial: [] },
  },
  dummy: virtual('dummy', { min: 0, max: 0 }),
};
