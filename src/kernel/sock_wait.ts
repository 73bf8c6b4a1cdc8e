/// Waiting on a socket, and being woken: its wait queue, and what an epoll instance that watches it does.
/// Stands for sock_def_readable() in net/core/sock.c, __wake_up_common() in kernel/sched/wait.c, and
/// ep_poll_callback() in fs/eventpoll.c.
/// A socket that only one task ever waits on has no queue: Sock.waiting says that this task sleeps.
/// Left out: waiting to write, asynchronous signals (SIGIO), epoll instances inside epoll instances.
import { COSTS } from './costs.ts';
import { wakeUp } from './sched/wake.ts';
import type { Cpu, Epoll, EpItem, Kernel, Sock, WaitEntry } from './state.ts';
import { STEP, takeStep } from './tracing.ts';

/// Tells those who wait that there is something to read. net/core/sock.c:sock_def_readable()
export function sock_def_readable(k: Kernel, c: Cpu, sk: Sock): void {
  takeStep(k, c, STEP.WAKE, -1, COSTS.sock_def_readable.ns);
  if (sk.waits === null) {
    sk.waiting = false;
    wakeUp(k, c, sk.reader);
    return;
  }
  wakeWaiters(k, c, sk.waits);
  sk.waiting = sk.waits.length > 0;
}

/// Wakes all from the front of the queue up to and including the first exclusive one. A task leaves the
/// queue, an epoll instance stays. kernel/sched/wait.c:__wake_up_common(), with one exclusive waiter
function wakeWaiters(k: Kernel, c: Cpu, waits: WaitEntry[]): void {
  for (const entry of [...waits]) {
    const woken = entry.epoll >= 0 ? ep_poll_callback(k, c, entry) : wakeTask(k, c, waits, entry);
    if (woken && entry.exclusive) return;
  }
}

/// autoremove_wake_function(): false when the task is awake already.
function wakeTask(k: Kernel, c: Cpu, waits: WaitEntry[], entry: WaitEntry): boolean {
  if (k.tasks[entry.task]!.state !== 'sleeping') return false;
  waits.splice(waits.indexOf(entry), 1);
  wakeUp(k, c, entry.task);
  return true;
}

/// The task is about to sleep until something comes: prepare_to_wait_exclusive(), with which every reader
/// waits, so that one datagram wakes one of them.
export function waitExclusive(sk: Sock, task: number): void {
  sk.waiting = true;
  if (sk.waits !== null) sk.waits.push({ task, epoll: -1, sock: -1, exclusive: true });
}

/// An epoll instance begins to watch: in front of all others, or with EPOLLEXCLUSIVE behind them.
/// fs/eventpoll.c:ep_ptable_queue_proc()
export function ep_ptable_queue_proc(
  k: Kernel,
  sock: number,
  epoll: number,
  exclusive: boolean,
): void {
  const sk = k.socks[sock]!;
  const entry = { task: -1, epoll, sock, exclusive };
  sk.waits ??= [];
  if (exclusive) sk.waits.push(entry);
  else sk.waits.unshift(entry);
  sk.waiting = true;
}

/// It no longer does.
export function ep_remove_wait_queue(sk: Sock, epoll: number): void {
  sk.waits = (sk.waits ?? []).filter((entry) => entry.epoll !== epoll);
  sk.waiting = sk.waits.length > 0;
}

/// A watched socket has become readable: it goes to the ready list, and one task in epoll_wait() is woken.
/// Whether that was enough for an exclusive entry. fs/eventpoll.c:ep_poll_callback()
function ep_poll_callback(k: Kernel, c: Cpu, entry: WaitEntry): boolean {
  const ep = k.epolls[entry.epoll]!;
  const { sock } = entry;
  c.cursor_ns += COSTS.ep_poll_callback.ns;
  ep_set_busy_poll_napi_id(k, ep, sock);
  if (!ep.rdllist.includes(sock)) ep.rdllist.push(sock);
  const waited = ep.waits.length > 0;
  if (waited) wakeEpoll(k, c, ep);
  return !entry.exclusive || waited;
}

/// Wakes the task that came last to epoll_wait(): each of them is exclusive, and taken off the queue
/// whether it slept or not. fs/eventpoll.c:ep_autoremove_wake_function()
export function wakeEpoll(k: Kernel, c: Cpu, ep: Epoll): void {
  while (ep.waits.length > 0) {
    const task = ep.waits.shift()!;
    const slept = k.tasks[task]!.state === 'sleeping';
    wakeUp(k, c, task);
    if (slept) return;
  }
}

/// Where the instance will busy poll: the queue that its last active socket is fed from.
/// fs/eventpoll.c:ep_set_busy_poll_napi_id()
export function ep_set_busy_poll_napi_id(k: Kernel, ep: Epoll, sock: number): void {
  if (!ep_busy_loop_on(k, ep)) return;
  const { napi_id } = k.socks[sock]!;
  if (napi_id !== 0) ep.napi_id = napi_id;
}

/// fs/eventpoll.c:ep_busy_loop_on()
export function ep_busy_loop_on(k: Kernel, ep: Epoll): boolean {
  return ep.busy_poll_usecs > 0 || k.hot.busy_poll > 0;
}

/// What the instance knows of a socket that it watches.
export function itemOf(ep: Epoll, sock: number): EpItem | undefined {
  return ep.items.find((item) => item.sock === sock);
}
