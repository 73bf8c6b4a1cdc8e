/// What a remote host makes of a segment from the host: the SYN-ACK, ACKs and windows, resets.
/// It has no congestion control: the window alone holds it back. Three duplicate ACKs make it send the
/// segment at the hole once more, SACK blocks tell the other holes (remote_sack.ts); without them each
/// partial ACK tells the next (RFC 6582). A segment that is lost twice waits for the timeout.
import { setTime } from '../../engine/agenda.ts';
import type { Kernel, OutgoingTcp, Remote, RemoteConn } from '../state.ts';
import { forgetBelow, noteSacks } from './remote_sack.ts';
import { wantTurn } from './remote_turn.ts';

const SYN_FLAG = 2;
const RST_FLAG = 4;
const ACK_FLAG = 16;
const DUPACKS = 3;
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
  else if (conn.state === 'established') acknowledged(k, conn, tcp);
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

function acknowledged(k: Kernel, conn: RemoteConn, tcp: OutgoingTcp): void {
  if (tcp.tstamp) conn.ts_recent = tcp.tsval;
  const fresh = (tcp.ack_seq - ((conn.iss + conn.snd_una) % 2 ** 32)) | 0;
  if (fresh < 0 || conn.snd_una + fresh > conn.snd_max) return;
  const window = tcp.window * 2 ** conn.snd_wscale;
  const same = fresh === 0 && window === conn.snd_wnd && conn.snd_max > conn.snd_una;
  conn.snd_wnd = window;
  if (fresh > 0) progress(k, conn, fresh);
  noteSacks(conn, tcp);
  if (fresh === 0 && same && ++conn.dupacks === DUPACKS && conn.recover < 0) {
    conn.recover = conn.snd_max;
    conn.resend = conn.snd_una;
    conn.retransmit = true;
  }
  const blocked = conn.snd_nxt - conn.snd_una >= window && conn.snd_nxt <= conn.bytes;
  if (window > 0) conn.probe = false;
  // With the window shut and nothing on its way, the timer asks again (RFC 9293, 3.8.6.1).
  if (conn.snd_max === conn.snd_una) conn.rto_at = blocked ? k.now + conn.rto_ns : Infinity;
}

function progress(k: Kernel, conn: RemoteConn, bytes: number): void {
  conn.snd_una += bytes;
  conn.snd_nxt = Math.max(conn.snd_nxt, conn.snd_una);
  conn.dupacks = 0;
  conn.rto_ns = RTO_NS;
  conn.rto_at = k.now + RTO_NS;
  forgetBelow(conn);
  if (conn.recover < 0) return;
  if (conn.snd_una >= conn.recover) conn.recover = -1;
  conn.retransmit = conn.recover >= 0 && conn.snd_una >= conn.resend && conn.sacked.length === 0;
}

/// Makes sure that the remote host's timer fires no later than that.
export function armTimer(k: Kernel, r: Remote, at: number): void {
  if (at >= r.timer_at) return;
  r.timer_at = at;
  setTime(k.agenda, r.timer_slot, at);
}
