/// The states of a connection, its first buffers, its count of segments, and its end by a reset.
/// Stands for tcp_set_state() and tcp_done() (net/ipv4/tcp.c), tcp_init_transfer() and tcp_reset()
/// (net/ipv4/tcp_input.c).
/// Left out: congestion control, metrics of earlier connections, path MTU discovery, fast open,
/// keepalive, orphans.
import { sock_def_readable } from '../sock.ts';
import { FLAG_GSO } from '../skb.ts';
import type { Cpu, Kernel, Skb, Sock, TcpSock } from '../state.ts';
import { inet_unhash, sockEntry } from './inet_hashtables.ts';
import { tcp_init_buffer_space } from './tcp_rcvbuf.ts';
import {
  RCV_SHUTDOWN,
  SEND_SHUTDOWN,
  TCP_CLOSE,
  TCP_CLOSE_WAIT,
  TCP_ESTABLISHED,
  TCP_INIT_CWND,
  TCP_SYN_RECV,
} from './tcp_states.ts';
import { stopCompressedAck, stopDelack } from './tcp_timer_state.ts';

const ECONNRESET = 104;
const EPIPE = 32;

/// Buffers of a connection that has just been established. net/ipv4/tcp_input.c:tcp_init_transfer()
export function tcp_init_transfer(k: Kernel, sk: Sock, tp: TcpSock): void {
  tp.snd_cwnd = TCP_INIT_CWND;
  tcp_init_buffer_space(k, sk, tp);
}

/// Counts segments, each one that was merged. include/net/tcp.h:tcp_segs_in()
export function tcp_segs_in(k: Kernel, tp: TcpSock, skb: Skb): void {
  const segs = k.skbs.flags[skb]! & FLAG_GSO ? k.skbs.segs[skb]! : 1;
  tp.segs_in += segs;
  if (k.skbs.payload[skb]! > 0) tp.data_segs_in += segs;
}

/// Another state, with the counters that follow it. net/ipv4/tcp.c:tcp_set_state()
export function tcp_set_state(k: Kernel, sk: Sock, state: number): void {
  const old = sk.state;
  const lived = old === TCP_ESTABLISHED || old === TCP_CLOSE_WAIT;
  if (state === TCP_ESTABLISHED) {
    if (old !== TCP_ESTABLISHED) k.mib.TcpCurrEstab++;
  } else if (state === TCP_CLOSE_WAIT) {
    if (old === TCP_SYN_RECV) k.mib.TcpCurrEstab++;
  } else {
    if (lived) k.mib.TcpCurrEstab--;
    if (state === TCP_CLOSE) {
      if (lived) k.mib.TcpEstabResets++;
      unhash(k, sk);
    }
  }
  sk.state = state;
}

function unhash(k: Kernel, sk: Sock): void {
  if (!sk.hashed || sk.tcp === null) return;
  inet_unhash(k, sockEntry(sk.tcp.index));
  sk.hashed = false;
  k.flows.sock[sk.flow] = -2;
}

/// The connection is over. net/ipv4/tcp.c:tcp_done()
export function tcp_done(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock): void {
  if (sk.state === TCP_SYN_RECV) k.mib.TcpAttemptFails = (k.mib.TcpAttemptFails ?? 0) + 1;
  tcp_set_state(k, sk, TCP_CLOSE);
  stopDelack(k, tp);
  stopCompressedAck(k, tp);
  sk.shutdown = RCV_SHUTDOWN | SEND_SHUTDOWN;
  if (sk.waiting) sock_def_readable(k, c, sk);
}

/// The other end has reset the connection. net/ipv4/tcp_input.c:tcp_reset()
export function tcp_reset(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock): void {
  if (sk.state === TCP_CLOSE) return;
  sk.err = sk.state === TCP_CLOSE_WAIT ? EPIPE : ECONNRESET;
  tcp_done(k, c, sk, tp);
}
