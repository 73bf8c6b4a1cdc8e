/// Which IPv6 address of the host's a packet leaves with. Stands for ipv6_dev_get_saddr() in net/ipv6/addrconf.c.
/// Left out: deprecated, temporary and optimistic addresses, labels, use_oif_addrs_only, and that a common prefix
/// counts only up to the length of the address's own.
import { addresses6 } from './ip6_route.ts';
import type { Kernel, NetDevice } from './state.ts';

const LINK = 2;
const GLOBAL = 14;

/// RFC 4007 scope of a unicast address, or what a group's own address says.
function scopeOf(bytes: readonly number[]): number {
  if (bytes[0] === 0xff) return bytes[1]! & 15;
  const loopback = bytes[15] === 1 && bytes.slice(0, 15).every((byte) => byte === 0);
  return loopback || (bytes[0] === 0xfe && bytes[1]! >> 6 === 2) ? LINK : GLOBAL;
}

/// A device's addresses as the kernel keeps them: wide scope before narrow, and the newest of a scope first.
export function listOf6(dev: NetDevice): number[][] {
  const all = addresses6(dev).toReversed();
  return [GLOBAL, LINK].flatMap((scope) => all.filter((one) => scopeOf(one) === scope));
}

/// Is an address one of its link only?
export function isLinkScope6(bytes: readonly number[]): boolean {
  return scopeOf(bytes) === LINK;
}

/// The source address for a destination that is reached by `dev`: of no narrower a scope, then that device's, then of
/// the longest common prefix. For a group and a link-local destination only that device's count. Null: none.
export function ipv6_dev_get_saddr(
  k: Kernel,
  dev: NetDevice,
  daddr: readonly number[],
): readonly number[] | null {
  const own = __ipv6_dev_get_saddr([dev], daddr);
  const wanted = scopeOf(daddr);
  if (daddr[0] === 0xff || wanted <= LINK) return own;
  if (own !== null && scopeOf(own) >= wanted) return own;
  const others = k.devs.filter((one) => one !== dev);
  const other = __ipv6_dev_get_saddr(others, daddr);
  return other !== null && (own === null || scopeOf(other) > scopeOf(own)) ? other : own;
}

/// The best of these devices' addresses.
function __ipv6_dev_get_saddr(
  devs: readonly NetDevice[],
  daddr: readonly number[],
): readonly number[] | null {
  const wanted = scopeOf(daddr);
  let best: readonly number[] | null = null;
  let score = -1;
  for (const own of devs.flatMap(listOf6)) {
    const scope = scopeOf(own);
    const fits = scope >= wanted ? 64 - scope : scope;
    const points = fits * 256 + commonBits(own, daddr);
    if (points > score) [best, score] = [own, points];
  }
  return best;
}

function commonBits(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((byte, i) => byte !== b[i]);
  return at < 0 ? 128 : 8 * at + Math.clz32(a[at]! ^ b[at]!) - 24;
}
