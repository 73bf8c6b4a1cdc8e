/// Shares of a CPU's time, for scenes: what it was charged with over a window.
import { cpuTimes } from '../src/kernel/piece.ts';
import type { Kernel } from '../src/kernel/state.ts';
import type { Past } from '../src/player/scenario.ts';
import { shareOf } from './rates.ts';

/// Shares of one CPU's time by context, each 0 to 1.
export interface CpuShares {
  readonly hardirq: number;
  readonly softirq: number;
  readonly kthread: number; // ksoftirqd
  readonly process: number; // system calls and user time of the reader
  readonly idle: number;
}

/// Five numbers for a tally: a CPU's time by context, ns.
export function timesOf(k: Kernel, cpu: number): number[] {
  const c = k.cpus[cpu];
  if (!c) throw new Error(`host ${k.desc.hostname} has no CPU ${cpu}`);
  const { hardirq, softirq, kthread, process, user, idle } = cpuTimes(k, c);
  return [hardirq, softirq, kthread, process + user, idle];
}

/// The shares since a past tally, whose numbers from `at` on are timesOf() the same CPU.
export function sharesSince(k: Kernel, cpu: number, past: Past, at: number): CpuShares {
  const [hardirq, softirq, kthread, process, idle] = timesOf(k, cpu).map((ns, i) =>
    shareOf(past, at + i, ns, k.now),
  ) as [number, number, number, number, number];
  return { hardirq, softirq, kthread, process, idle };
}
