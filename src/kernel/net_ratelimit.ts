/// Log lines that packets cause, at most so many in a time. Stands for net_ratelimit() in
/// net/core/utils.c and ___ratelimit() in lib/ratelimit.c.
import { jiffies } from './jiffies.ts';
import { printk } from './printk.ts';
import type { Kernel } from './state.ts';

/// Writes a line unless message_burst of them were written in the last message_cost seconds; says
/// then how many it kept back.
export function rateLimited(k: Kernel, line: string): boolean {
  const interval = Number(k.sysctl['net.core.message_cost']) * k.desc.hz;
  const burst = Number(k.sysctl['net.core.message_burst']);
  const state = k.net_ratelimit;
  const now = jiffies(k);
  if (interval > 0) {
    if (state.begin < 0) state.begin = now;
    if (state.begin + interval < now) {
      if (state.missed > 0) printk(k, `net_ratelimit: ${state.missed} callbacks suppressed`);
      state.begin = now;
      state.printed = 0;
      state.missed = 0;
    }
    if (state.printed >= burst) {
      state.missed++;
      return false;
    }
    state.printed++;
  }
  printk(k, line);
  return true;
}
