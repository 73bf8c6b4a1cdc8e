/// New entries, and what happens when the table is full. Stands for init_conntrack() and early_drop() in
/// net/netfilter/nf_conntrack_core.c.
import { rateLimited } from '../../net_ratelimit.ts';
import type { Cpu, Kernel } from '../../state.ts';
import { bucketOf, isExpired, liveAfter, nf_ct_delete, statOf, tableOf } from './table.ts';
import { copyTuple, createTuple, nf_ct_invert_tuple } from './tuple.ts';
import {
  IPS_ASSURED,
  ORIGINAL,
  REPLY,
  type Conntrack,
  type CtEntry,
  type CtPacket,
} from './types.ts';

const NF_CT_EVICTION_RANGE = 8;

/// A new entry for a packet's tuple, not yet in the table; -1: no reply could ever match, -2: the
/// table is full and nothing could be given up.
/// net/netfilter/nf_conntrack_core.c:init_conntrack(), __nf_conntrack_alloc()
export function init_conntrack(k: Kernel, c: Cpu, p: CtPacket, hash: number): number {
  const ct = tableOf(k);
  if (!nf_ct_invert_tuple(inverse, p.tuple)) return -1;
  const { max } = ct.settings;
  if (max > 0 && ct.count + 1 > max && !early_drop(k, c, hash)) {
    ct.gc.early_drop = true;
    rateLimited(k, 'nf_conntrack: nf_conntrack: table full, dropping packet');
    return -2;
  }
  ct.count++;
  const index = ct.free.length > 0 ? ct.free.pop()! : newSlot(ct);
  const entry = ct.entries[index]!;
  reset(ct, entry);
  copyTuple(entry.tuple[ORIGINAL]!, p.tuple);
  copyTuple(entry.tuple[REPLY]!, inverse);
  entry.hash = hash;
  entry.acct = ct.settings.acct;
  entry.flow = p.slot >> 1;
  entry.skb = p.skb;
  return index;
}

const inverse = createTuple();

function newSlot(ct: Conntrack): number {
  const index = ct.entries.length;
  if (ct.next.length < 2 * index + 2) {
    const next = new Int32Array(Math.max(256, ct.next.length * 2)).fill(-1);
    next.set(ct.next);
    ct.next = next;
  }
  ct.entries.push({
    live: false,
    id: 0,
    tuple: [createTuple(), createTuple()],
    status: 0,
    timeout: 0,
    mark: 0,
    hash: 0,
    bucket: [-1, -1],
    tcp: null,
    stream_ts: 0,
    packets: [0, 0],
    bytes: [0, 0],
    acct: false,
    masq: -1,
    nat_bucket: -1,
    nat_next: -1,
    nat_from: [-1, -1, -1, -1, -1, -1],
    nat_to: [-1, -1, -1, -1, -1, -1],
    flow: 0,
    skb: -1,
  });
  return index;
}

function reset(ct: Conntrack, entry: CtEntry): void {
  entry.live = true;
  entry.id = ct.next_id++;
  entry.status = 0;
  entry.timeout = 0;
  entry.mark = 0;
  entry.bucket[0] = entry.bucket[1] = -1;
  entry.tcp = null;
  entry.stream_ts = 0;
  entry.packets[0] = entry.packets[1] = 0;
  entry.bytes[0] = entry.bytes[1] = 0;
  entry.masq = -1;
  entry.nat_bucket = -1;
  entry.nat_from.fill(-1);
  entry.nat_to.fill(-1);
}

/// Gives up entries in the chains from the packet's own on that have never been assured. False: none.
/// net/netfilter/nf_conntrack_core.c:early_drop()
function early_drop(k: Kernel, c: Cpu, hash: number): boolean {
  const ct = tableOf(k);
  let bucket = bucketOf(ct, hash);
  for (let i = 0; i < NF_CT_EVICTION_RANGE; i++) {
    const drops = early_drop_list(k, ct, bucket);
    if (drops > 0) {
      statOf(k, c).early_drop += drops;
      return true;
    }
    bucket = (bucket + 1) % ct.heads.length;
  }
  return false;
}

function early_drop_list(k: Kernel, ct: Conntrack, bucket: number): number {
  let drops = 0;
  for (let at = ct.heads[bucket]!; at >= 0;) {
    const entry = ct.entries[at >> 1]!;
    const next = ct.next[at]!;
    if (isExpired(k, entry)) nf_ct_delete(k, at >> 1);
    else if (!(entry.status & IPS_ASSURED)) {
      nf_ct_delete(k, at >> 1);
      drops++;
    }
    at = liveAfter(ct, next);
  }
  return drops;
}
