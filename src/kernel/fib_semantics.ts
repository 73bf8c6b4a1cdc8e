/// What a route may say: type, scope, next hop, source address.
/// Stands for net/ipv4/fib_semantics.c, and for the questions about addresses in net/ipv4/devinet.c.
/// Left out: several next hops, nexthop objects, IPv6 gateways, encapsulation.
import { fails, type Result } from './errno.ts';
import { fib_get_table, fib_lookup, RT_TABLE_LOCAL, RT_TABLE_MAIN } from './fib_rules.ts';
import type { LookupResult } from './fib_rules.ts';
import { fib_table_lookup, fibProps, RTN, SCOPE, type FlowKey } from './fib_trie.ts';
import { addressNumber } from './flows.ts';
import type { FibAlias, Kernel, NetDevice } from './state.ts';

/// A route as the fields that are given; the others say nothing.
export function plainRoute(rest: Partial<FibAlias>): FibAlias {
  return {
    slen: 32,
    table: RT_TABLE_MAIN,
    tos: 0,
    type: RTN.UNICAST,
    priority: 0,
    scope: SCOPE.UNIVERSE,
    protocol: 3,
    prefsrc: 0,
    dev: -1,
    gw: 0,
    nh_scope: SCOPE.NOWHERE,
    onlink: false,
    dead: false,
    metrics: {},
    mtu_lock: false,
    ...rest,
  };
}

/// A flow that asks for nothing in particular; the caller says what it does ask.
export function flowKey(rest: Partial<FlowKey>): FlowKey {
  return {
    daddr: 0,
    saddr: 0,
    iif: 0,
    oif: -1,
    tos: 0,
    mark: 0,
    scope: SCOPE.UNIVERSE,
    proto: 0,
    sport: 0,
    dport: 0,
    ...rest,
  };
}

export function noResult(): LookupResult {
  return { route: null, prefixlen: 0, table: 0 };
}

/// An IPv4 address of a device: as numbers. struct in_ifaddr
export interface IfAddr {
  readonly local: number;
  readonly length: number;
  readonly network: number;
  readonly secondary: boolean;
}

/// The addresses of a device in order; one of a network that is there already is secondary.
export function ifaList(dev: NetDevice): IfAddr[] {
  const list: IfAddr[] = [];
  for (const text of dev.addrs) {
    if (text.includes(':')) continue;
    const [address = '', bits = '32'] = text.split('/');
    const local = addressNumber(address);
    const length = Number(bits);
    const network = maskOf(local, length);
    const secondary = list.some((one) => one.network === network && one.length === length);
    list.push({ local, length, network, secondary });
  }
  return list;
}

function maskOf(address: number, length: number): number {
  return length === 0 ? 0 : (address & (-1 << (32 - length))) >>> 0;
}

/// Host-scope addresses are those of 127.0.0.0/8: what ip(8) and the boot give to them.
export function ifaScope(ifa: IfAddr): number {
  return ifa.local >>> 24 === 127 ? SCOPE.HOST : SCOPE.UNIVERSE;
}

/// The source address for a destination by a device: of the same network if there is one, else the
/// first; 0 when the device has none. net/ipv4/devinet.c:inet_select_addr()
export function inet_select_addr(
  k: Kernel,
  dev: NetDevice | undefined,
  dst: number,
  scope: number,
): number {
  const fits = dev ? ifaList(dev).filter((ifa) => !ifa.secondary && ifaScope(ifa) <= scope) : [];
  const near = dst === 0 ? undefined : fits.find((ifa) => maskOf(dst, ifa.length) === ifa.network);
  const own = near ?? fits[0];
  if (own) return own.local;
  for (const other of k.devs) {
    const found = ifaList(other).find((ifa) => !ifa.secondary && ifaScope(ifa) <= scope);
    if (found) return found.local;
  }
  return 0;
}

/// What an address is to this host, RTN_*, as far as a device's routes go (-1: all).
/// net/ipv4/fib_frontend.c:inet_dev_addr_type()
export function inet_addr_type(k: Kernel, addr: number): number {
  if (addr >>> 24 === 0 || addr === 0xffff_ffff) return RTN.BROADCAST;
  if (addr >>> 28 === 14) return RTN.MULTICAST;
  const table = fib_get_table(k, RT_TABLE_LOCAL);
  if (!table) return RTN.UNICAST;
  const res = noResult();
  if (fib_table_lookup(k, table, flowKey({ daddr: addr }), res, false) !== null || !res.route)
    return RTN.UNICAST;
  // A shared trie answers with main's routes too; those are unicast.
  return res.route.type;
}

/// Checks a route that is to be added and completes its next hop; a refusal has the kernel's words.
/// net/ipv4/fib_semantics.c:fib_create_info()
export function fib_create_info(k: Kernel, cfg: FibAlias, dst: number): Result {
  const invalid = (why: string): Result => fails('EINVAL', why);
  if (fibProps(cfg.type).scope > cfg.scope) return invalid('Invalid scope');
  if (fibProps(cfg.type).error !== null) {
    if (cfg.dev >= 0 || cfg.gw !== 0)
      return invalid('Gateway, device and multipath can not be specified for this route type');
    return { ok: true };
  }
  if (cfg.scope > SCOPE.HOST) return invalid('Invalid scope');
  if (cfg.scope === SCOPE.HOST) {
    if (cfg.gw !== 0) return invalid('Route with host scope can not have a gateway');
    cfg.nh_scope = SCOPE.NOWHERE;
    if (cfg.dev < 0) return fails('ENODEV');
  } else {
    const checked = cfg.gw !== 0 ? fib_check_nh_v4_gw(k, cfg) : fib_check_nh_nongw(k, cfg);
    if (!checked.ok) return checked;
  }
  return cfg.prefsrc === 0 || fib_valid_prefsrc(k, cfg, dst)
    ? { ok: true }
    : invalid('Invalid prefsrc address');
}

/// The gateway must be reached by a route of a narrower scope, which also says the device.
function fib_check_nh_v4_gw(k: Kernel, cfg: FibAlias): Result {
  if (cfg.onlink) {
    if (cfg.scope >= SCOPE.LINK) return fails('EINVAL', 'Nexthop has invalid scope');
    const dev = k.devs[cfg.dev];
    if (!dev) return fails('ENODEV', 'Nexthop device required for onlink');
    if (!dev.up) return fails('ENETDOWN', 'Nexthop device is not up');
    if (inet_addr_type(k, cfg.gw) !== RTN.UNICAST)
      return fails('EINVAL', 'Nexthop has invalid gateway');
    cfg.nh_scope = SCOPE.LINK;
    return { ok: true };
  }
  const res = noResult();
  const flow = flowKey({ daddr: cfg.gw, oif: cfg.dev, scope: Math.max(cfg.scope + 1, SCOPE.LINK) });
  const table = cfg.table === RT_TABLE_MAIN ? undefined : fib_get_table(k, cfg.table);
  let err = table ? fib_table_lookup(k, table, flow, res, true) : 'EAGAIN';
  if (err !== null) err = fib_lookup(k, flow, res, true);
  if (err !== null || !res.route) return fails(err ?? 'ENETUNREACH', 'Nexthop has invalid gateway');
  if (res.route.type !== RTN.UNICAST && res.route.type !== RTN.LOCAL)
    return fails('EINVAL', 'Nexthop has invalid gateway');
  const dev = k.devs[res.route.dev];
  if (!dev) return fails('EINVAL', 'No egress device for nexthop gateway');
  cfg.nh_scope = res.route.scope;
  cfg.dev = res.route.dev;
  return dev.up ? { ok: true } : fails('ENETDOWN');
}

function fib_check_nh_nongw(k: Kernel, cfg: FibAlias): Result {
  const dev = k.devs[cfg.dev];
  if (!dev) return fails('ENODEV');
  if (!dev.up) return fails('ENETDOWN', 'Device for nexthop is not up');
  cfg.nh_scope = SCOPE.HOST;
  return { ok: true };
}

function fib_valid_prefsrc(k: Kernel, cfg: FibAlias, dst: number): boolean {
  if (cfg.type === RTN.LOCAL && dst !== 0 && cfg.prefsrc === dst) return true;
  return inet_addr_type(k, cfg.prefsrc) === RTN.LOCAL;
}

/// The source address that a route gives to what has none. net/ipv4/fib_semantics.c:fib_result_prefsrc()
export function fib_result_prefsrc(k: Kernel, route: FibAlias): number {
  return route.prefsrc !== 0
    ? route.prefsrc
    : inet_select_addr(k, k.devs[route.dev], route.gw, route.scope);
}
