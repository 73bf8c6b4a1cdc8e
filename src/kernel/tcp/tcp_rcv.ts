/// What comes of a TCP segment for a connection, a request, a listener or nobody, whichever IP has brought
/// it. How it is checked and looked up: tcp_ipv4.ts, tcp_ipv6.ts.
/// Stands for what tcp_v4_rcv() and tcp_v6_rcv() have in common (net/ipv4/tcp_ipv4.c,
/// net/ipv6/tcp_ipv6.c), for tcp_get_cookie_sock() in net/ipv4/syncookies.c, cookie_v4_check() and
/// cookie_v6_check(), and for the LISTEN state of tcp_rcv_state_process().
/// Left out: TIME-WAIT (a connection that has ended is forgotten), IPsec, authentication options, socket
/// filters.
import { COSTS } from '../costs.ts';
import { consume_skb, kfree_skb_reason } from '../ledger.ts';
import { sk_mark_napi_id } from '../napi_id.ts';
import { REASON } from '../reasons.ts';
import { sock_rps_save_rxhash } from '../rfs.ts';
import { FLAG_GSO } from '../skb.ts';
import type { Cpu, Kernel, Skb, Sock } from '../state.ts';
import { STEP } from '../tracing.ts';
import { firstWindow, scopeOf } from './conn_request.ts';
import { inet_csk_reqsk_queue_add } from './listener.ts';
import { inet_reqsk_alloc, reqsk_free } from './request_sock.ts';
import { tcp_v4_conn_request, tcp_v6_conn_request } from './syn_checks.ts';
import { synRecvSock } from './syn_recv_sock.ts';
import { cookie_tcp_check } from './syncookies.ts';
import { tcp_add_backlog, tcp_rcv_established, tcp_rcv_state_process } from './tcp_input.ts';
import { DISCARD, LISTENER, tcp_check_req, tcp_child_process } from './tcp_minisocks.ts';
import { ackOf, seqOf } from './tcp_seq.ts';
import { tcp_segs_in } from './tcp_sock.ts';
import {
  TCP_ESTABLISHED,
  TCP_LISTEN,
  TCPHDR_ACK,
  TCPHDR_FIN,
  TCPHDR_RST,
  TCPHDR_SYN,
} from './tcp_states.ts';
import { sendReset } from './tcp_synack.ts';

const AF_INET6 = 10;

/// Drops a segment before it has met a socket.
export function dropSegment(k: Kernel, c: Cpu, skb: Skb, reason: number): void {
  kfree_skb_reason(k, c, skb, reason, STEP.LOOKUP);
}

/// Drops a segment with a wrong checksum.
export function tcpCsumError(k: Kernel, c: Cpu, skb: Skb): void {
  k.mib.TcpInCsumErrors++;
  k.mib.TcpInErrs++;
  dropSegment(k, c, skb, REASON.TCP_CSUM);
}

/// The entry of the table (inet_hashtables.ts) that the look-up has found takes the segment.
export function forEntry(k: Kernel, c: Cpu, entry: number, skb: Skb): void {
  if (entry & 1) return forRequest(k, c, entry >> 1, skb);
  k.flows.sock[k.skbs.flow[skb]!] = entry >> 1;
  forConnection(k, c, entry >> 1, skb);
}

/// A lower TTL or hop limit than IP_MINTTL or IPV6_MINHOPCOUNT asks for: the sender is further away than it
/// may be.
function tooFarAway(k: Kernel, sk: Sock, skb: Skb): boolean {
  if (sk.min_ttl === 0 || k.flows.ttl[k.skbs.flow[skb]!]! >= sk.min_ttl) return false;
  k.mib.TcpExtTCPMinTTLDrop = (k.mib.TcpExtTCPMinTTLDrop ?? 0) + 1;
  return true;
}

/// A connection takes the segment, or its backlog does.
export function forConnection(k: Kernel, c: Cpu, index: number, skb: Skb): void {
  const sk = k.socks[index]!;
  if (tooFarAway(k, sk, skb)) return refused(k, c, sk, skb, REASON.TCP_MINTTL);
  sk.incoming_cpu = c.id; // sk_incoming_cpu_update()
  tcp_segs_in(k, sk.tcp!, skb);
  if (!sk.owned) return connectionReceives(k, c, sk, skb);
  const reason = tcp_add_backlog(k, c, sk, skb);
  if (reason !== 0) refused(k, c, sk, skb, reason);
}

function refused(k: Kernel, c: Cpu, sk: Sock, skb: Skb, reason: number): void {
  sk.drops += k.skbs.flags[skb]! & FLAG_GSO ? k.skbs.segs[skb]! : 1; // sk_drops_add()
  dropSegment(k, c, skb, reason);
}

/// A segment for a connection that nobody holds: tcp_v4_do_rcv(), tcp_v6_do_rcv()
export function connectionReceives(k: Kernel, c: Cpu, sk: Sock, skb: Skb): void {
  if (k.rps_sock_flow_table !== null) sock_rps_save_rxhash(k, sk, skb);
  if (sk.state === TCP_ESTABLISHED) {
    sk_mark_napi_id(k, sk, skb);
    return tcp_rcv_established(k, c, sk, skb);
  }
  const reason = tcp_rcv_state_process(k, c, sk, skb);
  if (reason === 0) return;
  sendReset(k, c, skb);
  dropSegment(k, c, skb, reason);
}

/// A segment for a half-open connection, usually the third ACK.
function forRequest(k: Kernel, c: Cpu, index: number, skb: Skb): void {
  const { listener } = k.reqs[index]!;
  const sk = k.socks[listener]!;
  const child = tcp_check_req(k, c, index, skb);
  if (child === LISTENER) return forListener(k, c, listener, skb);
  if (child === DISCARD) return refused(k, c, sk, skb, REASON.NOT_SPECIFIED);
  const reason = toChild(k, c, listener, child, skb);
  if (reason !== 0) refused(k, c, sk, skb, reason);
}

/// The new connection takes the segment. The reason to drop it, when the other end was reset; 0: none.
function toChild(k: Kernel, c: Cpu, listener: number, child: number, skb: Skb): number {
  if (k.rps_sock_flow_table !== null) sock_rps_save_rxhash(k, k.socks[child]!, skb);
  const reason = tcp_child_process(k, c, listener, child, skb);
  if (reason !== 0) sendReset(k, c, skb);
  return reason;
}

/// A segment for a listener: a SYN, or the ACK of a cookie, or nothing it can use.
/// net/ipv4/tcp_input.c:tcp_rcv_state_process(), state TCP_LISTEN
export function forListener(k: Kernel, c: Cpu, listener: number, skb: Skb): void {
  const sk = k.socks[listener]!;
  const flags = k.skbs.tcp_flags[skb]!;
  if (sk.state !== TCP_LISTEN) throw new Error(`socket ${listener} does not listen`);
  if (tooFarAway(k, sk, skb)) return refused(k, c, sk, skb, REASON.TCP_MINTTL);
  if (!(flags & TCPHDR_SYN)) {
    const child = cookieCheck(k, c, listener, skb);
    if (child === DISCARD) return;
    if (child !== LISTENER) {
      const reason = toChild(k, c, listener, child, skb);
      return reason === 0 ? undefined : dropSegment(k, c, skb, reason);
    }
  }
  if (flags & TCPHDR_ACK) {
    sendReset(k, c, skb);
    return dropSegment(k, c, skb, REASON.TCP_FLAGS);
  }
  if (flags & TCPHDR_RST) return refused(k, c, sk, skb, REASON.TCP_RESET);
  if (!(flags & TCPHDR_SYN) || flags & TCPHDR_FIN) return refused(k, c, sk, skb, REASON.TCP_FLAGS);
  // Dropped or not, the SYN counts as used: only the listener's counters tell.
  if (k.flows.family[k.skbs.flow[skb]!] === AF_INET6) tcp_v6_conn_request(k, c, listener, skb);
  else tcp_v4_conn_request(k, c, listener, skb);
  consume_skb(k, skb);
}

/// A segment without SYN for a listener may bring a cookie back: the new connection, LISTENER when it is
/// none of ours, or DISCARD when the connection cannot be made and the packet is gone.
/// net/ipv4/syncookies.c:cookie_v4_check(), tcp_get_cookie_sock(), net/ipv6/syncookies.c:cookie_v6_check()
function cookieCheck(k: Kernel, c: Cpu, listener: number, skb: Skb): number {
  const sk = k.socks[listener]!;
  const flags = k.skbs.tcp_flags[skb]!;
  if (!k.hot.tcp_syncookies || !(flags & TCPHDR_ACK) || flags & TCPHDR_RST) return LISTENER;
  c.cursor_ns += COSTS.secure_tcp_syn_cookie.ns;
  const answer = cookie_tcp_check(k, sk, skb);
  if (!answer) return LISTENER;
  const index = inet_reqsk_alloc(k, listener, k.skbs.flow[skb]!);
  const req = k.reqs[index]!;
  Object.assign(req, answer);
  req.rcv_isn = (seqOf(k.skbs, skb) - 1) >>> 0;
  req.rcv_nxt = (req.rcv_isn + 1) >>> 0;
  req.snt_isn = (ackOf(k.skbs, skb) - 1) >>> 0;
  req.iif = sk.bound_dev || scopeOf(k, skb);
  firstWindow(k, req, sk, req.mss);
  const child = synRecvSock(k, c, listener, skb, req, -1);
  reqsk_free(k, index);
  if (child < 0) {
    dropSegment(k, c, skb, REASON.NO_SOCKET);
    return DISCARD;
  }
  inet_csk_reqsk_queue_add(k, listener, child);
  return child;
}
