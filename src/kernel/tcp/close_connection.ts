/// A connection that its application gives up while the other end still believes in it: it is reset, and
/// what it holds is freed.
/// Stands for tcp_disconnect() and inet_csk_destroy_sock() (net/ipv4/tcp.c,
/// net/ipv4/inet_connection_sock.c), and for tcp_close() with unread data.
/// Left out: the orderly end, with a FIN of our own, FIN-WAIT and TIME-WAIT: a connection that is closed
/// without unread data is reset as well.
import { kfree_skb_reason } from '../ledger.ts';
import { REASON } from '../reasons.ts';
import { sk_mem_reclaim } from '../sock_mem.ts';
import type { Cpu, Kernel, Skb } from '../state.ts';
import { STEP } from '../tracing.ts';
import { tcp_send_active_reset } from './tcp_output.ts';
import { tcp_set_state } from './tcp_sock.ts';
import { TCP_CLOSE } from './tcp_states.ts';
import { stopCompressedAck, stopDelack } from './tcp_timer_state.ts';

/// Ends a connection from this side.
export function closeConnection(k: Kernel, c: Cpu, index: number): void {
  const sk = k.socks[index]!;
  const tp = sk.tcp;
  if (!tp) throw new Error(`socket ${index} is no connection`);
  if (sk.state !== TCP_CLOSE) tcp_send_active_reset(k, c, sk, tp);
  tcp_set_state(k, sk, TCP_CLOSE);
  stopDelack(k, tp);
  stopCompressedAck(k, tp);
  for (const head of [sk.head, tp.ofo_head, sk.backlog_head]) purge(k, c, head);
  sk.head = sk.tail = tp.ofo_head = tp.ofo_last = sk.backlog_head = sk.backlog_tail = -1;
  sk.qlen = sk.backlog_len = 0;
  sk.forward_alloc += sk.rmem_alloc;
  sk.rmem_alloc = 0;
  sk_mem_reclaim(k, c, sk);
  k.tcp_sockets_allocated--;
  sk.task = 0;
}

function purge(k: Kernel, c: Cpu, head: Skb): void {
  for (let skb = head; skb >= 0;) {
    const next = k.skbs.next[skb]!;
    kfree_skb_reason(k, c, skb, REASON.NOT_SPECIFIED, STEP.RECVMSG);
    skb = next;
  }
}
