/// The kernel's coarse clock. jiffies moves with the timer tick, CONFIG_HZ times a second, counted
/// from boot; it is computed, so an idle host needs no tick.
/// Left out: the start value that makes the kernel's counter wrap five minutes after boot.
import type { Kernel } from './state.ts';

/// Ticks since boot.
export function jiffies(k: Kernel): number {
  return Math.floor((k.desc.uptime_ns + k.now) / tickNs(k));
}

/// Length of a tick, ns.
export function tickNs(k: Kernel): number {
  return 1_000_000_000 / k.desc.hz;
}

/// When the next tick is, ns of virtual time.
export function nextTick(k: Kernel): number {
  return Math.ceil((jiffies(k) + 1) * tickNs(k) - k.desc.uptime_ns);
}

/// Microseconds as ticks, rounded up. kernel/time/time.c
export function usecs_to_jiffies(k: Kernel, us: number): number {
  return Math.ceil((us * k.desc.hz) / 1_000_000);
}

/// Milliseconds as ticks, rounded up. kernel/time/time.c
export function msecs_to_jiffies(k: Kernel, ms: number): number {
  return Math.ceil((ms * k.desc.hz) / 1000);
}
