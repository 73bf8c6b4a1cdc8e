/// What TCP sends without a socket: SYN-ACKs for requests, resets, and ACKs for a request.
/// Stands for tcp_make_synack() and tcp_rtx_synack() (net/ipv4/tcp_output.c), tcp_v4_send_synack(),
/// tcp_v4_send_reset() and tcp_v4_reqsk_send_ack() (net/ipv4/tcp_ipv4.c).
/// Left out: authentication options, the random offset of timestamps, IPv6.
import { FLAG_TSTAMP } from '../skb.ts';
import type { Cpu, Kernel, OutgoingTcp, RequestSock, Skb, SynOptions } from '../state.ts';
import { transmit } from '../transmit.ts';
import { cookie_init_timestamp } from './syncookies.ts';
import { ackOf, endSeq } from './tcp_seq.ts';
import {
  TCP_HEADER,
  TCPHDR_ACK,
  TCPHDR_CWR,
  TCPHDR_ECE,
  TCPHDR_RST,
  TCPHDR_SYN,
  TCPOLEN_TSTAMP_ALIGNED,
} from './tcp_states.ts';

const IPPROTO_TCP = 6;
const LOWER_HEADERS = 14 + 20; // Ethernet, IPv4
const TCPOLEN_MSS = 4;
const TCPOLEN_WSCALE_ALIGNED = 4;
const TCPOLEN_SACKPERM_ALIGNED = 4;

/// Milliseconds of TCP's clock, 32 bits. include/net/tcp.h:tcp_clock_ms()
export function tcp_clock_ms(k: Kernel): number {
  return Math.floor((k.desc.uptime_ns + k.now) / 1_000_000) >>> 0;
}

/// MSS that the host advertises for a device: its MTU without the headers.
export function advertisedMss(k: Kernel, dev: number): number {
  return k.devs[dev]!.mtu - 40;
}

function send(k: Kernel, c: Cpu, flow: number, options: number, tcp: Partial<OutgoingTcp>): void {
  k.mib.TcpOutSegs++;
  transmit(k, c, {
    dev: k.flows.dev[flow]!,
    flow,
    proto: IPPROTO_TCP,
    len: LOWER_HEADERS + TCP_HEADER + options,
    arrives: 0,
    remote: k.flows.remote[flow]!,
    tcp: {
      ...{ seq: 0, ack_seq: 0, flags: 0, window: 0, tsval: 0, tsecr: 0, tstamp: false },
      ...{ syn: null, sacks: [] },
      ...tcp,
    },
  });
}

/// Sends the SYN-ACK of a request; with a cookie its timestamp carries the options.
/// net/ipv4/tcp_ipv4.c:tcp_v4_send_synack(), net/ipv4/tcp_output.c:tcp_make_synack()
export function tcp_v4_send_synack(k: Kernel, c: Cpu, req: RequestSock, cookie: boolean): void {
  const now_ms = tcp_clock_ms(k);
  if (!cookie && req.snt_synack === 0) req.snt_synack = k.desc.uptime_ns + k.now;
  const syn: SynOptions = {
    mss: advertisedMss(k, k.flows.dev[req.flow]!),
    wscale: req.wscale_ok ? req.rcv_wscale : -1,
    sack_ok: req.sack_ok,
    tstamp: req.tstamp_ok,
  };
  send(k, c, req.flow, synackOptions(syn), {
    seq: req.snt_isn,
    ack_seq: req.rcv_nxt,
    flags: TCPHDR_SYN | TCPHDR_ACK | (req.ecn_ok ? TCPHDR_ECE : 0),
    window: Math.min(req.rcv_wnd, 65535), // never scaled in a SYN
    tstamp: req.tstamp_ok,
    tsval: cookie && req.tstamp_ok ? cookie_init_timestamp(req, now_ms) : now_ms,
    tsecr: req.ts_recent,
    syn,
  });
}

/// Bytes of options in a SYN-ACK; SACK permitted fits beside a timestamp for nothing.
/// net/ipv4/tcp_output.c:tcp_synack_options()
function synackOptions({ wscale, tstamp, sack_ok }: SynOptions): number {
  let bytes = TCPOLEN_MSS;
  if (wscale >= 0) bytes += TCPOLEN_WSCALE_ALIGNED;
  if (tstamp) bytes += TCPOLEN_TSTAMP_ALIGNED;
  else if (sack_ok) bytes += TCPOLEN_SACKPERM_ALIGNED;
  return bytes;
}

/// Sends the SYN-ACK again. net/ipv4/tcp_output.c:tcp_rtx_synack()
export function tcp_rtx_synack(k: Kernel, c: Cpu, req: RequestSock): void {
  tcp_v4_send_synack(k, c, req, false);
  k.mib.TcpRetransSegs = (k.mib.TcpRetransSegs ?? 0) + 1;
  k.mib.TcpExtTCPSynRetrans = (k.mib.TcpExtTCPSynRetrans ?? 0) + 1;
}

/// ACK for a segment outside a request's window. net/ipv4/tcp_ipv4.c:tcp_v4_reqsk_send_ack()
export function tcp_v4_reqsk_send_ack(k: Kernel, c: Cpu, req: RequestSock): void {
  send(k, c, req.flow, req.tstamp_ok ? TCPOLEN_TSTAMP_ALIGNED : 0, {
    seq: (req.snt_isn + 1) >>> 0,
    ack_seq: req.rcv_nxt,
    flags: TCPHDR_ACK,
    window: Math.min(req.rcv_wnd, 65535) >> req.rcv_wscale,
    tstamp: req.tstamp_ok,
    tsval: tcp_clock_ms(k),
    tsecr: req.ts_recent,
  });
}

/// Answers a segment that belongs to no connection with a reset; a reset is never answered.
/// net/ipv4/tcp_ipv4.c:tcp_v4_send_reset()
export function tcp_v4_send_reset(k: Kernel, c: Cpu, skb: Skb): void {
  const pool = k.skbs;
  const flags = pool.tcp_flags[skb]!;
  if (flags & TCPHDR_RST) return;
  const acks = (flags & TCPHDR_ACK) !== 0;
  k.mib.TcpOutRsts = (k.mib.TcpOutRsts ?? 0) + 1;
  send(k, c, pool.flow[skb]!, 0, {
    seq: acks ? ackOf(pool, skb) : 0,
    ack_seq: acks ? 0 : endSeq(pool, skb),
    flags: acks ? TCPHDR_RST : TCPHDR_RST | TCPHDR_ACK,
  });
}

/// Does a SYN ask for explicit congestion notification?
export function asksForEcn(flags: number): boolean {
  return (flags & (TCPHDR_ECE | TCPHDR_CWR)) === (TCPHDR_ECE | TCPHDR_CWR);
}

/// The timestamp that a segment carries; 0 without one.
export function timestampOf(k: Kernel, skb: Skb): number {
  return k.skbs.flags[skb]! & FLAG_TSTAMP ? k.skbs.tsval[skb]! >>> 0 : 0;
}
