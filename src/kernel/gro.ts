/// Generic receive offload, as far as UDP goes: without rx-udp-gro-forwarding and without a socket
/// that asks for UDP_GRO, dev_gro_receive() answers GRO_NORMAL, and packets only travel in lists.
/// Stands for net/core/gro.c and include/net/gro.h.
/// Left out: merging of segments.
import type { Cpu, Kernel, Napi, Skb } from './state.ts';
import { noteStep, STEP, takeStep } from './tracing.ts';
import { COSTS } from './costs.ts';

/// Takes a packet from the driver. True when rx_list is long enough to go up the stack.
export function napi_gro_receive(k: Kernel, c: Cpu, n: Napi, skb: Skb): boolean {
  takeStep(k, c, STEP.GRO, skb, COSTS.napi_gro_receive.ns);
  return gro_normal_one(k, n, skb, 1);
}

function gro_normal_one(k: Kernel, n: Napi, skb: Skb, segs: number): boolean {
  const next = k.skbs.next;
  next[skb] = -1;
  if (n.rx_head < 0) n.rx_head = skb;
  else next[n.rx_tail] = skb;
  n.rx_tail = skb;
  n.rx_count += segs;
  return n.rx_count >= k.hot.gro_normal_batch;
}

/// Takes the next packet off rx_list; -1 when it is empty, which ends the batch.
export function takeFromRxList(k: Kernel, c: Cpu, n: Napi): Skb {
  const skb = n.rx_head;
  if (skb < 0) {
    if (n.rx_count > 0) noteStep(k, c, STEP.FLUSH, -1, n.rx_count);
    n.rx_count = 0;
    n.rps_stage = 0;
    return -1;
  }
  n.rx_head = k.skbs.next[skb]!;
  return skb;
}
