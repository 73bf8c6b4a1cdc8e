/// The kernel log. Stands for printk() in kernel/printk/printk.c.
/// Left out: log levels, the console, and a limit on the number of lines.
import type { Kernel } from './state.ts';

/// Adds a line to the log that dmesg shows, with the time since boot.
export function printk(k: Kernel, text: string): void {
  const us = Math.floor((k.desc.uptime_ns + k.now) / 1000);
  const seconds = String(Math.floor(us / 1_000_000)).padStart(5);
  k.dmesg.push(`[${seconds}.${String(us % 1_000_000).padStart(6, '0')}] ${text}`);
}
