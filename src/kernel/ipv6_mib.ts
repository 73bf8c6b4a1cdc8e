/// Counters of IPv6, which are kept for the whole host and for each device.
/// Stands for _DEVINC() and _DEVADD() in include/net/ipv6.h.
import { countMib } from './mib.ts';
import type { Kernel } from './state.ts';

/// Adds to a counter by its name in /proc/net/snmp6; `dev` is the index of the device, -1: none.
export function countIp6(k: Kernel, dev: number, name: string, by = 1): void {
  countMib(k, name, by);
  const device = k.devs[dev];
  if (!device) return;
  const own = (k.ip6_mib[device.ifindex] ??= {});
  own[name] = (own[name] ?? 0) + by;
}

/// The same for the device that a packet came by.
export function countReceived6(k: Kernel, skb: number, name: string, by = 1): void {
  countIp6(k, k.skbs.dev[skb]!, name, by);
}
