/// What a SYN for a listener must be before it is looked at: sent to this host alone.
/// Stands for tcp_v4_conn_request() in net/ipv4/tcp_ipv4.c and tcp_v6_conn_request() in
/// net/ipv6/tcp_ipv6.c.
import { RTN } from '../fib_trie.ts';
import { ip6_route_input, RT6 } from '../ip6_route.ts';
import { FLAG_DST } from '../skb.ts';
import type { Cpu, Kernel, Skb } from '../state.ts';
import { tcp_conn_request, tcp_listendrop } from './conn_request.ts';

/// Was an IPv4 packet sent to this host alone? What was sent to all gets no answer, whatever address its
/// frame bore.
export function isUnicast(k: Kernel, skb: Skb): boolean {
  const rt = k.skbs.flags[skb]! & FLAG_DST ? k.skbs.dst[skb]! : 0;
  return k.fib.dsts[rt]!.type === RTN.LOCAL;
}

/// The same for IPv6. include/net/ip6_route.h:ipv6_unicast_destination()
export function isUnicast6(k: Kernel, skb: Skb): boolean {
  return ip6_route_input(k, skb) === RT6.LOCAL;
}

/// A SYN for a listener. net/ipv4/tcp_ipv4.c:tcp_v4_conn_request()
export function tcp_v4_conn_request(k: Kernel, c: Cpu, listener: number, skb: Skb): void {
  if (isUnicast(k, skb)) tcp_conn_request(k, c, listener, skb);
  else tcp_listendrop(k, k.socks[listener]!);
}

/// The same over IPv6. An IPv4 address in the form of an IPv6 one has no place on a wire.
/// net/ipv6/tcp_ipv6.c:tcp_v6_conn_request()
export function tcp_v6_conn_request(k: Kernel, c: Cpu, listener: number, skb: Skb): void {
  if (!isUnicast6(k, skb)) return tcp_listendrop(k, k.socks[listener]!);
  if (/^::ffff:[0-9a-f]+:[0-9a-f]+$/.test(k.flows.saddr[k.skbs.flow[skb]!]!)) {
    k.mib['Ip6InHdrErrors'] = (k.mib['Ip6InHdrErrors'] ?? 0) + 1;
    return;
  }
  tcp_conn_request(k, c, listener, skb);
}
