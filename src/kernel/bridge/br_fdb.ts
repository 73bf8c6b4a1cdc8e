/// The forwarding database of a bridge: behind which port an address was last seen. Stands for net/bridge/br_fdb.c.
/// An entry that was not refreshed for the ageing time counts as gone when somebody looks; the kernel sweeps.
/// Left out: static and external entries, limits, VLANs, notifications.
import type { Bridge, FdbEntry } from '../links.ts';
import type { Kernel } from '../state.ts';

const ZERO = '00:00:00:00:00:00';

/// The entry of an address that has not aged; undefined: unknown, so flood.
export function br_fdb_find_rcu(k: Kernel, br: Bridge, mac: string): FdbEntry | undefined {
  const entry = br.fdb.find((one) => one.mac === mac);
  return entry === undefined || has_expired(k, br, entry) ? undefined : entry;
}

function has_expired(k: Kernel, br: Bridge, entry: FdbEntry): boolean {
  return !entry.local && entry.updated + br.ageing_ns <= k.now;
}

/// What is known now, the aged left out.
export function liveEntries(k: Kernel, br: Bridge): FdbEntry[] {
  return br.fdb.filter((entry) => !has_expired(k, br, entry));
}

/// Learns the source of a frame: a local address stays where it is. Without an ageing time nothing is learned, and
/// everything flooded. net/bridge/br_fdb.c:br_fdb_update()
export function br_fdb_update(k: Kernel, br: Bridge, port: number, mac: string): void {
  if (br.ageing_ns === 0) return;
  const entry = br_fdb_find_rcu(k, br, mac);
  if (entry === undefined) {
    br.fdb = br.fdb.filter((one) => one.mac !== mac);
    br.fdb.push({ mac, port, local: false, updated: k.now, used: k.now });
    return;
  }
  if (entry.local) return;
  entry.updated = k.now;
  entry.port = port;
}

/// An address of the bridge's own (`port` is the bridge itself), or of a port. Of several ports with one address the
/// first has the entry. net/bridge/br_fdb.c:fdb_add_local()
export function br_fdb_add_local(k: Kernel, br: Bridge, port: number, mac: string): void {
  if (br.fdb.some((one) => one.mac === mac && one.local)) return;
  br.fdb = br.fdb.filter((one) => one.mac !== mac);
  br.fdb.push({ mac, port, local: true, updated: k.now, used: k.now });
}

/// The bridge has another address now; the entry of the old one goes unless it is a port's. Zero has no entry.
export function br_fdb_change_mac_address(
  k: Kernel,
  br: Bridge,
  own: number,
  old: string,
  mac: string,
): void {
  br.fdb = br.fdb.filter((one) => one.mac !== old || one.port !== own);
  if (mac !== ZERO) br_fdb_add_local(k, br, own, mac);
}

/// A port leaves, or its link is lost: what was seen behind it is forgotten; with `all` its own address too.
export function br_fdb_delete_by_port(br: Bridge, port: number, all: boolean): void {
  br.fdb = br.fdb.filter((one) => one.port !== port || (one.local && !all));
}
