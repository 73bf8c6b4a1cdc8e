/// Segments that come while a task is inside a system call on the socket: they wait in its backlog,
/// joined where they fit together, until release_sock().
/// Stands for tcp_add_backlog() in net/ipv4/tcp_ipv4.c and sk_add_backlog() in include/net/sock.h.
import { COSTS } from '../costs.ts';
import { REASON } from '../reasons.ts';
import { FLAG_GSO, FLAG_TSTAMP, skb_condense } from '../skb.ts';
import type { Cpu, Kernel, Skb, Sock } from '../state.ts';
import { noteStep, STEP } from '../tracing.ts';
import { ackOf, before, endSeq, seqOf } from './tcp_seq.ts';
import { countFragments, kfree_skb_partial, skb_try_coalesce } from './tcp_skb.ts';
import {
  TCPHDR_ACK,
  TCPHDR_CWR,
  TCPHDR_ECE,
  TCPHDR_RST,
  TCPHDR_SYN,
  TCPHDR_URG,
} from './tcp_states.ts';

const HEADROOM = 64 * 1024; // only the owner can collapse and prune
const NEVER = TCPHDR_SYN | TCPHDR_RST | TCPHDR_URG;
const ALIKE = TCPHDR_ECE | TCPHDR_CWR;

/// Parks a segment. 0, or the reason to drop it: the backlog and the buffer together hold twice the
/// receive buffer, half the send buffer and 64 KiB. net/ipv4/tcp_ipv4.c:tcp_add_backlog()
export function tcp_add_backlog(k: Kernel, c: Cpu, sk: Sock, skb: Skb): number {
  const pool = k.skbs;
  countFragments(pool, skb);
  skb_condense(pool, skb);
  if (pool.data_len[skb] === 0) pool.cb[skb] = 0;
  c.cursor_ns += COSTS.tcp_add_backlog.ns;
  noteStep(k, c, STEP.TCP_BACKLOG, skb, sk.backlog_len);
  if (sk.backlog_tail >= 0 && joinTail(k, sk, sk.backlog_tail, skb)) {
    k.mib.TcpExtTCPBacklogCoalesce++;
    return 0;
  }
  const limit = Math.min(sk.rcvbuf * 2 + (sk.sndbuf >>> 1) + HEADROOM, 0xffff_ffff);
  if (sk.backlog_len + sk.rmem_alloc > limit) {
    k.mib.TcpExtTCPBacklogDrop++;
    return REASON.SOCKET_BACKLOG;
  }
  pool.next[skb] = -1;
  if (sk.backlog_tail < 0) sk.backlog_head = skb;
  else pool.next[sk.backlog_tail] = skb;
  sk.backlog_tail = skb;
  sk.backlog_len += pool.truesize[skb]!;
  return 0;
}

function joinTail(k: Kernel, sk: Sock, tail: Skb, skb: Skb): boolean {
  const pool = k.skbs;
  if (!fitTogether(k, tail, skb)) return false;
  const size = Math.max(gsoSize(k, tail), gsoSize(k, skb));
  const ahead = !before(ackOf(pool, skb), ackOf(pool, tail));
  const delta = skb_try_coalesce(pool, tail, skb);
  if (delta < 0) return false;
  if (ahead) {
    pool.ack_seq[tail] = pool.ack_seq[skb]!;
    pool.window[tail] = pool.window[skb]!;
  }
  pool.tcp_flags[tail] = pool.tcp_flags[tail]! | pool.tcp_flags[skb]!;
  pool.flags[tail] = pool.flags[tail]! | FLAG_GSO;
  pool.gso_size[tail] = size;
  sk.backlog_len += delta;
  kfree_skb_partial(pool, tail, skb);
  return true;
}

/// The next bytes of the same stream, with the same options.
function fitTogether(k: Kernel, tail: Skb, skb: Skb): boolean {
  const pool = k.skbs;
  const a = pool.tcp_flags[tail]!;
  const b = pool.tcp_flags[skb]!;
  if (endSeq(pool, tail) !== seqOf(pool, skb)) return false;
  if ((a | b) & NEVER || !(a & b & TCPHDR_ACK) || (a ^ b) & ALIKE) return false;
  if ((pool.flags[tail]! ^ pool.flags[skb]!) & FLAG_TSTAMP) return false;
  if (!(pool.flags[skb]! & FLAG_TSTAMP)) return true;
  return pool.tsval[tail] === pool.tsval[skb] && pool.tsecr[tail] === pool.tsecr[skb];
}

function gsoSize(k: Kernel, skb: Skb): number {
  return k.skbs.flags[skb]! & FLAG_GSO ? k.skbs.gso_size[skb]! : k.skbs.payload[skb]!;
}
