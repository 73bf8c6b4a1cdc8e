/// Fanout: several packet sockets share the packets of one hook. Stands for packet_rcv_fanout(), fanout_add()
/// and the fanout_demux functions in net/packet/af_packet.c.
/// Left out: modes with a BPF program, and reassembly before the choice (PACKET_FANOUT_FLAG_DEFRAG). By hash, IPv6
/// packets with a flow label are told apart by that instead of their ports. By queue, what is sent goes to the first
/// member, for its copy does not say the transmit queue.
import { integer, stream } from '../engine/random.ts';
import { done, fails, type Result } from './errno.ts';
import { reciprocalScale } from './hash.ts';
import { __tpacket_v3_has_room } from './packet_ring.ts';
import type { PacketFanout, PacketSock } from './packet_types.ts';
import { recordedRxQueue } from './skb.ts';
import type { Cpu, Kernel, Skb } from './state.ts';

/// PACKET_FANOUT_* of include/uapi/linux/if_packet.h, by the words for them.
export const FANOUT = Object.freeze({ hash: 0, lb: 1, cpu: 2, rollover: 3, rnd: 4, qm: 5 });
export const PACKET_FANOUT_FLAG_ROLLOVER = 0x1000;

const PACKET_FANOUT_MAX = 256;
const ROLLOVER_HLEN = 16;
const ROOM_POW_OFF = 2;
const ROOM_NONE = 0;
const ROOM_LOW = 1;
const ROOM_NORMAL = 2;

/// Adds a socket to the group of that number, which is made when there is none. The socket must be running and
/// in no group; all members have one mode, protocol and device. EINVAL, EALREADY, ENOSPC.
export function fanout_add(
  k: Kernel,
  at: number,
  id: number,
  type: number,
  flags: number,
): Result & { readonly index?: number } {
  const po = k.packet.socks[at]!;
  if (!Object.values(FANOUT).includes(type as 0)) return fails('EINVAL');
  // Rolling over to where one rolls over already.
  if (type === FANOUT.rollover && flags & PACKET_FANOUT_FLAG_ROLLOVER) return fails('EINVAL');
  if (po.fanout >= 0) return fails('EALREADY');
  const groups = k.packet.fanouts;
  let index = groups.findIndex((one) => one.id === id && one.members.length > 0);
  if (index < 0) {
    const random = stream(k.seed, `fanout ${id}`);
    index = groups.push({ id, type, flags, members: [], rr_cur: 0, random }) - 1;
  }
  const group = groups[index]!;
  if (group.type !== type || group.flags !== flags) return fails('EINVAL');
  const first = group.members[0];
  if (first !== undefined) {
    const { protocol, dev } = k.packet.socks[first]!;
    if (protocol !== po.protocol || dev !== po.dev) return fails('EINVAL');
  }
  if (group.members.length >= PACKET_FANOUT_MAX) return fails('ENOSPC');
  group.members.push(at);
  po.fanout = index;
  return { ...done, index };
}

/// A socket leaves: the last member takes its place. __fanout_unlink()
export function fanout_release(k: Kernel, at: number): void {
  const po = k.packet.socks[at]!;
  const group = k.packet.fanouts[po.fanout];
  if (!group) return;
  const place = group.members.indexOf(at);
  group.members[place] = group.members.at(-1)!;
  group.members.pop();
  po.fanout = -1;
}

/// The member that gets a packet, as an index into packet.socks; -1: the group is empty.
/// net/packet/af_packet.c:packet_rcv_fanout()
export function fanoutMember(
  k: Kernel,
  c: Cpu,
  f: PacketFanout,
  skb: Skb,
  hash: number,
  truesize: number,
): number {
  const num = f.members.length;
  if (num === 0) return -1;
  let idx: number;
  switch (f.type) {
    case FANOUT.lb:
      f.rr_cur = (f.rr_cur + 1) >>> 0;
      idx = f.rr_cur % num;
      break;
    case FANOUT.cpu:
      idx = c.id % num;
      break;
    case FANOUT.rnd:
      idx = integer(f.random, num);
      break;
    case FANOUT.qm:
      idx = skb < 0 ? 0 : skb_get_queue_mapping(k, skb) % num;
      break;
    case FANOUT.rollover:
      idx = fanout_demux_rollover(k, f, 0, false, hash, truesize);
      break;
    default:
      idx = reciprocalScale(hash, num);
  }
  if (f.flags & PACKET_FANOUT_FLAG_ROLLOVER)
    idx = fanout_demux_rollover(k, f, idx, true, hash, truesize);
  return f.members[idx]!;
}

/// Drivers that do not tell by which receive queue a packet came; nor does lo.
const SILENT = ['', 'e1000', 'e1000e', 'macb', 'i82596'];

/// The receive queue as skb_record_rx_queue() writes it down: one more than its number; 0 where nobody has.
/// include/linux/skbuff.h:skb_get_queue_mapping()
function skb_get_queue_mapping(k: Kernel, skb: Skb): number {
  let dev = k.devs[k.skbs.dev[skb]!]!;
  while (dev.links.kind === 'vlan' || dev.links.kind === 'macvlan') dev = k.devs[dev.links.lower]!;
  return SILENT.includes(dev.driver) ? 0 : recordedRxQueue(k.skbs, skb) + 1;
}

function fanout_demux_rollover(
  k: Kernel,
  f: PacketFanout,
  idx: number,
  try_self: boolean,
  hash: number,
  truesize: number,
): number {
  const num = f.members.length;
  const po = k.packet.socks[f.members[idx]!]!;
  let room = ROOM_NONE;
  if (try_self) {
    room = packet_rcv_has_room(k, po, truesize);
    if (room === ROOM_NORMAL || (room === ROOM_LOW && !fanout_flow_is_huge(po, hash))) return idx;
  }
  const first = Math.min(po.rollover.sock, num - 1);
  for (let tried = 0; tried < num; tried++) {
    const i = (first + tried) % num;
    const next = k.packet.socks[f.members[i]!]!;
    if (try_self && next === po) continue;
    if (next.pressure || packet_rcv_has_room(k, next, truesize) !== ROOM_NORMAL) continue;
    if (i !== first) po.rollover.sock = i;
    po.rollover.num++;
    if (room === ROOM_LOW) po.rollover.num_huge++;
    return i;
  }
  po.rollover.num_failed++;
  return idx;
}

/// Does the flow own more than half of the socket's last 16 packets?
function fanout_flow_is_huge(po: PacketSock, hash: number): boolean {
  const { history } = po.rollover;
  const count = history.filter((one) => one === hash).length;
  history[integer(po.rollover.random, ROLLOVER_HLEN)] = hash;
  return count > ROLLOVER_HLEN >> 1;
}

/// The same look without remembering what was seen. net/packet/af_packet.c:__packet_rcv_has_room()
export function __packet_rcv_has_room(k: Kernel, po: PacketSock, truesize: number): number {
  if (po.ring !== null) {
    if (__tpacket_v3_has_room(po.ring, ROOM_POW_OFF)) return ROOM_NORMAL;
    return __tpacket_v3_has_room(po.ring, 0) ? ROOM_LOW : ROOM_NONE;
  }
  const { rcvbuf, rmem_alloc } = k.socks[po.sock]!;
  const avail = rcvbuf - rmem_alloc - truesize;
  if (avail > rcvbuf >> ROOM_POW_OFF) return ROOM_NORMAL;
  return avail > 0 ? ROOM_LOW : ROOM_NONE;
}

/// Whoever reads ends the pressure once there is room again, before what was read is given back.
/// net/packet/af_packet.c:packet_rcv_try_clear_pressure()
export function packet_rcv_try_clear_pressure(k: Kernel, po: PacketSock): void {
  if (po.pressure && __packet_rcv_has_room(k, po, 0) === ROOM_NORMAL) po.pressure = false;
}

function packet_rcv_has_room(k: Kernel, po: PacketSock, truesize: number): number {
  const room = __packet_rcv_has_room(k, po, truesize);
  po.pressure = room !== ROOM_NORMAL;
  return room;
}

export { ROOM_NONE, ROLLOVER_HLEN };
