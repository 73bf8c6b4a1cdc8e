/// When a connection's timers fire: the delayed ACK (icsk_delack_timer, in ticks) and the one that
/// holds back ACKs while a hole is open (compressed_ack_timer, in nanoseconds). They share one slot of
/// the agenda. Stopping takes effect at once, where the kernel lets a timer run into nothing.
import { addSlot, setTime } from '../../engine/agenda.ts';
import { TCP_TIMER } from '../events.ts';
import { tickNs } from '../jiffies.ts';
import type { Cpu, Kernel, TcpSock } from '../state.ts';

// What waits for release_sock().
export const TCP_ACK_DEFERRED = 1;
export const TCP_DELACK_TIMER_DEFERRED = 2;

export const TCP_ATO_MIN_MS = 40; // HZ/25
export const TCP_DELACK_MIN_MS = 40; // HZ/25
export const TCP_DELACK_MAX_MS = 200; // HZ/5

/// Milliseconds that the kernel writes as a share of HZ, as ticks, rounded down as a C division is.
export function ticks(k: Kernel, ms: number): number {
  return Math.floor((k.desc.hz * ms) / 1000);
}

/// The delayed ACK is due at that tick.
export function startDelack(k: Kernel, c: Cpu, tp: TcpSock, timeout: number): void {
  tp.icsk_ack.timeout = timeout;
  tp.delack_at = Math.max(k.now, Math.ceil(timeout * tickNs(k) - k.desc.uptime_ns));
  tp.timer_cpu = c.id;
  planTimer(k, tp);
}

export function stopDelack(k: Kernel, tp: TcpSock): void {
  if (tp.delack_at === Infinity) return;
  tp.delack_at = Infinity;
  planTimer(k, tp);
}

/// The ACK that is held back goes out after that time.
export function startCompressedAck(k: Kernel, c: Cpu, tp: TcpSock, delay_ns: number): void {
  tp.compressed_ack_at = k.now + delay_ns;
  tp.timer_cpu = c.id;
  planTimer(k, tp);
}

export function stopCompressedAck(k: Kernel, tp: TcpSock): void {
  if (tp.compressed_ack_at === Infinity) return;
  tp.compressed_ack_at = Infinity;
  planTimer(k, tp);
}

/// Sets the slot to the earlier of the two.
export function planTimer(k: Kernel, tp: TcpSock): void {
  if (tp.slot < 0) tp.slot = addSlot(k.agenda, TCP_TIMER, tp.index);
  setTime(k.agenda, tp.slot, Math.min(tp.delack_at, tp.compressed_ack_at));
}
