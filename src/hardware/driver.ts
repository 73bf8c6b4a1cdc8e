/// The table of the NIC drivers, and what ethtool finds on a device that has just come up.
import type { NicDescription } from '../kernel/host.ts';
import type { NetDevice } from '../kernel/state.ts';
import { e1000 } from './e1000_ethtool.ts';
import { e1000e } from './e1000e_ethtool.ts';
import { ena } from './ena_ethtool.ts';
import { FEATURES } from './features.ts';
import { i82596 } from './i82596_ethtool.ts';
import { ice } from './ice_ethtool.ts';
import { igb } from './igb_ethtool.ts';
import { ixgbe } from './ixgbe_ethtool.ts';
import { lo } from './lo_ethtool.ts';
import { macb } from './macb_ethtool.ts';
import { mlx5 } from './mlx5_ethtool.ts';
import type { NicDriver } from './nic_driver.ts';
import { virtioNet } from './virtio_net_ethtool.ts';
import { virtualDrivers } from './virtual_ethtool.ts';
import { vmxnet3 } from './vmxnet3_ethtool.ts';

export const drivers: Readonly<Record<string, NicDriver>> = {
  igb,
  virtio_net: virtioNet,
  vmxnet3,
  e1000e,
  e1000,
  i82596,
  ixgbe,
  ice,
  mlx5_core: mlx5,
  ena,
  macb,
  lo,
  ...virtualDrivers,
};

/// The driver of a device; lo has an empty driver name in the state.
export function driverOf(dev: { readonly driver: string }): NicDriver {
  const driver = drivers[dev.driver === '' ? 'lo' : dev.driver];
  if (!driver) throw new Error(`no driver '${dev.driver}'`);
  return driver;
}

type EthtoolFields = Pick<
  NetDevice,
  | 'ring'
  | 'coalesce'
  | 'features'
  | 'wanted_features'
  | 'priv_flags'
  | 'pause'
  | 'autoneg'
  | 'duplex'
  | 'wol'
  | 'msglvl'
  | 'alias'
  | 'gateway'
  | 'rss_indir'
  | 'rxfh_configured'
  | 'rss_key'
  | 'rxnfc'
  | 'ntuple'
  | 'filters'
  | 'gro_flush_timeout'
  | 'napi_defer_hard_irqs'
>;

/// What the tools find on a device that has just come up; null stands for lo. The RSS key is the
/// caller's to draw, since the kernel draws it at random once a boot.
export function ethtoolDefaults(nic: NicDescription | null): EthtoolFields {
  const driver = driverOf({ driver: nic?.driver ?? '' });
  const { features } = driver;
  return {
    ring: { ...(driver.ring?.start ?? { rx: 0, tx: 0, ...driver.descriptors, jumbo: 0 }) },
    coalesce: { ...driver.coalesce?.start },
    features: flags((name) => features.on.includes(name)),
    wanted_features: flags(
      (name) =>
        features.requested?.includes(name) === true ||
        (features.on.includes(name) && features.free.includes(name)),
    ),
    priv_flags: Object.fromEntries(
      (driver.privFlags ?? []).map((name) => [name, driver.privFlagsOn?.includes(name) ?? false]),
    ),
    pause: { ...(driver.pause?.start ?? { autoneg: false, rx: false, tx: false }) },
    autoneg: driver.link?.autoneg ?? false,
    duplex: (nic?.speed_mbps ?? -1) > 0 ? 'full' : 'unknown',
    wol: driver.link?.wolStart ?? '',
    msglvl: driver.link?.msglvl ?? -1,
    alias: '',
    gateway: nic?.name === 'eth0' ? nic.peer : '', // the recorded hosts route by their first NIC
    rss_indir: hasRss(nic) ? driver.rss!.table(nic!.queues) : [],
    rxfh_configured: false,
    rss_key: [],
    rxnfc: { ...(driver.flowHash?.start ?? driver.rss?.hashes) },
    ntuple: [],
    filters: [],
    gro_flush_timeout: driver.defersInterrupts ? 20_000 : 0,
    napi_defer_hard_irqs: driver.defersInterrupts ? 1 : 0,
  };
}

/// Whether the NIC has an RSS indirection table: igb always, virtio_net when the device offers it.
export function hasRss(nic: NicDescription | null): boolean {
  if (!nic || !driverOf(nic).rss) return false;
  return nic.driver !== 'virtio_net' || (nic.rss ?? false);
}

function flags(on: (name: string) => boolean): Record<string, boolean> {
  return Object.fromEntries(FEATURES.map((name) => [name, on(name)]));
}

/// Features of a device that a user may change.
export function freeFeatures(dev: NetDevice): readonly string[] {
  const { free, freeWithRss } = driverOf(dev).features;
  return freeWithRss && dev.rss_indir.length ? [...free, ...freeWithRss] : free;
}
