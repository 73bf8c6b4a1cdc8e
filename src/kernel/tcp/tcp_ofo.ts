/// Segments that came before those in front of them: a queue by sequence number, from which they move to
/// the receive queue when the hole is filled.
/// Stands for tcp_data_queue_ofo() and tcp_ofo_queue() in net/ipv4/tcp_input.c. The kernel keeps a
/// red-black tree; here it is a sorted list, and overlap to the left is looked for in the packet
/// before only.
import { REASON } from '../reasons.ts';
import { skb_condense } from '../skb.ts';
import { skb_set_owner_r, sock_rfree } from '../sock_mem.ts';
import { sock_def_readable } from '../sock.ts';
import type { Cpu, Kernel, Skb, Sock, TcpSock } from '../state.ts';
import { inet_csk_schedule_ack } from './tcp_ack_policy.ts';
import { tcp_try_rmem_schedule } from './tcp_prune.ts';
import {
  tcp_add_receive_queue,
  tcp_drop_reason,
  tcp_rcv_nxt_update,
  tcp_try_coalesce,
} from './tcp_queue.ts';
import { tcp_grow_window, tcp_measure_rcv_mss } from './tcp_rcvbuf.ts';
import { tcp_dsack_extend, tcp_dsack_set, tcp_sack_new_ofo_skb } from './tcp_sack.ts';
import { after, before, endSeq, seqOf } from './tcp_seq.ts';
import { kfree_skb_partial } from './tcp_skb.ts';
import { TCPHDR_FIN } from './tcp_states.ts';

/// Queues a segment behind a hole. net/ipv4/tcp_input.c:tcp_data_queue_ofo()
export function tcp_data_queue_ofo(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock, skb: Skb): void {
  if (!tcp_try_rmem_schedule(k, c, sk, tp, skb)) {
    k.mib.TcpExtTCPOFODrop++;
    if (sk.waiting) sock_def_readable(k, c, sk);
    return tcp_drop_reason(k, c, sk, skb, REASON.PROTO_MEM);
  }
  tcp_measure_rcv_mss(k, sk, tp, skb);
  tp.pred_flags = 0;
  inet_csk_schedule_ack(tp);
  tp.rcv_ooopack += k.skbs.segs[skb]!;
  k.mib.TcpExtTCPOFOQueue++;
  const seq = seqOf(k.skbs, skb);
  const end_seq = endSeq(k.skbs, skb);
  const kept = insert(k, c, sk, tp, skb, seq, end_seq);
  if (tp.sack_ok) tcp_sack_new_ofo_skb(k, c, sk, tp, seq, end_seq);
  if (!kept) return;
  // Without SACK the window may not grow, or the ACK would not count as a duplicate.
  if (tp.sack_ok) tcp_grow_window(k, sk, tp, skb, false);
  skb_condense(k.skbs, skb);
  if (k.skbs.data_len[skb] === 0) k.skbs.cb[skb] = 0;
  skb_set_owner_r(k, skb, sk);
}

/// Puts the packet in its place. False: it is gone, joined to another or dropped.
function insert(
  k: Kernel,
  c: Cpu,
  sk: Sock,
  tp: TcpSock,
  skb: Skb,
  seq: number,
  end_seq: number,
): boolean {
  const pool = k.skbs;
  if (tp.ofo_head < 0) {
    pool.next[skb] = -1;
    tp.ofo_head = tp.ofo_last = skb;
    return true;
  }
  if (coalesce(k, sk, tp, tp.ofo_last, skb)) return false;
  let previous = -1; // the packet before the one in front
  let front = -1;
  if (!before(seq, endSeq(pool, tp.ofo_last))) front = tp.ofo_last;
  else
    for (let at = tp.ofo_head; at >= 0 && !before(seq, seqOf(pool, at)); at = pool.next[at]!) {
      previous = front;
      front = at;
    }
  if (front >= 0 && before(seq, endSeq(pool, front))) {
    if (!after(end_seq, endSeq(pool, front))) {
      k.mib.TcpExtTCPOFOMerge++;
      tcp_drop_reason(k, c, sk, skb, REASON.TCP_OFOMERGE);
      tcp_dsack_set(k, tp, seq, end_seq);
      return false;
    }
    if (after(seq, seqOf(pool, front))) tcp_dsack_set(k, tp, seq, endSeq(pool, front));
    else {
      removeCovered(k, c, sk, tp, previous, front);
      front = previous;
    }
  } else if (front >= 0 && front !== tp.ofo_last && coalesce(k, sk, tp, front, skb)) return false;
  linkAfter(k, tp, front, skb);
  mergeRight(k, c, sk, tp, skb, end_seq);
  return true;
}

function coalesce(k: Kernel, sk: Sock, tp: TcpSock, to: Skb, skb: Skb): boolean {
  if (!tcp_try_coalesce(k, sk, to, skb)) return false;
  if (tp.sack_ok) tcp_grow_window(k, sk, tp, skb, true);
  kfree_skb_partial(k.skbs, to, skb);
  return true;
}

function linkAfter(k: Kernel, tp: TcpSock, front: Skb, skb: Skb): void {
  const { next } = k.skbs;
  next[skb] = front < 0 ? tp.ofo_head : next[front]!;
  if (front < 0) tp.ofo_head = skb;
  else next[front] = skb;
  if (next[skb] < 0) tp.ofo_last = skb;
}

/// Takes out the packet behind `front` (-1: the first), whose data another one has.
function removeCovered(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock, front: Skb, skb: Skb): void {
  const after_ = k.skbs.next[skb]!;
  if (front < 0) tp.ofo_head = after_;
  else k.skbs.next[front] = after_;
  if (after_ < 0) tp.ofo_last = front;
  tcp_dsack_extend(k, tp, seqOf(k.skbs, skb), endSeq(k.skbs, skb));
  k.mib.TcpExtTCPOFOMerge++;
  sock_rfree(k, c, skb, sk);
  tcp_drop_reason(k, c, sk, skb, REASON.TCP_OFOMERGE);
}

/// Later packets that the new one covers go; one that it covers in part is reported.
function mergeRight(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock, skb: Skb, end_seq: number): void {
  const pool = k.skbs;
  for (let right = pool.next[skb]!; right >= 0; right = pool.next[skb]!) {
    if (!after(end_seq, seqOf(pool, right))) return;
    if (before(end_seq, endSeq(pool, right)))
      return tcp_dsack_extend(k, tp, seqOf(pool, right), end_seq);
    removeCovered(k, c, sk, tp, skb, right);
  }
}

/// Moves what has become next to the receive queue. True: a FIN was among it.
/// net/ipv4/tcp_input.c:tcp_ofo_queue()
export function tcp_ofo_queue(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock): boolean {
  const pool = k.skbs;
  const high = tp.rcv_nxt;
  while (tp.ofo_head >= 0) {
    const skb = tp.ofo_head;
    const seq = seqOf(pool, skb);
    const end = endSeq(pool, skb);
    if (after(seq, tp.rcv_nxt)) break;
    if (before(seq, high)) tcp_dsack_extend(k, tp, seq, before(end, high) ? end : high);
    tp.ofo_head = pool.next[skb]!;
    if (tp.ofo_head < 0) tp.ofo_last = -1;
    if (!after(end, tp.rcv_nxt)) {
      sock_rfree(k, c, skb, sk);
      tcp_drop_reason(k, c, sk, skb, REASON.TCP_OFO_DROP);
      continue;
    }
    const fin = (pool.tcp_flags[skb]! & TCPHDR_FIN) !== 0;
    const { tail } = sk;
    const joined = tail >= 0 && tcp_try_coalesce(k, sk, tail, skb);
    tcp_rcv_nxt_update(tp, end);
    if (joined) {
      // What was charged for the packet itself: its data is charged with the one before.
      sock_rfree(k, c, skb, sk);
      kfree_skb_partial(pool, tail, skb);
    } else tcp_add_receive_queue(k, sk, skb);
    if (fin) return true;
  }
  return false;
}
