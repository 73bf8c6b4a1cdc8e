/// Speed, duplex, negotiation, wake-on-LAN and message level, as ethtool sets them. Stands for
/// net/ethtool/{linkmodes,wol,debug}.c and for the drivers' set_link_ksettings.
/// Left out: link modes advertised one by one, lanes, master and slave, crossover.
import { driverOf } from '../hardware/driver.ts';
import { done, fails, type Result } from './errno.ts';
import { failsAt, nicOf, resetNic, type EthtoolResult } from './ethtool_ops.ts';
import type { Kernel, NetDevice } from './state.ts';

export interface LinkRequest {
  readonly speed?: number; // Mb/s
  readonly duplex?: 'half' | 'full';
  readonly autoneg?: boolean;
}

/// Sets speed and duplex, or has them negotiated. Stands for ethnl_set_linkmodes().
export function ethtool_set_link_ksettings(k: Kernel, dev: NetDevice, asked: LinkRequest): Result {
  const { link } = driverOf(dev);
  if (!link || link.fixed) return fails('EOPNOTSUPP');
  const { speed = dev.speed_mbps, duplex = dev.duplex, autoneg = dev.autoneg } = asked;
  if (speed === dev.speed_mbps && duplex === dev.duplex && autoneg === dev.autoneg) return done;
  const refused = link.refuse(speed, duplex, autoneg);
  if (refused) return fails(refused.errno, 'link settings update failed');
  dev.autoneg = autoneg;
  dev.speed_mbps = autoneg ? (nicOf(k, dev)?.speed_mbps ?? -1) : speed;
  dev.duplex = autoneg ? 'full' : duplex;
  if (link.resets) resetNic(k, dev);
  k.config_version++;
  return done;
}

/// Sets which frames wake the machine, as letters of ethtool; 'd' for none. Stands for
/// ethnl_set_wol().
export function ethtool_set_wol(k: Kernel, dev: NetDevice, letters: string): EthtoolResult {
  const { link } = driverOf(dev);
  if (!link?.wol) return fails('EOPNOTSUPP');
  const wanted = letters === 'd' ? '' : letters;
  if ([...wanted].some((letter) => !link.wol.includes(letter)))
    return failsAt('EINVAL', 'cannot enable unsupported WoL mode', 'wol');
  dev.wol = wanted || 'd';
  k.config_version++;
  return done;
}

/// Sets which messages the driver logs, a bit mask. Stands for ethnl_set_debug().
export function ethnl_set_debug(k: Kernel, dev: NetDevice, mask: number): Result {
  if (dev.msglvl < 0) return fails('EOPNOTSUPP');
  dev.msglvl = mask;
  k.config_version++;
  return done;
}
