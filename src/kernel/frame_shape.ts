/// What a sender's frames look like where they are more than plain UDP over IPv4: protocol, family, VLAN tag,
/// fragments, TCP segments in a row, and what is wrong with some of them. A plain sender has no shape,
/// and its frames no flags.
/// Left out: contents, IP options, IPv6 extension headers other than that of fragments, TCP options other than
/// timestamps.
import { chance, type Stream } from '../engine/random.ts';
import { IP_FAULT } from './ip_faults.ts';
import {
  FLAG_BAD_CSUM,
  FLAG_BAD_IP,
  FLAG_BROADCAST,
  FLAG_DF,
  FLAG_FRAG,
  FLAG_IPID,
  FLAG_MF,
  FLAG_MULTICAST,
  FLAG_TCP,
  FLAG_TSTAMP,
  FLAG_VLAN,
} from './skb.ts';
import type { FrameShape, SkbPool, Skb } from './state.ts';

const FCS = 4;
const ETH_HLEN = 14;
const IP_HLEN = 20;
const IPV6_HLEN = 40;
const FRAG_HLEN = 8; // IPv6's header of a fragment
const TCP_HLEN = 20;
const TSTAMP_ALIGNED = 12;
const SHORTEST = 60; // bytes without FCS
const ACK = 16;
const SYN = 2;

export type Protocol = 'udp' | 'icmp' | 'arp' | 'tcp' | 'tcp-syn';

/// What can be wrong with an IP header, or special about it, by the words of a specification.
export const HEADERS = Object.freeze({
  checksum: IP_FAULT.CHECKSUM,
  version: IP_FAULT.VERSION,
  ihl: IP_FAULT.IHL,
  truncated: IP_FAULT.TRUNCATED,
  length: IP_FAULT.TOTAL_LENGTH,
  options: IP_FAULT.OPTIONS,
  'bad-options': IP_FAULT.BAD_OPTIONS,
  'source-route': IP_FAULT.SOURCE_ROUTE,
});

export type BadHeader = keyof typeof HEADERS;

/// The words of a specification that make a shape.
export interface ShapeSpec {
  readonly proto?: Protocol; // udp
  readonly vlan?: number; // tag: VLAN 1 to 4094
  readonly mtu?: number; // of the sender: longer datagrams come in fragments; 0: none do
  readonly bad_ip?: number; // share of packets with a wrong IP header, 0 to 1
  readonly bad_header?: BadHeader; // what is wrong with them: checksum
  readonly bad_csum?: number; // share of packets with a wrong transport checksum, 0 to 1
  readonly train?: number; // frames of one flow in a row: 1
}

/// The shape of frames of `len` bytes with FCS to that address; null when they are plain.
export function shapeOf(
  spec: ShapeSpec,
  len: number,
  daddr: string,
  broadcast: boolean,
  flows: number,
): FrameShape | null {
  const proto = spec.proto ?? 'udp';
  const six = daddr.includes(':');
  const tcp = proto === 'tcp' || proto === 'tcp-syn';
  const shape: FrameShape = {
    flags: addressFlags(proto, daddr, broadcast) | (spec.vlan ? FLAG_VLAN : 0),
    vlan_tci: spec.vlan ?? 0,
    ip_header: six ? IPV6_HLEN : IP_HLEN,
    chunk: chunkOf(len, spec.mtu ?? 0, six),
    fragments: 1,
    ipid: 0,
    bad_ip: spec.bad_ip ?? 0,
    bad_kind: HEADERS[spec.bad_header ?? 'checksum'],
    bad_csum: spec.bad_csum ?? 0,
    train: spec.train ?? 1,
    in_train: 0,
    tcp_flags: tcp ? (proto === 'tcp' ? ACK : SYN) : 0,
    seqs: proto === 'tcp' ? new Array<number>(flows).fill(1) : [],
  };
  if (shape.chunk > 0)
    shape.fragments = Math.ceil((len - FCS - ETH_HLEN - shape.ip_header) / shape.chunk);
  if (tcp) shape.flags |= FLAG_TCP | (six ? 0 : FLAG_IPID | FLAG_DF);
  if (proto === 'tcp') shape.flags |= FLAG_TSTAMP;
  const plain =
    shape.flags === 0 &&
    shape.fragments === 1 &&
    shape.bad_ip === 0 &&
    shape.bad_csum === 0 &&
    shape.train === 1;
  return plain ? null : shape;
}

function addressFlags(proto: Protocol, daddr: string, broadcast: boolean): number {
  if (proto === 'arp' || broadcast) return FLAG_BROADCAST;
  const group = daddr.startsWith('ff') || (Number(daddr.split('.')[0]) & 0xf0) === 224;
  return group ? FLAG_MULTICAST : 0;
}

/// Bytes of the datagram in each fragment but the last, a multiple of 8; 0 when it fits in one packet.
function chunkOf(len: number, mtu: number, six: boolean): number {
  const whole = len - FCS - ETH_HLEN;
  const headers = six ? IPV6_HLEN + FRAG_HLEN : IP_HLEN;
  return mtu === 0 || whole <= mtu ? 0 : Math.floor((mtu - headers) / 8) * 8;
}

/// Length of the sender's next frame without FCS and without its VLAN tag, bytes.
export function frameLength(shape: FrameShape, len: number, sent: number): number {
  if (shape.fragments === 1) return len - FCS;
  const nth = sent % shape.fragments;
  const whole = len - FCS - ETH_HLEN - shape.ip_header;
  const part = Math.min(shape.chunk, whole - nth * shape.chunk);
  const extension = shape.ip_header === IPV6_HLEN ? FRAG_HLEN : 0;
  return Math.max(SHORTEST, ETH_HLEN + shape.ip_header + extension + part);
}

/// Fills in what is special about a frame, the `sent`-th of its sender, and gives it its flags. Whether the
/// next one is of another flow.
export function dressFrame(
  pool: SkbPool,
  skb: Skb,
  shape: FrameShape,
  random: Stream,
  len: number,
  sent: number,
  flow: number,
): boolean {
  let flags = shape.flags;
  if (flags & FLAG_VLAN) pool.vlan_tci[skb] = shape.vlan_tci;
  if (flags & FLAG_TCP) dressSegment(pool, skb, shape, flow);
  if (shape.fragments > 1) flags |= dressFragment(pool, skb, shape, len, sent);
  if (shape.bad_ip > 0 && chance(random, shape.bad_ip)) {
    flags |= FLAG_BAD_IP;
    pool.cb[skb] = shape.bad_kind;
  }
  if (shape.bad_csum > 0 && chance(random, shape.bad_csum)) flags |= FLAG_BAD_CSUM;
  pool.flags[skb] = pool.flags[skb]! | flags;
  if (shape.fragments > 1 && (sent + 1) % shape.fragments !== 0) return false;
  shape.in_train++;
  if (shape.in_train < shape.train) return false;
  shape.in_train = 0;
  return true;
}

function dressFragment(
  pool: SkbPool,
  skb: Skb,
  shape: FrameShape,
  len: number,
  sent: number,
): number {
  const nth = sent % shape.fragments;
  const offset = nth * shape.chunk;
  if (nth === 0) shape.ipid = (shape.ipid + 1) & 0xffff;
  pool.ipid[skb] = shape.ipid;
  pool.frag_off[skb] = offset;
  pool.payload[skb] = Math.min(shape.chunk, len - FCS - ETH_HLEN - shape.ip_header - offset);
  return FLAG_FRAG | FLAG_IPID | (nth + 1 < shape.fragments ? FLAG_MF : 0);
}

/// The next segment of a flow, or a SYN. One acknowledgement number and window serve all.
function dressSegment(pool: SkbPool, skb: Skb, shape: FrameShape, flow: number): void {
  const stream = shape.seqs.length > 0;
  const header = ETH_HLEN + shape.ip_header + TCP_HLEN + TSTAMP_ALIGNED;
  const payload = stream ? Math.max(0, pool.len[skb]! - header) : 0;
  const seq = stream ? shape.seqs[flow]! : 0;
  pool.seq[skb] = seq;
  pool.ack_seq[skb] = stream ? 1 : 0;
  pool.tcp_flags[skb] = shape.tcp_flags;
  pool.window[skb] = 501; // 64128 bytes at Linux's usual scale of 7
  pool.payload[skb] = payload;
  pool.tsval[skb] = 1;
  pool.tsecr[skb] = 1;
  shape.ipid = (shape.ipid + 1) & 0xffff;
  pool.ipid[skb] = shape.ipid;
  if (stream) shape.seqs[flow] = (seq + payload) >>> 0;
}
