/// XDP_REDIRECT: a frame goes to another device, another CPU or an AF_XDP socket. It waits in a bulk queue of the
/// CPU that polls, until that is full or the poll ends.
/// Stands for xdp_do_redirect() and xdp_do_flush() in net/core/filter.c, kernel/bpf/devmap.c, and the sending half of
/// kernel/bpf/cpumap.c.
/// Left out: broadcast to all devices of a map, programs that run at the target.
import { COSTS } from '../costs.ts';
import { loseFrame } from '../ledger.ts';
import { REASON } from '../reasons.ts';
import { wakeUp } from '../sched/wake.ts';
import type { Cpu, Kernel, Skb } from '../state.ts';
import { dropStep, STEP } from '../tracing.ts';
import { ringProduce } from './cpumap.ts';
import type { XdpBulk } from './types.ts';
import { hasXdpRing, takesXdpFrames, xdp_ok_fwd_dev, xdpCounts, xdpXmit } from './xmit.ts';
import { xsk_flush, xsk_rcv, xskOf } from './xsk.ts';
import { bufferBack } from './xsk_pool.ts';

const DEV_MAP_BULK_SIZE = 16; // frames
const CPU_MAP_BULK_SIZE = 8;

/// Hands a frame to where the program said. False when that could not be, and the frame is the driver's to free.
/// `pool`: the AF_XDP socket in whose memory the frame lies, an index into BpfState.xsks; -1: none. To any other target
/// such a frame goes as a copy (xdp_convert_zc_to_xdp_frame()). net/core/filter.c:xdp_do_redirect()
export function xdp_do_redirect(
  k: Kernel,
  c: Cpu,
  map: number,
  key: number,
  skb: Skb,
  pool: number,
): boolean {
  const target = k.bpf.maps[map]!;
  let done = true;
  if (target.type === 'xskmap') {
    c.cursor_ns += COSTS.xsk_rcv.ns;
    done = xsk_rcv(k, c, xskOf(k, target.values[key]!), skb, pool);
  } else {
    c.cursor_ns += COSTS.xdp_do_redirect.ns;
    if (target.type === 'devmap') done = dev_map_enqueue(k, c, target.values[key]!, skb);
    else bulkAdd(k, c, target.cpus[key]!, -1, skb, CPU_MAP_BULK_SIZE);
    if (done && pool >= 0) bufferBack(k, pool);
  }
  if (done) k.bpf.flush = true;
  else k.bpf.redirect_errors++;
  return done;
}

/// kernel/bpf/devmap.c:dev_map_enqueue()
function dev_map_enqueue(k: Kernel, c: Cpu, ifindex: number, skb: Skb): boolean {
  let at = 0;
  while (at < k.devs.length && k.devs[at]!.ifindex !== ifindex) at++;
  const dev = k.devs[at];
  if (!dev || !takesXdpFrames(dev) || !xdp_ok_fwd_dev(dev, k.skbs.len[skb]!)) return false;
  bulkAdd(k, c, -1, at, skb, DEV_MAP_BULK_SIZE);
  return true;
}

/// Adds a frame to this CPU's bulk queue to that target; a full one goes first.
function bulkAdd(k: Kernel, c: Cpu, entry: number, dev: number, skb: Skb, size: number): void {
  const bq = bulkOf(k, c, entry, dev);
  if (bq.count === size) flushBulk(k, c, bq);
  k.skbs.next[skb] = -1;
  if (bq.head < 0) bq.head = skb;
  else k.skbs.next[bq.tail] = skb;
  bq.tail = skb;
  bq.count++;
}

function bulkOf(k: Kernel, c: Cpu, entry: number, dev: number): XdpBulk {
  const { bulks } = k.bpf;
  for (const bq of bulks) if (bq.cpu === c.id && bq.dev === dev && bq.entry === entry) return bq;
  const made: XdpBulk = { cpu: c.id, entry, dev, head: -1, tail: -1, count: 0 };
  bulks.push(made);
  return made;
}

function flushBulk(k: Kernel, c: Cpu, bq: XdpBulk): void {
  if (bq.dev >= 0) bq_xmit_all(k, c, bq);
  else bq_flush_to_queue(k, c, bq);
}

function takeAll(bq: XdpBulk): Skb {
  const head = bq.head;
  bq.head = bq.tail = -1;
  bq.count = 0;
  return head;
}

/// What the device has no room for is lost. kernel/bpf/devmap.c:bq_xmit_all()
function bq_xmit_all(k: Kernel, c: Cpu, bq: XdpBulk): void {
  const dev = k.devs[bq.dev]!;
  for (let skb = takeAll(bq); skb >= 0;) {
    const next = k.skbs.next[skb]!;
    // A program that was taken away meanwhile leaves the driver without a ring for such frames: ENXIO.
    const ready = takesXdpFrames(dev) && hasXdpRing(dev, c.id);
    if (!ready || !xdpXmit(k, c, dev, skb)) lose(k, c, skb, REASON.XDP_REDIRECT);
    else xdpCounts(dev, c.id % dev.tx.length).redirected++;
    skb = next;
  }
}

/// What the other CPU's ring has no room for is lost. kernel/bpf/cpumap.c:bq_flush_to_queue()
function bq_flush_to_queue(k: Kernel, c: Cpu, bq: XdpBulk): void {
  const entry = k.bpf.cpu_entries[bq.entry]!;
  for (let skb = takeAll(bq); skb >= 0;) {
    const next = k.skbs.next[skb]!;
    if (!ringProduce(k, entry, skb)) lose(k, c, skb, REASON.XDP_CPUMAP);
    skb = next;
  }
}

function lose(k: Kernel, c: Cpu, skb: Skb, reason: number): void {
  dropStep(k, c, STEP.XDP, skb, reason);
  loseFrame(k, skb, reason);
}

/// The poll ends: every bulk queue of this CPU is emptied, threads and sockets are woken.
/// net/core/filter.c:xdp_do_flush()
export function xdp_do_flush(k: Kernel, c: Cpu): void {
  k.bpf.flush = false;
  for (const bq of k.bpf.bulks)
    if (bq.count > 0) {
      if (bq.cpu === c.id) flushAndWake(k, c, bq);
      else k.bpf.flush = true; // another CPU's poll
    }
  for (const xs of k.bpf.xsks)
    if (xs.unflushed === c.id) xsk_flush(k, c, xs);
    else if (xs.unflushed >= 0 && xs.sock >= 0) k.bpf.flush = true;
}

function flushAndWake(k: Kernel, c: Cpu, bq: XdpBulk): void {
  flushBulk(k, c, bq);
  if (bq.entry < 0) return;
  c.cursor_ns += COSTS.wake_kthread.ns;
  wakeUp(k, c, k.bpf.cpu_entries[bq.entry]!.task);
}
