/// What a TCP segment makes of a connection's state: the table, and the cases that it cannot decide: SYNs
/// on top of an older connection, answers to what was ignored, challenge ACKs, resets.
/// Stands for the middle of nf_conntrack_tcp_packet() in net/netfilter/nf_conntrack_proto_tcp.c.
/// Left out: SYN proxies.
import type { Cpu, Kernel } from '../../state.ts';
import { NF_ACCEPT, NF_REPEAT } from '../types.ts';
import { logInvalid } from './log_invalid.ts';
import { directionOf } from './refresh.ts';
import { nf_ct_delete } from './table.ts';
import {
  TCP_ACK_SET,
  TCP_CONNTRACK,
  TCP_RST_SET,
  TCP_STATE_NAMES,
  TCP_SYNACK_SET,
  TCP_SYN_SET,
  get_conntrack_index,
  tcpConntracks,
} from './tcp_states.ts';
import {
  BE_LIBERAL,
  CLOSE_INIT,
  CHALLENGE_ACK,
  MAXACK_SET,
  SACK_PERM,
  SIMULTANEOUS_OPEN,
  WINDOW_SCALE,
  before,
  createSeen,
  segment_seq_plus_len,
  tcp_options,
} from './tcp_window.ts';
import {
  IPS_ASSURED,
  IPS_SEEN_REPLY,
  ORIGINAL,
  REPLY,
  type CtEntry,
  type CtPacket,
  type CtSettings,
  type CtTcp,
} from './types.ts';

const IPPROTO_TCP = 6;

/// The segment goes on to the window.
export const GO_ON = 99;

export interface Step {
  readonly verdict: number; // GO_ON: the segment goes on to the window
  readonly from: number;
  readonly to: number;
  readonly inWindow: boolean; // without looking at the window
}

function done(verdict: number): Step {
  return { verdict, from: 0, to: 0, inWindow: false };
}

/// The state that follows, and the cases that the table alone cannot decide. The middle of
/// nf_conntrack_tcp_packet().
export function transition(
  k: Kernel,
  c: Cpu,
  settings: CtSettings,
  entry: CtEntry,
  tcp: CtTcp,
  p: CtPacket,
): Step {
  const dir = directionOf(p.ctinfo);
  const index = get_conntrack_index(p.flags);
  const from = tcp.state;
  const to = tcpConntracks(dir, index, from);
  const plain: Step = { verdict: GO_ON, from, to, inWindow: false };
  switch (to) {
    case TCP_CONNTRACK.SYN_SENT:
      if (from < TCP_CONNTRACK.TIME_WAIT) return plain;
      // A connection that was closed, or aborted from this side, is begun anew with a fresh entry.
      if (
        (tcp.seen[0]!.flags | tcp.seen[1]!.flags) & CLOSE_INIT ||
        (tcp.last_dir === dir && tcp.last_index === TCP_RST_SET)
      ) {
        nf_ct_delete(k, p.entry);
        return done(-NF_REPEAT);
      }
      return ignored(k, c, tcp, p, dir, index, from);
    case TCP_CONNTRACK.IGNORE:
      return ignored(k, c, tcp, p, dir, index, from);
    case TCP_CONNTRACK.INVALID:
      logInvalid(
        k,
        c,
        p,
        IPPROTO_TCP,
        `packet (index ${index}) in dir ${dir} invalid, state ${TCP_STATE_NAMES[from]!}`,
      );
      return done(-NF_ACCEPT);
    case TCP_CONNTRACK.TIME_WAIT:
      // A challenge ACK (RFC 5961) answers a SYN that passed; it is not the last ACK.
      if (
        from === TCP_CONNTRACK.LAST_ACK &&
        index === TCP_ACK_SET &&
        tcp.last_dir !== dir &&
        tcp.last_index === TCP_SYN_SET &&
        tcp.last_flags & CHALLENGE_ACK
      ) {
        tcp.last_flags &= ~CHALLENGE_ACK;
        logInvalid(k, c, p, IPPROTO_TCP, 'challenge-ack ignored');
        return done(NF_ACCEPT);
      }
      return plain;
    case TCP_CONNTRACK.SYN_SENT2:
      tcp.last_flags |= SIMULTANEOUS_OPEN;
      return plain;
    case TCP_CONNTRACK.SYN_RECV:
      if (dir === REPLY && index === TCP_ACK_SET && tcp.last_flags & SIMULTANEOUS_OPEN)
        return { ...plain, to: TCP_CONNTRACK.ESTABLISHED };
      return plain;
    case TCP_CONNTRACK.CLOSE:
      return index === TCP_RST_SET ? reset(k, c, settings, entry, tcp, p, from) : plain;
    default:
      return plain;
  }
}

// The entry may be out of step with the two ends: the segment passes and is remembered, and the answer
// tells which of them is right.
function ignored(
  k: Kernel,
  c: Cpu,
  tcp: CtTcp,
  p: CtPacket,
  dir: number,
  index: number,
  from: number,
): Step {
  if (
    index === TCP_SYNACK_SET &&
    tcp.last_index === TCP_SYN_SET &&
    tcp.last_dir !== dir &&
    p.ack_seq === tcp.last_end
  ) {
    // It acknowledges the SYN that was ignored: the ends are in step, and the entry follows them.
    const seen = tcp.seen[tcp.last_dir]!;
    seen.td_end = seen.td_maxend = tcp.last_end;
    seen.td_maxwin = tcp.last_win === 0 ? 1 : tcp.last_win;
    seen.td_scale = tcp.last_wscale;
    tcp.last_flags &= ~CHALLENGE_ACK;
    seen.flags = tcp.last_flags;
    nf_ct_tcp_state_reset(tcp, dir);
    const { SYN_SENT, SYN_RECV } = TCP_CONNTRACK;
    return { verdict: GO_ON, from: SYN_SENT, to: SYN_RECV, inWindow: false };
  }
  tcp.last_index = index;
  tcp.last_dir = dir;
  tcp.last_seq = p.seq;
  tcp.last_end = segment_seq_plus_len(p);
  tcp.last_win = p.window;
  if (index === TCP_SYN_SET && dir === ORIGINAL) {
    const seen = createSeen();
    tcp_options(p, seen);
    tcp.last_flags = seen.flags & (WINDOW_SCALE | SACK_PERM);
    tcp.last_wscale = seen.flags & WINDOW_SCALE ? seen.td_scale : 0;
    if (from === TCP_CONNTRACK.LAST_ACK) tcp.last_flags |= CHALLENGE_ACK;
  }
  if (from === TCP_CONNTRACK.SYN_SENT && index === TCP_ACK_SET && dir === REPLY)
    tcp.last_ack = p.ack_seq;
  logInvalid(
    k,
    c,
    p,
    IPPROTO_TCP,
    `packet (index ${index}) in dir ${dir} ignored, state ${TCP_STATE_NAMES[from]!}`,
  );
  return done(NF_ACCEPT);
}

function nf_ct_tcp_state_reset(tcp: CtTcp, dir: number): void {
  const kept = tcp.seen[dir]!.flags & BE_LIBERAL;
  tcp.seen[dir] = { ...createSeen(), flags: kept };
}

/// States in which the other end will hardly miss the entry.
export function tcp_can_early_drop(entry: CtEntry): boolean {
  const { FIN_WAIT, LAST_ACK, TIME_WAIT, CLOSE, CLOSE_WAIT } = TCP_CONNTRACK;
  const state = entry.tcp?.state ?? 0;
  return [FIN_WAIT, LAST_ACK, TIME_WAIT, CLOSE, CLOSE_WAIT].some((one) => one === state);
}

function tcpEstablished(entry: CtEntry, tcp: CtTcp): boolean {
  return tcp.state === TCP_CONNTRACK.ESTABLISHED && (entry.status & IPS_ASSURED) !== 0;
}

// A reset: only one that fits exactly closes the connection.
function reset(
  k: Kernel,
  c: Cpu,
  settings: CtSettings,
  entry: CtEntry,
  tcp: CtTcp,
  p: CtPacket,
  from: number,
): Step {
  const dir = directionOf(p.ctinfo);
  const other = tcp.seen[dir ^ 1]!;
  const plain: Step = { verdict: GO_ON, from, to: TCP_CONNTRACK.CLOSE, inWindow: false };
  const trusted: Step = { ...plain, inWindow: true };
  if (tcp_can_early_drop(entry)) return trusted;
  let to: number = TCP_CONNTRACK.CLOSE;
  if (other.flags & MAXACK_SET && tcp.last_index !== TCP_SYN_SET) {
    const established = tcpEstablished(entry, tcp);
    if (p.seq === 0 && !established) return plain;
    if (before(p.seq, other.td_maxack) && !settings.tcp_ignore_invalid_rst) {
      logInvalid(k, c, p, IPPROTO_TCP, 'invalid rst');
      return done(-NF_ACCEPT);
    }
    if (!established || p.seq === other.td_maxack) return plain;
    if (tcp.last_index === TCP_ACK_SET && tcp.last_dir === dir && p.seq === tcp.last_end)
      return plain;
    // Not quite what is expected next: the state stays, for the challenge ACK that may follow.
    to = from;
  }
  const answersSyn =
    (entry.status & IPS_SEEN_REPLY) !== 0 && tcp.last_index === TCP_SYN_SET && tcp.last_dir !== dir;
  const answersAck = !(entry.status & IPS_ASSURED) && tcp.last_index === TCP_ACK_SET;
  if ((answersSyn || answersAck) && p.ack_seq === tcp.last_end) return { ...trusted, to };
  if (
    from === TCP_CONNTRACK.SYN_SENT &&
    tcp.last_index === TCP_ACK_SET &&
    tcp.last_dir === REPLY &&
    p.seq === tcp.last_ack
  )
    return { ...trusted, to };
  return { ...plain, to };
}
