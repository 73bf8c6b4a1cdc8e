/// When a receiver answers: at once, after every second segment, late, or with the reader's next call.
/// Stands for the quick-ACK and delayed-ACK parts of net/ipv4/tcp_input.c, tcp_send_delayed_ack() in
/// tcp_output.c, and the rate limit of ACKs for segments that do not fit.
/// Left out: routes with quickack, TCP_QUICKACK, ECN. The limit of challenge ACKs for the whole host
/// (net.ipv4.tcp_challenge_ack_limit) is unlimited by default and is not applied.
import { jiffies, msecs_to_jiffies, usecs_to_jiffies } from '../jiffies.ts';
import type { Cpu, Kernel, Skb, Sock, TcpSock } from '../state.ts';
import { tcp_send_ack } from './tcp_output.ts';
import { tcp_grow_window, tcp_measure_rcv_mss, tcp_rcv_rtt_measure } from './tcp_rcvbuf.ts';
import { tcp_dsack_set } from './tcp_sack.ts';
import { after, before, endSeq, seqOf } from './tcp_seq.ts';
import {
  ICSK_ACK_NOW,
  ICSK_ACK_PUSHED,
  ICSK_ACK_SCHED,
  ICSK_ACK_TIMER,
  TCPHDR_SYN,
} from './tcp_states.ts';
import {
  startCompressedAck,
  startDelack,
  TCP_ACK_DEFERRED,
  TCP_ATO_MIN_MS,
  TCP_DELACK_MAX_MS,
  TCP_DELACK_MIN_MS,
  ticks,
} from './tcp_timer_state.ts';
import { __tcp_select_window } from './tcp_window.ts';

export const TCP_MAX_QUICKACKS = 16;
const TCP_FASTRETRANS_THRESH = 3;

/// Counters of ACKs that the rate limit has held back.
type SkippedAck =
  | 'TcpExtTCPACKSkippedSeq'
  | 'TcpExtTCPACKSkippedPAWS'
  | 'TcpExtTCPACKSkippedChallenge'
  | 'TcpExtTCPACKSkippedSynRecv';

/// An interactive session: ACKs wait for the answer. include/net/inet_connection_sock.h
export function inPingpong(k: Kernel, tp: TcpSock): boolean {
  return tp.icsk_ack.pingpong >= k.hot.tcp.pingpong_thresh;
}

/// include/net/inet_connection_sock.h:inet_csk_schedule_ack()
export function inet_csk_schedule_ack(tp: TcpSock): void {
  tp.icsk_ack.pending |= ICSK_ACK_SCHED;
}

function tcp_incr_quickack(tp: TcpSock, most: number): void {
  const ack = tp.icsk_ack;
  const segments = Math.floor(tp.rcv_wnd / (2 * ack.rcv_mss)) || 2;
  ack.quick = Math.max(ack.quick, Math.min(segments, most));
}

/// net/ipv4/tcp_input.c:tcp_enter_quickack_mode()
export function tcp_enter_quickack_mode(k: Kernel, tp: TcpSock, most: number): void {
  tcp_incr_quickack(tp, most);
  tp.icsk_ack.pingpong = 0;
  tp.icsk_ack.ato = ticks(k, TCP_ATO_MIN_MS);
}

function tcp_in_quickack_mode(k: Kernel, tp: TcpSock): boolean {
  return tp.icsk_ack.quick > 0 && !inPingpong(k, tp);
}

/// A data segment has been queued: what it says about the sender's pace.
/// net/ipv4/tcp_input.c:tcp_event_data_recv()
export function tcp_event_data_recv(k: Kernel, sk: Sock, tp: TcpSock, skb: Skb): void {
  const ack = tp.icsk_ack;
  inet_csk_schedule_ack(tp);
  tcp_measure_rcv_mss(k, sk, tp, skb);
  tcp_rcv_rtt_measure(tp);
  const now = jiffies(k);
  const least = ticks(k, TCP_ATO_MIN_MS);
  if (ack.ato === 0) {
    tcp_incr_quickack(tp, TCP_MAX_QUICKACKS);
    ack.ato = least;
  } else {
    const gap = now - ack.lrcvtime;
    if (gap <= least >> 1) ack.ato = (ack.ato >> 1) + (least >> 1);
    else if (gap < ack.ato)
      ack.ato = Math.min((ack.ato >> 1) + gap, tp.icsk_rto, ticks(k, TCP_DELACK_MAX_MS));
    else if (gap > tp.icsk_rto) tcp_incr_quickack(tp, TCP_MAX_QUICKACKS);
  }
  ack.lrcvtime = now;
  if (k.skbs.payload[skb]! >= 128) tcp_grow_window(k, sk, tp, skb, true);
}

/// net/ipv4/tcp_input.c:tcp_ack_snd_check()
export function tcp_ack_snd_check(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock): void {
  if (tp.icsk_ack.pending & ICSK_ACK_SCHED) __tcp_ack_snd_check(k, c, sk, tp, true);
}

/// An ACK is due: now, late, or held back while a hole is open.
/// net/ipv4/tcp_input.c:__tcp_ack_snd_check()
export function __tcp_ack_snd_check(
  k: Kernel,
  c: Cpu,
  sk: Sock,
  tp: TcpSock,
  ofo_possible: boolean,
): void {
  if (dueNow(k, sk, tp)) {
    // From __release_sock() it waits for tcp_release_cb(), so that one ACK answers the whole backlog.
    if (sk.owned && k.hot.tcp.backlog_ack_defer) tp.deferred |= TCP_ACK_DEFERRED;
    else tcp_send_ack(k, c, sk, tp);
    return;
  }
  if (!ofo_possible || tp.ofo_head < 0) return tcp_send_delayed_ack(k, c, sk, tp);
  holdBack(k, c, sk, tp);
}

function dueNow(k: Kernel, sk: Sock, tp: TcpSock): boolean {
  const unacked = (tp.rcv_nxt - tp.rcv_wup) >>> 0;
  const unread = (tp.rcv_nxt - tp.copied_seq) >>> 0;
  if (unacked > tp.icsk_ack.rcv_mss)
    if (unread < sk.rcvlowat || __tcp_select_window(k, sk, tp) >= tp.rcv_wnd) return true;
  return tcp_in_quickack_mode(k, tp) || (tp.icsk_ack.pending & ICSK_ACK_NOW) !== 0;
}

/// The first three duplicate ACKs go out; later ones wait a twentieth of a round trip for each other.
function holdBack(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock): void {
  const { comp_sack_nr, comp_sack_delay_ns } = k.hot.tcp;
  if (!tp.sack_ok || tp.compressed_ack >= comp_sack_nr) return tcp_send_ack(k, c, sk, tp);
  if (tp.compressed_ack_rcv_nxt !== tp.rcv_nxt) {
    tp.compressed_ack_rcv_nxt = tp.rcv_nxt;
    tp.dup_ack_counter = 0;
  }
  if (tp.dup_ack_counter < TCP_FASTRETRANS_THRESH) {
    tp.dup_ack_counter++;
    return tcp_send_ack(k, c, sk, tp);
  }
  tp.compressed_ack++;
  if (tp.compressed_ack_at !== Infinity) return;
  let rtt = tp.rcv_rtt_est.rtt_us;
  if (tp.srtt_us > 0 && tp.srtt_us < rtt) rtt = tp.srtt_us;
  startCompressedAck(k, c, tp, Math.min(comp_sack_delay_ns, Math.floor((rtt * 125) / 20)));
}

/// net/ipv4/tcp_output.c:tcp_send_delayed_ack()
function tcp_send_delayed_ack(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock): void {
  const ack = tp.icsk_ack;
  const least = ticks(k, TCP_DELACK_MIN_MS);
  let ato = ack.ato;
  if (ato > least) {
    const slow = inPingpong(k, tp) || (ack.pending & ICSK_ACK_PUSHED) !== 0;
    let most = slow ? ticks(k, TCP_DELACK_MAX_MS) : k.desc.hz >> 1;
    if (tp.srtt_us > 0)
      most = Math.min(most, Math.max(usecs_to_jiffies(k, tp.srtt_us >>> 3), least));
    ato = Math.min(ato, most);
  }
  ato = Math.min(ato, tcp_delack_max(tp));
  const now = jiffies(k);
  let timeout = now + ato;
  if (ack.pending & ICSK_ACK_TIMER) {
    if (ack.timeout <= now + (ato >> 2)) return tcp_send_ack(k, c, sk, tp);
    timeout = Math.min(timeout, ack.timeout);
  }
  ack.pending |= ICSK_ACK_SCHED | ICSK_ACK_TIMER;
  startDelack(k, c, tp, timeout);
}

/// net/ipv4/tcp_output.c:tcp_delack_max()
function tcp_delack_max(tp: TcpSock): number {
  return Math.min(tp.icsk_delack_max, Math.max(tp.icsk_rto_min, 2) - 1);
}

/// Answers a segment that does not fit, and reports what of it is here already.
/// net/ipv4/tcp_input.c:tcp_send_dupack()
export function tcp_send_dupack(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock, skb: Skb): void {
  const seq = seqOf(k.skbs, skb);
  const end = endSeq(k.skbs, skb);
  if (end !== seq && before(seq, tp.rcv_nxt)) {
    k.mib.TcpExtDelayedACKLost++;
    tcp_enter_quickack_mode(k, tp, TCP_MAX_QUICKACKS);
    tcp_dsack_set(k, tp, seq, after(end, tp.rcv_nxt) ? tp.rcv_nxt : end);
  }
  tcp_send_ack(k, c, sk, tp);
}

/// May no ACK be sent for this segment, because one was sent a moment ago? Data is always answered.
/// net/ipv4/tcp_input.c:tcp_oow_rate_limited()
export function tcp_oow_rate_limited(
  k: Kernel,
  of: { last_oow_ack_time: number },
  skb: Skb,
  counter: SkippedAck,
): boolean {
  const data = endSeq(k.skbs, skb) !== seqOf(k.skbs, skb);
  if (data && !(k.skbs.tcp_flags[skb]! & TCPHDR_SYN)) return false;
  return __tcp_oow_rate_limited(k, of, counter);
}

/// The same for an ACK that no segment's length excuses. `of` is a connection or a request; the limit is
/// net.ipv4.tcp_invalid_ratelimit, so that two ends cannot answer each other for ever.
export function __tcp_oow_rate_limited(
  k: Kernel,
  of: { last_oow_ack_time: number },
  counter: SkippedAck,
): boolean {
  const now = jiffies(k);
  const last = of.last_oow_ack_time;
  if (last !== 0 && now - last < msecs_to_jiffies(k, k.hot.tcp.invalid_ratelimit)) {
    k.mib[counter] = (k.mib[counter] ?? 0) + 1;
    return true;
  }
  of.last_oow_ack_time = now;
  return false;
}

/// RFC 5961: asks the other end what it means. net/ipv4/tcp_input.c:tcp_send_challenge_ack()
export function tcp_send_challenge_ack(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock): void {
  if (__tcp_oow_rate_limited(k, tp, 'TcpExtTCPACKSkippedChallenge')) return;
  k.mib.TcpExtTCPChallengeACK++;
  tcp_send_ack(k, c, sk, tp);
}
