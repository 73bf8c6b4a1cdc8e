/// SYN cookies: the state of a half-open connection goes into the sequence number of the SYN-ACK, and comes
/// back with the third ACK, so that a flood of SYNs fills no memory.
/// Stands for net/ipv4/syncookies.c and net/ipv6/syncookies.c, which differ in what is hashed and in the
/// segment sizes that a cookie can tell.
/// Left out: cookies made by programs, TCP authentication options.
import { addressBytes } from '../address.ts';
import { jiffies } from '../jiffies.ts';
import { siphash } from '../siphash.ts';
import { FLAG_TSTAMP } from '../skb.ts';
import type { Kernel, RequestSock, Skb, Sock } from '../state.ts';
import { ackOf, seqOf } from './tcp_seq.ts';

const COOKIEBITS = 24; // the bits above count minutes
const COOKIEMASK = (1 << COOKIEBITS) - 1;
const MAX_SYNCOOKIE_AGE = 2;
const TCP_SYNCOOKIE_PERIOD_S = 60;
const AF_INET6 = 10;
const msstab = [536, 1300, 1440, 1460];
const msstab6 = [1220, 1420, 1440, 8940];

// Options in the lowest bits of the timestamp that a cookie's SYN-ACK carries.
const TS_OPT_WSCALE_MASK = 15;
const TS_OPT_SACK = 16;
const TS_OPT_ECN = 32;
const TSBITS = 6;

/// Minutes since boot. include/net/tcp.h:tcp_cookie_time()
function tcp_cookie_time(k: Kernel): number {
  return Math.floor(jiffies(k) / (TCP_SYNCOOKIE_PERIOD_S * k.desc.hz)) >>> 0;
}

function sizesOf(k: Kernel, flow: number): readonly number[] {
  return k.flows.family[flow] === AF_INET6 ? msstab6 : msstab;
}

/// net/ipv4/syncookies.c:cookie_hash()
function cookie_hash(k: Kernel, flow: number, count: number, which: 0 | 1): number {
  if (k.flows.family[flow] === AF_INET6) return cookieHash6(k, flow, count, which);
  const { src, dst, sport, dport } = k.flows;
  const words = [
    networkOrder(src[flow]!),
    networkOrder(dst[flow]!),
    ((swap16(sport[flow]!) << 16) | swap16(dport[flow]!)) >>> 0,
    count,
  ];
  const data = new Uint8Array(16);
  words.forEach((word, i) => {
    for (let byte = 0; byte < 4; byte++) data[i * 4 + byte] = (word >>> (8 * byte)) & 0xff;
  });
  return siphash(data, k.secrets.syncookie[which]!).low;
}

/// net/ipv6/syncookies.c:cookie_hash()
function cookieHash6(k: Kernel, flow: number, count: number, which: 0 | 1): number {
  const { saddr, daddr, sport, dport } = k.flows;
  const data = new Uint8Array(40);
  data.set(addressBytes(saddr[flow]!));
  data.set(addressBytes(daddr[flow]!), 16);
  const rest = new DataView(data.buffer, 32);
  rest.setUint32(0, count, true);
  rest.setUint16(4, sport[flow]!);
  rest.setUint16(6, dport[flow]!);
  return siphash(data, k.secrets.syncookie6[which]!).low;
}

// Addresses and ports as a little-endian CPU reads them in network order.
function networkOrder(x: number): number {
  return ((x << 24) | ((x & 0xff00) << 8) | ((x >>> 8) & 0xff00) | (x >>> 24)) >>> 0;
}
function swap16(x: number): number {
  return ((x & 0xff) << 8) | (x >> 8);
}

/// net/ipv4/syncookies.c:secure_tcp_syn_cookie()
function secure_tcp_syn_cookie(k: Kernel, flow: number, sseq: number, data: number): number {
  const count = tcp_cookie_time(k);
  const low = (cookie_hash(k, flow, count, 1) + data) & COOKIEMASK;
  return (cookie_hash(k, flow, 0, 0) + sseq + ((count << COOKIEBITS) >>> 0) + low) >>> 0;
}

/// What a cookie was made with; -1 when it is too old; any number when it is no cookie of ours.
/// net/ipv4/syncookies.c:check_tcp_syn_cookie()
function check_tcp_syn_cookie(k: Kernel, flow: number, cookie: number, sseq: number): number {
  const count = tcp_cookie_time(k);
  const stripped = (cookie - cookie_hash(k, flow, 0, 0) - sseq) >>> 0;
  const diff = (count - (stripped >>> COOKIEBITS)) & (0xffff_ffff >>> COOKIEBITS);
  if (diff >= MAX_SYNCOOKIE_AGE) return -1;
  return (stripped - cookie_hash(k, flow, (count - diff) >>> 0, 1)) & COOKIEMASK;
}

/// The initial sequence number for a SYN that gets a cookie; `req.mss` becomes one of the four that a cookie
/// can tell. Notes that cookies are in use.
/// net/ipv4/syncookies.c:cookie_v4_init_sequence(), net/ipv6/syncookies.c:cookie_v6_init_sequence()
export function cookieInitSequence(k: Kernel, sk: Sock, req: RequestSock, seq: number): number {
  tcp_synq_overflow(k, sk);
  k.mib.TcpExtSyncookiesSent = (k.mib.TcpExtSyncookiesSent ?? 0) + 1;
  const sizes = sizesOf(k, req.flow);
  let index = sizes.length - 1;
  while (index > 0 && req.mss < sizes[index]!) index--;
  req.mss = sizes[index]!;
  return secure_tcp_syn_cookie(k, req.flow, seq, index);
}

/// The timestamp of a cookie's SYN-ACK, ms: the clock, with the SYN's options in its lowest bits, never
/// ahead of the clock. net/ipv4/syncookies.c:cookie_init_timestamp()
export function cookie_init_timestamp(req: RequestSock, now_ms: number): number {
  let options = req.wscale_ok ? req.snd_wscale : TS_OPT_WSCALE_MASK;
  if (req.sack_ok) options |= TS_OPT_SACK;
  if (req.ecn_ok) options |= TS_OPT_ECN;
  const unit = 1 << TSBITS;
  const ts = Math.floor(now_ms / unit) * unit + options;
  return (ts > now_ms ? ts - unit : ts) >>> 0;
}

/// The listener, or its group, has just sent a cookie: noted once a second. include/net/tcp.h:tcp_synq_overflow()
function tcp_synq_overflow(k: Kernel, sk: Sock): void {
  const clock = overflowClock(k, sk);
  const now = jiffies(k);
  if (clock.synq_overflow_ts < 0 || now - clock.synq_overflow_ts > k.desc.hz)
    clock.synq_overflow_ts = now;
}

/// No cookie was sent for two minutes: an ACK from nowhere cannot be one.
/// include/net/tcp.h:tcp_synq_no_recent_overflow()
function tcp_synq_no_recent_overflow(k: Kernel, sk: Sock): boolean {
  const last = overflowClock(k, sk).synq_overflow_ts;
  const valid = MAX_SYNCOOKIE_AGE * TCP_SYNCOOKIE_PERIOD_S * k.desc.hz;
  return last < 0 || jiffies(k) - last > valid;
}

function overflowClock(k: Kernel, sk: Sock): { synq_overflow_ts: number } {
  return sk.reuseport && sk.reuseport_cb >= 0 ? k.reuseports[sk.reuseport_cb]! : sk.listen!;
}

/// What the third ACK of a cookie says about the connection; null: it is none of ours.
export interface CookieAnswer {
  readonly mss: number;
  readonly snd_wscale: number;
  readonly wscale_ok: boolean;
  readonly sack_ok: boolean;
  readonly ecn_ok: boolean;
  readonly tstamp_ok: boolean;
  readonly ts_recent: number;
}

/// Reads a cookie back, and the options from the echoed timestamp.
/// net/ipv4/syncookies.c:cookie_tcp_check(), __cookie_v4_check(), cookie_timestamp_decode(), and
/// __cookie_v6_check() in net/ipv6/syncookies.c
export function cookie_tcp_check(k: Kernel, sk: Sock, skb: Skb): CookieAnswer | null {
  if (tcp_synq_no_recent_overflow(k, sk)) return null;
  const pool = k.skbs;
  const cookie = (ackOf(pool, skb) - 1) >>> 0;
  const sseq = (seqOf(pool, skb) - 1) >>> 0;
  const index = check_tcp_syn_cookie(k, pool.flow[skb]!, cookie, sseq);
  const mss = index < 0 ? undefined : sizesOf(k, pool.flow[skb]!)[index];
  if (mss === undefined) {
    k.mib.TcpExtSyncookiesFailed = (k.mib.TcpExtSyncookiesFailed ?? 0) + 1;
    return null;
  }
  k.mib.TcpExtSyncookiesRecv = (k.mib.TcpExtSyncookiesRecv ?? 0) + 1;
  const none = { mss, snd_wscale: 0, wscale_ok: false, sack_ok: false, ecn_ok: false };
  if (!(pool.flags[skb]! & FLAG_TSTAMP)) return { ...none, tstamp_ok: false, ts_recent: 0 };
  const tcp = k.hot.tcp;
  const options = pool.tsecr[skb]!;
  const sack_ok = (options & TS_OPT_SACK) !== 0;
  const wscale = options & TS_OPT_WSCALE_MASK;
  const wscale_ok = wscale !== TS_OPT_WSCALE_MASK;
  if (!tcp.timestamps || (sack_ok && !tcp.sack) || (wscale_ok && !tcp.window_scaling)) return null;
  return {
    mss,
    snd_wscale: wscale_ok ? wscale : 0,
    wscale_ok,
    sack_ok,
    ecn_ok: (options & TS_OPT_ECN) !== 0 && k.sysctl['net.ipv4.tcp_ecn'] !== '0',
    tstamp_ok: true,
    ts_recent: pool.tsval[skb]! >>> 0,
  };
}
