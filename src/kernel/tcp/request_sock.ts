/// Half-open connections: a small request takes the place of a socket until the third ACK has come.
/// Stands for struct request_sock and its queue (include/net/request_sock.h), and for the requests in
/// net/ipv4/inet_connection_sock.c.
/// Left out: TCP Fast Open, requests that move to another listener of their group
/// (net.ipv4.tcp_migrate_req), the slack of the timer wheel.
import { addSlot, setTime } from '../../engine/agenda.ts';
import { COSTS } from '../costs.ts';
import { REQSK_TIMER } from '../events.ts';
import { jiffies, tickNs } from '../jiffies.ts';
import { interruptCpu } from '../piece.ts';
import type { Cpu, Kernel, RequestSock } from '../state.ts';
import { STEP } from '../tracing.ts';
import { inet_ehash_insert, inet_unhash, requestEntry } from './inet_hashtables.ts';
import { tcp_rtx_synack } from './tcp_synack.ts';
import { TCP_LISTEN } from './tcp_states.ts';

const TIMER_SOFTIRQ = 1;
const TCP_TIMEOUT_INIT_S = 1;
const TCP_RTO_MAX_S = 120;

/// An empty request of a listener; its index into reqs. net/ipv4/inet_connection_sock.c:inet_reqsk_alloc()
export function inet_reqsk_alloc(k: Kernel, listener: number, flow: number): number {
  let index = k.req_free;
  if (index >= 0) k.req_free = k.reqs[index]!.ehash_next;
  else index = k.reqs.push(emptyRequest(addSlot(k.agenda, REQSK_TIMER, k.reqs.length))) - 1;
  const { src, dst, sport, dport } = k.flows;
  const req = k.reqs[index]!;
  Object.assign(req, emptyRequest(req.slot));
  req.listener = listener;
  req.flow = flow;
  req.src = src[flow]!;
  req.dst = dst[flow]!;
  req.sport = sport[flow]!;
  req.dport = dport[flow]!;
  req.timeout = TCP_TIMEOUT_INIT_S * k.desc.hz;
  return index;
}

function emptyRequest(slot: number): RequestSock {
  return {
    ...{ listener: -1, flow: -1, src: 0, dst: 0, sport: 0, dport: 0 },
    ...{ rcv_isn: 0, rcv_nxt: 0, snt_isn: 0, mss: 0, snd_wscale: 0, rcv_wscale: 0 },
    ...{ wscale_ok: false, sack_ok: false, tstamp_ok: false, ecn_ok: false, ts_recent: 0 },
    ...{ rcv_wnd: 0, window_clamp: 0, num_timeout: 0, num_retrans: 0, timeout: 0, cookie: 0 },
    ...{ acked: false, snt_synack: 0, last_oow_ack_time: 0, iif: 0, cpu: 0 },
    ehash_next: -1,
    slot,
  };
}

/// Gives a request back that is in no table. include/net/request_sock.h:reqsk_free()
export function reqsk_free(k: Kernel, index: number): void {
  const req = k.reqs[index]!;
  req.listener = -1;
  req.ehash_next = k.req_free;
  k.req_free = index;
}

/// Puts a request where the third ACK will find it, and starts its timer on this CPU. False when its
/// 4-tuple is taken. net/ipv4/inet_connection_sock.c:inet_csk_reqsk_queue_hash_add()
export function inet_csk_reqsk_queue_hash_add(k: Kernel, c: Cpu, index: number): boolean {
  const req = k.reqs[index]!;
  if (!inet_ehash_insert(k, requestEntry(index), req.flow)) return false;
  req.cpu = c.id;
  armTimer(k, req);
  const queue = k.socks[req.listener]!.listen!;
  queue.young++;
  queue.qlen++;
  return true;
}

/// Jiffies until the request's timer fires: the first timeout, doubled each time, at most two minutes.
/// include/net/inet_connection_sock.h:reqsk_timeout()
export function reqsk_timeout(k: Kernel, req: RequestSock): number {
  return Math.min(req.timeout * 2 ** req.num_timeout, TCP_RTO_MAX_S * k.desc.hz);
}

/// Sets the timer anew from now on.
export function armTimer(k: Kernel, req: RequestSock): void {
  const due = jiffies(k) + reqsk_timeout(k, req);
  setTime(k.agenda, req.slot, Math.ceil(due * tickNs(k) - k.desc.uptime_ns));
}

/// Takes a request out of the table and gives it back. False when it is not in there.
/// net/ipv4/inet_connection_sock.c:inet_csk_reqsk_queue_drop()
export function inet_csk_reqsk_queue_drop(k: Kernel, index: number): boolean {
  const req = k.reqs[index]!;
  if (req.listener < 0) return false;
  inet_unhash(k, requestEntry(index));
  setTime(k.agenda, req.slot, Infinity);
  const queue = k.socks[req.listener]!.listen;
  if (queue) {
    if (req.num_timeout === 0) queue.young--;
    queue.qlen--;
  }
  reqsk_free(k, index);
  return true;
}

/// The slot of a request has come up. The timer's softirq is taken as part of the timer interrupt.
export function requestTimer(k: Kernel, index: number): void {
  const first = k.cpus[k.reqs[index]!.cpu]!;
  const c = first.online ? first : k.cpus.find((one) => one.online)!;
  const cursor = c.cursor_ns;
  c.cursor_ns = k.now;
  c.softirqs[TIMER_SOFTIRQ]!++;
  reqsk_timer_handler(k, c, index);
  const spent = c.cursor_ns - k.now;
  c.cursor_ns = cursor;
  interruptCpu(k, c, COSTS.tick.ns + spent, STEP.SYN);
}

/// No third ACK in time: the SYN-ACK is sent again, or the request given up. While more than half of the
/// queue is old, requests are given up sooner, so that there is room for young ones.
/// net/ipv4/inet_connection_sock.c:reqsk_timer_handler()
function reqsk_timer_handler(k: Kernel, c: Cpu, index: number): void {
  const req = k.reqs[index]!;
  const sk = k.socks[req.listener]!;
  const queue = sk.listen;
  setTime(k.agenda, req.slot, Infinity);
  if (sk.state !== TCP_LISTEN || !queue) return void inet_csk_reqsk_queue_drop(k, index);
  let most = queue.syn_retries || k.hot.tcp_synack_retries;
  if (queue.qlen * 2 > Math.max(8, queue.max_ack_backlog)) {
    let young = queue.young * 2;
    while (most > 2 && queue.qlen >= young) {
      most--;
      young *= 2;
    }
  }
  const { expire, resend } = syn_ack_recalc(req, most, queue.defer_accept);
  k.mib.TcpExtTCPTimeouts = (k.mib.TcpExtTCPTimeouts ?? 0) + 1;
  if (expire) return void inet_csk_reqsk_queue_drop(k, index);
  if (resend) {
    tcp_rtx_synack(k, c, req);
    req.num_retrans++; // inet_rtx_syn_ack()
  }
  if (req.num_timeout++ === 0) queue.young--;
  armTimer(k, req);
}

/// With TCP_DEFER_ACCEPT nothing is sent again once the bare ACK has come, until the period ends.
/// net/ipv4/inet_connection_sock.c:syn_ack_recalc()
function syn_ack_recalc(
  req: RequestSock,
  most: number,
  defer: number,
): { readonly expire: boolean; readonly resend: boolean } {
  if (!defer) return { expire: req.num_timeout >= most, resend: true };
  return {
    expire: req.num_timeout >= most && (!req.acked || req.num_timeout >= defer),
    resend: !req.acked || req.num_timeout >= defer - 1,
  };
}
