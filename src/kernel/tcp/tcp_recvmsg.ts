/// recvmsg() on a connection: copying from the receive queue, freeing what was copied, telling the
/// other end of the room, and letting autotuning measure.
/// Stands for tcp_recvmsg(), tcp_recvmsg_locked(), tcp_eat_recv_skb(), tcp_cleanup_rbuf() and
/// tcp_set_rcvlowat() in net/ipv4/tcp.c.
/// Left out: urgent data, zero-copy, MSG_WAITALL, control messages. A reader waits first, until there
/// is enough (SO_RCVLOWAT), and then takes what is there; the kernel's blocking call may copy a part before
/// it waits. An application that has read to the end keeps the connection open.
import { COSTS } from '../costs.ts';
import { consume_skb } from '../ledger.ts';
import { beginPiece } from '../piece.ts';
import { releaseSkb } from '../skb.ts';
import { SOCK_RCVBUF_LOCK, sock_rfree } from '../sock_mem.ts';
import type { Cpu, Kernel, Skb, Sock, Task, TcpSock } from '../state.ts';
import { STEP, takeStep } from '../tracing.ts';
import { inPingpong } from './tcp_ack_policy.ts';
import { tcp_data_ready, tcp_epollin_ready } from './tcp_data_queue.ts';
import { tcp_send_ack } from './tcp_output.ts';
import { tcp_mstamp_refresh, tcp_rcv_space_adjust } from './tcp_rcvbuf.ts';
import { __sk_flush_backlog, lock_sock, release_sock } from './tcp_release.ts';
import { seqOf } from './tcp_seq.ts';
import { tcp_receive_window, tcp_space_from_win } from './tcp_space.ts';
import {
  ICSK_ACK_PUSHED,
  ICSK_ACK_PUSHED2,
  ICSK_ACK_SCHED,
  RCV_SHUTDOWN,
  TCP_CLOSE,
  TCP_LISTEN,
  TCPHDR_FIN,
} from './tcp_states.ts';
import { __tcp_select_window } from './tcp_window.ts';

/// What a reader asks for in one call, bytes: the block of iperf3.
export const READ_BYTES = 131072;

export const MSG_PEEK = 2;
const EAGAIN = 11;
const ENOTCONN = 107;

/// Starts a reader's next call. False when it must sleep: too little has come, or the stream has ended.
export function startTcpRead(k: Kernel, c: Cpu, task: Task, sk: Sock, tp: TcpSock): boolean {
  // What the last call did beside copying is paid first.
  if (c.cursor_ns > k.now) {
    beginPiece(k, c, 0, 'process', STEP.RECVMSG);
    return true;
  }
  if (!readable(k, sk, tp)) {
    sk.waiting = sk.state !== TCP_CLOSE && !(sk.shutdown & RCV_SHUTDOWN);
    return false;
  }
  lock_sock(sk);
  task.phase = 1;
  beginPiece(k, c, callNs(tp), 'process', STEP.RECVMSG);
  return true;
}

/// The call has taken its time: its effects, and the backlog of what came meanwhile.
export function finishTcpRead(k: Kernel, c: Cpu, task: Task, sk: Sock, tp: TcpSock): void {
  task.phase = 0;
  c.cursor_ns = k.now - callNs(tp);
  takeStep(k, c, STEP.RECVMSG, sk.head, COSTS.recvmsg.ns);
  tcp_recvmsg_locked(k, c, sk, tp, READ_BYTES, 0);
  release_sock(k, c, sk, tp);
}

function readable(k: Kernel, sk: Sock, tp: TcpSock): boolean {
  return sk.head >= 0 && (tcp_epollin_ready(k, sk, tp, sk.rcvlowat) || atEnd(sk));
}

function atEnd(sk: Sock): boolean {
  return sk.state === TCP_CLOSE || (sk.shutdown & RCV_SHUTDOWN) !== 0;
}

function callNs(tp: TcpSock): number {
  return COSTS.recvmsg.ns + copyNs(Math.min(READ_BYTES, (tp.rcv_nxt - tp.copied_seq) >>> 0));
}

function copyNs(bytes: number): number {
  return Math.ceil((bytes * COSTS.copy_kib.ns) / 1024);
}

/// recvmsg() as a whole, at this moment: bytes copied, 0 at the end of the stream, or a negative
/// errno. net/ipv4/tcp.c:tcp_recvmsg()
export function tcp_recvmsg(k: Kernel, c: Cpu, sk: Sock, len: number, flags: number): number {
  const tp = sk.tcp;
  if (tp === null || sk.state === TCP_LISTEN) return -ENOTCONN;
  lock_sock(sk);
  const copied = tcp_recvmsg_locked(k, c, sk, tp, len, flags);
  release_sock(k, c, sk, tp);
  return copied;
}

/// Copies up to `len` bytes; with MSG_PEEK they stay. When the queue is empty and segments wait in the
/// backlog, those are worked off and copied too. net/ipv4/tcp.c:tcp_recvmsg_locked()
function tcp_recvmsg_locked(
  k: Kernel,
  c: Cpu,
  sk: Sock,
  tp: TcpSock,
  len: number,
  flags: number,
): number {
  const peek = (flags & MSG_PEEK) !== 0;
  const target = Math.min(sk.rcvlowat, len) || 1;
  let seq = tp.copied_seq;
  let copied = 0;
  let skb = sk.head;
  while (copied < len) {
    if (skb < 0) {
      if (sk.backlog_tail < 0 || (copied > 0 && copied < target)) break;
      __sk_flush_backlog(k, c, sk, tp);
      skb = peek ? behind(k, sk, seq) : sk.head;
      if (skb < 0) break;
      continue;
    }
    const offset = (seq - seqOf(k.skbs, skb)) >>> 0;
    const used = Math.min(k.skbs.payload[skb]! - offset, len - copied);
    const fin = (k.skbs.tcp_flags[skb]! & TCPHDR_FIN) !== 0;
    if (used > 0) {
      c.cursor_ns += copyNs(used);
      seq = (seq + used) >>> 0;
      copied += used;
      if (!peek) tp.copied_seq = seq;
      tcp_rcv_space_adjust(k, sk, tp);
      if (offset + used < k.skbs.payload[skb]!) break;
    }
    const next = k.skbs.next[skb]!;
    if (!peek) {
      if (fin) tp.copied_seq = (seq + 1) >>> 0;
      tcp_eat_recv_skb(k, c, sk, skb);
    }
    if (fin) break;
    skb = peek ? next : sk.head;
  }
  tcp_cleanup_rbuf(k, c, sk, tp, copied);
  if (!peek && copied > 0) {
    sk.received++;
    sk.received_bytes += copied;
  }
  return copied > 0 || atEnd(sk) ? copied : -EAGAIN;
}

/// The packet that holds `seq`; -1: it has not come.
function behind(k: Kernel, sk: Sock, seq: number): Skb {
  for (let skb = sk.head; skb >= 0; skb = k.skbs.next[skb]!)
    if ((seq - seqOf(k.skbs, skb)) >>> 0 < k.skbs.payload[skb]!) return skb;
  return -1;
}

/// The last byte of the first packet has been copied. net/ipv4/tcp.c:tcp_eat_recv_skb()
function tcp_eat_recv_skb(k: Kernel, c: Cpu, sk: Sock, skb: Skb): void {
  sk.head = k.skbs.next[skb]!;
  if (sk.head < 0) sk.tail = -1;
  sk.qlen--;
  sock_rfree(k, c, skb, sk);
  c.cursor_ns += COSTS.tcp_eat_recv_skb.ns;
  if (k.skbs.payload[skb] === 0) return consume_skb(k, skb);
  k.ledger.delivered += k.skbs.segs[skb]!;
  releaseSkb(k.skbs, skb);
}

/// An ACK from the reader: for the second segment, for the end of a write that it has emptied, or
/// because the window is at least twice what it was. net/ipv4/tcp.c:__tcp_cleanup_rbuf()
export function tcp_cleanup_rbuf(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock, copied: number): void {
  if (!ackDue(k, sk, tp, copied) && !windowOpens(k, sk, tp, copied)) return;
  tcp_mstamp_refresh(k, tp);
  tcp_send_ack(k, c, sk, tp);
}

function ackDue(k: Kernel, sk: Sock, tp: TcpSock, copied: number): boolean {
  const { pending, rcv_mss } = tp.icsk_ack;
  if (!(pending & ICSK_ACK_SCHED)) return false;
  if ((tp.rcv_nxt - tp.rcv_wup) >>> 0 > rcv_mss) return true;
  if (copied <= 0 || sk.rmem_alloc > 0) return false;
  return (
    (pending & ICSK_ACK_PUSHED2) !== 0 || ((pending & ICSK_ACK_PUSHED) !== 0 && !inPingpong(k, tp))
  );
}

function windowOpens(k: Kernel, sk: Sock, tp: TcpSock, copied: number): boolean {
  if (copied <= 0 || sk.shutdown & RCV_SHUTDOWN) return false;
  const current = tcp_receive_window(tp);
  if (2 * current > tp.window_clamp) return false;
  const window = __tcp_select_window(k, sk, tp);
  return window > 0 && window >= 2 * current;
}

/// SO_RCVLOWAT: the buffer grows with it unless it was set by hand.
/// net/ipv4/tcp.c:tcp_set_rcvlowat()
export function tcp_set_rcvlowat(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock, val: number): void {
  const locked = (sk.userlocks & SOCK_RCVBUF_LOCK) !== 0;
  const low = Math.min(val, (locked ? sk.rcvbuf : k.hot.tcp.rmem[2]!) >> 1);
  sk.rcvlowat = low || 1;
  tcp_data_ready(k, c, sk, tp);
  if (locked) return;
  const space = tcp_space_from_win(tp, low);
  if (space <= sk.rcvbuf) return;
  sk.rcvbuf = space;
  if (tp.window_clamp > 0 && tp.window_clamp < low) tp.window_clamp = low;
}
