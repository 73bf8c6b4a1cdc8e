/// What reassembly does alike for IPv4 and IPv6: queues of fragments, their order, memory and timer.
/// Stands for net/ipv4/inet_fragment.c.
import { addSlot, setTime } from '../engine/agenda.ts';
import { COSTS } from './costs.ts';
import { consume_skb } from './ledger.ts';
import { interruptCpu } from './piece.ts';
import { mergeSkb } from './skb.ts';
import type { Cpu, FragQueue, FragTable, Kernel, Skb, SkbPool } from './state.ts';

const TIMER_SOFTIRQ = 1;

/// One family's fragments. include/net/inet_frag.h:struct inet_frags
export interface Fragments {
  table(k: Kernel): FragTable;
  readonly queue_bytes: number; // what a queue itself is charged with
  readonly timer: number; // kind of the event that ends the oldest queue
  readonly step: number; // where its timer runs
}

/// Keeps a queue that was just made, in the place of a finished one if there is any, and charges for it.
export function keepQueue(table: FragTable, family: Fragments, made: FragQueue): void {
  const free = table.queues.findIndex((q) => !q.live);
  if (free >= 0) table.queues[free] = made;
  else table.queues.push(made);
  table.mem += family.queue_bytes;
}

/// One slot of the agenda stands for the oldest queue.
export function planExpiry(k: Kernel, family: Fragments): void {
  const table = family.table(k);
  const times = table.queues.filter((q) => q.live).map((q) => q.expires);
  if (table.slot < 0) {
    if (times.length === 0) return;
    table.slot = addSlot(k.agenda, family.timer, 0);
  }
  setTime(k.agenda, table.slot, Math.min(...times, Infinity));
}

/// Ends a queue; its fragments stay where they are. net/ipv4/inet_fragment.c:inet_frag_kill()
export function inet_frag_kill(k: Kernel, family: Fragments, queue: FragQueue): void {
  queue.live = false;
  family.table(k).mem -= family.queue_bytes;
  planExpiry(k, family);
}

/// Empties a queue; `take` says what becomes of each fragment. net/ipv4/inet_fragment.c:inet_frag_queue_flush()
export function inet_frag_queue_flush(
  k: Kernel,
  family: Fragments,
  queue: FragQueue,
  take: (skb: Skb) => void,
): void {
  for (let skb = queue.head; skb >= 0;) {
    const next = k.skbs.next[skb]!;
    family.table(k).mem -= k.skbs.truesize[skb]!;
    take(skb);
    skb = next;
  }
  queue.head = queue.tail = queue.last_run = -1;
  queue.fragments = 0;
}

/// Frees the fragments of a queue that was killed. The kernel names no reason: without INET_FRAG_DROP
/// it counts them as used up. net/ipv4/inet_fragment.c:inet_frag_destroy()
export function inet_frag_destroy(k: Kernel, family: Fragments, queue: FragQueue): void {
  inet_frag_queue_flush(k, family, queue, (skb) => consume_skb(k, skb));
}

/// In order of offset, no byte twice. Fragments that came in order form runs: the first of a run has
/// the run's bytes in `cb2`, the others -1. A fragment inside a run is a duplicate, one across its
/// edge an overlap. net/ipv4/inet_fragment.c:inet_frag_queue_insert()
export function inet_frag_queue_insert(
  k: Kernel,
  qp: FragQueue,
  skb: Skb,
  offset: number,
  end: number,
): 'ok' | 'duplicate' | 'overlap' {
  const { next, frag_off, payload, cb2 } = k.skbs;
  cb2[skb] = end - offset;
  next[skb] = -1;
  if (qp.tail < 0) {
    qp.head = qp.tail = qp.last_run = skb;
    return 'ok';
  }
  const tailEnd = frag_off[qp.tail]! + payload[qp.tail]!;
  if (tailEnd < end) {
    if (offset < tailEnd) return 'overlap';
    if (offset === tailEnd) {
      cb2[qp.last_run] = cb2[qp.last_run]! + end - offset;
      cb2[skb] = -1;
    } else qp.last_run = skb;
    next[qp.tail] = skb;
    qp.tail = skb;
    return 'ok';
  }
  let before = -1;
  for (let run = qp.head; run >= 0;) {
    const start = frag_off[run]!;
    const runEnd = start + cb2[run]!;
    if (end <= start) break;
    if (offset < runEnd) return offset >= start && end <= runEnd ? 'duplicate' : 'overlap';
    before = run;
    while (next[before]! >= 0 && cb2[next[before]!] === -1) before = next[before]!;
    run = next[before]!;
  }
  next[skb] = before < 0 ? qp.head : next[before]!;
  if (before < 0) qp.head = skb;
  else next[before] = skb;
  return 'ok';
}

/// The packet that came last becomes the whole datagram, with the bytes of all the others.
/// net/ipv4/inet_fragment.c:inet_frag_reasm_prepare(), inet_frag_reasm_finish()
export function gather(k: Kernel, family: Fragments, queue: FragQueue, skb: Skb): void {
  const pool = k.skbs;
  morph(pool, skb, queue.head);
  let truesize = 0;
  inet_frag_queue_flush(k, family, queue, (part) => {
    truesize += pool.truesize[part]!;
    if (part !== skb) mergeSkb(pool, skb, part);
  });
  pool.next[skb] = -1;
  pool.truesize[skb] = truesize;
  pool.payload[skb] = queue.len;
}

/// The packet takes over the head of the datagram's first fragment; all other bytes hang off it.
function morph(pool: SkbPool, skb: Skb, first: Skb): void {
  let bytes = 0;
  for (let part = pool.next[first]!; part >= 0; part = pool.next[part]!)
    bytes += pool.payload[part]!;
  for (const name of ['flow', 'end', 'room', 'flags', 'mark', 'vlan_tci', 'hash', 'cb'] as const)
    pool[name][skb] = pool[name][first]!;
  pool.data_len[skb] = pool.data_len[first]! + bytes;
}

/// Ends the queues that have waited long enough, on the first CPU. The timer's softirq is taken as part of the
/// timer interrupt.
export function expireQueues(
  k: Kernel,
  family: Fragments,
  expire: (k: Kernel, c: Cpu, queue: FragQueue) => void,
): void {
  const c = k.cpus.find((one) => one.online)!;
  const cursor = c.cursor_ns;
  c.cursor_ns = k.now;
  c.softirqs[TIMER_SOFTIRQ]!++;
  for (const queue of family.table(k).queues)
    if (queue.live && queue.expires <= k.now) expire(k, c, queue);
  planExpiry(k, family);
  const spent = c.cursor_ns - k.now;
  c.cursor_ns = cursor;
  interruptCpu(k, c, COSTS.tick.ns + spent, family.step);
}
