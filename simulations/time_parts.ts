/// The shares of a CPU's time as the parts of a bar, in the order from the hardware up.
import type { Context } from '../src/kernel/steps.ts';
import type { CpuShares } from './cpu_time.ts';

export interface TimePart {
  readonly name: string;
  readonly context: Context | 'idle';
  readonly share: number; // 0 to 1
}

export function partsOfTime(shares: CpuShares, cpu: number): TimePart[] {
  return [
    { name: 'hard IRQ', context: 'hardirq', share: shares.hardirq },
    { name: 'softirq', context: 'softirq', share: shares.softirq },
    { name: `ksoftirqd/${cpu}`, context: 'kthread', share: shares.kthread },
    { name: 'reader', context: 'process', share: shares.process },
    { name: 'idle', context: 'idle', share: shares.idle },
  ];
}
