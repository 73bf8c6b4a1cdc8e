/// IPv4 addresses of a device. Stands for net/ipv4/devinet.c; the routes that follow from them are
/// in fib_frontend.ts.
/// Left out: labels, lifetimes, broadcast and peer addresses, scopes given by hand.
import { done, fails, type Result } from './errno.ts';
import {
  fib_add_ifaddr,
  fib_del_ifaddr,
  fib_sync_down_dev,
  fib_sync_up,
  rt_cache_flush,
} from './fib_frontend.ts';
import { ifaList, type IfAddr } from './fib_semantics.ts';
import { addressText } from './flows.ts';
import { devConfOr } from './in_device.ts';
import { addrconf_ifdown } from './ipv6_addr.ts';
import { neigh_ifdown } from './neighbour.ts';
import type { Kernel, NetDevice } from './state.ts';

/// Gives a device an address, written 10.0.0.3/24; EEXIST when it has it. A new network's address
/// comes after the other primary ones, a secondary one last.
export function inet_insert_ifa(k: Kernel, dev: NetDevice, address: string): Result {
  const known = ifaList(dev);
  const made = ifaList({ ...dev, addrs: [...dev.addrs, address] }).at(-1)!;
  if (known.some((ifa) => ifa.local === made.local && ifa.length === made.length))
    return fails('EEXIST', 'ipv4: Address already assigned');
  const primaries = known.filter((ifa) => !ifa.secondary).length;
  const at = made.secondary ? known.length : primaries;
  dev.addrs = dev.addrs.toSpliced(at, 0, textOf(made));
  fib_add_ifaddr(k, dev, made);
  rt_cache_flush(k);
  k.config_version++;
  return done;
}

/// Takes an address away. The secondaries of its network go with a primary one, unless
/// promote_secondaries lets the next of them take its place. EADDRNOTAVAIL when the device does not
/// have it.
export function inet_del_ifa(k: Kernel, dev: NetDevice, address: string): Result {
  const was = ifaList(dev);
  const gone = was.find((ifa) => textOf(ifa) === address);
  if (!gone) return fails('EADDRNOTAVAIL', 'ipv4: Address not found');
  const followers = was.filter(
    (ifa) =>
      !gone.secondary &&
      ifa.secondary &&
      ifa.network === gone.network &&
      ifa.length === gone.length,
  );
  // The local routes of the secondaries name the primary as their source, so they go before it.
  for (const ifa of [...followers, gone]) {
    dev.addrs = dev.addrs.filter((text) => text !== textOf(ifa));
    fib_del_ifaddr(k, dev, ifa, was);
  }
  if (devConfOr(k, dev, 'promote_secondaries'))
    for (const ifa of followers) inet_insert_ifa(k, dev, textOf(ifa));
  // Without an address there is no IP on the device: fib_inetaddr_event().
  if (ifaList(dev).length === 0) {
    fib_sync_down_dev(k, dev, true);
    neigh_ifdown(k, dev);
  }
  rt_cache_flush(k);
  k.config_version++;
  return done;
}

function textOf({ local, length }: IfAddr): string {
  return `${addressText(local)}/${length}`;
}

/// A device came up. net/ipv4/fib_frontend.c:fib_netdev_event(), NETDEV_UP
export function enableIp(k: Kernel, dev: NetDevice): void {
  fib_sync_up(k, dev);
}

/// A device went down: the routes by it and the neighbours on it are forgotten; what was added by
/// hand does not come back. net/ipv4/fib_frontend.c:fib_disable_ip()
export function fib_disable_ip(k: Kernel, dev: NetDevice): void {
  if (dev.addrs6.length > 0) addrconf_ifdown(k, dev);
  fib_sync_down_dev(k, dev);
  neigh_ifdown(k, dev);
}

/// A device is gone: its addresses, every route by it, and its neighbours. The caller takes it out of
/// devs afterwards; routes name devices by their place there. net/ipv4/devinet.c:inetdev_destroy()
export function inetdev_destroy(k: Kernel, dev: NetDevice): void {
  for (const { local, length } of ifaList(dev).toReversed())
    inet_del_ifa(k, dev, `${addressText(local)}/${length}`);
  fib_sync_down_dev(k, dev, true);
  neigh_ifdown(k, dev);
}
