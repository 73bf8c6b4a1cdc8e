/// An skb built around just as much of a buffer as the frame takes, since many frames share a page.
/// Stands for what mlx5e_skb_from_cqe_mpwrq_linear() and ena_rx_skb() hand to napi_build_skb().
import { setHead } from '../kernel/skb.ts';
import type { Kernel, Skb } from '../kernel/state.ts';

const SMP_CACHE_BYTES = 64;

/// Room of the head for a frame of `len` bytes behind that much headroom.
export function fitHead(k: Kernel, skb: Skb, headroom: number): void {
  const used = headroom + k.skbs.len[skb]!;
  setHead(k.skbs, skb, Math.ceil(used / SMP_CACHE_BYTES) * SMP_CACHE_BYTES, used, 0, 0);
}
