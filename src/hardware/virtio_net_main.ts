/// The virtio_net driver's receive path: callbacks off while polling, mergeable buffers, refill when
/// half a poll's worth is gone. Stands for drivers/net/virtio_net.c, for a device without
/// VIRTIO_NET_F_NOTF_COAL (as QEMU offered it to the recorded hosts), so without moderation.
/// On the other side of the ring is the host's tap: what finds no buffer waits there, up to 1000
/// frames a queue, and is then lost without the guest's knowledge.
/// Left out: GSO packets from the host, transmission, the time the host itself takes.
import { COSTS } from '../kernel/costs.ts';
import type { DriverPath, Vector } from '../kernel/driver_table.ts';
import { maskOf } from '../kernel/cpumask.ts';
import { planInterrupt } from '../kernel/irq.ts';
import { __napi_schedule, napi_schedule_prep } from '../kernel/napi_schedule.ts';
import { descriptorsAdded } from '../kernel/wire.ts';
import { REASON } from '../kernel/reasons.ts';
import { builtHead, napi_alloc_skb, setHead } from '../kernel/skb.ts';
import type { Cpu, Kernel, Napi, NetDevice, RxQueue, Skb } from '../kernel/state.ts';
import { STEP, takeStep } from '../kernel/tracing.ts';
import { pollRxQueue, type RxRules } from './rx_path.ts';

const GOOD_COPY_LEN = 128; // frames up to this length are copied into a small head
const SHINFO = 320;
const HDR_LEN = 12;
const MERGEABLE = 1536; // get_mergeable_buf_len() for frames of at most 1518 bytes
const PAGE_FRAG = 32768;
// The last buffer of a page fragment takes the rest of it (add_recvbuf_mergeable()).
const BUFFERS_A_FRAG = Math.floor(PAGE_FRAG / MERGEABLE);
const LAST_BUFFER = PAGE_FRAG - (BUFFERS_A_FRAG - 1) * MERGEABLE;
const SMALL_HEAD = napi_alloc_skb(GOOD_COPY_LEN);
const PAGE = builtHead(4096); // with XDP each buffer is a page, and an skb is built around it
const XDP_HEADROOM = 256;
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
  return pollRxQueue(k, c, n, budget, virtioRx);
}

/// Callbacks on again; what arrived in between is polled at once, without an interrupt.
function enableCallbacks(k: Kernel, c: Cpu, _dev: NetDevice, n: Napi, q: RxQueue): void {
  n.irq_enabled = true;
  n.irq_pending = false;
  if (q.used > 0) virtqueue_napi_schedule(k, c, n);
  else planInterrupt(k, n);
}

/// Makes an skb of a buffer: a copy of a short frame, else a head around the buffer if shared info
/// fits behind the frame, else the buffer as a fragment.
function receive_mergeable(
  k: Kernel,
  c: Cpu,
  dev: NetDevice,
  _n: Napi,
  q: RxQueue,
  skb: Skb,
): void {
  const len = k.skbs.len[skb]!;
  takeStep(k, c, STEP.BUILD, skb, COSTS.igb_clean_rx_irq.ns + COSTS.igb_build_skb.ns);
  const buffer = q.buffers % BUFFERS_A_FRAG === BUFFERS_A_FRAG - 1 ? LAST_BUFFER : MERGEABLE;
  q.buffers++;
  if (dev.xdp !== null) return setHead(k.skbs, skb, PAGE.room, XDP_HEADROOM + len, 0, 0);
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

/// virtnet_receive(): refill when more than half a poll's worth of buffers is gone.
const virtioRx: RxRules = {
  build: receive_mergeable,
  refill: try_fill_recv,
  refill_at: Infinity,
  refillsRest: (q, budget) => q.cleaned > Math.min(budget, q.slots.length) >> 1,
  enableInterrupt: enableCallbacks,
  feeds_itr: false,
  past_gro: null,
};

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
  txNapis: true,
};
