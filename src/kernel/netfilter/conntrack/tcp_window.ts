/// The window check: can a segment belong to the connection, by sequence number, acknowledgement and
/// window of both sides? After van Rooij, "Real Stateful TCP Packet Filtering in IP Filter" (2000).
/// Stands for tcp_in_window() in net/netfilter/nf_conntrack_proto_tcp.c.
/// Left out: sequence numbers that a helper has moved.
import { TCP_ACK_SET, TCP_CONNTRACK } from './tcp_states.ts';
import { REPLY, type CtPacket, type CtSettings, type CtTcp, type CtTcpSeen } from './types.ts';

// IP_CT_TCP_FLAG_*. include/uapi/linux/netfilter/nf_conntrack_tcp.h
export const WINDOW_SCALE = 1;
export const SACK_PERM = 2;
export const CLOSE_INIT = 4;
export const BE_LIBERAL = 8;
export const DATA_UNACKNOWLEDGED = 16;
export const MAXACK_SET = 32;
export const CHALLENGE_ACK = 64;
export const SIMULTANEOUS_OPEN = 128;

export const ACCEPTED = 0; // NFCT_TCP_ACCEPT
export const IGNORED = 1; // the segment passes and changes nothing
export const INVALID = 2;

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;
const TCP_MAX_WSCALE = 14;
const MAXACKWINCONST = 66000;

export interface Verdict {
  readonly result: number;
  readonly why: string; // for the log
}

const accept: Verdict = Object.freeze({ result: ACCEPTED, why: '' });

export function createSeen(): CtTcpSeen {
  return { td_end: 0, td_maxend: 0, td_maxwin: 0, td_maxack: 0, td_scale: 0, flags: 0 };
}

/// Sequence numbers wrap: is a before b?
export function before(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}

function after(a: number, b: number): boolean {
  return before(b, a);
}

/// The sequence number behind a segment.
export function segment_seq_plus_len(p: CtPacket): number {
  const flags = (p.flags & SYN ? 1 : 0) + (p.flags & FIN ? 1 : 0);
  return (p.seq + p.payload + flags) >>> 0;
}

/// What the options of a SYN say.
export function tcp_options(p: CtPacket, seen: CtTcpSeen): void {
  if (!p.options) return;
  seen.td_scale = 0;
  seen.flags &= BE_LIBERAL;
  if (p.sack_ok) seen.flags |= SACK_PERM;
  if (p.wscale < 0) return;
  seen.td_scale = Math.min(p.wscale, TCP_MAX_WSCALE);
  seen.flags |= WINDOW_SCALE;
}

// A SYN or SYN-ACK: what this side begins with. Scaling holds when both sides have asked for it.
function tcp_init_sender(
  sender: CtTcpSeen,
  receiver: CtTcpSeen,
  p: CtPacket,
  end: number,
  dir: number,
): void {
  sender.td_end = sender.td_maxend = end;
  sender.td_maxwin = p.window === 0 ? 1 : p.window;
  tcp_options(p, sender);
  if (dir === REPLY && !(sender.flags & receiver.flags & WINDOW_SCALE))
    sender.td_scale = receiver.td_scale = 0;
}

// A segment from the middle of a connection of which this side was not seen before.
function pickUp(
  sender: CtTcpSeen,
  receiver: CtTcpSeen,
  end: number,
  win: number,
  sack: number,
): void {
  sender.td_end = end;
  const scaled = win * 2 ** sender.td_scale;
  sender.td_maxwin = scaled === 0 ? 1 : scaled;
  sender.td_maxend = (end + sender.td_maxwin) >>> 0;
  if (receiver.td_maxwin === 0) receiver.td_end = receiver.td_maxend = sack;
  // An answer to a keepalive acknowledges one more than was sent.
  else if (sack === (receiver.td_end + 1) >>> 0) receiver.td_end = sack;
}

function highestAck(receiver: CtTcpSeen, p: CtPacket): number {
  const blocks = receiver.flags & SACK_PERM && p.sack >= 0;
  return blocks && after(p.sack, p.ack_seq) ? p.sack : p.ack_seq;
}

/// Whether the segment fits; if it does, what is known of both sides moves on.
export function tcp_in_window(
  settings: CtSettings,
  tcp: CtTcp,
  dir: number,
  index: number,
  p: CtPacket,
): Verdict {
  const sender = tcp.seen[dir]!;
  const receiver = tcp.seen[dir ^ 1]!;
  let seq = p.seq;
  let ack = p.ack_seq;
  let sack = highestAck(receiver, p);
  let end = segment_seq_plus_len(p);
  const { SYN_SENT, SYN_RECV } = TCP_CONNTRACK;
  if (sender.td_maxwin === 0) {
    if (p.flags & SYN) {
      tcp_init_sender(sender, receiver, p, end, dir);
      if (!(p.flags & ACK)) return accept; // both sides open at once
    } else pickUp(sender, receiver, end, p.window, sack);
  } else if (
    p.flags & SYN &&
    after(end, sender.td_end) &&
    (tcp.state === SYN_SENT || tcp.state === SYN_RECV)
  ) {
    // RFC 793: a TCP that begins again uses higher sequence numbers than before.
    tcp_init_sender(sender, receiver, p, end, dir);
    if (dir === REPLY && !(p.flags & ACK)) return accept;
  }
  // Without ACK, or with 0 in a reset, there is nothing to check.
  if (!(p.flags & ACK) || (p.flags & RST && ack === 0)) ack = sack = receiver.td_end;
  if (p.flags & RST && seq === 0 && tcp.state === SYN_SENT) seq = end = sender.td_end;

  const fault = outside(sender, receiver, seq, end, sack);
  if (fault) {
    const liberal = settings.tcp_be_liberal || (sender.flags & BE_LIBERAL) !== 0;
    return liberal ? accept : fault;
  }
  remember(sender, receiver, p, end, ack, sack);
  if (index === TCP_ACK_SET) countRetransmission(tcp, dir, seq, ack, end, p.window);
  return accept;
}

// The four bounds. Words for the log as the kernel has them.
function outside(
  sender: CtTcpSeen,
  receiver: CtTcpSeen,
  seq: number,
  end: number,
  sack: number,
): Verdict | null {
  const lowest = (receiver.td_end - Math.max(sender.td_maxwin, MAXACKWINCONST) - 1) >>> 0;
  const left = (sender.td_end - receiver.td_maxwin - 1) >>> 0;
  if (!before(seq, (sender.td_maxend + 1) | 0)) {
    const overshot = (end - sender.td_maxend + 1) >>> 0;
    if (
      receiver.td_maxwin > 0 &&
      after(end, left) &&
      after(sack, lowest) &&
      overshot <= receiver.td_maxwin &&
      before(sack, (receiver.td_end + 1) | 0)
    ) {
      // Only the upper bound is missed: the other side may still acknowledge it.
      sender.td_end = end;
      sender.flags |= DATA_UNACKNOWLEDGED;
      return { result: IGNORED, why: `${overshot} bytes more than expected` };
    }
    const bound = (sender.td_maxend + 1) >>> 0;
    return {
      result: INVALID,
      why: `SEQ is over upper bound ${bound} (over the window of the receiver)`,
    };
  }
  if (!before(sack, (receiver.td_end + 1) | 0)) {
    const bound = (receiver.td_end + 1) >>> 0;
    return { result: INVALID, why: `ACK is over upper bound ${bound} (ACKed data not seen yet)` };
  }
  if (receiver.td_maxwin > 0 && !after(end, left))
    return {
      result: IGNORED,
      why: `SEQ is under lower bound ${left} (already ACKed data retransmitted)`,
    };
  if (!after(sack, lowest))
    return {
      result: IGNORED,
      why: `ignored ACK under lower bound ${lowest} (possible overly delayed)`,
    };
  return null;
}

function remember(
  sender: CtTcpSeen,
  receiver: CtTcpSeen,
  p: CtPacket,
  end: number,
  ack: number,
  sack: number,
): void {
  const win = p.flags & SYN ? p.window : p.window * 2 ** sender.td_scale;
  const swin = (win + ((sack - ack) >>> 0)) >>> 0;
  if (sender.td_maxwin < swin) sender.td_maxwin = swin;
  if (after(end, sender.td_end)) {
    sender.td_end = end;
    sender.flags |= DATA_UNACKNOWLEDGED;
  }
  if (p.flags & ACK && (!(sender.flags & MAXACK_SET) || after(ack, sender.td_maxack))) {
    sender.td_maxack = ack;
    sender.flags |= MAXACK_SET;
  }
  if (receiver.td_maxwin !== 0 && after(end, sender.td_maxend))
    receiver.td_maxwin = (receiver.td_maxwin + ((end - sender.td_maxend) >>> 0)) >>> 0;
  if (after((sack + win) | 0, (receiver.td_maxend - 1) | 0))
    receiver.td_maxend = (sack + win + (win === 0 ? 1 : 0)) >>> 0;
  if (ack === receiver.td_end) receiver.flags &= ~DATA_UNACKNOWLEDGED;
}

function countRetransmission(
  tcp: CtTcp,
  dir: number,
  seq: number,
  ack: number,
  end: number,
  win: number,
): void {
  const same =
    tcp.last_dir === dir &&
    tcp.last_seq === seq &&
    tcp.last_ack === ack &&
    tcp.last_end === end &&
    tcp.last_win === win;
  if (same) {
    tcp.retrans = (tcp.retrans + 1) & 0xff; // u8
    return;
  }
  tcp.last_dir = dir;
  tcp.last_seq = seq;
  tcp.last_ack = ack;
  tcp.last_end = end;
  tcp.last_win = win;
  tcp.retrans = 0;
}
