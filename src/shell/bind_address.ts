/// The address that a program binds its socket to, checked as bind(2) does: the host's own, or any.
/// Stands for inet_addr_valid_or_nonlocal() (include/net/inet_sock.h) and the checks of __inet6_bind().
/// Left out: groups and broadcast addresses, which UDP may bind.
import { address6, addressBytes, isLinkLocal6 } from '../kernel/address.ts';
import { strerror } from '../kernel/errno.ts';
import { inet_addr_type } from '../kernel/fib_semantics.ts';
import { RTN } from '../kernel/fib_trie.ts';
import { addressNumber } from '../kernel/flows.ts';
import { addresses6 } from '../kernel/ip6_route.ts';
import type { Kernel, NetDevice } from '../kernel/state.ts';

export interface Bound {
  readonly address: string;
  readonly device?: string; // of a link-local address: fe80::1%eth0
}

/// The address as the kernel has it; a string: why bind() refuses it; null: the text is no address.
export function bindAddress(k: Kernel, text: string): Bound | string | null {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return fourAddress(k, text);
  const [host = '', zone] = text.split('%');
  const address = address6(host);
  if (address === null) return null;
  if (address === '::') return { address };
  const dev = zone === undefined ? undefined : k.devs.find((one) => one.name === zone);
  if (zone !== undefined && !dev) return null;
  // A link-local address needs its link.
  if (isLinkLocal6(address) && !dev) return strerror('EINVAL');
  const asked = isLinkLocal6(address) && dev ? [dev] : k.devs;
  if (k.sysctl['net.ipv6.ip_nonlocal_bind'] !== '1' && !asked.some((one) => has(one, address)))
    return strerror('EADDRNOTAVAIL');
  return dev && isLinkLocal6(address) ? { address, device: dev.name } : { address };
}

function fourAddress(k: Kernel, address: string): Bound | string | null {
  if (!address.split('.').every((byte) => Number(byte) <= 255)) return null;
  const own = inet_addr_type(k, addressNumber(address)) === RTN.LOCAL;
  const allowed = own || address === '0.0.0.0' || k.sysctl['net.ipv4.ip_nonlocal_bind'] === '1';
  return allowed ? { address } : strerror('EADDRNOTAVAIL');
}

function has(dev: NetDevice, address: string): boolean {
  const bytes = addressBytes(address).join();
  return addresses6(dev).some((own) => own.join() === bytes);
}
