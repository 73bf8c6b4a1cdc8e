/// A NIC's queues being set up: rings of another size, another number of queues. Their interrupts are in
/// nic_vectors.ts. Stands for igb_set_ringparam() and igb_reinit_queues() in
/// drivers/net/ethernet/intel/igb/, and virtnet_rx_resize() in drivers/net/virtio_net.c.
/// What a real driver does to frames meanwhile: igb stops the NIC, empties the rings (those frames
/// are lost; nothing on a real host counts them), sets them up anew, and waits for the link.
/// Left out: transmission; that a thread that polls an instance ends with it, and another one begins.
import { addSlot, setTime } from '../engine/agenda.ts';
import { emptyMask } from './cpumask.ts';
import { pathAt } from './driver_table.ts';
import { LINK_UP, NAPI_TIMER, NIC_INTERRUPT } from './events.ts';
import { createGroHash, flush_gro_hash } from './gro.ts';
import { napi_hash_add, napi_hash_del } from './napi_id.ts';
import { freeVectors, registerVectors, setUpVectors, updateVectors } from './nic_vectors.ts';
import { rx_queue_default_mask } from './rps.ts';
import { rssChanged } from './rss.ts';
import type { Kernel, Napi, NetDevice, RxQueue } from './state.ts';
import { resetFifos, resetRing } from './wire.ts';
import { netif_reset_xps_queues_gt } from './xps.ts';

const NAPI_POLL_WEIGHT = 64;

/// Gives every queue rings of these sizes, empty. Frames in the old ones are lost.
export function resizeRings(
  k: Kernel,
  dev: NetDevice,
  rx: number,
  tx: number,
  jumbo = dev.ring.jumbo,
): void {
  dev.ring = { rx, tx, jumbo };
  for (const q of dev.rx) resetRing(k, dev, q, rx);
  restart(k, dev);
}

/// The driver deletes its NAPI instances and adds new ones: they have other ids.
function renewNapis(k: Kernel, dev: NetDevice): void {
  for (const q of dev.rx) napi_hash_del(k.napis[q.napi]!);
  for (const q of dev.rx) napi_hash_add(k, k.napis[q.napi]!);
}

/// Gives the device that many receive queues, and its interrupt vectors anew where the driver does.
export function setQueues(k: Kernel, dev: NetDevice, queues: number): void {
  const path = pathAt(dev.path);
  const index = k.devs.indexOf(dev);
  for (const q of dev.rx.slice(queues)) removeQueue(k, dev, q);
  dev.rx.length = Math.min(dev.rx.length, queues);
  dev.tx.length = Math.min(dev.tx.length, queues);
  netif_reset_xps_queues_gt(dev, queues);
  for (let i = dev.rx.length; i < queues; i++) {
    dev.rx.push(createRxQueue(k, index, i, napiFor(k, dev, index, i)));
    dev.tx.push({ packets: 0, bytes: 0, xps_cpus: emptyMask(k.desc.cpus) });
    resetRing(k, dev, dev.rx[i]!, dev.ring.rx);
    rx_queue_default_mask(k, dev.rx[i]!);
  }
  if (path.resetsForQueues) {
    if (path.deletesNapis !== true) renewNapis(k, dev);
    for (const q of dev.rx) {
      resetRing(k, dev, q, dev.ring.rx);
      flush_gro_hash(k, k.napis[q.napi]!);
    }
    registerVectors(k, dev);
    if (path.freesVectors && !dev.up) freeVectors(k, dev);
    restart(k, dev);
  } else {
    for (const q of dev.rx) napi_hash_add(k, k.napis[q.napi]!);
    resetFifos(k, dev);
    updateVectors(k, dev);
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
  flush_gro_hash(k, n);
  if (pathAt(dev.path).resetsForQueues) napi_hash_del(n);
}

/// The device starts afresh: buffers empty, moderation at its start, the link renegotiated.
export function restart(k: Kernel, dev: NetDevice): void {
  const path = pathAt(dev.path);
  resetFifos(k, dev);
  rssChanged(dev);
  if (dev.up && path.deletesNapis === true) renewNapis(k, dev);
  for (const q of dev.rx) enableNapi(k, dev, k.napis[q.napi]!);
  if (!dev.up) return;
  if (path.reset_ns === 0) {
    if (dev.carrier) path.linkUp?.(k, dev);
    return;
  }
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
  const path = pathAt(dev.path);
  for (const q of dev.rx) {
    const n = k.napis[q.napi]!;
    if (path.coalesced) path.coalesced(k, dev, n);
    else path.moderate(k, dev, n);
  }
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
    napi_hash_add(k, k.napis[dev.rx[i]!.napi]!);
  }
  resetFifos(k, dev);
  const next = setUpVectors(k, dev, firstIrq);
  for (const q of dev.rx) enableNapi(k, dev, k.napis[q.napi]!);
  return next;
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
    lro_packets: 0,
    lro_bytes: 0,
    interrupts: 0,
    polls: 0,
    arms: 0,
    copied: 0,
    kicks: 1, // opening the device posts the first buffers
    buffers: 0,
    rps_cpus: emptyMask(k.desc.cpus),
    rps_map: [],
    rps_flow_cnt: 0,
    rps_flow_table: null,
    fifo: 0,
    pages: null,
  };
}

/// The NAPI instance of a queue: the one it had before, or a new one.
function napiFor(k: Kernel, dev: NetDevice, index: number, queue: number): number {
  const known = k.napis.findIndex((n) => n.dev === index && n.queue === queue);
  if (known >= 0) return known;
  const n = createNapi(k.napis.length, index, -1, queue, dev.path, NAPI_POLL_WEIGHT);
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
    hashed: false,
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
    in_busy_poll: false,
    owned_by_task: false,
    prefer_busy_poll: false,
    completing: false,
    complete_timeout: 0,
    complete_deferred: false,
    defer_hard_irqs_count: 0,
    irq_enabled: false,
    irq_pending: false,
    irq_last: -1_000_000_000,
    itr_ns: 0,
    itr_val: 0,
    set_itr: false,
    ring_itr: null,
    dim: null,
    dim_slot: -1,
    irq_events: 0,
    irq_by_frame: false,
    armed_ns: 0,
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
    rx_late: -1,
    gro: createGroHash(),
    gro_mode: 0,
    gro_version: -1,
    rps_stage: 0,
    timer_cpu: 0,
    polls: 0,
    task: -1,
    irq_slot: -1,
    timer_slot: -1,
  };
}

export { dealVectors, freeVectors, requestVectors } from './nic_vectors.ts';
