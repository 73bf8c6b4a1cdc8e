/// An application that reads: a system call in a loop, then user time for what it has got. Readers that ask
/// epoll_wait() first are in epoll_reader.ts.
/// Stands for __skb_recv_udp() in net/ipv4/udp.c, __skb_wait_for_more_packets() in net/core/datagram.c and
/// do_recvmmsg() in net/socket.c.
/// Left out: timeouts of recvmsg(), and the single busy poll of a recvmmsg()
/// that finds no more.
import { busyPolls, napi_busy_loop } from './busy_poll.ts';
import { finishAccept, finishEpoll, runEpoll } from './epoll_reader.ts';
import { beginPiece } from './piece.ts';
import { sock_rps_record_flow } from './rfs.ts';
import { waitExclusive } from './sock_wait.ts';
import type { Cpu, Kernel, Task } from './state.ts';
import { STEP } from './tracing.ts';
import { finishTcpRead, startTcpRead } from './tcp/tcp_recvmsg.ts';
import { TCP_ESTABLISHED } from './tcp/tcp_states.ts';
import { finishUdpRead, startUdpRead } from './udp_recvmsg.ts';

/// Starts the next piece of a reader. False when there is nothing to read: it must sleep.
export function runReader(k: Kernel, c: Cpu, task: Task): boolean {
  const { plan } = task;
  if (task.busy !== null && napi_busy_loop(k, c, task)) return true;
  if (plan !== null && (plan.taken > 0 || plan.peeked) && task.phase !== 2) {
    if (startUdpRead(k, c, task, k.socks[task.sock]!)) return true;
    plan.peeked = false;
    // MSG_WAITFORONE: the call ends with what is there.
    if (plan.taken > 0) endCall(k, c, task);
  }
  if (task.phase === 2) {
    beginPiece(k, c, task.service_ns * (plan?.taken || 1), 'user', STEP.RECVMSG);
    return true;
  }
  if (task.exited) return false;
  return plan !== null && plan.epoll >= 0 ? runEpoll(k, c, task) : runCall(k, c, task);
}

/// A call that waits. It busy polls first where the socket asks for it: for a stream once in a call, for
/// datagrams whenever there are none.
function runCall(k: Kernel, c: Cpu, task: Task): boolean {
  const sk = k.socks[task.sock]!;
  if (sk.tcp !== null) {
    if (sk.head < 0 && sk.state === TCP_ESTABLISHED && busyPolls(k, c, task, sk, false))
      return true;
    return startTcpRead(k, c, task, sk, sk.tcp);
  }
  if (startUdpRead(k, c, task, sk) || busyPolls(k, c, task, sk, false)) return true;
  task.looped = false;
  waitExclusive(sk, c.curr);
  return false;
}

/// A reader's piece has ended: recvmsg() returns with the data, or the data has been used.
export function finishReader(k: Kernel, c: Cpu, task: Task): void {
  if (task.busy !== null) return; // it made way for another task
  if (task.phase === 2) return leaveUse(k, c, task);
  if (task.skb >= 0) {
    if (finishUdpRead(k, c, task)) endCall(k, c, task);
    return;
  }
  if (task.phase === 0) return; // only time was paid
  if (task.plan !== null && task.plan.stage === 1) return finishEpoll(k, c, task);
  const sk = k.socks[task.sock]!;
  if (sk.listen !== null) return finishAccept(k, c, task, sk);
  if (sk.tcp === null) {
    task.phase = 0; // it has looked with MSG_PEEK
    return;
  }
  finishTcpRead(k, c, task, sk, sk.tcp);
  endCall(k, c, task);
}

/// The call returns to the program, which uses what it has got.
function endCall(k: Kernel, c: Cpu, task: Task): void {
  if (task.service_ns > 0) task.phase = 2;
  else leaveUse(k, c, task);
}

/// The application enters recvmsg() once more: RFS notes on which CPU. net/ipv4/af_inet.c:inet_recvmsg()
function leaveUse(k: Kernel, c: Cpu, task: Task): void {
  task.phase = 0;
  task.looped = false;
  if (task.plan !== null) task.plan.taken = 0;
  if (k.rps_sock_flow_table !== null) sock_rps_record_flow(k, k.socks[task.sock]!, c.id);
}
