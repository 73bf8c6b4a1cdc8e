/// A SYN for a listener: it is answered with a SYN-ACK and remembered as a request, answered with a cookie
/// and not remembered, or dropped.
/// Stands for tcp_conn_request() and tcp_syn_flood_action() in net/ipv4/tcp_input.c, and
/// tcp_openreq_init_rwin() in net/ipv4/tcp_minisocks.c.
/// Left out: TCP Fast Open; peers proven alive by the metrics of earlier connections (tcp_metrics), which
/// may use the last quarter of net.ipv4.tcp_max_syn_backlog: here nobody is proven.
import { addressBytes, isLinkLocal6 } from '../address.ts';
import { COSTS } from '../costs.ts';
import { printk } from '../printk.ts';
import { siphash } from '../siphash.ts';
import { SOCK_RCVBUF_LOCK } from '../sock_mem.ts';
import type { Cpu, Kernel, ListenSock, RequestSock, Skb, Sock } from '../state.ts';
import { noteStep, STEP } from '../tracing.ts';
import { inet_csk_reqsk_queue_hash_add, inet_reqsk_alloc, reqsk_free } from './request_sock.ts';
import { cookieInitSequence } from './syncookies.ts';
import { seqOf } from './tcp_seq.ts';
import { TCP_DEFAULT_SCALING_RATIO } from './tcp_space.ts';
import { TCP_MSS_DEFAULT, TCPOLEN_TSTAMP_ALIGNED } from './tcp_states.ts';
import { advertisedMss, asksForEcn, sendSynack, timestampOf } from './tcp_synack.ts';
import { tcp_select_initial_window } from './tcp_window.ts';

const AF_INET6 = 10;
const TCP_MAX_WSCALE = 14;

/// More requests than the backlog? include/net/inet_connection_sock.h:inet_csk_reqsk_queue_is_full()
export function inet_csk_reqsk_queue_is_full(queue: ListenSock): boolean {
  return queue.qlen > queue.max_ack_backlog;
}

/// More connections waiting than the backlog? include/net/sock.h:sk_acceptq_is_full()
export function sk_acceptq_is_full(queue: ListenSock): boolean {
  return queue.accept_queue.length > queue.max_ack_backlog;
}

/// Counts a connection attempt that the listener drops. include/net/tcp.h:tcp_listendrop()
export function tcp_listendrop(k: Kernel, sk: Sock): void {
  sk.drops++;
  k.mib.TcpExtListenDrops = (k.mib.TcpExtListenDrops ?? 0) + 1;
}

/// Too many requests: true to answer with a cookie, false to drop. The first time is logged.
/// net/ipv4/tcp_input.c:tcp_syn_flood_action()
function tcp_syn_flood_action(k: Kernel, sk: Sock): boolean {
  const queue = sk.listen!;
  const cookies = k.hot.tcp_syncookies;
  const counter = cookies ? 'TcpExtTCPReqQFullDoCookies' : 'TcpExtTCPReqQFullDrop';
  k.mib[counter] = (k.mib[counter] ?? 0) + 1;
  if (!queue.synflood_warned && cookies !== 2) {
    queue.synflood_warned = true;
    const six = sk.family === AF_INET6;
    const port = six ? `[${sk.local}]:${sk.port}` : `${sk.local}:${sk.port}`;
    const message = cookies ? 'Sending cookies' : 'Dropping request';
    printk(k, `TCP: request_sock_TCP: Possible SYN flooding on port ${port}. ${message}.`);
  }
  return cookies !== 0;
}

/// net/ipv4/tcp_input.c:tcp_conn_request()
export function tcp_conn_request(k: Kernel, c: Cpu, listener: number, skb: Skb): void {
  const sk = k.socks[listener]!;
  const queue = sk.listen!;
  const { tcp_syncookies, tcp_max_syn_backlog } = k.hot;
  noteStep(k, c, STEP.SYN, skb, queue.qlen);
  let want_cookie = false;
  if (tcp_syncookies === 2 || inet_csk_reqsk_queue_is_full(queue)) {
    want_cookie = tcp_syn_flood_action(k, sk);
    if (!want_cookie) return tcp_listendrop(k, sk);
  }
  if (sk_acceptq_is_full(queue)) {
    k.mib.TcpExtListenOverflows = (k.mib.TcpExtListenOverflows ?? 0) + 1;
    return tcp_listendrop(k, sk);
  }
  // Without cookies the last quarter is for peers proven alive.
  const quarter = tcp_max_syn_backlog >> 2;
  if (!want_cookie && !tcp_syncookies && tcp_max_syn_backlog - queue.qlen < quarter)
    return tcp_listendrop(k, sk);
  c.cursor_ns += COSTS.tcp_conn_request.ns;
  const index = inet_reqsk_alloc(k, listener, k.skbs.flow[skb]!);
  const req = k.reqs[index]!;
  tcp_openreq_init(k, req, skb, sk, want_cookie);
  if (want_cookie) {
    c.cursor_ns += COSTS.secure_tcp_syn_cookie.ns;
    req.snt_isn = cookieInitSequence(k, sk, req, seqOf(k.skbs, skb));
    if (!req.tstamp_ok) req.ecn_ok = false;
  } else req.snt_isn = initialSequence(k, req);
  tcp_openreq_init_rwin(k, req, sk);
  if (!want_cookie && !inet_csk_reqsk_queue_hash_add(k, c, index)) return reqsk_free(k, index);
  sendSynack(k, c, req, want_cookie);
  if (want_cookie) reqsk_free(k, index);
}

/// What the SYN says. A cookie without timestamps has no room for more than the segment size.
/// net/ipv4/tcp_input.c:tcp_openreq_init()
function tcp_openreq_init(
  k: Kernel,
  req: RequestSock,
  skb: Skb,
  sk: Sock,
  want_cookie: boolean,
): void {
  const { tcp } = k.hot;
  const syn = k.flows.syn[req.flow] ?? null;
  const tstamp = syn !== null && syn.tstamp && tcp.timestamps !== 0;
  const options = want_cookie && !tstamp ? null : syn;
  req.rcv_isn = seqOf(k.skbs, skb);
  req.rcv_nxt = (req.rcv_isn + 1) >>> 0;
  req.mss = syn?.mss || TCP_MSS_DEFAULT;
  req.sack_ok = options !== null && options.sack_ok && tcp.sack !== 0;
  req.wscale_ok = options !== null && options.wscale >= 0 && tcp.window_scaling !== 0;
  req.snd_wscale = req.wscale_ok ? Math.min(options!.wscale, TCP_MAX_WSCALE) : 0;
  req.tstamp_ok = tstamp;
  req.ts_recent = tstamp ? timestampOf(k, skb) : 0;
  req.iif = sk.bound_dev || scopeOf(k, skb);
  // tcp_ecn_create_request(): a SYN that is ECN-capable itself breaks RFC 3168, so it is not believed.
  const ect = (k.flows.tos[req.flow]! & 3) !== 0;
  req.ecn_ok = !ect && asksForEcn(k.skbs.tcp_flags[skb]!) && k.sysctl['net.ipv4.tcp_ecn'] !== '0';
}

/// The first window, from the listener's buffer. net/ipv4/tcp_minisocks.c:tcp_openreq_init_rwin()
function tcp_openreq_init_rwin(k: Kernel, req: RequestSock, sk: Sock): void {
  const mss = advertisedMss(k, req.flow);
  firstWindow(k, req, sk, mss - (req.tstamp_ok ? TCPOLEN_TSTAMP_ALIGNED : 0));
}

/// The first window in segments of that size. When a cookie comes back it is chosen anew, in those of the
/// cookie: net/ipv4/syncookies.c:cookie_v4_check()
export function firstWindow(k: Kernel, req: RequestSock, sk: Sock, mss: number): void {
  const space = Math.floor((sk.rcvbuf * TCP_DEFAULT_SCALING_RATIO) / 256);
  const window = tcp_select_initial_window(
    k,
    space,
    mss,
    sk.userlocks & SOCK_RCVBUF_LOCK ? space : 0,
    req.wscale_ok,
    0,
  );
  req.rcv_wnd = window.rcv_wnd;
  req.window_clamp = window.window_clamp;
  req.rcv_wscale = window.rcv_wscale;
}

/// The device that a link-local sender is on: its address means nothing elsewhere. 0: any other sender.
/// net/ipv6/tcp_ipv6.c:tcp_v6_init_req()
export function scopeOf(k: Kernel, skb: Skb): number {
  const flow = k.skbs.flow[skb]!;
  if (k.flows.family[flow] !== AF_INET6 || !isLinkLocal6(k.flows.saddr[flow]!)) return 0;
  return k.devs[k.skbs.dev[skb]!]!.ifindex;
}

/// An initial sequence number that nobody can guess: a keyed hash of the 4-tuple plus a clock of 64 ns.
/// net/core/secure_seq.c:secure_tcp_seq(), secure_tcpv6_seq()
function initialSequence(k: Kernel, req: RequestSock): number {
  const { saddr, daddr } = k.flows;
  const addresses = [...addressBytes(daddr[req.flow]!), ...addressBytes(saddr[req.flow]!)];
  const data = new Uint8Array(addresses.length + 4);
  data.set(addresses);
  const ports = new DataView(data.buffer, addresses.length);
  ports.setUint16(0, req.sport);
  ports.setUint16(2, req.dport);
  const clock = Math.floor((k.desc.uptime_ns + k.now) / 64) >>> 0;
  return (siphash(data, k.secrets.net).low + clock) >>> 0;
}
