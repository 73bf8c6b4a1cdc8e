/// recvmsg() on a UDP socket, from a task's side: taking a datagram, copying it, looking with MSG_PEEK.
/// Stands for udp_recvmsg() in net/ipv4/udp.c and udpv6_recvmsg() in net/ipv6/udp.c.
/// Left out: control messages but time stamps, truncation.
import { COSTS, READ_NS } from './costs.ts';
import { __sock_recv_timestamp } from './net_timestamp.ts';
import { beginPiece } from './piece.ts';
import { releaseSkb } from './skb.ts';
import type { Cpu, Kernel, ReadPlan, Skb, Sock, Task } from './state.ts';
import { STEP, takeLone } from './tracing.ts';
import { __skb_recv_udp, countUdp, csumError, hasBadChecksum, peekUdp } from './udp.ts';

const AF_INET = 2;
const HEADERS = 42; // Ethernet, IPv4, UDP
const HEADERS6 = 62;

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
  return (payloadOf(k, skb) * COSTS.copy_cached_kib.ns) >> 10;
}

/// Bytes behind the UDP header.
function payloadOf(k: Kernel, skb: Skb): number {
  const four = k.flows.family[k.skbs.flow[skb]!] === AF_INET;
  return k.skbs.len[skb]! - (four ? HEADERS : HEADERS6);
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
  takeLone(k, c, STEP.RECVMSG, skb, ns);
  if (hasBadChecksum(k, skb)) {
    csumError(k, c, skb, STEP.RECVMSG);
    return false;
  }
  if (sk.family === AF_INET) k.mib.UdpInDatagrams++;
  else countUdp(k, skb, 'InDatagrams');
  if (sk.stamps !== null) __sock_recv_timestamp(k, c, skb, sk.stamps);
  k.ledger.delivered += k.skbs.segs[skb]!;
  sk.received++;
  sk.received_bytes += payloadOf(k, skb);
  releaseSkb(k.skbs, skb);
  return true;
}
