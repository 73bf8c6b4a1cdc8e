/// Half a page for each frame, with the skb built around it: what ixgbe and ice do as igb does.
/// Stands for ixgbe_build_skb() and ice_build_skb(). A frame that the NIC has merged (LRO) goes on in further
/// buffers, which the skb gets as fragments.
import { COSTS } from '../kernel/costs.ts';
import { FLAG_GSO, setHead } from '../kernel/skb.ts';
import type { Cpu, Kernel, NetDevice, RxQueue, Skb, Napi } from '../kernel/state.ts';
import { STEP, takeStep } from '../kernel/tracing.ts';
import { constructSkb } from './intel_legacy_rx.ts';

const SHINFO = 320;
const HALF = 2048;
const PAD = 192; // what is left before a frame of 1536 bytes in half a page
const LONG_BUFFER = 3072; // a page of 8 KiB halved, for long frames
const LONG_HALF = 4096;
const LONG_PAD = 64; // NET_SKB_PAD

/// RxRules.build.
export function buildHalfPage(
  k: Kernel,
  c: Cpu,
  dev: NetDevice,
  _n: Napi,
  _q: RxQueue,
  skb: Skb,
): void {
  const len = k.skbs.len[skb]!;
  takeStep(k, c, STEP.BUILD, skb, COSTS.igb_clean_rx_irq.ns + COSTS.igb_build_skb.ns);
  if (dev.priv_flags['legacy-rx'] === true) return constructSkb(k, skb);
  if (dev.mtu <= 1500 && (k.skbs.flags[skb]! & FLAG_GSO) === 0)
    return setHead(k.skbs, skb, HALF - SHINFO, PAD + len, 0, 0);
  const first = Math.min(len, LONG_BUFFER);
  const rest = len - first;
  const pages = Math.ceil(rest / LONG_BUFFER);
  setHead(k.skbs, skb, LONG_HALF - SHINFO, LONG_PAD + first, rest, pages * LONG_HALF);
}
