/// What a receiver sends: ACKs with the window and the SACK blocks of the moment.
/// Stands for tcp_send_ack(), __tcp_transmit_skb(), tcp_established_options() and
/// tcp_event_ack_sent() in net/ipv4/tcp_output.c, and tcp_sack_compress_send_ack() in tcp_input.c.
/// Left out: data and FINs of our own, ECN, per-connection offsets of the timestamp (tsoffset is 0),
/// failure to allocate.
import { COSTS } from '../costs.ts';
import type { Cpu, Kernel, Outgoing, SackBlock, Sock, TcpSock } from '../state.ts';
import { noteStep, STEP } from '../tracing.ts';
import { transmit } from '../transmit.ts';
import { tcp_time_stamp_ts } from './tcp_rcvbuf.ts';
import { sackBlocks } from './tcp_sack_option.ts';
import { before } from './tcp_seq.ts';
import {
  ICSK_ACK_SCHED,
  TCP_CLOSE,
  TCP_HEADER,
  TCPHDR_ACK,
  TCPHDR_RST,
  TCPOLEN_TSTAMP_ALIGNED,
} from './tcp_states.ts';
import { stopCompressedAck, stopDelack, TCP_ATO_MIN_MS, ticks } from './tcp_timer_state.ts';
import { tcp_select_window } from './tcp_window.ts';

const MAX_TCP_OPTION_SPACE = 40;
const IPPROTO_TCP = 6;
const AF_INET6 = 10;

/// Sends an ACK now. net/ipv4/tcp_output.c:__tcp_send_ack()
export function tcp_send_ack(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock): void {
  if (sk.state === TCP_CLOSE) return;
  sendSegment(k, c, sk, tp, TCPHDR_ACK);
}

/// Resets a connection that this end gives up. net/ipv4/tcp_output.c:tcp_send_active_reset()
export function tcp_send_active_reset(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock): void {
  k.mib.TcpOutRsts = (k.mib.TcpOutRsts ?? 0) + 1;
  sendSegment(k, c, sk, tp, TCPHDR_ACK | TCPHDR_RST);
}

/// A segment without data. net/ipv4/tcp_output.c:__tcp_transmit_skb()
function sendSegment(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock, flags: number): void {
  c.cursor_ns += COSTS.tcp_send_ack.ns;
  const stamps = tp.tstamp_ok ? TCPOLEN_TSTAMP_ALIGNED : 0;
  const sacks = sackBlocks(tp, MAX_TCP_OPTION_SPACE - stamps);
  const out = segment(k, sk, tp, flags, stamps, sacks);
  if (sacks.length > 0) tp.dsack = false;
  noteStep(k, c, STEP.TCP_OUT, -1, tp.rcv_wnd);
  tcp_event_ack_sent(k, tp);
  k.mib.TcpOutSegs++;
  tp.segs_out++;
  transmit(k, c, out);
}

function segment(
  k: Kernel,
  sk: Sock,
  tp: TcpSock,
  flags: number,
  stamps: number,
  sacks: SackBlock[],
): Outgoing {
  const ip = sk.family === AF_INET6 ? 40 : 20;
  const options = stamps + (sacks.length > 0 ? 4 + 8 * sacks.length : 0);
  return {
    dev: k.flows.dev[sk.flow]!,
    flow: sk.flow,
    proto: IPPROTO_TCP,
    len: 14 + ip + TCP_HEADER + options,
    arrives: 0,
    remote: k.flows.remote[sk.flow]!,
    tcp: {
      seq: tcp_acceptable_seq(tp),
      ack_seq: tp.rcv_nxt,
      flags,
      window: tcp_select_window(k, sk, tp),
      tsval: stamps > 0 ? tcp_time_stamp_ts(tp) : 0,
      tsecr: stamps > 0 ? tp.ts_recent : 0,
      tstamp: stamps > 0,
      syn: null,
      sacks,
    },
  };
}

/// net/ipv4/tcp_output.c:tcp_acceptable_seq()
function tcp_acceptable_seq(tp: TcpSock): number {
  const end = (tp.snd_una + tp.snd_wnd) >>> 0;
  if (!before(end, tp.snd_nxt)) return tp.snd_nxt;
  const beyond = (tp.snd_nxt - end) >>> 0;
  return tp.wscale_ok && beyond < 1 << tp.rcv_wscale ? tp.snd_nxt : end;
}

/// Any ACK ends the waiting ones. net/ipv4/tcp_output.c:tcp_event_ack_sent()
function tcp_event_ack_sent(k: Kernel, tp: TcpSock): void {
  if (tp.compressed_ack > 0) {
    k.mib.TcpExtTCPAckCompressed += tp.compressed_ack;
    tp.compressed_ack = 0;
    stopCompressedAck(k, tp);
  }
  const ack = tp.icsk_ack;
  tcp_dec_quickack_mode(k, tp);
  ack.pending = 0;
  ack.retry = 0;
  stopDelack(k, tp);
}

/// include/net/tcp.h:tcp_dec_quickack_mode()
function tcp_dec_quickack_mode(k: Kernel, tp: TcpSock): void {
  const ack = tp.icsk_ack;
  if (ack.quick === 0 || !(ack.pending & ICSK_ACK_SCHED)) return;
  ack.quick--;
  if (ack.quick === 0) ack.ato = ticks(k, TCP_ATO_MIN_MS);
}

/// Sends the ACK that was held back. One of those held back is sent, so it does not count as saved.
export function tcp_sack_compress_send_ack(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock): void {
  if (tp.compressed_ack === 0) return;
  stopCompressedAck(k, tp);
  k.mib.TcpExtTCPAckCompressed += tp.compressed_ack - 1;
  tp.compressed_ack = 0;
  tcp_send_ack(k, c, sk, tp);
}
