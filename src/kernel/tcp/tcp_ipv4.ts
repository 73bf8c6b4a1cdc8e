/// TCP over IPv4: the checks of a segment, and whose it is.
/// Stands for tcp_v4_rcv() in net/ipv4/tcp_ipv4.c. What comes of the segment then
/// is the same for both families: tcp_rcv.ts.
import { COSTS } from '../costs.ts';
import { REASON } from '../reasons.ts';
import {
  FLAG_BAD_CSUM,
  FLAG_BAD_FCS,
  FLAG_BROADCAST,
  FLAG_FOREIGN,
  FLAG_MULTICAST,
  FLAG_SK,
} from '../skb.ts';
import type { Cpu, Kernel, Skb } from '../state.ts';
import { STEP, takeStep } from '../tracing.ts';
import { __inet_lookup_listener, lookUpEntry, type LookupKey } from './inet_hashtables.ts';
import { isUnicast } from './syn_checks.ts';
import { dropSegment, forConnection, forEntry, forListener, tcpCsumError } from './tcp_rcv.ts';
import { sendReset } from './tcp_synack.ts';

const NOT_HOST = FLAG_FOREIGN | FLAG_MULTICAST | FLAG_BROADCAST;
const BAD = FLAG_BAD_CSUM | FLAG_BAD_FCS;

/// A TCP segment for this host. net/ipv4/tcp_ipv4.c:tcp_v4_rcv()
export function tcp_v4_rcv(k: Kernel, c: Cpu, skb: Skb): void {
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

/// What the look-up of a packet goes by.
function lookupKey(k: Kernel, c: Cpu, skb: Skb): LookupKey {
  const flow = k.skbs.flow[skb]!;
  const { src, sport, dst, dport } = k.flows;
  return {
    src: src[flow]!,
    sport: sport[flow]!,
    dst: dst[flow]!,
    dport: dport[flow]!,
    dif: k.devs[k.skbs.dev[skb]!]!.ifindex,
    cpu: c.id,
  };
}

function withoutConnection(k: Kernel, c: Cpu, skb: Skb): void {
  c.cursor_ns += COSTS.__inet_lookup_listener.ns;
  const listener = __inet_lookup_listener(k, lookupKey(k, c, skb));
  if (listener >= 0) return forListener(k, c, listener, skb);
  if (isUnicast(k, skb)) sendReset(k, c, skb);
  dropSegment(k, c, skb, REASON.NO_SOCKET);
}
