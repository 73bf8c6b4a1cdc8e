/// The vmxnet3 driver's receive path: a vector for each pair of queues, a buffer replaced as soon as its frame
/// is taken. Stands for drivers/net/vmxnet3/vmxnet3_drv.c.
/// Each queue has two rings: the first for whole frames (or their first part), the second for what is longer
/// than a buffer. At an MTU up to 3050 every frame fits the first ring, and only that one is modelled; the size of
/// the second is kept and shown. What is longer, by its MTU or by LRO, lies in pages of the second, which never run out.
/// When the device interrupts is the hypervisor's choice: here, at once.
/// With large-receive-offload on (the default) the driver hands packets up one by one, past GRO, since the
/// device is expected to have merged them.
/// It has a page pool for each queue, out of which it takes buffers with an XDP program only; not modelled.
/// Left out: the second ring at work, the data ring of newer devices, tunnels, transmission.
import { COSTS } from '../kernel/costs.ts';
import type { DriverPath, Vector } from '../kernel/driver_table.ts';
import { planInterrupt } from '../kernel/irq.ts';
import { lroReceive } from '../kernel/lro.ts';
import { napi_schedule } from '../kernel/napi_schedule.ts';
import { printk } from '../kernel/printk.ts';
import { REASON } from '../kernel/reasons.ts';
import { __netdev_alloc_skb, builtHead, FLAG_GSO, setHead } from '../kernel/skb.ts';
import type { Cpu, Kernel, Napi, NetDevice, RxQueue, Skb } from '../kernel/state.ts';
import { STEP, takeStep } from '../kernel/tracing.ts';
import { descriptorsAdded } from '../kernel/wire.ts';
import { bufferSize, PAGE } from './vmxnet3_buffers.ts';
import { pollRxQueue, refillsAll, type RxRules } from './rx_path.ts';

const HEADROOM = 64; // NET_SKB_PAD; NET_IP_ALIGN is 0 on x86

/// The interrupt of a queue. The device masks the vector itself.
function vmxnet3_msix_rx(k: Kernel, c: Cpu, n: Napi): void {
  n.irq_enabled = false;
  napi_schedule(k, c, n);
}

/// The poll of a queue.
function vmxnet3_poll_rx_only(k: Kernel, c: Cpu, n: Napi, budget: number): number {
  return pollRxQueue(k, c, n, budget, vmxnet3Rx);
}

/// The skb is the buffer itself; a new one took its place in the ring. What is longer than the buffer lies in pages.
function buildSkb(k: Kernel, c: Cpu, dev: NetDevice, _n: Napi, q: RxQueue, skb: Skb): void {
  const len = k.skbs.len[skb]!;
  takeStep(k, c, STEP.BUILD, skb, COSTS.igb_clean_rx_irq.ns + COSTS.igb_build_skb.ns);
  if (k.skbs.flags[skb]! & FLAG_GSO) {
    q.lro_packets++;
    q.lro_bytes += len;
  }
  if (dev.xdp !== null) return setHead(k.skbs, skb, XDP_PAGE.room, XDP_HEADROOM + len, 0, 0);
  const size = bufferSize(dev.mtu);
  const first = Math.min(len, size);
  const rest = len - first;
  const head = headOf(size);
  setHead(k.skbs, skb, head, HEADROOM + first, rest, Math.ceil(rest / PAGE) * PAGE);
}

const XDP_PAGE = builtHead(PAGE); // vmxnet3_build_skb(): with XDP each frame has a page
const XDP_HEADROOM = 256;
let knownSize = 0;
let knownRoom = 0;

// Buffers have one size for as long as the MTU stands: worked out once, since this runs at every packet.
function headOf(size: number): number {
  if (size !== knownSize) {
    knownSize = size;
    knownRoom = __netdev_alloc_skb(size).room;
  }
  return knownRoom;
}

function refill(k: Kernel, dev: NetDevice, q: RxQueue): void {
  const count = q.cleaned;
  q.cleaned = 0;
  descriptorsAdded(k, dev, q, count);
}

function vmxnet3_enable_intr(k: Kernel, _c: Cpu, _dev: NetDevice, n: Napi): void {
  n.irq_enabled = true;
  planInterrupt(k, n);
}

const vmxnet3Rx: RxRules = {
  build: buildSkb,
  refill,
  refill_at: 1,
  refillsRest: refillsAll,
  enableInterrupt: vmxnet3_enable_intr,
  feeds_itr: false,
  past_gro: (dev) => dev.features['large-receive-offload'] === true,
};

function vectors(_k: Kernel, dev: NetDevice): Vector[] {
  const pairs = dev.rx.map(({ index }) => ({
    name: `${dev.name}-rxtx-${index}`,
    queue: index,
    hint: [],
  }));
  return [...pairs, { name: `${dev.name}-event-${pairs.length}`, queue: -1, hint: [] }];
}

export const vmxnet3Path: DriverPath = {
  name: 'vmxnet3',
  poll: vmxnet3_poll_rx_only,
  interrupt: vmxnet3_msix_rx,
  usable: (size) => size - 1,
  fifo: () => null,
  lost(_k, _dev, q) {
    q.drops++;
    return REASON.RX_QUEUE_DROPS;
  },
  interruptAt: (k) => k.now,
  moderate(_k, _dev, n) {
    n.itr_ns = 0;
  },
  linkUp(k, dev) {
    printk(k, `vmxnet3 ${dev.pci} ${dev.name}: NIC Link is Up ${dev.speed_mbps} Mbps`);
  },
  vectors,
  merge: lroReceive,
  tellsL4Hash: true,
  reset_ns: 0,
  resetsForQueues: false,
  resetsForMtu: true,
  freesVectors: true,
  dealsCpus: false,
};
