/// An application that reads datagrams: recvmsg() in a loop, then user time for each.
/// Stands for udp_recvmsg() in net/ipv4/udp.c and __skb_wait_for_more_packets() in
/// net/core/datagram.c.
/// Left out: recvmmsg, MSG_PEEK, timeouts, bytes copied as a cost of their own.
import { READ_NS } from './costs.ts';
import { beginPiece } from './piece.ts';
import { sock_rps_record_flow } from './rfs.ts';
import { releaseSkb } from './skb.ts';
import type { Cpu, Kernel, Task } from './state.ts';
import { STEP, takeStep } from './tracing.ts';
import { finishTcpRead, startTcpRead } from './tcp/tcp_recvmsg.ts';
import { __skb_recv_udp, csumError, hasBadChecksum } from './udp.ts';

const HEADERS = 42; // Ethernet, IPv4, UDP

/// Starts the next piece of a reader. False when there is nothing to read: it must sleep.
export function runReader(k: Kernel, c: Cpu, task: Task): boolean {
  if (task.phase === 2) {
    beginPiece(k, c, task.service_ns, 'user', STEP.RECVMSG);
    return true;
  }
  const sk = k.socks[task.sock]!;
  if (sk.tcp !== null) return startTcpRead(k, c, task, sk, sk.tcp);
  const skb = __skb_recv_udp(k, sk);
  if (skb < 0) {
    sk.waiting = true;
    return false;
  }
  task.skb = skb;
  task.phase = 1;
  beginPiece(k, c, READ_NS, 'process', STEP.RECVMSG);
  return true;
}

/// A reader's piece has ended: recvmsg() returns with the data, or the data has been used.
export function finishReader(k: Kernel, c: Cpu, task: Task): void {
  if (task.phase === 2) {
    callAgain(k, c, task);
    return;
  }
  const sk = k.socks[task.sock];
  if (sk && sk.tcp !== null) {
    if (task.phase === 0) return; // only time was paid
    finishTcpRead(k, c, task, sk, sk.tcp);
    if (task.service_ns > 0) task.phase = 2;
    else callAgain(k, c, task);
    return;
  }
  // The piece may have been suspended: its steps are taken to have ended just now.
  c.cursor_ns = k.now - READ_NS;
  udp_recvmsg(k, c, task);
  if (task.service_ns > 0) task.phase = 2;
  else callAgain(k, c, task);
}

/// The application enters recvmsg() once more: RFS notes on which CPU. net/ipv4/af_inet.c:inet_recvmsg()
function callAgain(k: Kernel, c: Cpu, task: Task): void {
  task.phase = 0;
  if (k.rps_sock_flow_table !== null) sock_rps_record_flow(k, k.socks[task.sock]!, c.id);
}

function udp_recvmsg(k: Kernel, c: Cpu, task: Task): void {
  const skb = task.skb;
  const sk = k.socks[task.sock]!;
  task.skb = -1;
  takeStep(k, c, STEP.RECVMSG, skb, READ_NS);
  if (hasBadChecksum(k, skb)) return csumError(k, c, skb, STEP.RECVMSG);
  k.mib.UdpInDatagrams++;
  k.ledger.delivered += k.skbs.segs[skb]!;
  sk.received++;
  sk.received_bytes += k.skbs.len[skb]! - HEADERS;
  releaseSkb(k.skbs, skb);
}
