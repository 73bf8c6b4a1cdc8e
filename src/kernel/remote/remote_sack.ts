/// What a remote host knows of the segments that have arrived behind a hole: the SACK blocks of the
/// host's ACKs, merged (RFC 2018), and from them what is to be sent again (RFC 6675, without its pipe).
/// Positions are counted from the SYN, as everything in a RemoteConn.
import type { OutgoingTcp, RemoteConn } from '../state.ts';

/// Takes the blocks of an ACK in. Blocks below the ACK (D-SACK) say nothing new.
export function noteSacks(conn: RemoteConn, tcp: OutgoingTcp): void {
  for (const { start_seq, end_seq } of tcp.sacks) {
    const start = position(conn, start_seq);
    const end = position(conn, end_seq);
    if (end > conn.snd_una && end <= conn.snd_max && start < end) addRange(conn, start, end);
  }
}

function position(conn: RemoteConn, seq: number): number {
  return conn.snd_una + ((seq - ((conn.iss + conn.snd_una) % 2 ** 32)) | 0);
}

/// `sacked` holds start, end, start, end, ...: apart from each other and in order.
function addRange(conn: RemoteConn, start: number, end: number): void {
  const kept: number[] = [];
  let low = start;
  let high = end;
  let at = 0;
  const { sacked } = conn;
  for (; at < sacked.length && sacked[at + 1]! < low; at += 2)
    kept.push(sacked[at]!, sacked[at + 1]!);
  for (; at < sacked.length && sacked[at]! <= high; at += 2) {
    low = Math.min(low, sacked[at]!);
    high = Math.max(high, sacked[at + 1]!);
  }
  conn.sacked = [...kept, low, high, ...sacked.slice(at)];
}

/// The ACK has moved on: what it covers is no hole and no island any more.
export function forgetBelow(conn: RemoteConn): void {
  const { sacked, snd_una } = conn;
  let at = 0;
  while (at < sacked.length && sacked[at + 1]! <= snd_una) at += 2;
  if (at > 0) conn.sacked = sacked.slice(at);
}

/// The next byte to send again: the first after the last ACK, or in a hole below the highest island; -1:
/// nothing that was not sent again already.
export function nextHole(conn: RemoteConn): number {
  if (conn.retransmit) return conn.snd_max > conn.snd_una ? conn.snd_una : -1;
  if (conn.recover < 0) return -1;
  let from = Math.max(conn.resend, conn.snd_una);
  const { sacked } = conn;
  for (let at = 0; at < sacked.length; at += 2) {
    if (from < sacked[at]!) return from;
    from = Math.max(from, sacked[at + 1]!);
  }
  return -1;
}

/// How many bytes the hole at that position has.
export function holeLength(conn: RemoteConn, from: number): number {
  const { sacked } = conn;
  for (let at = 0; at < sacked.length; at += 2) if (from < sacked[at]!) return sacked[at]! - from;
  return conn.snd_max - from;
}
