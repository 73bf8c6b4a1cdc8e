/// Tracking of TCP: which state a segment leads to, and whether it can belong to the connection at all.
/// Stands for nf_conntrack_tcp_packet() and tcp_new() in net/netfilter/nf_conntrack_proto_tcp.c.
/// Left out: SYN proxies, timeouts of single connections (nfct timeout), offloaded flows.
import type { Cpu, Kernel } from '../../state.ts';
import { logInvalid } from './log_invalid.ts';
import { nf_ct_expires, nf_ct_delete, tableOf } from './table.ts';
import { nf_ct_refresh_acct, nf_ct_kill_acct, directionOf } from './refresh.ts';
import {
  TCP_ACK_SET,
  TCP_CONNTRACK,
  TCP_FIN_SET,
  TCP_NONE_SET,
  TCP_RST_SET,
  TCP_STATE_NAMES,
  TCP_SYNACK_SET,
  TCP_SYN_SET,
  RETRANS,
  UNACK,
  get_conntrack_index,
  tcpConntracks,
} from './tcp_states.ts';
import {
  ACCEPTED,
  BE_LIBERAL,
  CLOSE_INIT,
  CHALLENGE_ACK,
  DATA_UNACKNOWLEDGED,
  IGNORED,
  MAXACK_SET,
  SACK_PERM,
  SIMULTANEOUS_OPEN,
  WINDOW_SCALE,
  before,
  createSeen,
  segment_seq_plus_len,
  tcp_in_window,
  tcp_options,
} from './tcp_window.ts';
import {
  IPS_ASSURED,
  IPS_CONFIRMED,
  IPS_FIXED_TIMEOUT,
  IPS_SEEN_REPLY,
  ORIGINAL,
  REPLY,
  type CtEntry,
  type CtPacket,
  type CtSettings,
  type CtTcp,
} from './types.ts';
import { jiffies } from '../../jiffies.ts';
import { NF_ACCEPT, NF_INET_PRE_ROUTING, NF_REPEAT } from '../types.ts';

const IPPROTO_TCP = 6;
const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;
const URG = 32;

// PUSH, ECE and CWR go with anything. tcp_valid_flags[]
const VALID_FLAGS: readonly number[] = [
  ...[SYN, SYN | URG, SYN | ACK, RST, RST | ACK],
  ...[FIN | ACK, FIN | ACK | URG, ACK, ACK | URG],
];

/// NF_ACCEPT; or negated what the hook answers when the packet does not belong: -NF_ACCEPT (invalid),
/// -NF_REPEAT (the entry is gone, look again).
export function nf_conntrack_tcp_packet(k: Kernel, c: Cpu, p: CtPacket): number {
  const ct = tableOf(k);
  const { settings } = ct;
  const entry = ct.entries[p.entry]!;
  const fault = tcp_error(settings, p);
  if (fault !== '') {
    logInvalid(k, c, p, IPPROTO_TCP, fault);
    return -NF_ACCEPT;
  }
  if (!(entry.status & IPS_CONFIRMED) && !tcp_new(k, c, settings, entry, p)) return -NF_ACCEPT;
  const tcp = entry.tcp!;
  const step = transition(k, c, settings, entry, tcp, p);
  if (step.verdict !== GO_ON) return step.verdict;
  const dir = directionOf(p.ctinfo);
  const index = get_conntrack_index(p.flags);
  if (!step.inWindow) {
    const { result, why } = tcp_in_window(settings, tcp, dir, index, p);
    if (result !== ACCEPTED) {
      logInvalid(k, c, p, IPPROTO_TCP, why);
      if (result === IGNORED) return NF_ACCEPT;
      if (nf_tcp_handle_invalid(k, settings, entry, tcp, dir, index))
        logInvalid(k, c, p, IPPROTO_TCP, 'lowered timeout to UNACK');
      return -NF_ACCEPT;
    }
  }
  return advance(k, settings, entry, tcp, p, step.from, step.to);
}

function tcp_error(settings: CtSettings, p: CtPacket): string {
  if (p.short) return 'truncated packet';
  if (settings.checksum && p.hook === NF_INET_PRE_ROUTING && p.bad_csum) return 'bad checksum';
  if (!VALID_FLAGS.includes(p.flags & (FIN | SYN | RST | ACK | URG)))
    return 'invalid tcp flag combination';
  return '';
}

/// What an entry of TCP holds before its first segment.
export function createCtTcp(): CtTcp {
  return {
    seen: [createSeen(), createSeen()],
    state: TCP_CONNTRACK.NONE,
    last_dir: 0,
    retrans: 0,
    last_index: TCP_NONE_SET,
    last_seq: 0,
    last_ack: 0,
    last_end: 0,
    last_win: 0,
    last_wscale: 0,
    last_flags: 0,
  };
}

function tcp_new(k: Kernel, c: Cpu, settings: CtSettings, entry: CtEntry, p: CtPacket): boolean {
  const state = tcpConntracks(ORIGINAL, get_conntrack_index(p.flags), TCP_CONNTRACK.NONE);
  if (state >= TCP_CONNTRACK.INVALID) {
    logInvalid(k, c, p, IPPROTO_TCP, 'invalid new');
    return false;
  }
  const syn = state === TCP_CONNTRACK.SYN_SENT;
  if (!syn && !settings.tcp_loose) return false;
  const tcp = createCtTcp();
  const [first, second] = [tcp.seen[0]!, tcp.seen[1]!];
  first.td_end = segment_seq_plus_len(p);
  first.td_maxwin = p.window === 0 ? 1 : p.window;
  first.td_maxend = first.td_end;
  if (syn) tcp_options(p, first);
  else {
    // In the middle of a connection nothing is known of window scaling: whatever it was, it passes.
    first.td_maxend = (first.td_end + first.td_maxwin) >>> 0;
    first.flags = second.flags = SACK_PERM | BE_LIBERAL;
  }
  entry.tcp = tcp;
  return true;
}

const GO_ON = 99;

interface Step {
  readonly verdict: number; // GO_ON: the segment goes on to the window
  readonly from: number;
  readonly to: number;
  readonly inWindow: boolean; // without looking at the window
}

function done(verdict: number): Step {
  return { verdict, from: 0, to: 0, inWindow: false };
}

// The cases that the table alone cannot decide.
function transition(
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

function nf_conntrack_tcp_established(entry: CtEntry, tcp: CtTcp): boolean {
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
    const established = nf_conntrack_tcp_established(entry, tcp);
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
  if ((answersSyn || answersAck) && p.ack_seq === tcp.last_end)
    return { ...trusted, to };
  if (
    from === TCP_CONNTRACK.SYN_SENT &&
    tcp.last_index === TCP_ACK_SET &&
    tcp.last_dir === REPLY &&
    p.seq === tcp.last_ack
  )
    return { ...trusted, to };
  return { ...plain, to };
}

function nf_tcp_handle_invalid(
  k: Kernel,
  settings: CtSettings,
  entry: CtEntry,
  tcp: CtTcp,
  dir: number,
  index: number,
): boolean {
  if (!(entry.status & IPS_ASSURED) || entry.status & IPS_FIXED_TIMEOUT) return false;
  if (index !== TCP_RST_SET && index !== TCP_FIN_SET) return false;
  const closing = tcp.last_index === TCP_FIN_SET || tcp.last_index === TCP_RST_SET;
  if (tcp.last_dir === dir || !closing) {
    tcp.last_index = index;
    tcp.last_dir = dir;
    return false;
  }
  // Both sides want to end what the entry holds for established: it need not stay for days.
  const expires = nf_ct_expires(k, entry);
  const timeout = settings.tcp[UNACK]!;
  if (expires < 120 * k.desc.hz || expires <= timeout) return false;
  entry.timeout = timeout + jiffies(k);
  return true;
}

// The segment belongs: the state moves on, and with it how long the entry stays.
function advance(
  k: Kernel,
  settings: CtSettings,
  entry: CtEntry,
  tcp: CtTcp,
  p: CtPacket,
  from: number,
  to: number,
): number {
  const dir = directionOf(p.ctinfo);
  const index = get_conntrack_index(p.flags);
  tcp.last_index = index;
  tcp.last_dir = dir;
  tcp.state = to;
  if (from !== to && to === TCP_CONNTRACK.FIN_WAIT) tcp.seen[dir]!.flags |= CLOSE_INIT;
  let timeout = timeoutOf(settings, tcp, index, to);
  if (!(entry.status & IPS_SEEN_REPLY)) {
    if (p.flags & RST) {
      nf_ct_kill_acct(k, p);
      return NF_ACCEPT;
    }
    // A SYN that is sent again does not make the entry live longer.
    if (index === TCP_SYN_SET && from === TCP_CONNTRACK.SYN_SENT) return NF_ACCEPT;
    if (to === TCP_CONNTRACK.ESTABLISHED) timeout = Math.min(timeout, settings.tcp[UNACK]!);
  } else if (
    !(entry.status & IPS_ASSURED) &&
    (from === TCP_CONNTRACK.SYN_RECV || from === TCP_CONNTRACK.ESTABLISHED) &&
    to === TCP_CONNTRACK.ESTABLISHED
  )
    entry.status |= IPS_ASSURED;
  nf_ct_refresh_acct(k, p, timeout);
  return NF_ACCEPT;
}

function timeoutOf(settings: CtSettings, tcp: CtTcp, index: number, state: number): number {
  const own = settings.tcp[state]!;
  const retrans = settings.tcp[RETRANS]!;
  const unack = settings.tcp[UNACK]!;
  if (tcp.retrans >= settings.tcp_max_retrans && own > retrans) return retrans;
  if (index === TCP_RST_SET && state === TCP_CONNTRACK.ESTABLISHED && own > unack) return unack;
  if ((tcp.seen[0]!.flags | tcp.seen[1]!.flags) & DATA_UNACKNOWLEDGED && own > unack) return unack;
  return tcp.last_win === 0 && own > retrans ? retrans : own;
}
