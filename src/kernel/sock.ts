/// Sockets: their buffers, who may bind where, and waking who waits on them.
/// Stands for net/core/sock.c, and bind(), connect() and close() in net/ipv4/af_inet.c and net/ipv4/udp.c.
/// What a socket is charged for its packets: sock_mem.ts.
/// Left out: sending; options other than those that decide where packets go and how many may wait.
import { address6 } from './address.ts';
import { done, fails, type Result } from './errno.ts';
import { addressNumber } from './flows.ts';
import { kfree_skb_reason } from './ledger.ts';
import { disableStamps } from './net_timestamp.ts';
import { REASON } from './reasons.ts';
import {
  __sk_mem_reduce_allocated,
  PAGE_SIZE,
  sk_rmem_schedule,
  SOCK_MIN_RCVBUF,
  SOCK_MIN_SNDBUF,
  SOCK_RCVBUF_LOCK,
} from './sock_mem.ts';
import { reuseport_add_sock, reuseport_alloc, reuseport_detach_sock } from './sock_reuseport.ts';
import type { Cpu, Kernel, Sock } from './state.ts';
import { sharesPort } from './tcp/inet_hashtables.ts';
import { TCP_CLOSE, TCP_ESTABLISHED, TCP_LISTEN } from './tcp/tcp_states.ts';
import { STEP } from './tracing.ts';

export { PAGE_SIZE, SOCK_MIN_RCVBUF, SOCK_MIN_SNDBUF } from './sock_mem.ts';
export { sock_def_readable } from './sock_wait.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const IN6ADDR_ANY = '::';
const LOOPBACK4_IPV6 = 0x7f00_0006; // rcv_saddr of a socket that has an IPv6 address
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

/// A socket of that protocol, bound nowhere, with that sk_rcvbuf; `reader` is the index of the task that
/// made it.
export function createSock(
  k: Kernel,
  reader: number,
  port: number,
  rcvbuf: number,
  proto: Sock['proto'] = 'udp',
): Sock {
  return {
    ino: 4101 + k.socks.length,
    cookie: 0,
    proto,
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
    waits: null,
    family: 2,
    ipv6only: false,
    state: 7,
    peer: '',
    peer_port: 0,
    rcv_saddr: 0,
    daddr: 0,
    bound_dev: 0,
    rxhash: 0,
    flow: -1,
    sndbuf: Number(k.sysctl['net.core.wmem_default']),
    userlocks: 0,
    rcvlowat: 1,
    shutdown: 0,
    err: 0,
    reuse: false,
    reuseport: false,
    incoming_cpu: -1,
    tx_queue: -1,
    napi_id: 0,
    ll_usec: k.hot.busy_read,
    prefer_busy_poll: false,
    busy_poll_budget: 0,
    owned: false,
    backlog_head: -1,
    backlog_tail: -1,
    backlog_len: 0,
    tcp: null,
    listen: null,
    accept: null,
    reuseport_cb: -1,
    hashed: false,
    mapped: false,
    gro_enabled: false,
    ehash_next: -1,
    wmem_queued: 0,
    wmem_alloc: 0,
    min_ttl: 0,
    protocol: 0,
    icmp_filter: 0,
    copies: [],
    created: k.now,
    stamps: null,
  };
}

/// What an application asks for before it binds.
export interface BindOptions {
  readonly address?: string; // 0.0.0.0; * and :: are any address of both families
  readonly v6only?: boolean; // IPV6_V6ONLY; net.ipv6.bindv6only
  readonly rcvbuf?: number; // SO_RCVBUF, bytes; 0: net.core.rmem_default
  readonly device?: string; // SO_BINDTODEVICE
  readonly reuseport?: boolean; // SO_REUSEPORT
  readonly reuse?: boolean; // SO_REUSEADDR
  readonly incoming_cpu?: number; // SO_INCOMING_CPU
}

/// Sets what bind() and the options before it set. ENODEV: no such device.
export function applyOptions(k: Kernel, sk: Sock, options: BindOptions): Result {
  const { device } = options;
  const dev = device === undefined ? null : k.devs.find((one) => one.name === device);
  if (dev === undefined) return fails('ENODEV');
  setLocal(k, sk, options.address ?? '0.0.0.0', options.v6only);
  sk.bound_dev = dev?.ifindex ?? 0;
  sk.reuseport = options.reuseport ?? false;
  sk.reuse = options.reuse ?? false;
  sk.incoming_cpu = options.incoming_cpu ?? -1;
  if ((options.rcvbuf ?? 0) > 0) {
    sk.rcvbuf = sockRcvbuf(options.rcvbuf!, k.hot.rmem_max);
    sk.userlocks |= SOCK_RCVBUF_LOCK;
    sk.forward_threshold = sk.rcvbuf >> 2;
  }
  return done;
}

/// The address and the family that follows from it. An IPv6 socket on :: takes IPv4 too, unless it is told
/// not to. net/ipv6/af_inet6.c:__inet6_bind()
export function setLocal(k: Kernel, sk: Sock, address: string, v6only: boolean | undefined): void {
  sk.local = address === '*' ? IN6ADDR_ANY : (address6(address) ?? address);
  sk.family = sk.local.includes(':') ? AF_INET6 : AF_INET;
  const any = sk.local === IN6ADDR_ANY;
  const asked = v6only ?? k.sysctl['net.ipv6.bindv6only'] === '1';
  sk.ipv6only = sk.family === AF_INET6 && (!any || asked);
  if (sk.family === AF_INET) sk.rcv_saddr = addressNumber(sk.local);
  else sk.rcv_saddr = any ? 0 : LOOPBACK4_IPV6;
}

/// Do the addresses of two sockets keep them apart? net/ipv4/inet_connection_sock.c:inet_rcv_saddr_equal()
function apart(a: Sock, b: Sock): boolean {
  if (a.family === AF_INET6 && b.family === AF_INET6)
    return a.local !== b.local && a.local !== IN6ADDR_ANY && b.local !== IN6ADDR_ANY;
  if (a.ipv6only || b.ipv6only) return true;
  return a.rcv_saddr !== 0 && b.rcv_saddr !== 0 && a.rcv_saddr !== b.rcv_saddr;
}

/// Is the address taken by another socket? Two may share it with SO_REUSEPORT and one owner, or with
/// SO_REUSEADDR where neither listens. net/ipv4/udp.c:udp_lib_lport_inuse(),
/// net/ipv4/inet_connection_sock.c:inet_csk_bind_conflict()
export function bindConflict(k: Kernel, sk: Sock): boolean {
  const uid = (one: Sock): number => k.tasks[one.reader]?.uid ?? 0;
  return k.socks.some((other) => {
    if (other === sk || other.proto !== sk.proto || other.port !== sk.port) return false;
    if (other.task === 0 || other.state === TCP_ESTABLISHED) return false;
    if (other.bound_dev && sk.bound_dev && other.bound_dev !== sk.bound_dev) return false;
    if (apart(sk, other) || (sk.reuse && other.reuse && other.state !== TCP_LISTEN)) return false;
    return !(sk.reuseport && other.reuseport && uid(sk) === uid(other));
  });
}

/// Binds a UDP socket on 0.0.0.0:port for the task of that index, and returns its index. `rcvbuf`
/// is what SO_RCVBUF asks for; 0: net.core.rmem_default. The address must be free.
export function bindUdp(k: Kernel, reader: number, port: number, rcvbuf: number): number {
  const index = openUdp(k, reader, port, { rcvbuf });
  if (typeof index === 'string') throw new Error(`UDP port ${port}: ${index}`);
  return index;
}

/// Makes a UDP socket and binds it: its index, or why not. EADDRINUSE, ENODEV.
export function openUdp(
  k: Kernel,
  reader: number,
  port: number,
  options: BindOptions,
): number | 'EADDRINUSE' | 'ENODEV' {
  const sk = createSock(k, reader, port, k.hot.rmem_default);
  if (!applyOptions(k, sk, options).ok) return 'ENODEV';
  if (bindConflict(k, sk)) return 'EADDRINUSE';
  const index = k.socks.push(sk) - 1;
  udp_lib_get_port(k, index);
  return index;
}

/// The socket becomes visible to packets. net/ipv4/udp.c:udp_lib_get_port()
function udp_lib_get_port(k: Kernel, index: number): void {
  const sk = k.socks[index]!;
  if (sk.reuseport) {
    const other = k.udp_table.find((one) => sharesPort(k, k.socks[one]!, sk));
    if (other === undefined) reuseport_alloc(k, index);
    else reuseport_add_sock(k, index, other);
  }
  k.udp_table.unshift(index);
  sk.hashed = true;
  k.flows.sock.fill(-2);
}

/// Connects a UDP socket: only that sender's datagrams reach it from now on.
/// net/ipv4/datagram.c:__ip4_datagram_connect()
export function connectUdp(
  k: Kernel,
  sk: Sock,
  local: string,
  address: string,
  port: number,
): void {
  if (sk.rcv_saddr === 0) {
    sk.local = local;
    sk.rcv_saddr = addressNumber(local);
  }
  sk.peer = address;
  sk.daddr = addressNumber(address);
  sk.peer_port = port;
  sk.state = TCP_ESTABLISHED;
  if (sk.reuseport_cb >= 0) k.reuseports[sk.reuseport_cb]!.has_conns = true;
  k.flows.sock.fill(-2);
}

/// Closes a UDP or raw socket: what it still holds is dropped.
export function closeSock(k: Kernel, sk: Sock): void {
  if (sk.stamps !== null) disableStamps(k, sk);
  const c = k.cpus[k.tasks[sk.reader]?.cpu ?? 0]!;
  const index = k.socks.indexOf(sk);
  for (const head of [sk.reader_head, sk.head])
    for (let skb = head; skb >= 0;) {
      const next = k.skbs.next[skb]!;
      kfree_skb_reason(k, c, skb, REASON.NOT_SPECIFIED, STEP.RECVMSG);
      skb = next;
    }
  sk.head = sk.tail = sk.reader_head = sk.reader_tail = -1;
  sk.qlen = sk.reader_qlen = 0;
  sk.copies = [];
  if (sk.proto === 'udp') {
    const bytes = sk.rmem_alloc + sk.forward_alloc;
    __sk_mem_reduce_allocated(k, c, sk, Math.ceil(bytes / PAGE_SIZE));
  }
  sk.rmem_alloc = sk.forward_alloc = sk.forward_deficit = 0;
  reuseport_detach_sock(k, index);
  k.udp_table = k.udp_table.filter((one) => one !== index);
  k.raw_table = k.raw_table.filter((one) => one !== index);
  sk.hashed = false;
  sk.state = TCP_CLOSE;
  sk.task = 0;
  k.flows.sock.fill(-2);
}

export const ENOMEM = -12;
export const ENOBUFS = -105;

/// Charges a packet of that truesize to a generic receive queue: 0, ENOMEM when what is charged has reached
/// the buffer, ENOBUFS when the protocol has no memory left. The caller queues it.
/// net/core/sock.c:__sock_queue_rcv_skb()
export function __sock_queue_rcv_skb(k: Kernel, c: Cpu, sk: Sock, truesize: number): number {
  if (sk.rmem_alloc >= sk.rcvbuf) {
    sk.drops++;
    return ENOMEM;
  }
  if (!sk_rmem_schedule(k, c, sk, truesize)) {
    sk.drops++;
    return ENOBUFS;
  }
  sk.rmem_alloc += truesize;
  return 0;
}
