/// What a remote host makes of a segment from the host: the SYN-ACK, ACKs and windows, resets.
/// More than two segments behind a hole, or three duplicate ACKs, make it send the segment at the hole once
/// more; SACK blocks tell the other holes (remote_sack.ts), without them each partial ACK tells the next
/// (RFC 6582). How fast: remote_congestion.ts. When nothing comes, the last segment is sent once more to learn
/// of holes before it (RFC 8985, tail loss probe), then the timeout remains.
import { setTime } from '../../engine/agenda.ts';
import type { Kernel, OutgoingTcp, Remote, RemoteConn } from '../state.ts';
import { arrivedBytes, congestionAck, enterRecovery, leaveRecovery } from './remote_congestion.ts';
import { forgetBelow, noteSacks } from './remote_sack.ts';
import { wantTurn } from './remote_turn.ts';

const SYN_FLAG = 2;
const RST_FLAG = 4;
const ACK_FLAG = 16;
const DUPACKS = 3;
const PROBE_NS = 10_000_000; // max(2 SRTT, 10 ms), as tail loss probes first were; round trips are shorter
export const RTO_NS = 200_000_000; // TCP_RTO_MIN; round trips here are far shorter

/// A segment of the flow (named by the direction that the remote host sends in) has arrived there.
export function remoteReceive(k: Kernel, r: Remote, flow: number, tcp: OutgoingTcp): void {
  r.received++;
  if (r.kind === 'synflood') return; // its addresses belong to nobody
  const index = flow - r.first_flow;
  const conn = r.conns[index];
  if (!conn || conn.state === 'closed' || conn.state === 'new') return;
  if (tcp.flags & RST_FLAG) return closed(conn);
  if (!(tcp.flags & ACK_FLAG)) return;
  if (tcp.flags & SYN_FLAG) synAck(r, conn, tcp);
  else if (conn.state === 'established') acknowledged(k, r, conn, tcp);
  armTimer(k, r, conn.rto_at);
  wantTurn(k, r, index, k.now + k.devs[r.dev]!.propagation_ns);
}

function closed(conn: RemoteConn): void {
  conn.state = 'closed';
  conn.retransmit = conn.ack = conn.probe = conn.rst = false;
  conn.rto_at = Infinity;
}

/// The host's SYN-ACK; a second one is answered again, since the ACK did not count.
function synAck(r: Remote, conn: RemoteConn, tcp: OutgoingTcp): void {
  conn.ack = true;
  if (tcp.tstamp) conn.ts_recent = tcp.tsval;
  if (conn.state === 'established') return;
  conn.state = 'established';
  conn.snd_una = 1;
  conn.snd_wnd = tcp.window;
  conn.rcv_nxt = (tcp.seq + 1) >>> 0;
  conn.retransmit = false;
  conn.rto_at = Infinity;
  conn.rto_ns = RTO_NS;
  if (tcp.syn === null) return;
  conn.snd_wscale = tcp.syn.wscale < 0 || r.syn.wscale < 0 ? 0 : tcp.syn.wscale;
  conn.tstamp = tcp.syn.tstamp && r.syn.tstamp;
}

function acknowledged(k: Kernel, r: Remote, conn: RemoteConn, tcp: OutgoingTcp): void {
  if (tcp.tstamp) conn.ts_recent = tcp.tsval;
  const fresh = (tcp.ack_seq - ((conn.iss + conn.snd_una) % 2 ** 32)) | 0;
  if (fresh < 0 || conn.snd_una + fresh > conn.snd_max) return;
  const window = tcp.window * 2 ** conn.snd_wscale;
  const same = fresh === 0 && window === conn.snd_wnd && conn.snd_max > conn.snd_una;
  conn.snd_wnd = window;
  const before = arrivedBytes(conn);
  if (fresh > 0) progress(k, r, conn, fresh);
  noteSacks(conn, tcp);
  const delivered = arrivedBytes(conn) - before;
  if (fresh === 0 && same) conn.dupacks++;
  if (conn.recover < 0 && sawLoss(r, conn, delivered)) enterRecovery(r, conn);
  congestionAck(r, conn, delivered, fresh);
  const blocked = conn.snd_nxt - conn.snd_una >= window && conn.snd_nxt <= conn.bytes;
  if (window > 0) conn.probe = false;
  // With the window shut and nothing on its way, the timer asks again (RFC 9293, 3.8.6.1).
  if (conn.snd_max === conn.snd_una) conn.rto_at = blocked ? k.now + conn.rto_ns : Infinity;
}

/// Does the host have enough behind a hole for it to be a loss (RFC 6675, IsLost())? One segment is enough
/// when that was sent after all the others.
function sawLoss(r: Remote, conn: RemoteConn, delivered: number): boolean {
  const { sacked } = conn;
  if (sacked.length === 0) return conn.dupacks === DUPACKS;
  const behind = arrivedBytes(conn) - conn.snd_una;
  return behind > (DUPACKS - 1) * r.mss || (conn.probed && delivered > 0);
}

/// How long the sender waits for an ACK, ns, before it does something.
export function patience(r: Remote, conn: RemoteConn): number {
  const several = conn.snd_max - conn.snd_una > r.mss;
  const probes = several && !conn.probed && conn.recover < 0 && conn.state === 'established';
  return probes ? Math.min(PROBE_NS, conn.rto_ns) : conn.rto_ns;
}

function progress(k: Kernel, r: Remote, conn: RemoteConn, bytes: number): void {
  conn.snd_una += bytes;
  conn.snd_nxt = Math.max(conn.snd_nxt, conn.snd_una);
  conn.dupacks = 0;
  conn.rto_ns = RTO_NS;
  conn.probed = conn.tail = false;
  forgetBelow(conn);
  if (conn.recover >= 0 && conn.snd_una >= conn.recover) leaveRecovery(conn);
  conn.rto_at = k.now + patience(r, conn);
  if (conn.recover < 0) return;
  conn.retransmit = conn.snd_una >= conn.resend && conn.sacked.length === 0;
}

/// Makes sure that the remote host's timer fires no later than that.
export function armTimer(k: Kernel, r: Remote, at: number): void {
  if (at >= r.timer_at) return;
  r.timer_at = at;
  setTime(k.agenda, r.timer_slot, at);
}
