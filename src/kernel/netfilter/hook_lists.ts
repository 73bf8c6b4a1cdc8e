/// The lists of hook functions: which are at each place, in order of priority. Stands for the registering half of
/// net/netfilter/core.c; who runs them is in core.ts, so that what is hooked can also hook.
/// Left out: BPF hooks, the ARP, bridge and egress hooks.
import { updateRxHooks } from '../rx_hooks.ts';
import type { Kernel, NetDevice } from '../state.ts';
import { NFPROTO_IPV6, type NfHookEntry } from './types.ts';

/// The priorities of the kernel's own hook functions, IPv4 and IPv6 alike.
/// include/uapi/linux/netfilter_ipv4.h, netfilter_ipv6.h
export const NF_IP_PRI = Object.freeze({
  FIRST: -2147483648,
  RAW_BEFORE_DEFRAG: -450,
  CONNTRACK_DEFRAG: -400,
  RAW: -300,
  SELINUX_FIRST: -225,
  CONNTRACK: -200,
  MANGLE: -150,
  NAT_DST: -100,
  FILTER: 0,
  SECURITY: 50,
  NAT_SRC: 100,
  SELINUX_LAST: 225,
  CONNTRACK_HELPER: 300,
  CONNTRACK_CONFIRM: 2147483647,
  LAST: 2147483647,
});

/// Those of bridges: other numbers, of which the tools know the names.
/// include/uapi/linux/netfilter_bridge.h
export const NF_BR_PRI = Object.freeze({
  FIRST: -2147483648,
  NAT_DST_BRIDGED: -300,
  FILTER_BRIDGED: -200,
  BRNF: 0,
  NAT_DST_OTHER: 100,
  FILTER_OTHER: 200,
  NAT_SRC: 300,
  LAST: 2147483647,
});

/// Index of a list: 0 to 4 the hooks of IPv4, 5 to 9 those of IPv6.
export function hookList(pf: number, hook: number): number {
  return pf === NFPROTO_IPV6 ? 5 + hook : hook;
}

/// Puts a function into a hook's list: before the first that has the same or a higher priority.
/// net/netfilter/core.c:nf_register_net_hook(), nf_hook_entries_grow()
export function nf_register_net_hook(
  k: Kernel,
  pf: number,
  hook: number,
  entry: NfHookEntry,
): void {
  const list = hookList(pf, hook);
  nf_hook_entries_grow(k.nf.hooks[list]!, entry);
  countHooks(k, list);
}

// What the host sends asks one number for its four lists: LOCAL_OUT and POST_ROUTING of both families.
function countHooks(k: Kernel, list: number): void {
  const { active } = k.nf;
  active[list] = k.nf.hooks[list]!.length;
  k.nf.out = active[3]! + active[4]! + active[8]! + active[9]!;
}

/// The same for the ingress hook of a device.
export function registerIngress(k: Kernel, dev: NetDevice, entry: NfHookEntry): void {
  const { ingress } = k.nf;
  while (ingress.length <= k.devs.indexOf(dev)) ingress.push([]);
  nf_hook_entries_grow(ingress[k.devs.indexOf(dev)]!, entry);
  updateRxHooks(k, dev);
}

function nf_hook_entries_grow(list: NfHookEntry[], entry: NfHookEntry): void {
  const at = list.findIndex((other) => entry.priority <= other.priority);
  list.splice(at < 0 ? list.length : at, 0, entry);
}

/// Takes out every entry for which `gone` says so, from all lists.
/// net/netfilter/core.c:nf_unregister_net_hook()
export function nf_unregister_net_hook(k: Kernel, gone: (entry: NfHookEntry) => boolean): void {
  k.nf.hooks.forEach((list, i) => {
    if (!list.some(gone)) return;
    k.nf.hooks[i] = list.filter((entry) => !gone(entry));
    countHooks(k, i);
  });
  k.nf.ingress.forEach((list, i) => {
    if (!list.some(gone)) return;
    k.nf.ingress[i] = list.filter((entry) => !gone(entry));
    updateRxHooks(k, k.devs[i]!);
  });
}

/// Every hook entry, with its list, for readers.
export function hookEntries(k: Kernel): readonly NfHookEntry[] {
  return [...k.nf.hooks, ...k.nf.ingress].flat();
}
