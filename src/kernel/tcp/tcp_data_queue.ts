/// Where a segment's data goes: to the receive queue if it is next, to the out-of-order queue if it is
/// early, away if it is old or beyond the window. And a FIN, which ends the other end's stream.
/// Stands for tcp_data_queue(), tcp_fin() and tcp_data_ready() in net/ipv4/tcp_input.c.
/// Left out: urgent data, MPTCP, states in which this end has sent its own FIN.
import { consume_skb, kfree_skb_reason } from '../ledger.ts';
import { REASON } from '../reasons.ts';
import { PAGE_SIZE, sk_memory_allocated_add, sock_rfree } from '../sock_mem.ts';
import { sock_def_readable } from '../sock.ts';
import type { Cpu, Kernel, Skb, Sock, TcpSock } from '../state.ts';
import { STEP } from '../tracing.ts';
import { tcp_fast_path_check } from './tcp_ack.ts';
import {
  inet_csk_schedule_ack,
  TCP_MAX_QUICKACKS,
  tcp_enter_quickack_mode,
  tcp_event_data_recv,
} from './tcp_ack_policy.ts';
import { tcp_data_queue_ofo, tcp_ofo_queue } from './tcp_ofo.ts';
import { tcp_try_rmem_schedule } from './tcp_prune.ts';
import { tcp_drop_reason, tcp_queue_rcv } from './tcp_queue.ts';
import { tcp_dsack_set, tcp_sack_remove, tcp_sack_reset } from './tcp_sack.ts';
import { after, before, endSeq, seqOf } from './tcp_seq.ts';
import { kfree_skb_partial } from './tcp_skb.ts';
import { tcp_set_state } from './tcp_sock.ts';
import { tcp_receive_window, tcp_rmem_pressure } from './tcp_space.ts';
import {
  ICSK_ACK_NOMEM,
  ICSK_ACK_NOW,
  RCV_SHUTDOWN,
  TCP_CLOSE_WAIT,
  TCP_ESTABLISHED,
  TCP_SYN_RECV,
  TCPHDR_FIN,
} from './tcp_states.ts';

/// net/ipv4/tcp_input.c:tcp_data_queue()
export function tcp_data_queue(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock, skb: Skb): void {
  const pool = k.skbs;
  const seq = seqOf(pool, skb);
  const end_seq = endSeq(pool, skb);
  if (seq === end_seq) return consume_skb(k, skb);
  tp.dsack = false;
  if (seq === tp.rcv_nxt) {
    // A bare FIN costs no memory, so a shut window lets it pass.
    if (tcp_receive_window(tp) === 0 && !isBareFin(k, skb)) return zeroWindow(k, c, sk, tp, skb);
    return queueInOrder(k, c, sk, tp, skb);
  }
  if (!after(end_seq, tp.rcv_nxt)) {
    k.mib.TcpExtDelayedACKLost++;
    tcp_dsack_set(k, tp, seq, end_seq);
    return outOfWindow(k, c, sk, tp, skb, REASON.TCP_OLD_DATA);
  }
  if (!before(seq, (tp.rcv_nxt + tcp_receive_window(tp)) >>> 0))
    return outOfWindow(k, c, sk, tp, skb, REASON.TCP_OVERWINDOW);
  if (before(seq, tp.rcv_nxt)) {
    tcp_dsack_set(k, tp, seq, tp.rcv_nxt);
    if (tcp_receive_window(tp) === 0) return zeroWindow(k, c, sk, tp, skb);
    return queueInOrder(k, c, sk, tp, skb);
  }
  tcp_data_queue_ofo(k, c, sk, tp, skb);
}

function isBareFin(k: Kernel, skb: Skb): boolean {
  return k.skbs.payload[skb] === 0 && (k.skbs.tcp_flags[skb]! & TCPHDR_FIN) !== 0;
}

function zeroWindow(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock, skb: Skb): void {
  k.mib.TcpExtTCPZeroWindowDrop++;
  outOfWindow(k, c, sk, tp, skb, REASON.TCP_ZEROWINDOW);
}

/// What cannot be used is answered at once.
function outOfWindow(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock, skb: Skb, reason: number): void {
  tcp_enter_quickack_mode(k, tp, TCP_MAX_QUICKACKS);
  inet_csk_schedule_ack(tp);
  tcp_drop_reason(k, c, sk, skb, reason);
}

function queueInOrder(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock, skb: Skb): void {
  const pool = k.skbs;
  if (!tcp_try_rmem_schedule(k, c, sk, tp, skb)) {
    tp.icsk_ack.pending |= ICSK_ACK_NOMEM | ICSK_ACK_NOW;
    inet_csk_schedule_ack(tp);
    if (sk.waiting) sock_def_readable(k, c, sk);
    if (sk.qlen > 0 && pool.payload[skb]! > 0) {
      k.mib.TcpExtTCPRcvQDrop++;
      return tcp_drop_reason(k, c, sk, skb, REASON.PROTO_MEM);
    }
    sk_forced_mem_schedule(k, c, sk, pool.truesize[skb]!);
  }
  const into = tcp_queue_rcv(k, sk, tp, skb);
  if (pool.payload[skb]! > 0) tcp_event_data_recv(k, sk, tp, skb);
  if (pool.tcp_flags[skb]! & TCPHDR_FIN) tcp_fin(k, c, sk, tp);
  if (tp.ofo_head >= 0) {
    if (tcp_ofo_queue(k, c, sk, tp)) tcp_fin(k, c, sk, tp);
    // A filled hole is answered at once (RFC 5681, 4.2).
    if (tp.ofo_head < 0) tp.icsk_ack.pending |= ICSK_ACK_NOW;
  }
  if (tp.num_sacks > 0) tcp_sack_remove(tp);
  tcp_fast_path_check(sk, tp);
  if (into !== skb) kfree_skb_partial(pool, into, skb);
  tcp_data_ready(k, c, sk, tp);
}

/// Memory for the first packet of an empty queue, whatever the limits say.
/// net/ipv4/tcp_output.c:sk_forced_mem_schedule()
function sk_forced_mem_schedule(k: Kernel, c: Cpu, sk: Sock, size: number): void {
  const delta = size - sk.forward_alloc;
  if (delta <= 0) return;
  const pages = Math.ceil(delta / PAGE_SIZE);
  sk.forward_alloc += pages * PAGE_SIZE;
  sk_memory_allocated_add(k, c, sk, pages);
}

/// The other end has finished. net/ipv4/tcp_input.c:tcp_fin()
function tcp_fin(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock): void {
  inet_csk_schedule_ack(tp);
  sk.shutdown |= RCV_SHUTDOWN;
  if (sk.state === TCP_SYN_RECV || sk.state === TCP_ESTABLISHED) {
    tcp_set_state(k, sk, TCP_CLOSE_WAIT);
    tp.icsk_ack.pingpong = k.hot.tcp.pingpong_thresh;
  }
  for (let skb = tp.ofo_head; skb >= 0;) {
    const next = k.skbs.next[skb]!;
    sock_rfree(k, c, skb, sk);
    kfree_skb_reason(k, c, skb, REASON.NOT_SPECIFIED, STEP.TCP); // skb_rbtree_purge() counts no drop
    skb = next;
  }
  tp.ofo_head = tp.ofo_last = -1;
  if (tp.sack_ok) tcp_sack_reset(tp);
  if (sk.waiting) sock_def_readable(k, c, sk);
}

/// Wakes the reader when there is enough for it. net/ipv4/tcp_input.c:tcp_data_ready()
export function tcp_data_ready(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock): void {
  if (!sk.waiting) return;
  if (tcp_epollin_ready(k, sk, tp, sk.rcvlowat) || sk.shutdown & RCV_SHUTDOWN)
    sock_def_readable(k, c, sk);
}

/// Is there enough to read: `target` bytes, or less when the buffer or the window is nearly used up?
/// include/net/tcp.h:tcp_epollin_ready()
export function tcp_epollin_ready(k: Kernel, sk: Sock, tp: TcpSock, target: number): boolean {
  const avail = (tp.rcv_nxt - tp.copied_seq) | 0;
  if (avail <= 0) return false;
  return (
    avail >= target || tcp_rmem_pressure(k, sk) || tcp_receive_window(tp) <= tp.icsk_ack.rcv_mss
  );
}
