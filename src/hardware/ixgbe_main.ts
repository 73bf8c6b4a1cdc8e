/// The ixgbe driver's receive path, for an 82599 with SFP+ at 10 Gb/s: interrupt, poll, refill, moderation that
/// follows the traffic, RSC. Stands for drivers/net/ethernet/intel/ixgbe/ixgbe_main.c and ixgbe_lib.c.
/// A frame that finds no descriptor waits in the packet buffer, unless the driver set drop enable, which it does when
/// it may send no pause frames and has several queues.
/// Left out: transmission, so Flow Director's sampling of what is sent (ATR), which steers TCP flows to the queue on
/// whose CPU they send; virtual functions, DCB, frames in more than one buffer. The hardware has
/// managed interrupts in no driver here: this one deals its vectors out by hints alone.
import type { DriverPath, Vector, Watermarks } from '../kernel/driver_table.ts';
import { maskOf } from '../kernel/cpumask.ts';
import { planInterrupt } from '../kernel/irq.ts';
import { jiffies } from '../kernel/jiffies.ts';
import { lroReceive } from '../kernel/lro.ts';
import { napi_schedule } from '../kernel/napi_schedule.ts';
import { printk } from '../kernel/printk.ts';
import { REASON } from '../kernel/reasons.ts';
import { FLAG_GSO } from '../kernel/skb.ts';
import type { Cpu, Kernel, Napi, NetDevice, RingItr, RxQueue, Skb } from '../kernel/state.ts';
import { cpumask_local_spread } from './cpu.ts';
import { buildHalfPage } from './half_page.ts';
import { ixgbeSetting, rscEnabled } from './ixgbe_limits.ts';
import { pollRxQueue, refillAll, refillsAll, type RxRules } from './rx_path.ts';

const IXGBE_RX_BUFFER_WRITE = 16;
const IXGBE_20K_ITR = 200; // quarters of a microsecond
const IXGBE_MAX_EITR = 0xff8;
const EITR_UNIT_NS = 2048; // of the register's interval at 1 and 10 Gb/s, in the 82599's data sheet
const ADAPTIVE_MIN_INC = 2; // us
const ADAPTIVE_MIN_USECS = 10;
const ADAPTIVE_MAX_USECS = 126;
const ADAPTIVE_LATENCY = 0x80;
const PACKET_BUFFER = (512 - 64) << 10; // bytes: 64 KiB of the 82599's are Flow Director's
const PAUSE_TIME = 0xffff; // quanta: IXGBE_DEFAULT_FCPAUSE
const ETH_HLEN = 14;
const FCS = 4;
const FRAMING = 20; // IXGBE_ETH_FRAMING, bytes
// Bit times: to react to a pause, twice the cable, twice the interface (MAC, XAUI, PHY), the layers above.
const DELAYS = 672 + 2 * 5556 + 2 * (4096 + 2 * 1024 + 12800) + 6144;
const PCI_DELAY = 10000; // bit times
// Not recorded; of the order of what e1000e was recorded with.
const RESET_NS = 600_000_000;

/// The interrupt of a pair of queues. Auto-mask: the vector stays silent until the poll is over.
function ixgbe_msix_clean_rings(k: Kernel, c: Cpu, n: Napi): void {
  n.irq_enabled = false;
  napi_schedule(k, c, n);
}

function ixgbe_poll(k: Kernel, c: Cpu, n: Napi, budget: number): number {
  return pollRxQueue(k, c, n, budget, ixgbeRx);
}

function build(k: Kernel, c: Cpu, dev: NetDevice, n: Napi, q: RxQueue, skb: Skb): void {
  if (k.skbs.flags[skb]! & FLAG_GSO) {
    dev.hw['hw_rsc_aggregated'] = (dev.hw['hw_rsc_aggregated'] ?? 0) + k.skbs.segs[skb]! - 1;
    dev.hw['hw_rsc_flushed'] = (dev.hw['hw_rsc_flushed'] ?? 0) + 1;
  }
  buildHalfPage(k, c, dev, n, q, skb);
}

function enableInterrupt(k: Kernel, _c: Cpu, dev: NetDevice, n: Napi): void {
  if (dev.coalesce['rx-usecs'] === 1) ixgbe_set_itr(dev, n, jiffies(k));
  n.irq_enabled = true;
  planInterrupt(k, n);
}

/// The smaller delay of both directions. Nothing is sent here, so the one for sending only drifts up.
export function ixgbe_set_itr(dev: NetDevice, n: Napi, now: number): void {
  const ring = n.ring_itr!;
  const late = ((now - ring.next_update) | 0) > 0;
  ring.tx = ixgbe_update_itr(dev, n.itr_val, ring.tx, 0, 0, late);
  ring.rx = ixgbe_update_itr(dev, n.itr_val, ring.rx, n.total_packets, n.total_bytes, late);
  ring.next_update = now + 1;
  n.total_packets = 0;
  n.total_bytes = 0;
  ixgbe_write_eitr(n, (Math.min(ring.rx, ring.tx) & ~ADAPTIVE_LATENCY) << 2);
}

/// The delay of a direction in us, with the latency flag. `itr` is the vector's, in quarters of us.
function ixgbe_update_itr(
  dev: NetDevice,
  itr: number,
  before: number,
  packets: number,
  bytes: number,
  late: boolean,
): number {
  // More than a jiffy or two without an update: too little to do, or NAPI polls all the time.
  if (late) return ADAPTIVE_MIN_USECS | ADAPTIVE_LATENCY;
  const longer = Math.min((itr >> 2) + ADAPTIVE_MIN_INC, ADAPTIVE_MAX_USECS);
  if (packets === 0) return longer + (before & ADAPTIVE_LATENCY);
  if (packets < 4 && bytes < 9000) return delayForSize(dev, bytes, packets, ADAPTIVE_LATENCY);
  if (packets < 48) return longer;
  if (packets < 96) return itr >> 2;
  if (packets < 256) return Math.max(itr >> 3, ADAPTIVE_MIN_USECS);
  return delayForSize(dev, bytes, packets, 0);
}

/// The delay in which a socket buffer's worth of frames of this size arrives.
function delayForSize(dev: NetDevice, bytes: number, packets: number, latency: number): number {
  const mean = Math.floor(bytes / packets);
  let scaled: number; // us times 256
  if (mean <= 60) scaled = 5120;
  else if (mean <= 316) scaled = mean * 40 + 2720;
  else if (mean <= 1084) scaled = mean * 15 + 11452;
  else if (mean < 1968) scaled = mean * 5 + 22420;
  else scaled = 32256;
  if (latency !== 0) scaled >>= 1;
  const slow = [10, 1000, 2500].includes(dev.speed_mbps);
  if (slow) scaled = Math.min(scaled, 8064);
  const unit = ADAPTIVE_MIN_INC * (slow ? 64 : 256);
  return latency + Math.ceil(scaled / unit) * ADAPTIVE_MIN_INC;
}

function ixgbe_write_eitr(n: Napi, itr: number): void {
  n.itr_val = itr;
  n.itr_ns = ((itr & IXGBE_MAX_EITR) >> 3) * EITR_UNIT_NS;
}

/// ixgbe_pbthresh_setup(), in KiB: what may still come after a pause was asked for, by the delays of cable, PHY and MAC
/// that the driver reckons with, stays free above the high mark. The refresh timer asks again after half of the time.
export function ixgbeWatermarks(dev: NetDevice): Watermarks {
  const frame = dev.mtu + ETH_HLEN + FCS;
  const onWire = (frame + FRAMING) * 8;
  const toPartner = Math.floor((36 * (onWire + DELAYS)) / 25) + 1;
  const low = 2 * (2 * frame * 8 + Math.floor((36 * PCI_DELAY) / 25) + 1);
  const high = (PACKET_BUFFER >> 10) - kib(toPartner + 2 * onWire);
  return { high: high << 10, low: kib(low) << 10, quanta: PAUSE_TIME, refresh: PAUSE_TIME >> 1 };
}

/// IXGBE_BT2KB(): bit times as KiB, rounded up.
function kib(bits: number): number {
  return Math.floor((bits + 8191) / 8192);
}

/// ixgbe_set_rx_drop_en()
function dropEnabled(dev: NetDevice): boolean {
  return !dev.pause.tx && dev.rx.length > 1;
}

const ixgbeRx: RxRules = {
  build,
  refill: refillAll,
  refill_at: IXGBE_RX_BUFFER_WRITE,
  refillsRest: refillsAll,
  enableInterrupt,
  feeds_itr: true,
  past_gro: null,
};

/// A vector for each pair of queues, hinted to a CPU near the NIC while Flow Director samples, and one for the rest.
function vectors(k: Kernel, dev: NetDevice): Vector[] {
  const sampling =
    dev.rx.length > 1 && !dev.features['ntuple-filters'] && !dev.features['hw-tc-offload'];
  const pairs = dev.rx.map(({ index }) => ({
    name: `${dev.name}-TxRx-${index}`,
    queue: index,
    hint: sampling ? maskOf([cpumask_local_spread(k, index, dev.numa_node)], k.desc.cpus) : [],
    hintOnly: true as const,
  }));
  return [...pairs, { name: dev.name, queue: -1, hint: [] }];
}

function newRing(k: Kernel): RingItr {
  const longest = ADAPTIVE_MAX_USECS | ADAPTIVE_LATENCY;
  return { rx: longest, tx: longest, next_update: jiffies(k) + 1 };
}

export const ixgbePath: DriverPath = {
  name: 'ixgbe',
  poll: ixgbe_poll,
  interrupt: ixgbe_msix_clean_rings,
  usable: (size) => size - 1, // ixgbe_desc_unused()
  longestFrame: (dev) => Math.max(1518, dev.mtu + 18),
  fifo: (dev) => (dropEnabled(dev) ? null : { perQueue: false, limit: PACKET_BUFFER, bytes: true }),
  watermarks: ixgbeWatermarks,
  stamps: {
    watchdogs: 3, // ixgbe_ptp_rx_hang(), as in igb
    bothPorts: false,
    hangLine: (dev) => `ixgbe ${dev.pci} ${dev.name}: clearing RX Timestamp hang`,
  },
  lost(_k, dev, q) {
    if (dropEnabled(dev)) {
      q.drops++;
      return REASON.RX_QUEUE_DROPS;
    }
    dev.hw.rx_missed_errors++;
    return REASON.RX_MISSED_ERRORS;
  },
  interruptAt: (k, n) => Math.max(k.now, n.irq_last + n.itr_ns),
  moderate(k, dev, n) {
    n.ring_itr ??= newRing(k);
    ixgbe_write_eitr(n, ixgbeSetting(dev) === 1 ? IXGBE_20K_ITR : ixgbeSetting(dev));
  },
  linkUp(k, dev) {
    const { rx, tx } = dev.pause;
    const flow = rx && tx ? 'RX/TX' : rx ? 'RX' : tx ? 'TX' : 'None';
    const speed =
      dev.speed_mbps >= 1000 ? `${dev.speed_mbps / 1000} Gbps` : `${dev.speed_mbps} Mbps`;
    printk(k, `ixgbe ${dev.pci} ${dev.name}: NIC Link is Up ${speed}, Flow Control: ${flow}`);
  },
  vectors,
  merge: (k, dev, q, skb) => rscEnabled(dev) && lroReceive(k, dev, q, skb),
  tellsL4Hash: true,
  reset_ns: RESET_NS,
  resetsForQueues: true,
  resetsForMtu: true,
  freesVectors: true,
  dealsCpus: false,
};
