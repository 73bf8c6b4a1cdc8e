/// Which IPv6 addresses are this host's own, and what becomes of a packet for another.
/// Stands for ip6_route_input() in net/ipv6/route.c as far as plain unicast goes.
/// Left out: routes that somebody adds, router advertisements, forwarding, multicast beyond the groups
/// that every device is in.
import { addressBytes } from './address.ts';
import type { Kernel, NetDevice, Skb } from './state.ts';

export const RT6 = Object.freeze({ LOCAL: 0, ON_LINK: 1, NO_ROUTE: 2, MULTICAST: 3 });

/// The interface identifier that the kernel makes of a MAC address (RFC 4291, appendix A).
function linkLocal(dev: NetDevice): number[] {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = dev.mac
    .split(':')
    .map((byte) => Number.parseInt(byte, 16));
  return [0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, d, e, f];
}

/// The IPv6 addresses of a device while it is up.
export function addresses6(dev: NetDevice): number[][] {
  if (!dev.up) return [];
  const given = dev.addrs
    .filter((text) => text.includes(':'))
    .map((text) => addressBytes(text.split('/')[0]!));
  return [dev.path < 0 && dev.name === 'lo' ? addressBytes('::1') : linkLocal(dev), ...given];
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.every((byte, i) => byte === b[i]);
}

/// The groups that a device is in: all nodes, and the solicited-node groups of its addresses.
function inGroup(dev: NetDevice, group: readonly number[]): boolean {
  if (same(group, addressBytes('ff02::1')) || same(group, addressBytes('ff01::1'))) return true;
  const prefix = addressBytes('ff02::1:ff00:0').slice(0, 13);
  return (
    same(prefix, group.slice(0, 13)) &&
    addresses6(dev).some((own) => same(own.slice(13), group.slice(13)))
  );
}

/// Where a packet goes, RT6. Remembered for the flow until an address or a device changes.
export function ip6_route_input(k: Kernel, skb: Skb): number {
  const flow = k.skbs.flow[skb]!;
  const dev = k.skbs.dev[skb]!;
  const { rt_key, rt } = k.flows;
  if (rt_key[flow] === k.fib.genid + dev) return rt[flow]!;
  const found = lookUp(k, k.devs[dev]!, addressBytes(k.flows.daddr[flow]!));
  rt_key[flow] = k.fib.genid + dev;
  rt[flow] = found;
  return found;
}

function lookUp(k: Kernel, dev: NetDevice, daddr: readonly number[]): number {
  if (daddr[0] === 0xff) return inGroup(dev, daddr) ? RT6.MULTICAST : RT6.NO_ROUTE;
  const linkWide = daddr[0] === 0xfe && (daddr[1]! & 0xc0) === 0x80;
  // A link-local address is one only on its own link.
  const asked = linkWide ? [dev] : k.devs;
  if (asked.some((one) => addresses6(one).some((own) => same(own, daddr)))) return RT6.LOCAL;
  return linkWide ? RT6.ON_LINK : RT6.NO_ROUTE;
}
