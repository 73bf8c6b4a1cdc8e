/// What an application sets on its sockets before it reads, and which wishes no program could have.
/// Stands for the parts of sk_setsockopt() (net/core/sock.c) about reading.
/// Left out: options that change nothing here.
import { ep_eventpoll_bp_ioctl } from './busy_poll.ts';
import { createEpoll } from './epoll.ts';
import { done, fails, type Result } from './errno.ts';
import type { AppDescription, EpollOptions, ReadOptions } from './host.ts';
import { sock_enable_timestamp } from './net_timestamp.ts';
import { SOCK_RCVBUF_LOCK } from './sock_mem.ts';
import type { Kernel, ReadPlan, Sock } from './state.ts';
import { setUdpGro } from './udp_segment.ts';

/// SO_BUSY_POLL, us. EINVAL below 0. net/core/sock.c:sk_setsockopt()
export function setBusyPoll(sk: Sock, usecs: number): Result {
  if (usecs < 0) return fails('EINVAL');
  sk.ll_usec = usecs;
  return done;
}

/// SO_PREFER_BUSY_POLL. EPERM: only with CAP_NET_ADMIN.
export function setPreferBusyPoll(sk: Sock, on: boolean, admin: boolean): Result {
  if (on && !admin) return fails('EPERM');
  sk.prefer_busy_poll = on;
  return done;
}

/// SO_BUSY_POLL_BUDGET, packets. EPERM: raised without CAP_NET_ADMIN; EINVAL: not 0 to 65535.
export function setBusyPollBudget(sk: Sock, budget: number, admin: boolean): Result {
  if (budget > sk.busy_poll_budget && !admin) return fails('EPERM');
  if (budget < 0 || budget > 0xffff) return fails('EINVAL');
  sk.busy_poll_budget = budget;
  return done;
}

/// SO_RCVLOWAT before a connection exists; those that come of a listener inherit it, and a buffer that
/// holds it. net/ipv4/tcp.c:tcp_set_rcvlowat()
function setRcvlowat(k: Kernel, sk: Sock, value: number): void {
  if (sk.proto !== 'tcp') {
    sk.rcvlowat = value || 1;
    return;
  }
  const locked = (sk.userlocks & SOCK_RCVBUF_LOCK) !== 0;
  const low = Math.min(value, (locked ? sk.rcvbuf : k.hot.tcp.rmem[2]!) >> 1);
  sk.rcvlowat = low || 1;
  // A new socket takes half of its buffer for payload.
  if (!locked) sk.rcvbuf = Math.max(sk.rcvbuf, 2 * low);
}

/// Sets the options of one socket. What is refused stays as it was, and the program goes on.
export function setReadOptions(k: Kernel, sk: Sock, want: ReadOptions, admin: boolean): void {
  if (want.rcvlowat !== undefined) setRcvlowat(k, sk, want.rcvlowat);
  if (want.udp_gro) setUdpGro(k, sk, true);
  if (want.timestamps) sock_enable_timestamp(k, sk, want.timestamps.kind, want.timestamps.keep);
  if (want.busy_poll !== undefined) setBusyPoll(sk, want.busy_poll);
  if (want.prefer_busy_poll) setPreferBusyPoll(sk, true, admin);
  if (want.busy_poll_budget !== undefined) setBusyPollBudget(sk, want.busy_poll_budget, admin);
}

/// An epoll instance as the application wants it: its index.
export function makeEpoll(k: Kernel, want: EpollOptions, admin: boolean): number {
  const epoll = createEpoll(k);
  const { busy_poll_usecs = 0, busy_poll_budget = 0, prefer_busy_poll = false } = want;
  ep_eventpoll_bp_ioctl(
    k.epolls[epoll]!,
    ...([busy_poll_usecs, busy_poll_budget, prefer_busy_poll, admin] as const),
  );
  return epoll;
}

/// How a thread reads; null: one recvmsg() after the other.
export function planOf(want: ReadOptions, epoll: number): ReadPlan | null {
  if (epoll < 0 && (want.batch ?? 1) === 1 && !want.peek) return null;
  return {
    ...{ batch: want.batch ?? 1, taken: 0, peek: want.peek ?? false, peeked: false, epoll },
    max_events: want.epoll?.max_events ?? 64,
    timeout_ns: (want.epoll?.timeout_ms ?? Infinity) * 1_000_000,
    ...{ stage: 0, timed_out: false, events: [] },
  };
}

/// What is wrong with the wishes of an application; null: nothing.
export function readFault(app: AppDescription, cpus: number): string | null {
  const { threads = 1, thread_cpus, nice = 0, batch = 1, epoll, proto } = app;
  const isCpu = (cpu: number): boolean => Number.isInteger(cpu) && cpu >= 0 && cpu < cpus;
  if (!(Number.isInteger(threads) && threads >= 1)) return `threads: ${threads}`;
  if (thread_cpus && (thread_cpus.length !== threads || !thread_cpus.every(isCpu)))
    return `thread_cpus: ${thread_cpus.join()} for ${threads} threads on ${cpus} CPUs`;
  if (app.cpus && (app.cpus.length === 0 || !app.cpus.every(isCpu)))
    return `cpus: ${app.cpus.join()}`;
  if (!(Number.isInteger(nice) && nice >= -20 && nice <= 19)) return `nice: ${nice}`;
  if (!(Number.isInteger(batch) && batch >= 1 && batch <= 1024)) return `batch: ${batch}`;
  if (app.incoming_cpu_each && (!thread_cpus || !app.reuseport))
    return 'incoming_cpu_each: needs thread_cpus and reuseport';
  if (app.user !== 'root' && (app.prefer_busy_poll || nice < 0 || app.busy_poll_budget))
    return `user: ${app.user} may not ask for that`;
  if (proto === 'tcp') return tcpFault(app, threads);
  return epoll?.edge && epoll.shared && threads > 1 && batch > 1
    ? 'epoll: edge-triggered batches by several threads are not modelled'
    : null;
}

/// A connection has one reader at a time here.
function tcpFault(app: AppDescription, threads: number): string | null {
  if (app.batch !== undefined || app.peek || app.udp_gro)
    return 'batch, peek, udp_gro: for UDP only';
  if (app.epoll?.shared && threads > 1)
    return 'epoll: connections of several threads on one instance are not modelled';
  return threads > 1 && !app.epoll && !app.reuseport
    ? 'threads: several that wait in accept() of one listener are not modelled'
    : null;
}
