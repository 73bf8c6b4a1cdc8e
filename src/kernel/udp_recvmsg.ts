/// recvmsg() on a UDP socket, from a task's side: taking a datagram, copying it, looking with MSG_PEEK.
/// Stands for udp_recvmsg() in net/ipv4/udp.c.
/// Left out: control messages, truncation.
import { COSTS, READ_NS } from './costs.ts';
import { beginPiece } from './piece.ts';
import { releaseSkb } from './skb.ts';
import type { Cpu, Kernel, ReadPlan, Skb, Sock, Task } from './state.ts';
import { STEP, takeStep } from './tracing.ts';
import { __skb_recv_udp, csumError, hasBadChecksum, peekUdp } from './udp.ts';

const HEADERS = 42; // Ethernet, IPv4, UDP

/// Begins to read the next datagram, or to look at it. False: there is none.
export function startUdpRead(k: Kernel, c: Cpu, task: Task, sk: Sock): boolean {
  const { plan } = task;
  if (plan !== null && plan.peek && !plan.peeked) return startPeek(k, c, task, plan, sk);
  const skb = __skb_recv_udp(k, sk);
  if (skb < 0) return false;
  task.skb = skb;
  task.phase = 1;
  beginPiece(k, c, readNs(k, task, skb), 'process', STEP.RECVMSG);
  return true;
}

function startPeek(k: Kernel, c: Cpu, task: Task, plan: ReadPlan, sk: Sock): boolean {
  const skb = peekUdp(k, sk);
  if (skb < 0) return false;
  plan.peeked = true;
  task.phase = 1;
  beginPiece(k, c, READ_NS + copyNs(k, skb), 'process', STEP.RECVMSG);
  return true;
}

/// A further datagram of the same call saves the system call.
function readNs(k: Kernel, task: Task, skb: Skb): number {
  const further = task.plan !== null && task.plan.taken > 0;
  return (further ? COSTS.udp_recvmsg.ns : READ_NS) + copyNs(k, skb);
}

/// Copying to the application, beyond what the shortest datagram takes.
function copyNs(k: Kernel, skb: Skb): number {
  return ((k.skbs.len[skb]! - HEADERS) * COSTS.copy_cached_kib.ns) >> 10;
}

/// The datagram has been copied. True: the call ends with it; false: it goes on to the next one.
export function finishUdpRead(k: Kernel, c: Cpu, task: Task): boolean {
  const { plan } = task;
  const ns = readNs(k, task, task.skb);
  // The piece may have been suspended: its steps are taken to have ended just now.
  c.cursor_ns = k.now - ns;
  const good = udp_recvmsg(k, c, task, ns);
  if (plan !== null) {
    plan.peeked = false;
    if (good && ++plan.taken < plan.batch) return false;
  }
  if (!good) task.phase = 0;
  return good;
}

/// False when the datagram was damaged: the call tries the next one.
function udp_recvmsg(k: Kernel, c: Cpu, task: Task, ns: number): boolean {
  const skb = task.skb;
  const sk = k.socks[task.sock]!;
  task.skb = -1;
  takeStep(k, c, STEP.RECVMSG, skb, ns);
  if (hasBadChecksum(k, skb)) {
    csumError(k, c, skb, STEP.RECVMSG);
    return false;
  }
  k.mib.UdpInDatagrams++;
  k.ledger.delivered += k.skbs.segs[skb]!;
  sk.received++;
  sk.received_bytes += k.skbs.len[skb]! - HEADERS;
  releaseSkb(k.skbs, skb);
  return true;
}
