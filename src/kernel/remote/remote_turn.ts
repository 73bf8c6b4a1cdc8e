/// Whose turn it is on a remote host: its connections send one after another, each a train of
/// segments, as soon as the link is free and what they answer has reached them.
import { setTime } from '../../engine/agenda.ts';
import { framePs } from '../link_time.ts';
import { afterPauses } from '../pause_frames.ts';
import type { Kernel, Remote, RemoteConn } from '../state.ts';
import { congestionRoom } from './remote_congestion.ts';
import { holeLength, nextHole } from './remote_sack.ts';

export const NOTHING = 0;
export const SYN = 1;
export const ACK = 2;
export const DATA = 3;
export const RESEND = 4; // a segment once more
export const FIN = 5;
export const PROBE = 6; // is the window still shut?
export const RST = 7;
export const TAIL = 8; // the last segment once more

const ETHERNET_TCP = 14 + 20;
const TIMESTAMP = 12;
const SYN_OPTIONS = 20; // MSS, SACK permitted, timestamp, window scale, as Linux packs them
const FIRST = 1; // the SYN takes one sequence number

/// What a connection sends next.
export function nextFrame(r: Remote, conn: RemoteConn): number {
  if (conn.rst) return RST;
  if (conn.state === 'new' || (conn.state === 'syn-sent' && conn.retransmit)) return SYN;
  if (conn.state !== 'established') return NOTHING;
  if (nextHole(conn) >= 0 && (conn.retransmit || congestionRoom(conn) > 0)) return RESEND;
  if (conn.tail) return TAIL;
  if (conn.ack) return ACK;
  if (dataLength(r, conn) > 0) return DATA;
  if (conn.snd_nxt === finAt(conn) && !conn.fin && conn.snd_wnd > 0) return FIN;
  return conn.probe ? PROBE : NOTHING;
}

/// Sequence number, counted from the SYN, behind the last byte of payload.
export function finAt(conn: RemoteConn): number {
  return FIRST + conn.bytes;
}

/// Payload of its next new segment; 0: the window or the data does not allow one. A short segment goes
/// only at the end, or when nothing is on its way (RFC 1122, 4.2.3.4).
export function dataLength(r: Remote, conn: RemoteConn): number {
  const left = finAt(conn) - conn.snd_nxt;
  const window = conn.snd_una + conn.snd_wnd - conn.snd_nxt;
  const room = Math.min(window, congestionRoom(conn));
  const len = Math.min(r.mss, left, room);
  if (len <= 0) return 0;
  return len === r.mss || len === left || conn.snd_nxt === conn.snd_una ? len : 0;
}

/// Payload of the segment that is sent again.
export function resendLength(r: Remote, conn: RemoteConn): number {
  const from = nextHole(conn);
  return Math.max(0, Math.min(r.mss, holeLength(conn, from), finAt(conn) - from));
}

/// Where the last segment with payload begins and ends.
export function tailStart(r: Remote, conn: RemoteConn): number {
  return Math.max(conn.snd_una, tailEnd(conn) - r.mss);
}
function tailEnd(conn: RemoteConn): number {
  return Math.min(conn.snd_max, finAt(conn));
}

/// Length of its next frame without FCS, bytes.
export function frameLength(r: Remote, conn: RemoteConn, kind: number): number {
  const bare = ETHERNET_TCP + r.ip_header;
  if (kind === SYN) return bare + SYN_OPTIONS;
  const headers = bare + (conn.tstamp ? TIMESTAMP : 0);
  if (kind === DATA) return headers + dataLength(r, conn);
  if (kind === TAIL) return headers + tailEnd(conn) - tailStart(r, conn);
  return kind === RESEND ? headers + resendLength(r, conn) : headers;
}

/// A connection may have something to send, which cannot arrive before `ready_ns`.
export function wantTurn(k: Kernel, r: Remote, index: number, ready_ns: number): void {
  const conn = r.conns[index]!;
  if (nextFrame(r, conn) === NOTHING) return;
  if (conn.in_turn) return;
  conn.in_turn = true;
  conn.ready_ns = ready_ns;
  conn.train = r.train;
  r.turns.push(index);
  if (r.turns.length === 1) planRemote(k, r);
}

/// When the last bit of the next frame arrives, ps; Infinity: nothing is to be sent. Connections that
/// have nothing after all lose their turn.
export function nextArrival(k: Kernel, r: Remote): number {
  const dev = k.devs[r.dev]!;
  while (r.turns.length > 0) {
    const conn = r.conns[r.turns[0]!]!;
    const kind = nextFrame(r, conn);
    if (kind !== NOTHING) {
      const earliest = Math.max(conn.ready_ns, r.next_ns) * 1000;
      const frame_ps = framePs(dev, frameLength(r, conn, kind));
      return afterPauses(dev, Math.max(earliest, dev.wire_ps + frame_ps), frame_ps);
    }
    conn.in_turn = false;
    r.turns.shift();
  }
  return Infinity;
}

/// Sets the slot for the next frame.
export function planRemote(k: Kernel, r: Remote): void {
  const at_ps = nextArrival(k, r);
  setTime(k.agenda, r.slot, Math.max(k.now, Math.ceil(at_ps / 1000)));
}
