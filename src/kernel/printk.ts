/// The kernel log. Stands for printk() in kernel/printk/printk.c.
/// Left out: log levels, the console, and a limit on the number of lines.
import type { Kernel } from './state.ts';

/// Adds a line to the log that dmesg shows, with the time since boot.
export function printk(k: Kernel, text: string): void {
  printkAt(k, k.now, text);
}

/// Adds a line of another moment of virtual time, ns; before 0 is while booting.
export function printkAt(k: Kernel, at: number, text: string): void {
  const us = Math.floor((k.desc.uptime_ns + at) / 1000);
  const seconds = String(Math.floor(us / 1_000_000)).padStart(5);
  k.dmesg.push(`[${seconds}.${String(us % 1_000_000).padStart(6, '0')}] ${text}`);
}
