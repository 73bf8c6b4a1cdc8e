/// IPv4 addresses of a device, and the default route by it. Stands for net/ipv4/devinet.c, and for
/// fib_disable_ip() in net/ipv4/fib_frontend.c.
/// Left out: labels, lifetimes, broadcast and peer addresses, promotion of secondaries.
import { done, fails, type Result } from './errno.ts';
import type { Kernel, NetDevice } from './state.ts';

/// Gives a device an address, written 10.0.0.3/24; EEXIST when it has it.
export function inet_insert_ifa(k: Kernel, dev: NetDevice, address: string): Result {
  if (dev.addrs.includes(address)) return fails('EEXIST', 'ipv4: Address already assigned');
  dev.addrs = [...dev.addrs, address];
  k.config_version++;
  return done;
}

/// Takes an address away; the secondaries of its network go with a primary one. EADDRNOTAVAIL when
/// the device does not have it.
export function inet_del_ifa(k: Kernel, dev: NetDevice, address: string): Result {
  if (!dev.addrs.includes(address)) return fails('EADDRNOTAVAIL', 'ipv4: Address not found');
  const first = dev.addrs.find((one) => network(one) === network(address));
  dev.addrs = dev.addrs.filter((one) =>
    first === address ? network(one) !== network(address) : one !== address,
  );
  k.config_version++;
  return done;
}

/// Forgets the routes by a device that went down. Those that follow from its addresses come back with
/// it; the default route was given by hand and does not.
export function fib_disable_ip(dev: NetDevice): void {
  dev.gateway = '';
}

function network(address: string): string {
  const [octets = '', length = '32'] = address.split('/');
  const number = octets.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const bits = Number(length);
  return `${bits === 0 ? 0 : (number & (-1 << (32 - bits))) >>> 0}/${length}`;
}
