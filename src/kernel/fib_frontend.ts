/// Routing tables as the rest of the host uses them: routes that come and go with addresses and
/// devices, routes that somebody adds, and the check of a packet's source.
/// Stands for net/ipv4/fib_frontend.c.
/// Left out: broadcast addresses and peers given by hand, routes by name of a VRF, notifications.
import { done, fails, type ErrnoName, type Result } from './errno.ts';
import {
  fib_get_table,
  fib_lookup,
  RT_TABLE_LOCAL,
  RT_TABLE_MAIN,
  type LookupResult,
} from './fib_rules.ts';
import {
  fib_create_info,
  flowKey,
  ifaList,
  inet_addr_type,
  noResult,
  plainRoute,
  type IfAddr,
} from './fib_semantics.ts';
import { createTrie } from './fib_trie_node.ts';
import { fib_table_delete, fib_table_flush, fib_table_insert, RTN, SCOPE } from './fib_trie.ts';
import type { FlowKey, InsertFlags } from './fib_trie.ts';
import { addressNumber } from './flows.ts';
import { devConfMax, devConfOr } from './in_device.ts';
import type { Dst, FibAlias, FibTable, Kernel, NetDevice } from './state.ts';

const RTPROT_KERNEL = 2;
const RTPROT_BOOT = 3;
const GENERATION = 256; // beside it there is room for a device's index

/// Forgets every route that was decided. net/ipv4/route.c:rt_cache_flush()
export function rt_cache_flush(k: Kernel): void {
  k.fib.genid = (k.fib.genid + GENERATION) % 0x4000_0000;
  k.fib.dsts = [plainDst({ type: RTN.LOCAL, dev: 0 })];
}

/// A route as packets carry it; the caller says what is different from nothing.
export function plainDst(rest: Partial<Dst>): Dst {
  return {
    type: RTN.UNICAST,
    error: '',
    dev: -1,
    gw: 0,
    src: 0,
    mtu: 0,
    redirect: false,
    ...rest,
  };
}

/// The table of that number, made when there is none. While nobody has added a rule, the local table
/// shares main's trie: one look-up answers for both.
export function fib_new_table(k: Kernel, id: number): FibTable {
  const known = fib_get_table(k, id);
  if (known) return known;
  let trie = k.fib.tries.length;
  if (id === RT_TABLE_LOCAL && !k.fib.custom_rules) trie = fib_new_table(k, RT_TABLE_MAIN).trie;
  else k.fib.tries.push(createTrie());
  const table = { id, trie };
  k.fib.tables.push(table);
  return table;
}

const ADD: InsertFlags = { excl: false, replace: false, append: true, create: true };

/// A route that follows from an address. net/ipv4/fib_frontend.c:fib_magic()
function fib_magic(
  k: Kernel,
  add: boolean,
  type: number,
  dst: number,
  length: number,
  dev: NetDevice,
  source: number,
): void {
  const table = fib_new_table(k, type === RTN.UNICAST ? RT_TABLE_MAIN : RT_TABLE_LOCAL);
  const made = plainRoute({
    slen: 32 - length,
    table: table.id,
    type,
    scope: type === RTN.LOCAL ? SCOPE.HOST : SCOPE.LINK,
    nh_scope: type === RTN.LOCAL ? SCOPE.NOWHERE : SCOPE.HOST,
    protocol: RTPROT_KERNEL,
    prefsrc: source,
    dev: k.devs.indexOf(dev),
  });
  if (add) fib_table_insert(k, table, dst, made, ADD);
  else
    fib_table_delete(
      k,
      table,
      dst,
      made.slen,
      0,
      (fa) => fa.type === type && fa.dev === made.dev && fa.prefsrc === source,
    );
}

/// The primary address of the network that an address is in.
function primaryOf(list: readonly IfAddr[], ifa: IfAddr): IfAddr {
  return list.find((one) => one.network === ifa.network && one.length === ifa.length) ?? ifa;
}

function subnetRoutes(k: Kernel, add: boolean, dev: NetDevice, ifa: IfAddr): void {
  const { network, length, local } = ifa;
  if (network >>> 24 === 0 || (network === local && length === 32)) return;
  const type = dev === k.devs[0] ? RTN.LOCAL : RTN.UNICAST;
  fib_magic(k, add, type, network, length, dev, local);
}

/// The network's broadcast address; 0 where it has none.
function broadcastOf({ network, length }: IfAddr): number {
  return length < 31 ? (network | (0xffff_ffff >>> length)) >>> 0 : 0;
}

/// Adds the routes of an address that a device has. net/ipv4/fib_frontend.c:fib_add_ifaddr()
export function fib_add_ifaddr(k: Kernel, dev: NetDevice, ifa: IfAddr): void {
  const prim = primaryOf(ifaList(dev), ifa);
  fib_magic(k, true, RTN.LOCAL, ifa.local, 32, dev, prim.local);
  if (!dev.up || ifa.secondary) return;
  subnetRoutes(k, true, dev, ifa);
  const last = broadcastOf(ifa);
  if (last !== 0) fib_magic(k, true, RTN.BROADCAST, last, 32, dev, ifa.local);
}

/// Removes the routes of an address that a device has lost; `was` is its list before. Routes that used
/// the address as their source go too. net/ipv4/fib_frontend.c:fib_del_ifaddr()
export function fib_del_ifaddr(
  k: Kernel,
  dev: NetDevice,
  ifa: IfAddr,
  was: readonly IfAddr[],
): void {
  const prim = primaryOf(was, ifa);
  const rest = ifaList(dev);
  if (!ifa.secondary) subnetRoutes(k, false, dev, ifa);
  const last = broadcastOf(ifa);
  if (last !== 0 && !rest.some((one) => broadcastOf(one) === last))
    fib_magic(k, false, RTN.BROADCAST, last, 32, dev, prim.local);
  if (rest.some((one) => one.local === ifa.local)) return;
  fib_magic(k, false, RTN.LOCAL, ifa.local, 32, dev, prim.local);
  if (inet_addr_type(k, ifa.local) !== RTN.LOCAL) flush(k, (fa) => fa.prefsrc === ifa.local);
}

/// Removes routes from every table. net/ipv4/fib_frontend.c:fib_flush()
function flush(k: Kernel, goes: (fa: FibAlias) => boolean): number {
  return k.fib.tries.reduce((sum, trie) => sum + fib_table_flush(trie, goes), 0);
}

/// A device came up: the routes of its addresses are there again. fib_netdev_event(), NETDEV_UP
export function fib_sync_up(k: Kernel, dev: NetDevice): void {
  for (const ifa of ifaList(dev)) fib_add_ifaddr(k, dev, ifa);
  rt_cache_flush(k);
}

/// A device went down: routes by it are gone, those to its own addresses stay unless `force`d, when
/// the device goes for good. net/ipv4/fib_semantics.c:fib_sync_down_dev()
export function fib_sync_down_dev(k: Kernel, dev: NetDevice, force = false): void {
  const index = k.devs.indexOf(dev);
  flush(k, (fa) => fa.dev === index && (force || fa.nh_scope !== SCOPE.NOWHERE));
  rt_cache_flush(k);
}

/// Adds a route that somebody asked for. net/ipv4/fib_frontend.c:inet_rtm_newroute()
export function inet_rtm_newroute(k: Kernel, dst: number, cfg: FibAlias, how: InsertFlags): Result {
  const wrong = checkPrefix(dst, cfg.slen);
  if (wrong !== null) return wrong;
  const table = fib_new_table(k, cfg.table);
  const checked = fib_create_info(k, cfg, dst);
  if (!checked.ok) return checked;
  const err = fib_table_insert(k, table, dst, cfg, how);
  if (err !== null) return fails(err);
  if (cfg.type === RTN.LOCAL) k.fib.custom_local = true;
  rt_cache_flush(k);
  k.config_version++;
  return done;
}

/// Removes the first route that has all that is given. inet_rtm_delroute()
export function inet_rtm_delroute(
  k: Kernel,
  dst: number,
  slen: number,
  id: number,
  tos: number,
  matches: (fa: FibAlias) => boolean,
): Result {
  const wrong = checkPrefix(dst, slen);
  if (wrong !== null) return wrong;
  const table = fib_get_table(k, id);
  if (!table) return fails('ESRCH', 'FIB table does not exist');
  if (!fib_table_delete(k, table, dst, slen, tos, matches)) return fails('ESRCH');
  rt_cache_flush(k);
  k.config_version++;
  return done;
}

function checkPrefix(dst: number, slen: number): Result | null {
  const outside = slen === 32 ? dst !== 0 : (dst & (2 ** slen - 1)) !== 0;
  return outside ? fails('EINVAL', 'Invalid prefix for given prefix length') : null;
}

/// Does the host's own list of addresses have this one? net/ipv4/devinet.c:inet_lookup_ifaddr_rcu()
export function inet_lookup_ifaddr_rcu(k: Kernel, addr: number): boolean {
  return k.devs.some((dev) => ifaList(dev).some((ifa) => ifa.local === addr));
}

/// What rules may ask of a packet beside its addresses.
type FlowPorts = Pick<FlowKey, 'proto' | 'sport' | 'dport'>;

const NO_PORTS: FlowPorts = { proto: 0, sport: 0, dport: 0 };

/// Could a packet from `src` have come in by this device? The errno when not: EXDEV for the reverse
/// path filter, EINVAL for a source of our own; else whether the sender is on the device's link
/// itself. net/ipv4/fib_frontend.c:fib_validate_source()
export function fib_validate_source(
  k: Kernel,
  dev: NetDevice,
  src: number,
  dst: number,
  tos: number,
  mark: number,
  oif: number,
  ports: FlowPorts = NO_PORTS,
): ErrnoName | boolean {
  const rpf = devConfMax(k, dev, 'rp_filter');
  const sends = oif >= 0 && k.devs[oif] === dev && devConfOr(k, dev, 'send_redirects');
  if (rpf === 0 && !sends) {
    if (devConfOr(k, dev, 'accept_local')) return false;
    if (!k.fib.custom_local && !k.fib.custom_rules)
      return inet_lookup_ifaddr_rcu(k, src) ? 'EINVAL' : false;
  }
  return __fib_validate_source(k, dev, src, dst, tos, mark, oif, rpf, ports);
}

function __fib_validate_source(
  k: Kernel,
  dev: NetDevice,
  src: number,
  dst: number,
  tos: number,
  mark: number,
  oif: number,
  rpf: number,
  ports: FlowPorts,
): ErrnoName | boolean {
  const index = k.devs.indexOf(dev);
  const flow = flowKey({
    daddr: src,
    saddr: dst,
    iif: oif >= 0 ? oif : 0,
    tos,
    mark: devConfOr(k, dev, 'src_valid_mark') ? mark : 0,
    // Rules that ask for ports see those of the way back.
    ...{ proto: ports.proto, sport: ports.dport, dport: ports.sport },
  });
  const res: LookupResult = noResult();
  const lastResort: ErrnoName | boolean = rpf !== 0 ? 'EXDEV' : false;
  if (fib_lookup(k, flow, res) !== null || !res.route) return lastResort;
  const { type } = res.route;
  if (type !== RTN.UNICAST && (type !== RTN.LOCAL || !devConfOr(k, dev, 'accept_local')))
    return 'EINVAL';
  if (res.route.dev === index || (type === RTN.LOCAL && index === 0))
    return res.route.nh_scope >= SCOPE.HOST;
  if (ifaList(dev).length === 0) return lastResort;
  if (rpf === 1) return 'EXDEV';
  flow.oif = index;
  const again = noResult();
  if (fib_lookup(k, flow, again, true) !== null || again.route?.type !== RTN.UNICAST) return false;
  return again.route.nh_scope >= SCOPE.HOST;
}

/// The tables at boot: the routes of every address, and the default route that the boot adds.
export function bootRoutes(k: Kernel): void {
  for (const dev of k.devs) for (const ifa of ifaList(dev)) fib_add_ifaddr(k, dev, ifa);
  for (const dev of k.devs) {
    if (dev.gateway === '') continue;
    const route = plainRoute({
      protocol: RTPROT_BOOT,
      dev: k.devs.indexOf(dev),
      gw: addressNumber(dev.gateway),
      nh_scope: SCOPE.LINK,
    });
    fib_table_insert(k, fib_new_table(k, RT_TABLE_MAIN), 0, route, ADD);
  }
  rt_cache_flush(k);
}
