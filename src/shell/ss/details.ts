/// What ss adds to a socket: its memory (-m), its timer (-o), its owner and numbers (-e) and the state of a connection (-i).
/// Stands for sk_get_meminfo() (net/core/sock.c), tcp_get_info() (net/ipv4/tcp.c) and the printing in
/// misc/ss.c of iproute2. Of -i the fields that only a sender of data has are missing: bytes sent, delivery
/// rate, busy time, congestion beyond the window; so are timers of connections, of which only delayed ACKs run here.
import { jiffies } from '../../kernel/jiffies.ts';
import type { Kernel, Sock, TcpSock } from '../../kernel/state.ts';
import { jiffiesMs, msSince, ownerOf, requestTimerMs, type SocketRow } from './rows.ts';

const NO_RTT = 0xffff_ffff;
const UNITS = [
  ['T', 1e12],
  ['G', 1e9],
  ['M', 1e6],
  ['k', 1e3],
] as const;

/// skmem: memory charged and allowed, in both directions.
export function memoryOf(sock: Sock): string {
  return (
    ` skmem:(r${sock.rmem_alloc},rb${sock.rcvbuf},t${sock.wmem_alloc},tb${sock.sndbuf},` +
    `f${sock.forward_alloc},w${sock.wmem_queued},o0,bl${sock.backlog_len},d${sock.drops})`
  );
}

/// -e: owner, inode, cookie, control group (all is in the root group) and which directions are shut.
export function extendedOf(k: Kernel, row: SocketRow): string {
  const { sock, request } = row;
  if (request) return ` ino:0 sk:${request.cookie.toString(16)} cgroup:/ <->`;
  const uid = ownerOf(k, row)?.uid ?? 0;
  const bound = row.stateName === 'listening' || row.stateName === 'unconnected';
  const ways = `${sock.shutdown & 1 ? '-' : '<'}-${sock.shutdown & 2 ? '-' : '>'}`;
  return (
    `${uid > 0 ? ` uid:${uid}` : ''} ino:${sock.ino} sk:${sock.cookie.toString(16)}` +
    `${row.six && bound ? ` v6only:${row.v6only ? 1 : 0}` : ''} cgroup:/ ${ways}`
  );
}

/// The timer of a half-open connection: when the SYN-ACK is sent again, and how often it was.
export function timerOf(k: Kernel, { request }: SocketRow): string {
  if (!request) return '';
  return ` timer:(on,${interval(requestTimerMs(k, request))},${request.num_retrans})`;
}

/// Milliseconds in the tool's words: 152ms, 2.500ms, 25sec, 3min10sec.
function interval(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  let seconds = Math.floor(ms / 1000) % 60;
  let rest = ms % 1000;
  let text = '';
  if (minutes > 0) {
    rest = 0;
    text += `${minutes}min`;
    if (minutes > 9) seconds = 0;
  }
  if (seconds > 0) {
    if (seconds > 9) rest = 0;
    text += `${seconds}${rest > 0 ? '.' : 'sec'}`;
  }
  return rest > 0 ? `${text}${String(rest).padStart(3, '0')}ms` : text;
}

/// A connection's fields, in the tool's order; those at zero are left out, as it does.
export function infoOf(k: Kernel, { sock }: SocketRow, numeric: boolean): string {
  const tp = sock.tcp;
  if (!tp) return '';
  const ack = tp.icsk_ack;
  const mtu = k.devs[k.flows.dev[sock.flow]!]!.mtu;
  return [
    ` ${k.sysctl['net.ipv4.tcp_congestion_control'] ?? ''}`,
    tp.wscale_ok && ` wscale:${tp.snd_wscale},${tp.rcv_wscale}`,
    ` rto:${jiffiesMs(k, tp.icsk_rto)}`,
    tp.srtt_us > 0 && ` rtt:${ms(tp.srtt_us >>> 3)}/${ms(tp.mdev_us >>> 2)}`,
    ack.ato > 0 && ` ato:${jiffiesMs(k, ack.ato)}`,
    ` mss:${tp.mss_cache} pmtu:${mtu}`,
    ack.rcv_mss > 0 && ` rcvmss:${ack.rcv_mss}`,
    ` advmss:${tp.advmss} cwnd:${tp.snd_cwnd}`,
    tp.bytes_acked > 0 && ` bytes_acked:${tp.bytes_acked}`,
    tp.bytes_received > 0 && ` bytes_received:${tp.bytes_received}`,
    tp.segs_out > 0 && ` segs_out:${tp.segs_out}`,
    tp.segs_in > 0 && ` segs_in:${tp.segs_in}`,
    tp.data_segs_out > 0 && ` data_segs_out:${tp.data_segs_out}`,
    tp.data_segs_in > 0 && ` data_segs_in:${tp.data_segs_in}`,
    ...rates(k, tp, numeric),
    tp.rcv_rtt_est.rtt_us > 0 && ` rcv_rtt:${shortest(tp.rcv_rtt_est.rtt_us / 8000)}`,
    tp.rcvq_space.space > 0 && ` rcv_space:${tp.rcvq_space.space}`,
    ` rcv_ssthresh:${tp.rcv_ssthresh}`,
    tp.rtt_min < NO_RTT && ` minrtt:${ms(tp.rtt_min)}`,
    tp.rcv_ooopack > 0 && ` rcv_ooopack:${tp.rcv_ooopack}`,
    ` snd_wnd:${tp.snd_wnd} rcv_wnd:${tp.rcv_wnd}`,
  ]
    .filter((part) => part !== false)
    .join('');
}

/// What it could send, when something was last sent and came, ms ago (a moment ago is not shown), and what
/// has arrived. A host that sends no data leaves its window unused: app_limited.
function rates(k: Kernel, tp: TcpSock, numeric: boolean): (string | false)[] {
  const rtt_us = tp.srtt_us >>> 3;
  const send = rtt_us > 0 ? (tp.snd_cwnd * tp.mss_cache * 8_000_000) / rtt_us : 0;
  const sent = msSince(k, tp.lsndtime);
  return [
    send > 0 && ` send ${bandwidth(send, numeric)}bps`,
    sent > 0 && ` lastsnd:${sent}`,
    ...times(k, tp),
    tp.pacing_rate > 0 && ` pacing_rate ${bandwidth(tp.pacing_rate * 8, numeric)}bps`,
    tp.delivered > 0 && ` delivered:${tp.delivered}`,
    ' app_limited',
  ];
}

/// Bits a second in the tool's words: 24138362, or 24.1M.
function bandwidth(bits: number, numeric: boolean): string {
  if (numeric) return String(Math.round(bits));
  for (const [unit, size] of UNITS)
    if (bits >= size) return `${Number((bits / size).toPrecision(3))}${unit}`;
  return shortest(bits);
}

/// When data and ACKs last came.
function times(k: Kernel, tp: TcpSock): (string | false)[] {
  const data = msSince(k, tp.icsk_ack.lrcvtime);
  const acked = tp.rcv_tstamp > 0 ? jiffiesMs(k, jiffies(k) - tp.rcv_tstamp) : 0;
  return [data > 0 && ` lastrcv:${data}`, acked > 0 && ` lastack:${acked}`];
}

/// Microseconds as milliseconds, at most three digits behind the point.
function ms(us: number): string {
  return shortest(us / 1000);
}

/// %g: six digits that matter, no zeros behind them.
function shortest(value: number): string {
  return String(Number(value.toPrecision(6)));
}
