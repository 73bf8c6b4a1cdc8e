/// A segment for a connection. The fast path takes what header prediction expects: the next data of a
/// one-way stream, or a pure ACK. All else goes the slow way through every check.
/// Stands for tcp_rcv_established() and tcp_rcv_state_process() in net/ipv4/tcp_input.c.
/// Left out: urgent data, MPTCP, and the states after a FIN of our own. Checksums are tested before.
import { COSTS } from '../costs.ts';
import { jiffies } from '../jiffies.ts';
import { consume_skb } from '../ledger.ts';
import { REASON } from '../reasons.ts';
import type { Cpu, Kernel, Skb, Sock, TcpSock } from '../state.ts';
import { noteStep, STEP } from '../tracing.ts';
import {
  FLAG_DATA,
  FLAG_NO_CHALLENGE_ACK,
  FLAG_SLOWPATH,
  FLAG_UPDATE_TS_RECENT,
  tcp_ack,
  tcp_fast_path_on,
  tcp_store_ts_recent,
} from './tcp_ack.ts';
import {
  __tcp_ack_snd_check,
  tcp_ack_snd_check,
  tcp_event_data_recv,
  tcp_send_challenge_ack,
} from './tcp_ack_policy.ts';
import { tcp_data_queue, tcp_data_ready } from './tcp_data_queue.ts';
import { tcp_drop_reason, tcp_queue_rcv } from './tcp_queue.ts';
import {
  tcp_initialize_rcv_mss,
  tcp_mstamp_refresh,
  tcp_rcv_rtt_measure_ts,
  tcp_rtt_tsopt_us,
} from './tcp_rcvbuf.ts';
import { firstRoundTrip, tcp_update_pacing_rate } from './tcp_rtt.ts';
import { ackOf, after, before, between, endSeq, seqOf } from './tcp_seq.ts';
import { countFragments, kfree_skb_partial, tcpHeaderLength } from './tcp_skb.ts';
import { tcp_init_transfer, tcp_reset, tcp_set_state } from './tcp_sock.ts';
import {
  ICSK_ACK_SCHED,
  RCV_SHUTDOWN,
  TCP_CLOSE,
  TCP_CLOSE_WAIT,
  TCP_ESTABLISHED,
  TCP_HEADER,
  TCP_SYN_RECV,
  TCPHDR_ACK,
  TCPHDR_FIN,
  TCPHDR_PSH,
  TCPHDR_RST,
  TCPHDR_SYN,
  TCPOLEN_TSTAMP_ALIGNED,
} from './tcp_states.ts';
import { tcp_validate_incoming } from './tcp_validate.ts';

export { tcp_add_backlog } from './tcp_backlog.ts';

const STAMPED_HEADER = TCP_HEADER + TCPOLEN_TSTAMP_ALIGNED;
const ANY_CONTROL = TCPHDR_ACK | TCPHDR_RST | TCPHDR_SYN;

/// A segment for a connection in ESTABLISHED. net/ipv4/tcp_input.c:tcp_rcv_established()
export function tcp_rcv_established(k: Kernel, c: Cpu, sk: Sock, skb: Skb): void {
  const tp = sk.tcp!;
  const pool = k.skbs;
  c.cursor_ns += COSTS.tcp_rcv_established.ns;
  noteStep(k, c, STEP.TCP, skb, sk.rmem_alloc);
  // From the backlog (owned) it was counted when it came.
  if (!sk.owned) countFragments(pool, skb);
  tcp_mstamp_refresh(k, tp);
  tp.saw_tstamp = false;
  if (isPredicted(k, tp, skb)) {
    if (pool.payload[skb] === 0) return pureAck(k, c, sk, tp, skb);
    if (pool.truesize[skb]! <= sk.forward_alloc) return fastData(k, c, sk, tp, skb);
    return step5(k, c, sk, tp, skb);
  }
  const flags = pool.tcp_flags[skb]!;
  if (!(flags & ANY_CONTROL)) return tcp_drop_reason(k, c, sk, skb, REASON.TCP_FLAGS);
  if (tcp_validate_incoming(k, c, sk, tp, skb, true)) step5(k, c, sk, tp, skb);
}

/// Header prediction: the flags, the window and the header length that pred_flags expects, the next
/// sequence number, and a timestamp that does not go back.
function isPredicted(k: Kernel, tp: TcpSock, skb: Skb): boolean {
  const pool = k.skbs;
  const flags = pool.tcp_flags[skb]! & ~TCPHDR_PSH;
  const word = ((tcpHeaderLength(pool, skb) << 26) | (flags << 16) | pool.window[skb]!) >>> 0;
  if (word !== tp.pred_flags || seqOf(pool, skb) !== tp.rcv_nxt) return false;
  if (!between(ackOf(pool, skb), tp.snd_una, tp.snd_nxt)) return false;
  if (tp.tcp_header_len !== STAMPED_HEADER) return true;
  tp.saw_tstamp = true;
  tp.rcv_tsval = pool.tsval[skb]! >>> 0;
  tp.rcv_tsecr = pool.tsecr[skb]! >>> 0;
  return ((tp.rcv_tsval - tp.ts_recent) | 0) >= 0;
}

function keepTimestamp(k: Kernel, tp: TcpSock): void {
  if (tp.tcp_header_len === STAMPED_HEADER && tp.rcv_nxt === tp.rcv_wup) tcp_store_ts_recent(k, tp);
}

function pureAck(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock, skb: Skb): void {
  keepTimestamp(k, tp);
  tcp_ack(k, c, sk, tp, skb, 0);
  consume_skb(k, skb);
  tp.rcv_rtt_last_tsecr = tp.rcv_tsecr;
}

function fastData(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock, skb: Skb): void {
  keepTimestamp(k, tp);
  tcp_rcv_rtt_measure_ts(k, tp, skb);
  k.mib.TcpExtTCPHPHits++;
  const seq = seqOf(k.skbs, skb);
  const acks = ackOf(k.skbs, skb) !== tp.snd_una;
  const into = tcp_queue_rcv(k, sk, tp, skb);
  tcp_event_data_recv(k, sk, tp, skb);
  if (acks) tcp_ack(k, c, sk, tp, skb, FLAG_DATA);
  else tp.snd_wl1 = seq;
  if (!acks || tp.icsk_ack.pending & ICSK_ACK_SCHED) __tcp_ack_snd_check(k, c, sk, tp, false);
  if (into !== skb) kfree_skb_partial(k.skbs, into, skb);
  tcp_data_ready(k, c, sk, tp);
}

function step5(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock, skb: Skb): void {
  const reason = tcp_ack(k, c, sk, tp, skb, FLAG_SLOWPATH | FLAG_UPDATE_TS_RECENT);
  if (reason < 0) return tcp_drop_reason(k, c, sk, skb, -reason);
  tcp_rcv_rtt_measure_ts(k, tp, skb);
  c.cursor_ns += COSTS.tcp_slow_path.ns;
  tcp_data_queue(k, c, sk, tp, skb);
  tcp_ack_snd_check(k, c, sk, tp);
}

/// A segment for a connection in another state: the third ACK of a new one, or what comes after the
/// other end's FIN. Returns the reason for which the caller resets the other end and drops the
/// segment; 0: it is taken care of. net/ipv4/tcp_input.c:tcp_rcv_state_process()
export function tcp_rcv_state_process(k: Kernel, c: Cpu, sk: Sock, skb: Skb): number {
  const tp = sk.tcp!;
  c.cursor_ns += COSTS.tcp_rcv_established.ns + COSTS.tcp_slow_path.ns;
  noteStep(k, c, STEP.TCP, skb, sk.rmem_alloc);
  if (sk.state === TCP_CLOSE) return dropped(k, c, sk, skb, REASON.TCP_CLOSE);
  if (!sk.owned) countFragments(k.skbs, skb);
  tcp_mstamp_refresh(k, tp);
  tp.saw_tstamp = false;
  if (!(k.skbs.tcp_flags[skb]! & ANY_CONTROL)) return dropped(k, c, sk, skb, REASON.TCP_FLAGS);
  if (!tcp_validate_incoming(k, c, sk, tp, skb, false)) return 0;
  const ack = tcp_ack(
    k,
    c,
    sk,
    tp,
    skb,
    FLAG_SLOWPATH | FLAG_UPDATE_TS_RECENT | FLAG_NO_CHALLENGE_ACK,
  );
  if (ack <= 0 && sk.state === TCP_SYN_RECV) return ack === 0 ? REASON.TCP_OLD_ACK : -ack;
  if (ack < 0) {
    tcp_send_challenge_ack(k, c, sk, tp);
    return dropped(k, c, sk, skb, -ack);
  }
  if (sk.state === TCP_SYN_RECV) establish(k, sk, tp, skb);
  return stateData(k, c, sk, tp, skb);
}

function dropped(k: Kernel, c: Cpu, sk: Sock, skb: Skb, reason: number): number {
  tcp_drop_reason(k, c, sk, skb, reason);
  return 0;
}

/// The third ACK has come.
function establish(k: Kernel, sk: Sock, tp: TcpSock, skb: Skb): void {
  tp.delivered++;
  if (tp.srtt_us === 0) tcp_synack_rtt_meas(k, tp);
  if (tp.tstamp_ok) tp.advmss -= TCPOLEN_TSTAMP_ALIGNED;
  tcp_init_transfer(k, sk, tp);
  tp.copied_seq = tp.rcv_nxt;
  tcp_set_state(k, sk, TCP_ESTABLISHED);
  tp.snd_una = ackOf(k.skbs, skb);
  tp.snd_wnd = k.skbs.window[skb]! * 2 ** tp.snd_wscale;
  tp.snd_wl1 = seqOf(k.skbs, skb);
  tcp_update_pacing_rate(k, tp);
  tp.lsndtime = jiffies(k);
  tcp_initialize_rcv_mss(tp);
  tcp_fast_path_on(tp);
}

/// A SYN-ACK that was sent again, or a cookie: only the echoed timestamp tells which one was answered.
/// net/ipv4/tcp_input.c:tcp_synack_rtt_meas()
function tcp_synack_rtt_meas(k: Kernel, tp: TcpSock): void {
  if (!tp.saw_tstamp || tp.rcv_tsecr === 0) return;
  const rtt_us = tcp_rtt_tsopt_us(tp, 1);
  if (rtt_us >= 0) firstRoundTrip(k, tp, rtt_us);
}

/// Step 7: the segment's text. Data behind a FIN that was read to the end resets the connection.
function stateData(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock, skb: Skb): number {
  const pool = k.skbs;
  const seq = seqOf(pool, skb);
  const end = endSeq(pool, skb);
  if (sk.state === TCP_CLOSE_WAIT) {
    if (!before(seq, tp.rcv_nxt)) {
      tcp_ack_snd_check(k, c, sk, tp);
      return dropped(k, c, sk, skb, REASON.NOT_SPECIFIED);
    }
    const fin = pool.tcp_flags[skb]! & TCPHDR_FIN ? 1 : 0;
    if (sk.shutdown & RCV_SHUTDOWN && end !== seq && after((end - fin) >>> 0, tp.rcv_nxt)) {
      k.mib.TcpExtTCPAbortOnData = (k.mib.TcpExtTCPAbortOnData ?? 0) + 1;
      tcp_reset(k, c, sk, tp);
      return REASON.TCP_ABORT_ON_DATA;
    }
  }
  tcp_data_queue(k, c, sk, tp, skb);
  tcp_ack_snd_check(k, c, sk, tp);
  return 0;
}
