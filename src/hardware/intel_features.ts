/// Features that Intel's gigabit drivers e1000e and e1000 have alike, and how their changes reset the NIC.
import type { FeatureRules } from './nic_driver.ts';

/// Switched on at boot, and free to be switched, on both.
export const GIGABIT_ON: readonly string[] = [
  ...['tx-checksum-ip-generic', 'tx-scatter-gather', 'tx-tcp-segmentation'],
  ...['generic-segmentation-offload', 'generic-receive-offload', 'rx-vlan-offload'],
];

/// Free to be switched, off at boot, on both.
export const GIGABIT_OFF: readonly string[] = [
  ...['tx-tcp-mangleid-segmentation', 'tx-nocache-copy', 'rx-fcs', 'rx-all'],
  ...['rx-gro-list', 'rx-udp-gro-forwarding'],
];

/// The hardware strips and inserts VLAN tags together or not at all.
export const vlanTogether: NonNullable<FeatureRules['fix']> = (on) => ({
  ...on,
  'tx-vlan-offload': on['rx-vlan-offload'] ?? false,
});

/// A change of any of these resets the NIC.
export function resetsOn(...names: readonly string[]): NonNullable<FeatureRules['resets']> {
  return (before, after) => names.some((name) => before[name] !== after[name]);
}
