/// The new tuple of a translated connection: an address of the range, and a port that keeps answers apart
/// from those to other connections. Stands for get_unique_tuple() in net/netfilter/nf_nat_core.c.
/// Left out: offsets between port ranges, NETMAP, and the check for a collision of two first packets in
/// opposite directions (one CPU's work is done at a time).
import { integer } from '../../../engine/random.ts';
import { addressText6 } from '../../address.ts';
import { addressText } from '../../flows.ts';
import { reciprocalScale } from '../../hash.ts';
import { jhash2 } from '../../jhash.ts';
import type { Cpu, Kernel } from '../../state.ts';
import { ip6Words } from '../packet.ts';
import { nf_conntrack_find_get, nf_conntrack_tuple_taken, nf_ct_delete, tableOf } from './table.ts';
import { TCP_CONNTRACK } from './tcp_states.ts';
import {
  copyTuple,
  createTuple,
  hash_by_src,
  hash_conntrack_raw,
  nf_ct_invert_tuple,
} from './tuple.ts';
import {
  IPS_DYING,
  IPS_FIXED_TIMEOUT,
  IPS_SRC_NAT,
  ORIGINAL,
  REPLY,
  type Conntrack,
  type Tuple,
} from './types.ts';

export const MANIP_SRC = 0;
export const MANIP_DST = 1;

/// struct nf_nat_range2. An address is one word of 32 bits or four, from the highest.
export interface NatRange {
  readonly min: readonly number[]; // none: addresses stay
  readonly max: readonly number[];
  readonly ports: readonly number[]; // lowest and highest, or none
  readonly random: boolean;
  readonly persistent: boolean;
}

const NF_NAT_MAX_ATTEMPTS = 128;
const NF_NAT_HARDER_THRESH = NF_NAT_MAX_ATTEMPTS / 4;
const AF_INET6 = 10;
const IPPROTO_ICMP = 1;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;
const IPPROTO_ICMPV6 = 58;

const reply = createTuple();

/// The chain of a source; there are as many as the table had when translation was first hooked in.
export function sourceBucket(ct: Conntrack, tuple: Tuple): number {
  return reciprocalScale(hash_by_src(tuple, ct.nat_key), ct.bysource.length);
}

// net/netfilter/nf_nat_core.c:nf_nat_used_tuple()
function nf_nat_used_tuple(k: Kernel, c: Cpu, tuple: Tuple, own: number): boolean {
  nf_ct_invert_tuple(reply, tuple);
  return nf_conntrack_tuple_taken(k, c, reply, own);
}

/// The tuple that `orig` becomes by this range, for the entry `own`.
export function get_unique_tuple(
  k: Kernel,
  c: Cpu,
  orig: Tuple,
  range: NatRange,
  own: number,
  manip: number,
): Tuple {
  const tuple = { ...orig };
  // What its source is mapped to for other connections holds for this one too.
  if (manip === MANIP_SRC && !range.random) {
    if (nf_in_range(orig, range)) {
      if (!nf_nat_used_tuple(k, c, orig, own)) return tuple;
    } else if (find_appropriate_src(k, orig, tuple, range)) {
      if (!nf_nat_used_tuple(k, c, tuple, own)) return tuple;
    }
  }
  copyTuple(tuple, orig);
  find_best_ips_proto(tuple, range, manip);
  if (!range.random) {
    const [low, high] = range.ports;
    if (low === undefined || high === undefined) {
      if (!nf_nat_used_tuple(k, c, tuple, own)) return tuple;
    } else if (
      portInRange(tuple, range, manip) &&
      (low === high || !nf_nat_used_tuple(k, c, tuple, own))
    )
      return tuple;
  }
  nf_nat_l4proto_unique_tuple(k, c, tuple, range, own, manip);
  return tuple;
}

function nf_in_range(tuple: Tuple, range: NatRange): boolean {
  const source = sourceWords(tuple);
  if (range.min.length > 0 && (before(source, range.min) || before(range.max, source)))
    return false;
  return range.ports.length === 0 || portInRange(tuple, range, MANIP_SRC);
}

function before(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((word, i) => word !== b[i]);
  return at >= 0 && a[at]! < b[at]!;
}

/// The words of a tuple's addresses.
export function sourceWords(tuple: Tuple): readonly number[] {
  return tuple.family === AF_INET6 ? ip6Words(tuple.saddr) : [tuple.src];
}

export function destinationWords(tuple: Tuple): readonly number[] {
  return tuple.family === AF_INET6 ? ip6Words(tuple.daddr) : [tuple.dst];
}

function setAddress(tuple: Tuple, manip: number, words: readonly number[]): void {
  const six = tuple.family === AF_INET6;
  const number = six ? 0 : words[0]!;
  const text = six
    ? addressText6(words.flatMap((word) => [24, 16, 8, 0].map((shift) => (word >>> shift) & 255)))
    : addressText(number);
  if (manip === MANIP_SRC) {
    tuple.src = number;
    tuple.saddr = text;
  } else {
    tuple.dst = number;
    tuple.daddr = text;
  }
}

function isIcmp(proto: number): boolean {
  return proto === IPPROTO_ICMP || proto === IPPROTO_ICMPV6;
}

// net/netfilter/nf_nat_core.c:l4proto_in_range()
function portInRange(tuple: Tuple, range: NatRange, manip: number): boolean {
  const { proto } = tuple;
  if (!isIcmp(proto) && proto !== IPPROTO_TCP && proto !== IPPROTO_UDP) return true;
  const port = manip === MANIP_SRC || isIcmp(proto) ? tuple.sport : tuple.dport;
  return port >= range.ports[0]! && port <= range.ports[1]!;
}

// Another connection of the same source: its mapping, if the range allows it.
function find_appropriate_src(k: Kernel, orig: Tuple, tuple: Tuple, range: NatRange): boolean {
  const ct = tableOf(k);
  for (let index = ct.bysource[sourceBucket(ct, orig)]!; index >= 0;) {
    const { tuple: known, nat_next: next } = ct.entries[index]!;
    index = next;
    const first = known[ORIGINAL]!;
    if (first.proto !== orig.proto || first.family !== orig.family) continue;
    if (first.saddr !== orig.saddr || first.sport !== orig.sport) continue;
    nf_ct_invert_tuple(tuple, known[REPLY]!);
    tuple.dst = orig.dst;
    tuple.daddr = orig.daddr;
    tuple.dport = orig.dport;
    if (nf_in_range(tuple, range)) return true;
  }
  return false;
}

// One address of the range, the same for the same pair of hosts.
function find_best_ips_proto(tuple: Tuple, range: NatRange, manip: number): void {
  const { min, max, persistent } = range;
  if (min.length === 0) return;
  const same = min.every((word, i) => word === max[i]);
  setAddress(tuple, manip, same ? min : hashedAddress(tuple, min, max, persistent, manip));
}

// Each word within the range, until one is not the range's last: those behind it may be any.
function hashedAddress(
  tuple: Tuple,
  min: readonly number[],
  max: readonly number[],
  persistent: boolean,
  manip: number,
): number[] {
  const source = sourceWords(tuple).map(swapped);
  const to = destinationWords(tuple);
  const words = [0, 1, 2, 3].map((i) => source[i] ?? 0);
  let j = jhash2(words, persistent ? 0 : swapped(to.at(-1)!));
  let full = false;
  return min.map((low, i) => {
    const distance = full ? 0xffff_ffff : (max[i]! - low + 1) >>> 0;
    const word = ((full ? 0 : low) + reciprocalScale(j, distance)) >>> 0;
    if (word !== max[i]) full = true;
    if (!persistent) j = (j ^ swapped(manip === MANIP_SRC ? to[i]! : word)) >>> 0;
    return word;
  });
}

// A word in network order as a little-endian machine reads it.
function swapped(value: number): number {
  return (
    ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0
  );
}

// Where the search for a port may look. Low ports stay low.
function portWindow(tuple: Tuple, range: NatRange, manip: number): [min: number, size: number] {
  const [low, high] = range.ports;
  if (low !== undefined && high !== undefined)
    return [Math.min(low, high), Math.abs(high - low) + 1];
  if (isIcmp(tuple.proto)) return [0, 65536];
  if (manip === MANIP_DST) return [0, 0];
  if (tuple.sport >= 1024) return [1024, 65535 - 1024 + 1];
  return tuple.sport < 512 ? [1, 511] : [600, 1023 - 600 + 1];
}

// Tries ports from a random one on, fewer in each round. When none is free, confirmation will refuse.
function nf_nat_l4proto_unique_tuple(
  k: Kernel,
  c: Cpu,
  tuple: Tuple,
  range: NatRange,
  own: number,
  manip: number,
): void {
  const icmp = isIcmp(tuple.proto);
  if (!icmp && tuple.proto !== IPPROTO_TCP && tuple.proto !== IPPROTO_UDP) return;
  const [min, size] = portWindow(tuple, range, manip);
  if (size === 0) return;
  const { random } = tableOf(k);
  let off = range.random || manip !== MANIP_DST ? integer(random, 65536) : 0;
  for (let attempts = Math.min(size, NF_NAT_MAX_ATTEMPTS); ; attempts = attempts >> 1) {
    for (let i = 0; i < attempts; i++, off = (off + 1) & 0xffff) {
      const port = min + (off % size);
      if (manip === MANIP_SRC || icmp) tuple.sport = port;
      else tuple.dport = port;
      if (!nf_nat_used_tuple_harder(k, c, tuple, own, attempts - i)) return;
    }
    if (attempts >= size || attempts < 16) return;
    off = integer(random, 65536);
  }
}

// In the last attempts a TCP connection in TIME_WAIT gives way, if the new one's numbers are higher.
function nf_nat_used_tuple_harder(
  k: Kernel,
  c: Cpu,
  tuple: Tuple,
  own: number,
  left: number,
): boolean {
  const ct = tableOf(k);
  const entry = ct.entries[own]!;
  if (
    left > NF_NAT_HARDER_THRESH ||
    tuple.proto !== IPPROTO_TCP ||
    entry.tcp?.state !== TCP_CONNTRACK.SYN_SENT
  )
    return nf_nat_used_tuple(k, c, tuple, own);
  nf_ct_invert_tuple(reply, tuple);
  const at = nf_conntrack_find_get(k, reply, hash_conntrack_raw(reply, ct.key));
  if (at < 0) return false;
  const other = ct.entries[at >> 1]!;
  const old = other.tcp;
  const mayKill =
    (at & 1) === REPLY &&
    old !== null &&
    old.state >= TCP_CONNTRACK.TIME_WAIT &&
    (other.status & (IPS_FIXED_TIMEOUT | IPS_DYING)) === 0 &&
    (other.status & IPS_SRC_NAT) !== 0;
  if (!mayKill || ((entry.tcp.seen[0]!.td_end - old.seen[0]!.td_end) | 0) <= 0) return true;
  nf_ct_delete(k, at >> 1);
  return false;
}
