/// IPv6 addresses that are given to a device. Stands for inet6_addr_add() and inet6_addr_del() in
/// net/ipv6/addrconf.c. The route to the network of an address follows from it (ip6_route.ts).
/// Left out: the time that duplicate address detection takes, lifetimes, temporary and anycast addresses.
import { address6, addressBytes } from './address.ts';
import { done, fails, type Result } from './errno.ts';
import { rt_cache_flush } from './fib_frontend.ts';
import { devConf6 } from './ipv6_conf.ts';
import { addresses6 } from './ip6_route.ts';
import type { Kernel, NetDevice } from './state.ts';

/// Gives a device an address, written 2001:db8::2/64: the newest comes first. EEXIST when it has it.
/// EINVAL: no address that a host could have.
export function inet6_addr_add(k: Kernel, dev: NetDevice, text: string): Result {
  const made = canonical(text);
  if (made === null) return fails('EINVAL');
  if (devConf6(k, dev, 'disable_ipv6'))
    return fails('EACCES', 'ipv6: IPv6 is disabled on this device');
  const [address = ''] = made.split('/');
  const bytes = addressBytes(address);
  if (bytes[0] === 0xff || bytes.every((byte) => byte === 0)) return fails('EADDRNOTAVAIL');
  const known = [...addresses6({ ...dev, up: true })].map((own) => own.join());
  if (known.includes(bytes.join())) return fails('EEXIST', 'ipv6: address already assigned');
  dev.addrs6 = [made, ...dev.addrs6];
  changed(k);
  return done;
}

/// Takes an address away. EADDRNOTAVAIL when the device does not have it.
export function inet6_addr_del(k: Kernel, dev: NetDevice, text: string): Result {
  const gone = canonical(text);
  if (gone === null || !dev.addrs6.includes(gone))
    return fails('EADDRNOTAVAIL', 'ipv6: address not found');
  dev.addrs6 = dev.addrs6.filter((one) => one !== gone);
  changed(k);
  return done;
}

/// The device goes down, and takes its addresses along unless keep_addr_on_down says otherwise.
/// net/ipv6/addrconf.c:addrconf_ifdown()
export function addrconf_ifdown(k: Kernel, dev: NetDevice): void {
  const keep = (name: string): number =>
    Number(k.sysctl[`net.ipv6.conf.${name}.keep_addr_on_down`] ?? 0);
  // The value for all decides where it is not 0.
  if ((keep('all') || keep(dev.name.replaceAll('.', '/'))) <= 0) dev.addrs6 = [];
}

function canonical(text: string): string | null {
  const [front = '', bits = '128'] = text.split('/');
  const address = address6(front);
  return address === null || !/^\d{1,3}$/.test(bits) || Number(bits) > 128
    ? null
    : `${address}/${Number(bits)}`;
}

function changed(k: Kernel): void {
  rt_cache_flush(k);
  k.config_version++;
}
