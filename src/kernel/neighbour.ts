/// The table of IPv4 neighbours: which link address belongs to an address on a link.
/// Stands for net/core/neighbour.c with arp_tbl of net/ipv4/arp.c.
/// A state that time alone changes (REACHABLE to STALE, DELAY to PROBE and what its answer makes of it, INCOMPLETE
/// to FAILED) is worked out when somebody looks. What the host sends to a neighbour that is there does not wait for
/// the answer to its question: the exchange is not on the wire.
/// Left out: IPv6, proxies, garbage collection, the queue of packets that wait for an answer, confirmation by TCP.
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

export const NUD_VALID =
  NUD.PERMANENT | NUD.NOARP | NUD.REACHABLE | NUD.PROBE | NUD.STALE | NUD.DELAY;
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
  return neighNow(k, n).state;
}

type Standing = Pick<Neighbour, 'state' | 'updated' | 'confirmed'>;

/// An entry as time has left it. net/core/neighbour.c:neigh_timer_handler()
export function neighNow(k: Kernel, n: Neighbour): Standing {
  const dev = k.devs[n.dev]!;
  const is: Standing = { state: n.state, updated: n.updated, confirmed: n.confirmed };
  if (is.state & (NUD.DELAY | NUD.PROBE)) probed(k, n, dev, is);
  if (is.state === NUD.REACHABLE) {
    const end = is.confirmed + neigh_rand_reach_time(k, dev);
    if (k.now > end) becomes(is, NUD.STALE, end);
  } else if (is.state === NUD.INCOMPLETE) {
    const end = is.updated + solicited(k, dev, 'mcast_solicit');
    if (k.now >= end) becomes(is, NUD.FAILED, end);
  }
  return is;
}

function becomes(is: Standing, state: number, at: number): void {
  is.state = state;
  is.updated = at;
}

/// Nobody has confirmed the address in time: the one who is believed to have it is asked.
function probed(k: Kernel, n: Neighbour, dev: NetDevice, is: Standing): void {
  if (is.state === NUD.DELAY) {
    const end = is.updated + parm(k, dev, 'delay_first_probe_time') * 1_000_000_000;
    if (k.now < end) return;
    becomes(is, NUD.PROBE, end);
  }
  if (n.lladdr === peerMac(k, dev)) {
    becomes(is, NUD.REACHABLE, is.updated);
    is.confirmed = is.updated;
    return;
  }
  const failed = is.updated + solicited(k, dev, 'ucast_solicit');
  if (k.now >= failed) becomes(is, NUD.FAILED, failed);
}

/// How long so many questions take, ns.
function solicited(k: Kernel, dev: NetDevice, questions: string): number {
  return parm(k, dev, questions) * parm(k, dev, 'retrans_time_ms') * 1_000_000;
}

/// A confirmation that does not count any more.
function longAgo(k: Kernel, dev: NetDevice): number {
  return k.now - 2 * parm(k, dev, 'base_reachable_time_ms') * 1_000_000;
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
    confirmed: longAgo(k, k.devs[dev]!),
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
  Object.assign(n, neighNow(k, n));
  const old = n.state;
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
  if (address !== n.lladdr && !(becomes & NUD_CONNECTED)) n.confirmed = longAgo(k, k.devs[n.dev]!);
  n.state = becomes;
  n.lladdr = address;
}

/// Somebody asked for our address: remember who. net/core/neighbour.c:neigh_event_ns()
export function neigh_event_ns(k: Kernel, dev: number, addr: number, lladdr: string): void {
  neigh_update(k, neigh_create(k, dev, addr), lladdr, NUD.STALE, true, false);
}

/// The host sends to a neighbour: true when the frame leaves. An address that was confirmed too long ago is still
/// good, and is asked about after a while. Whoever is not known is asked for; then it leaves if somebody has that
/// address. Stands for neigh_resolve_output(), __neigh_event_send() and what the answer does.
export function neighReachable(k: Kernel, dev: NetDevice, addr: number, exists: boolean): boolean {
  const n = neigh_create(k, k.devs.indexOf(dev), addr);
  Object.assign(n, neighNow(k, n));
  const { state } = n;
  if (state & NUD_CONNECTED) return true;
  n.used = k.now;
  if (state & NUD_VALID) {
    if (state === NUD.STALE) {
      n.state = NUD.DELAY;
      n.updated = k.now;
    }
    return true;
  }
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
