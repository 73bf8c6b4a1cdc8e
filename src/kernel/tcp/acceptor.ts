/// An application that accepts connections: accept() in a loop; each connection gets a reader of its own, or
/// is only held open.
/// Stands for inet_csk_wait_for_connect() in net/ipv4/inet_connection_sock.c and for a server with one
/// thread for each connection.
/// Left out: epoll, accept4() flags.
import { COSTS } from '../costs.ts';
import { beginPiece } from '../piece.ts';
import { createTask } from '../sched/task.ts';
import { wakeUp } from '../sched/wake.ts';
import type { Cpu, Kernel, Task } from '../state.ts';
import { STEP, takeStep } from '../tracing.ts';
import { inet_csk_accept } from './listener.ts';

const ACCEPT_NS = COSTS.recvmsg.ns + COSTS.inet_csk_accept.ns;

/// Starts the next accept(). False when no connection waits: the task must sleep.
export function runAcceptor(k: Kernel, c: Cpu, task: Task): boolean {
  const sk = k.socks[task.sock];
  if (!sk?.listen) return false;
  if (sk.listen.accept_queue.length === 0) {
    sk.waiting = true;
    return false;
  }
  task.phase = 1;
  beginPiece(k, c, ACCEPT_NS, 'process', STEP.ACCEPT_QUEUE);
  return true;
}

/// accept() returns with a connection.
export function finishAcceptor(k: Kernel, c: Cpu, task: Task): void {
  task.phase = 0;
  const sk = k.socks[task.sock];
  if (!sk?.listen) return;
  takeStep(k, c, STEP.ACCEPT_QUEUE, -1, 0);
  const child = inet_csk_accept(k, sk);
  const plan = sk.accept;
  if (child < 0 || !plan) return;
  plan.accepted++;
  const made = k.socks[child]!;
  made.task = task.pid;
  made.reader = task.sock >= 0 ? k.socks[task.sock]!.reader : -1;
  if (!plan.read) return;
  const reader = createTask(k, {
    comm: task.comm,
    kind: 'reader',
    kthread: false,
    uid: task.uid,
    cpu: c.id,
    pinned: false,
    service_ns: plan.service_ns,
    nice: task.nice,
    tgid: task.tgid,
  });
  const thread = k.tasks[reader]!;
  thread.sock = child;
  thread.cpus_allowed = [...task.cpus_allowed];
  made.reader = reader;
  wakeUp(k, c, reader);
}
