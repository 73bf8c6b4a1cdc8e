/// Sockets: their buffers, the memory they are allowed, and waking who waits on them.
/// Stands for net/core/sock.c, and bind() and close() of a UDP socket.
/// Left out: send side, options other than the buffers, memory pressure callbacks, cgroups.
import { COSTS } from './costs.ts';
import { kfree_skb_reason } from './ledger.ts';
import { REASON } from './reasons.ts';
import { wakeUp } from './sched/wake.ts';
import type { Cpu, Kernel, Sock } from './state.ts';
import { STEP, takeStep } from './tracing.ts';

export const PAGE_SIZE = 4096;
export const SOCK_MIN_RCVBUF = 2304; // TCP_SKB_MIN_TRUESIZE: 2048 + aligned sk_buff
export const SOCK_MIN_SNDBUF = 2 * SOCK_MIN_RCVBUF;
const INT_MAX = 0x7fff_ffff;

/// sk_rcvbuf after SO_RCVBUF: capped by net.core.rmem_max, doubled, at least SOCK_MIN_RCVBUF.
/// Negative values are huge unsigned ones to the cap. net/core/sock.c:sk_setsockopt()
export function sockRcvbuf(value: number, rmem_max: number): number {
  return __sock_set_rcvbuf(Math.min(value >>> 0, rmem_max));
}

/// The same without the cap, as SO_RCVBUFFORCE does it.
export function sockRcvbufForce(value: number): number {
  return __sock_set_rcvbuf(Math.max(value, 0));
}

/// sk_sndbuf after SO_SNDBUF.
export function sockSndbuf(value: number, wmem_max: number): number {
  return sndbuf(Math.min(value >>> 0, wmem_max));
}

/// sk_sndbuf after SO_SNDBUFFORCE.
export function sockSndbufForce(value: number): number {
  return sndbuf(Math.max(value, 0));
}

function __sock_set_rcvbuf(value: number): number {
  return Math.max(Math.min(value, INT_MAX >> 1) * 2, SOCK_MIN_RCVBUF);
}

function sndbuf(value: number): number {
  return Math.max(Math.min(value, INT_MAX >> 1) * 2, SOCK_MIN_SNDBUF);
}

/// Binds a UDP socket on 0.0.0.0:port for the task of that index, and returns its index. `rcvbuf`
/// is what SO_RCVBUF asks for; 0: net.core.rmem_default.
export function bindUdp(k: Kernel, reader: number, port: number, rcvbuf: number): number {
  const size = rcvbuf > 0 ? sockRcvbuf(rcvbuf, k.hot.rmem_max) : k.hot.rmem_default;
  const index = k.socks.push(createSock(k, reader, port, size)) - 1;
  k.flows.sock.fill(-2);
  return index;
}

/// A UDP socket with that sk_rcvbuf.
export function createSock(k: Kernel, reader: number, port: number, rcvbuf: number): Sock {
  return {
    ino: 4101 + k.socks.length,
    proto: 'udp',
    local: '0.0.0.0',
    port,
    task: k.tasks[reader]?.pid ?? 0,
    reader,
    rcvbuf,
    rmem_alloc: 0,
    forward_alloc: 0,
    forward_deficit: 0,
    // Set when the socket is made, from the default buffer; SO_RCVBUF updates it.
    forward_threshold: rcvbuf >> 2,
    head: -1,
    tail: -1,
    qlen: 0,
    reader_head: -1,
    reader_tail: -1,
    reader_qlen: 0,
    drops: 0,
    received: 0,
    received_bytes: 0,
    waiting: false,
  };
}

/// Raises what the protocol has allocated by whole pages, if udp_mem allows; the socket may use it.
/// net/core/sock.c:__sk_mem_raise_allocated()
export function __sk_mem_raise_allocated(k: Kernel, sk: Sock, bytes: number): boolean {
  const pages = Math.ceil(bytes / PAGE_SIZE);
  const allocated = k.udp_memory_allocated + pages;
  const small = sk.rmem_alloc < k.hot.udp_rmem_min;
  if (allocated > k.hot.udp_mem_max || (allocated > k.hot.udp_mem_pressure && !small)) return false;
  k.udp_memory_allocated = allocated;
  sk.forward_alloc += pages * PAGE_SIZE;
  return true;
}

/// net/core/sock.c:__sk_mem_reduce_allocated()
export function __sk_mem_reduce_allocated(k: Kernel, pages: number): void {
  k.udp_memory_allocated -= pages;
}

/// Wakes the task that waits in recvmsg(). net/core/sock.c:sock_def_readable()
export function sock_def_readable(k: Kernel, c: Cpu, sk: Sock): void {
  sk.waiting = false;
  takeStep(k, c, STEP.WAKE, -1, COSTS.sock_def_readable.ns);
  wakeUp(k, c, sk.reader);
}

/// Closes a socket: what it still holds is dropped.
export function closeSock(k: Kernel, sk: Sock): void {
  const c = k.cpus[k.tasks[sk.reader]?.cpu ?? 0]!;
  for (const head of [sk.reader_head, sk.head])
    for (let skb = head; skb >= 0;) {
      const next = k.skbs.next[skb]!;
      kfree_skb_reason(k, c, skb, REASON.SOCKET_CLOSE, STEP.RECVMSG);
      skb = next;
    }
  sk.head = sk.tail = sk.reader_head = sk.reader_tail = -1;
  sk.qlen = sk.reader_qlen = 0;
  const bytes = sk.rmem_alloc + sk.forward_alloc;
  __sk_mem_reduce_allocated(k, Math.ceil(bytes / PAGE_SIZE));
  sk.rmem_alloc = sk.forward_alloc = sk.forward_deficit = 0;
  sk.task = 0;
  k.flows.sock.fill(-2);
}

/// A generic receive queue: refused when what is charged has reached the buffer.
/// net/core/sock.c:__sock_queue_rcv_skb()
export function __sock_queue_rcv_skb(sk: Sock, truesize: number): boolean {
  if (sk.rmem_alloc >= sk.rcvbuf) {
    sk.drops++;
    return false;
  }
  sk.rmem_alloc += truesize;
  return true;
}
