/// The macb driver's receive path, for a Cadence GEM with several queues: an interrupt handler for each queue on
/// one shared line, a poll and a refill for each. Stands for macb_interrupt(), macb_rx_poll(), gem_rx() and
/// gem_rx_refill() in drivers/net/ethernet/cadence/macb_main.c.
/// The NIC has no moderation of its own; the driver asks the kernel to put interrupts off instead
/// (netdev_sw_irq_coalesce_default_on(): a timer of 20 us after each poll that found something).
/// Left out: transmission and its NAPI instance for each queue, the memory in the NIC in which frames could wait
/// for a descriptor (its size is the board's), the older MACB without queues, what the PHY negotiates, time stamps.
/// The costs are those of the x86 machines: none were measured on an ARM core.
import { COSTS } from '../kernel/costs.ts';
import type { DriverPath } from '../kernel/driver_table.ts';
import { IP_FAULT } from '../kernel/ip_faults.ts';
import { napi_schedule } from '../kernel/napi_schedule.ts';
import { REASON } from '../kernel/reasons.ts';
import { __netdev_alloc_skb, FLAG_BAD_CSUM, FLAG_BAD_IP, setHead } from '../kernel/skb.ts';
import type { Cpu, Kernel, Napi, NetDevice, RxQueue, Skb } from '../kernel/state.ts';
import { STEP, takeStep } from '../kernel/tracing.ts';
import { pollRxQueue, refillAll, refillsAll, type RxRules } from './rx_path.ts';

const RX_BUFFER_MULTIPLE = 64; // bytes
const ETH_HLEN = 14;
const TCP = 6;
const FCS = 4;
const JUMBO_MAX_LEN = 10_240;
const HEADROOM = 64; // NET_SKB_PAD; NET_IP_ALIGN is 0 on arm64
// The PHY is asked once a second whether the link is there: PHY_STATE_TIME.
const RESET_NS = 1_000_000_000;

/// macb_interrupt(), for both: the line is up, and the handler of each queue looks whether it was that queue, and switches it off if so.
function macbInterrupt(k: Kernel, c: Cpu, n: Napi): void {
  for (const q of k.devs[n.dev]!.rx) {
    const each = k.napis[q.napi]!;
    if (each !== n && !(each.irq_enabled && each.irq_pending)) continue;
    each.irq_enabled = false;
    each.irq_pending = false;
    napi_schedule(k, c, each);
  }
}

/// macb_rx_poll()
function macbRxPoll(k: Kernel, c: Cpu, n: Napi, budget: number): number {
  return pollRxQueue(k, c, n, budget, gemRx);
}

/// Each descriptor has an skb waiting, long enough for the longest frame.
function buildSkb(k: Kernel, c: Cpu, dev: NetDevice, _n: Napi, _q: RxQueue, skb: Skb): void {
  takeStep(k, c, STEP.BUILD, skb, COSTS.igb_clean_rx_irq.ns + COSTS.igb_build_skb.ns);
  const longest = dev.mtu + ETH_HLEN + FCS;
  const size = Math.ceil(longest / RX_BUFFER_MULTIPLE) * RX_BUFFER_MULTIPLE;
  setHead(k.skbs, skb, __netdev_alloc_skb(size).room, HEADROOM + k.skbs.len[skb]!, 0, 0);
}

/// Frames that came while the queue's interrupt was off raise none when it is on again, so the driver looks.
function enableInterrupt(k: Kernel, c: Cpu, _dev: NetDevice, n: Napi, q: RxQueue): void {
  n.irq_enabled = true;
  n.irq_pending = false;
  if (q.used === 0) return;
  n.irq_enabled = false;
  napi_schedule(k, c, n);
}

const gemRx: RxRules = {
  build: buildSkb,
  refill: refillAll,
  refill_at: Infinity,
  refillsRest: refillsAll,
  enableInterrupt,
  feeds_itr: false,
  past_gro: null,
};

/// With rx-checksumming, and not promiscuous, the GEM discards what has a wrong checksum.
function discards(k: Kernel, dev: NetDevice, skb: Skb, flags: number): number {
  if ((flags & (FLAG_BAD_CSUM | FLAG_BAD_IP)) === 0) return 0;
  if (!dev.features['rx-checksumming'] || dev.promisc > 0) return 0;
  const header = (flags & FLAG_BAD_IP) !== 0 && k.skbs.cb[skb] === IP_FAULT.CHECKSUM;
  if (!header && (flags & FLAG_BAD_CSUM) === 0) return 0;
  const transport = k.flows.proto[k.skbs.flow[skb]!] === TCP ? 'tcp' : 'udp';
  const counter = `rx_${header ? 'ip_header' : transport}_checksum_errors`;
  dev.hw[counter] = (dev.hw[counter] ?? 0) + 1;
  return REASON.RX_CSUM_ERRORS;
}

export const macbPath: DriverPath = {
  name: 'macb',
  poll: macbRxPoll,
  interrupt: macbInterrupt,
  usable: (size) => size - 1, // CIRC_SPACE()
  longestFrame: () => JUMBO_MAX_LEN,
  discards,
  fifo: () => null,
  lost(_k, dev) {
    dev.hw['rx_resource_errors'] = (dev.hw['rx_resource_errors'] ?? 0) + 1;
    return REASON.RX_QUEUE_DROPS;
  },
  interruptAt: (k) => k.now,
  moderate() {},
  vectors: (_k, dev) => dev.rx.map((q) => ({ name: dev.name, queue: q.index, hint: [] })),
  intx: true,
  rulesOnly: true,
  reset_ns: RESET_NS,
  resetsForQueues: false,
  freesVectors: false,
  dealsCpus: false,
};
