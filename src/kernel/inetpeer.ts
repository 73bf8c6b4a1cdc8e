/// What the host remembers of other hosts by address: how fast it may complain to them, how many
/// fragments came. Stands for net/ipv4/inetpeer.c.
/// Left out: forgetting them again (inet_peer_threshold).
import { jiffies } from './jiffies.ts';
import type { InetPeer, Kernel } from './state.ts';

const XRLIM_BURST_FACTOR = 6;

/// Index of what is known of an address; a new one starts with a full allowance.
export function inet_getpeer_v4(k: Kernel, addr: number): number {
  const known = k.peers.findIndex((peer) => peer.addr === addr);
  if (known >= 0) return known;
  const rate_last = jiffies(k) - 60 * k.desc.hz;
  return k.peers.push({ addr, addr6: '', rate_tokens: 0, rate_last, rid: 0, n_redirects: 0 }) - 1;
}

/// The same for an IPv6 address. include/net/inetpeer.h:inet_getpeer_v6()
export function inet_getpeer_v6(k: Kernel, addr6: string): number {
  const known = k.peers.findIndex((peer) => peer.addr6 === addr6);
  if (known >= 0) return known;
  const rate_last = jiffies(k) - 60 * k.desc.hz;
  return k.peers.push({ addr: -1, addr6, rate_tokens: 0, rate_last, rid: 0, n_redirects: 0 }) - 1;
}

/// May the host complain to this peer once more? One in `timeout` jiffies, six at once.
export function inet_peer_xrlim_allow(k: Kernel, peer: InetPeer, timeout: number): boolean {
  const now = jiffies(k);
  const tokens = Math.min(peer.rate_tokens + (now - peer.rate_last), XRLIM_BURST_FACTOR * timeout);
  peer.rate_last = now;
  const allowed = tokens >= timeout;
  peer.rate_tokens = allowed ? tokens - timeout : tokens;
  return allowed;
}
