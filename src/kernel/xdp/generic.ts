/// Generic XDP: the program runs on an skb, in the core, where the driver has no hook or the user asked for it.
/// Stands for do_xdp_generic(), netif_receive_generic_xdp() and generic_xdp_tx() in net/core/dev.c, and for
/// xdp_do_generic_redirect() in net/core/filter.c.
/// It comes after RPS, and GRO leaves the packets of such a device alone (netif_elide_gro()). XDP wants 256 bytes of
/// room before the frame, which no driver here leaves: each packet is copied first. A packet that was redirected once
/// is left alone.
/// Left out: what rules.ts leaves out; tx_dropped of the device.
import { COSTS } from '../costs.ts';
import { kfree_skb_reason } from '../ledger.ts';
import { REASON } from '../reasons.ts';
import { wakeUp } from '../sched/wake.ts';
import { maskHas } from '../cpumask.ts';
import { builtHead, FLAG_REDIRECTED, setHead } from '../skb.ts';
import type { Cpu, Kernel, NetDevice, Skb } from '../state.ts';
import { STEP, takeStep } from '../tracing.ts';
import { ringProduce } from './cpumap.ts';
import { redirectInfo } from './rules.ts';
import { bpf_prog_run_xdp } from './run.ts';
import { XDP_ABORTED, XDP_PASS, XDP_REDIRECT, XDP_TX } from './types.ts';
import { sendFrame, xdp_ok_fwd_dev } from './xmit.ts';
import { xsk_flush, xsk_rcv, xskOf } from './xsk.ts';

const XDP_PACKET_HEADROOM = 256;

/// Runs the device's generic program. True: the packet goes on; false: it is gone.
export function do_xdp_generic(k: Kernel, c: Cpu, dev: NetDevice, skb: Skb): boolean {
  if (k.skbs.flags[skb]! & FLAG_REDIRECTED) return true;
  const act = netif_receive_generic_xdp(k, c, dev, skb);
  if (act === XDP_PASS) return true;
  if (act === XDP_TX) generic_xdp_tx(k, c, dev, skb);
  else if (act !== XDP_REDIRECT) {
    if (act === XDP_ABORTED) k.bpf.exceptions++;
    // kfree_skb(): a generic drop has no reason of its own.
    kfree_skb_reason(k, c, skb, REASON.NOT_SPECIFIED, STEP.CORE);
  } else if (!xdp_do_generic_redirect(k, c, skb)) {
    k.bpf.redirect_errors++;
    kfree_skb_reason(k, c, skb, REASON.XDP, STEP.CORE);
  }
  return false;
}

function netif_receive_generic_xdp(k: Kernel, c: Cpu, dev: NetDevice, skb: Skb): number {
  const prog = k.bpf.progs[dev.xdp_prog]!;
  takeStep(k, c, STEP.XDP_GENERIC, skb, COSTS.skb_cow_data_for_xdp.ns + COSTS.bpf_prog_run_xdp.ns);
  const len = k.skbs.len[skb]!;
  const size = Math.ceil((XDP_PACKET_HEADROOM + len) / 64) * 64;
  setHead(k.skbs, skb, builtHead(size + 320).room, XDP_PACKET_HEADROOM + len, 0, 0);
  return bpf_prog_run_xdp(k, c, prog, skb, 'roomy');
}

/// Out of the device again, past its queueing discipline. net/core/dev.c:generic_xdp_tx()
function generic_xdp_tx(k: Kernel, c: Cpu, dev: NetDevice, skb: Skb): void {
  c.cursor_ns += COSTS.generic_xdp_tx.ns;
  if (sendFrame(k, c, dev, skb, txQueue(k, c, dev, skb))) return;
  k.bpf.exceptions++;
  kfree_skb_reason(k, c, skb, REASON.NOT_SPECIFIED, STEP.CORE);
}

/// The transmit queue: by the CPU where XPS says so, else that of the receive queue. net/core/dev.c:netdev_pick_tx()
function txQueue(k: Kernel, c: Cpu, dev: NetDevice, skb: Skb): number {
  const xps = dev.tx.findIndex((q) => q.xps_cpus.length > 0 && maskHas(q.xps_cpus, c.id));
  return xps >= 0 ? xps : k.skbs.queue[skb]! % Math.max(1, dev.tx.length);
}

/// False: the caller frees the packet. net/core/filter.c:xdp_do_generic_redirect()
function xdp_do_generic_redirect(k: Kernel, c: Cpu, skb: Skb): boolean {
  const map = k.bpf.maps[redirectInfo.map]!;
  const { key } = redirectInfo;
  if (map.type === 'cpumap') {
    const entry = k.bpf.cpu_entries[map.cpus[key]!]!;
    if (!ringProduce(k, entry, skb)) return false;
    k.skbs.flags[skb] = k.skbs.flags[skb]! | FLAG_REDIRECTED;
    c.cursor_ns += COSTS.wake_kthread.ns;
    wakeUp(k, c, entry.task);
    return true;
  }
  if (map.type === 'devmap') {
    const dev = k.devs.find((one) => one.ifindex === map.values[key]);
    if (!dev || !xdp_ok_fwd_dev(dev, k.skbs.len[skb]!)) return false;
    generic_xdp_tx(k, c, dev, skb);
    return true;
  }
  const xs = xskOf(k, map.values[key]!);
  const taken = xsk_rcv(k, c, xs, skb, -1);
  if (xs !== null && xs.queue === k.skbs.queue[skb]) xsk_flush(k, c, xs);
  return taken;
}
