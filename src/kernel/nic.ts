/// A NIC's queues being set up: rings of another size, another number of queues, interrupts
/// registered. Stands for igb_set_ringparam() and igb_reinit_queues() in
/// drivers/net/ethernet/intel/igb/, and virtnet_rx_resize() in drivers/net/virtio_net.c.
/// What a real driver does to frames meanwhile: igb stops the NIC, empties the rings (those frames
/// are lost; nothing on a real host counts them), sets them up anew, and waits for the link.
/// Left out: transmission.
import { addSlot, setTime } from '../engine/agenda.ts';
import { cpusIn, emptyMask, maskOf } from './cpumask.ts';
import { driverPaths, pathAt, type Vector } from './driver_table.ts';
import { LINK_UP, NAPI_TIMER, NIC_INTERRUPT } from './events.ts';
import { assignVector } from './irq.ts';
import { rssChanged } from './rss.ts';
import type { Irq, Kernel, Napi, NetDevice, RxQueue } from './state.ts';
import { resetFifos, resetRing } from './wire.ts';

const MIN_NAPI_ID = 8193; // NR_CPUS + 1, with 8192 possible CPUs
const NAPI_POLL_WEIGHT = 64;

/// Gives every queue rings of these sizes, empty. Frames in the old ones are lost.
export function resizeRings(k: Kernel, dev: NetDevice, rx: number, tx: number): void {
  dev.ring = { rx, tx };
  for (const q of dev.rx) resetRing(k, dev, q, rx);
  restart(k, dev);
}

/// Gives the device that many receive queues, and its interrupt vectors anew where the driver does.
export function setQueues(k: Kernel, dev: NetDevice, queues: number): void {
  const path = pathAt(dev.path);
  const index = k.devs.indexOf(dev);
  for (const q of dev.rx.slice(queues)) removeQueue(k, dev, q);
  dev.rx.length = Math.min(dev.rx.length, queues);
  dev.tx.length = Math.min(dev.tx.length, queues);
  for (let i = dev.rx.length; i < queues; i++) {
    dev.rx.push(createRxQueue(k, index, i, napiFor(k, dev, index, i)));
    dev.tx.push({ packets: 0, bytes: 0, xps_cpus: emptyMask(k.desc.cpus) });
    resetRing(k, dev, dev.rx[i]!, dev.ring.rx);
  }
  if (path.resetsForQueues) {
    for (const q of dev.rx) resetRing(k, dev, q, dev.ring.rx);
    registerVectors(k, dev);
    if (path.freesVectors && !dev.up) freeVectors(k, dev);
    restart(k, dev);
  } else {
    resetFifos(k, dev);
    nameVectors(k, dev, path.vectors(k, dev));
    rssChanged(dev);
  }
}

function removeQueue(k: Kernel, dev: NetDevice, q: RxQueue): void {
  resetRing(k, dev, q, 0);
  const n = k.napis[q.napi]!;
  n.disabled = true;
  n.irq_enabled = false;
  n.irq_pending = false;
  setTime(k.agenda, n.irq_slot, Infinity);
}

/// The device starts afresh: buffers empty, moderation at its start, the link renegotiated.
export function restart(k: Kernel, dev: NetDevice): void {
  const path = pathAt(dev.path);
  resetFifos(k, dev);
  rssChanged(dev);
  for (const q of dev.rx) enableNapi(k, dev, k.napis[q.napi]!);
  if (path.reset_ns === 0 || !dev.up) return;
  if (dev.carrier) dev.carrier_changes++;
  dev.carrier = false;
  dev.link_down_until = k.now + path.reset_ns;
  setTime(k.agenda, dev.link_slot, dev.link_down_until);
}

/// The device may interrupt again; nothing waits yet.
export function enableNapi(k: Kernel, dev: NetDevice, n: Napi): void {
  n.disabled = false;
  n.irq_enabled = !n.sched;
  n.irq_pending = false;
  setTime(k.agenda, n.irq_slot, Infinity);
  pathAt(dev.path).moderate(k, dev, n);
}

/// Applies a change of `ethtool -C` to every queue of the device.
export function coalesceChanged(k: Kernel, dev: NetDevice): void {
  for (const q of dev.rx) pathAt(dev.path).moderate(k, dev, k.napis[q.napi]!);
}

/// Gives a new device its queues, NAPI instances, interrupts and agenda slots.
export function setUpNic(k: Kernel, dev: NetDevice, queues: number, firstIrq: number): number {
  const index = k.devs.indexOf(dev);
  dev.link_slot = addSlot(k.agenda, LINK_UP, index);
  for (let i = 0; i < queues; i++) {
    dev.rx.push(createRxQueue(k, index, i, napiFor(k, dev, index, i)));
    dev.tx.push({ packets: 0, bytes: 0, xps_cpus: emptyMask(k.desc.cpus) });
    resetRing(k, dev, dev.rx[i]!, dev.ring.rx);
    k.napis[dev.rx[i]!.napi]!.disabled = false;
  }
  resetFifos(k, dev);
  const vectors = driverPaths[dev.path]!.vectors(k, dev);
  addIrqs(k, dev, vectors, firstIrq);
  for (const q of dev.rx) enableNapi(k, dev, k.napis[q.napi]!);
  return firstIrq + vectors.length;
}

function createRxQueue(k: Kernel, dev: number, index: number, napi: number): RxQueue {
  return {
    dev,
    index,
    napi,
    slots: new Int32Array(0),
    head: 0,
    tail: 0,
    used: 0,
    ready: 0,
    cleaned: 0,
    packets: 0,
    bytes: 0,
    drops: 0,
    alloc_failed: 0,
    interrupts: 0,
    kicks: 1, // opening the device posts the first buffers
    buffers: 0,
    rps_cpus: emptyMask(k.desc.cpus),
    rps_map: [],
    rps_flow_cnt: 0,
    fifo: 0,
  };
}

/// The NAPI instance of a queue: the one it had before, or a new one.
function napiFor(k: Kernel, dev: NetDevice, index: number, queue: number): number {
  const known = k.napis.findIndex((n) => n.dev === index && n.queue === queue);
  if (known >= 0) return known;
  const n = createNapi(k.napis.length, index, -1, queue, dev.path, NAPI_POLL_WEIGHT);
  n.napi_id = MIN_NAPI_ID + k.napis.filter((each) => each.dev >= 0).length;
  n.irq_slot = addSlot(k.agenda, NIC_INTERRUPT, n.id);
  n.timer_slot = addSlot(k.agenda, NAPI_TIMER, n.id);
  k.napis.push(n);
  return n.id;
}

/// A NAPI instance of a device's queue, or with dev -1 of a CPU's backlog.
export function createNapi(
  id: number,
  dev: number,
  cpu: number,
  queue: number,
  path: number,
  weight: number,
): Napi {
  return {
    id,
    napi_id: 0,
    dev,
    cpu,
    queue,
    irq: -1,
    path,
    weight,
    sched: false,
    missed: false,
    disabled: false,
    listed: false,
    defer_hard_irqs_count: 0,
    irq_enabled: false,
    irq_pending: false,
    irq_last: -1_000_000_000,
    itr_ns: 0,
    itr_val: 0,
    set_itr: false,
    itr_class: 1,
    total_packets: 0,
    total_bytes: 0,
    frames_since_irq: 0,
    frames_this_poll: 0,
    bytes_this_poll: 0,
    stage: 0,
    rx_head: -1,
    rx_tail: -1,
    rx_count: 0,
    rps_stage: 0,
    timer_cpu: 0,
    polls: 0,
    task: -1,
    irq_slot: -1,
    timer_slot: -1,
  };
}

/// Deals the CPUs out to the vectors again, where the driver does so when a CPU comes or goes.
export function dealVectors(k: Kernel, dev: NetDevice): void {
  const path = pathAt(dev.path);
  if (path.dealsCpus) nameVectors(k, dev, path.vectors(k, dev));
}

/// The driver gives its interrupts back while the device is down: no handler, no vector.
export function freeVectors(k: Kernel, dev: NetDevice): void {
  for (const irq of irqsOf(k, dev)) {
    if (irq.name !== '') k.cpus[irq.effective]!.vectors--;
    irq.name = '';
  }
}

/// And asks for them again: each gets the CPU of its mask with the fewest vectors.
export function requestVectors(k: Kernel, dev: NetDevice): void {
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
function registerVectors(k: Kernel, dev: NetDevice): void {
  const index = k.devs.indexOf(dev);
  const old = irqsOf(k, dev);
  for (const irq of old) if (irq.name !== '') k.cpus[irq.effective]!.vectors--;
  const first = Math.min(...old.map((irq) => irq.irq));
  k.irqs = k.irqs.filter((irq) => irq.dev !== index);
  addIrqs(k, dev, pathAt(dev.path).vectors(k, dev), first);
}

function addIrqs(k: Kernel, dev: NetDevice, vectors: readonly Vector[], first: number): void {
  const index = k.devs.indexOf(dev);
  const near = k.cpus.filter((c) => dev.numa_node < 0 || c.node === dev.numa_node);
  vectors.forEach((_, entry) => {
    const irq: Irq = {
      irq: first + entry,
      counts: new Array<number>(k.cpus.length).fill(0),
      chip: `PCI-MSIX-${dev.pci}`,
      hwirq: `${entry}-edge`,
      name: '',
      dev: index,
      napi: -1,
      affinity: maskOf(
        near.map((c) => c.id),
        k.desc.cpus,
      ),
      in_force: emptyMask(k.desc.cpus),
      affinity_hint: emptyMask(k.desc.cpus),
      effective: -1,
      pending: false,
      node: dev.numa_node,
    };
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
    if (vector.hint.length > 0) {
      irq.affinity = [...vector.hint];
      irq.pending = !cpusIn(vector.hint).includes(irq.effective);
      if (!irq.pending) irq.in_force = [...vector.hint];
    }
    if (vector.tx !== undefined && dev.tx[vector.tx])
      dev.tx[vector.tx]!.xps_cpus =
        vector.hint.length > 0 ? [...vector.hint] : emptyMask(k.desc.cpus);
  });
  k.irqs.forEach((irq, i) => {
    if (irq.napi >= 0) k.napis[irq.napi]!.irq = i;
  });
}
