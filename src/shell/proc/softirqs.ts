/// /proc/softirqs: how often each softirq ran on each CPU, offline ones included. The recorded boot
/// values plus what the host has run since.
/// Stands for fs/proc/softirqs.c.
import type { Kernel } from '../../kernel/state.ts';
import type { Line } from '../command.ts';
import { right } from '../marked.ts';
import { row } from '../nodes.ts';
import { perCpu, platformOf } from './platform.ts';

export const softirqNames = [
  'HI',
  'TIMER',
  'NET_TX',
  'NET_RX',
  'BLOCK',
  'IRQ_POLL',
  'TASKLET',
  'SCHED',
  'HRTIMER',
  'RCU',
] as const;

/// A row for each softirq: its name and its count on each CPU.
export function softirqRows(k: Kernel): { readonly name: string; readonly counts: number[] }[] {
  const atBoot = platformOf(k).softirqs.split('\n');
  return softirqNames.map((name, vector) => ({
    name,
    counts: perCpu(atBoot[vector], k.desc.cpus).map(
      (count, cpu) => count + (k.cpus[cpu]?.softirqs[vector] ?? 0),
    ),
  }));
}

export function softirqs(k: Kernel): Line[] {
  const heading = k.cpus.map((cpu) => `CPU${String(cpu.id).padEnd(8)}`).join('');
  return [
    row(`${' '.repeat(20)}${heading}`),
    ...softirqRows(k).map(({ name, counts }) =>
      row(
        `${name.padStart(12)}:`,
        ...counts.flatMap((count, cpu) => [
          ' ',
          ...right(count, 10, `counter:softirqs:${name}@cpu${cpu}`),
        ]),
      ),
    ),
  ];
}
