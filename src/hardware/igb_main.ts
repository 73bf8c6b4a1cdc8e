/// The igb driver's receive path, for the 82576 of the recorded hosts: interrupt, poll, refill,
/// interrupt moderation. Stands for drivers/net/ethernet/intel/igb/igb_main.c.
/// The NIC's packet buffer holds 64 KiB (82576); a frame that finds no descriptor waits there, unless
/// the driver set drop enable, which it does when flow control is off and there are several queues.
/// Left out: transmission, VLAN offload, frames in more than one buffer.
import type { DriverPath, Vector, Watermarks } from '../kernel/driver_table.ts';
import { planInterrupt } from '../kernel/irq.ts';
import { napi_schedule } from '../kernel/napi_schedule.ts';
import { printk } from '../kernel/printk.ts';
import { REASON } from '../kernel/reasons.ts';
import { setHead } from '../kernel/skb.ts';
import type { Cpu, Kernel, Napi, NetDevice, RxQueue, Skb } from '../kernel/state.ts';
import { constructSkb } from './intel_legacy_rx.ts';
import { pollRxQueue, refillAll, refillsAll, type RxRules } from './rx_path.ts';

const IGB_RX_BUFFER_WRITE = 16; // descriptors are given back in batches of this many
const IGB_START_ITR = 648; // quarters of a microsecond: about 6000 interrupts a second
const IGB_4K_ITR = 980;
const IGB_20K_ITR = 196;
const IGB_70K_ITR = 56;
const PACKET_BUFFER = 65536; // bytes, 82576
const IGB_ETH_PKT_HDR_PAD = 26; // Ethernet header, two VLAN tags, FCS
const IGB_MAX_FRAME_BUILD_SKB = 1536; // bytes
const MAX_JUMBO_FRAME_SIZE = 0x2600;
const PAUSE_TIME = 0xffff; // quanta
const BUFFER = 2048; // half a page for each frame
// Recorded hosts: from the command (ethtool -G, -s) to "NIC Link is Up" 0.87, 0.88 and 0.89 s. That is
// QEMU's model of the 82576; real copper takes some seconds to negotiate.
const RESET_NS = 880_000_000;

/// The interrupt of a queue: writes the moderation interval, schedules the poll.
function igb_msix_ring(k: Kernel, c: Cpu, n: Napi): void {
  igb_write_itr(n);
  // Auto-mask: the vector stays silent until the poll is over (EIAM).
  n.irq_enabled = false;
  napi_schedule(k, c, n);
}

function igb_write_itr(n: Napi): void {
  if (!n.set_itr) return;
  const value = n.itr_val & 0x7ffc;
  n.itr_ns = (value === 0 ? 4 : value) * 250;
  n.set_itr = false;
}

/// The poll of a queue: up to `budget` frames, then the interrupt on again.
function igb_poll(k: Kernel, c: Cpu, n: Napi, budget: number): number {
  return pollRxQueue(k, c, n, budget, igbRx);
}

/// Wraps the half page around the frame; with legacy-rx, copies what is short instead.
function igb_build_skb(
  k: Kernel,
  _c: Cpu,
  dev: NetDevice,
  _n: Napi,
  _q: RxQueue,
  skb: Skb,
): boolean {
  const len = k.skbs.len[skb]!;
  if (dev.priv_flags['legacy-rx'] === true) constructSkb(k, skb);
  else setHead(k.skbs, skb, BUFFER - 320, 192 + len, 0, 0);
  return true;
}

function igb_ring_irq_enable(k: Kernel, _c: Cpu, dev: NetDevice, n: Napi): void {
  const setting = Number(dev.coalesce['rx-usecs']);
  if (setting === 1 || setting === 3) {
    if (dev.rx.length === 1) igb_set_itr(dev, n, setting);
    else igb_update_ring_itr(dev, n, setting);
  }
  n.irq_enabled = true;
  planInterrupt(k, n);
}

/// The interval follows the mean frame size. Several queues.
export function igb_update_ring_itr(dev: NetDevice, n: Napi, setting: number): void {
  let next = n.itr_val;
  if (dev.speed_mbps !== 1000) next = IGB_4K_ITR;
  else if (n.total_packets > 0) {
    const wire = Math.min(Math.floor(n.total_bytes / n.total_packets) + 24, 3000);
    next = Math.floor(wire > 300 && wire < 1200 ? wire / 3 : wire / 2);
    if (next < IGB_20K_ITR && setting === 3) next = IGB_20K_ITR;
  }
  if (next !== n.itr_val) {
    n.itr_val = next;
    n.set_itr = true;
  }
  n.total_packets = 0;
  n.total_bytes = 0;
}

const LOWEST = 0;
const LOW = 1;
const BULK = 2;

/// The interval follows how much came since the last interrupt. One vector only.
export function igb_set_itr(dev: NetDevice, n: Napi, setting: number): void {
  let next: number;
  if (dev.speed_mbps !== 1000) next = IGB_4K_ITR;
  else {
    igb_update_itr(n);
    const latency = n.itr_class === LOWEST && setting === 3 ? LOW : n.itr_class;
    next = latency === LOWEST ? IGB_70K_ITR : latency === LOW ? IGB_20K_ITR : IGB_4K_ITR;
  }
  if (next === n.itr_val) return;
  n.itr_val = next;
  n.set_itr = true;
}

/// Sorts the traffic since the last update into one of three classes.
export function igb_update_itr(n: Napi): void {
  const packets = n.total_packets;
  const bytes = n.total_bytes;
  if (packets === 0) return;
  const mean = bytes / packets;
  if (n.itr_class === LOWEST) {
    if (mean > 8000) n.itr_class = BULK;
    else if (packets < 5 && bytes > 512) n.itr_class = LOW;
  } else if (n.itr_class === LOW) n.itr_class = fromLow(packets, bytes, mean);
  else if (bytes > 25000) {
    if (packets > 35) n.itr_class = LOW;
  } else if (bytes < 1500) n.itr_class = LOW;
  n.total_packets = 0;
  n.total_bytes = 0;
}

function fromLow(packets: number, bytes: number, mean: number): number {
  if (bytes > 10000) {
    if (mean > 8000 || packets < 10 || mean > 1200) return BULK;
    return packets > 35 ? LOWEST : LOW;
  }
  if (mean > 2000) return BULK;
  return packets <= 2 && bytes < 512 ? LOWEST : LOW;
}

/// RLPML as igb_set_rx_mode() writes it: what a 2 KiB buffer takes in one piece, or any jumbo frame.
function igbLongestFrame(dev: NetDevice): number {
  return dev.mtu + IGB_ETH_PKT_HDR_PAD <= IGB_MAX_FRAME_BUILD_SKB
    ? IGB_MAX_FRAME_BUILD_SKB
    : MAX_JUMBO_FRAME_SIZE;
}

/// igb_reset(): room for the frame that is being sent, and for one from the other end. The NIC's refresh timer is left
/// at 0: a pause is asked for again when it is over.
function igbWatermarks(dev: NetDevice): Watermarks {
  const high = (PACKET_BUFFER - (dev.mtu + IGB_ETH_PKT_HDR_PAD + MAX_JUMBO_FRAME_SIZE)) & ~15;
  return { high, low: high - 16, quanta: PAUSE_TIME, refresh: PAUSE_TIME };
}

/// igb_setup_srrctl(): drop enable.
function dropEnabled(dev: NetDevice): boolean {
  return !dev.pause.rx && dev.rx.length > 1;
}

const igbRx: RxRules = {
  build: igb_build_skb,
  refill: refillAll,
  refill_at: IGB_RX_BUFFER_WRITE,
  refillsRest: refillsAll,
  enableInterrupt: igb_ring_irq_enable,
  feeds_itr: true,
  past_gro: null,
};

/// Above half of the eight queues a vector serves an RX and a TX queue together.
function igbVectors(_k: Kernel, dev: NetDevice): Vector[] {
  const queues = dev.rx.map((q) => q.index);
  const none: readonly number[] = [];
  const other = { name: dev.name, queue: -1, hint: none };
  if (queues.length > 4)
    return [other, ...queues.map((i) => ({ name: `${dev.name}-TxRx-${i}`, queue: i, hint: none }))];
  return [
    other,
    ...queues.map((i) => ({ name: `${dev.name}-rx-${i}`, queue: i, hint: none })),
    ...queues.map((i) => ({ name: `${dev.name}-tx-${i}`, queue: -1, hint: none })),
  ];
}

export const igbPath: DriverPath = {
  name: 'igb',
  poll: igb_poll,
  interrupt: igb_msix_ring,
  // igb_desc_unused(): one descriptor stays empty, or a full ring would look like an empty one.
  usable: (size) => size - 1,
  fifo: (dev) => (dropEnabled(dev) ? null : { perQueue: false, limit: PACKET_BUFFER, bytes: true }),
  watermarks: igbWatermarks,
  stamps: {
    watchdogs: 3, // igb_ptp_rx_hang(): more than five seconds after the last run that found the register free
    bothPorts: true,
    hangLine: (dev) => `igb ${dev.pci}: clearing Rx timestamp hang`,
  },
  lost(_k, dev, q) {
    dev.hw.rx_fifo_errors++;
    if (dropEnabled(dev)) {
      q.drops++;
      return REASON.RX_QUEUE_DROPS;
    }
    dev.hw.rx_missed_errors++;
    return REASON.RX_MISSED_ERRORS;
  },
  longestFrame: igbLongestFrame,
  filtersVlans: (dev) => !dev.features['rx-all'], // igb_set_rx_mode()
  interruptAt: (k, n) => Math.max(k.now, n.irq_last + n.itr_ns),
  moderate(_k, dev, n) {
    const usecs = Number(dev.coalesce['rx-usecs']);
    n.itr_val = usecs === 1 || usecs === 3 ? IGB_START_ITR : usecs * 4;
    n.set_itr = true;
  },
  linkUp(k, dev) {
    const half = dev.duplex === 'half';
    const { rx, tx } = dev.pause;
    // Pause frames exist on full duplex only.
    const flow = half || !(rx || tx) ? 'None' : rx && tx ? 'RX/TX' : rx ? 'RX' : 'TX';
    printk(
      k,
      `igb ${dev.pci} ${dev.name}: igb: ${dev.name} NIC Link is Up ${dev.speed_mbps} Mbps ${half ? 'Half' : 'Full'} Duplex, Flow Control: ${flow}`,
    );
  },
  vectors: igbVectors,
  reset_ns: RESET_NS,
  resetsForQueues: true,
  resetsForMtu: true,
  freesVectors: true,
  dealsCpus: false,
};
