/// Generic receive offload: a packet from the driver is held back until the poll ends, and what
/// follows of its flow is merged into it, so that the stack above works once for many segments.
/// Stands for net/core/gro.c and the rx_list half of include/net/gro.h.
/// Which packets belong together is asked of inet_offload.ts and ip6_offload.ts.
///
/// The functions that may fill rx_list do not send it up themselves, as gro_normal_one() does: they
/// say that it is due, and the caller sends it (receive_list.ts) with the CPU time that this takes.
/// Left out: napi_gro_frags(), sockets and destinations set before GRO (slow_gro), tc extensions.
import { COSTS } from './costs.ts';
import { beginHold, SAME_FLOW, udpPayload } from './gro_merge.ts';
import {
  GRO_FRAGLIST,
  GRO_ON,
  GRO_UDP,
  GRO_UDP_FWD,
  GRO_UDP_SOCKETS,
  inet_gro_complete,
  inet_gro_receive,
} from './inet_offload.ts';
import { ipv6_gro_complete, ipv6_gro_receive } from './ip6_offload.ts';
import { skbHashRaw } from './flows.ts';
import { jiffies } from './jiffies.ts';
import { dropFrame } from './ledger.ts';
import { REASON } from './reasons.ts';
import {
  FLAG_BROADCAST,
  FLAG_FOREIGN,
  FLAG_GSO,
  FLAG_HEAD,
  FLAG_META,
  FLAG_MULTICAST,
  FLAG_TCP,
  FLAG_VLAN,
  SKB_GSO_DODGY,
} from './skb.ts';
import type { Cpu, GroHash, Kernel, Napi, Skb, SkbPool } from './state.ts';
import { noteStep, STEP, takeStep } from './tracing.ts';

const GRO_HASH_BUCKETS = 8;
const MAX_GRO_SKBS = 8;
const ETH_P_IP = 0x0800;
const ETH_P_IPV6 = 0x86dd;
const GENERIC_XDP = 1; // NetDevice.rx_hooks
const STATION = FLAG_FOREIGN | FLAG_MULTICAST | FLAG_BROADCAST; // says how the MAC addresses differ

// enum gro_result, as far as it is needed here.
const GRO_MERGED = 0;
const GRO_HELD = 2;
const GRO_NORMAL = 3;

/// Buckets that hold nothing.
export function createGroHash(): GroHash {
  return {
    heads: new Int32Array(GRO_HASH_BUCKETS).fill(-1),
    counts: new Int32Array(GRO_HASH_BUCKETS),
    bitmask: 0,
    flush: false,
    same_flow: false,
    is_flist: false,
  };
}

/// Takes a packet from the driver. True when rx_list is due to go up the stack.
export function napi_gro_receive(k: Kernel, c: Cpu, n: Napi, skb: Skb): boolean {
  takeStep(k, c, STEP.GRO, skb, COSTS.napi_gro_receive.ns);
  return receiveTaken(k, c, n, skb);
}

/// The same when the step has been taken already.
export function receiveTaken(k: Kernel, c: Cpu, n: Napi, skb: Skb): boolean {
  if (n.gro_version !== k.config_version) updateMode(k, n);
  // UDP goes straight on unless somebody asked for it to be merged.
  if ((n.gro_mode & (k.skbs.flags[skb]! & FLAG_TCP ? GRO_ON : GRO_UDP)) === 0)
    return gro_normal_one(k, n, skb, 1);
  if (dev_gro_receive(k, c, n, skb) === GRO_NORMAL) afterBatch(k, n, skb);
  return isDue(k, n);
}

function updateMode(k: Kernel, n: Napi): void {
  const features = k.devs[n.dev]?.features ?? {};
  n.gro_version = k.config_version;
  n.gro_mode = 0;
  if (!features['generic-receive-offload']) return;
  n.gro_mode = GRO_ON;
  if (features['rx-gro-list']) n.gro_mode |= GRO_FRAGLIST;
  if (features['rx-udp-gro-forwarding']) n.gro_mode |= GRO_UDP_FWD;
  if (k.udp_encap_needed > 0) n.gro_mode |= GRO_UDP_SOCKETS;
}

/// Merges the packet into a held one, holds it, or neither. Held packets that it ends go to rx_list.
/// net/core/gro.c:dev_gro_receive()
function dev_gro_receive(k: Kernel, c: Cpu, n: Napi, skb: Skb): number {
  const pool = k.skbs;
  const g = n.gro;
  const type = k.flows.ethertype[pool.flow[skb]!];
  const elided = (k.devs[n.dev]!.rx_hooks & GENERIC_XDP) !== 0; // netif_elide_gro()
  if (elided || (type !== ETH_P_IP && type !== ETH_P_IPV6)) return GRO_NORMAL;
  const hash = skbHashRaw(k, skb) | 0;
  const bucket = hash & (GRO_HASH_BUCKETS - 1);
  gro_list_prepare(k, g.heads[bucket]!, skb, hash);
  g.same_flow = false;
  g.is_flist = false;
  g.flush = (pool.flags[skb]! & FLAG_HEAD) !== 0 || isForeignGso(k, skb);
  const receive = type === ETH_P_IP ? inet_gro_receive : ipv6_gro_receive;
  const pp = receive(k, c, n, g.heads[bucket]!, skb);
  if (pp >= 0) {
    unlink(pool, g, bucket, pp);
    g.counts[bucket]!--;
    napi_gro_complete(k, c, n, pp);
  }
  const result = g.same_flow ? GRO_MERGED : g.flush ? GRO_NORMAL : GRO_HELD;
  if (result === GRO_HELD) hold(k, c, n, bucket, skb, hash);
  if (g.counts[bucket]! > 0) g.bitmask |= 1 << bucket;
  else g.bitmask &= ~(1 << bucket);
  return result;
}

/// A packet that was merged before, by something whose word is not taken for it.
function isForeignGso(k: Kernel, skb: Skb): boolean {
  const pool = k.skbs;
  if ((pool.flags[skb]! & FLAG_GSO) === 0) return false;
  return (pool.flags[skb]! & FLAG_TCP) === 0 || (pool.gso_type[skb]! & SKB_GSO_DODGY) !== 0;
}

/// Marks the held packets that may be of the same flow. net/core/gro.c:gro_list_prepare()
function gro_list_prepare(k: Kernel, head: Skb, skb: Skb, hash: number): void {
  const pool = k.skbs;
  const type = k.flows.ethertype[pool.flow[skb]!];
  const flags = pool.flags[skb]!;
  const tci = flags & FLAG_VLAN ? pool.vlan_tci[skb]! : -1;
  const meta = flags & FLAG_META ? pool.meta[skb]! : -1;
  for (let p = head; p >= 0; p = pool.next[p]!) {
    const same =
      hash === pool.hash[p] &&
      ((flags ^ pool.flags[p]!) & STATION) === 0 &&
      tci === (pool.flags[p]! & FLAG_VLAN ? pool.vlan_tci[p]! : -1) &&
      meta === (pool.flags[p]! & FLAG_META ? pool.meta[p]! : -1) && // skb_metadata_differs()
      type === k.flows.ethertype[pool.flow[p]!];
    pool.cb2[p] = same ? pool.cb2[p]! | SAME_FLOW : pool.cb2[p]! & ~SAME_FLOW;
  }
}

function hold(k: Kernel, c: Cpu, n: Napi, bucket: number, skb: Skb, hash: number): void {
  const pool = k.skbs;
  const g = n.gro;
  if (g.counts[bucket]! >= MAX_GRO_SKBS) gro_flush_oldest(k, c, n, bucket);
  else g.counts[bucket]!++;
  beginHold(pool, skb, jiffies(k), g.is_flist);
  pool.hash[skb] = hash;
  if ((pool.flags[skb]! & FLAG_GSO) === 0) {
    pool.gso_size[skb] = pool.flags[skb]! & FLAG_TCP ? pool.payload[skb]! : udpPayload(k, skb);
    pool.flags[skb] = pool.flags[skb]! | FLAG_GSO;
  }
  pool.next[skb] = g.heads[bucket]!;
  g.heads[bucket] = skb;
}

/// Makes room in a full bucket; the caller adds a packet, so the count stays.
function gro_flush_oldest(k: Kernel, c: Cpu, n: Napi, bucket: number): void {
  const oldest = oldestOf(k.skbs, n.gro.heads[bucket]!);
  unlink(k.skbs, n.gro, bucket, oldest);
  napi_gro_complete(k, c, n, oldest);
}

function oldestOf(pool: SkbPool, head: Skb): Skb {
  let skb = head;
  while (pool.next[skb]! >= 0) skb = pool.next[skb]!;
  return skb;
}

function unlink(pool: SkbPool, g: GroHash, bucket: number, skb: Skb): void {
  if (g.heads[bucket] === skb) {
    g.heads[bucket] = pool.next[skb]!;
    return;
  }
  let before = g.heads[bucket]!;
  while (pool.next[before] !== skb) before = pool.next[before]!;
  pool.next[before] = pool.next[skb]!;
}

/// Finishes a held packet and puts it on rx_list. net/core/gro.c:napi_gro_complete()
function napi_gro_complete(k: Kernel, c: Cpu, n: Napi, skb: Skb): void {
  const pool = k.skbs;
  const segs = pool.segs[skb]!;
  noteStep(k, c, STEP.FLUSH, skb, segs);
  if (segs === 1) {
    pool.gso_size[skb] = 0;
    pool.flags[skb] = pool.flags[skb]! & ~FLAG_GSO;
  } else {
    const six = k.flows.ethertype[pool.flow[skb]!] === ETH_P_IPV6;
    pool.gso_type[skb] = six ? ipv6_gro_complete(k, skb) : inet_gro_complete(k, skb);
    c.cursor_ns += COSTS.napi_gro_complete.ns;
  }
  gro_normal_one(k, n, skb, segs);
}

/// Sends held packets to rx_list, bucket by bucket, the oldest first; with `flush_old` only those
/// that came in an earlier jiffy. The caller sends rx_list up. net/core/gro.c:napi_gro_flush()
export function napi_gro_flush(k: Kernel, c: Cpu, n: Napi, flush_old: boolean): void {
  for (let bucket = 0; bucket < GRO_HASH_BUCKETS; bucket++)
    if (n.gro.bitmask & (1 << bucket)) __napi_gro_flush_chain(k, c, n, bucket, flush_old);
}

function __napi_gro_flush_chain(
  k: Kernel,
  c: Cpu,
  n: Napi,
  bucket: number,
  flush_old: boolean,
): void {
  const g = n.gro;
  const now = jiffies(k) | 0;
  while (g.counts[bucket]! > 0) {
    const oldest = oldestOf(k.skbs, g.heads[bucket]!);
    if (flush_old && k.skbs.cb[oldest] === now) return;
    unlink(k.skbs, g, bucket, oldest);
    napi_gro_complete(k, c, n, oldest);
    g.counts[bucket]!--;
  }
  g.bitmask &= ~(1 << bucket);
}

/// Frees what is held: the instance is deleted. net/core/dev.c:flush_gro_hash()
export function flush_gro_hash(k: Kernel, n: Napi): void {
  const g = n.gro;
  for (let bucket = 0; bucket < GRO_HASH_BUCKETS; bucket++) {
    while (g.heads[bucket]! >= 0) {
      const skb = g.heads[bucket]!;
      g.heads[bucket] = k.skbs.next[skb]!;
      dropFrame(k, skb, REASON.NOT_SPECIFIED, STEP.FLUSH);
    }
    g.counts[bucket] = 0;
  }
  g.bitmask = 0;
}

/// Adds a packet to rx_list. True when the list is due. include/net/gro.h:gro_normal_one()
export function gro_normal_one(k: Kernel, n: Napi, skb: Skb, segs: number): boolean {
  const next = k.skbs.next;
  next[skb] = -1;
  if (n.rx_head < 0) n.rx_head = skb;
  else next[n.rx_tail] = skb;
  n.rx_tail = skb;
  n.rx_count += segs;
  return n.rx_count >= k.hot.gro_normal_batch;
}

/// Whether rx_list is long enough to go up the stack.
export function isDue(k: Kernel, n: Napi): boolean {
  return n.rx_count >= k.hot.gro_normal_batch;
}

// A packet that ended a held one and made the list due comes after that list: in the kernel the list
// has gone up by then, and a new one begins with the packet.
function afterBatch(k: Kernel, n: Napi, skb: Skb): void {
  if (isDue(k, n)) n.rx_late = skb;
  else gro_normal_one(k, n, skb, 1);
}

/// Takes the next packet off rx_list; -1 when it is empty, which ends the batch. A packet that waited
/// for that begins the next one.
export function takeFromRxList(k: Kernel, c: Cpu, n: Napi): Skb {
  const skb = n.rx_head;
  if (skb < 0) {
    if (n.rx_count > 0) noteStep(k, c, STEP.FLUSH, -1, n.rx_count);
    n.rx_count = 0;
    n.rps_stage = 0;
    if (n.rx_late >= 0) {
      gro_normal_one(k, n, n.rx_late, 1);
      n.rx_late = -1;
    }
    return -1;
  }
  n.rx_head = k.skbs.next[skb]!;
  return skb;
}
