/// From the wire to the ring: what happens to a frame before the driver sees it. Address and FCS filter, choice
/// of the queue, the descriptor ring, the packet buffer before it, and the wish to interrupt.
/// The drivers' own rules come from the driver table.
/// Left out: the time that DMA takes, so a frame waits in the packet buffer only for want of a descriptor.
/// Which multicast frames the NIC lets through is in multicast.ts, pause frames in pause_frames.ts.
import { driverPaths, pathAt } from './driver_table.ts';
import { planInterrupt } from './irq.ts';
import { dropFrame, loseFrame } from './ledger.ts';
import { inMulticastList } from './multicast.ts';
import { freeStampRegister, stampInHardware } from './net_timestamp_hw.ts';
import { aboveHigh, belowLow, forgetPauses, setWatermarks } from './pause_frames.ts';
import { REASON } from './reasons.ts';
import { rssQueue } from './rss.ts';
import { countMatch } from './rxnfc_rules.ts';
import {
  FLAG_BAD_FCS,
  FLAG_BROADCAST,
  FLAG_FOREIGN,
  FLAG_MULTICAST,
  FLAG_TCP,
  FLAG_VLAN,
} from './skb.ts';
import type { Fifo, Kernel, NetDevice, RxQueue, Skb } from './state.ts';
import { arrivalSteps, hardwareStep, STEP } from './tracing.ts';
import { passesVlanFilter } from './vlan.ts';
import { takeBuffers } from './xdp/xsk_pool.ts';

const FCS = 4;
const ETH_HLEN = 14;

/// The last bit of a frame has arrived. False when it was lost for want of a descriptor.
export function receiveFrame(k: Kernel, dev: NetDevice, skb: Skb): boolean {
  k.ledger.offered++;
  const len = k.skbs.len[skb]!;
  if (!dev.up || !dev.carrier || k.now < dev.link_down_until) {
    refuse(k, skb, len, REASON.LINK_DOWN);
    return true;
  }
  const flags = k.skbs.flags[skb]!;
  if (flags !== 0 && !passesFilter(k, dev, skb, flags)) return true;
  if (len > dev.mtu + ETH_HLEN && !fits(k, dev, skb, len)) return true;
  dev.hw.rx_packets++;
  dev.hw.rx_bytes += len + FCS;
  const queue = rssQueue(k, dev, k.skbs.flow[skb]!, flags);
  if (dev.filters.length > 0) countMatch(k, dev, skb);
  if (queue < 0) {
    refuse(k, skb, len, REASON.FILTER);
    return true;
  }
  const q = dev.rx[queue]!;
  k.skbs.queue[skb] = q.index;
  if (dev.hwtstamp.rx_filter !== 0) stampInHardware(k, dev, skb);
  if (flags & FLAG_TCP && driverPaths[dev.path]!.merge?.(k, dev, q, skb) === true) return true;
  if (q.ready > 0 && (dev.fifos.length === 0 || dev.fifos[q.fifo]!.frames === 0)) {
    arrivalSteps(k, skb, q.index, q.used + 1, 0);
    fillSlot(k, q, skb);
    return true;
  }
  return noDescriptor(k, dev, q, skb, len);
}

function refuse(k: Kernel, skb: Skb, len: number, reason: number): void {
  hardwareStep(k, STEP.FILTER, skb, len);
  dropFrame(k, skb, reason, STEP.FILTER);
}

function passesFilter(k: Kernel, dev: NetDevice, skb: Skb, flags: number): boolean {
  const len = k.skbs.len[skb]!;
  if (flags & FLAG_BAD_FCS) {
    dev.hw.rx_crc_errors++;
    if (!dev.features['rx-all']) {
      refuse(k, skb, len, REASON.RX_CRC_ERRORS);
      return false;
    }
  }
  if (flags & FLAG_VLAN && dev.promisc === 0 && !passesVlanFilter(k, dev, k.skbs.vlan_tci[skb]!)) {
    refuse(k, skb, len, REASON.FILTER);
    return false;
  }
  const wanted =
    dev.promisc > 0 ||
    ((flags & FLAG_FOREIGN) === 0 &&
      ((flags & FLAG_MULTICAST) === 0 ||
        dev.allmulti > 0 ||
        inMulticastList(k, dev, k.skbs.flow[skb]!)));
  if (!wanted) {
    refuse(k, skb, len, REASON.FILTER);
    return false;
  }
  const reason = driverPaths[dev.path]!.discards?.(k, dev, skb, flags) ?? 0;
  if (reason !== 0) {
    refuse(k, skb, len, reason);
    return false;
  }
  if (flags & FLAG_MULTICAST) dev.hw.rx_multicast++;
  if (flags & FLAG_BROADCAST) dev.hw.rx_broadcast++;
  return true;
}

/// A frame longer than the interface sends is still received, up to what the NIC was told to take.
function fits(k: Kernel, dev: NetDevice, skb: Skb, len: number): boolean {
  const longest = pathAt(dev.path).longestFrame?.(dev) ?? Infinity;
  if (len + FCS <= longest) return true;
  dev.hw.rx_long_length_errors++;
  refuse(k, skb, len, REASON.RX_LENGTH_ERRORS);
  return false;
}

/// DMA into the next free descriptor.
function fillSlot(k: Kernel, q: RxQueue, skb: Skb): void {
  q.slots[q.head] = skb;
  q.head = q.head + 1 === q.slots.length ? 0 : q.head + 1;
  q.ready--;
  q.used++;
  const n = k.napis[q.napi]!;
  n.frames_since_irq++;
  if (n.irq_pending && !n.irq_by_frame) return;
  n.irq_pending = true;
  planInterrupt(k, n);
}

/// No free descriptor, or others wait already: into the packet buffer, or lost. Whether it was kept.
function noDescriptor(k: Kernel, dev: NetDevice, q: RxQueue, skb: Skb, len: number): boolean {
  if (q.ready === 0) dev.hw.rx_no_buffer_count++;
  if (keepsFrames(dev)) {
    const fifo = dev.fifos[q.fifo]!;
    const size = fifo.bytes ? len + FCS : 1;
    if (fifo.used + size <= fifo.limit) {
      pushFifo(k, fifo, skb, size);
      if (fifo.used >= fifo.high) aboveHigh(k, dev);
      arrivalSteps(k, skb, q.index, -fifo.frames, 0);
      return true;
    }
  }
  const reason = driverPaths[dev.path]!.lost(k, dev, q);
  arrivalSteps(k, skb, q.index, 0, reason);
  loseFrame(k, skb, reason);
  return false;
}

/// Whether frames may wait in a packet buffer now: that can change while some wait there already.
export function keepsFrames(dev: NetDevice): boolean {
  return driverPaths[dev.path]!.fifo(dev) !== null;
}

/// Counts what receiveFrame() counts for a plain frame of `len` bytes and that flow, if it would be lost for
/// want of a descriptor; `keeps` is keepsFrames(). Else -1, and nothing is counted. The frame itself
/// is the caller's.
export function lostAtRing(
  k: Kernel,
  dev: NetDevice,
  keeps: boolean,
  skb: Skb,
  len: number,
  flow: number,
): number {
  // A frame that is lost may have been stamped.
  if (dev.hwtstamp.rx_filter !== 0) return -1;
  const queue = rssQueue(k, dev, flow);
  if (queue < 0) return -1;
  const q = dev.rx[queue]!;
  if (dev.fifos.length > 0) {
    const fifo = dev.fifos[q.fifo]!;
    if (fifo.frames === 0 && q.ready > 0) return -1;
    if (keeps && fifo.used + (fifo.bytes ? len + FCS : 1) <= fifo.limit) return -1;
  } else if (q.ready > 0) return -1;
  k.ledger.offered++;
  dev.hw.rx_packets++;
  dev.hw.rx_bytes += len + FCS;
  if (q.ready === 0) dev.hw.rx_no_buffer_count++;
  k.skbs.queue[skb] = q.index;
  const reason = driverPaths[dev.path]!.lost(k, dev, q);
  k.ledger.drops[reason] = k.ledger.drops[reason]! + 1;
  return reason;
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
  while (fifo.head >= 0) {
    const skb = fifo.head;
    const target = dev.rx[k.skbs.queue[skb]!]!;
    if (target.ready === 0) return;
    fifo.head = k.skbs.next[skb]!;
    if (fifo.head < 0) fifo.tail = -1;
    fifo.frames--;
    fifo.used -= fifo.bytes ? k.skbs.len[skb]! + FCS : 1;
    if (dev.fc.xoff && fifo.used <= fifo.low) belowLow(k, dev);
    hardwareStep(k, STEP.RING, skb, target.used + 1);
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
  if (dev.xdp !== null) takeBuffers(k, dev, q);
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
    bytes: rule?.bytes ?? false,
    high: Infinity,
    low: -1,
  }));
  if (dev.fc.partner !== 'none') setWatermarks(k, dev);
  if (dev.fc.xoff || dev.pauses.length > 0) forgetPauses(k, dev);
  if (dev.hwtstamp.held) freeStampRegister(k, dev);
  for (const q of dev.rx) q.fifo = rule?.perQueue ? q.index : 0;
}

/// Flow control was set anew, and the NIC was not reset: the packet buffer has other marks, and drop enable may
/// have changed. Frames that wait in it still come to their rings.
export function flowControlChanged(k: Kernel, dev: NetDevice): void {
  if (dev.fifos.length === 0) resetFifos(k, dev);
  else setWatermarks(k, dev);
}
