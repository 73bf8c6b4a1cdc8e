/// Busy polling: a task that finds nothing to read polls the NIC's queue itself for a while, with the
/// device's interrupt off, before it goes to sleep.
/// Stands for __napi_busy_loop(), busy_poll_stop() and __busy_poll_stop() in net/core/dev.c, sk_busy_loop()
/// in include/net/busy_poll.h and ep_busy_loop() in fs/eventpoll.c.
/// The CPU time is the task's; the packets go up the stack inside it, with softirqs disabled. While nothing
/// is in the ring no poll can find anything before the next event of the host: such polls are one piece of
/// work, as long as a whole number of them.
/// Left out: poll() and select(), io_uring (napi_busy_loop_rcu()), signals that end the loop.
import { runnerUp, setTime, timeOf } from '../engine/agenda.ts';
import { COSTS } from './costs.ts';
import { driverPaths, WORKING } from './driver_table.ts';
import { napi_gro_flush } from './gro.ts';
import { napi_by_id } from './napi_id.ts';
import { __napi_schedule } from './napi_schedule.ts';
import { beginPiece, BUSY_POLL, TASK } from './piece.ts';
import { gro_normal_list } from './receive_list.ts';
import { ep_busy_loop_on } from './sock_wait.ts';
import type { BusyPoll, Cpu, Epoll, Kernel, Napi, Sock, Task } from './state.ts';
import { STEP } from './tracing.ts';

const BUSY_POLL_BUDGET = 8;
const UNIT = 1024; // ns: what busy_loop_current_time() counts in

// Where the loop is between two pieces of work.
const ITERATE = 0;
const POLL = 1; // in the driver's poll
const LIST = 2; // rx_list goes up
const CHECK = 3; // a poll is over
const STOP_POLL = 4; // in busy_poll_stop(): the last poll
const STOP_LIST = 5; // and what it left on rx_list
const LEAVE = 6;
const RESUME = 7; // after another task had its turn

const MOST_TURNS = 128;

/// One turn of the loop that finds nothing.
const TURN_NS = COSTS.napi_busy_loop.ns + COSTS.napi_poll.ns;

/// A task is about to wait for its socket: begins to poll for it instead. False where that is not asked for
/// (SO_BUSY_POLL), or no packet has told yet where to poll.
/// `once`: the call does not wait, so there is one poll. include/net/busy_poll.h:sk_busy_loop()
function sk_busy_loop(k: Kernel, task: Task, sock: number, once: boolean): boolean {
  const sk = k.socks[sock]!;
  if (sk.ll_usec === 0 || sk.task === 0) return false;
  const { busy_poll_budget: budget, prefer_busy_poll: prefer, napi_id } = sk;
  return begin(k, task, napi_id, { sock, epoll: -1, budget, prefer, once });
}

/// The same for epoll_wait(). fs/eventpoll.c:ep_busy_loop()
export function ep_busy_loop(k: Kernel, task: Task, epoll: number): boolean {
  const ep = k.epolls[epoll]!;
  if (!ep_busy_loop_on(k, ep)) return false;
  const { busy_poll_budget: budget, prefer_busy_poll: prefer, napi_id } = ep;
  return begin(k, task, napi_id, { sock: -1, epoll, budget, prefer, once: false });
}

function begin(
  k: Kernel,
  task: Task,
  napi_id: number,
  what: Pick<BusyPoll, 'sock' | 'epoll' | 'budget' | 'prefer' | 'once'>,
): boolean {
  const n = napi_by_id(k, napi_id);
  if (n === undefined) return false;
  task.phase = 1;
  task.busy = {
    ...what,
    budget: what.budget || BUSY_POLL_BUDGET,
    ...{ napi: n.id, start: busy_loop_current_time(k), held: false, fresh: false },
    ...{ skip_schedule: false, again: false, stage: ITERATE },
  };
  return true;
}

/// include/net/busy_poll.h:busy_loop_current_time()
function busy_loop_current_time(k: Kernel): number {
  return Math.floor((k.desc.uptime_ns + k.now) / UNIT);
}

/// How long the loop may last, us.
function limitOf(k: Kernel, b: BusyPoll): number {
  if (b.epoll < 0) return k.socks[b.sock]!.ll_usec;
  return k.epolls[b.epoll]!.busy_poll_usecs || k.hot.busy_poll;
}

/// Is there something to read, or is the time over? net/core/sock.c:sk_busy_loop_end(),
/// fs/eventpoll.c:ep_busy_loop_end()
function loopEnds(k: Kernel, task: Task, b: BusyPoll): boolean {
  if (b.once || task.exited || hasData(k, b)) return true;
  return busy_loop_current_time(k) > b.start + limitOf(k, b);
}

function hasData(k: Kernel, b: BusyPoll): boolean {
  if (b.epoll >= 0) return k.epolls[b.epoll]!.rdllist.length > 0;
  const sk = k.socks[b.sock]!;
  return sk.task === 0 || sk.head >= 0 || sk.reader_head >= 0 || sk.copies.length > 0;
}

/// Goes on with the loop of the task on this CPU. True: a piece of work is in hand; false: the loop is over.
/// net/core/dev.c:__napi_busy_loop(), napi_busy_loop()
export function napi_busy_loop(k: Kernel, c: Cpu, task: Task): boolean {
  const b = task.busy!;
  const n = k.napis[b.napi]!;
  c.mode = BUSY_POLL;
  for (;;) {
    switch (b.stage) {
      case ITERATE:
        if (iterate(k, c, b, n)) return true;
        break;
      case POLL:
      case LIST:
        if (!pollOnce(k, c, b, n)) return true;
        break;
      case CHECK:
        c.cursor_ns = Math.max(c.cursor_ns, k.now);
        check(k, c, task, b, n);
        break;
      case STOP_POLL:
      case STOP_LIST:
        if (!lastPoll(k, c, b, n)) return true;
        break;
      case LEAVE:
        return leave(k, c, task, b);
      case RESUME:
        b.again = false;
        b.stage = ITERATE;
        c.cursor_ns = Math.max(c.cursor_ns, k.now);
        if (!loopEnds(k, task, b)) break;
        task.busy = null;
        c.mode = TASK;
        return false;
    }
  }
}

/// Takes the instance if nobody else polls it, and either polls it or lets the time pass in which no poll
/// would find anything. True: the latter.
function iterate(k: Kernel, c: Cpu, b: BusyPoll, n: Napi): boolean {
  if (!b.held) acquire(b, n);
  if (b.held && (b.fresh || !isQuiet(k, n))) {
    b.fresh = false;
    b.stage = POLL;
    n.polls++;
    c.cursor_ns += TURN_NS;
    return false;
  }
  b.stage = CHECK;
  beginPiece(k, c, quietTurns(k, c, b) * TURN_NS, 'process', STEP.POLL);
  return true;
}

function acquire(b: BusyPoll, n: Napi): void {
  if (n.disabled || n.sched || n.in_busy_poll) {
    if (b.prefer) n.prefer_busy_poll = true;
    return;
  }
  n.in_busy_poll = n.sched = n.owned_by_task = true;
  b.held = b.fresh = true;
}

function isQuiet(k: Kernel, n: Napi): boolean {
  const q = k.devs[n.dev]!.rx[n.queue];
  return q === undefined || (q.used === 0 && n.rx_count === 0);
}

/// Turns of the loop up to the next event of the host, or to the end of its time. Not too many at once: what
/// a command starts meanwhile is no event yet.
function quietTurns(k: Kernel, c: Cpu, b: BusyPoll): number {
  const from = Math.max(c.cursor_ns, k.now);
  const slot = runnerUp(k.agenda, c.slot);
  const event = slot < 0 ? Infinity : timeOf(k.agenda, slot);
  const end = (b.start + limitOf(k, b) + 1) * UNIT - k.desc.uptime_ns;
  const turns = Math.ceil((Math.min(event, end) - from) / TURN_NS);
  return Math.max(1, Math.min(turns, MOST_TURNS));
}

/// A poll of up to `budget` packets, and what it put on rx_list. False while a piece is in hand.
function pollOnce(k: Kernel, c: Cpu, b: BusyPoll, n: Napi): boolean {
  if (b.stage === POLL) {
    const work = driverPoll(k, c, n, b.budget);
    if (work === WORKING) return false;
    b.stage = LIST;
    if (work > 0) k.mib.TcpExtBusyPollRxPackets = (k.mib.TcpExtBusyPollRxPackets ?? 0) + work;
  }
  if (!gro_normal_list(k, c, n)) return false;
  b.stage = CHECK;
  if (c.cursor_ns <= k.now) return true;
  beginPiece(k, c, 0, 'process', STEP.POLL);
  return false;
}

function driverPoll(k: Kernel, c: Cpu, n: Napi, budget: number): number {
  const armed = n.irq_enabled;
  const begins = n.stage === 0;
  const work = driverPaths[n.path]!.poll(k, c, n, budget);
  // Only virtio_net's poll turns the interrupt off; others are masked by the interrupt itself, which
  // may still come once and find the instance taken.
  if (begins && armed && n.in_busy_poll && k.devs[n.dev]!.driver !== 'virtio_net')
    n.irq_enabled = true;
  if (work !== WORKING) n.stage = 0;
  return work;
}

/// After a poll: on, or out because there is something to read, the time is over, or another task is to run.
function check(k: Kernel, c: Cpu, task: Task, b: BusyPoll, n: Napi): void {
  const ends = loopEnds(k, task, b);
  b.again = !ends && c.need_resched;
  if (!ends && !b.again) b.stage = ITERATE;
  else if (!b.held) b.stage = LEAVE;
  else busy_poll_stop(k, c, b, n);
}

/// Gives the instance back: one more poll lets the driver turn its interrupt on again. With
/// SO_PREFER_BUSY_POLL, and napi_defer_hard_irqs and gro_flush_timeout set, it stays off, and the timer
/// polls if the task does not come back in time. net/core/dev.c:busy_poll_stop()
function busy_poll_stop(k: Kernel, c: Cpu, b: BusyPoll, n: Napi): void {
  n.missed = false;
  n.in_busy_poll = false;
  b.held = false;
  b.skip_schedule = false;
  const dev = k.devs[n.dev]!;
  if (b.prefer) {
    n.defer_hard_irqs_count = dev.napi_defer_hard_irqs;
    if (n.defer_hard_irqs_count > 0 && dev.gro_flush_timeout > 0) {
      n.timer_cpu = c.id;
      setTime(k.agenda, n.timer_slot, k.now + dev.gro_flush_timeout);
      b.skip_schedule = true;
    }
  }
  c.cursor_ns += COSTS.napi_poll.ns;
  b.stage = STOP_POLL;
}

/// net/core/dev.c:__busy_poll_stop()
function lastPoll(k: Kernel, c: Cpu, b: BusyPoll, n: Napi): boolean {
  if (b.stage === STOP_POLL) {
    const work = driverPoll(k, c, n, b.budget);
    if (work === WORKING) return false;
    b.stage = work === b.budget ? STOP_LIST : LEAVE;
    if (b.stage === LEAVE) {
      n.owned_by_task = false;
      return true;
    }
    if (b.skip_schedule) napi_gro_flush(k, c, n, k.desc.hz >= 1000);
  }
  if (!gro_normal_list(k, c, n)) return false;
  b.stage = LEAVE;
  n.owned_by_task = false;
  if (b.skip_schedule) n.sched = false;
  else __napi_schedule(k, c, n);
  return true;
}

/// The loop is over, or pauses, when the time of its last steps has passed.
function leave(k: Kernel, c: Cpu, task: Task, b: BusyPoll): boolean {
  if (c.cursor_ns > k.now) {
    beginPiece(k, c, 0, 'process', STEP.POLL);
    return true;
  }
  c.mode = TASK;
  if (!b.again) {
    task.busy = null;
    return false;
  }
  b.stage = RESUME;
  beginPiece(k, c, 0, 'process', STEP.POLL);
  return true;
}

/// Polls the NIC once in a call, where the socket asks for it. True: a piece is in hand.
export function busyPolls(k: Kernel, c: Cpu, task: Task, sk: Sock, once: boolean): boolean {
  if (sk.ll_usec === 0 || task.looped || !sk_busy_loop(k, task, task.sock, once)) return false;
  task.looped = true;
  return napi_busy_loop(k, c, task);
}

/// Between two polls softirqs are enabled: those that are pending run then.
export function mayRunSoftirqs(task: Task): boolean {
  const stage = task.busy?.stage ?? ITERATE;
  return stage === ITERATE || stage === CHECK || stage >= LEAVE;
}

/// EPIOCSPARAMS. fs/eventpoll.c:ep_eventpoll_bp_ioctl()
export function ep_eventpoll_bp_ioctl(
  ep: Epoll,
  usecs: number,
  budget: number,
  prefer: boolean,
  admin: boolean,
): 'EINVAL' | 'EPERM' | null {
  if (usecs < 0 || usecs > 0x7fff_ffff || budget < 0 || budget > 0xffff) return 'EINVAL';
  if (budget > 64 && !admin) return 'EPERM';
  ep.busy_poll_usecs = usecs;
  ep.busy_poll_budget = budget;
  ep.prefer_busy_poll = prefer;
  return null;
}
