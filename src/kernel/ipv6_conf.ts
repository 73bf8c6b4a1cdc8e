/// The IPv6 settings of a device (struct ipv6_devconf): net.ipv6.conf.NAME.*, each for itself; writing
/// net.ipv6.conf.all.forwarding or disable_ipv6 writes all of them (sysctl.ts).
import type { Kernel, NetDevice } from './state.ts';

/// Is a setting of a device switched on?
export function devConf6(k: Kernel, dev: NetDevice, name: string): boolean {
  const value = k.sysctl[`net.ipv6.conf.${dev.name.replaceAll('.', '/')}.${name}`];
  return value !== undefined && value !== '0';
}
