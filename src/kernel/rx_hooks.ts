/// What __netif_receive_skb_core() must do for a device beside handing packets up, as bits, so that a
/// device with nothing special costs one look. Each bit is worked out from the state that decides it.
import { ETH_P_ALL } from './packet_types.ts';
import type { Kernel, NetDevice } from './state.ts';

export const RX_XDP = 1;
export const RX_VLAN = 2;
export const RX_TAPS = 4;
export const RX_INGRESS = 8;
export const RX_NETFILTER = 16;
export const RX_HANDLER = 32;
export const RX_PROTOCOL_TAPS = 64; // sockets of one protocol: at the dispatch

/// Called by whoever changed something that a bit stands for.
export function updateRxHooks(k: Kernel, dev: NetDevice): void {
  const index = k.devs.indexOf(dev);
  const taps = k.packet.hooks.filter((hook) => hook.dev < 0 || hook.dev === index);
  const { vlans, macvlans, master } = dev.links;
  const bits: readonly (readonly [number, boolean])[] = [
    [RX_XDP, dev.xdp_prog >= 0],
    [RX_VLAN, vlans.length > 0],
    [RX_TAPS, taps.some((hook) => hook.protocol === ETH_P_ALL)],
    [RX_INGRESS, dev.ingress !== null],
    [RX_NETFILTER, (k.nf.ingress[index]?.length ?? 0) > 0],
    [RX_HANDLER, macvlans.length > 0 || master >= 0],
    [RX_PROTOCOL_TAPS, taps.some((hook) => hook.protocol !== ETH_P_ALL)],
  ];
  dev.rx_hooks = bits.reduce((mask, [bit, on]) => mask | (on ? bit : 0), 0);
}
