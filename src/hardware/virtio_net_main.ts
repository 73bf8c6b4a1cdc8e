/// The virtio_net driver's receive path: callbacks off while polling, mergeable buffers, refill when
/// half a poll's worth is gone. Stands for drivers/net/virtio_net.c, for a device without
/// VIRTIO_NET_F_NOTF_COAL (as QEMU offered it to the recorded hosts), so without moderation.
/// On the other side of the ring is the host's tap: what finds no buffer waits there, up to 1000
/// frames a queue, and is then lost without the guest's knowledge.
/// Left out: XDP, AF_XDP, GSO packets from the host, transmission, the time the host itself takes.
import { COSTS, FRAME_NS } from '../kernel/costs.ts';
import { WORKING, type DriverPath, type Vector } from '../kernel/driver_table.ts';
import { napi_gro_receive } from '../kernel/gro.ts';
import { maskOf } from '../kernel/cpumask.ts';
import { planInterrupt } from '../kernel/irq.ts';
import { endRemovedPoll, napi_complete_done } from '../kernel/napi.ts';
import { __napi_schedule, napi_schedule_prep } from '../kernel/napi_schedule.ts';
import { descriptorsAdded, takeFrame } from '../kernel/wire.ts';
import { beginPiece, softirqContext } from '../kernel/piece.ts';
import { REASON } from '../kernel/reasons.ts';
import { gro_normal_list } from '../kernel/receive_list.ts';
import { napi_alloc_skb, setHead } from '../kernel/skb.ts';
import type { Cpu, Kernel, Napi, NetDevice, RxQueue, Skb } from '../kernel/state.ts';
import { noteStep, STEP, takeStep } from '../kernel/tracing.ts';
import { remoteNs } from './cpu.ts';

const GOOD_COPY_LEN = 128; // frames up to this length are copied into a small head
const SHINFO = 320;
const HDR_LEN = 12;
const MERGEABLE = 1536; // get_mergeable_buf_len() for frames of at most 1518 bytes
const PAGE_FRAG = 32768;
// The last buffer of a page fragment takes the rest of it (add_recvbuf_mergeable()).
const BUFFERS_A_FRAG = Math.floor(PAGE_FRAG / MERGEABLE);
const LAST_BUFFER = PAGE_FRAG - (BUFFERS_A_FRAG - 1) * MERGEABLE;
const SMALL_HEAD = napi_alloc_skb(GOOD_COPY_LEN);
const TAP_QUEUE = 1000; // frames: txqueuelen of a tap

/// The callback of a receive virtqueue.
function skb_recv_done(k: Kernel, c: Cpu, n: Napi): void {
  virtqueue_napi_schedule(k, c, n);
}

function virtqueue_napi_schedule(k: Kernel, c: Cpu, n: Napi): void {
  if (!napi_schedule_prep(n)) return;
  n.irq_enabled = false;
  __napi_schedule(k, c, n);
}

/// The poll of a queue.
function virtnet_poll(k: Kernel, c: Cpu, n: Napi, budget: number): number {
  const dev = k.devs[n.dev]!;
  const q = dev.rx[n.queue];
  if (q === undefined) return endRemovedPoll(k, c, n);
  if (n.stage !== 4) {
    const received = virtnet_receive(k, c, n, dev, q, budget);
    if (received === WORKING) return WORKING;
    if (received >= budget) return received;
  }
  const completed = napi_complete_done(k, c, n, n.frames_this_poll);
  if (completed === WORKING) return WORKING;
  if (completed === 1) enableCallbacks(k, c, n, q);
  return n.frames_this_poll;
}

/// Callbacks on again; what arrived in between is polled at once, without an interrupt.
function enableCallbacks(k: Kernel, c: Cpu, n: Napi, q: RxQueue): void {
  n.irq_enabled = true;
  n.irq_pending = false;
  if (q.used > 0) virtqueue_napi_schedule(k, c, n);
  else planInterrupt(k, n);
}

function virtnet_receive(
  k: Kernel,
  c: Cpu,
  n: Napi,
  dev: NetDevice,
  q: RxQueue,
  budget: number,
): number {
  if (n.stage === 0) {
    n.frames_this_poll = 0;
    n.bytes_this_poll = 0;
    n.irq_enabled = false;
    noteStep(k, c, STEP.POLL, -1, q.used);
  } else if (n.stage === 2) {
    const skb = c.skb;
    c.skb = -1;
    receive_mergeable(k, c, n, q, skb);
    n.stage = napi_gro_receive(k, c, n, skb) ? 3 : 1;
  }
  if (n.stage === 3 && !gro_normal_list(k, c, n)) return WORKING;
  n.stage = 1;
  if (n.frames_this_poll < budget && q.used > 0) {
    n.stage = 2;
    c.skb = takeFrame(q);
    beginPiece(k, c, FRAME_NS + remoteNs(dev, c), softirqContext(c), STEP.POLL);
    return WORKING;
  }
  q.packets += n.frames_this_poll;
  q.bytes += n.bytes_this_poll;
  if (q.cleaned > Math.floor(Math.min(budget, q.slots.length) / 2)) try_fill_recv(k, dev, q);
  return n.frames_this_poll;
}

/// Makes an skb of a buffer: a copy of a short frame, else a head around the buffer if shared info
/// fits behind the frame, else the buffer as a fragment.
function receive_mergeable(k: Kernel, c: Cpu, n: Napi, q: RxQueue, skb: Skb): void {
  const len = k.skbs.len[skb]!;
  takeStep(k, c, STEP.BUILD, skb, COSTS.igb_clean_rx_irq.ns + COSTS.igb_build_skb.ns);
  n.frames_this_poll++;
  n.bytes_this_poll += len;
  const buffer = q.buffers % BUFFERS_A_FRAG === BUFFERS_A_FRAG - 1 ? LAST_BUFFER : MERGEABLE;
  q.buffers++;
  if (len <= GOOD_COPY_LEN) setHead(k.skbs, skb, SMALL_HEAD.room, 64 + len, 0, 0);
  else if (buffer - HDR_LEN - len >= SHINFO)
    setHead(k.skbs, skb, buffer - SHINFO, HDR_LEN + len, 0, 0);
  else setHead(k.skbs, skb, SMALL_HEAD.room, 64 + 42, len - 42, buffer);
}

function try_fill_recv(k: Kernel, dev: NetDevice, q: RxQueue): void {
  const count = q.cleaned;
  q.cleaned = 0;
  q.kicks++;
  descriptorsAdded(k, dev, q, count);
}

/// virtnet_set_affinity(): the CPUs are dealt out to the queue pairs in equal shares.
function virtioVectors(k: Kernel, dev: NetDevice): Vector[] {
  const bus = k.desc.nics.find((nic) => nic.name === dev.name)?.bus_name ?? dev.name;
  const pairs = k.desc.nics.find((nic) => nic.name === dev.name)?.queues ?? dev.rx.length;
  const online = k.cpus.filter((c) => c.online).map((c) => c.id);
  const share = Math.floor(online.length / dev.rx.length);
  let extra = share > 0 ? online.length % dev.rx.length : 0;
  const vectors: Vector[] = [{ name: `${bus}-config`, queue: -1, hint: [] }];
  let at = 0;
  for (let i = 0; i < pairs; i++) {
    const active = i < dev.rx.length;
    const size = active ? Math.max(1, share) + (extra-- > 0 ? 1 : 0) : 0;
    const hint = active ? maskOf(turn(online, at, size), k.cpus.length) : [];
    at += size;
    vectors.push({ name: `${bus}-input.${i}`, queue: active ? i : -1, hint });
    vectors.push({ name: `${bus}-output.${i}`, queue: -1, hint, tx: i });
  }
  return vectors;
}

/// `size` CPUs from the one at `at` on, round and round.
function turn(online: readonly number[], at: number, size: number): number[] {
  return Array.from({ length: size }, (_, i) => online[(at + i) % online.length]!);
}

export const virtioNetPath: DriverPath = {
  name: 'virtio_net',
  poll: virtnet_poll,
  interrupt: skb_recv_done,
  usable: (size) => size,
  fifo: () => ({ perQueue: true, limit: TAP_QUEUE, bytes: false }),
  lost: () => REASON.TAP,
  interruptAt: (k) => k.now,
  moderate() {},
  vectors: virtioVectors,
  reset_ns: 0,
  resetsForQueues: false,
  freesVectors: false,
  dealsCpus: true,
};
