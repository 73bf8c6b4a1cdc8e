/// What the tools find on a NIC of the 82596: the driver has no struct ethtool_ops at all, so everything but features
/// and time stamping is refused. Stands for drivers/net/ethernet/i825xx/lib82596.c.
/// The chip was on boards of other machines than PCs with PCI; the bus address here is invented.
import type { NetDevice } from '../kernel/state.ts';
import { hwCounter, queueTotals } from './link_stats.ts';
import type { LinkStats, NicDriver } from './nic_driver.ts';

/// dev->stats as i596_rx() and i596_interrupt() count: a frame lost at the ring is in none of them, only that the
/// receive unit had to be started again.
function linkStats(dev: NetDevice): LinkStats {
  const fifo = hwCounter(dev, 'rx_fifo_errors');
  return {
    ...queueTotals(dev),
    rx_errors: fifo,
    rx_fifo_errors: fifo,
  };
}

export const i82596: NicDriver = {
  name: 'i82596',
  // ethtool_get_drvinfo() asks the bus for its driver.
  info: {
    version: '6.12.107+deb13-amd64',
    firmware: '',
    test: false,
    eeprom: false,
    registers: false,
    blinks: false,
  },
  mtu: { min: 68, max: 1500 },
  tsoMaxSize: 65536,
  ring: null,
  descriptors: { rx: 16, tx: 32 }, // RX_RING_SIZE, TX_RING_SIZE
  coalesce: null,
  channels: null,
  rss: null,
  flowHash: null,
  features: {
    on: ['generic-receive-offload'],
    // net/core/dev.c:register_netdevice() asks for GSO, which needs scatter-gather.
    requested: ['generic-segmentation-offload'],
    free: [
      ...['generic-segmentation-offload', 'generic-receive-offload', 'tx-nocache-copy'],
      ...['rx-gro-list', 'rx-udp-gro-forwarding'],
    ],
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
  linkStats,
};
