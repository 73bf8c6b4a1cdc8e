/// Reassembly: fragments of a datagram wait until all are here, or too long.
/// Stands for net/ipv4/ip_fragment.c; inet_fragment.ts has what IPv6 does alike. A fragment's column `payload` holds
/// its bytes behind the IP header, `frag_off` where they belong. An overlap ends the whole datagram, a
/// duplicate only itself (RFC 5722).
/// Left out: conntrack's own queues (user), low_thresh (nothing reads it since Linux 4.17).
/// IPv6: ipv6_reassembly.ts.
import { COSTS } from './costs.ts';
import { FRAG_EXPIRE } from './events.ts';
import { addressText } from './flows.ts';
import { ecnFits, mergeEcn } from './frag_ecn.ts';
import { ICMP, ICMP_CODE, icmp_send } from './icmp.ts';
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
import { inet_getpeer_v4 } from './inetpeer.ts';
import { kfree_skb_reason } from './ledger.ts';
import { rateLimited } from './net_ratelimit.ts';
import { REASON } from './reasons.ts';
import { ip_route_input_noref } from './route.ts';
import { FLAG_DF, FLAG_DST, FLAG_FRAG, FLAG_MF } from './skb.ts';
import type { Cpu, FragQueue, Kernel, Skb } from './state.ts';
import { STEP, takeStep } from './tracing.ts';

const ETH_HLEN = 14;
const IP_HLEN = 20;
const FIRST_IN = 1;
const LAST_IN = 2;

const IPV4_FRAGS: Fragments = {
  table: (k) => k.frags,
  queue_bytes: 200, // sizeof(struct ipq) on x86-64
  timer: FRAG_EXPIRE,
  step: STEP.LOCAL_IN,
};

/// Takes a fragment. True when it was the last one missing: it is the whole datagram now. Else it
/// waits, or is gone and accounted for. net/ipv4/ip_fragment.c:ip_defrag()
export function ip_defrag(k: Kernel, c: Cpu, skb: Skb): boolean {
  takeStep(k, c, STEP.LOCAL_IN, skb, COSTS.ip_defrag.ns);
  k.mib.IpReasmReqds++;
  const qp = inet_frag_find(k, skb);
  if (qp === null) {
    k.mib.IpReasmFails++;
    drop(k, c, skb, REASON.NOT_SPECIFIED);
    return false;
  }
  return ip_frag_queue(k, c, qp, skb);
}

function drop(k: Kernel, c: Cpu, skb: Skb, reason: number): void {
  kfree_skb_reason(k, c, skb, reason, STEP.LOCAL_IN);
}

/// The queue of the fragment's datagram, a new one if need be; null above ipfrag_high_thresh, for
/// fragments of datagrams that are here too.
function inet_frag_find(k: Kernel, skb: Skb): FragQueue | null {
  const high = Number(k.sysctl['net.ipv4.ipfrag_high_thresh']);
  if (high === 0 || k.frags.mem > high) return null;
  const flow = k.skbs.flow[skb]!;
  const src = k.flows.src[flow]!;
  const dst = k.flows.dst[flow]!;
  const proto = k.flows.proto[flow]!;
  const id = k.skbs.ipid[skb]!;
  const known = k.frags.queues.find(
    (q) => q.live && q.id === id && q.src === src && q.dst === dst && q.proto === proto,
  );
  return known ?? inet_frag_create(k, { src, dst, proto, id });
}

function inet_frag_create(
  k: Kernel,
  key: Pick<FragQueue, 'src' | 'dst' | 'proto' | 'id'>,
): FragQueue {
  const limited = k.sysctl['net.ipv4.ipfrag_max_dist'] !== '0';
  const made: FragQueue = {
    ...key,
    live: true,
    flow: -1,
    flags: 0,
    len: 0,
    meat: 0,
    ecn: 0,
    iif: 0,
    rid: 0,
    peer: limited ? inet_getpeer_v4(k, key.src) : -1,
    head: -1,
    tail: -1,
    last_run: -1,
    fragments: 0,
    expires: 0,
    max_size: 0,
    max_df_size: 0,
  };
  keepQueue(k.frags, IPV4_FRAGS, made);
  startTimer(k, made);
  return made;
}

function startTimer(k: Kernel, qp: FragQueue): void {
  qp.expires = k.now + Number(k.sysctl['net.ipv4.ipfrag_time']) * 1_000_000_000;
  planExpiry(k, IPV4_FRAGS);
}

/// Drops every fragment of a queue.
function flush(k: Kernel, c: Cpu, qp: FragQueue, reason: number): void {
  inet_frag_queue_flush(k, IPV4_FRAGS, qp, (part) => drop(k, c, part, reason));
}

/// Too many other fragments of this sender since the last one of this datagram: it is an old
/// identification used again. net/ipv4/ip_fragment.c:ip_frag_too_far()
function ip_frag_too_far(k: Kernel, qp: FragQueue): boolean {
  const max = Number(k.sysctl['net.ipv4.ipfrag_max_dist']);
  if (qp.peer < 0 || max === 0) return false;
  const start = qp.rid;
  const end = ++k.peers[qp.peer]!.rid;
  qp.rid = end;
  if (qp.head < 0 || end - start <= max) return false;
  k.mib.IpReasmFails++;
  return true;
}

/// Begins the datagram anew. net/ipv4/ip_fragment.c:ip_frag_reinit()
function ip_frag_reinit(k: Kernel, c: Cpu, qp: FragQueue): void {
  flush(k, c, qp, REASON.FRAG_TOO_FAR);
  qp.flags = 0;
  qp.len = 0;
  qp.meat = 0;
  qp.ecn = 0;
  startTimer(k, qp);
}

/// Puts a fragment where it belongs. net/ipv4/ip_fragment.c:ip_frag_queue()
function ip_frag_queue(k: Kernel, c: Cpu, qp: FragQueue, skb: Skb): boolean {
  if (ip_frag_too_far(k, qp)) ip_frag_reinit(k, c, qp);
  const flags = k.skbs.flags[skb]!;
  const offset = k.skbs.frag_off[skb]!;
  let end = offset + k.skbs.payload[skb]!;
  if ((flags & FLAG_MF) === 0) {
    if (end < qp.len || (qp.flags & LAST_IN && end !== qp.len)) return discard(k, c, qp, skb);
    qp.flags |= LAST_IN;
    qp.len = end;
  } else {
    end -= end & 7;
    if (end > qp.len) {
      if (qp.flags & LAST_IN) return discard(k, c, qp, skb);
      qp.len = end;
    }
  }
  if (end === offset) return discard(k, c, qp, skb);
  k.skbs.payload[skb] = end - offset;
  const inserted = inet_frag_queue_insert(k, qp, skb, offset, end);
  if (inserted === 'duplicate') {
    drop(k, c, skb, REASON.DUP_FRAG);
    return false;
  }
  if (inserted === 'overlap') {
    k.mib.IpExtReasmOverlaps++;
    return discard(k, c, qp, skb);
  }
  // The route is the last fragment's: those that wait have none.
  k.skbs.flags[skb] = flags & ~FLAG_DST;
  account(k, qp, skb, flags, offset, end);
  if (qp.flags !== (FIRST_IN | LAST_IN) || qp.meat !== qp.len) return false;
  return ip_frag_reasm(k, qp, skb, flags & FLAG_DST);
}

function account(
  k: Kernel,
  qp: FragQueue,
  skb: Skb,
  flags: number,
  offset: number,
  end: number,
): void {
  qp.iif = k.skbs.dev[skb]!;
  qp.meat += end - offset;
  qp.ecn |= 1 << (k.flows.tos[k.skbs.flow[skb]!]! & 3);
  qp.fragments++;
  k.frags.mem += k.skbs.truesize[skb]!;
  if (offset === 0) qp.flags |= FIRST_IN;
  const size = end - offset + IP_HLEN;
  qp.max_size = Math.max(qp.max_size, size);
  if (flags & FLAG_DF) qp.max_df_size = Math.max(qp.max_df_size, size);
}

/// The datagram is damaged: all of it goes.
function discard(k: Kernel, c: Cpu, qp: FragQueue, skb: Skb): boolean {
  inet_frag_kill(k, IPV4_FRAGS, qp);
  k.mib.IpReasmFails++;
  drop(k, c, skb, REASON.NOT_SPECIFIED);
  inet_frag_destroy(k, IPV4_FRAGS, qp);
  return false;
}

/// All are here: the one that came last becomes the whole datagram, so that whoever holds it goes on
/// with it. False when the parts do not go together. net/ipv4/ip_fragment.c:ip_frag_reasm()
function ip_frag_reasm(k: Kernel, qp: FragQueue, skb: Skb, routed: number): boolean {
  inet_frag_kill(k, IPV4_FRAGS, qp);
  const tooLarge = ecnFits(qp.ecn) && IP_HLEN + qp.len > 65535;
  if (tooLarge) rateLimited(k, `Oversized IP packet from ${addressText(qp.src)}`);
  if (tooLarge || !ecnFits(qp.ecn)) {
    k.mib.IpReasmFails++;
    inet_frag_destroy(k, IPV4_FRAGS, qp);
    return false;
  }
  const pool = k.skbs;
  gather(k, IPV4_FRAGS, qp, skb);
  pool.len[skb] = ETH_HLEN + IP_HLEN + qp.len;
  const whollyDf = qp.max_df_size === qp.max_size ? FLAG_DF : 0;
  const kept = pool.flags[skb]! & ~(FLAG_FRAG | FLAG_MF | FLAG_DF);
  pool.flags[skb] = kept | whollyDf | routed;
  mergeEcn(k, skb, qp.ecn);
  k.mib.IpReasmOKs++;
  return true;
}

/// The oldest queue has waited ipfrag_time. net/ipv4/ip_fragment.c:ip_expire()
export function ip_expire(k: Kernel): void {
  expireQueues(k, IPV4_FRAGS, expireQueue);
}

/// Whoever sent the first fragment is told, if it is here.
function expireQueue(k: Kernel, c: Cpu, qp: FragQueue): void {
  qp.live = false;
  k.frags.mem -= IPV4_FRAGS.queue_bytes;
  k.mib.IpReasmFails++;
  k.mib.IpReasmTimeout++;
  if (qp.flags & FIRST_IN && qp.head >= 0) {
    const rt = ip_route_input_noref(k, qp.head, qp.iif);
    if (rt > 0) {
      k.skbs.dst[qp.head] = rt;
      k.skbs.flags[qp.head] = k.skbs.flags[qp.head]! | FLAG_DST;
    }
    if (rt >= 0) icmp_send(k, c, qp.head, ICMP.TIME_EXCEEDED, ICMP_CODE.EXC_FRAGTIME);
  }
  flush(k, c, qp, REASON.FRAG_REASM_TIMEOUT);
}
