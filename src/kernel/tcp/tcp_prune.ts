/// A socket that has reached its receive buffer: more buffer if that is allowed, then copying packets
/// together, then dropping what came out of order; and if all that is not enough, the packet itself.
/// Stands for tcp_try_rmem_schedule(), tcp_prune_queue() and tcp_prune_ofo_queue() in
/// net/ipv4/tcp_input.c.
import { REASON } from '../reasons.ts';
import { sk_rmem_schedule, sock_rfree } from '../sock_mem.ts';
import type { Cpu, Kernel, Skb, Sock, TcpSock } from '../state.ts';
import { noteStep, STEP } from '../tracing.ts';
import { tcp_collapse, tcp_collapse_ofo_queue } from './tcp_collapse.ts';
import { tcp_drop_reason } from './tcp_queue.ts';
import { tcp_clamp_window } from './tcp_rcvbuf.ts';
import { tcp_sack_reset } from './tcp_sack.ts';
import { after, seqOf } from './tcp_seq.ts';
import { tcp_adjust_rcv_ssthresh, tcp_under_memory_pressure } from './tcp_space.ts';

/// Makes sure that the packet can be charged. False: it cannot, drop it.
/// net/ipv4/tcp_input.c:tcp_try_rmem_schedule()
export function tcp_try_rmem_schedule(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock, skb: Skb): boolean {
  const size = k.skbs.truesize[skb]!;
  if (sk.rmem_alloc <= sk.rcvbuf && sk_rmem_schedule(k, c, sk, size)) return true;
  noteStep(k, c, STEP.TCP_MEMORY, skb, sk.rmem_alloc);
  if (!tcp_prune_queue(k, c, sk, tp, skb)) return false;
  while (!sk_rmem_schedule(k, c, sk, size))
    if (!tcp_prune_ofo_queue(k, c, sk, tp, skb)) return false;
  return true;
}

/// Brings the socket below its limit if it can. False: drop what arrives until the application has
/// read something. net/ipv4/tcp_input.c:tcp_prune_queue()
export function tcp_prune_queue(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock, skb: Skb): boolean {
  k.mib.TcpExtPruneCalled++;
  if (sk.rmem_alloc >= sk.rcvbuf) tcp_clamp_window(k, sk, tp);
  else if (tcp_under_memory_pressure(k)) tcp_adjust_rcv_ssthresh(tp);
  if (sk.rmem_alloc <= sk.rcvbuf) return true;
  collapseQueues(k, c, sk, tp);
  if (sk.rmem_alloc <= sk.rcvbuf) return true;
  tcp_prune_ofo_queue(k, c, sk, tp, skb);
  if (sk.rmem_alloc <= sk.rcvbuf) return true;
  k.mib.TcpExtRcvPruned++;
  tp.pred_flags = 0;
  return false;
}

function collapseQueues(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock): void {
  const late = listOf(k, tp.ofo_head);
  tcp_collapse_ofo_queue(k, c, sk, tp, late);
  linkOfo(k, tp, late);
  if (sk.head < 0) return;
  const queue = listOf(k, sk.head);
  tcp_collapse(k, c, sk, tp, queue, 0, queue.length, tp.copied_seq, tp.rcv_nxt);
  link(k, queue);
  sk.head = queue[0] ?? -1;
  sk.tail = queue.at(-1) ?? -1;
  sk.qlen = queue.length;
}

/// Drops from the far end of the out-of-order queue, at least an eighth of the buffer, but nothing
/// before the packet that arrives. True: something was dropped.
/// net/ipv4/tcp_input.c:tcp_prune_ofo_queue()
function tcp_prune_ofo_queue(k: Kernel, c: Cpu, sk: Sock, tp: TcpSock, incoming: Skb): boolean {
  if (tp.ofo_head < 0) return false;
  const queue = listOf(k, tp.ofo_head);
  const had = queue.length;
  let goal = sk.rcvbuf >> 3;
  while (queue.length > 0) {
    const skb = queue.at(-1)!;
    if (after(seqOf(k.skbs, incoming), seqOf(k.skbs, skb))) break;
    queue.pop();
    goal -= k.skbs.truesize[skb]!;
    sock_rfree(k, c, skb, sk);
    tcp_drop_reason(k, c, sk, skb, REASON.TCP_OFO_QUEUE_PRUNE);
    if (queue.length > 0 && goal > 0) continue;
    if (sk.rmem_alloc <= sk.rcvbuf && !tcp_under_memory_pressure(k)) break;
    goal = sk.rcvbuf >> 3;
  }
  linkOfo(k, tp, queue);
  if (queue.length === had) return false;
  k.mib.TcpExtOfoPruned++;
  if (tp.sack_ok) tcp_sack_reset(tp);
  return true;
}

function listOf(k: Kernel, head: Skb): Skb[] {
  const list: Skb[] = [];
  for (let skb = head; skb >= 0; skb = k.skbs.next[skb]!) list.push(skb);
  return list;
}

function link(k: Kernel, list: readonly Skb[]): void {
  list.forEach((skb, i) => {
    k.skbs.next[skb] = list[i + 1] ?? -1;
  });
}

function linkOfo(k: Kernel, tp: TcpSock, list: readonly Skb[]): void {
  link(k, list);
  tp.ofo_head = list[0] ?? -1;
  tp.ofo_last = list.at(-1) ?? -1;
}
