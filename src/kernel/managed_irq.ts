/// Managed interrupts: the kernel spreads a device's queues over the CPUs and lets nobody move them; one whose
/// CPUs are all offline is shut down, and started when one of them comes back.
/// Stands for kernel/irq/affinity.c, the managed side of kernel/irq/matrix.c and kernel/irq/cpuhotplug.c, and
/// vector_assign_managed_shutdown() of arch/x86/kernel/apic/vector.c.
/// No NIC driver here asks for them (PCI_IRQ_AFFINITY): disks do.
/// Left out: isolated CPUs (isolcpus=managed_irq).
import { cpusIn, maskHas, maskOf } from './cpumask.ts';
import { groupCpusEvenly } from './group_cpus.ts';
import type { Cpu, Irq, Kernel } from './state.ts';

/// Masks of `vectors` managed vectors; the CPUs are those that are there, on line or not.
/// kernel/irq/affinity.c:irq_create_affinity_masks()
export function irq_create_affinity_masks(k: Kernel, vectors: number): number[][] {
  return groupCpusEvenly(vectors, k.desc.numa).map((cpus) => maskOf(cpus, k.desc.cpus));
}

/// A vector is kept free on every CPU of the mask, for whenever the interrupt comes there.
/// kernel/irq/matrix.c:irq_matrix_reserve_managed()
export function irq_matrix_reserve_managed(k: Kernel, mask: readonly number[]): void {
  for (const cpu of cpusIn(mask)) k.cpus[cpu]!.vectors++;
}

/// Which CPU of its mask takes a managed interrupt: the one that takes the fewest of them, the last of equals.
/// -1: none is online. kernel/irq/matrix.c:matrix_find_best_cpu_managed()
export function matrix_find_best_cpu_managed(k: Kernel, mask: readonly number[]): number {
  let best = -1;
  let fewest = Infinity;
  for (const c of k.cpus) {
    if (!c.online || !maskHas(mask, c.id)) continue;
    const taken = k.irqs.filter(
      (irq) => irq.managed && !irq.shut_down && irq.effective === c.id,
    ).length;
    if (taken > fewest) continue;
    best = c.id;
    fewest = taken;
  }
  return best;
}

/// Starts a managed interrupt on a CPU of its mask, or leaves it shut down. kernel/irq/chip.c:irq_startup()
export function irq_startup(k: Kernel, desc: Irq): void {
  desc.shut_down = true;
  const cpu = matrix_find_best_cpu_managed(k, desc.affinity);
  if (cpu < 0) return irq_shutdown_and_deactivate(k, desc);
  desc.shut_down = false;
  desc.effective = cpu;
  desc.in_force = [...desc.affinity];
}

/// No CPU of its mask is left. Its mask stays; that it is to be seen on the first CPU that is online says
/// nothing: a vector there that stands for no interrupt. kernel/irq/chip.c:irq_shutdown_and_deactivate()
export function irq_shutdown_and_deactivate(k: Kernel, desc: Irq): void {
  desc.shut_down = true;
  desc.pending = false;
  desc.effective = k.cpus.find((c) => c.online)?.id ?? -1;
}

/// A CPU has come: managed interrupts that were shut down for want of it start again. One that has moved to
/// another CPU of its mask stays there. kernel/irq/cpuhotplug.c:irq_affinity_online_cpu()
export function irq_affinity_online_cpu(k: Kernel, c: Cpu): void {
  for (const desc of k.irqs)
    if (desc.managed && desc.shut_down && maskHas(desc.affinity, c.id)) irq_startup(k, desc);
}
