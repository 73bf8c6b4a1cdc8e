/// What __netif_receive_skb_core() must do for a device beside handing packets up, as bits, so that a
/// device with nothing special costs one look. Each bit is worked out from the state that decides it.
import type { Kernel, NetDevice } from './state.ts';

export const RX_XDP = 1;
export const RX_NETFILTER = 16;

/// Called by whoever changed something that a bit stands for.
export function updateRxHooks(k: Kernel, dev: NetDevice): void {
  const index = k.devs.indexOf(dev);
  const hooked = (k.nf.ingress[index]?.length ?? 0) > 0;
  dev.rx_hooks =
    (dev.rx_hooks & ~(RX_XDP | RX_NETFILTER)) |
    (dev.xdp_prog >= 0 ? RX_XDP : 0) |
    (hooked ? RX_NETFILTER : 0);
}
