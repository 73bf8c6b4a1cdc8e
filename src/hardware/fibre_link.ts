/// What `ethtool DEV` says of a port with an optical module, as the drivers of the fast NICs have it in common.
/// Left out: modules other than the one named, forward error correction.
import type { LinkRules } from './nic_driver.ts';

/// A fibre port of one speed, whose driver says nothing of wires, and wakes nobody unless `rest` says so. To force a
/// speed is not modelled.
export function fibreLink(mode: string, rest: Partial<LinkRules> = {}): LinkRules {
  return {
    ports: ['FIBRE'],
    modes: [mode],
    pause: 'Symmetric',
    autoneg: true,
    port: 'FIBRE',
    phyad: 0,
    mdix: '',
    wol: '',
    wolStart: '',
    msglvl: 7,
    refuse: () => ({ errno: 'ENOTMODELLED' }),
    resets: false,
    ...rest,
  };
}
