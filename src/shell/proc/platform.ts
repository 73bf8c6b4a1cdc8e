/// What a host showed at boot of the things that the model does not run; see data/platform.ts. A host
/// that mirrors no recorded machine borrows the numbers of the igb machine.
import { maskOf, parseList } from '../../kernel/cpumask.ts';
import type { Kernel } from '../../kernel/state.ts';
import { platforms, type Platform } from '../data/platform.ts';

export function platformOf(k: Kernel): Platform {
  const platform = platforms[k.desc.profile] ?? platforms['igb'];
  if (!platform) throw new Error(`no platform data for ${k.desc.profile}`);
  return platform;
}

/// One number for each CPU of a row in the tables; CPUs beyond the table have 0.
export function perCpu(text: string | undefined, cpus: number): number[] {
  const numbers = (text ?? '').split(' ').map(Number);
  return Array.from({ length: cpus }, (_, cpu) => numbers[cpu] ?? 0);
}

/// An interrupt that the model does not run: timer, keyboard, disk.
export interface PlatformIrq {
  readonly irq: number;
  readonly fixed: boolean; // its affinity cannot be set from user space
  readonly affinity: readonly number[]; // mask words
  readonly effective: number; // CPU; -1: none
  readonly node: number;
  readonly counts: readonly number[]; // by CPU
  readonly spurious: readonly string[]; // count, unhandled, last_unhandled
  readonly chip: string; // '' when nothing uses it: no row in /proc/interrupts
  readonly hwirq: string;
  readonly name: string;
}

/// The interrupts of the platform, in order.
export function platformIrqs(k: Kernel): PlatformIrq[] {
  return platformOf(k)
    .irqs.split('\n')
    .filter((line) => line !== '')
    .map((line) => platformIrq(line, k.desc.cpus));
}

function platformIrq(line: string, cpus: number): PlatformIrq {
  const [irq, mode, list, effective, node, counted, spurious, chip, hwirq, name] = line.split('|');
  const everyone = maskOf(
    Array.from({ length: cpus }, (_, cpu) => cpu),
    cpus,
  );
  const affinity = list ? parseList(list, cpus) : everyone;
  const counts = perCpu('', cpus);
  for (const item of (counted ?? '').split(',').filter((part) => part !== '')) {
    const [cpu = 0, count = 0] = item.split(':').map(Number);
    counts[cpu] = count;
  }
  return {
    irq: Number(irq),
    fixed: mode === '4',
    affinity: typeof affinity === 'string' ? everyone : affinity,
    effective: effective ? Number(effective) : -1,
    node: Number(node),
    counts,
    spurious: spurious ? spurious.split(',') : ['0', '0', '0'],
    chip: chip ?? '',
    hwirq: hwirq ?? '',
    name: name ?? '',
  };
}
