/// The ena driver's receive path, for an instance of a cloud with Amazon's elastic network adapter: interrupt, poll,
/// refill, moderation by lib/dim. Stands for drivers/net/ethernet/amazon/ena/ena_netdev.c.
/// The delay runs from the moment at which the driver lets the device interrupt again. Each open switches the
/// adaptive delay on, whatever was set before. A frame that finds no descriptor is lost at once.
/// Left out: transmission, the pages that short frames share (each frame is charged with just what it takes), frames in
/// more than one buffer, XDP queues. Vectors are given their CPU by the driver; none is managed.
import { COSTS } from '../kernel/costs.ts';
import { maskOf } from '../kernel/cpumask.ts';
import { createDim, net_dim_get_rx_moderation } from '../kernel/dim.ts';
import { sampleDim } from '../kernel/dim_work.ts';
import type { DriverPath, Vector } from '../kernel/driver_table.ts';
import { planInterrupt } from '../kernel/irq.ts';
import { napi_schedule } from '../kernel/napi_schedule.ts';
import { REASON } from '../kernel/reasons.ts';
import { napi_alloc_skb, setHead } from '../kernel/skb.ts';
import type { Cpu, Kernel, Napi, NetDevice, RxQueue, Skb } from '../kernel/state.ts';
import { STEP, takeStep } from '../kernel/tracing.ts';
import { fitHead } from './fitted_head.ts';
import { pollRxQueue, refillAll, type RxRules } from './rx_path.ts';

const RX_COPYBREAK = 256; // ENA_DEFAULT_RX_COPYBREAK
const REFILL_DIVIDER = 8; // ENA_RX_REFILL_THRESH_DIVIDER
const REFILL_MOST = 256; // ENA_RX_REFILL_THRESH_PACKET
const HEADROOM = 64; // NET_SKB_PAD
const XDP_HEADROOM = 256;
const COPY = napi_alloc_skb(RX_COPYBREAK);

function ena_intr_msix_io(k: Kernel, c: Cpu, n: Napi): void {
  n.irq_enabled = false;
  napi_schedule(k, c, n);
}

function ena_io_poll(k: Kernel, c: Cpu, n: Napi, budget: number): number {
  if (n.stage === 0) {
    const q = k.devs[n.dev]!.rx[n.queue];
    if (q !== undefined) q.polls++;
  }
  return pollRxQueue(k, c, n, budget, enaRx);
}

/// Copies a short frame; else builds an skb around it in its page.
function build(k: Kernel, c: Cpu, dev: NetDevice, _n: Napi, q: RxQueue, skb: Skb): void {
  const len = k.skbs.len[skb]!;
  takeStep(k, c, STEP.BUILD, skb, COSTS.igb_clean_rx_irq.ns + COSTS.igb_build_skb.ns);
  if (len > RX_COPYBREAK) return fitHead(k, skb, dev.xdp === null ? HEADROOM : XDP_HEADROOM);
  q.copied++;
  c.cursor_ns += COSTS.copybreak.ns;
  setHead(k.skbs, skb, COPY.room, HEADROOM + len, 0, 0);
}

/// ena_unmask_interrupt(): with the delay in the same register.
function unmaskInterrupt(k: Kernel, _c: Cpu, dev: NetDevice, n: Napi, q: RxQueue): void {
  if (dev.coalesce['adaptive-rx'] === true) ena_adjust_adaptive_rx_intr_moderation(k, n, q);
  q.arms++;
  n.armed_ns = k.now;
  n.irq_enabled = true;
  planInterrupt(k, n);
}

/// Only polls that found something are counted and measured.
function ena_adjust_adaptive_rx_intr_moderation(k: Kernel, n: Napi, q: RxQueue): void {
  if (n.total_packets === 0) return;
  n.total_packets = 0;
  n.total_bytes = 0;
  n.irq_events++;
  sampleDim(k, n, q);
}

/// ena_clean_rx_irq(): when an eighth of the ring is without buffers, or 256.
function refillThreshold(q: RxQueue): number {
  return Math.min(Math.floor(q.slots.length / REFILL_DIVIDER), REFILL_MOST);
}

const enaRx: RxRules = {
  build,
  refill: refillAll,
  refill_at: Infinity,
  refillsRest: (q) => q.cleaned > refillThreshold(q),
  enableInterrupt: unmaskInterrupt,
  feeds_itr: true,
  past_gro: null,
};

/// The queues' vectors are dealt out to the online CPUs in turn.
function vectors(k: Kernel, dev: NetDevice): Vector[] {
  const online = k.cpus.filter((c) => c.online).length;
  const hint = (cpu: number): number[] => maskOf([cpu], k.desc.cpus);
  return [
    { name: `ena-mgmnt@pci:${dev.pci}`, queue: -1, hint: hint(0) },
    ...dev.rx.map(({ index }) => ({
      name: `${dev.name}-Tx-Rx-${index}`,
      queue: index,
      hint: hint(index % online),
    })),
  ];
}

export const enaPath: DriverPath = {
  name: 'ena',
  poll: ena_io_poll,
  interrupt: ena_intr_msix_io,
  usable: (size) => size - 1,
  fifo: () => null,
  lost(_k, _dev, q) {
    q.drops++;
    return REASON.RX_QUEUE_DROPS;
  },
  interruptAt: (k, n) => Math.max(k.now, n.armed_ns + n.itr_ns),
  moderate(_k, dev, n) {
    n.dim = createDim(0, 'PARKING_ON_TOP');
    dev.coalesce['adaptive-rx'] = true;
    n.itr_ns = Number(dev.coalesce['rx-usecs']) * 1000;
  },
  coalesced(_k, dev, n) {
    n.itr_ns = Number(dev.coalesce['rx-usecs']) * 1000;
  },
  dimWork(_k, _dev, n) {
    n.itr_ns = net_dim_get_rx_moderation('EQE', n.dim!.profile_ix).usec * 1000;
  },
  vectors,
  tellsL4Hash: true,
  reset_ns: 0,
  resetsForQueues: true,
  freesVectors: true,
  deletesNapis: true,
  dealsCpus: false,
};
