/// The socket of a new connection, made from the listener and the request.
/// Stands for tcp_create_openreq_child() (net/ipv4/tcp_minisocks.c) and tcp_init_sock()
/// (net/ipv4/tcp.c).
/// Left out: what only a sender of data needs, authentication options, ECN, the metrics of earlier
/// connections.
import { jiffies, usecs_to_jiffies } from '../jiffies.ts';
import { createSock } from '../sock.ts';
import type { IcskAck, Kernel, RequestSock, Skb, Sock, TcpSock } from '../state.ts';
import { TCP_DEFAULT_SCALING_RATIO } from './tcp_space.ts';
import {
  TCP_HEADER,
  TCP_INIT_CWND,
  TCP_MSS_DEFAULT,
  TCP_SYN_RECV,
  TCPOLEN_TSTAMP_ALIGNED,
} from './tcp_states.ts';
import { advertisedMss } from './tcp_synack.ts';

const AF_INET6 = 10;

/// A connection in SYN-RECEIVED: options that decide about buffers and look-up are the listener's, numbers
/// the request's. Its index into socks; nobody finds it yet, and nobody owns it before accept().
/// net/ipv4/tcp_minisocks.c:tcp_create_openreq_child()
export function tcp_create_openreq_child(
  k: Kernel,
  parent: Sock,
  req: RequestSock,
  skb: Skb,
): number {
  const index = k.socks.length;
  const { family, saddr, daddr } = k.flows;
  const sk: Sock = {
    ...createSock(k, parent.reader, parent.port, parent.rcvbuf, 'tcp'),
    ...{ sndbuf: parent.sndbuf, userlocks: parent.userlocks, rcvlowat: parent.rcvlowat },
    ...{ reuse: parent.reuse, reuseport: parent.reuseport, min_ttl: parent.min_ttl },
    ...{ ll_usec: parent.ll_usec, state: TCP_SYN_RECV, task: 0, ino: 0 },
    ...{ prefer_busy_poll: parent.prefer_busy_poll, busy_poll_budget: parent.busy_poll_budget },
    ...{ flow: req.flow, bound_dev: req.iif, family: family[req.flow]! },
    ...{ rcv_saddr: req.dst, daddr: req.src, peer_port: req.sport, ipv6only: parent.ipv6only },
    ...{ local: daddr[req.flow]!, peer: saddr[req.flow]! },
    mapped: parent.family === AF_INET6 && family[req.flow] !== AF_INET6,
    tcp: childTcpSock(k, index, req, skb),
  };
  k.mib.TcpPassiveOpens++;
  return k.socks.push(sk) - 1;
}

function childTcpSock(k: Kernel, index: number, req: RequestSock, skb: Skb): TcpSock {
  const rcv = (req.rcv_isn + 1) >>> 0;
  const snd = (req.snt_isn + 1) >>> 0;
  const snd_wscale = req.wscale_ok ? req.snd_wscale : 0;
  const snd_wnd = k.skbs.window[skb]! * 2 ** snd_wscale;
  const payload = k.skbs.payload[skb]!;
  const tp: TcpSock = {
    ...tcp_init_sock(k, index),
    ...{ rcv_nxt: rcv, copied_seq: rcv, rcv_wup: rcv, rcv_wnd: req.rcv_wnd },
    ...{ rcv_ssthresh: req.rcv_wnd, tstamp_ok: req.tstamp_ok, sack_ok: req.sack_ok },
    window_clamp: req.wscale_ok ? req.window_clamp : Math.min(req.window_clamp, 65535),
    ...{ wscale_ok: req.wscale_ok, snd_wscale },
    rcv_wscale: req.wscale_ok ? req.rcv_wscale : 0,
    ts_recent: req.tstamp_ok ? req.ts_recent : 0,
    ts_recent_stamp: req.tstamp_ok ? uptimeSeconds(k) : 0,
    ...{ mss_clamp: req.mss, snd_una: snd, snd_nxt: snd, write_seq: snd },
    ...{ snd_wnd, max_window: snd_wnd, snd_wl1: req.rcv_isn, segs_in: 1 },
    tcp_header_len: TCP_HEADER + (req.tstamp_ok ? TCPOLEN_TSTAMP_ALIGNED : 0),
    advmss: advertisedMss(k, req.flow),
  };
  tp.mss_cache = tcp_sync_mss(tp);
  tp.icsk_ack.lrcvtime = jiffies(k);
  if (payload >= TCP_MSS_DEFAULT) tp.icsk_ack.last_seg_size = payload;
  return tp;
}

function uptimeSeconds(k: Kernel): number {
  return Math.floor((k.desc.uptime_ns + k.now) / 1_000_000_000);
}

/// The segment size for sending: what the device and the other end take, without the options of every
/// segment, at most half of the largest window seen. net/ipv4/tcp_output.c:tcp_sync_mss()
function tcp_sync_mss(tp: TcpSock): number {
  const options = tp.tcp_header_len - TCP_HEADER;
  const mss = Math.max(Math.min(tp.advmss, tp.mss_clamp), 48) - options;
  const most = tp.max_window > TCP_MSS_DEFAULT ? tp.max_window >>> 1 : tp.max_window;
  return most > 0 && mss > most ? Math.max(most, 68 - tp.tcp_header_len) : mss;
}

/// A TCP socket before it knows anything; `index` is that of its socket. net/ipv4/tcp.c:tcp_init_sock()
export function tcp_init_sock(k: Kernel, index: number): TcpSock {
  const second = k.desc.hz;
  return {
    ...{ rcv_nxt: 0, copied_seq: 0, rcv_wup: 0, rcv_wnd: 0, rcv_ssthresh: 0, window_clamp: 0 },
    ...{ scaling_ratio: TCP_DEFAULT_SCALING_RATIO, pred_flags: 0, rcv_tstamp: 0, tcp_mstamp: 0 },
    rcv_rtt_est: { rtt_us: 0, seq: 0, time: 0 },
    rcv_rtt_last_tsecr: 0,
    rcvq_space: { space: 0, seq: 0, time: 0 },
    ...{ ofo_head: -1, ofo_last: -1, rcv_ooopack: 0 },
    duplicate_sack: { start_seq: 0, end_seq: 0 },
    selective_acks: Array.from({ length: 4 }, () => ({ start_seq: 0, end_seq: 0 })),
    ...{ saw_tstamp: false, tstamp_ok: false, sack_ok: false, wscale_ok: false, dsack: false },
    ...{ num_sacks: 0, snd_wscale: 0, rcv_wscale: 0, ts_recent: 0, ts_recent_stamp: 0 },
    ...{ rcv_tsval: 0, rcv_tsecr: 0, mss_clamp: TCP_MSS_DEFAULT },
    ...{ snd_una: 0, snd_nxt: 0, write_seq: 0, snd_wnd: 0, snd_wl1: 0, max_window: 0 },
    ...{ mss_cache: TCP_MSS_DEFAULT, advmss: 0, tcp_header_len: TCP_HEADER },
    ...{ snd_cwnd: TCP_INIT_CWND, reordering: k.hot.tcp.reordering },
    ...{ delivered: 0, lsndtime: 0, pacing_rate: 0, rtt_min: 0xffff_ffff },
    // mdev starts at the first timeout
    ...{ srtt_us: 0, mdev_us: 1_000_000, mdev_max_us: 0, rttvar_us: 0, rtt_seq: 0 },
    ...{ icsk_rto: second, icsk_rto_min: usecs_to_jiffies(k, k.hot.tcp.rto_min_us) },
    icsk_delack_max: Math.floor(second / 5),
    icsk_ack: emptyAck(),
    ...{ compressed_ack: 0, compressed_ack_rcv_nxt: 0, dup_ack_counter: 0 },
    ...{ compressed_ack_at: Infinity, delack_at: Infinity, deferred: 0, timer_cpu: 0 },
    ...{ last_oow_ack_time: 0, slot: -1, index },
    ...{ segs_in: 0, data_segs_in: 0, bytes_received: 0, bytes_acked: 0 },
    ...{ segs_out: 0, data_segs_out: 0 },
  };
}

function emptyAck(): IcskAck {
  return {
    ...{ pending: 0, quick: 0, pingpong: 0, retry: 0, ato: 0, timeout: 0 },
    ...{ lrcvtime: 0, last_seg_size: 0, rcv_mss: 0 },
  };
}
