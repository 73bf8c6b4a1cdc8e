/// Memory that sockets may use: a socket draws whole pages from its protocol, and the protocol has limits
/// for the whole host (net.ipv4.tcp_mem, net.ipv4.udp_mem).
/// Stands for the accounting in net/core/sock.c and include/net/sock.h, and for
/// tcp_enter_memory_pressure() in net/ipv4/tcp.c.
/// Each CPU keeps up to net.core.mem_pcpu_rsv pages to itself before the common counter moves, so the counter
/// lags behind, as on a real host.
/// Left out: memory control groups, SO_RESERVE_MEM.
import { jiffies } from './jiffies.ts';
import type { Cpu, Kernel, Sock } from './state.ts';

export const PAGE_SIZE = 4096;
const PAGE_SHIFT = 12;
export const SOCK_MIN_RCVBUF = 2304; // TCP_SKB_MIN_TRUESIZE: 2048 + aligned sk_buff
export const SOCK_MIN_SNDBUF = 2 * SOCK_MIN_RCVBUF;
export const SOCK_SNDBUF_LOCK = 1;
export const SOCK_RCVBUF_LOCK = 2;

export const SK_MEM_SEND = 0;
export const SK_MEM_RECV = 1;
export type MemKind = typeof SK_MEM_SEND | typeof SK_MEM_RECV;

/// Pages that hold so many bytes. include/net/sock.h:sk_mem_pages()
export function sk_mem_pages(bytes: number): number {
  return (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

/// Does the protocol count the memory of its sockets? include/net/sock.h:sk_has_account()
export function sk_has_account(sk: Sock): boolean {
  return sk.proto === 'tcp' || sk.proto === 'udp';
}

/// Adds pages to what the protocol has allocated. include/net/proto_memory.h:sk_memory_allocated_add()
export function sk_memory_allocated_add(k: Kernel, c: Cpu, sk: Sock, pages: number): void {
  if (sk.proto === 'tcp') {
    c.tcp_fw_alloc += pages;
    if (c.tcp_fw_alloc >= k.hot.mem_pcpu_rsv) drain(k, c, true);
  } else {
    c.udp_fw_alloc += pages;
    if (c.udp_fw_alloc >= k.hot.mem_pcpu_rsv) drain(k, c, false);
  }
}

/// Takes pages off again. include/net/proto_memory.h:sk_memory_allocated_sub()
export function sk_memory_allocated_sub(k: Kernel, c: Cpu, sk: Sock, pages: number): void {
  if (sk.proto === 'tcp') {
    c.tcp_fw_alloc -= pages;
    if (c.tcp_fw_alloc <= -k.hot.mem_pcpu_rsv) drain(k, c, true);
  } else {
    c.udp_fw_alloc -= pages;
    if (c.udp_fw_alloc <= -k.hot.mem_pcpu_rsv) drain(k, c, false);
  }
}

// proto_memory_pcpu_drain()
function drain(k: Kernel, c: Cpu, tcp: boolean): void {
  if (tcp) {
    k.tcp_memory_allocated += c.tcp_fw_alloc;
    c.tcp_fw_alloc = 0;
  } else {
    k.udp_memory_allocated += c.udp_fw_alloc;
    c.udp_fw_alloc = 0;
  }
}

/// Pages that the protocol of a socket has allocated, without what CPUs keep; never below 0.
/// include/net/proto_memory.h:sk_memory_allocated()
export function sk_memory_allocated(k: Kernel, sk: Sock): number {
  return Math.max(0, sk.proto === 'tcp' ? k.tcp_memory_allocated : k.udp_memory_allocated);
}

/// Is TCP under memory pressure? Other protocols never are.
/// include/net/proto_memory.h:sk_under_global_memory_pressure()
export function sk_under_global_memory_pressure(k: Kernel, sk: Sock): boolean {
  return sk.proto === 'tcp' && k.tcp_memory_pressure !== 0;
}

/// net/core/sock.c:sk_enter_memory_pressure(), net/ipv4/tcp.c:tcp_enter_memory_pressure()
export function sk_enter_memory_pressure(k: Kernel, sk: Sock): void {
  if (sk.proto !== 'tcp' || k.tcp_memory_pressure !== 0) return;
  k.tcp_memory_pressure = jiffies(k) || 1;
  k.mib.TcpExtTCPMemoryPressures = (k.mib.TcpExtTCPMemoryPressures ?? 0) + 1;
}

/// The time under pressure is added up in milliseconds.
/// net/core/sock.c:sk_leave_memory_pressure(), net/ipv4/tcp.c:tcp_leave_memory_pressure()
export function sk_leave_memory_pressure(k: Kernel, sk: Sock): void {
  if (sk.proto !== 'tcp' || k.tcp_memory_pressure === 0) return;
  const ms = Math.floor(((jiffies(k) - k.tcp_memory_pressure) * 1000) / k.desc.hz);
  k.mib.TcpExtTCPMemoryPressuresChrono = (k.mib.TcpExtTCPMemoryPressuresChrono ?? 0) + ms;
  k.tcp_memory_pressure = 0;
}

/// May the protocol allocate `amt` pages more for this socket, which wants `size` bytes of them?
/// Between the second and third limit it may if the socket has little, or less than its fair share.
/// net/core/sock.c:__sk_mem_raise_allocated()
export function __sk_mem_raise_allocated(
  k: Kernel,
  c: Cpu,
  sk: Sock,
  size: number,
  amt: number,
  kind: MemKind,
): boolean {
  const tcp = sk.proto === 'tcp';
  const { hot } = k;
  sk_memory_allocated_add(k, c, sk, amt);
  const allocated = sk_memory_allocated(k, sk);
  if (allocated <= (tcp ? hot.tcp_mem_min : hot.udp_mem_min)) {
    sk_leave_memory_pressure(k, sk);
    return true;
  }
  if (allocated > (tcp ? hot.tcp_mem_pressure : hot.udp_mem_pressure))
    sk_enter_memory_pressure(k, sk);
  const max = tcp ? hot.tcp_mem_max : hot.udp_mem_max;
  if (allocated <= max && (hasLittle(k, sk, kind) || hasFairShare(k, sk, max))) return true;
  return suppress(k, c, sk, size, amt, kind);
}

/// Below the protocol's smallest buffer a socket always gets memory (RFC 7323 needs some).
function hasLittle(k: Kernel, sk: Sock, kind: MemKind): boolean {
  const tcp = sk.proto === 'tcp';
  if (kind === SK_MEM_RECV) return sk.rmem_alloc < (tcp ? k.hot.tcp_rmem_min : k.hot.udp_rmem_min);
  return tcp ? sk.wmem_queued < k.hot.tcp_wmem_min : sk.wmem_alloc < k.hot.udp_wmem_min;
}

/// Under pressure a socket may grow while all of them at its size would fit below the limit.
function hasFairShare(k: Kernel, sk: Sock, max: number): boolean {
  if (sk.proto !== 'tcp') return false; // udp_prot has no memory_pressure
  if (!sk_under_global_memory_pressure(k, sk)) return true;
  const used = sk_mem_pages(sk.wmem_queued + sk.rmem_alloc + sk.forward_alloc);
  return max > Math.max(0, k.tcp_sockets_allocated) * used;
}

/// Refuses, and takes the pages back; a stream that is over its shrunken send buffer gets them all the
/// same, since its writer will wait.
function suppress(k: Kernel, c: Cpu, sk: Sock, size: number, amt: number, kind: MemKind): boolean {
  if (kind === SK_MEM_SEND && sk.proto === 'tcp') {
    sk_stream_moderate_sndbuf(sk);
    if (sk.wmem_queued + size >= sk.sndbuf) return true;
  }
  sk_memory_allocated_sub(k, c, sk, amt);
  return false;
}

/// include/net/sock.h:sk_stream_moderate_sndbuf()
function sk_stream_moderate_sndbuf(sk: Sock): void {
  if (sk.userlocks & SOCK_SNDBUF_LOCK) return;
  sk.sndbuf = Math.max(Math.min(sk.sndbuf, sk.wmem_queued >> 1), SOCK_MIN_SNDBUF);
}

/// Allocates whole pages for `size` bytes. net/core/sock.c:__sk_mem_schedule()
export function __sk_mem_schedule(
  k: Kernel,
  c: Cpu,
  sk: Sock,
  size: number,
  kind: MemKind,
): boolean {
  const amt = sk_mem_pages(size);
  sk.forward_alloc += amt * PAGE_SIZE;
  if (__sk_mem_raise_allocated(k, c, sk, size, amt, kind)) return true;
  sk.forward_alloc -= amt * PAGE_SIZE;
  return false;
}

/// Is there memory for a received packet of that truesize? include/net/sock.h:sk_rmem_schedule()
export function sk_rmem_schedule(k: Kernel, c: Cpu, sk: Sock, size: number): boolean {
  if (!sk_has_account(sk)) return true;
  const delta = size - sk.forward_alloc;
  return delta <= 0 || __sk_mem_schedule(k, c, sk, delta, SK_MEM_RECV);
}

/// net/core/sock.c:__sk_mem_reduce_allocated()
export function __sk_mem_reduce_allocated(k: Kernel, c: Cpu, sk: Sock, pages: number): void {
  sk_memory_allocated_sub(k, c, sk, pages);
  if (
    sk_under_global_memory_pressure(k, sk) &&
    sk_memory_allocated(k, sk) < (sk.proto === 'tcp' ? k.hot.tcp_mem_min : k.hot.udp_mem_min)
  )
    sk_leave_memory_pressure(k, sk);
}

/// Gives whole pages of the socket's reserve back. net/core/sock.c:__sk_mem_reclaim()
export function __sk_mem_reclaim(k: Kernel, c: Cpu, sk: Sock, bytes: number): void {
  const pages = bytes >> PAGE_SHIFT;
  sk.forward_alloc -= pages * PAGE_SIZE;
  __sk_mem_reduce_allocated(k, c, sk, pages);
}

/// include/net/sock.h:sk_mem_reclaim()
export function sk_mem_reclaim(k: Kernel, c: Cpu, sk: Sock): void {
  if (sk_has_account(sk) && sk.forward_alloc >= PAGE_SIZE)
    __sk_mem_reclaim(k, c, sk, sk.forward_alloc);
}

/// include/net/sock.h:sk_mem_charge()
export function sk_mem_charge(sk: Sock, size: number): void {
  if (sk_has_account(sk)) sk.forward_alloc -= size;
}

/// include/net/sock.h:sk_mem_uncharge()
export function sk_mem_uncharge(k: Kernel, c: Cpu, sk: Sock, size: number): void {
  if (!sk_has_account(sk)) return;
  sk.forward_alloc += size;
  sk_mem_reclaim(k, c, sk);
}

/// A packet's memory is charged to the socket. include/net/sock.h:skb_set_owner_r()
export function skb_set_owner_r(k: Kernel, skb: number, sk: Sock): void {
  const truesize = k.skbs.truesize[skb]!;
  sk.rmem_alloc += truesize;
  sk_mem_charge(sk, truesize);
}

/// And given back when the packet leaves the socket. net/core/sock.c:sock_rfree()
export function sock_rfree(k: Kernel, c: Cpu, skb: number, sk: Sock): void {
  const truesize = k.skbs.truesize[skb]!;
  sk.rmem_alloc -= truesize;
  sk_mem_uncharge(k, c, sk, truesize);
}
