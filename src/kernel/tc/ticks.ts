/// The unit in which tc tells the kernel times: ticks of 64 ns, 15.625 a microsecond (/proc/net/psched). Stands for
/// xmitTicks() and xmitBytes() of iproute2 and for PSCHED_TICKS2NS() in include/net/pkt_sched.h.

const TICKS_IN_USEC = 15.625;
const PSCHED_SHIFT = 6;

/// Ticks that `bytes` take at `rate` bytes a second, as tc works them out.
export function xmitTicks(rate: number, bytes: number): number {
  return Math.floor(Math.floor((1_000_000 * bytes) / rate) * TICKS_IN_USEC);
}

/// And back to bytes.
export function xmitBytes(rate: number, ticks: number): number {
  return Math.floor((rate * Math.floor(ticks / TICKS_IN_USEC)) / 1_000_000);
}

/// A burst of bytes as nanoseconds of the bucket.
export function bursts(rate: number, bytes: number): number {
  return rate === 0 ? 0 : xmitTicks(rate, bytes) * 2 ** PSCHED_SHIFT;
}
