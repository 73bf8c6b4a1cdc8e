/// The round-trip time and the retransmission timeout made of it (Jacobson 1988, RFC 6298).
/// Stands for tcp_rtt_estimator(), tcp_update_pacing_rate() and tcp_set_rto() in net/ipv4/tcp_input.c.
/// Left out: rto_min of a route, BPF.
import { usecs_to_jiffies } from '../jiffies.ts';
import type { Kernel, TcpSock } from '../state.ts';
import { after } from './tcp_seq.ts';

const TCP_RTO_MAX_SECONDS = 120;

/// Takes one measurement, us. net/ipv4/tcp_input.c:tcp_rtt_estimator()
export function tcp_rtt_estimator(k: Kernel, tp: TcpSock, mrtt_us: number): void {
  if (tp.srtt_us === 0) return firstMeasurement(k, tp, mrtt_us);
  let m = mrtt_us - (tp.srtt_us >>> 3);
  const srtt = (tp.srtt_us + m) >>> 0;
  const slower = m >= 0;
  m = Math.abs(m) - (tp.mdev_us >>> 2);
  // A shorter round trip moves the deviation less, so that the timeout does not grow with it.
  if (!slower && m > 0) m = Math.floor(m / 8);
  tp.mdev_us = (tp.mdev_us + m) >>> 0;
  if (tp.mdev_us > tp.mdev_max_us) {
    tp.mdev_max_us = tp.mdev_us;
    if (tp.mdev_max_us > tp.rttvar_us) tp.rttvar_us = tp.mdev_max_us;
  }
  if (after(tp.snd_una, tp.rtt_seq)) {
    if (tp.mdev_max_us < tp.rttvar_us) tp.rttvar_us -= (tp.rttvar_us - tp.mdev_max_us) >>> 2;
    tp.rtt_seq = tp.snd_nxt;
    tp.mdev_max_us = tcp_rto_min_us(k, tp);
  }
  tp.srtt_us = Math.max(1, srtt);
}

function firstMeasurement(k: Kernel, tp: TcpSock, mrtt_us: number): void {
  tp.mdev_us = (mrtt_us * 2) >>> 0; // makes the first timeout three round trips
  tp.rttvar_us = Math.max(tp.mdev_us, tcp_rto_min_us(k, tp));
  tp.mdev_max_us = tp.rttvar_us;
  tp.rtt_seq = tp.snd_nxt;
  tp.srtt_us = Math.max(1, (mrtt_us * 8) >>> 0);
}

/// The round trip of SYN-ACK and third ACK, us; one of no microsecond at all counts as a tick for the least.
/// net/ipv4/tcp_input.c:tcp_ack_update_rtt(), tcp_update_rtt_min()
export function firstRoundTrip(k: Kernel, tp: TcpSock, rtt_us: number): void {
  tp.rtt_min = Math.min(tp.rtt_min, rtt_us || 1_000_000 / k.desc.hz);
  tcp_rtt_estimator(k, tp, rtt_us);
  tcp_set_rto(k, tp);
}

/// What the pacing rate is made of.
export interface Pace {
  readonly mss: number;
  readonly cwnd: number; // segments
  readonly ssthresh: number;
  readonly packets_out: number;
  readonly srtt_us: number; // times 8; 0: not measured
  readonly ss_ratio: number; // percent, in slow start
  readonly ca_ratio: number; // percent, near its end and beyond
  readonly max: bigint; // SO_MAX_PACING_RATE, bytes/s
}

const NO_LIMIT = 0xffff_ffff_ffff_ffffn;
const TCP_INFINITE_SSTHRESH = 0x7fff_ffff;

/// How fast a socket may send, bytes/s: a share of what one window in each round trip makes.
export function pacingRate(pace: Pace): bigint {
  const slowStart = pace.cwnd < pace.ssthresh >>> 1;
  const window = BigInt(Math.max(pace.cwnd, pace.packets_out));
  const ratio = BigInt(slowStart ? pace.ss_ratio : pace.ca_ratio);
  let rate = BigInt.asUintN(64, BigInt(pace.mss) * 80_000n * ratio * window);
  if (pace.srtt_us > 0) rate /= BigInt(pace.srtt_us);
  return rate < pace.max ? rate : pace.max;
}

/// The rate of a connection that has sent nothing: its threshold is as it was, nothing is on its way.
/// net/ipv4/tcp_input.c:tcp_update_pacing_rate()
export function tcp_update_pacing_rate(k: Kernel, tp: TcpSock): void {
  const rate = pacingRate({
    ...{ mss: tp.mss_cache, cwnd: tp.snd_cwnd, srtt_us: tp.srtt_us },
    ...{ ssthresh: TCP_INFINITE_SSTHRESH, packets_out: 0, max: NO_LIMIT },
    ss_ratio: Number(k.sysctl['net.ipv4.tcp_pacing_ss_ratio']),
    ca_ratio: Number(k.sysctl['net.ipv4.tcp_pacing_ca_ratio']),
  });
  tp.pacing_rate = Number(rate);
}

/// The timeout, in jiffies, without back-off. net/ipv4/tcp_input.c:tcp_set_rto()
export function tcp_set_rto(k: Kernel, tp: TcpSock): void {
  tp.icsk_rto = usecs_to_jiffies(k, ((tp.srtt_us >>> 3) + tp.rttvar_us) >>> 0);
  tcp_bound_rto(k, tp);
}

/// include/net/tcp.h:tcp_bound_rto()
function tcp_bound_rto(k: Kernel, tp: TcpSock): void {
  tp.icsk_rto = Math.min(tp.icsk_rto, TCP_RTO_MAX_SECONDS * k.desc.hz);
}

/// include/net/tcp.h:tcp_rto_min_us()
function tcp_rto_min_us(k: Kernel, tp: TcpSock): number {
  return (tp.icsk_rto_min * 1_000_000) / k.desc.hz;
}
