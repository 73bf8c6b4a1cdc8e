/// The ingress hook of the netdev family: a device's own list, before IP. Stands for nf_ingress() in
/// net/core/dev.c.
/// Left out: flowtables (nothing is ever put into one here), and the egress hook.
import type { Cpu, Kernel, NetDevice, Skb } from '../state.ts';
import { nf_hook_ingress } from './core.ts';
import { NF_NETDEV_INGRESS, NFPROTO_NETDEV } from './types.ts';

/// False: the packet is gone and accounted for. Called only for devices with bit 16 in rx_hooks.
export function nf_ingress(k: Kernel, c: Cpu, _dev: NetDevice, skb: Skb): boolean {
  const list = k.nf.ingress[k.skbs.dev[skb]!] ?? none;
  if (list.length === 0) return true;
  return nf_hook_ingress(k, c, list, NFPROTO_NETDEV, NF_NETDEV_INGRESS, skb);
}

const none: never[] = [];
