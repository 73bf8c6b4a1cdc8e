/// The e1000e driver's receive path, for the 82574L of the recorded host: one queue, MSI-X.
/// Stands for drivers/net/ethernet/intel/e1000e/netdev.c.
/// Descriptors reach the NIC in steps of 16, as the driver writes the tail register only there: of a ring
/// of 256 the NIC has at most 240. A frame that finds none waits in the packet buffer (32 KiB for receiving).
/// Left out: packet split, which the driver uses for an MTU above 1500 (frames here sit in the same kind of
/// buffer), rx-fcs (the four bytes are never part of a packet here), transmission.
import type { DriverPath, Vector } from '../kernel/driver_table.ts';
import { planInterrupt } from '../kernel/irq.ts';
import { printk } from '../kernel/printk.ts';
import { REASON } from '../kernel/reasons.ts';
import { __netdev_alloc_skb } from '../kernel/skb.ts';
import type { Cpu, Kernel, Napi, NetDevice, RxQueue, Skb } from '../kernel/state.ts';
import { descriptorsAdded } from '../kernel/wire.ts';
import { adaptive, e1000_set_itr, itrInterval, itrOf } from './e1000_itr.ts';
import {
  copyOrKeep,
  e1000Watermarks,
  E1000_RX_BUFFER_WRITE,
  E1000E_LONGEST_COPY,
  flowControlText,
  scheduleAfresh,
} from './e1000_receive.ts';
import { e1000LongestFrame } from './intel_frames.ts';
import { pollRxQueue, refillsAll, type RxRules } from './rx_path.ts';

const E1000_FC_PAUSE_TIME = 0x0680; // quanta: 858 us
const PACKET_BUFFER = 32 << 10; // bytes, of the 82574's 40 KiB
const BUFFER = __netdev_alloc_skb(1522); // VLAN_ETH_FRAME_LEN and FCS
const VLAN_HLEN = 4;
// Not recorded after a reset. While the recorded host booted, the link came 0.4 to 0.7 s after the device
// was brought up.
const RESET_NS = 600_000_000;

/// The interrupt of the receive vector: writes the rate that the last poll wished for.
function e1000_intr_msix_rx(k: Kernel, c: Cpu, n: Napi): void {
  if (n.set_itr) {
    n.itr_ns = itrInterval(n.itr_val);
    n.set_itr = false;
  }
  scheduleAfresh(k, c, n);
}

/// The poll of the one queue.
function e1000e_poll(k: Kernel, c: Cpu, n: Napi, budget: number): number {
  return pollRxQueue(k, c, n, budget, e1000eRx);
}

/// Copies a short frame; else hands up the skb in which the buffer lay.
function buildSkb(k: Kernel, c: Cpu, _dev: NetDevice, _n: Napi, _q: RxQueue, skb: Skb): void {
  copyOrKeep(k, c, skb, E1000E_LONGEST_COPY, BUFFER.room);
}

/// Fills every descriptor but one, and tells the NIC up to the last multiple of 16 among them.
function e1000_alloc_rx_buffers(k: Kernel, dev: NetDevice, q: RxQueue): void {
  q.cleaned = 0;
  const size = q.slots.length;
  const last = (q.tail + size - 2) % size; // next_to_use is one before next_to_clean
  const tail = last & ~(E1000_RX_BUFFER_WRITE - 1);
  const known = (q.head + q.ready) % size; // what the tail register says now
  const added = (tail - known + size) % size;
  if (added > 0) descriptorsAdded(k, dev, q, added);
}

function enableInterrupt(k: Kernel, _c: Cpu, dev: NetDevice, n: Napi): void {
  if (adaptive(dev)) {
    const rate = e1000_set_itr(dev, n);
    if (rate >= 0) {
      n.itr_val = rate;
      n.set_itr = true;
    }
  }
  n.irq_enabled = true;
  planInterrupt(k, n);
}

const e1000eRx: RxRules = {
  build: buildSkb,
  refill: e1000_alloc_rx_buffers,
  refill_at: E1000_RX_BUFFER_WRITE,
  refillsRest: refillsAll,
  enableInterrupt,
  feeds_itr: true,
  past_gro: null,
};

function vectors(_k: Kernel, dev: NetDevice): Vector[] {
  return [
    { name: `${dev.name}-rx-0`, queue: 0, hint: [] },
    { name: `${dev.name}-tx-0`, queue: -1, hint: [] },
    { name: dev.name, queue: -1, hint: [] },
  ];
}

export const e1000ePath: DriverPath = {
  name: 'e1000e',
  poll: e1000e_poll,
  interrupt: e1000_intr_msix_rx,
  // All but one are filled; the tail register names the last multiple of 16 among them.
  usable: (size) => (size - 2) & ~(E1000_RX_BUFFER_WRITE - 1),
  longestFrame: e1000LongestFrame,
  filtersVlans: (dev) => !dev.features['rx-all'], // e1000_setup_rctl()
  fifo: () => ({ perQueue: false, limit: PACKET_BUFFER, bytes: true }),
  stamps: { watchdogs: 1, bothPorts: false }, // e1000_watchdog_task()
  watermarks: (dev) => e1000Watermarks(dev, PACKET_BUFFER, VLAN_HLEN, E1000_FC_PAUSE_TIME),
  lost(_k, dev) {
    dev.hw.rx_missed_errors++;
    return REASON.RX_MISSED_ERRORS;
  },
  interruptAt: (k, n) => Math.max(k.now, n.irq_last + n.itr_ns),
  // e1000_configure_msix() runs last and writes the rate that the ring had when the device was opened
  // (e1000_request_msix()) or that a poll chose since: a reset loses what `ethtool -C` fixed.
  moderate(k, dev, n) {
    const opening = n.itr_val === 0 || k.irqs[n.irq]?.name === '';
    if (opening) n.itr_val = itrOf(dev);
    n.itr_ns = itrInterval(n.itr_val);
    n.set_itr = false;
    if (n.polls === 0) n.itr_class = 0;
  },
  coalesced(_k, dev, n) {
    n.itr_ns = dev.coalesce['rx-usecs'] === 0 ? 0 : itrInterval(itrOf(dev));
  },
  linkUp(k, dev) {
    const flow = flowControlText(dev, 'Rx/Tx');
    const duplex = dev.duplex === 'half' ? 'Half' : 'Full';
    printk(
      k,
      `e1000e ${dev.pci} ${dev.name}: NIC Link is Up ${dev.speed_mbps} Mbps ${duplex} Duplex, Flow Control: ${flow}`,
    );
  },
  vectors,
  reset_ns: RESET_NS,
  resetsForQueues: false,
  resetsForMtu: true,
  freesVectors: true,
  dealsCpus: false,
};
