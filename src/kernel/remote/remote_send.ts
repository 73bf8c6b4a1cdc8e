/// A remote host's frames reach the NIC: built as columns, with what GRO needs to merge them.
/// Also its timer: what was lost is sent again from the last ACK on, a shut window is asked about, and
/// clients begin.
import { setTime } from '../../engine/agenda.ts';
import { bits } from '../../engine/random.ts';
import { framePs } from '../link_time.ts';
import { afterPauses } from '../pause_frames.ts';
import { FLAG_DF, FLAG_IPID, FLAG_TCP, FLAG_TSTAMP, takeSkb } from '../skb.ts';
import type { Kernel, Remote, RemoteConn, Skb } from '../state.ts';
import { receiveFrame } from '../wire.ts';
import { leaveTurn, takesTurn, waitTurn } from '../wire_turn.ts';
import { beginConnection } from './remote_start.ts';
import { congestionSent, congestionTimeout } from './remote_congestion.ts';
import { armTimer, patience } from './remote_receive.ts';
import { nextHole } from './remote_sack.ts';
import {
  ACK,
  DATA,
  dataLength,
  FIN,
  finAt,
  frameLength,
  nextArrival,
  nextFrame,
  planRemote,
  PROBE,
  RESEND,
  resendLength,
  RST,
  SYN,
  TAIL,
  tailStart,
  wantTurn,
} from './remote_turn.ts';

const FLAG_FIN = 1;
const FLAG_SYN = 2;
const FLAG_RST = 4;
const FLAG_PSH = 8;
const FLAG_ACK = 16;
const SYN_RTO_NS = 1_000_000_000;
const SYN_TRIES = 7; // the first and net.ipv4.tcp_syn_retries more
const RTO_MAX_NS = 120_000_000_000;
const SYN_OPTIONS = 20;
const ETHERNET_TCP = 14 + 20;
const IPV4_HEADER = 20;

/// The last bit of a remote host's next frame arrives, unless somebody else has taken the link.
export function remoteSend(k: Kernel, r: Remote): void {
  const dev = k.devs[r.dev]!;
  const at_ps = r.kind === 'synflood' ? floodArrival(k, r) : nextArrival(k, r);
  const arrives = Math.ceil(at_ps / 1000);
  if (!r.active || arrives === Infinity) {
    leaveTurn(dev, r.slot);
    return setTime(k.agenda, r.slot, Infinity);
  }
  if (arrives > k.now) {
    waitTurn(dev, r.slot);
    return setTime(k.agenda, r.slot, arrives);
  }
  if (!takesTurn(k, dev, r.slot)) return;
  dev.wire_ps = at_ps;
  r.next_ns = Math.max(r.next_ns, k.now - r.gap_ns) + r.gap_ns;
  const skb = r.kind === 'synflood' ? floodFrame(k, r) : connectionFrame(k, r);
  r.sent++;
  if (r.kind === 'synflood') planFlood(k, r);
  else planRemote(k, r);
  receiveFrame(k, dev, skb);
}

function frame(k: Kernel, r: Remote, flow: number, len: number): Skb {
  const pool = k.skbs;
  const skb = takeSkb(pool);
  pool.flow[skb] = flow;
  pool.len[skb] = Math.max(60, len);
  pool.dev[skb] = r.dev;
  pool.arrived[skb] = k.now;
  pool.serial[skb] = k.ledger.offered;
  pool.flags[skb] = FLAG_TCP | (r.ip_header === IPV4_HEADER ? FLAG_IPID | FLAG_DF : 0);
  pool.payload[skb] = 0;
  pool.gso_size[skb] = 0;
  return skb;
}

function connectionFrame(k: Kernel, r: Remote): Skb {
  const pool = k.skbs;
  const index = r.turns[0]!;
  const conn = r.conns[index]!;
  const kind = nextFrame(r, conn);
  const skb = frame(k, r, conn.flow, frameLength(r, conn, kind));
  pool.ipid[skb] = conn.ipid;
  conn.ipid = (conn.ipid + 1) & 0xffff;
  pool.window[skb] = r.window;
  pool.ack_seq[skb] = conn.rcv_nxt | 0;
  if (conn.tstamp || kind === SYN) {
    if (kind !== SYN || r.syn.tstamp) pool.flags[skb] = pool.flags[skb]! | FLAG_TSTAMP;
    pool.tsval[skb] = Math.floor((k.desc.uptime_ns + k.now) / 1_000_000) | 0;
    pool.tsecr[skb] = conn.ts_recent | 0;
  }
  fill(k, r, conn, kind, skb);
  if (kind !== DATA && kind !== RESEND && kind !== SYN) conn.ack = false;
  yieldTurn(r, index, conn);
  return skb;
}

/// Sequence number, flags and payload, and what the connection remembers of it.
function fill(k: Kernel, r: Remote, conn: RemoteConn, kind: number, skb: Skb): void {
  const pool = k.skbs;
  let at = conn.snd_nxt;
  let flags = FLAG_ACK;
  if (kind === SYN) {
    at = 0;
    flags = FLAG_SYN;
    pool.ack_seq[skb] = 0;
    sentSyn(k, r, conn);
  } else if (kind === DATA) {
    const len = dataLength(r, conn);
    flags |= sentData(k, r, conn, len);
    pool.payload[skb] = len;
  } else if (kind === RESEND) {
    at = nextHole(conn);
    const len = resendLength(r, conn);
    pool.payload[skb] = len;
    if (len === 0) flags |= FLAG_FIN; // all that is left is the FIN
    conn.retransmit = false;
    conn.resend = at + Math.max(1, len);
    conn.last_resent = at;
    congestionSent(conn, len);
    r.retransmitted++;
    conn.rto_at = k.now + conn.rto_ns;
  } else if (kind === TAIL) {
    at = tailStart(r, conn);
    pool.payload[skb] = frameLength(r, conn, TAIL) - frameLength(r, conn, ACK);
    conn.tail = false;
    conn.probed = true;
    r.retransmitted++;
    conn.rto_at = k.now + conn.rto_ns;
    armTimer(k, r, conn.rto_at);
  } else if (kind === FIN) {
    flags |= FLAG_FIN;
    sentFin(k, r, conn);
  } else if (kind === PROBE) {
    at = conn.snd_una - 1;
    conn.probe = false;
  } else if (kind === RST) {
    flags = FLAG_RST | FLAG_ACK;
    conn.rst = false;
    conn.state = 'closed';
  }
  pool.seq[skb] = ((conn.iss + at) % 2 ** 32) | 0;
  pool.tcp_flags[skb] = flags;
}

function sentSyn(k: Kernel, r: Remote, conn: RemoteConn): void {
  conn.state = 'syn-sent';
  conn.retransmit = false;
  conn.snd_nxt = conn.snd_max = 1;
  conn.rto_ns = SYN_RTO_NS * 2 ** conn.tries++;
  conn.rto_at = k.now + conn.rto_ns;
  armTimer(k, r, conn.rto_at);
}

/// PSH marks the end of a train and of everything, as a sender's write does.
function sentData(k: Kernel, r: Remote, conn: RemoteConn, len: number): number {
  if (conn.snd_nxt < conn.snd_max) r.retransmitted++;
  conn.snd_nxt += len;
  conn.snd_max = Math.max(conn.snd_max, conn.snd_nxt);
  congestionSent(conn, len);
  conn.rto_at = Math.min(conn.rto_at, k.now + patience(r, conn));
  armTimer(k, r, conn.rto_at);
  const last = conn.train === 1 || conn.snd_nxt === finAt(conn) || dataLength(r, conn) === 0;
  return last ? FLAG_PSH : 0;
}

function sentFin(k: Kernel, r: Remote, conn: RemoteConn): void {
  conn.fin = true;
  conn.snd_nxt++;
  conn.snd_max = Math.max(conn.snd_max, conn.snd_nxt);
  conn.rto_at = k.now + conn.rto_ns;
  armTimer(k, r, conn.rto_at);
}

/// At the end of its train a connection goes behind the others.
function yieldTurn(r: Remote, index: number, conn: RemoteConn): void {
  if (--conn.train > 0) return;
  conn.train = r.train;
  if (r.turns.length === 1) return;
  r.turns.shift();
  r.turns.push(index);
}

/// The remote host's timer: lost segments, shut windows, and the next client.
export function remoteTimer(k: Kernel, r: Remote): void {
  r.timer_at = Infinity;
  setTime(k.agenda, r.timer_slot, Infinity);
  if (!r.active) return;
  if (r.next_conn_ns <= k.now) {
    r.next_conn_ns = beginConnection(k, r) ? r.next_conn_ns + r.conn_gap_ns : Infinity;
  }
  let next = r.next_conn_ns;
  r.conns.forEach((conn, index) => {
    if (conn.rto_at <= k.now) timedOut(k, r, conn, index);
    next = Math.min(next, conn.rto_at);
  });
  armTimer(k, r, next);
}

function timedOut(k: Kernel, r: Remote, conn: RemoteConn, index: number): void {
  conn.rto_at = Infinity;
  if (conn.state === 'syn-sent') {
    if (conn.tries >= SYN_TRIES) {
      conn.state = 'closed';
      return;
    }
    conn.retransmit = true;
  } else if (conn.snd_max > conn.snd_una && patience(r, conn) < conn.rto_ns) {
    conn.tail = true;
    return wantTurn(k, r, index, k.now + k.devs[r.dev]!.propagation_ns);
  } else if (conn.snd_max > conn.snd_una) {
    congestionTimeout(r, conn);
    conn.snd_nxt = conn.snd_una;
    conn.fin = r.keeps;
    conn.retransmit = conn.probed = conn.tail = false;
    conn.sacked = []; // the host may have dropped what it reported (RFC 2018)
    conn.dupacks = 0;
  } else conn.probe = true;
  if (conn.state === 'established') {
    conn.rto_ns = Math.min(conn.rto_ns * 2, RTO_MAX_NS);
    conn.rto_at = k.now + conn.rto_ns;
  }
  wantTurn(k, r, index, k.now + k.devs[r.dev]!.propagation_ns);
}

/// A SYN without options or with all that Linux sends.
function floodLength(r: Remote): number {
  return ETHERNET_TCP + r.ip_header + (r.syn.mss === 0 ? 0 : SYN_OPTIONS);
}

function floodArrival(k: Kernel, r: Remote): number {
  const dev = k.devs[r.dev]!;
  const frame_ps = framePs(dev, floodLength(r));
  return afterPauses(dev, Math.max(r.next_ns * 1000, dev.wire_ps + frame_ps), frame_ps);
}

/// Plans the next SYN of a flood.
export function planFlood(k: Kernel, r: Remote): void {
  const over = !r.active || r.syns >= r.limit;
  if (over) r.active = false;
  setTime(
    k.agenda,
    r.slot,
    over ? Infinity : Math.max(k.now, Math.ceil(floodArrival(k, r) / 1000)),
  );
}

function floodFrame(k: Kernel, r: Remote): Skb {
  const pool = k.skbs;
  const skb = frame(k, r, r.first_flow + r.next_flow, floodLength(r));
  r.next_flow = (r.next_flow + 1) % r.flows;
  r.syns++;
  pool.ipid[skb] = bits(r.random) & 0xffff;
  pool.window[skb] = r.window;
  pool.seq[skb] = bits(r.random) | 0;
  pool.ack_seq[skb] = 0;
  pool.tcp_flags[skb] = FLAG_SYN;
  if (r.syn.tstamp) {
    pool.flags[skb] = pool.flags[skb]! | FLAG_TSTAMP;
    pool.tsval[skb] = bits(r.random) | 0;
    pool.tsecr[skb] = 0;
  }
  return skb;
}
