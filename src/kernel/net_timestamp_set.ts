/// Asking a NIC for time stamps: SIOCSHWTSTAMP. Stands for net/core/dev_ioctl.c; what each driver makes of the filter is
/// in src/hardware/timestamping.ts.
/// Left out: stamps by a PHY, and the newer netlink request, which Linux 6.12 has not.
import { driverOf } from '../hardware/driver.ts';
import { done, fails, type Result } from './errno.ts';
import { freeStampRegister } from './net_timestamp_hw.ts';
import type { Kernel, NetDevice } from './state.ts';

const LAST_FILTER = 15; // HWTSTAMP_FILTER_NTP_ALL

/// Whether the device answers SIOCGHWTSTAMP at all.
export function hasHwTstamp(dev: NetDevice): boolean {
  return driverOf(dev).timestamping.settle !== undefined;
}

/// Asks for stamps. ERANGE for what the NIC cannot do, EOPNOTSUPP where it has no clock. `dev.hwtstamp.told` then is
/// the filter that the caller is told of. net/core/dev_ioctl.c:dev_set_hwtstamp()
export function dev_set_hwtstamp(
  k: Kernel,
  dev: NetDevice,
  tx_type: number,
  rx_filter: number,
): Result {
  const { settle } = driverOf(dev).timestamping;
  if (!settle) return fails('EOPNOTSUPP');
  if (tx_type < 0 || tx_type > 1 || rx_filter < 0 || rx_filter > LAST_FILTER)
    return fails('ERANGE');
  const settled = settle(rx_filter);
  if (settled === null) return fails('ERANGE');
  dev.hwtstamp.tx_type = tx_type;
  dev.hwtstamp.rx_filter = settled.kept;
  dev.hwtstamp.told = settled.told;
  freeStampRegister(k, dev);
  k.config_version++;
  return done;
}
