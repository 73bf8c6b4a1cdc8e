/// Which IPv6 addresses are this host's own, which networks its devices are on, and what that means for a
/// packet.
/// Stands for ip6_route_input() and ip6_route_output_flags() in net/ipv6/route.c, over the routes that the
/// kernel makes of its addresses.
/// Left out: routes that somebody adds, policy rules, router advertisements, anycast, exceptions for a
/// destination (path MTU, redirects), groups that a program joins.
import { addressBytes } from './address.ts';
import { devConf6 } from './ipv6_conf.ts';
import type { Kernel, NetDevice, Skb } from './state.ts';

/// What becomes of a packet. From UNICAST on: it is for another host, by device `route - UNICAST` (index
/// into devs).
export const RT6 = Object.freeze({ LOCAL: 0, NO_ROUTE: 1, MULTICAST: 2, UNICAST: 16 });

const LINK_LOCAL = Object.freeze([0xfe, 0x80, 0, 0, 0, 0, 0, 0]);
const LINK_LOCAL_LENGTH = 64; // bits: fe80::/64 on every device

/// The interface identifier that the kernel makes of a MAC address (RFC 4291, appendix A).
function linkLocal(dev: NetDevice): number[] {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = dev.mac
    .split(':')
    .map((byte) => Number.parseInt(byte, 16));
  return [...LINK_LOCAL, a ^ 2, b, c, 0xff, 0xfe, d, e, f];
}

/// The IPv6 addresses of a device while it is up.
export function addresses6(dev: NetDevice): number[][] {
  if (!dev.up) return [];
  const given = dev.addrs6.map((text) => addressBytes(text.split('/')[0]!));
  return [dev.driver === '' ? addressBytes('::1') : linkLocal(dev), ...given];
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.every((byte, i) => byte === b[i]);
}

/// Is an address in a network of so many bits?
export function inNet6(
  address: readonly number[],
  network: readonly number[],
  length: number,
): boolean {
  for (let bit = 0; bit < length; bit += 8) {
    const mask = length - bit >= 8 ? 0xff : (0xff00 >> (length - bit)) & 0xff;
    if ((address[bit >> 3]! ^ network[bit >> 3]!) & mask) return false;
  }
  return true;
}

const ALL_NODES = ['ff02::1', 'ff01::1'].map(addressBytes);
const ALL_ROUTERS = ['ff02::2', 'ff01::2', 'ff05::2'].map(addressBytes);
const SOLICITED_NODE = addressBytes('ff02::1:ff00:0').slice(0, 13);

/// Is a device in a group: all nodes, on a router all routers, and the solicited-node groups of its
/// addresses? net/ipv6/mcast.c:ipv6_chk_mcast_addr()
export function joined6(k: Kernel, dev: NetDevice, group: readonly number[]): boolean {
  if (ALL_NODES.some((one) => same(one, group))) return true;
  if (devConf6(k, dev, 'forwarding') && ALL_ROUTERS.some((one) => same(one, group))) return true;
  return (
    same(SOLICITED_NODE, group.slice(0, 13)) &&
    addresses6(dev).some((own) => same(own.slice(13), group.slice(13)))
  );
}

/// Where a packet goes, RT6. Remembered for the flow until an address or a device changes.
export function ip6_route_input(k: Kernel, skb: Skb): number {
  const flow = k.skbs.flow[skb]!;
  const dev = k.skbs.dev[skb]!;
  const { rt_key, rt } = k.flows;
  if (rt_key[flow] === k.fib.genid + dev) return rt[flow]!;
  const found = lookUp(k, dev, addressBytes(k.flows.daddr[flow]!));
  rt_key[flow] = k.fib.genid + dev;
  rt[flow] = found;
  return found;
}

function lookUp(k: Kernel, dev: number, daddr: readonly number[]): number {
  if (daddr[0] === 0xff) return RT6.MULTICAST;
  if (isOwn6(k, dev, daddr)) return RT6.LOCAL;
  const out = ip6_route_output(k, daddr, isLinkWide(daddr) ? dev : -1);
  return out < 0 ? RT6.NO_ROUTE : RT6.UNICAST + out;
}

/// Is it this host's own address, for what comes by a device? A link-local one is only on its own link.
/// net/ipv6/addrconf.c:ipv6_chk_addr()
export function isOwn6(k: Kernel, dev: number, daddr: readonly number[]): boolean {
  const asked = isLinkWide(daddr) ? [k.devs[dev]!] : k.devs;
  return asked.some((one) => addresses6(one).some((own) => same(own, daddr)));
}

function isLinkWide(address: readonly number[]): boolean {
  return address[0] === 0xfe && (address[1]! & 0xc0) === 0x80;
}

/// The device by which an address is reached, index into devs; -1: by none. The longest prefix decides.
/// `oif` is the device that is asked for, which a link-local address needs; -1: any.
export function ip6_route_output(k: Kernel, daddr: readonly number[], oif: number): number {
  if (isLinkWide(daddr))
    return oif >= 0 && k.devs[oif]!.up && inNet6(daddr, LINK_LOCAL, LINK_LOCAL_LENGTH) ? oif : -1;
  return longestPrefix(k, daddr).dev;
}

/// Bits of the network that the route to an address is for; 0: there is none.
export function prefixLength6(k: Kernel, daddr: readonly number[]): number {
  return isLinkWide(daddr) ? LINK_LOCAL_LENGTH : longestPrefix(k, daddr).length;
}

function longestPrefix(
  k: Kernel,
  daddr: readonly number[],
): { readonly dev: number; readonly length: number } {
  let best = { dev: -1, length: 0 };
  k.devs.forEach((dev, index) => {
    if (!dev.up) return;
    for (const text of dev.addrs6) {
      const [address = '', bits = '128'] = text.split('/');
      const length = Number(bits);
      if (length > best.length && inNet6(daddr, addressBytes(address), length))
        best = { dev: index, length };
    }
  });
  return best;
}
