/// /proc/net/tcp, udp, raw and sockstat, and the same of IPv6: the sockets and the memory they hold.
/// Stands for udp4_format_sock() in net/ipv4/udp.c, get_tcp4_sock() and get_openreq4() in
/// net/ipv4/tcp_ipv4.c, raw_sock_seq_show() in net/ipv4/raw.c and sockstat_seq_show() in net/ipv4/proc.c, and
/// for their like in net/ipv6, with __ip6_dgram_sock_seq_show() in net/ipv6/datagram.c.
/// Left out: the address of the socket, which is shown as zeros, as the kernel shows it to those who
/// may not see addresses; the random part of the hash, so that slots follow from the port.
import { addressBytes } from '../../kernel/address.ts';
import type { Kernel, Sock } from '../../kernel/state.ts';
import type { Line } from '../command.ts';
import { value } from '../marked.ts';
import { row } from '../nodes.ts';
import { socketCounts } from '../ss/counts.ts';
import { ownerOf, requestTimerMs, socketRows, type SocketRow } from '../ss/rows.ts';

const udpHeading =
  '   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops';
const tcpHeading =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const tcp6Heading =
  '  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const datagram6Heading = `${tcp6Heading} ref pointer drops`;
const rawHeading = `${tcpHeading} ref pointer drops`;
const TCP_WIDTH = 149;
const UDP_WIDTH = 127;
const USER_HZ = 100;
const POINTER = '0000000000000000';

/// Sockets that are open.
export function openSocks(k: Kernel): Sock[] {
  return k.socks.filter((sock) => sock.task !== 0);
}

function hex(number: number, digits: number): string {
  return number.toString(16).toUpperCase().padStart(digits, '0');
}

/// An IPv4 address as the kernel prints it here: the bytes in the order of a little-endian word.
export function littleEndian(address: string): string {
  return address
    .split('.')
    .reverse()
    .map((byte) => hex(Number(byte), 2))
    .join('');
}

function endpoint(address: string, port: number, six: boolean): string {
  const text = six ? littleEndian6(address) : littleEndian(address || '0.0.0.0');
  return `${text}:${hex(port, 4)}`;
}

/// An IPv6 address, or an IPv4 one in its form, as four such words; '' any.
function littleEndian6(address: string): string {
  if (address.includes('.')) return `${'0'.repeat(16)}FFFF0000${littleEndian(address.slice(7))}`;
  const bytes = addressBytes(address || '::');
  return [0, 4, 8, 12].map((at) => littleEndian(bytes.slice(at, at + 4).join('.'))).join('');
}

function ends(one: SocketRow): string {
  return `${endpoint(one.local, one.port, one.six)} ${endpoint(one.peer, one.peer_port, one.six)}`;
}

function uidOf(k: Kernel, one: SocketRow): string {
  const uid = ownerOf(k, one)?.uid ?? k.tasks[one.sock.reader]?.uid ?? 0;
  return String(uid).padStart(5);
}

/// Rows of one protocol: its IPv4 sockets, or those of IPv6.
function rowsOf(k: Kernel, netid: SocketRow['netid'], six = false): SocketRow[] {
  return socketRows(k).filter((one) => one.netid === netid && one.six === six);
}

function datagramLine(k: Kernel, one: SocketRow, width: number, sl: string): Line {
  const { sock } = one;
  const before = `${sl}: ${ends(one)} ${hex(one.state, 2)} 00000000:`;
  const queued = hex(sock.rmem_alloc, 8);
  const middle = ` 00:00000000 00000000 ${uidOf(k, one)}        0 ${sock.ino} 2 ${POINTER} `;
  const drops = String(sock.drops);
  const used = before.length + queued.length + middle.length + drops.length;
  return row(
    before,
    value(queued, `counter:sock:rmem_alloc@${sock.ino}`),
    middle,
    value(drops, `counter:sock:drops@${sock.ino}`),
    ' '.repeat(Math.max(0, width - used)),
  );
}

export function udp(k: Kernel): Line[] {
  return [
    row(udpHeading.padEnd(UDP_WIDTH)),
    ...rowsOf(k, 'udp').map((one) => datagramLine(k, one, UDP_WIDTH, String(one.slot).padStart(5))),
  ];
}

/// /proc/net/udp6
export function udp6(k: Kernel): Line[] {
  return [
    row(datagram6Heading),
    ...rowsOf(k, 'udp', true).map((one) => datagramLine(k, one, 0, String(one.slot).padStart(5))),
  ];
}

/// /proc/net/raw6
export function raw6(k: Kernel): Line[] {
  return [
    row(datagram6Heading),
    ...rowsOf(k, 'raw', true).map((one) => datagramLine(k, one, 0, String(one.port).padStart(5))),
  ];
}

export function raw(k: Kernel): Line[] {
  return [
    row(rawHeading),
    ...rowsOf(k, 'raw').map((one) => datagramLine(k, one, 0, String(one.port).padStart(4))),
  ];
}

export function tcp(k: Kernel): Line[] {
  return [
    row(tcpHeading.padEnd(TCP_WIDTH)),
    ...rowsOf(k, 'tcp').map((one, i) =>
      row(`${String(i).padStart(4)}: ${tcpFields(k, one)}`.padEnd(TCP_WIDTH)),
    ),
  ];
}

export function tcp6(k: Kernel): Line[] {
  return [
    row(tcp6Heading),
    ...rowsOf(k, 'tcp', true).map((one, i) =>
      row(`${String(i).padStart(4)}: ${tcpFields(k, one)}`),
    ),
  ];
}

/// Everything behind the number of a line. A listener's receive queue counts connections.
function tcpFields(k: Kernel, one: SocketRow): string {
  const { sock, request } = one;
  const state = hex(one.state, 2);
  if (request) {
    const due = hex(Math.floor((requestTimerMs(k, request) * USER_HZ) / 1000), 8);
    const retries = hex(request.num_timeout, 8);
    return `${ends(one)} ${state} 00000000:00000000 01:${due} ${retries} ${uidOf(k, one)}        0 0 0 ${POINTER}`;
  }
  const sendq = sock.listen ? 0 : one.sendq;
  const queues = `${hex(sendq, 8)}:${hex(one.recvq, 8)}`;
  const owner = `${uidOf(k, one)}        0 ${sock.ino} 1 ${POINTER}`;
  return `${ends(one)} ${state} ${queues} 00:00000000 00000000 ${owner} ${timing(k, sock)}`;
}

/// RTO, delayed ACK, quick ACKs, congestion window, and the slow start threshold (-1: none yet; a
/// listener: its Fast Open queue).
function timing(k: Kernel, sock: Sock): string {
  const clock = (ticks: number): number => Math.floor((ticks * USER_HZ) / k.desc.hz);
  const tp = sock.tcp;
  if (!tp) return `${USER_HZ} 0 0 10 0`;
  const ack = tp.icsk_ack;
  const quick = (ack.quick << 1) | (ack.pingpong >= 1 ? 1 : 0);
  return `${clock(tp.icsk_rto)} ${clock(ack.ato)} ${quick} ${tp.snd_cwnd} -1`;
}

export function sockstat(k: Kernel): Line[] {
  const { used, tcp4, udp4, alloc, raw4 } = socketCounts(k);
  return [
    row(`sockets: used ${used}`),
    row(
      `TCP: inuse ${tcp4} orphan 0 tw 0 alloc ${alloc} mem `,
      value(Math.max(0, k.tcp_memory_allocated), 'counter:sockstat:tcp_mem'),
    ),
    row(
      `UDP: inuse ${udp4} mem `,
      value(Math.max(0, k.udp_memory_allocated), 'counter:sockstat:udp_mem'),
    ),
    row('UDPLITE: inuse 0'),
    row(`RAW: inuse ${raw4}`),
    row(`FRAG: inuse ${k.frags.queues.filter((q) => q.live).length} memory ${k.frags.mem}`),
  ];
}

export function sockstat6(k: Kernel): Line[] {
  const { tcp6: tcp, udp6: udp, raw6 } = socketCounts(k);
  return [
    row(`TCP6: inuse ${tcp}`),
    row(`UDP6: inuse ${udp}`),
    row('UDPLITE6: inuse 0'),
    row(`RAW6: inuse ${raw6}`),
    row(`FRAG6: inuse ${k.frags6.queues.filter((q) => q.live).length} memory ${k.frags6.mem}`),
  ];
}
