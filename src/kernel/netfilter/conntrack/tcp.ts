/// Tracking of TCP: which state a segment leads to, and whether it can belong to the connection at all.
/// Stands for nf_conntrack_tcp_packet() and tcp_new() in net/netfilter/nf_conntrack_proto_tcp.c.
/// Left out: timeouts of single connections (nfct timeout), offloaded flows.
import type { Cpu, Kernel } from '../../state.ts';
import { GO_ON, transition } from './tcp_transition.ts';
import { logInvalid } from './log_invalid.ts';
import { expiresIn, tableOf } from './table.ts';
import { __nf_ct_refresh_acct, nf_ct_kill_acct, directionOf } from './refresh.ts';
import {
  TCP_CONNTRACK,
  TCP_FIN_SET,
  TCP_NONE_SET,
  TCP_RST_SET,
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
  DATA_UNACKNOWLEDGED,
  IGNORED,
  SACK_PERM,
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
  type CtEntry,
  type CtPacket,
  type CtSettings,
  type CtTcp,
} from './types.ts';
import { jiffies } from '../../jiffies.ts';
import { NF_ACCEPT, NF_INET_PRE_ROUTING } from '../types.ts';

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
function createCtTcp(): CtTcp {
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
  const expires = expiresIn(k, entry);
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
  __nf_ct_refresh_acct(k, p, timeout);
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

/// A reset goes out that netfilter has made: the connection is closed, whatever its ends think.
/// net/netfilter/nf_conntrack_proto_tcp.c:nf_conntrack_tcp_set_closing()
export function nf_conntrack_tcp_set_closing(k: Kernel, index: number): void {
  const { entries, settings } = tableOf(k);
  const { tcp, status } = entries[index]!;
  if (tcp === null || !(status & IPS_CONFIRMED)) return;
  const from = tcp.state;
  tcp.state = TCP_CONNTRACK.CLOSE;
  if (from === TCP_CONNTRACK.CLOSE || status & IPS_FIXED_TIMEOUT) return;
  entries[index]!.timeout = settings.tcp[TCP_CONNTRACK.CLOSE]! + jiffies(k);
}
