/// Where a packet goes: up to this host, on through another device, or nowhere.
/// Stands for ip_route_input_noref() and ip_route_output_key_hash() in net/ipv4/route.c.
/// A flow keeps its route until any route, rule, address or setting changes: struct rtable in the next
/// hop does that for the kernel. What is refused as a martian is looked at again each time, as there.
/// Left out: multicast forwarding, multipath, path MTU exceptions, redirects taken from others.
import type { ErrnoName } from './errno.ts';
import { fib_validate_source, plainDst } from './fib_frontend.ts';
import { fib_lookup, inNet, type LookupResult } from './fib_rules.ts';
import {
  fib_result_prefsrc,
  flowKey,
  ifaList,
  inet_addr_type,
  inet_select_addr,
  noResult,
} from './fib_semantics.ts';
import { RTN, SCOPE, type FlowKey } from './fib_trie.ts';
import { addressText } from './flows.ts';
import { devConf, devConfAnd, devConfOr } from './in_device.ts';
import { peerMac } from './neighbour.ts';
import { rateLimited } from './net_ratelimit.ts';
import { printk } from './printk.ts';
import { FLAG_MARK } from './skb.ts';
import type { Dst, Kernel, NetDevice, Skb } from './state.ts';

export { flowKey } from './fib_semantics.ts';

/// Answers of ip_route_input_noref() that are no route.
export const MARTIAN = -1; // EINVAL
export const RPFILTER = -2; // EXDEV

/// Index of the packet's route in fib.dsts, or MARTIAN or RPFILTER.
export function ip_route_input_noref(k: Kernel, skb: Skb, dev: number): number {
  const flow = k.skbs.flow[skb]!;
  const marked = (k.skbs.flags[skb]! & FLAG_MARK) !== 0;
  if (!marked && k.flows.rt_key[flow] === k.fib.genid + dev) return k.flows.rt[flow]!;
  const f = k.flows;
  const found = inputRoute(k, {
    daddr: f.dst[flow]!,
    saddr: f.src[flow]!,
    iif: dev,
    oif: -1,
    tos: f.tos[flow]!,
    mark: marked ? k.skbs.mark[skb]! : 0,
    scope: SCOPE.UNIVERSE,
    proto: f.proto[flow]!,
    sport: f.sport[flow]!,
    dport: f.dport[flow]!,
  });
  if (found < 0 || marked) return found;
  f.rt_key[flow] = k.fib.genid + dev;
  f.rt[flow] = found;
  return found;
}

/// The same for any flow, not remembered: `ip route get ... iif` and ARP ask so.
export function inputRoute(k: Kernel, flow: FlowKey, res: LookupResult = noResult()): number {
  const dev = k.devs[flow.iif]!;
  return flow.daddr >>> 28 === 14
    ? ip_route_input_mc(k, flow, dev)
    : ip_route_input_slow(k, flow, dev, res);
}

function newDst(k: Kernel, rest: Partial<Dst>): number {
  const made = plainDst(rest);
  const text = JSON.stringify(made);
  const known = k.fib.dsts.findIndex((dst) => JSON.stringify(dst) === text);
  if (known >= 0) return known;
  return k.fib.dsts.push(made) - 1;
}

/// Groups: a host is in 224.0.0.1 on every device and in no other here.
function ip_route_input_mc(k: Kernel, flow: FlowKey, dev: NetDevice): number {
  const { saddr } = flow;
  if (flow.daddr !== 0xe000_0001) return MARTIAN;
  if (saddr >>> 28 === 14 || saddr === 0xffff_ffff) return MARTIAN;
  if (saddr >>> 24 === 127 && !devConfOr(k, dev, 'route_localnet')) return MARTIAN;
  if (saddr >>> 24 !== 0) {
    const valid = fib_validate_source(k, dev, saddr, 0, flow.tos, flow.mark, -1, flow);
    if (typeof valid === 'string') return valid === 'EXDEV' ? RPFILTER : MARTIAN;
  }
  return newDst(k, { type: RTN.MULTICAST, dev: flow.iif });
}

/// net/ipv4/route.c:ip_route_input_slow()
function ip_route_input_slow(k: Kernel, flow: FlowKey, dev: NetDevice, res: LookupResult): number {
  const { saddr, daddr } = flow;
  const localnet = devConfOr(k, dev, 'route_localnet');
  if (saddr >>> 28 === 14 || saddr === 0xffff_ffff) return martianSource(k, flow, dev, MARTIAN);
  if (daddr === 0xffff_ffff || (saddr === 0 && daddr === 0)) return broadcastInput(k, flow, dev);
  if (saddr >>> 24 === 0) return martianSource(k, flow, dev, MARTIAN);
  if (daddr >>> 24 === 0) return martianDestination(k, flow, dev);
  if (daddr >>> 24 === 127) {
    if (!localnet) return martianDestination(k, flow, dev);
  } else if (saddr >>> 24 === 127 && !localnet) return martianSource(k, flow, dev, MARTIAN);

  const forwarding = devConf(k, dev, 'forwarding') !== 0;
  const err = fib_lookup(k, flow, res);
  if (err !== null || !res.route) return unreachable(k, forwarding ? err! : 'EHOSTUNREACH');
  const { type } = res.route;
  if (type === RTN.BROADCAST) {
    return devConfAnd(k, dev, 'bc_forwarding')
      ? ip_mkroute_input(k, flow, dev, res)
      : broadcastInput(k, flow, dev);
  }
  if (type === RTN.LOCAL) {
    const valid = fib_validate_source(k, dev, saddr, daddr, flow.tos, flow.mark, -1, flow);
    if (typeof valid !== 'string') return 0;
    return martianSource(k, flow, dev, valid === 'EXDEV' ? RPFILTER : MARTIAN);
  }
  if (!forwarding) return unreachable(k, 'EHOSTUNREACH');
  if (type !== RTN.UNICAST) return martianDestination(k, flow, dev);
  return ip_mkroute_input(k, flow, dev, res);
}

/// To all on the link: delivered here.
function broadcastInput(k: Kernel, flow: FlowKey, dev: NetDevice): number {
  if (flow.saddr >>> 24 !== 0) {
    const valid = fib_validate_source(k, dev, flow.saddr, 0, flow.tos, flow.mark, -1, flow);
    if (typeof valid === 'string')
      return martianSource(k, flow, dev, valid === 'EXDEV' ? RPFILTER : MARTIAN);
  }
  return newDst(k, { type: RTN.BROADCAST, dev: flow.iif });
}

/// A route that refuses with an errno: ip_error() gets the packet.
function unreachable(k: Kernel, err: ErrnoName): number {
  return newDst(k, { type: RTN.UNREACHABLE, error: err });
}

/// On through another device, or back out by the same one.
function ip_mkroute_input(k: Kernel, flow: FlowKey, dev: NetDevice, res: LookupResult): number {
  const route = res.route!;
  const out = k.devs[route.dev]!;
  const valid = fib_validate_source(
    k,
    dev,
    flow.saddr,
    flow.daddr,
    flow.tos,
    flow.mark,
    route.dev,
    flow,
  );
  if (typeof valid === 'string')
    return martianSource(k, flow, dev, valid === 'EXDEV' ? RPFILTER : MARTIAN);
  const mayTell = out === dev && valid && devConfOr(k, dev, 'send_redirects');
  const redirect =
    mayTell && (devConfOr(k, dev, 'shared_media') || inet_addr_onlink(dev, flow.saddr, route.gw));
  return newDst(k, {
    type: route.type,
    dev: route.dev,
    gw: route.gw,
    src: route.prefsrc,
    mtu: route.metrics['mtu'] ?? 0,
    redirect,
  });
}

/// Are both addresses (`b` 0: only the first) in one network of the device? net/ipv4/devinet.c
function inet_addr_onlink(dev: NetDevice, a: number, b: number): boolean {
  return ifaList(dev).some(
    ({ network, length }) => inNet(a, network, length) && (b === 0 || inNet(b, network, length)),
  );
}

/// net/ipv4/route.c:ip_handle_martian_source()
function martianSource(k: Kernel, flow: FlowKey, dev: NetDevice, answer: number): number {
  if (!devConfOr(k, dev, 'log_martians')) return answer;
  const { daddr, saddr } = flow;
  const line = `IPv4: martian source ${addressText(daddr)} from ${addressText(saddr)}, on dev ${dev.name}`;
  if (rateLimited(k, line) && dev.path >= 0) {
    const to = inet_addr_type(k, daddr) === RTN.BROADCAST ? 'ff:ff:ff:ff:ff:ff' : dev.mac;
    const header = [to, peerMac(k, dev), '08:00'].join(':').replaceAll(':', ' ');
    printk(k, `ll header: 00000000: ${header}`);
  }
  return answer;
}

function martianDestination(k: Kernel, { daddr, saddr }: FlowKey, dev: NetDevice): number {
  if (devConfOr(k, dev, 'log_martians'))
    rateLimited(
      k,
      `IPv4: martian destination ${addressText(daddr)} from ${addressText(saddr)}, dev ${dev.name}`,
    );
  return MARTIAN;
}

/// How something that the host sends leaves it.
export interface OutputRoute {
  readonly type: number; // RTN_*
  readonly dev: number; // index into devs
  readonly gw: number; // 0: the destination itself
  readonly saddr: number;
  readonly mtu: number; // bytes
  readonly mtu_lock: boolean;
  readonly table: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/// The way out for a flow, or why there is none. net/ipv4/route.c:ip_route_output_key_hash_rcu()
export function ip_route_output_key_hash(k: Kernel, asked: FlowKey): OutputRoute | ErrnoName {
  const flow = { ...asked };
  const { saddr } = flow;
  if (saddr !== 0) {
    if (saddr >>> 28 === 14 || saddr === 0xffff_ffff || saddr >>> 24 === 0) return 'EINVAL';
    if (inet_addr_type(k, saddr) !== RTN.LOCAL) return 'ENETUNREACH';
  }
  const bound = k.devs[flow.oif];
  if (bound && !bound.up) return 'ENETUNREACH';
  const toAll = flow.daddr >>> 28 === 14 || flow.daddr === 0xffff_ffff;
  if (bound && toAll) {
    const own = saddr || inet_select_addr(k, bound, 0, SCOPE.LINK);
    return outputRoute(k, flow, null, flow.oif, own);
  }
  if (flow.daddr === 0) {
    flow.daddr = saddr || 0x7f00_0001;
    return outputRoute(k, flow, null, 0, flow.daddr);
  }
  const res = noResult();
  const err = fib_lookup(k, flow, res);
  if (err !== null || !res.route) {
    // Whoever names the device is believed: the destination is on its link.
    if (!bound) return err ?? 'ENETUNREACH';
    return outputRoute(k, flow, null, flow.oif, saddr || inet_select_addr(k, bound, 0, SCOPE.LINK));
  }
  if (res.route.type === RTN.LOCAL)
    return outputRoute(k, flow, res, 0, saddr || res.route.prefsrc || flow.daddr);
  return outputRoute(k, flow, res, res.route.dev, saddr || fib_result_prefsrc(k, res.route));
}

function outputRoute(
  k: Kernel,
  flow: FlowKey,
  res: LookupResult | null,
  dev: number,
  saddr: number,
): OutputRoute | ErrnoName {
  const out = k.devs[dev]!;
  if (saddr >>> 24 === 127 && dev !== 0 && !devConfOr(k, out, 'route_localnet')) return 'EINVAL';
  const route = res?.route ?? null;
  const { daddr } = flow;
  let type = route?.type ?? (dev === 0 ? RTN.LOCAL : RTN.UNICAST);
  if (daddr === 0xffff_ffff) type = RTN.BROADCAST;
  else if (daddr >>> 28 === 14) type = RTN.MULTICAST;
  else if (daddr >>> 24 === 0) return 'EINVAL';
  const local = dev === 0 && type === RTN.LOCAL;
  return {
    type,
    dev,
    gw: local ? 0 : (route?.gw ?? 0),
    saddr,
    mtu: Math.min(route?.metrics['mtu'] ?? out.mtu, out.mtu),
    mtu_lock: route?.mtu_lock ?? false,
    table: res?.table ?? 254,
    metrics: local ? {} : (route?.metrics ?? {}),
  };
}

/// The source that an answer to a packet gets: its own destination, unless that was not one host.
/// net/ipv4/fib_frontend.c:fib_compute_spec_dst()
export function fib_compute_spec_dst(k: Kernel, flow: number, type: number, dev: number): number {
  const { src, dst } = k.flows;
  if (type === RTN.LOCAL) return dst[flow]!;
  const res = noResult();
  const back = flowKey({ daddr: src[flow]!, tos: k.flows.tos[flow]! & 0x1c });
  const err = src[flow]! >>> 24 === 0 ? 'EINVAL' : fib_lookup(k, back, res);
  if (err === null && res.route) return fib_result_prefsrc(k, res.route);
  return inet_select_addr(k, k.devs[dev], src[flow]!, SCOPE.LINK);
}
