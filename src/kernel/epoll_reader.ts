/// A thread that asks epoll_wait() what is ready and then reads it without waiting, or accepts it.
/// Level-triggered it reads each socket once and asks again; edge-triggered it reads until there is no more.
/// Stands for ep_poll() in fs/eventpoll.c and for an event loop as servers have it.
/// Left out: a connection that has ended is only taken off the list, not closed.
import { setTime } from '../engine/agenda.ts';
import { busyPolls, ep_busy_loop, napi_busy_loop } from './busy_poll.ts';
import { COSTS } from './costs.ts';
import { ep_insert, ep_item_poll, ep_remove, ep_send_events, sleepInEpoll } from './epoll.ts';
import { beginPiece } from './piece.ts';
import { itemOf } from './sock_wait.ts';
import type { Cpu, Kernel, ReadPlan, Sock, Task } from './state.ts';
import { inet_csk_accept } from './tcp/listener.ts';
import { startTcpRead } from './tcp/tcp_recvmsg.ts';
import { TCP_ESTABLISHED } from './tcp/tcp_states.ts';
import { STEP, takeStep } from './tracing.ts';
import { startUdpRead } from './udp_recvmsg.ts';

const ACCEPT_NS = COSTS.recvmsg.ns + COSTS.inet_csk_accept.ns;

/// Starts the next piece: the next ready socket, or epoll_wait(). False: it must sleep.
/// fs/eventpoll.c:ep_poll()
export function runEpoll(k: Kernel, c: Cpu, task: Task): boolean {
  const plan = task.plan!;
  if (plan.stage === 3) wokenUp(k, c, task, plan);
  for (;;) {
    if (plan.stage === 0) {
      if (plan.events.length > 0 && runEvents(k, c, task, plan)) return true;
      plan.stage = 1;
      task.phase = 1;
      beginPiece(k, c, COSTS.epoll_wait.ns, 'process', STEP.WAKE);
      return true;
    }
    const ep = k.epolls[plan.epoll]!;
    if (ep.rdllist.length === 0) {
      if (!task.looped && ep_busy_loop(k, task, plan.epoll)) {
        task.looped = true;
        if (napi_busy_loop(k, c, task)) return true;
      }
      if (ep.rdllist.length === 0) return mustSleep(k, c, task, plan);
    }
    finishEpoll(k, c, task);
  }
}

/// Nothing is ready. What looking has cost is paid first. After busy polling in vain the instance forgets
/// where; the next packet tells it.
function mustSleep(k: Kernel, c: Cpu, task: Task, plan: ReadPlan): boolean {
  if (c.cursor_ns > k.now) {
    task.phase = 0;
    beginPiece(k, c, 0, 'process', STEP.WAKE);
    return true;
  }
  if (task.looped) k.epolls[plan.epoll]!.napi_id = 0;
  task.looped = false;
  sleepInEpoll(k, task, c.curr);
  return false;
}

function wokenUp(k: Kernel, c: Cpu, task: Task, plan: ReadPlan): void {
  if (task.timer_slot >= 0) setTime(k.agenda, task.timer_slot, Infinity);
  if (plan.timed_out) plan.stage = 0;
  else finishEpoll(k, c, task);
}

/// epoll_wait() has looked: it returns with what is ready, or goes on to wait.
export function finishEpoll(k: Kernel, c: Cpu, task: Task): void {
  const plan = task.plan!;
  task.phase = 0;
  plan.events = ep_send_events(k, c, k.epolls[plan.epoll]!, plan.max_events);
  plan.stage = plan.events.length > 0 ? 0 : 2;
  if (plan.stage === 0) task.looped = false;
}

/// Works off what epoll_wait() has returned. False: nothing of it is left.
function runEvents(k: Kernel, c: Cpu, task: Task, plan: ReadPlan): boolean {
  const sock = plan.events[0]!;
  const sk = k.socks[sock]!;
  const item = itemOf(k.epolls[plan.epoll]!, sock);
  task.sock = sock;
  if (item === undefined) {
    plan.events.shift();
    return plan.events.length > 0 && runEvents(k, c, task, plan);
  }
  if (sk.tcp !== null && c.cursor_ns > k.now) {
    // What the last read did beside copying is paid first.
    task.phase = 0;
    beginPiece(k, c, 0, 'process', STEP.RECVMSG);
    return true;
  }
  if (startRead(k, c, task, sk)) {
    if (!item.edge) plan.events.shift();
    return true;
  }
  if (mayPoll(sk) && busyPolls(k, c, task, sk, true)) return true;
  // EAGAIN: somebody else has it, or there is no more; or the stream has ended.
  plan.events.shift();
  task.looped = false;
  task.phase = 0;
  if (sk.tcp !== null && ep_item_poll(k, sk)) ep_remove(k, plan.epoll, sock);
  beginPiece(k, c, COSTS.recvmsg.ns, 'process', STEP.RECVMSG);
  return true;
}

function startRead(k: Kernel, c: Cpu, task: Task, sk: Sock): boolean {
  if (sk.listen !== null) return startAccept(k, c, task, sk);
  return sk.tcp === null ? startUdpRead(k, c, task, sk) : startTcpRead(k, c, task, sk, sk.tcp);
}

function mayPoll(sk: Sock): boolean {
  if (sk.tcp === null) return sk.listen === null;
  return sk.head < 0 && sk.state === TCP_ESTABLISHED;
}

function startAccept(k: Kernel, c: Cpu, task: Task, sk: Sock): boolean {
  if (sk.listen!.accept_queue.length === 0) return false;
  task.phase = 1;
  beginPiece(k, c, ACCEPT_NS, 'process', STEP.ACCEPT_QUEUE);
  return true;
}

/// accept() returns with a connection, which the same instance watches from now on; or another thread was
/// faster.
export function finishAccept(k: Kernel, c: Cpu, task: Task, sk: Sock): void {
  const { epoll } = task.plan!;
  task.phase = 0;
  takeStep(k, c, STEP.ACCEPT_QUEUE, -1, 0);
  const child = inet_csk_accept(k, sk);
  if (child < 0) return;
  if (sk.accept) sk.accept.accepted++;
  const made = k.socks[child]!;
  made.task = task.tgid;
  made.reader = c.curr;
  ep_insert(k, c, epoll, child, itemOf(k.epolls[epoll]!, task.sock)?.edge ?? false, false);
}
