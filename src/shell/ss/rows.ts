/// The sockets of the host as rows: what ss, netstat and /proc/net show of each.
/// Stands for inet_diag_dump_icsk() (net/ipv4/inet_diag.c), tcp_diag_get_info() (net/ipv4/tcp_diag.c) and
/// udp_diag_get_info() (net/ipv4/udp_diag.c).
/// Left out: TIME-WAIT, UNIX and netlink sockets, socket cookies.
import { jiffies } from '../../kernel/jiffies.ts';
import type { Kernel, RequestSock, Sock, Task } from '../../kernel/state.ts';
import { timeOf } from '../../engine/agenda.ts';

/// States as ss names them in a filter, by the kernel's number.
const STATE_NAMES: Readonly<Record<number, string>> = {
  1: 'established',
  2: 'syn-sent',
  3: 'syn-recv',
  4: 'fin-wait-1',
  5: 'fin-wait-2',
  6: 'time-wait',
  7: 'unconnected',
  8: 'close-wait',
  9: 'last-ack',
  10: 'listening',
  11: 'closing',
};
const TCP_SYN_RECV = 3;
const TCP_LISTEN = 10;
const AF_INET6 = 10;

export interface SocketRow {
  readonly netid: 'tcp' | 'udp' | 'raw' | 'p_raw' | 'p_dgr';
  readonly six: boolean; // an IPv6 socket
  readonly v6only: boolean; // that takes no IPv4
  readonly state: number; // TCP_ESTABLISHED 1, ...
  readonly stateName: string; // established
  readonly recvq: number;
  readonly sendq: number;
  readonly local: string; // 10.0.0.2; '' any
  readonly port: number;
  readonly device: string; // SO_BINDTODEVICE; '' none
  readonly peer: string; // '' none
  readonly peer_port: number;
  readonly sock: Sock; // its own, or the listener of a request
  readonly request: RequestSock | null;
  readonly slot: number; // where /proc/net/udp and raw list it
}

/// Every socket that is open: raw, then UDP in the order of the hash table, then listeners, then
/// connections and requests.
export function socketRows(k: Kernel): SocketRow[] {
  const open = k.socks.filter((sock) => sock.task !== 0 || sock.hashed);
  const listeners = open.filter((sock) => sock.listen !== null);
  return [
    ...packetRows(k),
    ...open.filter((sock) => sock.proto === 'raw').map((sock) => datagramRow(k, sock, 0)),
    ...udpRows(k, open),
    ...listeners.map((sock) => tcpRow(k, sock)),
    ...connectionRows(k),
    ...open
      .filter((sock) => sock.tcp !== null && !sock.hashed && sock.task !== 0)
      .map((sock) => tcpRow(k, sock)),
  ];
}

function udpRows(k: Kernel, open: readonly Sock[]): SocketRow[] {
  const slots = Number(k.sysctl['net.ipv4.udp_hash_entries']);
  const rows = open
    .filter((sock) => sock.proto === 'udp')
    .map((sock) => datagramRow(k, sock, sock.port % slots));
  return rows.sort((a, b) => a.slot - b.slot);
}

function connectionRows(k: Kernel): SocketRow[] {
  const rows: SocketRow[] = [];
  for (const head of k.ehash)
    for (let entry = head; entry >= 0;) {
      const request = entry & 1 ? k.reqs[entry >> 1]! : null;
      const sock = k.socks[request ? request.listener : entry >> 1]!;
      rows.push(request ? requestRow(k, request, sock) : tcpRow(k, sock));
      entry = request ? request.ehash_next : sock.ehash_next;
    }
  return rows;
}

/// Packet sockets: the local address is the protocol, * for every one, the port the device.
function packetRows(k: Kernel): SocketRow[] {
  return k.packet.socks
    .filter((po) => po.open)
    .map((po) => ({
      ...datagramRow(k, k.socks[po.sock]!, 0),
      netid: po.type === 3 ? ('p_raw' as const) : ('p_dgr' as const),
      recvq: k.socks[po.sock]!.rmem_alloc,
      local: po.protocol === 3 ? '*' : `[${po.protocol}]`,
      device: k.devs[po.dev]?.name ?? '*',
    }));
}

function common(k: Kernel, sock: Sock): Pick<SocketRow, 'device' | 'six' | 'v6only'> {
  const dev = k.devs.find((one) => one.ifindex === sock.bound_dev);
  return {
    device: sock.bound_dev ? (dev?.name ?? '') : '',
    six: isSix(sock),
    v6only: sock.ipv6only,
  };
}

function isSix(sock: Sock): boolean {
  return sock.family === AF_INET6 || sock.mapped;
}

function tcpRow(k: Kernel, sock: Sock): SocketRow {
  const tp = sock.tcp;
  const listens = sock.state === TCP_LISTEN && sock.listen;
  return {
    ...common(k, sock),
    netid: 'tcp',
    state: sock.state,
    stateName: STATE_NAMES[sock.state] ?? '',
    recvq: listens
      ? listens.accept_queue.length
      : Math.max(0, ((tp?.rcv_nxt ?? 0) - (tp?.copied_seq ?? 0)) | 0),
    sendq: listens ? listens.max_ack_backlog : ((tp?.write_seq ?? 0) - (tp?.snd_una ?? 0)) | 0,
    ...{ local: isBound(sock) || tp ? shown(sock, sock.local) : '', port: sock.port },
    ...{ peer: sock.peer ? shown(sock, sock.peer) : '', peer_port: sock.peer_port },
    ...{ sock, request: null, slot: 0 },
  };
}

/// Has it an address of its own?
function isBound(sock: Sock): boolean {
  return sock.rcv_saddr !== 0;
}

/// An IPv4 address of an IPv6 socket has the form of one.
function shown(sock: Sock, address: string): string {
  return sock.mapped ? `::ffff:${address}` : address;
}

function requestRow(k: Kernel, request: RequestSock, listener: Sock): SocketRow {
  const { saddr, daddr, family } = k.flows;
  const mapped = isSix(listener) && family[request.flow] !== AF_INET6;
  const prefix = mapped ? '::ffff:' : '';
  const dev = k.devs.find((one) => one.ifindex === request.iif);
  return {
    ...common(k, listener),
    device: request.iif ? (dev?.name ?? '') : '',
    netid: 'tcp',
    state: TCP_SYN_RECV,
    stateName: 'syn-recv',
    ...{ recvq: 0, sendq: 0 },
    ...{ local: prefix + daddr[request.flow]!, port: request.dport },
    ...{ peer: prefix + saddr[request.flow]!, peer_port: request.sport },
    ...{ sock: listener, request, slot: 0 },
  };
}

function datagramRow(k: Kernel, sock: Sock, slot: number): SocketRow {
  return {
    ...common(k, sock),
    netid: sock.proto === 'raw' ? 'raw' : 'udp',
    state: sock.state,
    stateName: STATE_NAMES[sock.state] ?? '',
    // udp_rqueue_get(): what is charged, without what the reader has not given back yet.
    recvq: sock.rmem_alloc - sock.forward_deficit,
    sendq: 0,
    ...{ local: isBound(sock) ? sock.local : '', port: sock.port },
    ...{ peer: sock.peer, peer_port: sock.peer_port },
    ...{ sock, request: null, slot },
  };
}

/// The process that owns a row's socket; undefined for a request and for what waits in an accept queue.
export function ownerOf(k: Kernel, row: SocketRow): Task | undefined {
  if (row.request || row.sock.task === 0) return undefined;
  const thread = k.tasks[row.sock.reader];
  return k.tasks.find((task) => task.pid === thread?.tgid);
}

/// Milliseconds until a request's timer fires.
export function requestTimerMs(k: Kernel, request: RequestSock): number {
  return Math.max(0, Math.floor((timeOf(k.agenda, request.slot) - k.now) / 1_000_000));
}

/// Jiffies as milliseconds.
export function jiffiesMs(k: Kernel, ticks: number): number {
  return Math.floor((ticks * 1000) / k.desc.hz);
}

/// Milliseconds since a moment in jiffies.
export function msSince(k: Kernel, then: number): number {
  return jiffiesMs(k, jiffies(k) - then);
}
