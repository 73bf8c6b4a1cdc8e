/// A driver as all were before NAPI: for each frame an interrupt, and the whole way into the backlog is walked inside
/// the handler. Stands for drivers/net/ethernet/i825xx/lib82596.c, whose chip was on boards of the early nineties.
/// The handler takes what the chip has completed, without a budget; a short frame is copied into a small skb, a
/// longer one is handed up in its buffer. netif_rx() puts it into the backlog of this CPU, and a softirq does the
/// rest. Nothing here can switch the interrupt off, so a flood of frames leaves no time for the softirq and the reader:
/// receive livelock.
/// Left out: transmission, multicast set-up. What arrives while the handler runs is taken by the next interrupt, which
/// follows at once; the driver's loop would still take it in this one.
import { COSTS, HARDIRQ_NS } from '../kernel/costs.ts';
import type { DriverPath } from '../kernel/driver_table.ts';
import { planInterrupt } from '../kernel/irq.ts';
import { cpuNs, interruptCpu } from '../kernel/piece.ts';
import { REASON } from '../kernel/reasons.ts';
import { netif_rx_internal } from '../kernel/rps.ts';
import { __netdev_alloc_skb, setHead } from '../kernel/skb.ts';
import type { Cpu, Kernel, Napi, NetDevice, RxQueue, Skb } from '../kernel/state.ts';
import { STEP, takeStep } from '../kernel/tracing.ts';
import { descriptorsAdded, takeFrame } from '../kernel/wire.ts';
import { remoteNs } from './cpu.ts';

const RX_COPYBREAK = 100; // bytes: what is not longer is copied
const PKT_BUF_SZ = 1536;
const FCS = 4;
const HEADROOM = 64; // NET_SKB_PAD; NET_IP_ALIGN is 0 on x86
const BUFFER = __netdev_alloc_skb(PKT_BUF_SZ);
const COPY = __netdev_alloc_skb(RX_COPYBREAK);

/// The interrupt. It cannot come again before its handler is over, but does so at once if a frame has come.
function i596_interrupt(k: Kernel, c: Cpu, n: Napi): void {
  const dev = k.devs[n.dev]!;
  const q = dev.rx[n.queue]!;
  // The receive unit stops at the end of its list; it is started again, and an error counted.
  if (q.ready === 0) {
    dev.hw.rx_errors++;
    dev.hw.rx_fifo_errors++;
  }
  const before = c.cursor_ns;
  i596_rx(k, c, dev, q);
  const spent = c.cursor_ns - before;
  c.cursor_ns = before;
  interruptCpu(k, c, spent, STEP.IRQ);
  n.itr_ns = cpuNs(k, HARDIRQ_NS + k.irqs[n.irq]!.extra_ns + spent);
  n.irq_enabled = true;
  planInterrupt(k, n);
}

/// Takes all frames that are complete. What that costs moves the cursor.
function i596_rx(k: Kernel, c: Cpu, dev: NetDevice, q: RxQueue): void {
  while (q.used > 0) {
    const skb = takeFrame(q);
    q.packets++;
    q.bytes += k.skbs.len[skb]!;
    c.cursor_ns += remoteNs(k, dev, c);
    buildSkb(k, c, skb);
    netif_rx_internal(k, c, skb);
  }
  const count = q.cleaned;
  q.cleaned = 0;
  if (count > 0) descriptorsAdded(k, dev, q, count);
}

function buildSkb(k: Kernel, c: Cpu, skb: Skb): void {
  const len = k.skbs.len[skb]!;
  takeStep(k, c, STEP.BUILD, skb, COSTS.igb_clean_rx_irq.ns + COSTS.igb_build_skb.ns);
  if (len <= RX_COPYBREAK) {
    c.cursor_ns += COSTS.copybreak.ns;
    setHead(k.skbs, skb, COPY.room, HEADROOM + len, 0, 0);
  } else setHead(k.skbs, skb, BUFFER.room, HEADROOM + len, 0, 0);
}

export const i82596Path: DriverPath = {
  name: 'i82596',
  poll: () => 0, // never scheduled: no NAPI
  interrupt: i596_interrupt,
  usable: (size) => size,
  longestFrame: () => PKT_BUF_SZ + FCS,
  fifo: () => null,
  // Neither the chip's count of lost frames nor any other is read by the driver.
  lost: () => REASON.NO_RESOURCES,
  interruptAt: (k, n) => Math.max(k.now, n.irq_last + n.itr_ns),
  moderate(_k, _dev, n) {
    n.itr_ns = 0;
  },
  vectors: () => [{ name: 'i82596', queue: 0, hint: [] }],
  withoutNapi: true,
  intx: true,
  reset_ns: 0,
  resetsForQueues: false,
  freesVectors: true,
  dealsCpus: false,
};
