/// Copying bloated packets of a queue together, so that the same data takes less memory.
/// Stands for tcp_collapse(), tcp_collapse_one() and tcp_collapse_ofo_queue() in net/ipv4/tcp_input.c.
/// The queue is handled as an array here and linked again by the caller.
/// Left out: device memory, MPTCP, failure to allocate.
import { COSTS } from '../costs.ts';
import { consume_skb } from '../ledger.ts';
import { freePages } from '../page_pool.ts';
import { __alloc_skb, FLAG_GSO, FLAG_NFCT, mergeSkb, takeSkb } from '../skb.ts';
import { skb_set_owner_r, sock_rfree } from '../sock_mem.ts';
import type { Cpu, Kernel, Skb, Sock, TcpSock } from '../state.ts';
import { after, before, endSeq, seqOf } from './tcp_seq.ts';
import { tcp_win_from_space } from './tcp_space.ts';
import { TCPHDR_FIN, TCPHDR_SYN } from './tcp_states.ts';

const SKB_MAX_ORDER_0 = 4096 - 320; // bytes in a head of one page

/// Collapses q[from] to q[to - 1], which hold start..end, in place. Returns by how many packets the
/// queue is shorter; it may be longer. net/ipv4/tcp_input.c:tcp_collapse()
export function tcp_collapse(
  k: Kernel,
  c: Cpu,
  sk: Sock,
  tp: TcpSock,
  q: Skb[],
  from: number,
  to: number,
  start: number,
  end: number,
): number {
  const before_ = q.length;
  const found = firstToCollapse(k, c, sk, tp, q, from, to, start);
  if (found.at < 0) return before_ - q.length;
  const last = to - (before_ - q.length);
  const made: Skb[] = [];
  let at = found.at;
  let next = found.start;
  while (before(next, end) && at < last && !isMarked(k, q[at]!)) {
    const size = Math.min(SKB_MAX_ORDER_0, (end - next) >>> 0);
    const nskb = emptyCopy(k, sk, q[at]!, size, next);
    made.push(nskb);
    let room = size;
    while (room > 0 && at < last && !isMarked(k, q[at]!)) {
      const skb = q[at]!;
      const part = Math.min(room, (endSeq(k.skbs, skb) - next) | 0);
      if (part > 0) {
        append(k, c, nskb, part);
        room -= part;
        next = (next + part) >>> 0;
      }
      if (before(next, endSeq(k.skbs, skb))) continue;
      tcp_collapse_one(k, c, sk, skb, nskb);
      at++;
    }
  }
  q.splice(found.at, at - found.at, ...made);
  return before_ - q.length;
}

/// The first packet worth copying: not the end of the stream, and bloated, partly read, or apart from
/// the next one. Packets without anything new go. `at` -1: nothing to gain.
function firstToCollapse(
  k: Kernel,
  c: Cpu,
  sk: Sock,
  tp: TcpSock,
  q: Skb[],
  from: number,
  to: number,
  start: number,
): { at: number; start: number } {
  const pool = k.skbs;
  let end = to;
  let at = from;
  let next = start;
  while (at < end) {
    const skb = q[at]!;
    if (!before(next, endSeq(pool, skb))) {
      tcp_collapse_one(k, c, sk, skb, -1);
      q.splice(at, 1);
      end--;
      continue;
    }
    const bloated = tcp_win_from_space(tp, pool.truesize[skb]!) > pool.payload[skb]!;
    if (!isMarked(k, skb) && (bloated || before(seqOf(pool, skb), next)))
      return { at, start: next };
    if (at + 1 < end && endSeq(pool, skb) !== seqOf(pool, q[at + 1]!))
      return { at: isMarked(k, skb) ? -1 : at, start: next };
    next = endSeq(pool, skb);
    at++;
  }
  return { at: -1, start: next };
}

/// SYN or FIN: such packets stay as they are.
function isMarked(k: Kernel, skb: Skb): boolean {
  return (k.skbs.tcp_flags[skb]! & (TCPHDR_SYN | TCPHDR_FIN)) !== 0;
}

/// A packet whose data is elsewhere now. Its frames share the fate of `into`; -1: they brought nothing.
function tcp_collapse_one(k: Kernel, c: Cpu, sk: Sock, skb: Skb, into: Skb): void {
  sock_rfree(k, c, skb, sk);
  if (into < 0) consume_skb(k, skb);
  else {
    if (k.skbs.pp_held !== 0 && k.skbs.pp[skb] !== 0) freePages(k.skbs, skb); // the copy has a head of its own
    mergeSkb(k.skbs, into, skb);
  }
  k.mib.TcpExtTCPRcvCollapsed++;
}

/// A head of its own for `size` bytes from sequence number `seq` on, charged to the socket.
function emptyCopy(k: Kernel, sk: Sock, like: Skb, size: number, seq: number): Skb {
  const pool = k.skbs;
  const skb = takeSkb(pool);
  // It stands for no frame until it takes over those of the packets copied into it.
  pool.segs[skb] = 0;
  pool.live--;
  const { truesize, room } = __alloc_skb(size);
  pool.truesize[skb] = truesize;
  pool.end[skb] = room;
  pool.room[skb] = room;
  pool.data_len[skb] = 0;
  pool.cb[skb] = 0;
  pool.seq[skb] = seq | 0;
  pool.payload[skb] = 0;
  pool.len[skb] = pool.len[like]! - pool.payload[like]!;
  for (const column of [
    'flow',
    'flags',
    'dev',
    'queue',
    'arrived',
    'serial',
    'ack_seq',
    'tcp_flags',
    'window',
    'tsval',
    'tsecr',
    'mark',
    'hash',
  ] as const)
    pool[column][skb] = pool[column][like]!;
  // A new head is one segment and has no entry of connection tracking.
  pool.flags[skb] = pool.flags[skb]! & ~(FLAG_GSO | FLAG_NFCT);
  skb_set_owner_r(k, skb, sk);
  return skb;
}

function append(k: Kernel, c: Cpu, skb: Skb, bytes: number): void {
  const pool = k.skbs;
  pool.payload[skb] = pool.payload[skb]! + bytes;
  pool.len[skb] = pool.len[skb]! + bytes;
  pool.room[skb] = pool.room[skb]! - bytes;
  c.cursor_ns += Math.ceil((bytes * COSTS.copy_kib.ns) / 1024);
}

/// Collapses the out-of-order queue range by range. net/ipv4/tcp_input.c:tcp_collapse_ofo_queue()
export function tcp_collapse_ofo_queue(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock, q: Skb[]): void {
  const pool = k.skbs;
  let tiny = 0;
  for (let at = 0; at < q.length;) {
    let start = seqOf(pool, q[at]!);
    let end = endSeq(pool, q[at]!);
    let truesize = pool.truesize[q[at]!]!;
    let to = at + 1;
    for (; to < q.length; to++) {
      const seq = seqOf(pool, q[to]!);
      const end_seq = endSeq(pool, q[to]!);
      if (after(seq, end) || before(end_seq, start)) break;
      truesize += pool.truesize[q[to]!]!;
      if (before(seq, start)) start = seq;
      if (after(end_seq, end)) end = end_seq;
    }
    // A lone packet of less than a page is not worth it.
    if (truesize !== pool.truesize[q[at]!]! || (end - start) >>> 0 >= SKB_MAX_ORDER_0)
      at = to - tcp_collapse(k, c, sk, tp, q, at, to, start, end);
    else {
      tiny += truesize;
      if (tiny > sk.rcvbuf >> 3) return;
      at = to;
    }
  }
}
