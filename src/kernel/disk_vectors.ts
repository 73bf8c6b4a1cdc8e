/// The interrupts of a disk that no one here reads or writes: its vectors, their CPUs, and nothing else. Their
/// counts stay 0.
/// Stands for nvme_setup_irqs() and queue_request_irq() in drivers/nvme/host/pci.c: a vector for the admin queue,
/// which is an ordinary one, and a managed one for each I/O queue, of which there are as many as CPUs unless the disk has
/// fewer. Left out: write and poll queues (parameters of the driver, 0), requests.
import { cpusIn, emptyMask, maskOf } from './cpumask.ts';
import type { DiskDescription } from './host.ts';
import { assignVector } from './irq.ts';
import {
  irq_create_affinity_masks,
  irq_matrix_reserve_managed,
  irq_startup,
} from './managed_irq.ts';
import type { Irq, Kernel } from './state.ts';

/// Gives a disk its interrupts, from the number `first` on; returns the next free number.
export function setUpDisk(k: Kernel, disk: DiskDescription, first: number): number {
  const queues = Math.min(disk.queues, k.desc.cpus);
  const near = k.cpus.filter((c) => c.node === 0).map((c) => c.id);
  const admin = vector(k, disk, 0, first, maskOf(near, k.desc.cpus));
  assignVector(k, admin);
  k.irqs.push(admin);
  irq_create_affinity_masks(k, queues).forEach((mask, i) => {
    const desc = vector(k, disk, i + 1, first, mask);
    desc.managed = true;
    irq_matrix_reserve_managed(k, mask);
    irq_startup(k, desc);
    k.irqs.push(desc);
  });
  return first + 1 + queues;
}

/// The vector of a queue: 0 is the admin queue. Its node is that of the first CPU of its mask.
function vector(
  k: Kernel,
  disk: DiskDescription,
  queue: number,
  first: number,
  mask: number[],
): Irq {
  return {
    irq: first + queue,
    counts: new Array<number>(k.cpus.length).fill(0),
    chip: `PCI-MSIX-${disk.pci}`,
    hwirq: `${queue}-edge`,
    name: `${disk.name}q${queue}`,
    dev: -1,
    napi: -1,
    affinity: mask,
    in_force: emptyMask(k.desc.cpus),
    affinity_hint: emptyMask(k.desc.cpus),
    effective: -1,
    pending: false,
    managed: false,
    shut_down: false,
    node: k.cpus[cpusIn(mask)[0] ?? 0]!.node,
    extra_ns: 0,
  };
}
