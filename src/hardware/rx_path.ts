/// One poll of a receive queue, as the NAPI drivers here share it. The kernel has no such function: each
/// driver has a clean_rx_irq() and a poll() of its own, and they differ only in what RxRules says. A driver
/// writes its rules, and its poll function (under the kernel's name) calls pollRxQueue() with them.
/// A new driver needs: an object of RxRules and one of DriverPath in src/hardware/<driver>_main.ts, a NicDriver in
/// <driver>_ethtool.ts, and a line each in driver_path.ts, driver.ts and kernel/host_check.ts (most queues).
///
/// For each frame: take it from the ring, XDP, build the skb, napi_gro_receive(); a full rx_list goes up
/// before the next frame. Between two frames the CPU's piece of work ends, so the state is in Napi.stage.
/// Left out: frames in more than one buffer (each takes one descriptor), transmission.
import { COSTS, FRAME_NS, XDP_FRAME_NS } from '../kernel/costs.ts';
import { WORKING } from '../kernel/driver_table.ts';
import { gro_normal_one, napi_gro_receive, receiveTaken } from '../kernel/gro.ts';
import { endRemovedPoll, napi_complete_done } from '../kernel/napi.ts';
import { beginPiece, softirqContext } from '../kernel/piece.ts';
import { fetchStamp } from '../kernel/net_timestamp_hw.ts';
import { gro_normal_list } from '../kernel/receive_list.ts';
import { FLAG_HWTSTAMP } from '../kernel/skb.ts';
import type { Cpu, Kernel, Napi, NetDevice, RxQueue, Skb } from '../kernel/state.ts';
import { noteStep, RUN, STEP, takeStep, takeWhole } from '../kernel/tracing.ts';
import { descriptorsAdded, takeFrame } from '../kernel/wire.ts';
import { xdp_do_flush } from '../kernel/xdp/redirect.ts';
import { xdpPasses } from '../kernel/xdp/run.ts';
import { isPooled } from '../kernel/xdp/xsk_pool.ts';
import { beginPoolPoll, isStopped, refillFromPool } from '../kernel/xdp/xsk_zc.ts';
import { remoteNs } from './cpu.ts';

/// What a driver's receive loop does differently. Write all fields in this order: objects of one shape keep
/// the loop fast.
export interface RxRules {
  /// Makes an skb of the frame: its head and truesize (setHead()), and the BUILD step with its cost. What the
  /// driver needs beyond FRAME_NS is added to c.cursor_ns. A driver that never needs more may leave the step to
  /// the caller, who takes it together with the next one: then this returns true.
  build(k: Kernel, c: Cpu, dev: NetDevice, n: Napi, q: RxQueue, skb: Skb): boolean | void;
  /// Posts a buffer in every descriptor that was cleaned.
  refill(k: Kernel, dev: NetDevice, q: RxQueue): void;
  /// Inside the loop: refill as soon as that many descriptors are without a buffer; Infinity: never.
  readonly refill_at: number;
  /// Whether the descriptors that are left without a buffer at the end of a poll are refilled.
  refillsRest(q: RxQueue, budget: number): boolean;
  /// The poll is over and the instance is off the list: the device may interrupt again.
  enableInterrupt(k: Kernel, c: Cpu, dev: NetDevice, n: Napi, q: RxQueue): void;
  /// Whether Napi.total_packets and total_bytes grow, for the driver's own moderation.
  readonly feeds_itr: boolean;
  /// Whether the packet goes up by netif_receive_skb() alone instead of through GRO; null: never.
  readonly past_gro: ((dev: NetDevice) => boolean) | null;
}

/// A poll of up to `budget` frames. Returns the frames taken, or WORKING while a piece is in hand.
export function pollRxQueue(k: Kernel, c: Cpu, n: Napi, budget: number, rules: RxRules): number {
  const dev = k.devs[n.dev]!;
  const q = dev.rx[n.queue];
  if (q === undefined) return endRemovedPoll(k, c, n);
  if (n.stage !== 4) {
    const cleaned = cleanRxQueue(k, c, n, dev, q, budget, rules);
    if (cleaned === WORKING || cleaned >= budget) return cleaned;
  }
  const completed = napi_complete_done(k, c, n, n.frames_this_poll);
  if (completed === WORKING) return WORKING;
  if (completed === 1) rules.enableInterrupt(k, c, dev, n, q);
  return n.frames_this_poll;
}

function cleanRxQueue(
  k: Kernel,
  c: Cpu,
  n: Napi,
  dev: NetDevice,
  q: RxQueue,
  budget: number,
  rules: RxRules,
): number {
  if (n.stage === 0) {
    beginPoll(k, c, n, q);
    if (dev.xdp !== null) beginPoolPoll(k, c, dev, n);
  }
  if (n.stage === 2) n.stage = takenFrame(k, c, n, dev, q, rules) ? 3 : 1;
  if (n.stage === 3 && !gro_normal_list(k, c, n)) return WORKING;
  n.stage = 1;
  if (n.frames_this_poll < budget) {
    if (q.cleaned >= rules.refill_at) refill(k, dev, q, rules);
    if (q.used > 0 && (dev.xdp === null || !isStopped(k, dev, n.queue))) {
      n.stage = 2;
      c.skb = takeFrame(q);
      const frame_ns = dev.xdp === null ? FRAME_NS : XDP_FRAME_NS;
      beginPiece(k, c, frame_ns + remoteNs(k, dev, c), softirqContext(c), STEP.POLL);
      return WORKING;
    }
  }
  endPoll(k, n, dev, q, budget, rules);
  if (k.bpf.flush) xdp_do_flush(k, c);
  return n.frames_this_poll;
}

function beginPoll(k: Kernel, c: Cpu, n: Napi, q: RxQueue): void {
  n.frames_this_poll = 0;
  n.bytes_this_poll = 0;
  n.irq_enabled = false;
  noteStep(k, c, STEP.POLL, -1, q.used);
}

/// The frame whose piece has ended. True when rx_list is long enough to go up the stack.
function takenFrame(
  k: Kernel,
  c: Cpu,
  n: Napi,
  dev: NetDevice,
  q: RxQueue,
  rules: RxRules,
): boolean {
  const skb = c.skb;
  c.skb = -1;
  n.frames_this_poll++;
  n.bytes_this_poll += k.skbs.len[skb]!;
  // An XDP program sees the frame here: taken off the ring, not yet an skb.
  if (dev.xdp !== null && !xdpPasses(k, c, dev, n, skb)) return false;
  if (rules.build(k, c, dev, n, q, skb) === true) {
    if (dev.hwtstamp.rx_filter === 0 && rules.past_gro === null) {
      takeWhole(k, c, RUN.FRAME, skb, 0);
      return receiveTaken(k, c, n, skb);
    }
    takeStep(k, c, STEP.BUILD, skb, FRAME_NS - COSTS.napi_gro_receive.ns);
  }
  if (dev.hwtstamp.rx_filter !== 0 && k.skbs.flags[skb]! & FLAG_HWTSTAMP) fetchStamp(k, c, dev);
  if (rules.past_gro !== null && rules.past_gro(dev)) return receiveAlone(k, n, skb);
  return napi_gro_receive(k, c, n, skb);
}

/// netif_receive_skb(): up the stack at once, behind what is still on rx_list.
function receiveAlone(k: Kernel, n: Napi, skb: Skb): boolean {
  gro_normal_one(k, n, skb, 1);
  return true;
}

function endPoll(
  k: Kernel,
  n: Napi,
  dev: NetDevice,
  q: RxQueue,
  budget: number,
  rules: RxRules,
): void {
  q.packets += n.frames_this_poll;
  q.bytes += n.bytes_this_poll;
  if (rules.feeds_itr) {
    n.total_packets += n.frames_this_poll;
    n.total_bytes += n.bytes_this_poll;
  }
  if (rules.refillsRest(q, budget)) refill(k, dev, q, rules);
}

/// Out of the driver's own memory, or of an AF_XDP socket's in zero-copy mode.
function refill(k: Kernel, dev: NetDevice, q: RxQueue, rules: RxRules): void {
  if (dev.xdp !== null && isPooled(dev, q)) refillFromPool(k, dev, q);
  else rules.refill(k, dev, q);
}

/// Refills what is left at the end of each poll.
export function refillsAll(q: RxQueue): boolean {
  return q.cleaned > 0;
}

/// RxRules.refill: a buffer into every descriptor that was cleaned.
export function refillAll(k: Kernel, dev: NetDevice, q: RxQueue): void {
  const count = q.cleaned;
  q.cleaned = 0;
  descriptorsAdded(k, dev, q, count);
}
