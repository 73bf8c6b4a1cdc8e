/// The round-trip time and the retransmission timeout made of it (Jacobson 1988, RFC 6298).
/// Stands for tcp_rtt_estimator() and tcp_set_rto() in net/ipv4/tcp_input.c.
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
