/// The mlx5_core driver's receive path, for a ConnectX-5: completion queues with moderation by time and by count,
/// striding receive queue, lib/dim, LRO, accelerated RFS.
/// Stands for en_txrx.c, en_rx.c, en_dim.c and pci_irq.c in drivers/net/ethernet/mellanox/mlx5/core/.
/// A striding receive queue has few entries of 256 KiB, each cut into 128 strides for a frame each. It is kept simple:
/// the ring counts frames, and buffers go back to the NIC for a whole entry of them. Their pages come from a page pool:
/// mlx5_pages.ts.
/// A frame that finds no stride is lost at once (rx_out_of_buffer): a queue without buffers does not fill the port's
/// packet buffer, so it is no reason for a pause frame, and nothing else here is (tx_pause_ctrl_phy stays 0).
/// Left out: transmission, compressed completions, switchdev, hardware GRO (a ConnectX-5 has none), a poll that ends
/// because its interrupt is to move to another CPU. Vectors are given their CPU by the driver; none is managed.
import { COSTS } from '../kernel/costs.ts';
import { maskOf } from '../kernel/cpumask.ts';
import { createDim, net_dim_get_rx_moderation } from '../kernel/dim.ts';
import { sampleDim } from '../kernel/dim_work.ts';
import type { DriverPath, Vector } from '../kernel/driver_table.ts';
import { planInterrupt } from '../kernel/irq.ts';
import { lroReceive } from '../kernel/lro.ts';
import { napi_schedule } from '../kernel/napi_schedule.ts';
import { pollingCpu, recycleFreed } from '../kernel/page_pool.ts';
import { printk } from '../kernel/printk.ts';
import { REASON } from '../kernel/reasons.ts';
import { FLAG_GSO, napi_alloc_skb, setHead } from '../kernel/skb.ts';
import type { Cpu, Kernel, Napi, NetDevice, RxQueue, Skb } from '../kernel/state.ts';
import { STEP, takeStep } from '../kernel/tracing.ts';
import { descriptorsAdded } from '../kernel/wire.ts';
import { isPooled } from '../kernel/xdp/xsk_pool.ts';
import { arfs } from './arfs.ts';
import { cpumask_local_spread } from './cpu.ts';
import { fitHead } from './fitted_head.ts';
import { fresh } from './mlx5_ethtool.ts';
import {
  MAX_HEAD,
  openQueue,
  pagesOf,
  postPacked,
  postSlots,
  takeFragments,
} from './mlx5_pages.ts';
import { pollRxQueue, refillsAll, type RxRules } from './rx_path.ts';

const HEADROOM = 64; // MLX5_RX_HEADROOM: NET_SKB_PAD
const XDP_HEADROOM = 256;
const SHINFO = 320; // SKB_DATA_ALIGN(sizeof(struct skb_shared_info))
const MERGED_HEAD = napi_alloc_skb(MAX_HEAD);
const HARD_MTU = 22; // MLX5E_ETH_HARD_MTU: Ethernet header, a VLAN tag, FCS

/// A completion event: the queue is silent until it is armed again.
function mlx5e_completion_event(k: Kernel, c: Cpu, n: Napi): void {
  n.irq_events++;
  n.irq_enabled = false;
  napi_schedule(k, c, n);
}

function mlx5e_napi_poll(k: Kernel, c: Cpu, n: Napi, budget: number): number {
  if (n.stage === 0) {
    const q = k.devs[n.dev]!.rx[n.queue];
    if (q !== undefined) {
      q.polls++;
      payForPages(c, q);
    }
  }
  return pollRxQueue(k, c, n, budget, mlx5Rx);
}

/// The skb lies around the frame in its stride. Where frames lie packed (LRO, long ones) the head is copied.
function build(k: Kernel, c: Cpu, dev: NetDevice, _n: Napi, q: RxQueue, skb: Skb): void {
  takeStep(k, c, STEP.BUILD, skb, COSTS.igb_clean_rx_irq.ns + COSTS.igb_build_skb.ns);
  if (dev.xdp !== null && isPooled(dev, q)) return fitHead(k, skb, XDP_HEADROOM);
  const rq = q.pages ?? openQueue(k, dev, q);
  const { linear, packed, strides, sizes } = rq.buffers;
  const len = k.skbs.len[skb]!;
  if (k.skbs.flags[skb]! & FLAG_GSO) {
    q.packets += k.skbs.segs[skb]! - 1;
    q.lro_packets++;
    q.lro_bytes += len;
  }
  const charged = takeFragments(k, rq, q.tail > 0 ? q.tail - 1 : q.slots.length - 1, skb);
  if (linear) return fitHead(k, skb, dev.xdp === null ? HEADROOM : XDP_HEADROOM);
  const head = Math.min(len, packed ? MAX_HEAD : sizes[0]!);
  const end = packed ? MERGED_HEAD.room : strides[0]! - SHINFO;
  setHead(k.skbs, skb, end, HEADROOM + head, len - head, charged);
}

/// mlx5e_post_rx_mpwqes(), mlx5e_post_rx_wqes(): whole entries of a striding queue; of one without strides at least a
/// bulk, and whole pages.
function postBuffers(k: Kernel, dev: NetDevice, q: RxQueue): void {
  if (k.skbs.pp_freed !== 0) recycleFreed(k, pollingCpu(k, k.napis[q.napi]!), true);
  const rq = pagesOf(k, dev, q);
  const { packed, bulk, grain } = rq.buffers;
  if (packed) postPacked(k, rq);
  if (q.cleaned < bulk) return;
  const count = q.cleaned - (q.cleaned % grain);
  if (!packed) postSlots(k, rq, (q.head + q.ready) % q.slots.length, count);
  q.cleaned -= count;
  descriptorsAdded(k, dev, q, count);
}

/// What the pages of the buffers posted since the last frame have cost.
function payForPages(c: Cpu, q: RxQueue): void {
  if (q.pages === null) return;
  c.cursor_ns += q.pages.pool.owed_ns;
  q.pages.pool.owed_ns = 0;
}

/// mlx5e_cq_arm(): with completions that were not polled an event is due.
function armCompletions(k: Kernel, c: Cpu, _dev: NetDevice, n: Napi, q: RxQueue): void {
  payForPages(c, q);
  q.arms++;
  sampleDim(k, n, q);
  n.irq_enabled = true;
  n.irq_pending = q.used > 0;
  n.frames_since_irq = q.used;
  planInterrupt(k, n);
}

/// After so many completions, or when the delay is over: from the first one on, or from the newest (CQE mode).
function interruptAt(k: Kernel, n: Napi): number {
  if (n.itr_val > 0 && n.frames_since_irq >= n.itr_val) return k.now;
  if (n.itr_class === 1 || n.frames_since_irq <= 1) n.armed_ns = k.now;
  return Math.max(k.now, n.armed_ns + n.itr_ns);
}

function cqeMode(dev: NetDevice): boolean {
  return dev.coalesce['cqe-mode-rx'] === true;
}

function modifyCqModeration(n: Napi, usec: number, pkts: number): void {
  n.itr_ns = usec * 1000;
  n.itr_val = pkts;
}

function moderate(_k: Kernel, dev: NetDevice, n: Napi): void {
  const adaptive = dev.coalesce['adaptive-rx'] === true;
  n.irq_by_frame = true;
  n.itr_class = cqeMode(dev) ? 1 : 0;
  // The profile that lib/dim begins with is not the one whose moderation is set.
  n.dim = adaptive ? createDim(0, 'PARKING_ON_TOP') : null;
  modifyCqModeration(n, Number(dev.coalesce['rx-usecs']), Number(dev.coalesce['rx-frames']));
}

function mlx5e_rx_dim_work(_k: Kernel, _dev: NetDevice, n: Napi): void {
  const mode = n.itr_class === 1 ? 'CQE' : 'EQE';
  const { usec, pkts } = net_dim_get_rx_moderation(mode, n.dim!.profile_ix);
  modifyCqModeration(n, usec, pkts);
}

/// set_pflag_rx_cqe_moder(): the queues that run take the mode's own moderation, unless the mode is the one that
/// `ethtool -C` has set. What `ethtool -c` shows does not change, and a queue that is set up anew asks that.
function cqeModer(dev: NetDevice, napis: readonly Napi[]): void {
  const cqe = dev.priv_flags['rx_cqe_moder'] === true;
  if (cqe === cqeMode(dev)) return;
  const adaptive = dev.coalesce['adaptive-rx'] === true;
  const start = fresh('rx', adaptive, cqe);
  for (const n of napis) {
    n.itr_class = cqe ? 1 : 0;
    n.dim = adaptive ? createDim(0, 'PARKING_ON_TOP') : null;
    modifyCqModeration(n, Number(start['rx-usecs']), Number(start['rx-frames']));
  }
}

const mlx5Rx: RxRules = {
  build,
  refill: postBuffers,
  refill_at: Infinity,
  refillsRest: refillsAll,
  enableInterrupt: armCompletions,
  feeds_itr: false,
  past_gro: null,
};

function vectors(k: Kernel, dev: NetDevice): Vector[] {
  const completion = dev.rx.map(({ index }) => ({
    name: `mlx5_comp${index}@pci:${dev.pci}`,
    queue: index,
    hint: maskOf([cpumask_local_spread(k, index, dev.numa_node)], k.desc.cpus),
  }));
  return [{ name: `mlx5_async0@pci:${dev.pci}`, queue: -1, hint: [] }, ...completion];
}

export const mlx5Path: DriverPath = {
  name: 'mlx5_core',
  poll: mlx5e_napi_poll,
  interrupt: mlx5e_completion_event,
  usable: (size) => size,
  stamps: { watchdogs: 0, bothPorts: false },
  longestFrame: (dev) => dev.mtu + HARD_MTU,
  fifo: () => null,
  lost(_k, _dev, q) {
    q.drops++;
    return REASON.RX_QUEUE_DROPS;
  },
  interruptAt,
  // Called whenever a queue is set up.
  moderate(k, dev, n) {
    const q = dev.rx[n.queue];
    if (q !== undefined) openQueue(k, dev, q);
    moderate(k, dev, n);
  },
  // A queue that adapts already goes on as it does.
  coalesced(k, dev, n) {
    dev.priv_flags['rx_cqe_moder'] = cqeMode(dev);
    dev.priv_flags['tx_cqe_moder'] = dev.coalesce['cqe-mode-tx'] === true;
    const same = n.dim !== null && (n.itr_class === 1) === cqeMode(dev);
    if (!same || dev.coalesce['adaptive-rx'] !== true) moderate(k, dev, n);
  },
  dimWork: mlx5e_rx_dim_work,
  flagChanged(k, dev, name) {
    if (name === 'rx_cqe_moder')
      cqeModer(
        dev,
        dev.rx.map((q) => k.napis[q.napi]!),
      );
    return name === 'rx_striding_rq';
  },
  linkUp(k, dev) {
    printk(k, `mlx5_core ${dev.pci} ${dev.name}: Link up`);
  },
  vectors,
  merge: lroReceive,
  flowSteering: arfs,
  tellsL4Hash: true,
  reset_ns: 0,
  resetsForQueues: true,
  resetsForMtu: true,
  freesVectors: false,
  deletesNapis: true,
  dealsCpus: false,
};
