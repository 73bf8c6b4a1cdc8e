/// Reassembly of IPv6: only the sender cuts, in a header of its own; fragments of a datagram wait here until all
/// have come, or too long.
/// Stands for net/ipv6/reassembly.c and include/net/ipv6_frag.h; inet_fragment.ts has what
/// IPv4 does alike. A fragment's column `payload` holds its bytes behind the fragment header, `ipid` the
/// identification. An overlap ends the whole datagram (RFC 5722).
/// Left out: conntrack's own queues, atomic fragments, headers that the first fragment does not reach.
import { COSTS } from './costs.ts';
import { FRAG6_EXPIRE } from './events.ts';
import { ecnFits, mergeEcn } from './frag_ecn.ts';
import {
  expireQueues,
  gather,
  inet_frag_destroy,
  inet_frag_kill,
  inet_frag_queue_flush,
  inet_frag_queue_insert,
  keepQueue,
  planExpiry,
  type Fragments,
} from './inet_fragment.ts';
import { isLinkLocal6 } from './address.ts';
import { ICMPV6, ICMPV6_CODE, icmpv6_send } from './ipv6_icmp.ts';
import { countIp6, countReceived6 } from './ipv6_mib.ts';
import { kfree_skb_reason } from './ledger.ts';
import { REASON } from './reasons.ts';
import { FLAG_FRAG, FLAG_IPID, FLAG_MF, FLAG_SK } from './skb.ts';
import type { Cpu, FragQueue, Kernel, Skb } from './state.ts';
import { STEP, takeStep } from './tracing.ts';

const ETH_HLEN = 14;
const IPV6_HLEN = 40;
const FRAG_HLEN = 8;
const IPV6_MAXPLEN = 65535;
const FIRST_IN = 1;
const LAST_IN = 2;

const IPV6_FRAGS: Fragments = {
  table: (k) => k.frags6,
  queue_bytes: 184, // sizeof(struct frag_queue) on x86-64
  timer: FRAG6_EXPIRE,
  step: STEP.TRANSPORT,
};

/// Takes a fragment. True when it was the last one missing: it is the whole datagram now. Else it waits, or
/// is gone and accounted for. net/ipv6/reassembly.c:ipv6_frag_rcv()
export function defragment6(k: Kernel, c: Cpu, skb: Skb): boolean {
  takeStep(k, c, STEP.TRANSPORT, skb, COSTS.ip_defrag.ns);
  countReceived6(k, skb, 'Ip6ReasmReqds');
  const fq = findQueue(k, skb);
  if (fq !== null) return queueFragment(k, c, fq, skb);
  countReceived6(k, skb, 'Ip6ReasmFails');
  drop(k, c, skb, REASON.NOT_SPECIFIED);
  return false;
}

function drop(k: Kernel, c: Cpu, skb: Skb, reason: number): void {
  kfree_skb_reason(k, c, skb, reason, STEP.TRANSPORT);
}

/// The queue of the fragment's datagram, a new one if need be; null above net.ipv6.ip6frag_high_thresh. For
/// groups and on a link the device counts too.
function findQueue(k: Kernel, skb: Skb): FragQueue | null {
  const high = Number(k.sysctl['net.ipv6.ip6frag_high_thresh']);
  if (high === 0 || k.frags6.mem > high) return null;
  const { saddr, daddr } = k.flows;
  const flow = k.skbs.flow[skb]!;
  const id = k.skbs.ipid[skb]!;
  const to = daddr[flow]!;
  const scoped = to.startsWith('ff') || isLinkLocal6(to);
  const known = k.frags6.queues.find(
    (q) =>
      q.live &&
      q.id === id &&
      saddr[q.flow] === saddr[flow] &&
      daddr[q.flow] === to &&
      (!scoped || q.iif === k.skbs.dev[skb]),
  );
  return known ?? createQueue(k, flow, id, k.skbs.dev[skb]!);
}

function createQueue(k: Kernel, flow: number, id: number, iif: number): FragQueue {
  const made: FragQueue = {
    ...{ live: true, flow, src: 0, dst: 0, proto: k.flows.proto[flow]!, id, flags: 0, len: 0 },
    ...{ meat: 0, ecn: 0, iif, rid: 0, peer: -1, head: -1, tail: -1, last_run: -1 },
    ...{ fragments: 0, max_size: 0, max_df_size: 0 },
    expires: k.now + Number(k.sysctl['net.ipv6.ip6frag_time']) * 1_000_000_000,
  };
  keepQueue(k.frags6, IPV6_FRAGS, made);
  planExpiry(k, IPV6_FRAGS);
  return made;
}

/// Puts a fragment where it belongs. net/ipv6/reassembly.c:ip6_frag_queue()
function queueFragment(k: Kernel, c: Cpu, fq: FragQueue, skb: Skb): boolean {
  const flags = k.skbs.flags[skb]!;
  const offset = k.skbs.frag_off[skb]!;
  const end = offset + k.skbs.payload[skb]!;
  const more = (flags & FLAG_MF) !== 0;
  if (end > IPV6_MAXPLEN || (more && end & 7)) return headerField(k, c, skb);
  if (!more) {
    if (end < fq.len || (fq.flags & LAST_IN && end !== fq.len)) return discard(k, c, fq, skb);
    fq.flags |= LAST_IN;
    fq.len = end;
  } else if (end > fq.len) {
    if (fq.flags & LAST_IN) return discard(k, c, fq, skb);
    fq.len = end;
  }
  if (end === offset) return discard(k, c, fq, skb);
  const inserted = inet_frag_queue_insert(k, fq, skb, offset, end);
  if (inserted === 'duplicate') {
    drop(k, c, skb, REASON.DUP_FRAG);
    return false;
  }
  if (inserted === 'overlap') return discard(k, c, fq, skb);
  fq.iif = k.skbs.dev[skb]!;
  fq.meat += end - offset;
  fq.ecn |= 1 << (k.flows.tos[k.skbs.flow[skb]!]! & 3);
  fq.fragments++;
  k.frags6.mem += k.skbs.truesize[skb]!;
  fq.max_size = Math.max(fq.max_size, end - offset + IPV6_HLEN + FRAG_HLEN);
  if (offset === 0) fq.flags |= FIRST_IN;
  if (fq.flags !== (FIRST_IN | LAST_IN) || fq.meat !== fq.len) return false;
  return reassemble(k, fq, skb);
}

/// A fragment that cannot be: its sender is told. include/linux/icmpv6.h:icmpv6_param_prob()
function headerField(k: Kernel, c: Cpu, skb: Skb): false {
  countReceived6(k, skb, 'Ip6InHdrErrors');
  icmpv6_send(k, c, skb, ICMPV6.PARAMPROB, ICMPV6_CODE.HDR_FIELD);
  drop(k, c, skb, REASON.NOT_SPECIFIED);
  return false;
}

/// The datagram is damaged: all of it goes. What waited counts as used up, as in IPv4.
function discard(k: Kernel, c: Cpu, fq: FragQueue, skb: Skb): false {
  inet_frag_kill(k, IPV6_FRAGS, fq);
  countReceived6(k, skb, 'Ip6ReasmFails');
  drop(k, c, skb, REASON.NOT_SPECIFIED);
  inet_frag_destroy(k, IPV6_FRAGS, fq);
  return false;
}

/// All are here: the one that came last becomes the whole datagram, without a fragment header. False when the
/// parts do not go together. net/ipv6/reassembly.c:ip6_frag_reasm()
function reassemble(k: Kernel, fq: FragQueue, skb: Skb): boolean {
  inet_frag_kill(k, IPV6_FRAGS, fq);
  if (!ecnFits(fq.ecn)) {
    countReceived6(k, skb, 'Ip6ReasmFails');
    inet_frag_destroy(k, IPV6_FRAGS, fq);
    return false;
  }
  const pool = k.skbs;
  gather(k, IPV6_FRAGS, fq, skb);
  pool.len[skb] = ETH_HLEN + IPV6_HLEN + fq.len;
  pool.flags[skb] = pool.flags[skb]! & ~(FLAG_FRAG | FLAG_MF | FLAG_IPID | FLAG_SK);
  mergeEcn(k, skb, fq.ecn);
  countReceived6(k, skb, 'Ip6ReasmOKs');
  return true;
}

/// The oldest queue has waited net.ipv6.ip6frag_time. include/net/ipv6_frag.h:ip6frag_expire_frag_queue()
export function ip6frag_expire_frag_queue(k: Kernel): void {
  expireQueues(k, IPV6_FRAGS, expire);
}

/// Whoever sent the first fragment is told, if it is here.
function expire(k: Kernel, c: Cpu, fq: FragQueue): void {
  fq.live = false;
  k.frags6.mem -= IPV6_FRAGS.queue_bytes;
  countIp6(k, fq.iif, 'Ip6ReasmFails');
  countIp6(k, fq.iif, 'Ip6ReasmTimeout');
  if (fq.flags & FIRST_IN) icmpv6_send(k, c, fq.head, ICMPV6.TIME_EXCEED, ICMPV6_CODE.EXC_FRAGTIME);
  inet_frag_queue_flush(k, IPV6_FRAGS, fq, (part) => drop(k, c, part, REASON.FRAG_REASM_TIMEOUT));
}
