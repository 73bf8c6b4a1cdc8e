/// The acknowledgement field of what arrives, and header prediction. This host sends no data yet, so
/// an ACK only tells the other end's window and that nothing is wrong.
/// Stands for tcp_ack() and tcp_ack_update_window() in net/ipv4/tcp_input.c, tcp_fast_path_check() and
/// tcp_paws_check() in include/net/tcp.h.
/// Left out: the retransmit queue, congestion control, SACKs for data of our own, ECN.
import { jiffies } from '../jiffies.ts';
import { REASON } from '../reasons.ts';
import type { Cpu, Kernel, Skb, Sock, TcpSock } from '../state.ts';
import { tcp_send_challenge_ack } from './tcp_ack_policy.ts';
import { ackOf, after, before, endSeq, seqOf } from './tcp_seq.ts';
import { TCPHDR_ACK, TCPHDR_SYN } from './tcp_states.ts';

export const FLAG_SLOWPATH = 1;
export const FLAG_UPDATE_TS_RECENT = 2;
export const FLAG_NO_CHALLENGE_ACK = 4;
export const FLAG_DATA = 8;

const TCP_PAWS_WRAP = 60 * 60 * 24 * 24; // s
const ACK_WORD = TCPHDR_ACK << 16;

/// Takes the ACK in. 1: good; 0: old; negative: a drop reason with its sign changed.
/// net/ipv4/tcp_input.c:tcp_ack()
export function tcp_ack(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock, skb: Skb, flag: number): number {
  const ack = ackOf(k.skbs, skb);
  if (before(ack, tp.snd_una)) {
    // No ACK for what was never sent (RFC 5961, 5.2).
    const most = Math.min(tp.max_window, tp.bytes_acked);
    if (before(ack, (tp.snd_una - most) >>> 0)) {
      if (!(flag & FLAG_NO_CHALLENGE_ACK)) tcp_send_challenge_ack(k, c, sk, tp);
      return -REASON.TCP_TOO_OLD_ACK;
    }
    if (flag & FLAG_UPDATE_TS_RECENT) tcp_replace_ts_recent(k, tp, seqOf(k.skbs, skb));
    return 0;
  }
  if (after(ack, tp.snd_nxt)) return -REASON.TCP_ACK_UNSENT_DATA;
  if (flag & FLAG_UPDATE_TS_RECENT) tcp_replace_ts_recent(k, tp, seqOf(k.skbs, skb));
  if (endSeq(k.skbs, skb) === seqOf(k.skbs, skb)) k.mib.TcpExtTCPPureAcks++;
  tcp_ack_update_window(k, sk, tp, skb, ack);
  tp.rcv_tstamp = jiffies(k);
  return 1;
}

function tcp_ack_update_window(k: Kernel, sk: Sock, tp: TcpSock, skb: Skb, ack: number): void {
  const seq = seqOf(k.skbs, skb);
  const window = windowOf(k, tp, skb);
  if (tcp_may_update_window(tp, ack, seq, window)) {
    tp.snd_wl1 = seq;
    if (tp.snd_wnd !== window) {
      tp.snd_wnd = window;
      tp.pred_flags = 0;
      tcp_fast_path_check(sk, tp);
      tp.max_window = Math.max(tp.max_window, window);
    }
  }
  tp.bytes_acked += (ack - tp.snd_una) >>> 0;
  tp.snd_una = ack;
}

/// The window of a segment in bytes; that of a SYN is never scaled.
export function windowOf(k: Kernel, tp: TcpSock, skb: Skb): number {
  const field = k.skbs.window[skb]!;
  return k.skbs.tcp_flags[skb]! & TCPHDR_SYN ? field : field * 2 ** tp.snd_wscale;
}

/// net/ipv4/tcp_input.c:tcp_may_update_window()
export function tcp_may_update_window(
  tp: TcpSock,
  ack: number,
  seq: number,
  window: number,
): boolean {
  return (
    after(ack, tp.snd_una) ||
    after(seq, tp.snd_wl1) ||
    (seq === tp.snd_wl1 && (window > tp.snd_wnd || window === 0))
  );
}

/// The header that the next segment of a one-way stream will have. include/net/tcp.h:tcp_fast_path_on()
export function tcp_fast_path_on(tp: TcpSock): void {
  const window = Math.floor(tp.snd_wnd / 2 ** tp.snd_wscale);
  tp.pred_flags = ((tp.tcp_header_len << 26) | ACK_WORD | window) >>> 0;
}

/// Turns header prediction on when nothing speaks against it. include/net/tcp.h:tcp_fast_path_check()
export function tcp_fast_path_check(sk: Sock, tp: TcpSock): void {
  if (tp.ofo_head < 0 && tp.rcv_wnd > 0 && sk.rmem_alloc < sk.rcvbuf) tcp_fast_path_on(tp);
}

/// net/ipv4/tcp_input.c:tcp_store_ts_recent()
export function tcp_store_ts_recent(k: Kernel, tp: TcpSock): void {
  tp.ts_recent = tp.rcv_tsval;
  tp.ts_recent_stamp = seconds(k);
}

function tcp_replace_ts_recent(k: Kernel, tp: TcpSock, seq: number): void {
  if (tp.saw_tstamp && !after(seq, tp.rcv_wup) && tcp_paws_check(k, tp, 0))
    tcp_store_ts_recent(k, tp);
}

/// Is the timestamp no older than `window` milliseconds before the last one?
/// include/net/tcp.h:tcp_paws_check()
export function tcp_paws_check(k: Kernel, tp: TcpSock, window: number): boolean {
  if (((tp.ts_recent - tp.rcv_tsval) | 0) <= window) return true;
  return seconds(k) >= tp.ts_recent_stamp + TCP_PAWS_WRAP || tp.ts_recent === 0;
}

function seconds(k: Kernel): number {
  return Math.floor((k.desc.uptime_ns + k.now) / 1_000_000_000);
}
