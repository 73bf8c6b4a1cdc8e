/// The lock of a socket that a task holds, and what is made up for when it lets go.
/// Stands for lock_sock(), release_sock(), __release_sock() and __sk_flush_backlog() in
/// net/core/sock.c and for tcp_release_cb() in net/ipv4/tcp_output.c.
/// Left out: waiting for the lock: one task at a time uses a connection here.
import type { Cpu, Kernel, Sock, TcpSock } from '../state.ts';
import { connectionReceives } from './tcp_rcv.ts';
import { tcp_send_ack } from './tcp_output.ts';
import { ICSK_ACK_SCHED } from './tcp_states.ts';
import { tcp_delack_timer_handler } from './tcp_timer.ts';
import { TCP_ACK_DEFERRED, TCP_DELACK_TIMER_DEFERRED } from './tcp_timer_state.ts';

/// A task begins a system call on the socket: segments go to the backlog from now on.
export function lock_sock(sk: Sock): void {
  if (sk.owned) throw new Error(`socket of port ${sk.port} is locked twice`);
  sk.owned = true;
}

/// It lets go: the backlog is worked off first.
export function release_sock(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock): void {
  __sk_flush_backlog(k, c, sk, tp);
  sk.owned = false;
}

/// Works off the backlog and what was put off, without letting go.
export function __sk_flush_backlog(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock): void {
  if (sk.backlog_tail >= 0) __release_sock(k, c, sk);
  tcp_release_cb(k, c, sk, tp);
}

function __release_sock(k: Kernel, c: Cpu, sk: Sock): void {
  while (sk.backlog_head >= 0) {
    const skb = sk.backlog_head;
    sk.backlog_head = k.skbs.next[skb]!;
    if (sk.backlog_head < 0) sk.backlog_tail = -1;
    connectionReceives(k, c, sk, skb);
  }
  // Only now, so that a fast sender cannot keep the task here for ever.
  sk.backlog_len = 0;
}

function tcp_release_cb(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock): void {
  const { deferred } = tp;
  if (deferred === 0) return;
  tp.deferred = 0;
  if (deferred & TCP_DELACK_TIMER_DEFERRED) tcp_delack_timer_handler(k, c, sk, tp);
  if (deferred & TCP_ACK_DEFERRED && tp.icsk_ack.pending & ICSK_ACK_SCHED)
    tcp_send_ack(k, c, sk, tp);
}
