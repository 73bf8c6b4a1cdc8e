/// What a program that lives on as a process of the host has from the shell that starts it: its CPUs (taskset,
/// numactl) and its nice value.
import { cpusIn, maskOf, maskAnd } from '../kernel/cpumask.ts';
import type { ReadOptions } from '../kernel/host.ts';
import type { Io } from './command.ts';

export function inherited(io: Io): Pick<ReadOptions, 'cpus' | 'nice'> {
  const { child_affinity, child_nice } = io.session;
  if (child_affinity === null) return { nice: child_nice };
  const all = maskOf(
    io.k.cpus.map((cpu) => cpu.id),
    io.k.desc.cpus,
  );
  return { cpus: cpusIn(maskAnd(child_affinity, all)), nice: child_nice };
}
