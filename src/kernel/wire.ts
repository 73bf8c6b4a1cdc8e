/// From the wire to the ring: what happens to a frame before the driver sees it. Address and FCS filter, choice
/// of the queue, the descriptor ring, the packet buffer before it, and the wish to interrupt.
/// The drivers' own rules come from the driver table.
/// Left out: pause frames (the senders here do not stop for them), VLAN filters, multicast, the time
/// that DMA takes.
import { driverPaths, pathAt } from './driver_table.ts';
import { planInterrupt } from './irq.ts';
import { dropFrame } from './ledger.ts';
import { REASON } from './reasons.ts';
import { rssQueue } from './rss.ts';
import { FLAG_BAD_FCS, FLAG_FOREIGN } from './skb.ts';
import type { Fifo, Kernel, NetDevice, RxQueue, Skb } from './state.ts';
import { hardwareStep, STEP } from './tracing.ts';

const FCS = 4;

/// The last bit of a frame has arrived.
export function receiveFrame(k: Kernel, dev: NetDevice, skb: Skb): void {
  k.ledger.offered++;
  hardwareStep(k, STEP.FILTER, skb, k.skbs.len[skb]!);
  if (!dev.up || !dev.carrier || k.now < dev.link_down_until)
    return dropFrame(k, skb, REASON.LINK_DOWN, STEP.FILTER);
  const flags = k.skbs.flags[skb]!;
  if (flags !== 0 && !passesFilter(k, dev, skb, flags)) return;
  dev.hw.rx_packets++;
  dev.hw.rx_bytes += k.skbs.len[skb]! + FCS;
  const q = dev.rx[rssQueue(k, dev, k.skbs.flow[skb]!)]!;
  k.skbs.queue[skb] = q.index;
  hardwareStep(k, STEP.RSS, skb, q.index);
  if (q.ready > 0 && (dev.fifos.length === 0 || dev.fifos[q.fifo]!.frames === 0))
    fillSlot(k, q, skb);
  else noDescriptor(k, dev, q, skb);
}

function passesFilter(k: Kernel, dev: NetDevice, skb: Skb, flags: number): boolean {
  if (flags & FLAG_BAD_FCS) {
    dev.hw.rx_crc_errors++;
    if (!dev.features['rx-all']) {
      dropFrame(k, skb, REASON.RX_CRC_ERRORS, STEP.FILTER);
      return false;
    }
  }
  if (flags & FLAG_FOREIGN && dev.promisc === 0) {
    dropFrame(k, skb, REASON.FILTER, STEP.FILTER);
    return false;
  }
  return true;
}

/// DMA into the next free descriptor.
function fillSlot(k: Kernel, q: RxQueue, skb: Skb): void {
  q.slots[q.head] = skb;
  q.head = q.head + 1 === q.slots.length ? 0 : q.head + 1;
  q.ready--;
  q.used++;
  hardwareStep(k, STEP.RING, skb, q.used);
  const n = k.napis[q.napi]!;
  n.frames_since_irq++;
  if (n.irq_pending) return;
  n.irq_pending = true;
  planInterrupt(k, n);
}

/// No free descriptor, or others wait already: into the packet buffer, or lost.
function noDescriptor(k: Kernel, dev: NetDevice, q: RxQueue, skb: Skb): void {
  const path = driverPaths[dev.path]!;
  const rule = path.fifo(dev);
  if (q.ready === 0) dev.hw.rx_no_buffer_count++;
  if (rule !== null) {
    const fifo = dev.fifos[q.fifo]!;
    const size = rule.bytes ? k.skbs.len[skb]! + FCS : 1;
    if (fifo.used + size <= fifo.limit) {
      pushFifo(k, fifo, skb, size);
      hardwareStep(k, STEP.RING, skb, -fifo.frames);
      return;
    }
  }
  dropFrame(k, skb, path.lost(k, dev, q), STEP.RING);
}

function pushFifo(k: Kernel, fifo: Fifo, skb: Skb, size: number): void {
  k.skbs.next[skb] = -1;
  if (fifo.head < 0) fifo.head = skb;
  else k.skbs.next[fifo.tail] = skb;
  fifo.tail = skb;
  fifo.frames++;
  fifo.used += size;
}

/// The driver has given descriptors back: frames that waited go into the rings, first come first
/// served. One queue without descriptors holds up all that share the buffer.
export function descriptorsAdded(k: Kernel, dev: NetDevice, q: RxQueue, added: number): void {
  q.ready += added;
  if (dev.fifos.length === 0) return;
  const fifo = dev.fifos[q.fifo]!;
  if (fifo.frames === 0) return;
  const bytes = pathAt(dev.path).fifo(dev)?.bytes ?? false;
  while (fifo.head >= 0) {
    const skb = fifo.head;
    const target = dev.rx[k.skbs.queue[skb]!]!;
    if (target.ready === 0) return;
    fifo.head = k.skbs.next[skb]!;
    if (fifo.head < 0) fifo.tail = -1;
    fifo.frames--;
    fifo.used -= bytes ? k.skbs.len[skb]! + FCS : 1;
    fillSlot(k, target, skb);
  }
}

/// Takes the next filled descriptor; its slot has no buffer until the driver refills it.
export function takeFrame(q: RxQueue): Skb {
  const skb = q.slots[q.tail]!;
  q.slots[q.tail] = -1;
  q.tail = q.tail + 1 === q.slots.length ? 0 : q.tail + 1;
  q.used--;
  q.cleaned++;
  return skb;
}

/// A queue's ring of `size` descriptors, empty, all buffers posted.
export function resetRing(k: Kernel, dev: NetDevice, q: RxQueue, size: number): void {
  for (const skb of q.slots) if (skb >= 0) dropFrame(k, skb, REASON.RING_RESET, STEP.RING);
  const path = pathAt(dev.path);
  q.slots = new Int32Array(size).fill(-1);
  q.head = q.tail = q.used = q.cleaned = 0;
  q.ready = path.usable(size);
  q.buffers = 0;
}

/// The packet buffers as the driver's rules have them now; what they held is lost.
export function resetFifos(k: Kernel, dev: NetDevice): void {
  for (const fifo of dev.fifos)
    for (let skb = fifo.head; skb >= 0;) {
      const next = k.skbs.next[skb]!;
      dropFrame(k, skb, REASON.RING_RESET, STEP.RING);
      skb = next;
    }
  const rule = pathAt(dev.path).fifo(dev);
  const count = rule === null ? 0 : rule.perQueue ? dev.rx.length : 1;
  dev.fifos = Array.from({ length: count }, () => ({
    head: -1,
    tail: -1,
    frames: 0,
    used: 0,
    limit: rule?.limit ?? 0,
  }));
  for (const q of dev.rx) q.fifo = rule?.perQueue ? q.index : 0;
}
