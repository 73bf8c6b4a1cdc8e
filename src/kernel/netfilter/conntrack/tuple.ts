/// Tuples: what a connection is known by, in each direction, and their hash. Stands for
/// nf_ct_get_tuple(), nf_ct_invert_tuple() and hash_conntrack_raw() in net/netfilter/nf_conntrack_core.c.
/// Left out: zones.
import { addressBytes } from '../../address.ts';
import { siphash } from '../../siphash.ts';
import type { Tuple } from './types.ts';

const AF_INET6 = 10;
const IPPROTO_ICMP = 1;
const IPPROTO_ICMPV6 = 58;

export function createTuple(): Tuple {
  return { family: 2, proto: 0, saddr: '', daddr: '', src: 0, dst: 0, sport: 0, dport: 0 };
}

// What answers what: type of the reply, and one; 0 where nothing does.
// net/netfilter/nf_conntrack_proto_icmp.c:invmap
const INVERSE: readonly number[] = (() => {
  const map = new Array<number>(19).fill(0);
  for (const [a, b] of [
    [8, 0],
    [13, 14],
    [15, 16],
    [17, 18],
  ] as const) {
    map[a] = b + 1;
    map[b] = a + 1;
  }
  return map;
})();

// net/netfilter/nf_conntrack_proto_icmpv6.c:invmap, from type 128 on
const INVERSE6: Readonly<Record<number, number>> = { 128: 129, 129: 128, 139: 140, 140: 139 };

// Neighbour discovery and group membership have no connection and are never tracked.
const NO_TRACK6 = [130, 131, 132, 133, 134, 135, 136, 137, 143];

/// Whether an ICMPv6 type is left alone. net/netfilter/nf_conntrack_proto_icmpv6.c:noct_valid_new
export function untracked6(type: number): boolean {
  return NO_TRACK6.includes(type);
}

/// The tuple of the answer, into `to`. False: nothing answers this message.
export function nf_ct_invert_tuple(to: Tuple, of: Tuple): boolean {
  const { saddr, daddr, src, dst, sport, dport, proto } = of;
  to.family = of.family;
  to.proto = proto;
  to.saddr = daddr;
  to.daddr = saddr;
  to.src = dst;
  to.dst = src;
  if (proto === IPPROTO_ICMP || proto === IPPROTO_ICMPV6) {
    const type = inverseType(proto, dport >>> 8);
    if (type < 0) return false;
    to.sport = sport;
    to.dport = (type << 8) | (dport & 0xff);
    return true;
  }
  to.sport = dport;
  to.dport = sport;
  return true;
}

function inverseType(proto: number, type: number): number {
  if (proto === IPPROTO_ICMPV6) return INVERSE6[type] ?? -1;
  return (INVERSE[type] ?? 0) - 1;
}

/// Whether a message may begin a connection: requests only. icmp_pkt_to_tuple(), and
/// nf_conntrack_icmp_packet() for new entries.
export function validNew(proto: number, type: number): boolean {
  if (proto === IPPROTO_ICMPV6) return type === 128 || type === 139;
  return type === 8 || type === 13 || type === 15 || type === 17;
}

export function sameTuple(a: Tuple, b: Tuple): boolean {
  return (
    a.src === b.src &&
    a.dst === b.dst &&
    a.sport === b.sport &&
    a.dport === b.dport &&
    a.proto === b.proto &&
    a.family === b.family &&
    (a.family !== AF_INET6 || (a.saddr === b.saddr && a.daddr === b.daddr))
  );
}

export function copyTuple(to: Tuple, of: Tuple): void {
  to.family = of.family;
  to.proto = of.proto;
  to.saddr = of.saddr;
  to.daddr = of.daddr;
  to.src = of.src;
  to.dst = of.dst;
  to.sport = of.sport;
  to.dport = of.dport;
}

/// SipHash of the tuple as it lies in memory up to the protocol number, 32 bits.
/// net/netfilter/nf_conntrack_core.c:hash_conntrack_raw()
export function hash_conntrack_raw(tuple: Tuple, key: readonly number[]): number {
  const bytes = new Uint8Array(39);
  bytes.set(addressBytes(tuple.saddr), 0);
  two(bytes, 16, tuple.sport);
  bytes[18] = tuple.family; // host order
  bytes.set(addressBytes(tuple.daddr), 20);
  two(bytes, 36, tuple.dport);
  bytes[38] = tuple.proto;
  return siphash(bytes, key).low;
}

/// Where an entry is found by its source alone. net/netfilter/nf_nat_core.c:hash_by_src()
export function hash_by_src(tuple: Tuple, key: readonly number[]): number {
  const bytes = new Uint8Array(32);
  bytes.set(addressBytes(tuple.saddr), 0);
  two(bytes, 16, tuple.sport);
  bytes[18] = tuple.family;
  bytes[24] = tuple.proto;
  return siphash(bytes, key).low;
}

function two(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value & 255;
}
