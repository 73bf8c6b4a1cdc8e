/// The longest frames that the NICs of e1000e and e1000 take. Stands for the bit RCTL.LPE, which
/// e1000_setup_rctl() of both drivers sets by the MTU.
import type { NetDevice } from '../kernel/state.ts';

const VLAN_FRAME = 1522; // with a VLAN tag and FCS: without LPE the limit of the hardware
const LONG_FRAME = 16384; // with LPE

/// Bytes with FCS.
export function e1000LongestFrame(dev: NetDevice): number {
  return dev.mtu <= 1500 ? VLAN_FRAME : LONG_FRAME;
}
