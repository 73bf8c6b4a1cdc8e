/// What `ethtool -T` says of a NIC with a clock of its own: SOF_TIMESTAMPING_* of the driver's get_ts_info().
/// Left out: the stamps themselves; no packet here carries one.
import type { NicDriver } from './nic_driver.ts';

/// Stamps both ways, with that choice of received packets.
export function hardwareClock(rx: readonly string[]): NicDriver['timestamping'] {
  return {
    capabilities: [
      ...['hardware-transmit', 'software-transmit', 'hardware-receive', 'software-receive'],
      ...['software-system-clock', 'hardware-raw-clock'],
    ],
    clock: true,
    tx: ['off', 'on'],
    rx,
  };
}

/// A NIC without a clock: the kernel stamps both ways.
export const softwareClock: NicDriver['timestamping'] = {
  capabilities: ['software-transmit', 'software-receive', 'software-system-clock'],
  clock: false,
  tx: [],
  rx: [],
};
