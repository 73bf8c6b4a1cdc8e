/// By which NAPI instance a packet came, and the socket's note of it: where a task that busy polls for the
/// socket will look.
/// Stands for the marks of include/net/busy_poll.h.
import type { Kernel, Napi, Skb, Sock } from './state.ts';

/// The packet's NAPI instance, by the kernel's own number; 0: it came by none.
/// include/net/busy_poll.h:skb_mark_napi_id()
function napiIdOf(k: Kernel, skb: Skb): number {
  const q = k.devs[k.flows.dev[k.skbs.flow[skb]!]!]!.rx[k.skbs.queue[skb]!];
  return q === undefined || q.napi < 0 ? 0 : k.napis[q.napi]!.napi_id;
}

/// Notes it for a connected socket. include/net/busy_poll.h:sk_mark_napi_id()
export function sk_mark_napi_id(k: Kernel, sk: Sock, skb: Skb): void {
  sk.napi_id = napiIdOf(k, skb);
}

/// Notes it for another socket: the first packet decides for good.
/// include/net/busy_poll.h:sk_mark_napi_id_once()
export function sk_mark_napi_id_once(k: Kernel, sk: Sock, skb: Skb): void {
  if (sk.napi_id === 0) sk.napi_id = napiIdOf(k, skb);
}

/// net/core/dev.c:napi_by_id()
export function napi_by_id(k: Kernel, napi_id: number): Napi | undefined {
  return napi_id === 0 ? undefined : k.napis.find((n) => n.hashed && n.napi_id === napi_id);
}

const MIN_NAPI_ID = 8193; // NR_CPUS + 1, with 8192 possible CPUs

/// Gives an instance the next id, which none had before it. net/core/dev.c:napi_hash_add()
export function napi_hash_add(k: Kernel, n: Napi): void {
  if (n.hashed) return;
  n.napi_id = Math.max(MIN_NAPI_ID - 1, ...k.napis.map((each) => each.napi_id)) + 1;
  n.hashed = true;
}

/// The instance is no longer found: whoever noted its id polls nothing. net/core/dev.c:napi_hash_del()
export function napi_hash_del(n: Napi): void {
  n.hashed = false;
}
