/// Does a segment belong to the connection at this moment? Timestamp, sequence numbers, RST, SYN.
/// Stands for tcp_validate_incoming() and what it asks, in net/ipv4/tcp_input.c.
/// Left out: fast open.
import { consume_skb } from '../ledger.ts';
import { REASON } from '../reasons.ts';
import { FLAG_TSTAMP } from '../skb.ts';
import type { Cpu, Kernel, Skb, Sock, TcpSock } from '../state.ts';
import { tcp_may_update_window, tcp_paws_check, windowOf } from './tcp_ack.ts';
import { tcp_oow_rate_limited, tcp_send_challenge_ack, tcp_send_dupack } from './tcp_ack_policy.ts';
import { tcp_drop_reason } from './tcp_queue.ts';
import { tcp_reset } from './tcp_sock.ts';
import { ackOf, after, before, endSeq, seqOf } from './tcp_seq.ts';
import { tcp_receive_window } from './tcp_space.ts';
import {
  TCP_CLOSE_WAIT,
  TCP_CLOSING,
  TCP_LAST_ACK,
  TCPHDR_ACK,
  TCPHDR_RST,
  TCPHDR_SYN,
} from './tcp_states.ts';

const TCP_PAWS_WINDOW = 1;

/// False when the packet is gone. `syn_inerr`: a SYN counts as an input error.
/// net/ipv4/tcp_input.c:tcp_validate_incoming()
export function tcp_validate_incoming(
  k: Kernel,
  c: Cpu,
  sk: Sock,
  tp: TcpSock,
  skb: Skb,
  syn_inerr: boolean,
): boolean {
  const flags = k.skbs.tcp_flags[skb]!;
  const rst = (flags & TCPHDR_RST) !== 0;
  const syn = (flags & TCPHDR_SYN) !== 0;
  readTimestamp(k, tp, skb);
  if (tp.saw_tstamp && tcp_paws_discard(k, tp, skb) && !rst) {
    if (syn) return challenge(k, c, sk, tp, skb, syn_inerr);
    k.mib.TcpExtPAWSEstab++;
    if (!tcp_oow_rate_limited(k, tp, skb, 'TcpExtTCPACKSkippedPAWS'))
      tcp_send_dupack(k, c, sk, tp, skb);
    return discard(k, c, sk, skb, REASON.TCP_RFC7323_PAWS);
  }
  const bad = tcp_sequence(tp, seqOf(k.skbs, skb), endSeq(k.skbs, skb));
  if (bad !== 0) {
    if (rst) {
      if (tcp_reset_check(k, sk, tp, skb)) return reset(k, c, sk, tp, skb);
    } else if (syn) return challenge(k, c, sk, tp, skb, syn_inerr);
    else if (!tcp_oow_rate_limited(k, tp, skb, 'TcpExtTCPACKSkippedSeq'))
      tcp_send_dupack(k, c, sk, tp, skb);
    return discard(k, c, sk, skb, bad);
  }
  if (rst) {
    if (resetHolds(k, sk, tp, skb)) return reset(k, c, sk, tp, skb);
    tcp_send_challenge_ack(k, c, sk, tp);
    return discard(k, c, sk, skb, REASON.TCP_RESET);
  }
  return syn ? challenge(k, c, sk, tp, skb, syn_inerr) : true;
}

/// The timestamp option of the segment. net/ipv4/tcp_input.c:tcp_fast_parse_options()
function readTimestamp(k: Kernel, tp: TcpSock, skb: Skb): void {
  tp.saw_tstamp = tp.tstamp_ok && (k.skbs.flags[skb]! & FLAG_TSTAMP) !== 0;
  if (!tp.saw_tstamp) return;
  tp.rcv_tsval = k.skbs.tsval[skb]! >>> 0;
  tp.rcv_tsecr = k.skbs.tsecr[skb]! >>> 0;
}

function tcp_paws_discard(k: Kernel, tp: TcpSock, skb: Skb): boolean {
  return !tcp_paws_check(k, tp, TCP_PAWS_WINDOW) && !tcp_disordered_ack(k, tp, skb);
}

/// A pure ACK that came late and changes nothing may be old.
function tcp_disordered_ack(k: Kernel, tp: TcpSock, skb: Skb): boolean {
  const seq = seqOf(k.skbs, skb);
  const ack = ackOf(k.skbs, skb);
  if (!(k.skbs.tcp_flags[skb]! & TCPHDR_ACK) || seq !== endSeq(k.skbs, skb)) return false;
  if (seq !== tp.rcv_nxt || ack !== tp.snd_una) return false;
  if (tcp_may_update_window(tp, ack, seq, windowOf(k, tp, skb))) return false;
  return ((tp.ts_recent - tp.rcv_tsval) | 0) <= Math.floor((tp.icsk_rto * 1200) / k.desc.hz);
}

/// 0, or why the segment lies outside the window. net/ipv4/tcp_input.c:tcp_sequence()
function tcp_sequence(tp: TcpSock, seq: number, end_seq: number): number {
  if (before(end_seq, tp.rcv_wup)) return REASON.TCP_OLD_SEQUENCE;
  const edge = (tp.rcv_nxt + tcp_receive_window(tp)) >>> 0;
  return after(seq, edge) ? REASON.TCP_INVALID_SEQUENCE : 0;
}

/// A reset of the byte before a FIN that was received.
function tcp_reset_check(k: Kernel, sk: Sock, tp: TcpSock, skb: Skb): boolean {
  if (seqOf(k.skbs, skb) !== (tp.rcv_nxt - 1) >>> 0) return false;
  return sk.state === TCP_CLOSE_WAIT || sk.state === TCP_LAST_ACK || sk.state === TCP_CLOSING;
}

/// A reset counts when it is for the next byte, or for the one behind the last SACK block (RFC 5961).
function resetHolds(k: Kernel, sk: Sock, tp: TcpSock, skb: Skb): boolean {
  const seq = seqOf(k.skbs, skb);
  if (seq === tp.rcv_nxt || tcp_reset_check(k, sk, tp, skb)) return true;
  if (!tp.sack_ok || tp.num_sacks === 0) return false;
  let highest = tp.selective_acks[0]!.end_seq;
  for (let i = 1; i < tp.num_sacks; i++) {
    const end = tp.selective_acks[i]!.end_seq;
    if (after(end, highest)) highest = end;
  }
  return seq === highest;
}

function challenge(
  k: Kernel,
  c: Cpu,
  sk: Sock,
  tp: TcpSock,
  skb: Skb,
  syn_inerr: boolean,
): boolean {
  if (syn_inerr) k.mib.TcpInErrs++;
  k.mib.TcpExtTCPSYNChallenge++;
  tcp_send_challenge_ack(k, c, sk, tp);
  return discard(k, c, sk, skb, REASON.TCP_INVALID_SYN);
}

function discard(k: Kernel, c: Cpu, sk: Sock, skb: Skb, reason: number): boolean {
  tcp_drop_reason(k, c, sk, skb, reason);
  return false;
}

function reset(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock, skb: Skb): boolean {
  tcp_reset(k, c, sk, tp);
  consume_skb(k, skb);
  return false;
}
