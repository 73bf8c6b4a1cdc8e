/// The third ACK makes the socket of a connection, unless the accept queue is full.
/// Stands for tcp_v4_syn_recv_sock() in net/ipv4/tcp_ipv4.c and tcp_v6_syn_recv_sock() in
/// net/ipv6/tcp_ipv6.c; what the socket is like: openreq_child.ts.
import { COSTS } from '../costs.ts';
import type { Cpu, Kernel, RequestSock, Skb } from '../state.ts';
import { sk_acceptq_is_full, tcp_listendrop } from './conn_request.ts';
import {
  inet_ehash_insert,
  inet_unhash,
  lookUpEntry,
  requestEntry,
  sockEntry,
} from './inet_hashtables.ts';
import { tcp_create_openreq_child } from './openreq_child.ts';

/// Makes the connection and puts it into the table in place of the request (-1: there is none, a cookie has
/// come back). Its index into socks; -1: dropped.
export function synRecvSock(
  k: Kernel,
  c: Cpu,
  listener: number,
  skb: Skb,
  req: RequestSock,
  request: number,
): number {
  const parent = k.socks[listener]!;
  if (sk_acceptq_is_full(parent.listen!)) {
    k.mib.TcpExtListenOverflows = (k.mib.TcpExtListenOverflows ?? 0) + 1;
    tcp_listendrop(k, parent);
    return -1;
  }
  c.cursor_ns += COSTS.tcp_v4_syn_recv_sock.ns;
  if (request >= 0) inet_unhash(k, requestEntry(request));
  else if (lookUpEntry(k, req.flow) >= 0) return -1;
  const child = tcp_create_openreq_child(k, parent, req, skb);
  const sk = k.socks[child]!;
  k.tcp_sockets_allocated++;
  inet_ehash_insert(k, sockEntry(child), req.flow);
  sk.bound_dev = req.iif;
  sk.hashed = true;
  k.flows.sock[req.flow] = child;
  return child;
}
