/// Other hosts on the wire that speak TCP to this one: senders of bulk data, clients that connect one
/// after another, and floods of SYNs that nobody will answer for. They share the link with all
/// other senders of the device.
///
/// A bulk sender follows the window that the host offers, and after a loss its congestion control
/// (remote_congestion.ts); it has no delays of its own beside the propagation of the wire.
/// Left out: answers to the host's data and FINs (it sends none), ECN; over IPv6 neighbour discovery.
import { addSlot, setTime } from '../../engine/agenda.ts';
import { bits, stream } from '../../engine/random.ts';
import { REMOTE, REMOTE_TIMER } from '../events.ts';
import { addFlow, addressText } from '../flows.ts';
import { address6, isLinkLocal6 } from '../address.ts';
import type { Kernel, NetDevice, Remote, RemoteConn, SynOptions } from '../state.ts';
import { ownAddress, senderAddress } from '../source_flows.ts';
import { armTimer, RTO_NS } from './remote_receive.ts';
import { wantTurn } from './remote_turn.ts';

const IPPROTO_TCP = 6;
const FIRST_PORT = 32768;
const PORTS = 28232; // net.ipv4.ip_local_port_range: 32768 to 60999
const FLOOD_NET = 0xc6120000; // 198.18.0.0/15, reserved for such tests
const FLOOD_NET6 = '2001:2'; // 2001:2::/48, the same for IPv6 (RFC 5180)
const LINK_LOCAL = 'fe80';
const DEFAULT_DPORT = 5201; // iperf3's

/// What a remote sender does.
export interface TcpSpec {
  readonly dev: number; // index into devs
  readonly connections?: number; // 1
  readonly bytes?: number; // payload for each connection; without end
  readonly keeps?: boolean; // it stays open behind the payload: no FIN; false
  readonly rate_pps?: number; // frames a second at most, all connections together
  readonly mss?: number; // payload of a full segment; what the device's MTU leaves
  readonly timestamps?: boolean; // true
  readonly window?: number; // its own window, raw field; 502
  readonly dport?: number; // 5201
  readonly v6?: boolean; // IPv6
  readonly daddr?: string; // instead of the interface's address
  readonly train?: number; // segments that one connection sends in a row; 44, a full TSO packet
  readonly label?: string;
}

export interface FloodSpec {
  readonly dev: number;
  readonly pps: number; // SYNs a second
  readonly sources?: number; // addresses; 4096
  readonly saddr?: string; // one address, and so many of its ports instead
  readonly window?: number; // raw field; 502
  readonly bare?: boolean; // SYNs without options; false
  readonly v6?: boolean; // IPv6
  readonly daddr?: string; // instead of the interface's address
  readonly dport?: number;
  readonly limit?: number; // SYNs
  readonly label?: string;
}

export interface ClientSpec {
  readonly dev: number;
  readonly rate: number; // connections a second
  readonly limit: number; // connections
  readonly bytes?: number; // payload of each; 0: they only connect
  readonly v6?: boolean; // IPv6
  readonly daddr?: string; // instead of the interface's address
  readonly dport?: number;
  readonly timestamps?: boolean;
  readonly label?: string;
}

/// Starts a remote sender: each connection shakes hands and then sends. Returns its id.
export function startTcp(k: Kernel, spec: TcpSpec): number {
  const connections = spec.connections ?? 1;
  if (!(connections >= 1)) throw new Error(`a sender of ${connections} connections`);
  const dev = wired(k, spec.dev);
  const r = addRemote(k, 'bulk', spec, dev, {
    bytes: spec.bytes ?? Infinity,
    keeps: spec.keeps ?? false,
    mss: spec.mss ?? Infinity,
    timestamps: spec.timestamps ?? true,
    train: spec.train ?? 44,
    gap_ns: gapOf(dev, spec.rate_pps ?? 0),
    limit: connections,
  });
  r.window = spec.window ?? r.window;
  while (beginConnection(k, r));
  return r.id;
}

/// Starts clients that connect at a steady rate and keep their connections open. Returns their id.
export function startClients(k: Kernel, spec: ClientSpec): number {
  if (!(spec.rate > 0) || !(spec.limit >= 1))
    throw new Error(`${spec.limit} clients at ${spec.rate} a second`);
  const dev = wired(k, spec.dev);
  const r = addRemote(k, 'clients', spec, dev, {
    bytes: spec.bytes ?? 0,
    keeps: true,
    mss: Infinity,
    timestamps: spec.timestamps ?? true,
    train: 1,
    gap_ns: gapOf(dev, 0),
    limit: spec.limit,
  });
  r.conn_gap_ns = Math.round(1_000_000_000 / spec.rate);
  r.next_conn_ns = k.now;
  armTimer(k, r, r.next_conn_ns);
  return r.id;
}

/// Starts a flood of SYNs from addresses that never answer. Returns its id.
export function startSynFlood(k: Kernel, spec: FloodSpec): number {
  const sources = spec.sources ?? 4096;
  if (!(spec.pps > 0) || !(sources >= 1))
    throw new Error(`a flood of ${spec.pps} SYNs a second from ${sources} addresses`);
  const dev = wired(k, spec.dev);
  const r = addRemote(k, 'synflood', spec, dev, {
    bytes: 0,
    keeps: true,
    mss: Infinity,
    timestamps: true,
    train: 1,
    gap_ns: gapOf(dev, spec.pps),
    limit: spec.limit ?? Infinity,
  });
  const daddr = destination(dev, spec);
  r.flows = sources;
  r.window = spec.window ?? r.window;
  if (spec.bare) r.syn = { mss: 0, wscale: -1, sack_ok: false, tstamp: false };
  for (let i = 0; i < sources; i++)
    newFlow(k, r, spec.saddr ?? floodAddress(daddr, i), daddr, 1024 + (i % 64512));
  r.next_ns = k.now;
  setTime(k.agenda, r.slot, k.now);
  return r.id;
}

/// A remote host writes so many bytes more to each of its connections.
export function writeRemote(k: Kernel, id: number, bytes: number): void {
  const r = k.remotes[id];
  if (!r) throw new Error(`no remote host ${id} among ${k.remotes.length}`);
  r.bytes += bytes;
  r.conns.forEach((conn, index) => {
    conn.bytes += bytes;
    wantTurn(k, r, index, k.now + k.devs[r.dev]!.propagation_ns);
  });
}

/// A remote host closes its connections: those that are established end with a FIN behind what was sent,
/// the others are given up.
export function closeRemote(k: Kernel, id: number): void {
  const r = k.remotes[id];
  if (!r) throw new Error(`no remote host ${id} among ${k.remotes.length}`);
  r.keeps = false;
  r.limit = r.conns.length;
  r.conns.forEach((conn, index) => {
    if (conn.state !== 'established') {
      conn.state = 'closed';
      conn.rto_at = Infinity;
      return;
    }
    conn.bytes = Math.min(conn.bytes, conn.snd_max - 1);
    conn.fin = false;
    wantTurn(k, r, index, k.now + k.devs[r.dev]!.propagation_ns);
  });
}

/// Stops a remote host: what is on the wire still arrives; its connections stay as they are.
export function stopRemote(k: Kernel, id: number): void {
  const r = k.remotes[id];
  if (!r) throw new Error(`no remote host ${id} among ${k.remotes.length}`);
  r.active = false;
  r.turns = [];
  for (const conn of r.conns) conn.in_turn = false;
  setTime(k.agenda, r.slot, Infinity);
  setTime(k.agenda, r.timer_slot, Infinity);
  k.config_version++;
}

function wired(k: Kernel, index: number): NetDevice {
  const dev = k.devs[index];
  if (!dev || dev.path < 0) throw new Error(`device ${index} has no wire`);
  return dev;
}

/// A link without a speed (a tap) takes a frame a microsecond, or the sender would need no time at all.
function gapOf(dev: NetDevice, pps: number): number {
  if (pps > 0) return Math.max(1, Math.round(1_000_000_000 / pps));
  return dev.speed_mbps > 0 ? 0 : 1000;
}

interface Shape {
  readonly bytes: number;
  readonly keeps: boolean;
  readonly mss: number;
  readonly timestamps: boolean;
  readonly train: number;
  readonly gap_ns: number;
  readonly limit: number;
}

function addRemote(
  k: Kernel,
  kind: Remote['kind'],
  spec: Target,
  dev: NetDevice,
  shape: Shape,
): Remote {
  const id = k.remotes.length;
  const daddr = destination(dev, spec);
  const ip_header = daddr.includes(':') ? 40 : 20;
  const most = dev.mtu - ip_header - 20;
  const syn: SynOptions = { mss: most, wscale: 7, sack_ok: true, tstamp: shape.timestamps };
  const r: Remote = {
    id,
    kind,
    dev: spec.dev,
    active: true,
    label: spec.label ?? '',
    dport: spec.dport ?? DEFAULT_DPORT,
    ip_header,
    started: k.now,
    conns: [],
    first_flow: k.flows.count,
    flows: 0,
    bytes: shape.bytes,
    keeps: shape.keeps,
    mss: Math.min(shape.mss, most - (shape.timestamps ? 12 : 0)),
    syn,
    window: 502,
    train: shape.train,
    gap_ns: shape.gap_ns,
    next_ns: k.now,
    turns: [],
    sent: 0,
    retransmitted: 0,
    received: 0,
    syns: 0,
    next_conn_ns: Infinity,
    conn_gap_ns: 0,
    limit: shape.limit,
    random: stream(k.seed, `remote ${id}`),
    next_flow: 0,
    slot: addSlot(k.agenda, REMOTE, id),
    timer_slot: addSlot(k.agenda, REMOTE_TIMER, id),
    timer_at: Infinity,
  };
  k.remotes.push(r);
  k.config_version++;
  // The flows of a remote host lie side by side, so all of them are made now.
  if (kind !== 'synflood')
    for (let i = 0; i < shape.limit; i++)
      newFlow(k, r, senderAddress(dev, daddr, 0), daddr, FIRST_PORT + (k.flows.count % PORTS));
  return r;
}

interface Target {
  readonly dev: number;
  readonly dport?: number;
  readonly v6?: boolean;
  readonly daddr?: string;
  readonly label?: string;
}

/// Where it connects to: the address asked for, or the interface's own.
function destination(dev: NetDevice, { v6 = false, daddr }: Target): string {
  if (daddr !== undefined) return address6(daddr) ?? daddr;
  const own = ownAddress(dev, v6);
  if (own === '0.0.0.0') throw new Error(`${dev.name} has no IPv4 address`);
  return own;
}

/// The n-th address of a flood. To a link-local address nobody further away can send.
function floodAddress(daddr: string, n: number): string {
  if (!daddr.includes(':')) return addressText(FLOOD_NET + n);
  const host = `${(1 + (n >>> 16)).toString(16)}:${(n & 0xffff).toString(16)}`;
  return address6(`${isLinkLocal6(daddr) ? LINK_LOCAL : FLOOD_NET6}::${host}`)!;
}

/// A flow of the remote host. Linux labels what it sends over IPv6 by a hash of the connection.
function newFlow(k: Kernel, r: Remote, saddr: string, daddr: string, sport: number): void {
  const { dport, syn } = r;
  const flow_label = daddr.includes(':') ? bits(r.random) & 0xfffff : 0;
  addFlow(k, {
    ...{ dev: r.dev, saddr, daddr, sport, dport, flow_label },
    ...{ proto: IPPROTO_TCP, remote: r.id, ...(syn.mss !== 0 && { syn }) },
  });
}

/// Begins the next connection. False when all have begun.
export function beginConnection(k: Kernel, r: Remote): boolean {
  if (r.conns.length >= r.limit) return false;
  const index = r.conns.length;
  const conn: RemoteConn = {
    flow: r.first_flow + index,
    state: 'new',
    iss: bits(r.random),
    bytes: r.bytes,
    snd_una: 0,
    snd_nxt: 0,
    snd_max: 0,
    snd_wnd: 0,
    snd_wscale: 0,
    rcv_nxt: 0,
    ts_recent: 0,
    tstamp: false,
    dupacks: 0,
    recover: -1,
    resend: 0,
    sacked: [],
    ...{ last_resent: -1, cwnd: Infinity, ssthresh: Infinity, cwnd_cnt: 0, pipe: 0 },
    ...{ prior_cwnd: 0, prr_delivered: 0, prr_out: 0, probed: false, tail: false },
    retransmit: false,
    ack: false,
    fin: r.keeps,
    probe: false,
    rst: false,
    ready_ns: 0,
    in_turn: false,
    train: r.train,
    rto_ns: RTO_NS,
    rto_at: Infinity,
    tries: 0,
    ipid: bits(r.random) & 0xffff,
  };
  r.conns.push(conn);
  r.syns++;
  wantTurn(k, r, index, k.now + k.devs[r.dev]!.propagation_ns);
  return true;
}
