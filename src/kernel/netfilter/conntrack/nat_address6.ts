/// Which of a device's IPv6 addresses translation takes. Stands for ipv6_dev_get_saddr() (net/ipv6/addrconf.c) as
/// far as one device's own addresses go, and for the choice of nf_nat_redirect_ipv6()
/// (net/netfilter/nf_nat_redirect.c).
/// Left out: addresses of other devices, deprecated and temporary ones, labels, and that a common prefix counts
/// only up to the length of the address's own.
import { addresses6 } from '../../ip6_route.ts';
import type { NetDevice } from '../../state.ts';
import { ip6Words } from '../packet.ts';

const LINK = 2;
const GLOBAL = 14;

// RFC 4007 scopes of unicast addresses.
function scopeOf(words: readonly number[]): number {
  const loopback = words[0] === 0 && words[1] === 0 && words[2] === 0 && words[3] === 1;
  return loopback || words[0]! >>> 22 === 0xfe80 >>> 6 ? LINK : GLOBAL;
}

function wordsOf(bytes: readonly number[]): number[] {
  return [0, 4, 8, 12].map(
    (i) => ((bytes[i]! << 24) | (bytes[i + 1]! << 16) | (bytes[i + 2]! << 8) | bytes[i + 3]!) >>> 0,
  );
}

// The kernel keeps them by scope, wide before narrow, and the newest of a scope first.
function listOf(dev: NetDevice): number[][] {
  const all = addresses6(dev).map(wordsOf).reverse();
  return [GLOBAL, LINK].flatMap((scope) => all.filter((one) => scopeOf(one) === scope));
}

/// The source address for a destination: of no narrower a scope, then of the longest common prefix. Null: none.
export function ipv6_dev_get_saddr(dev: NetDevice, daddr: string): readonly number[] | null {
  const to = ip6Words(daddr);
  const wanted = scopeOf(to);
  let best: readonly number[] | null = null;
  let score = -1;
  for (const own of listOf(dev)) {
    const scope = scopeOf(own);
    const fits = scope >= wanted ? 64 - scope : scope;
    const points = fits * 256 + commonBits(own, to);
    if (points > score) [best, score] = [own, points];
  }
  return best;
}

function commonBits(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((word, i) => word !== b[i]);
  return at < 0 ? 128 : 32 * at + Math.clz32(a[at]! ^ b[at]!);
}

/// The address that what comes by a device is led to; for a link-local destination one of that scope. Null: none.
export function redirectAddress(dev: NetDevice, daddr: string): readonly number[] | null {
  const narrow = scopeOf(ip6Words(daddr)) === LINK;
  return listOf(dev).find((own) => !narrow || scopeOf(own) === LINK) ?? null;
}
