/// The e1000 driver's receive path, for the 82540EM of the recorded host: one queue, and one legacy interrupt for
/// everything. Stands for drivers/net/ethernet/intel/e1000/e1000_main.c.
/// Left out: an MTU above 1500 (jumbo buffers), rx-fcs, transmission, a statistics update every two seconds
/// (the driver's counters are always new here).
import type { DriverPath } from '../kernel/driver_table.ts';
import { planInterrupt } from '../kernel/irq.ts';
import { printk } from '../kernel/printk.ts';
import { REASON } from '../kernel/reasons.ts';
import { __netdev_alloc_skb, builtHead } from '../kernel/skb.ts';
import type { Cpu, Kernel, Napi, NetDevice, RxQueue, Skb } from '../kernel/state.ts';
import { adaptive, e1000_set_itr, itrInterval, itrOf } from './e1000_itr.ts';
import {
  copyOrKeep,
  e1000Watermarks,
  E1000_LONGEST_COPY,
  E1000_RX_BUFFER_WRITE,
  flowControlText,
  scheduleAfresh,
} from './e1000_receive.ts';
import { e1000LongestFrame } from './intel_frames.ts';
import { pollRxQueue, refillAll, refillsAll, type RxRules } from './rx_path.ts';

const E1000_FC_PAUSE_TIME = 0xffff; // quanta
const PACKET_BUFFER = 48 << 10; // bytes, of the 82540's 64 KiB
const FRAME = __netdev_alloc_skb(1522); // e1000_frag_len(): MAXIMUM_ETHERNET_VLAN_SIZE, headroom, shared info
const BUFFER = builtHead(FRAME.room + 320);
// Not recorded after a reset. While the recorded host booted, the link came less than 0.3 s after the
// device was brought up.
const RESET_NS = 250_000_000;

/// The interrupt: all causes masked, the poll scheduled.
function e1000_intr(k: Kernel, c: Cpu, n: Napi): void {
  scheduleAfresh(k, c, n);
}

/// e1000_clean(), the poll of the one queue.
function poll(k: Kernel, c: Cpu, n: Napi, budget: number): number {
  return pollRxQueue(k, c, n, budget, e1000Rx);
}

/// Copies a short frame; else builds an skb around the buffer.
function buildSkb(k: Kernel, c: Cpu, _dev: NetDevice, _n: Napi, _q: RxQueue, skb: Skb): void {
  copyOrKeep(k, c, skb, E1000_LONGEST_COPY, BUFFER.room);
}

function enableInterrupt(k: Kernel, _c: Cpu, dev: NetDevice, n: Napi): void {
  if (adaptive(dev)) {
    const rate = e1000_set_itr(dev, n);
    if (rate >= 0) n.itr_ns = itrInterval(rate);
  }
  n.irq_enabled = true;
  planInterrupt(k, n);
}

const e1000Rx: RxRules = {
  build: buildSkb,
  refill: refillAll,
  refill_at: E1000_RX_BUFFER_WRITE,
  refillsRest: refillsAll,
  enableInterrupt,
  feeds_itr: true,
  past_gro: null,
};

export const e1000Path: DriverPath = {
  name: 'e1000',
  poll,
  interrupt: e1000_intr,
  // One stays without a buffer, and the tail register names the last filled one, which the NIC may not use.
  usable: (size) => size - 2,
  longestFrame: e1000LongestFrame,
  // e1000_vlan_rx_add_vid(): the filter is only switched on with the first VLAN.
  filtersVlans: (dev) => !dev.features['rx-all'] && dev.links.vlans.length > 0,
  fifo: () => ({ perQueue: false, limit: PACKET_BUFFER, bytes: true }),
  watermarks: (dev) => e1000Watermarks(dev, PACKET_BUFFER, 0, E1000_FC_PAUSE_TIME),
  lost(_k, dev) {
    dev.hw.rx_missed_errors++;
    return REASON.RX_MISSED_ERRORS;
  },
  interruptAt: (k, n) => Math.max(k.now, n.irq_last + n.itr_ns),
  moderate(_k, dev, n) {
    n.itr_ns = dev.coalesce['rx-usecs'] === 0 ? 0 : itrInterval(itrOf(dev));
    if (n.polls === 0) n.itr_class = 0;
  },
  linkUp(k, dev) {
    const flow = flowControlText(dev, 'RX/TX');
    const duplex = dev.duplex === 'half' ? 'Half' : 'Full';
    printk(
      k,
      `e1000: ${dev.name} NIC Link is Up ${dev.speed_mbps} Mbps ${duplex} Duplex, Flow Control: ${flow}`,
    );
  },
  vectors: (_k, dev) => [{ name: dev.name, queue: 0, hint: [] }],
  intx: true,
  reset_ns: RESET_NS,
  resetsForQueues: false,
  resetsForMtu: true,
  freesVectors: true,
  dealsCpus: false,
};
