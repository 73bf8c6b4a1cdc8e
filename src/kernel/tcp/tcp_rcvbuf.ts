/// How large the receive buffer and the window may become. In softirq the window may only follow what
/// arrives (tcp_grow_window()); the buffer itself grows when the application has read more in a
/// round trip than ever before (tcp_rcv_space_adjust(), in process context).
/// Stands for the "receiver autotuning" and "buffer space" parts of net/ipv4/tcp_input.c.
/// Left out: SO_RESERVE_MEM, the warning about GRO of drivers.
import type { Kernel, Skb, SkbPool, Sock, TcpSock } from '../state.ts';
import { FLAG_GSO } from '../skb.ts';
import { sk_memory_allocated, SOCK_RCVBUF_LOCK, SOCK_SNDBUF_LOCK } from '../sock_mem.ts';
import { headLength, headTruesize, tcpHeaderLength } from './tcp_skb.ts';
import { before, endSeq, seqOf } from './tcp_seq.ts';
import { tcp_sndbuf_expand } from './tcp_sndbuf.ts';
import {
  tcp_adjust_rcv_ssthresh,
  tcp_full_space,
  tcp_space,
  tcp_space_from_win,
  tcp_under_memory_pressure,
  tcp_win_from_space,
} from './tcp_space.ts';
import {
  ICSK_ACK_PUSHED,
  ICSK_ACK_PUSHED2,
  TCP_HEADER,
  TCP_INIT_CWND,
  TCP_MIN_MSS,
  TCP_MSS_DEFAULT,
  TCPHDR_FIN,
  TCPHDR_PSH,
  TCPHDR_SYN,
  TCPHDR_URG,
} from './tcp_states.ts';

const TCP_REMNANT = TCPHDR_FIN | TCPHDR_URG | TCPHDR_SYN | TCPHDR_PSH;

/// Buffers and window when a connection is established. net/ipv4/tcp_input.c:tcp_init_buffer_space()
export function tcp_init_buffer_space(k: Kernel, sk: Sock, tp: TcpSock): void {
  const { app_win } = k.hot.tcp;
  if (!(sk.userlocks & SOCK_SNDBUF_LOCK)) tcp_sndbuf_expand(k, sk, tp);
  tcp_mstamp_refresh(k, tp);
  tp.rcvq_space.time = tp.tcp_mstamp;
  tp.rcvq_space.seq = tp.copied_seq;
  const most = tcp_full_space(sk, tp);
  if (tp.window_clamp >= most) {
    tp.window_clamp = most;
    if (app_win && most > 4 * tp.advmss)
      tp.window_clamp = Math.max(most - (most >> app_win), 4 * tp.advmss);
  }
  // One segment is kept back.
  if (app_win && tp.window_clamp > 2 * tp.advmss && tp.window_clamp + tp.advmss > most)
    tp.window_clamp = Math.max(2 * tp.advmss, most - tp.advmss);
  tp.rcv_ssthresh = Math.min(tp.rcv_ssthresh, tp.window_clamp);
  tp.rcvq_space.space = Math.min(tp.rcv_ssthresh, tp.rcv_wnd, TCP_INIT_CWND * tp.advmss);
}

/// First guess of the other end's segment size, rather too small than too large.
/// net/ipv4/tcp_input.c:tcp_initialize_rcv_mss()
export function tcp_initialize_rcv_mss(tp: TcpSock): void {
  const hint = Math.min(tp.advmss, tp.mss_cache, tp.rcv_wnd >>> 1, TCP_MSS_DEFAULT);
  tp.icsk_ack.rcv_mss = Math.max(hint, TCP_MIN_MSS);
}

/// Adapts rcv_mss to what arrives, and with it the share of payload in the buffer.
/// net/ipv4/tcp_input.c:tcp_measure_rcv_mss()
export function tcp_measure_rcv_mss(k: Kernel, sk: Sock, tp: TcpSock, skb: Skb): void {
  const pool = k.skbs;
  const ack = tp.icsk_ack;
  const lss = ack.last_seg_size;
  ack.last_seg_size = 0;
  const len = segmentSize(pool, skb);
  if (len < ack.rcv_mss) return smallSegment(pool, tp, skb, len, lss);
  if (len !== ack.rcv_mss) measureRatio(pool, sk, tp, skb);
  ack.rcv_mss = Math.min(len, tp.advmss);
  // A full segment with PSH is the end of a write: its sender may wait for the ACK.
  if (pool.tcp_flags[skb]! & TCPHDR_PSH) ack.pending |= ICSK_ACK_PUSHED;
}

function segmentSize(pool: SkbPool, skb: Skb): number {
  const merged = pool.flags[skb]! & FLAG_GSO ? pool.gso_size[skb]! : 0;
  return merged || pool.payload[skb]!;
}

function measureRatio(pool: SkbPool, sk: Sock, tp: TcpSock, skb: Skb): void {
  const old = tp.scaling_ratio;
  // An u8 in the kernel.
  const ratio = Math.floor((pool.payload[skb]! * 256) / pool.truesize[skb]!);
  tp.scaling_ratio = (ratio || 1) & 0xff;
  if (tp.scaling_ratio === old) return;
  tp.window_clamp = tcp_win_from_space(tp, sk.rcvbuf);
  if (tp.window_clamp < tp.rcvq_space.space) tp.rcvq_space.space = tp.window_clamp;
}

function smallSegment(pool: SkbPool, tp: TcpSock, skb: Skb, size: number, lss: number): void {
  const ack = tp.icsk_ack;
  const len = size + tcpHeaderLength(pool, skb);
  const whole = len >= TCP_MSS_DEFAULT + TCP_HEADER;
  if (whole || (len >= TCP_MIN_MSS + TCP_HEADER && !(pool.tcp_flags[skb]! & TCP_REMNANT))) {
    ack.last_seg_size = len - tp.tcp_header_len;
    // The same size twice: that is what the other end sends.
    if (ack.last_seg_size === lss) {
      ack.rcv_mss = lss;
      return;
    }
  }
  if (ack.pending & ICSK_ACK_PUSHED) ack.pending |= ICSK_ACK_PUSHED2;
  ack.pending |= ICSK_ACK_PUSHED;
}

/// Lets the window grow with a segment that wastes little memory. `adjust`: it may have been merged
/// with another, so its own head does not count. net/ipv4/tcp_input.c:tcp_grow_window()
export function tcp_grow_window(k: Kernel, sk: Sock, tp: TcpSock, skb: Skb, adjust: boolean): void {
  const room = Math.min(tp.window_clamp, tcp_space(sk, tp)) - tp.rcv_ssthresh;
  if (room <= 0) return;
  if (tcp_under_memory_pressure(k)) return tcp_adjust_rcv_ssthresh(tp);
  const len = k.skbs.payload[skb]!;
  const truesize = truesize_adjust(k.skbs, adjust, skb);
  const fits = tcp_win_from_space(tp, truesize) <= len;
  const more = fits ? 2 * tp.advmss : __tcp_grow_window(k, tp, len, truesize);
  if (more === 0) return;
  tp.rcv_ssthresh += Math.min(room, Math.max(more, 2 * len));
  tp.icsk_ack.quick |= 1;
}

/// Would a buffer full of such segments still hold the window?
function __tcp_grow_window(k: Kernel, tp: TcpSock, len: number, skbtruesize: number): number {
  let truesize = tcp_win_from_space(tp, skbtruesize) >> 1;
  let window = tcp_win_from_space(tp, k.hot.tcp.rmem[2]!) >> 1;
  while (tp.rcv_ssthresh <= window) {
    if (truesize <= len) return 2 * tp.icsk_ack.rcv_mss;
    truesize >>= 1;
    window >>= 1;
  }
  return 0;
}

function truesize_adjust(pool: SkbPool, adjust: boolean, skb: Skb): number {
  const truesize = pool.truesize[skb]!;
  if (!adjust || headLength(pool, skb) > 0) return truesize;
  const rest = truesize - headTruesize(pool, skb);
  return rest < pool.payload[skb]! ? truesize : rest;
}

/// The clock of TCP, us since boot. net/ipv4/tcp_output.c:tcp_mstamp_refresh()
export function tcp_mstamp_refresh(k: Kernel, tp: TcpSock): void {
  tp.tcp_mstamp = tcp_clock_us(k);
}

/// include/net/tcp.h:tcp_clock_us()
export function tcp_clock_us(k: Kernel): number {
  return Math.floor((k.desc.uptime_ns + k.now) / 1000);
}

/// Round trips without timestamps: the time in which a whole window arrives.
/// net/ipv4/tcp_input.c:tcp_rcv_rtt_measure()
export function tcp_rcv_rtt_measure(tp: TcpSock): void {
  const est = tp.rcv_rtt_est;
  if (est.time !== 0) {
    if (before(tp.rcv_nxt, est.seq)) return;
    tcp_rcv_rtt_update(tp, Math.max(1, tp.tcp_mstamp - est.time) >>> 0, true);
  }
  est.seq = (tp.rcv_nxt + tp.rcv_wnd) >>> 0;
  est.time = tp.tcp_mstamp;
}

/// Without timestamps (`win_dep`) only the least counts, since what is measured may include waiting.
function tcp_rcv_rtt_update(tp: TcpSock, sample: number, win_dep: boolean): void {
  const old = tp.rcv_rtt_est.rtt_us;
  const m = (sample << 3) >>> 0;
  if (old === 0 || m < old) tp.rcv_rtt_est.rtt_us = m;
  else if (!win_dep) tp.rcv_rtt_est.rtt_us = (old - (old >>> 3) + sample) >>> 0;
}

/// Round trips by the timestamp that the other end echoes, when it is a new one on a full segment.
/// net/ipv4/tcp_input.c:tcp_rcv_rtt_measure_ts()
export function tcp_rcv_rtt_measure_ts(k: Kernel, tp: TcpSock, skb: Skb): void {
  if (tp.rcv_tsecr === tp.rcv_rtt_last_tsecr) return;
  tp.rcv_rtt_last_tsecr = tp.rcv_tsecr;
  const size = (endSeq(k.skbs, skb) - seqOf(k.skbs, skb)) >>> 0;
  if (size < tp.icsk_ack.rcv_mss) return;
  const delta = tcp_rtt_tsopt_us(tp, 0);
  if (delta > 0) tcp_rcv_rtt_update(tp, delta, false);
}

const TCP_TS_HZ = 1000;
const INT_MAX = 0x7fff_ffff;

/// Age of the echoed timestamp, us: at least `least` milliseconds; -1 when it makes no sense.
/// net/ipv4/tcp_input.c:tcp_rtt_tsopt_us()
export function tcp_rtt_tsopt_us(tp: TcpSock, least: number): number {
  const delta = (tcp_time_stamp_ts(tp) - tp.rcv_tsecr) >>> 0;
  const unit = 1_000_000 / TCP_TS_HZ;
  return delta < Math.floor(INT_MAX / unit) ? (delta || least) * unit : -1;
}

/// The timestamp that this end sends: milliseconds. include/net/tcp.h:tcp_time_stamp_ts()
export function tcp_time_stamp_ts(tp: TcpSock): number {
  return Math.floor((tp.tcp_mstamp * TCP_TS_HZ) / 1_000_000) >>> 0;
}

/// The application has copied something: once in a round trip the buffer is made to fit what was
/// copied in it. net/ipv4/tcp_input.c:tcp_rcv_space_adjust()
export function tcp_rcv_space_adjust(k: Kernel, sk: Sock, tp: TcpSock): void {
  tcp_mstamp_refresh(k, tp);
  const { rtt_us } = tp.rcv_rtt_est;
  const time = (tp.tcp_mstamp - tp.rcvq_space.time) >>> 0;
  if (rtt_us === 0 || time < rtt_us >>> 3) return;
  const inq = (tp.rcv_nxt - tp.copied_seq) | 0;
  const copied = ((tp.copied_seq - tp.rcvq_space.seq) | 0) - inq;
  if (copied > tp.rcvq_space.space) {
    if (k.hot.tcp.moderate_rcvbuf && !(sk.userlocks & SOCK_RCVBUF_LOCK))
      growRcvbuf(k, sk, tp, copied);
    tp.rcvq_space.space = copied;
  }
  tp.rcvq_space.seq = tp.copied_seq;
  tp.rcvq_space.time = tp.tcp_mstamp;
}

/// Twice what was copied, for losses, and more when the rate is rising; up to net.ipv4.tcp_rmem[2].
function growRcvbuf(k: Kernel, sk: Sock, tp: TcpSock, copied: number): void {
  const { space } = tp.rcvq_space;
  const base = BigInt(copied) * 2n + BigInt(16 * tp.advmss);
  const grow = (base * BigInt(copied - space)) / BigInt(space);
  const window = BigInt.asIntN(32, base + grow * 2n);
  const wanted = tcp_space_from_win(tp, Number(window));
  const most = k.hot.tcp.rmem[2]!;
  // The comparison is between unsigned numbers: one that has overflowed is a large one.
  const rcvbuf = wanted < 0 ? most : Math.min(wanted, most);
  if (rcvbuf <= sk.rcvbuf) return;
  sk.rcvbuf = rcvbuf;
  tp.window_clamp = tcp_win_from_space(tp, rcvbuf);
}

/// The socket has hit its limit: the buffer may grow to what is charged, if TCP as a whole has memory.
/// net/ipv4/tcp_input.c:tcp_clamp_window()
export function tcp_clamp_window(k: Kernel, sk: Sock, tp: TcpSock): void {
  tp.icsk_ack.quick = 0;
  const most = k.hot.tcp.rmem[2]!;
  if (
    sk.rcvbuf < most &&
    !(sk.userlocks & SOCK_RCVBUF_LOCK) &&
    !tcp_under_memory_pressure(k) &&
    sk_memory_allocated(k, sk) < k.hot.tcp_mem_min
  )
    sk.rcvbuf = Math.min(sk.rmem_alloc, most);
  if (sk.rmem_alloc > sk.rcvbuf) tp.rcv_ssthresh = Math.min(tp.window_clamp, 2 * tp.advmss);
}
