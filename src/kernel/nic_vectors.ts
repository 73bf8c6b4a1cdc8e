/// The interrupts of a NIC: MSI-X vectors of its own, or one legacy line that it may share.
/// Stands for pci_alloc_irq_vectors(), request_irq() and free_irq() as the drivers call them.
/// A shared line runs the handlers of all its devices at each interrupt; those with nothing to do cost
/// their look at the device, a read of its cause register (Irq.extra_ns).
import { cpusIn, emptyMask, maskHas, maskOf, parseMask } from './cpumask.ts';
import { COSTS } from './costs.ts';
import { pathAt, type Vector } from './driver_table.ts';
import type { NicDescription } from './host.ts';
import { assignVector } from './irq.ts';
import type { Cpu, Irq, Kernel, NetDevice } from './state.ts';
import { __netif_set_xps_queue } from './xps.ts';

/// The file that holds the mask of interrupts to come.
export const DEFAULT_AFFINITY = '/proc/irq/default_smp_affinity';

/// Gives a new device its interrupts, from the number `first` on; returns the next free number. A legacy line
/// has the number of the line.
export function setUpVectors(k: Kernel, dev: NetDevice, first: number): number {
  const vectors = pathAt(dev.path).vectors(k, dev);
  if (pathAt(dev.path).intx) {
    addLine(k, dev);
    nameLine(k, dev, true);
    return first;
  }
  addIrqs(k, dev, vectors, first);
  return first + vectors.length;
}

/// Which vector serves what, after the number of queues has changed.
export function updateVectors(k: Kernel, dev: NetDevice): void {
  if (pathAt(dev.path).intx) nameLine(k, dev);
  else nameVectors(k, dev, pathAt(dev.path).vectors(k, dev));
}

/// Deals the CPUs out to the vectors again, where the driver does so when a CPU comes or goes.
export function dealVectors(k: Kernel, dev: NetDevice): void {
  if (pathAt(dev.path).dealsCpus) updateVectors(k, dev);
}

/// The driver gives its interrupts back while the device is down: no handler, no vector.
export function freeVectors(k: Kernel, dev: NetDevice): void {
  if (pathAt(dev.path).intx) return nameLine(k, dev);
  for (const irq of irqsOf(k, dev)) {
    if (irq.name !== '') k.cpus[irq.effective]!.vectors--;
    irq.name = '';
  }
}

/// And asks for them again: each gets the CPU of its mask with the fewest vectors.
export function requestVectors(k: Kernel, dev: NetDevice): void {
  if (pathAt(dev.path).intx) return nameLine(k, dev);
  for (const irq of irqsOf(k, dev)) {
    irq.effective = -1;
    irq.pending = false;
    assignVector(k, irq);
  }
  nameVectors(k, dev, pathAt(dev.path).vectors(k, dev));
}

function irqsOf(k: Kernel, dev: NetDevice): Irq[] {
  const index = k.devs.indexOf(dev);
  return k.irqs.filter((irq) => irq.dev === index);
}

/// Frees the device's interrupts and asks for as many as it needs now, from the same number on.
export function registerVectors(k: Kernel, dev: NetDevice): void {
  if (pathAt(dev.path).intx) return nameLine(k, dev);
  const index = k.devs.indexOf(dev);
  const old = irqsOf(k, dev);
  for (const irq of old) if (irq.name !== '') k.cpus[irq.effective]!.vectors--;
  const first = Math.min(...old.map((irq) => irq.irq));
  k.irqs = k.irqs.filter((irq) => irq.dev !== index);
  addIrqs(k, dev, pathAt(dev.path).vectors(k, dev), first);
}

/// The line of a legacy interrupt: set up once, whoever comes first.
function addLine(k: Kernel, dev: NetDevice): void {
  const line = lineOf(k, dev);
  if (k.irqs.some((irq) => irq.irq === line)) return;
  const { chip, hwirq } = nicNamed(k, dev)?.wired ?? { chip: 'IO-APIC', hwirq: `${line}-fasteoi` };
  k.irqs.push(newIrq(k, dev, line, chip, hwirq));
  k.irqs.sort((a, b) => a.irq - b.irq);
  indexIrqs(k);
}

function nicNamed(k: Kernel, dev: NetDevice): NicDescription | undefined {
  return k.desc.nics.find((one) => one.name === dev.name);
}

function lineOf(k: Kernel, dev: NetDevice): number {
  const nic = nicNamed(k, dev);
  if (nic?.intx === undefined) throw new Error(`${dev.name} has no line for its legacy interrupt`);
  return nic.intx;
}

/// A line bears the names of the handlers of the devices that are up, or of all while the host boots and where the
/// driver keeps its interrupts; while there is none it has no vector.
function nameLine(k: Kernel, dev: NetDevice, booting = false): void {
  const line = lineOf(k, dev);
  const at = k.irqs.findIndex((irq) => irq.irq === line);
  const irq = k.irqs[at]!;
  const sharers = k.devs.filter(
    (each) => each.path >= 0 && pathAt(each.path).intx && lineOf(k, each) === line,
  );
  const users = sharers.filter((each) => booting || each.up || !pathAt(each.path).freesVectors);
  const handlers = users.flatMap((each) => pathAt(each.path).vectors(k, each));
  const before = irq.name;
  irq.name = handlers.map(({ name }) => name).join(', ');
  irq.extra_ns = handlers.length * COSTS.read_cause.ns;
  for (const each of sharers) for (const q of each.rx) k.napis[q.napi]!.irq = at;
  irq.napi = sharers[0]?.rx[0]?.napi ?? -1;
  if (before === '' && irq.name !== '' && irq.effective < 0) assignVector(k, irq);
  if (before !== '' && irq.name === '') {
    k.cpus[irq.effective]!.vectors--;
    irq.effective = -1;
  }
}

/// The CPUs of a new interrupt: the online ones of default_smp_affinity, of those the ones of its node.
/// kernel/irq/manage.c:irq_setup_affinity()
function setupCpus(k: Kernel, node: number): Cpu[] {
  const text = k.stored[DEFAULT_AFFINITY];
  const mask = text === undefined ? null : parseMask(text, k.desc.cpus);
  if (typeof mask === 'string') throw new Error(`${DEFAULT_AFFINITY} cannot be read: ${mask}`);
  const online = k.cpus.filter((c) => c.online);
  const wanted = online.filter((c) => mask === null || maskHas(mask, c.id));
  const some = wanted.length > 0 ? wanted : online;
  const near = some.filter((c) => node < 0 || c.node === node);
  return near.length > 0 ? near : some;
}

function newIrq(k: Kernel, dev: NetDevice, irq: number, chip: string, hwirq: string): Irq {
  const near = setupCpus(k, dev.numa_node);
  return {
    irq,
    counts: new Array<number>(k.cpus.length).fill(0),
    chip,
    hwirq,
    name: '',
    dev: k.devs.indexOf(dev),
    napi: -1,
    affinity: maskOf(
      near.map((c) => c.id),
      k.desc.cpus,
    ),
    in_force: emptyMask(k.desc.cpus),
    affinity_hint: emptyMask(k.desc.cpus),
    effective: -1,
    pending: false,
    managed: false,
    shut_down: false,
    node: dev.numa_node,
    extra_ns: 0,
  };
}

function addIrqs(k: Kernel, dev: NetDevice, vectors: readonly Vector[], first: number): void {
  vectors.forEach((_, entry) => {
    const irq = newIrq(k, dev, first + entry, `PCI-MSIX-${dev.pci}`, `${entry}-edge`);
    assignVector(k, irq);
    k.irqs.push(irq);
  });
  k.irqs.sort((a, b) => a.irq - b.irq);
  nameVectors(k, dev, vectors);
}

/// Which vector serves what now; a driver's hint becomes the affinity.
function nameVectors(k: Kernel, dev: NetDevice, vectors: readonly Vector[]): void {
  const own = irqsOf(k, dev);
  vectors.forEach((vector, entry) => {
    const irq = own[entry]!;
    irq.name = vector.name;
    irq.napi = vector.queue < 0 ? -1 : dev.rx[vector.queue]!.napi;
    irq.affinity_hint = vector.hint.length > 0 ? [...vector.hint] : emptyMask(k.desc.cpus);
    if (vector.hint.length > 0 && !vector.hintOnly) {
      irq.affinity = [...vector.hint];
      irq.pending = !cpusIn(vector.hint).includes(irq.effective);
      if (!irq.pending) irq.in_force = [...vector.hint];
    }
    if (vector.tx !== undefined && dev.tx[vector.tx])
      __netif_set_xps_queue(k, dev, vector.tx, vector.hint);
  });
  indexIrqs(k);
}

/// Each NAPI instance knows the place of its interrupt.
function indexIrqs(k: Kernel): void {
  const at = new Map(k.irqs.map((irq, i) => [irq.irq, i]));
  k.irqs.forEach((irq, i) => {
    if (irq.napi >= 0) k.napis[irq.napi]!.irq = i;
  });
  // All that share a legacy line, not only the first.
  for (const dev of k.devs)
    if (dev.path >= 0 && pathAt(dev.path).intx)
      for (const q of dev.rx) k.napis[q.napi]!.irq = at.get(lineOf(k, dev)) ?? -1;
}
