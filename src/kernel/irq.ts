/// Interrupts: which CPU takes one, what it counts, and how a mask moves it.
/// Stands for kernel/irq/ and the vector choice of arch/x86/kernel/apic/vector.c.
/// Managed interrupts are in managed_irq.ts.
/// Left out: what is different about a level-triggered line but its cost, spurious interrupts, irqbalance.
import { setTime } from '../engine/agenda.ts';
import { maskHas } from './cpumask.ts';
import { HARDIRQ_NS } from './costs.ts';
import { driverPaths } from './driver_table.ts';
import { done, fails, type Result } from './errno.ts';
import { interruptCpu } from './piece.ts';
import type { Cpu, Irq, Kernel, Napi } from './state.ts';
import { momentStep, STEP } from './tracing.ts';

/// The device's message, or the level of its legacy line, arrives at a CPU.
/// kernel/irq/chip.c:handle_edge_irq(), handle_fasteoi_irq()
export function handle_edge_irq(k: Kernel, n: Napi): void {
  const desc = k.irqs[n.irq]!;
  const c = k.cpus[desc.effective]!;
  if (desc.pending) {
    // On x86 a new mask takes effect at the next interrupt, which still arrives at the old CPU.
    desc.pending = false;
    assignVector(k, desc);
  }
  desc.counts[c.id]!++;
  c.irqs_handled++;
  interruptCpu(k, c, HARDIRQ_NS + desc.extra_ns, STEP.IRQ);
  momentStep(k, c, STEP.IRQ, desc.irq);
  __handle_irq_event_percpu(k, c, n);
}

function __handle_irq_event_percpu(k: Kernel, c: Cpu, n: Napi): void {
  driverPaths[n.path]!.interrupt(k, c, n);
}

/// The device's moderation timer has run out: it raises its interrupt, if it may.
export function raiseInterrupt(k: Kernel, n: Napi): void {
  if (!n.irq_enabled || !n.irq_pending) return;
  n.irq_pending = false;
  n.irq_last = k.now;
  n.frames_since_irq = 0;
  const q = k.devs[n.dev]!.rx[n.queue];
  if (q) q.interrupts++;
  handle_edge_irq(k, n);
}

/// Something waits for the driver: plans the interrupt as the moderation says.
export function planInterrupt(k: Kernel, n: Napi): void {
  if (!n.irq_enabled || !n.irq_pending) return;
  setTime(k.agenda, n.irq_slot, driverPaths[n.path]!.interruptAt(k, n));
}

/// Whether user space may say where an interrupt goes: not for a managed one.
/// kernel/irq/manage.c:irq_can_set_affinity_usr()
export function irq_can_set_affinity_usr(desc: Irq): boolean {
  return !desc.managed;
}

/// Writes smp_affinity. EPERM for a managed interrupt, EINVAL when no CPU of the mask is online.
/// kernel/irq/proc.c:write_irq_affinity()
export function irq_set_affinity(k: Kernel, irq: number, mask: readonly number[]): Result {
  const desc = k.irqs.find((each) => each.irq === irq);
  if (!desc) return fails('EIO');
  if (!irq_can_set_affinity_usr(desc)) return fails('EPERM');
  if (!k.cpus.some((c) => c.online && maskHas(mask, c.id))) return fails('EINVAL');
  desc.affinity = desc.affinity.map((_, word) => mask[word] ?? 0);
  desc.pending = !maskHas(mask, desc.effective);
  if (!desc.pending) desc.in_force = [...desc.affinity];
  k.config_version++;
  return done;
}

/// Picks the online CPU of the mask with the fewest vectors, the lowest first.
/// kernel/irq/matrix.c:irq_matrix_alloc()
export function assignVector(k: Kernel, desc: Irq): void {
  let best = -1;
  for (const c of k.cpus)
    if (c.online && maskHas(desc.affinity, c.id) && (best < 0 || c.vectors < k.cpus[best]!.vectors))
      best = c.id;
  if (best < 0) best = 0;
  if (desc.effective >= 0) k.cpus[desc.effective]!.vectors--;
  k.cpus[best]!.vectors++;
  desc.effective = best;
  desc.in_force = [...desc.affinity];
}
