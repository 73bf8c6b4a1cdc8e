/// A remote sender's congestion control: how much it may have on its way beside what the window allows.
/// A connection begins as one does that has run for long without loss: the window alone holds it back. A loss
/// takes three tenths off what is on the way (CUBIC, RFC 9438), recovery sends no faster than seven tenths of
/// what arrives (RFC 6937), and from then on the sender feels its way up again.
/// Left out: slow start at the beginning, CUBIC's curve (with round trips far below a second its other part,
/// which grows as fast as Reno would, is always ahead), ECN, pacing, measured round trips.
import type { Remote, RemoteConn } from '../state.ts';

// RFC 9438: beta as the kernel has it, 717/1024, and the share of a segment by which the window grows in a round
// trip until it is where the loss was: 3 (1 - beta) / (1 + beta), about 9/17.
const BETA = 717;
const BETA_SCALE = 1024;
const ALPHA = 9;
const ALPHA_SCALE = 17;

/// Bytes that may still be put on the wire.
export function congestionRoom(conn: RemoteConn): number {
  if (conn.cwnd === Infinity) return Infinity;
  const flight = conn.recover >= 0 ? conn.pipe : conn.snd_nxt - conn.snd_una;
  return conn.cwnd - flight;
}

/// Bytes that the host has said are there, in order or behind a hole.
export function arrivedBytes(conn: RemoteConn): number {
  return conn.snd_una + sackedBelow(conn, Infinity);
}

function sackedBelow(conn: RemoteConn, limit: number): number {
  const { sacked } = conn;
  let bytes = 0;
  for (let at = 0; at < sacked.length && sacked[at]! < limit; at += 2)
    bytes += Math.min(sacked[at + 1]!, limit) - sacked[at]!;
  return bytes;
}

/// What is on its way: behind the last island, and what was sent again below it (RFC 6675, SetPipe()).
/// Without SACK each duplicate ACK stands for one segment that has left the wire.
function pipeOf(r: Remote, conn: RemoteConn): number {
  const high = conn.sacked.at(-1);
  if (high === undefined) return Math.max(0, conn.snd_max - conn.snd_una - conn.dupacks * r.mss);
  const again = Math.max(0, Math.min(conn.resend, high) - conn.snd_una);
  return conn.snd_max - high + Math.max(0, again - sackedBelow(conn, conn.resend));
}

/// A hole was seen: everything up to snd_max is to arrive before the sender believes in the path again.
export function enterRecovery(r: Remote, conn: RemoteConn): void {
  conn.recover = conn.snd_max;
  conn.resend = conn.snd_una;
  conn.retransmit = true;
  conn.last_resent = -1;
  reduce(r, conn);
  conn.prr_delivered = conn.prr_out = 0;
  conn.cwnd = conn.ssthresh;
}

/// The new limit follows from the old one, or at the first loss from what is on the way.
function reduce(r: Remote, conn: RemoteConn): void {
  conn.prior_cwnd = conn.cwnd === Infinity ? conn.snd_max - conn.snd_una : conn.cwnd;
  conn.ssthresh = Math.max(Math.floor((conn.prior_cwnd * BETA) / BETA_SCALE), 2 * r.mss);
}

/// An ACK has said that `delivered` more bytes have arrived, `acked` of them in order.
export function congestionAck(r: Remote, conn: RemoteConn, delivered: number, acked: number): void {
  if (conn.recover >= 0) return inRecovery(r, conn, delivered || r.mss);
  if (conn.cwnd === Infinity || acked === 0) return;
  // A window that was not used proves nothing.
  if (2 * (conn.snd_nxt - conn.snd_una + acked) < conn.cwnd) return;
  if (conn.cwnd < conn.ssthresh) {
    conn.cwnd += Math.min(acked, 2 * r.mss); // RFC 3465
    return;
  }
  conn.cwnd_cnt += conn.cwnd < conn.prior_cwnd ? acked * ALPHA : acked * ALPHA_SCALE;
  if (conn.cwnd_cnt < conn.cwnd * ALPHA_SCALE) return;
  conn.cwnd_cnt -= conn.cwnd * ALPHA_SCALE;
  conn.cwnd += r.mss;
}

/// Proportional rate reduction: ssthresh bytes go out for every flight of the beginning that comes in.
function inRecovery(r: Remote, conn: RemoteConn, delivered: number): void {
  lostAgain(conn);
  conn.pipe = pipeOf(r, conn);
  conn.prr_delivered += delivered;
  const share = Math.ceil((conn.prr_delivered * conn.ssthresh) / conn.prior_cwnd) - conn.prr_out;
  const most = Math.max(conn.prr_delivered - conn.prr_out, delivered) + r.mss;
  const count = conn.pipe > conn.ssthresh ? share : Math.min(conn.ssthresh - conn.pipe, most);
  conn.cwnd = conn.pipe + Math.max(0, count);
}

/// What was sent again last has arrived, and something that was sent again before it has not: that was lost
/// once more (RFC 8985: the order of sending tells), so all holes are due again.
function lostAgain(conn: RemoteConn): void {
  const { last_resent, sacked } = conn;
  if (last_resent < 0 || conn.snd_una > last_resent) return;
  for (let at = 0; at < sacked.length; at += 2)
    if (sacked[at]! <= last_resent && last_resent < sacked[at + 1]!) {
      conn.resend = conn.snd_una;
      conn.last_resent = -1;
    }
}

/// A segment has gone out.
export function congestionSent(conn: RemoteConn, bytes: number): void {
  if (conn.recover < 0) return;
  conn.pipe += bytes;
  conn.prr_out += bytes;
}

/// All of what was on the way at the loss has arrived.
export function leaveRecovery(conn: RemoteConn): void {
  conn.recover = -1;
  conn.cwnd = conn.ssthresh;
  conn.cwnd_cnt = 0;
}

/// Nothing was heard for long: from one segment on, fast up to seven tenths of what was on the way.
export function congestionTimeout(r: Remote, conn: RemoteConn): void {
  reduce(r, conn);
  conn.cwnd = r.mss;
  conn.cwnd_cnt = 0;
  conn.recover = -1;
}
