/// UDP over IPv6: the checks of a datagram. Which socket it is for: udp6_lookup.ts. What a socket is charged and
/// when it refuses is the same for both families (udp.ts); the counters are not: a datagram counts in those of
/// its own family, whatever socket it is for.
/// Stands for net/ipv6/udp.c.
/// Left out: multicast to several sockets, datagrams without a checksum, encapsulation, UDP-Lite, sk_lookup
/// programs.
import { COSTS } from './costs.ts';
import { ICMPV6, ICMPV6_CODE, icmpv6_send } from './ipv6_icmp.ts';
import { kfree_skb_reason } from './ledger.ts';
import { countMib } from './mib.ts';
import { REASON } from './reasons.ts';
import type { Cpu, Kernel, Skb } from './state.ts';
import { STEP, takeStep } from './tracing.ts';
import { csumError, hasBadChecksum, lookUpSocket, udp_queue_rcv_skb } from './udp.ts';

const CHECKSUM_BREAK = 76; // bytes
const LOWER_HEADERS = 14 + 40;

/// net/ipv6/udp.c:udpv6_rcv(), __udp6_lib_rcv()
export function udpv6_rcv(k: Kernel, c: Cpu, skb: Skb): void {
  const bad = hasBadChecksum(k, skb);
  // A NIC leaves a wrong checksum to the stack, which checks short datagrams at once and long ones when
  // they are copied.
  if (bad && k.skbs.len[skb]! - LOWER_HEADERS <= CHECKSUM_BREAK)
    return csumError(k, c, skb, STEP.UDP);
  takeStep(k, c, STEP.LOOKUP, skb, COSTS.__udp4_lib_lookup.ns);
  const found = lookUpSocket(k, k.skbs.flow[skb]!, c.id, k.skbs.dev[skb]);
  if (found >= 0) return udp_queue_rcv_skb(k, c, k.socks[found]!, skb);
  if (k.flows.daddr[k.skbs.flow[skb]!]!.startsWith('ff')) return ignoredGroup(k, c, skb);
  if (bad) return csumError(k, c, skb, STEP.UDP);
  countMib(k, 'Udp6NoPorts');
  icmpv6_send(k, c, skb, ICMPV6.DEST_UNREACH, ICMPV6_CODE.PORT_UNREACH);
  kfree_skb_reason(k, c, skb, REASON.NO_SOCKET, STEP.LOOKUP);
}

/// To a group, and no socket has the port. net/ipv6/udp.c:__udp6_lib_mcast_deliver()
function ignoredGroup(k: Kernel, c: Cpu, skb: Skb): void {
  countMib(k, 'Udp6IgnoredMulti');
  kfree_skb_reason(k, c, skb, REASON.NOT_SPECIFIED, STEP.LOOKUP);
}
