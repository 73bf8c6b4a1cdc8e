/// TCP over IPv6: the checks of a segment, and whose it is.
/// Stands for tcp_v6_rcv() and tcp_v6_early_demux() in net/ipv6/tcp_ipv6.c. What comes
/// of the segment then is the same for both families: tcp_rcv.ts.
/// Left out: copies of packets for IPV6_RECVPKTINFO and its like, flow labels that are sent back.
import { COSTS } from '../costs.ts';
import { REASON } from '../reasons.ts';
import {
  FLAG_BAD_CSUM,
  FLAG_BAD_FCS,
  FLAG_BROADCAST,
  FLAG_FOREIGN,
  FLAG_FRAG,
  FLAG_MULTICAST,
  FLAG_SK,
} from '../skb.ts';
import type { Cpu, Kernel, Skb } from '../state.ts';
import { STEP, takeStep } from '../tracing.ts';
import { inet6_lookup_listener, lookupKey6 } from './inet6_hashtables.ts';
import { __inet_lookup_established, lookUpEntry } from './inet_hashtables.ts';
import { isUnicast6 } from './syn_checks.ts';
import { dropSegment, forConnection, forEntry, forListener, tcpCsumError } from './tcp_rcv.ts';
import { sendReset } from './tcp_synack.ts';

const NOT_HOST = FLAG_FOREIGN | FLAG_MULTICAST | FLAG_BROADCAST;
const BAD = FLAG_BAD_CSUM | FLAG_BAD_FCS;

/// A TCP segment for this host. net/ipv6/tcp_ipv6.c:tcp_v6_rcv()
export function tcp_v6_rcv(k: Kernel, c: Cpu, skb: Skb): void {
  const pool = k.skbs;
  const flags = pool.flags[skb]!;
  if (flags & NOT_HOST) return dropSegment(k, c, skb, REASON.NOT_SPECIFIED);
  k.mib.TcpInSegs++;
  if (flags & BAD) return tcpCsumError(k, c, skb);
  takeStep(k, c, STEP.LOOKUP, skb, COSTS.__inet_lookup_established.ns);
  const flow = pool.flow[skb]!;
  const known = flags & FLAG_SK ? pool.sk[skb]! : k.flows.sock[flow]!;
  if (known >= 0 && k.socks[known]!.hashed) return forConnection(k, c, known, skb);
  const entry = lookUpEntry(k, flow);
  if (entry >= 0) forEntry(k, c, entry, skb);
  else withoutConnection(k, c, skb);
}

function withoutConnection(k: Kernel, c: Cpu, skb: Skb): void {
  c.cursor_ns += COSTS.__inet_lookup_listener.ns;
  const key = lookupKey6(k, k.skbs.flow[skb]!, k.skbs.dev[skb]!, c.id);
  const listener = inet6_lookup_listener(k, key);
  if (listener >= 0) return forListener(k, c, listener, skb);
  if (isUnicast6(k, skb)) sendReset(k, c, skb);
  dropSegment(k, c, skb, REASON.NO_SOCKET);
}

/// The connection that a segment is for is looked up before the route: true when there is one, whose own
/// route then serves. net/ipv6/tcp_ipv6.c:tcp_v6_early_demux()
export function tcp_v6_early_demux(k: Kernel, c: Cpu, skb: Skb): boolean {
  const flags = k.skbs.flags[skb]!;
  if (flags & (FLAG_FRAG | FLAG_BROADCAST | FLAG_MULTICAST)) return false;
  takeStep(k, c, STEP.EARLY_DEMUX, skb, COSTS.__inet_lookup_established.ns);
  const found = __inet_lookup_established(k, k.skbs.flow[skb]!);
  if (found < 0) return false;
  k.skbs.sk[skb] = found;
  k.skbs.flags[skb] = flags | FLAG_SK;
  return true;
}
