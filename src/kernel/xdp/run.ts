/// Native XDP: the driver runs the program on the bare frame, before an skb exists.
/// Stands for bpf_prog_run_xdp() and for the drivers' own handlers: igb_run_xdp(), virtnet_xdp_handler(),
/// vmxnet3_run_xdp(), ixgbe_run_xdp(), ice_run_xdp(), mlx5e_xdp_handle(), ena_xdp_execute(). On a queue whose buffers
/// are an AF_XDP socket's (zero-copy) it is xsk_zc.ts that has the frame afterwards.
/// What the program sees is the frame as it lies in the buffer: nothing is merged.
/// Left out: what rules.ts leaves out; programs that take frames in several buffers.
import { COSTS } from '../costs.ts';
import { loseFrame } from '../ledger.ts';
import { REASON } from '../reasons.ts';
import type { Cpu, Kernel, Napi, NetDevice, Skb } from '../state.ts';
import { dropStep, STEP, takeStep } from '../tracing.ts';
import { xdp_do_redirect } from './redirect.ts';
import { redirectInfo, runRules, type Place } from './rules.ts';
import {
  XDP_ABORTED,
  XDP_DROP,
  XDP_PASS,
  XDP_REDIRECT,
  XDP_TX,
  type BpfProg,
  type XdpCounts,
} from './types.ts';
import { xdpCounts, xdpXmit } from './xmit.ts';
import { bufferBack, keepsFrame } from './xsk_pool.ts';
import { stopPoll } from './xsk_zc.ts';

/// Why a frame ends, by the verdict that could not be carried out or is a drop itself.
const REASONS: readonly number[] = Object.freeze([
  REASON.XDP_ABORTED,
  REASON.XDP_DROP,
  0,
  REASON.XDP_TX,
  REASON.XDP_REDIRECT,
]);

/// Runs the device's program on a frame that was taken off the ring. True when the driver goes on with it;
/// false when the program has done something else with it, and it is accounted for.
export function xdpPasses(k: Kernel, c: Cpu, dev: NetDevice, n: Napi, skb: Skb): boolean {
  const { prog: at, pools } = dev.xdp!;
  const prog = k.bpf.progs[at]!;
  const pool = pools[n.queue] ?? -1;
  const counts = xdpCounts(dev, n.queue);
  counts.packets++;
  takeStep(k, c, STEP.XDP, skb, COSTS.bpf_prog_run_xdp.ns);
  const act = bpf_prog_run_xdp(k, c, prog, skb, pool < 0 ? 'driver' : 'roomy');
  if (act === XDP_PASS) {
    if (pool >= 0) bufferBack(k, pool); // the frame is copied into an skb
    return true;
  }
  c.cursor_ns += COSTS.igb_clean_rx_irq.ns; // the driver's own part, which else comes with the skb
  if (act === XDP_TX) {
    counts.tx++;
    c.cursor_ns += COSTS.xdp_tx.ns;
    if (xdpXmit(k, c, dev, skb)) {
      if (pool >= 0) bufferBack(k, pool);
      return false;
    }
    counts.tx_err++;
  } else if (act === XDP_REDIRECT) {
    counts.redirects++;
    if (xdp_do_redirect(k, c, redirectInfo.map, redirectInfo.key, skb, pool)) return false;
    if (dev.xdp!.drops_in_queue) counts.redirects_err++;
    else counts.redirects--;
    if (pool >= 0 && keepsFrame(k, dev, pool)) {
      // ixgbe_clean_rx_irq_zc(): the frame stays in its descriptor, and the application is to wake the driver.
      k.bpf.exceptions++;
      stopPoll(k, n, dev, pool, skb);
      return false;
    }
  }
  countDrop(k, dev, n.queue, counts, act);
  dropStep(k, c, STEP.XDP, skb, REASONS[act]!);
  loseFrame(k, skb, REASONS[act]!);
  if (pool >= 0) bufferBack(k, pool);
  return false;
}

/// Which counters of the driver a dropped frame moves.
function countDrop(k: Kernel, dev: NetDevice, queue: number, counts: XdpCounts, act: number): void {
  const { drops_in_queue, traces_failures, failed_tx_drops, failed_redirect_aborts } = dev.xdp!;
  // virtnet_xdp_handler(): a full transmit ring counts there alone (xdp_tx_drops); ena_xdp_execute(): nowhere.
  if (act === XDP_TX && !failed_tx_drops) return;
  if (act === XDP_ABORTED || (act === XDP_REDIRECT && failed_redirect_aborts)) counts.aborted++;
  if (act === XDP_ABORTED || (act !== XDP_DROP && traces_failures)) k.bpf.exceptions++;
  counts.drops++;
  if (drops_in_queue) dev.rx[queue]!.drops++;
}

/// Runs a program on a frame: the verdict. The caller has paid for the call. include/net/xdp.h
export function bpf_prog_run_xdp(k: Kernel, c: Cpu, prog: BpfProg, skb: Skb, place: Place): number {
  if (k.hot.bpf_stats_enabled === 0) return runRules(k, c, prog, skb, place);
  const began = c.cursor_ns - COSTS.bpf_prog_run_xdp.ns;
  const act = runRules(k, c, prog, skb, place);
  prog.run_cnt++;
  prog.run_time_ns += c.cursor_ns - began;
  c.cursor_ns += COSTS.bpf_stats.ns;
  return act;
}
