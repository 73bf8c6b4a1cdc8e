/// The table of IPv4 neighbours: which link address belongs to an address on a link.
/// Stands for net/core/neighbour.c with arp_tbl of net/ipv4/arp.c.
/// A state that time alone changes (REACHABLE to STALE, INCOMPLETE to FAILED) is worked out when
/// somebody looks. What the host sends to a neighbour that is there does not wait for the answer
/// to its question: the exchange is not on the wire.
/// Left out: IPv6, proxies, garbage collection, the queue of packets that wait for an answer.
import { bits, integer, stream } from '../engine/random.ts';
import { done, fails, type Result } from './errno.ts';
import type { Kernel, Neighbour, NetDevice } from './state.ts';

// NUD_* in include/uapi/linux/neighbour.h.
export const NUD = Object.freeze({
  NONE: 0,
  INCOMPLETE: 1,
  REACHABLE: 2,
  STALE: 4,
  DELAY: 8,
  PROBE: 16,
  FAILED: 32,
  NOARP: 64,
  PERMANENT: 128,
});

const NUD_VALID = NUD.PERMANENT | NUD.NOARP | NUD.REACHABLE | NUD.PROBE | NUD.STALE | NUD.DELAY;
const NUD_CONNECTED = NUD.PERMANENT | NUD.NOARP | NUD.REACHABLE;
const ADMIN = NUD.PERMANENT | NUD.NOARP;

/// The link address of the machine at the other end of a device's wire: as for a tap, random at
/// each boot and locally administered.
export function peerMac(k: Kernel, dev: NetDevice): string {
  const random = stream(k.seed, `peer of ${dev.name}`);
  return Array.from({ length: 6 }, (_, i) => {
    const byte = bits(random) & 0xff;
    return (i === 0 ? (byte & 0xfe) | 2 : byte).toString(16).padStart(2, '0');
  }).join(':');
}

/// A setting of a device's neighbours: net.ipv4.neigh.<device>.<name>.
export function parm(k: Kernel, dev: NetDevice, name: string): number {
  return Number(k.sysctl[`net.ipv4.neigh.${dev.name.replaceAll('.', '/')}.${name}`] ?? 0);
}

/// How long a confirmed neighbour counts as reachable, ns: half to one and a half times
/// base_reachable_time_ms. net/core/neighbour.c:neigh_rand_reach_time()
export function neigh_rand_reach_time(k: Kernel, dev: NetDevice): number {
  const base = parm(k, dev, 'base_reachable_time_ms');
  if (base === 0) return 0;
  return (integer(stream(k.seed, `reachable ${dev.name}`), base) + (base >> 1)) * 1_000_000;
}

/// The entry of an address on a device, or undefined.
export function neigh_lookup(k: Kernel, dev: number, addr: number): Neighbour | undefined {
  return k.neighs.find((n) => n.dev === dev && n.addr === addr);
}

/// The state of an entry now.
export function neighState(k: Kernel, n: Neighbour): number {
  const dev = k.devs[n.dev]!;
  const age = k.now - n.updated;
  if (n.state === NUD.REACHABLE)
    return k.now - n.confirmed > neigh_rand_reach_time(k, dev) ? NUD.STALE : NUD.REACHABLE;
  if (n.state === NUD.INCOMPLETE) {
    const patience = parm(k, dev, 'mcast_solicit') * parm(k, dev, 'retrans_time_ms') * 1_000_000;
    return age >= patience ? NUD.FAILED : NUD.INCOMPLETE;
  }
  return n.state;
}

/// The entry of an address, made when there is none. net/core/neighbour.c:neigh_create()
export function neigh_create(k: Kernel, dev: number, addr: number): Neighbour {
  const known = neigh_lookup(k, dev, addr);
  if (known) return known;
  const made: Neighbour = {
    dev,
    addr,
    lladdr: '',
    state: NUD.NONE,
    updated: k.now,
    confirmed: k.now,
    used: k.now,
    probes: 0,
  };
  k.neighs.push(made);
  return made;
}

/// Takes news of a neighbour. `override` may replace a link address that is known; `admin` may also
/// change what an administrator has fixed. net/core/neighbour.c:neigh_update()
export function neigh_update(
  k: Kernel,
  n: Neighbour,
  lladdr: string,
  state: number,
  override: boolean,
  admin: boolean,
): void {
  const old = neighState(k, n);
  if (!admin && old & ADMIN) return;
  if ((state & NUD_VALID) === 0) {
    n.state = state;
    n.updated = k.now;
    return;
  }
  const address = lladdr === '' ? n.lladdr : lladdr;
  if (state & NUD_CONNECTED) n.confirmed = k.now;
  let becomes = state;
  if (old & NUD_VALID) {
    if (address !== n.lladdr && !override) return;
    if (address === n.lladdr && state === NUD.STALE && !admin) becomes = old;
  }
  if (becomes !== old || address !== n.lladdr) n.updated = k.now;
  n.state = becomes;
  n.lladdr = address;
}

/// Somebody asked for our address: remember who. net/core/neighbour.c:neigh_event_ns()
export function neigh_event_ns(k: Kernel, dev: number, addr: number, lladdr: string): void {
  neigh_update(k, neigh_create(k, dev, addr), lladdr, NUD.STALE, true, false);
}

/// The host sends to a neighbour: true when somebody has that address. Whoever is not known is asked
/// for. Stands for neigh_resolve_output() and what the answer does.
export function neighReachable(k: Kernel, dev: NetDevice, addr: number, exists: boolean): boolean {
  const n = neigh_create(k, k.devs.indexOf(dev), addr);
  n.used = k.now;
  const state = neighState(k, n);
  if (state & NUD_CONNECTED) return true;
  if (!exists) {
    if (state !== NUD.INCOMPLETE) {
      n.state = NUD.INCOMPLETE;
      n.updated = k.now;
      n.lladdr = '';
    }
    n.probes++;
    return false;
  }
  // The kernel counts from ucast_solicit on: the first question is one more.
  n.probes = parm(k, dev, 'ucast_solicit') + 1;
  neigh_update(k, n, peerMac(k, dev), NUD.REACHABLE, true, false);
  return true;
}

/// Forgets the neighbours on a device that went down. net/core/neighbour.c:neigh_ifdown()
export function neigh_ifdown(k: Kernel, dev: NetDevice): void {
  const index = k.devs.indexOf(dev);
  k.neighs = k.neighs.filter((n) => n.dev !== index);
}

/// ip neigh add, replace and change. net/core/neighbour.c:neigh_add()
export function neigh_add(
  k: Kernel,
  dev: number,
  addr: number,
  lladdr: string,
  state: number,
  how: { readonly create: boolean; readonly excl: boolean; readonly replace: boolean },
): Result {
  const known = neigh_lookup(k, dev, addr);
  if (!known && !how.create) return fails('ENOENT');
  if (known && how.excl) return fails('EEXIST');
  const n = known ?? neigh_create(k, dev, addr);
  neigh_update(k, n, lladdr, state, how.replace || !known, true);
  k.config_version++;
  return done;
}

/// ip neigh del. net/core/neighbour.c:neigh_delete()
export function neigh_delete(k: Kernel, dev: number, addr: number): Result {
  if (!neigh_lookup(k, dev, addr)) return fails('ENOENT');
  k.neighs = k.neighs.filter((n) => n.dev !== dev || n.addr !== addr);
  k.config_version++;
  return done;
}
