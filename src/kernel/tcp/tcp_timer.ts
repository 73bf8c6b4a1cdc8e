/// A connection's timers fire: the ACK that was delayed goes out. A socket that a task holds is left
/// alone until release_sock().
/// Stands for tcp_delack_timer(), tcp_delack_timer_handler() and tcp_compressed_ack_kick() in
/// net/ipv4/tcp_timer.c.
/// Left out: retransmission, keepalive and zero-window probes of our own (nothing is sent yet). The
/// timer's softirq is taken as part of the timer interrupt.
import { setTime } from '../../engine/agenda.ts';
import { COSTS } from '../costs.ts';
import { jiffies } from '../jiffies.ts';
import { interruptCpu } from '../piece.ts';
import type { Cpu, Kernel, Sock, TcpSock } from '../state.ts';
import { STEP } from '../tracing.ts';
import { inPingpong } from './tcp_ack_policy.ts';
import { tcp_sack_compress_send_ack, tcp_send_ack } from './tcp_output.ts';
import { tcp_mstamp_refresh } from './tcp_rcvbuf.ts';
import { ICSK_ACK_SCHED, ICSK_ACK_TIMER, TCP_CLOSE, TCP_LISTEN } from './tcp_states.ts';
import {
  planTimer,
  startDelack,
  TCP_ATO_MIN_MS,
  TCP_DELACK_MAX_MS,
  TCP_DELACK_TIMER_DEFERRED,
  ticks,
} from './tcp_timer_state.ts';

const TIMER_SOFTIRQ = 1;
const HRTIMER_SOFTIRQ = 8;

/// The slot of a TCP socket has come up.
export function tcpTimer(k: Kernel, index: number): void {
  const sk = k.socks[index]!;
  const tp = sk.tcp;
  if (!tp) throw new Error(`socket ${index} has a TCP timer and is not TCP`);
  setTime(k.agenda, tp.slot, Infinity);
  const c = k.cpus[tp.timer_cpu]!;
  const cpu = c.online ? c : k.cpus.find((one) => one.online)!;
  const cursor = cpu.cursor_ns;
  cpu.cursor_ns = k.now;
  if (tp.compressed_ack_at <= k.now) tcp_compressed_ack_kick(k, cpu, sk, tp);
  if (tp.delack_at <= k.now) tcp_delack_timer(k, cpu, sk, tp);
  planTimer(k, tp);
  // What the handler took is the length of the interrupt.
  const spent = cpu.cursor_ns - k.now;
  cpu.cursor_ns = cursor;
  interruptCpu(k, cpu, COSTS.tick.ns + spent, STEP.TCP_OUT);
}

function tcp_delack_timer(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock): void {
  tp.delack_at = Infinity;
  c.softirqs[TIMER_SOFTIRQ]!++;
  if (sk.owned) {
    k.mib.TcpExtDelayedACKLocked++;
    tp.deferred |= TCP_DELACK_TIMER_DEFERRED;
  } else tcp_delack_timer_handler(k, c, sk, tp);
}

/// net/ipv4/tcp_timer.c:tcp_delack_timer_handler()
export function tcp_delack_timer_handler(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock): void {
  if (sk.state === TCP_CLOSE || sk.state === TCP_LISTEN) return;
  if (tp.compressed_ack > 0) {
    tcp_mstamp_refresh(k, tp);
    return tcp_sack_compress_send_ack(k, c, sk, tp);
  }
  const ack = tp.icsk_ack;
  if (!(ack.pending & ICSK_ACK_TIMER)) return;
  if (ack.timeout > jiffies(k)) return startDelack(k, c, tp, ack.timeout);
  ack.pending &= ~ICSK_ACK_TIMER;
  if (!(ack.pending & ICSK_ACK_SCHED)) return;
  // The guess was too short for a stream; an interactive session did not answer in time.
  if (!inPingpong(k, tp))
    ack.ato = Math.min(ack.ato << 1, tp.icsk_rto, ticks(k, TCP_DELACK_MAX_MS));
  else {
    ack.pingpong = 0;
    ack.ato = ticks(k, TCP_ATO_MIN_MS);
  }
  tcp_mstamp_refresh(k, tp);
  tcp_send_ack(k, c, sk, tp);
  k.mib.TcpExtDelayedACKs++;
}

function tcp_compressed_ack_kick(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock): void {
  tp.compressed_ack_at = Infinity;
  c.softirqs[HRTIMER_SOFTIRQ]!++;
  if (sk.owned) tp.deferred |= TCP_DELACK_TIMER_DEFERRED;
  else if (tp.compressed_ack > 0) {
    tp.compressed_ack--;
    tcp_send_ack(k, c, sk, tp);
  }
}
