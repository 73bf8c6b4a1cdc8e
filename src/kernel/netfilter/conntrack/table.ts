/// The table of connections: look-up, new entries, insertion, removal, and what happens when it is full.
/// Stands for the hash table in net/netfilter/nf_conntrack_core.c. Expired entries are removed when a
/// look-up meets them, and by the garbage collector (gc.ts).
/// Left out: restarts of look-ups and insertions that lost a race (one CPU's work is done at a time).
import { reciprocalScale } from '../../hash.ts';
import { jiffies } from '../../jiffies.ts';
import { integer } from '../../../engine/random.ts';
import type { Cpu, Kernel } from '../../state.ts';
import { hash_conntrack_raw, sameTuple } from './tuple.ts';
import {
  IPS_CONFIRMED,
  IPS_DYING,
  ORIGINAL,
  REPLY,
  type Conntrack,
  type CtEntry,
  type CtPacket,
  type CtStat,
  type Tuple,
} from './types.ts';

const MIN_CHAINLEN = 50;
const MAX_CHAINLEN = 80 - MIN_CHAINLEN;

/// The table; callers know that it is there.
export function tableOf(k: Kernel): Conntrack {
  const { ct } = k.nf;
  if (!ct) throw new Error('connection tracking is used before it was loaded');
  return ct;
}

export function statOf(k: Kernel, c: Cpu): CtStat {
  return tableOf(k).stats[c.id]!;
}

/// The chain of a hash.
export function bucketOf(ct: Conntrack, hash: number): number {
  return reciprocalScale(hash, ct.heads.length);
}

/// Ticks that an entry still has. include/net/netfilter/nf_conntrack.h
export function expiresIn(k: Kernel, entry: CtEntry): number {
  return Math.max(0, entry.timeout - jiffies(k));
}

export function isExpired(k: Kernel, entry: CtEntry): boolean {
  return entry.timeout - jiffies(k) <= 0;
}

/// Whether a look-up or the collector may remove it.
export function shouldGc(k: Kernel, entry: CtEntry): boolean {
  return isExpired(k, entry) && (entry.status & (IPS_CONFIRMED | IPS_DYING)) === IPS_CONFIRMED;
}

/// The hash of a packet's tuple, remembered for its flow.
export function packetHash(ct: Conntrack, p: CtPacket): number {
  const known = ct.flow_hash[p.slot];
  if (known !== undefined && known >= 0) return known;
  const hash = hash_conntrack_raw(p.tuple, ct.key);
  while (ct.flow_hash.length <= p.slot) ct.flow_hash.push(-1);
  ct.flow_hash[p.slot] = hash;
  return hash;
}

/// What holds that tuple: 2 * entry + direction, or -1. Expired entries on the way are removed.
/// net/netfilter/nf_conntrack_core.c:____nf_conntrack_find()
export function nf_conntrack_find_get(k: Kernel, tuple: Tuple, hash: number): number {
  const ct = tableOf(k);
  for (let at = ct.heads[bucketOf(ct, hash)]!; at >= 0;) {
    const entry = ct.entries[at >> 1]!;
    const next = ct.next[at]!;
    if (isExpired(k, entry)) {
      if (shouldGc(k, entry)) nf_ct_delete(k, at >> 1);
    } else if (sameTuple(entry.tuple[at & 1]!, tuple)) return at;
    at = liveAfter(ct, next);
  }
  return -1;
}

/// The first entry of a chain from `at` on that is alive: one that was just removed may have been
/// linked in this chain by its other direction too.
export function liveAfter(ct: Conntrack, at: number): number {
  let next = at;
  while (next >= 0 && !ct.entries[next >> 1]!.live) next = ct.next[next]!;
  return next;
}

/// Puts a packet's new entry into the table. False: one of its tuples is there already, or a chain is
/// too long; the packet is to be dropped.
/// net/netfilter/nf_conntrack_core.c:__nf_conntrack_confirm()
export function __nf_conntrack_confirm(k: Kernel, c: Cpu, index: number): boolean {
  const ct = tableOf(k);
  const entry = ct.entries[index]!;
  const stat = statOf(k, c);
  if (entry.status & IPS_DYING) {
    stat.insert_failed++;
    return false;
  }
  const bucket = bucketOf(ct, entry.hash);
  const reply = bucketOf(ct, hash_conntrack_raw(entry.tuple[REPLY]!, ct.key));
  const most = MIN_CHAINLEN + integer(ct.random, MAX_CHAINLEN);
  for (const dir of [ORIGINAL, REPLY]) {
    let length = 0;
    const first = ct.heads[dir === ORIGINAL ? bucket : reply]!;
    for (let at = first; at >= 0; at = ct.next[at]!) {
      if (sameTuple(ct.entries[at >> 1]!.tuple[at & 1]!, entry.tuple[dir]!)) {
        stat.drop++;
        stat.insert_failed++;
        return false;
      }
      if (length++ > most) {
        stat.chaintoolong++;
        stat.insert_failed++;
        return false;
      }
    }
  }
  entry.timeout += jiffies(k);
  link(ct, bucket, index, ORIGINAL);
  link(ct, reply, index, REPLY);
  entry.status |= IPS_CONFIRMED;
  return true;
}

function link(ct: Conntrack, bucket: number, index: number, dir: number): void {
  const at = 2 * index + dir;
  ct.next[at] = ct.heads[bucket]!;
  ct.heads[bucket] = at;
  ct.entries[index]!.bucket[dir] = bucket;
}

function unlink(ct: Conntrack, index: number, dir: number): void {
  const entry = ct.entries[index]!;
  const bucket = entry.bucket[dir]!;
  if (bucket < 0) return;
  const at = 2 * index + dir;
  if (ct.heads[bucket] === at) ct.heads[bucket] = ct.next[at]!;
  else {
    let before = ct.heads[bucket]!;
    while (ct.next[before] !== at) before = ct.next[before]!;
    ct.next[before] = ct.next[at]!;
  }
  entry.bucket[dir] = -1;
}

/// Removes an entry, in the table or not. Its packet may still read it until a new one takes its
/// place. net/netfilter/nf_conntrack_core.c:nf_ct_delete(), nf_ct_destroy()
export function nf_ct_delete(k: Kernel, index: number): void {
  const ct = tableOf(k);
  const entry = ct.entries[index]!;
  if (!entry.live) return;
  unlink(ct, index, ORIGINAL);
  unlink(ct, index, REPLY);
  if (entry.nat_bucket >= 0) unlinkSource(ct, index);
  for (const row of entry.nat_to) if (row >= 0) ct.nat_dead++;
  entry.nat_from.fill(-1);
  entry.nat_to.fill(-1);
  entry.live = false;
  entry.status |= IPS_DYING;
  ct.count--;
  ct.free.push(index);
}

// net/netfilter/nf_nat_core.c:nf_nat_cleanup_conntrack()
function unlinkSource(ct: Conntrack, index: number): void {
  const entry = ct.entries[index]!;
  const { nat_bucket: bucket, nat_next: next } = entry;
  if (ct.bysource[bucket] === index) ct.bysource[bucket] = next;
  else {
    let before = ct.entries[ct.bysource[bucket]!]!;
    while (before.nat_next !== index) before = ct.entries[before.nat_next]!;
    before.nat_next = next;
  }
  entry.nat_bucket = -1;
}

/// Whether the answer to some tuple would be taken for another connection's. The same packet's twin does
/// not count: confirmation decides between them.
/// net/netfilter/nf_conntrack_core.c:nf_conntrack_tuple_taken()
export function nf_conntrack_tuple_taken(
  k: Kernel,
  c: Cpu,
  tuple: Tuple,
  ignored: number,
): boolean {
  const ct = tableOf(k);
  const own = ct.entries[ignored]!;
  const hash = hash_conntrack_raw(tuple, ct.key);
  for (let at = ct.heads[bucketOf(ct, hash)]!; at >= 0;) {
    const entry = ct.entries[at >> 1]!;
    const next = ct.next[at]!;
    if (at >> 1 !== ignored) {
      if (isExpired(k, entry)) nf_ct_delete(k, at >> 1);
      else if (
        sameTuple(entry.tuple[at & 1]!, tuple) &&
        !sameTuple(own.tuple[ORIGINAL]!, entry.tuple[ORIGINAL]!)
      ) {
        statOf(k, c).found++;
        return true;
      }
    }
    at = liveAfter(ct, next);
  }
  return false;
}

/// Entries in the order of the chains, for readers.
export function tableEntries(k: Kernel): CtEntry[] {
  const { ct } = k.nf;
  if (!ct) return [];
  const found: CtEntry[] = [];
  for (const head of ct.heads)
    for (let at = head; at >= 0; at = ct.next[at]!)
      if ((at & 1) === ORIGINAL) found.push(ct.entries[at >> 1]!);
  return found;
}
