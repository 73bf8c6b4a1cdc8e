/// A batch of packets on its way from GRO up the stack.
/// Stands for gro_normal_list() (include/net/gro.h) and netif_receive_skb_list_internal()
/// (net/core/dev.c).
/// Left out: the kernel takes the whole list through each layer; here packet follows packet.
import { RPS_NS } from './costs.ts';
import { isDue, takeFromRxList } from './gro.ts';
import { stampList, stampsBeforeRps } from './net_timestamp.ts';
import { beginPiece, softirqContext } from './piece.ts';
import { __netif_receive_skb_core, receiveNs } from './receive.ts';
import { steerRxList } from './rps.ts';
import type { Cpu, Kernel, Napi, Skb } from './state.ts';
import { STEP } from './tracing.ts';

/// Sends rx_list up the stack. True when the list is empty, false when a piece is in hand.
export function gro_normal_list(k: Kernel, c: Cpu, n: Napi): boolean {
  while (n.rx_count > 0) {
    if (!netif_receive_skb_list_internal(k, c, n)) return false;
    if (!isDue(k, n)) return true;
  }
  return true;
}

/// Takes the packets of rx_list up the stack one by one; with RPS, first steers those that belong
/// elsewhere. True when the list is empty, false when a piece is in hand.
/// net/core/dev.c:netif_receive_skb_list_internal()
function netif_receive_skb_list_internal(k: Kernel, c: Cpu, n: Napi): boolean {
  const begins = c.skb < 0 && n.rps_stage === 0;
  if (begins && k.netstamp_wanted > 0 && stampsBeforeRps(k)) stampList(k, c, n.rx_head);
  if (c.skb >= 0) {
    const skb = c.skb;
    c.skb = -1;
    __netif_receive_skb_core(k, c, skb);
  } else if (k.rps_needed > 0 && n.rps_stage < 2) {
    if (n.rps_stage === 0) {
      n.rps_stage = 1;
      beginPiece(k, c, listLength(k, n.rx_head) * RPS_NS, softirqContext(c), STEP.RPS);
      return false;
    }
    n.rps_stage = 2;
    steerRxList(k, c, n);
  }
  const skb = takeFromRxList(k, c, n);
  if (skb < 0) return true;
  c.skb = skb;
  beginPiece(k, c, receiveNs(k, skb), softirqContext(c), STEP.IP_RCV);
  return false;
}

/// Packets from that one on: fewer than segments, when GRO has merged some.
function listLength(k: Kernel, head: Skb): number {
  let packets = 0;
  for (let skb = head; skb >= 0; skb = k.skbs.next[skb]!) packets++;
  return packets;
}
