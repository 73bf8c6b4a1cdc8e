/// The third ACK: a request becomes a connection.
/// Stands for tcp_check_req() and tcp_child_process() in
/// net/ipv4/tcp_minisocks.c.
/// Left out: TCP Fast Open, TIME-WAIT, Multipath TCP, migration of requests to another listener.
import { COSTS } from '../costs.ts';
import { sk_mark_napi_id } from '../napi_id.ts';
import { FLAG_TSTAMP } from '../skb.ts';
import type { Cpu, Kernel, RequestSock, Skb } from '../state.ts';
import { noteStep, STEP, takeStep } from '../tracing.ts';
import { inet_csk_reqsk_queue_add, listenerReadable } from './listener.ts';
import { armTimer, inet_csk_reqsk_queue_drop } from './request_sock.ts';
import { synRecvSock } from './syn_recv_sock.ts';
import { __tcp_oow_rate_limited, tcp_oow_rate_limited } from './tcp_ack_policy.ts';
import { tcp_rcv_state_process } from './tcp_input.ts';
import { firstRoundTrip } from './tcp_rtt.ts';
import { ackOf, after, before, endSeq, seqOf } from './tcp_seq.ts';
import { tcp_segs_in } from './tcp_sock.ts';
import { TCP_SYN_RECV, TCPHDR_ACK, TCPHDR_RST, TCPHDR_SYN } from './tcp_states.ts';
import { tcp_rtx_synack, reqskSendAck, sendReset } from './tcp_synack.ts';

/// What comes of a segment for a request: a connection's index, LISTENER when the listener is to answer, or
/// DISCARD.
export const DISCARD = -1;
export const LISTENER = -2;

const CHECKED = TCPHDR_RST | TCPHDR_SYN | TCPHDR_ACK;

/// net/ipv4/tcp_minisocks.c:tcp_check_req()
export function tcp_check_req(k: Kernel, c: Cpu, index: number, skb: Skb): number {
  const req = k.reqs[index]!;
  const queue = k.socks[req.listener]!.listen!;
  const pool = k.skbs;
  const seq = seqOf(pool, skb);
  let flags = pool.tcp_flags[skb]! & CHECKED;
  takeStep(k, c, STEP.ACCEPT_QUEUE, skb, COSTS.tcp_check_req.ns);
  const stamped = (pool.flags[skb]! & FLAG_TSTAMP) !== 0;
  const paws = stamped && rejectedByPaws(k, req, skb);
  if (seq === req.rcv_isn && flags === TCPHDR_SYN && !paws) {
    if (!tcp_oow_rate_limited(k, req, skb, 'TcpExtTCPACKSkippedSynRecv')) {
      tcp_rtx_synack(k, c, req);
      req.num_retrans++;
      armTimer(k, req);
    }
    return DISCARD;
  }
  const acks = (flags & TCPHDR_ACK) !== 0;
  if (acks && !(flags & TCPHDR_RST) && ackOf(pool, skb) !== (req.snt_isn + 1) >>> 0)
    return LISTENER;
  if (paws || !inWindow(k, req, skb)) {
    if (!(flags & TCPHDR_RST) && !tcp_oow_rate_limited(k, req, skb, 'TcpExtTCPACKSkippedSynRecv'))
      reqskSendAck(k, c, req);
    if (paws) k.mib.TcpExtPAWSEstab++;
    return DISCARD;
  }
  if (seq === req.rcv_isn) flags &= ~TCPHDR_SYN; // its SYN lies before the window
  if (flags & TCPHDR_RST && seq !== req.rcv_nxt) {
    // RFC 5961: a reset inside the window that is not exact is challenged.
    if (__tcp_oow_rate_limited(k, req, 'TcpExtTCPACKSkippedChallenge')) return DISCARD;
    k.mib.TcpExtTCPChallengeACK++;
    reqskSendAck(k, c, req);
    return DISCARD;
  }
  if (flags & (TCPHDR_RST | TCPHDR_SYN)) {
    k.mib.TcpAttemptFails = (k.mib.TcpAttemptFails ?? 0) + 1;
    return embryonicReset(k, c, index, skb, flags);
  }
  if (!acks) return DISCARD;
  if (req.num_timeout < queue.defer_accept && endSeq(pool, skb) === (req.rcv_isn + 1) >>> 0) {
    req.acked = true;
    k.mib.TcpExtTCPDeferAcceptDrop = (k.mib.TcpExtTCPDeferAcceptDrop ?? 0) + 1;
    return DISCARD;
  }
  return becomeConnection(k, c, index, skb, stamped, flags);
}

function becomeConnection(
  k: Kernel,
  c: Cpu,
  index: number,
  skb: Skb,
  stamped: boolean,
  flags: number,
): number {
  const req = k.reqs[index]!;
  const { listener } = req;
  const child = synRecvSock(k, c, listener, skb, req, index);
  if (child < 0) {
    if (k.hot.tcp_abort_on_overflow) return embryonicReset(k, c, index, skb, flags);
    req.acked = true;
    return DISCARD;
  }
  const tp = k.socks[child]!.tcp!;
  if (stamped && !after(seqOf(k.skbs, skb), req.rcv_nxt)) tp.ts_recent = k.skbs.tsval[skb]! >>> 0;
  if (req.num_retrans === 0 && req.snt_synack > 0)
    firstRoundTrip(k, tp, Math.floor((k.desc.uptime_ns + k.now - req.snt_synack) / 1000));
  // inet_csk_complete_hashdance()
  inet_csk_reqsk_queue_drop(k, index);
  inet_csk_reqsk_queue_add(k, listener, child);
  noteStep(k, c, STEP.ACCEPT_QUEUE, skb, k.socks[listener]!.listen!.accept_queue.length);
  return child;
}

/// The request ends, and the other end learns of it unless it said so itself.
function embryonicReset(k: Kernel, c: Cpu, index: number, skb: Skb, flags: number): number {
  if (!(flags & TCPHDR_RST)) sendReset(k, c, skb);
  if (inet_csk_reqsk_queue_drop(k, index))
    k.mib.TcpExtEmbryonicRsts = (k.mib.TcpExtEmbryonicRsts ?? 0) + 1;
  return DISCARD;
}

/// An older timestamp than the SYN's: the segment is a late duplicate. include/net/tcp.h:tcp_paws_reject()
function rejectedByPaws(k: Kernel, req: RequestSock, skb: Skb): boolean {
  return req.ts_recent !== 0 && before(k.skbs.tsval[skb]! >>> 0, req.ts_recent);
}

/// net/ipv4/tcp_minisocks.c:tcp_in_window(), with the window of the SYN-ACK
function inWindow(k: Kernel, req: RequestSock, skb: Skb): boolean {
  const seq = seqOf(k.skbs, skb);
  const end = endSeq(k.skbs, skb);
  const limit = (req.rcv_nxt + Math.min(req.rcv_wnd, 65535)) >>> 0;
  if (seq === req.rcv_nxt) return true;
  if (after(end, req.rcv_nxt) && before(seq, limit)) return true;
  return seq === limit && seq === end;
}

/// The new connection takes the segment that made it, and whoever waits in accept() is woken. Returns the
/// reason to reset it, 0: none. net/ipv4/tcp_minisocks.c:tcp_child_process()
export function tcp_child_process(
  k: Kernel,
  c: Cpu,
  listener: number,
  child: number,
  skb: Skb,
): number {
  const sk = k.socks[child]!;
  sk_mark_napi_id(k, sk, skb); // sk_mark_napi_id_set()
  tcp_segs_in(k, sk.tcp!, skb);
  const reason = tcp_rcv_state_process(k, c, sk, skb);
  if (sk.state !== TCP_SYN_RECV) listenerReadable(k, c, k.socks[listener]!);
  return reason;
}
