/// epoll: what is watched, what is ready, and handing it to epoll_wait(). Being woken is in sock_wait.ts.
/// Stands for fs/eventpoll.c.
/// Left out: EPOLLOUT, EPOLLONESHOT, EPOLL_CTL_MOD, epoll instances inside epoll instances. Events that come
/// while ep_send_events() runs (ovflist): here it takes no time of its own, so there are none.
import { addSlot, setTime } from '../engine/agenda.ts';
import { COSTS } from './costs.ts';
import { EPOLL_TIMER } from './events.ts';
import { interruptCpu } from './piece.ts';
import { wakeUp } from './sched/wake.ts';
import {
  ep_ptable_queue_proc,
  ep_remove_wait_queue,
  ep_set_busy_poll_napi_id,
  itemOf,
  wakeEpoll,
} from './sock_wait.ts';
import type { Cpu, Epoll, Kernel, Sock, Task } from './state.ts';
import { tcp_epollin_ready } from './tcp/tcp_data_queue.ts';
import { RCV_SHUTDOWN, TCP_CLOSE } from './tcp/tcp_states.ts';
import { STEP } from './tracing.ts';

/// epoll_create(): its index.
export function createEpoll(k: Kernel): number {
  const ep: Epoll = {
    ...{ items: [], rdllist: [], waits: [], napi_id: 0 },
    ...{ busy_poll_usecs: 0, busy_poll_budget: 0, prefer_busy_poll: false },
  };
  return k.epolls.push(ep) - 1;
}

/// EPOLL_CTL_ADD for EPOLLIN: with `edge` EPOLLET, with `exclusive` EPOLLEXCLUSIVE.
/// fs/eventpoll.c:ep_insert()
export function ep_insert(
  k: Kernel,
  c: Cpu,
  epoll: number,
  sock: number,
  edge: boolean,
  exclusive: boolean,
): void {
  const ep = k.epolls[epoll]!;
  const sk = k.socks[sock]!;
  ep.items.push({ sock, edge, exclusive });
  ep_ptable_queue_proc(k, sock, epoll, exclusive);
  ep_set_busy_poll_napi_id(k, ep, sock);
  if (!ep_item_poll(k, sk)) return;
  ep.rdllist.push(sock);
  wakeEpoll(k, c, ep);
}

/// EPOLL_CTL_DEL, or close(). fs/eventpoll.c:ep_remove()
export function ep_remove(k: Kernel, epoll: number, sock: number): void {
  const ep = k.epolls[epoll]!;
  ep.items = ep.items.filter((item) => item.sock !== sock);
  ep.rdllist = ep.rdllist.filter((one) => one !== sock);
  ep_remove_wait_queue(k.socks[sock]!, epoll);
}

/// EPOLLIN: a datagram, enough of a stream or its end, a connection to accept.
/// fs/eventpoll.c:ep_item_poll(), net/ipv4/udp.c:udp_poll(), net/ipv4/tcp.c:tcp_poll()
export function ep_item_poll(k: Kernel, sk: Sock): boolean {
  if (sk.listen !== null) return sk.listen.accept_queue.length > 0;
  if (sk.tcp === null) return sk.head >= 0 || sk.reader_head >= 0 || sk.copies.length > 0;
  const ended = sk.state === TCP_CLOSE || (sk.shutdown & RCV_SHUTDOWN) !== 0;
  return ended || tcp_epollin_ready(k, sk, sk.tcp, sk.rcvlowat);
}

/// Up to `most` sockets that are ready, asked once more. A level-triggered one goes to the end of the list
/// again; as long as any is listed another waiting task is woken.
/// fs/eventpoll.c:ep_send_events(), ep_deliver_event(), ep_done_scan()
export function ep_send_events(k: Kernel, c: Cpu, ep: Epoll, most: number): number[] {
  const batch = ep.rdllist;
  ep.rdllist = [];
  const events: number[] = [];
  while (batch.length > 0 && events.length < most) {
    const sock = batch.shift()!;
    c.cursor_ns += COSTS.ep_deliver_event.ns;
    if (!ep_item_poll(k, k.socks[sock]!)) continue;
    events.push(sock);
    if (!itemOf(ep, sock)!.edge) ep.rdllist.push(sock);
  }
  ep.rdllist = [...batch, ...ep.rdllist];
  if (ep.rdllist.length > 0) wakeEpoll(k, c, ep);
  return events;
}

/// The task goes to sleep in epoll_wait(), in front of those that came before it, for at most its timeout.
export function sleepInEpoll(k: Kernel, task: Task, index: number): void {
  const plan = task.plan!;
  plan.stage = 3;
  plan.timed_out = false;
  k.epolls[plan.epoll]!.waits.unshift(index);
  if (plan.timeout_ns === Infinity) return;
  if (task.timer_slot < 0) task.timer_slot = addSlot(k.agenda, EPOLL_TIMER, index);
  setTime(k.agenda, task.timer_slot, k.now + plan.timeout_ns);
}

/// The timeout of a task's epoll_wait() has passed: fs/eventpoll.c:ep_poll()
export function epollTimer(k: Kernel, index: number): void {
  const task = k.tasks[index]!;
  setTime(k.agenda, task.timer_slot, Infinity);
  const { plan } = task;
  if (plan === null || plan.stage !== 3 || task.state !== 'sleeping') return;
  const ep = k.epolls[plan.epoll]!;
  ep.waits = ep.waits.filter((one) => one !== index);
  plan.timed_out = true;
  const c = k.cpus[task.cpu]!;
  interruptCpu(k, c, COSTS.tick.ns, STEP.WAKE);
  wakeUp(k, c, index);
}
