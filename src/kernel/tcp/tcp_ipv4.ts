/// TCP over IPv4, from IP up to the state of a connection: checks, look-up, and what comes of a segment for
/// a connection, a request, a listener or nobody.
/// Stands for tcp_v4_rcv(), tcp_v4_do_rcv() and tcp_v4_conn_request() in net/ipv4/tcp_ipv4.c, for
/// tcp_get_cookie_sock() in net/ipv4/syncookies.c and the LISTEN state of tcp_rcv_state_process().
/// Left out: TIME-WAIT (a connection that has ended is forgotten), IPsec, authentication options, socket
/// filters.
import { COSTS } from '../costs.ts';
import { RTN } from '../fib_trie.ts';
import { consume_skb, kfree_skb_reason } from '../ledger.ts';
import { sk_mark_napi_id } from '../napi_id.ts';
import { REASON } from '../reasons.ts';
import { sock_rps_save_rxhash } from '../rfs.ts';
import {
  FLAG_BAD_CSUM,
  FLAG_BAD_FCS,
  FLAG_BROADCAST,
  FLAG_DST,
  FLAG_FOREIGN,
  FLAG_GSO,
  FLAG_MULTICAST,
  FLAG_SK,
} from '../skb.ts';
import type { Cpu, Kernel, Skb, Sock } from '../state.ts';
import { STEP, takeStep } from '../tracing.ts';
import { firstWindow, tcp_conn_request } from './conn_request.ts';
import { __inet_lookup_listener, lookUpEntry, type LookupKey } from './inet_hashtables.ts';
import { inet_csk_reqsk_queue_add } from './listener.ts';
import { tcp_v4_syn_recv_sock } from './syn_recv_sock.ts';
import { inet_reqsk_alloc, reqsk_free } from './request_sock.ts';
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
import { tcp_v4_send_reset } from './tcp_synack.ts';

const NOT_HOST = FLAG_FOREIGN | FLAG_MULTICAST | FLAG_BROADCAST;
const BAD = FLAG_BAD_CSUM | FLAG_BAD_FCS;

/// A TCP segment for this host. net/ipv4/tcp_ipv4.c:tcp_v4_rcv()
export function tcp_v4_rcv(k: Kernel, c: Cpu, skb: Skb): void {
  const pool = k.skbs;
  const flags = pool.flags[skb]!;
  if (flags & NOT_HOST) return drop(k, c, skb, REASON.NOT_SPECIFIED);
  k.mib.TcpInSegs++;
  if (flags & BAD) return csumError(k, c, skb);
  takeStep(k, c, STEP.LOOKUP, skb, COSTS.__inet_lookup_established.ns);
  const flow = pool.flow[skb]!;
  const known = flags & FLAG_SK ? pool.sk[skb]! : k.flows.sock[flow]!;
  if (known >= 0 && k.socks[known]!.hashed) return forConnection(k, c, known, skb);
  const { dst, dport, src, sport } = k.flows;
  const entry = lookUpEntry(k, dst[flow]!, dport[flow]!, src[flow]!, sport[flow]!);
  if (entry < 0) return withoutConnection(k, c, skb);
  if (entry & 1) return forRequest(k, c, entry >> 1, skb);
  k.flows.sock[flow] = entry >> 1;
  forConnection(k, c, entry >> 1, skb);
}

function drop(k: Kernel, c: Cpu, skb: Skb, reason: number): void {
  kfree_skb_reason(k, c, skb, reason, STEP.LOOKUP);
}

function csumError(k: Kernel, c: Cpu, skb: Skb): void {
  k.mib.TcpInCsumErrors++;
  k.mib.TcpInErrs++;
  drop(k, c, skb, REASON.TCP_CSUM);
}

/// A lower TTL than IP_MINTTL asks for: the sender is further away than it may be.
function tooFarAway(k: Kernel, sk: Sock, skb: Skb): boolean {
  if (sk.min_ttl === 0 || k.flows.ttl[k.skbs.flow[skb]!]! >= sk.min_ttl) return false;
  k.mib.TcpExtTCPMinTTLDrop = (k.mib.TcpExtTCPMinTTLDrop ?? 0) + 1;
  return true;
}

function forConnection(k: Kernel, c: Cpu, index: number, skb: Skb): void {
  const sk = k.socks[index]!;
  if (tooFarAway(k, sk, skb)) return refused(k, c, sk, skb, REASON.TCP_MINTTL);
  sk.incoming_cpu = c.id; // sk_incoming_cpu_update()
  tcp_segs_in(k, sk.tcp!, skb);
  if (!sk.owned) return tcp_v4_do_rcv(k, c, sk, skb);
  const reason = tcp_add_backlog(k, c, sk, skb);
  if (reason !== 0) refused(k, c, sk, skb, reason);
}

function refused(k: Kernel, c: Cpu, sk: Sock, skb: Skb, reason: number): void {
  sk.drops += k.skbs.flags[skb]! & FLAG_GSO ? k.skbs.segs[skb]! : 1; // sk_drops_add()
  drop(k, c, skb, reason);
}

/// net/ipv4/tcp_ipv4.c:tcp_v4_do_rcv(), for a connection
export function tcp_v4_do_rcv(k: Kernel, c: Cpu, sk: Sock, skb: Skb): void {
  if (k.rps_sock_flow_table !== null) sock_rps_save_rxhash(k, sk, skb);
  if (sk.state === TCP_ESTABLISHED) {
    sk_mark_napi_id(k, sk, skb);
    return tcp_rcv_established(k, c, sk, skb);
  }
  const reason = tcp_rcv_state_process(k, c, sk, skb);
  if (reason === 0) return;
  tcp_v4_send_reset(k, c, skb);
  drop(k, c, skb, reason);
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
  if (reason !== 0) tcp_v4_send_reset(k, c, skb);
  return reason;
}

/// What the look-up of a packet goes by.
export function lookupKey(k: Kernel, c: Cpu, skb: Skb): LookupKey {
  const flow = k.skbs.flow[skb]!;
  const { family, src, sport, dst, dport } = k.flows;
  return {
    family: family[flow]!,
    src: src[flow]!,
    sport: sport[flow]!,
    dst: dst[flow]!,
    dport: dport[flow]!,
    dif: k.devs[k.skbs.dev[skb]!]!.ifindex,
    cpu: c.id,
  };
}

function withoutConnection(k: Kernel, c: Cpu, skb: Skb): void {
  c.cursor_ns += COSTS.__inet_lookup_listener.ns;
  const listener = __inet_lookup_listener(k, lookupKey(k, c, skb));
  if (listener >= 0) return forListener(k, c, listener, skb);
  // What was sent to all gets no answer, whatever address its frame bore.
  const rt = k.skbs.flags[skb]! & FLAG_DST ? k.skbs.dst[skb]! : 0;
  if (k.fib.dsts[rt]!.type === RTN.LOCAL) tcp_v4_send_reset(k, c, skb);
  drop(k, c, skb, REASON.NO_SOCKET);
}

/// A segment for a listener: a SYN, or the ACK of a cookie, or nothing it can use.
/// net/ipv4/tcp_input.c:tcp_rcv_state_process(), state TCP_LISTEN
function forListener(k: Kernel, c: Cpu, listener: number, skb: Skb): void {
  const sk = k.socks[listener]!;
  const flags = k.skbs.tcp_flags[skb]!;
  if (sk.state !== TCP_LISTEN) throw new Error(`socket ${listener} does not listen`);
  if (tooFarAway(k, sk, skb)) return refused(k, c, sk, skb, REASON.TCP_MINTTL);
  if (!(flags & TCPHDR_SYN)) {
    const child = tcp_v4_cookie_check(k, c, listener, skb);
    if (child === DISCARD) return;
    if (child !== LISTENER) {
      const reason = toChild(k, c, listener, child, skb);
      return reason === 0 ? undefined : drop(k, c, skb, reason);
    }
  }
  if (flags & TCPHDR_ACK) {
    tcp_v4_send_reset(k, c, skb);
    return drop(k, c, skb, REASON.TCP_FLAGS);
  }
  if (flags & TCPHDR_RST) return refused(k, c, sk, skb, REASON.TCP_RESET);
  if (!(flags & TCPHDR_SYN) || flags & TCPHDR_FIN) return refused(k, c, sk, skb, REASON.TCP_FLAGS);
  // Dropped or not, the SYN counts as used: only the listener's counters tell.
  tcp_conn_request(k, c, listener, skb);
  consume_skb(k, skb);
}

/// A segment without SYN for a listener may bring a cookie back: the new connection, LISTENER when it is
/// none of ours, or DISCARD when the connection cannot be made and the packet is gone.
/// net/ipv4/syncookies.c:cookie_v4_check(), tcp_get_cookie_sock()
function tcp_v4_cookie_check(k: Kernel, c: Cpu, listener: number, skb: Skb): number {
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
  req.iif = sk.bound_dev;
  firstWindow(k, req, sk, req.mss);
  const child = tcp_v4_syn_recv_sock(k, c, listener, skb, req, -1);
  reqsk_free(k, index);
  if (child < 0) {
    drop(k, c, skb, REASON.NO_SOCKET);
    return DISCARD;
  }
  inet_csk_reqsk_queue_add(k, listener, child);
  return child;
}
