/// What TCP sends without a socket: SYN-ACKs for requests, resets, and ACKs for a request.
/// Stands for tcp_make_synack() and tcp_rtx_synack() (net/ipv4/tcp_output.c), for tcp_v4_send_synack(),
/// tcp_v4_send_reset() and tcp_v4_reqsk_send_ack() (net/ipv4/tcp_ipv4.c) and the three of the same names in
/// net/ipv6/tcp_ipv6.c: the families differ here in the length of the header only.
/// Left out: authentication options, the random offset of timestamps, flow labels that are sent back.
import { countMib } from '../mib.ts';
import { FLAG_TSTAMP } from '../skb.ts';
import type { Cpu, Kernel, OutgoingTcp, RequestSock, Skb, SynOptions } from '../state.ts';
import { transmit } from '../transmit.ts';
import { cookie_init_timestamp } from './syncookies.ts';
import { ackOf, endSeq } from './tcp_seq.ts';
import {
  TCPHDR_ACK,
  TCPHDR_CWR,
  TCPHDR_ECE,
  TCPHDR_RST,
  TCPHDR_SYN,
  TCPOLEN_TSTAMP_ALIGNED,
} from './tcp_states.ts';

const IPPROTO_TCP = 6;
const AF_INET6 = 10;
const ETH_HLEN = 14;
const HEADERS = 20 + 20; // IPv4 and TCP
const HEADERS6 = 40 + 20;
const IP6_RT_MIN_ADVMSS = 1220; // IPV6_MIN_MTU without the headers
const TCPOLEN_MSS = 4;
const TCPOLEN_WSCALE_ALIGNED = 4;
const TCPOLEN_SACKPERM_ALIGNED = 4;

/// Milliseconds of TCP's clock, 32 bits. include/net/tcp.h:tcp_clock_ms()
export function tcp_clock_ms(k: Kernel): number {
  return Math.floor((k.desc.uptime_ns + k.now) / 1_000_000) >>> 0;
}

/// MSS that the host advertises to the other end of a flow: the MTU of its device without the headers.
/// net/ipv4/route.c:ipv4_default_advmss(), net/ipv6/route.c:ip6_default_advmss()
export function advertisedMss(k: Kernel, flow: number): number {
  const { mtu } = k.devs[k.flows.dev[flow]!]!;
  if (k.flows.family[flow] !== AF_INET6) return mtu - HEADERS;
  return Math.max(mtu - HEADERS6, IP6_RT_MIN_ADVMSS);
}

function send(k: Kernel, c: Cpu, flow: number, options: number, tcp: Partial<OutgoingTcp>): void {
  k.mib.TcpOutSegs++;
  const sent = transmit(k, c, {
    dev: k.flows.dev[flow]!,
    flow,
    proto: IPPROTO_TCP,
    len: ETH_HLEN + (k.flows.family[flow] === AF_INET6 ? HEADERS6 : HEADERS) + options,
    arrives: 0,
    remote: k.flows.remote[flow]!,
    tcp: {
      ...{ seq: 0, ack_seq: 0, flags: 0, window: 0, tsval: 0, tsecr: 0, tstamp: false },
      ...{ syn: null, sacks: [] },
      ...tcp,
    },
  });
  // What rules have dropped is counted where ip_send_skb() sends it: not SYN-ACKs, nor anything of IPv6.
  const bySkb = (tcp.flags! & TCPHDR_SYN) === 0 && k.flows.family[flow] !== AF_INET6;
  if (!sent && bySkb) countMib(k, 'IpOutDiscards');
}

/// Sends the SYN-ACK of a request; with a cookie its timestamp carries the options.
/// net/ipv4/tcp_output.c:tcp_make_synack()
export function sendSynack(k: Kernel, c: Cpu, req: RequestSock, cookie: boolean): void {
  const now_ms = tcp_clock_ms(k);
  if (!cookie && req.snt_synack === 0) req.snt_synack = k.desc.uptime_ns + k.now;
  const syn: SynOptions = {
    mss: advertisedMss(k, req.flow),
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
  sendSynack(k, c, req, false);
  k.mib.TcpRetransSegs = (k.mib.TcpRetransSegs ?? 0) + 1;
  k.mib.TcpExtTCPSynRetrans = (k.mib.TcpExtTCPSynRetrans ?? 0) + 1;
}

/// ACK for a segment outside a request's window.
export function reqskSendAck(k: Kernel, c: Cpu, req: RequestSock): void {
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
export function sendReset(k: Kernel, c: Cpu, skb: Skb): void {
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
