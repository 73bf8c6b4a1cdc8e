/// Taps: sockets of the family AF_PACKET, which see every packet of a device, or of all, before the protocols do,
/// and what the host sends. Stands for net/packet/af_packet.c, deliver_skb() and dev_queue_xmit_nit() in
/// net/core/dev.c.
/// A tap keeps a copy of the headers' fields; the packet itself goes on. Copies are charged to their socket and
/// are no packets of the ledger.
/// Left out: sending by such a socket, TPACKET_V1 and V2, joining groups, cooked mode beyond what a reader prints.
import { stream } from '../engine/random.ts';
import { COSTS } from './costs.ts';
import { dev_set_promiscuity } from './promiscuity.ts';
import { done, type Result } from './errno.ts';
import { ran, run_filter, type PacketFilter } from './packet_filter.ts';
import { __skb_get_hash_symmetric } from './flows.ts';
import {
  __packet_rcv_has_room,
  fanout_add,
  fanout_release,
  fanoutMember,
  packet_rcv_try_clear_pressure,
  ROLLOVER_HLEN,
  ROOM_NONE,
} from './packet_fanout.ts';
import {
  __packet_lookup_frame_in_block,
  createRing,
  freeRing,
  type RingRequest,
} from './packet_ring.ts';
import {
  ETH_P_ALL,
  PACKET_BROADCAST,
  PACKET_HOST,
  PACKET_MULTICAST,
  PACKET_OTHERHOST,
  PACKET_OUTGOING,
  type PacketCopy,
  type PacketHook,
  type PacketSock,
} from './packet_types.ts';
import { updateRxHooks } from './rx_hooks.ts';
import {
  FLAG_BROADCAST,
  FLAG_ECHO_SEQ,
  FLAG_FOREIGN,
  FLAG_FRAG,
  FLAG_IPID,
  FLAG_MULTICAST,
  FLAG_STAMPED,
  FLAG_TCP,
  FLAG_TSTAMP,
  FLAG_VLAN,
  skbTruesize,
} from './skb.ts';
import { createSock, sock_def_readable } from './sock.ts';
import type { Cpu, Kernel, NetDevice, Outgoing, Skb } from './state.ts';
import { STEP, takeStep } from './tracing.ts';

export interface PacketOptions {
  readonly dev: number; // index into devs; -1: every device
  readonly protocol?: number; // ETH_P_ALL
  readonly type?: 2 | 3; // SOCK_RAW
  readonly filter?: PacketFilter | null;
  readonly snaplen?: number; // bytes: 262144
  readonly promisc?: boolean;
  readonly ring?: RingRequest; // PACKET_RX_RING
  readonly rcvbuf?: number; // bytes: net.core.rmem_default
}

const MAX_SNAPLEN = 262_144;

/// Makes a packet socket for the task of that index, bound and running: its index into packet.socks.
/// net/packet/af_packet.c:packet_create(), packet_do_bind()
export function openPacket(k: Kernel, reader: number, options: PacketOptions): number {
  const protocol = options.protocol ?? ETH_P_ALL;
  const sk = createSock(k, reader, protocol, options.rcvbuf ?? k.hot.rmem_default, 'packet');
  sk.local = '';
  sk.bound_dev = k.devs[options.dev]?.ifindex ?? 0;
  const at = k.packet.socks.length;
  const po: PacketSock = {
    open: true,
    sock: k.socks.push(sk) - 1,
    type: options.type ?? 3,
    protocol,
    dev: options.dev,
    filter: options.filter ?? null,
    snaplen: options.snaplen ?? MAX_SNAPLEN,
    promisc: false,
    tp_packets: 0,
    tp_drops: 0,
    ring: options.ring ? createRing(k, at, options.ring) : null,
    queue: [],
    fanout: -1,
    pressure: false,
    rollover: {
      ...{ sock: 0, num: 0, num_huge: 0, num_failed: 0 },
      history: new Array<number>(ROLLOVER_HLEN).fill(0),
      random: stream(k.seed, `rollover ${at}`),
    },
  };
  k.packet.socks.push(po);
  addHook(k, { protocol, dev: options.dev, sock: at, fanout: -1 });
  if (options.promisc === true && options.dev >= 0) {
    po.promisc = true;
    dev_set_promiscuity(k, k.devs[options.dev]!, 1, true);
  }
  return at;
}

/// Closes a socket: what it still holds is gone. net/packet/af_packet.c:packet_release()
export function closePacket(k: Kernel, at: number): void {
  const po = k.packet.socks[at]!;
  if (!po.open) return;
  po.open = false;
  if (po.fanout >= 0) leaveFanout(k, at);
  else removeHook(k, (hook) => hook.sock === at);
  if (po.promisc) dev_set_promiscuity(k, k.devs[po.dev]!, -1, true);
  if (po.ring) freeRing(k, po.ring);
  po.ring = null;
  po.queue = [];
  const sk = k.socks[po.sock]!;
  sk.rmem_alloc = 0;
  sk.qlen = 0;
  sk.task = 0;
}

/// Puts a running socket into a fanout group: the group's hook stands for its members' from now on.
export function joinFanout(k: Kernel, at: number, id: number, type: number, flags = 0): Result {
  const made = fanout_add(k, at, id, type, flags);
  if (!made.ok || made.index === undefined) return made;
  removeHook(k, (hook) => hook.sock === at);
  const { protocol, dev } = k.packet.socks[at]!;
  if (k.packet.fanouts[made.index]!.members.length === 1)
    addHook(k, { protocol, dev, sock: -1, fanout: made.index });
  return done;
}

function leaveFanout(k: Kernel, at: number): void {
  const group = k.packet.socks[at]!.fanout;
  fanout_release(k, at);
  if (k.packet.fanouts[group]!.members.length === 0) removeHook(k, (hook) => hook.fanout === group);
}

function addHook(k: Kernel, hook: PacketHook): void {
  k.packet.hooks.unshift(hook);
  hooksChanged(k);
}

function removeHook(k: Kernel, is: (hook: PacketHook) => boolean): void {
  k.packet.hooks = k.packet.hooks.filter((hook) => !is(hook));
  hooksChanged(k);
}

function hooksChanged(k: Kernel): void {
  k.packet.nit = k.packet.hooks.filter((hook) => hook.protocol === ETH_P_ALL).length;
  for (const dev of k.devs) updateRxHooks(k, dev);
  k.config_version++;
}

/// Shows the packet to the sockets that take every protocol: first those for every device, then the device's own.
/// Called only for devices with bit 4 in rx_hooks. net/core/dev.c:__netif_receive_skb_core()
export function deliverToTaps(k: Kernel, c: Cpu, dev: NetDevice, skb: Skb): void {
  const index = k.devs.indexOf(dev);
  const copy = deliverTo(k, c, -1, skb, ETH_P_ALL, null);
  deliverTo(k, c, index, skb, ETH_P_ALL, copy);
}

/// Shows the packet to the sockets of its own protocol, at the dispatch: those for every device, then those of
/// the device that it came by first. False: nobody asked for it. net/core/dev.c:deliver_ptype_list_skb()
export function deliverToProtocolTaps(k: Kernel, c: Cpu, orig_dev: NetDevice, skb: Skb): boolean {
  const protocol = k.flows.ethertype[k.skbs.flow[skb]!]!;
  const copy = deliverTo(k, c, -1, skb, protocol, null);
  return deliverTo(k, c, k.devs.indexOf(orig_dev), skb, protocol, copy) !== null;
}

/// Shows it to those of one device alone. False: there is none.
export function deliverToOwn(k: Kernel, c: Cpu, dev: NetDevice, skb: Skb): boolean {
  const protocol = k.flows.ethertype[k.skbs.flow[skb]!]!;
  return deliverTo(k, c, k.devs.indexOf(dev), skb, protocol, null) !== null;
}

/// The hooks of one list: of a device, or of all (-1). Gives the copy that was made for them.
function deliverTo(
  k: Kernel,
  c: Cpu,
  list: number,
  skb: Skb,
  protocol: number,
  made: PacketCopy | null,
): PacketCopy | null {
  let copy = made;
  for (const hook of k.packet.hooks) {
    if (hook.protocol !== protocol || hook.dev !== list) continue;
    takeStep(k, c, STEP.TAPS, skb, COSTS.deliver_skb.ns);
    copy ??= copyOf(k, c, skb);
    func(k, c, hook, skb, copy);
  }
  return copy;
}

/// A packet that came in leaves by another device, forwarded: the taps there see it too.
export function tapForwarded(k: Kernel, c: Cpu, dev: NetDevice, skb: Skb): void {
  const index = k.devs.indexOf(dev);
  for (const list of [-1, index])
    for (const hook of k.packet.hooks)
      if (hook.protocol === ETH_P_ALL && hook.dev === list) {
        c.cursor_ns += COSTS.deliver_skb.ns;
        func(k, c, hook, -1, { ...copyOf(k, c, skb), dev: index, pkt_type: PACKET_OUTGOING });
      }
}

/// What the host sends, as the taps see it. Called only while there are any. net/core/dev.c:dev_queue_xmit_nit()
export function dev_queue_xmit_nit(k: Kernel, c: Cpu, out: Outgoing): void {
  const copy = copyOfSent(c, out);
  for (const list of [-1, out.dev])
    for (const hook of k.packet.hooks)
      if (hook.protocol === ETH_P_ALL && hook.dev === list) {
        c.cursor_ns += COSTS.deliver_skb.ns;
        func(k, c, hook, -1, copy);
      }
}

/// The hook's own function: packet_rcv(), tpacket_rcv() or packet_rcv_fanout().
function func(k: Kernel, c: Cpu, hook: PacketHook, skb: Skb, copy: PacketCopy): void {
  const group = k.packet.fanouts[hook.fanout];
  const hash = skb < 0 || !group ? k.flows.hash[copy.flow]! : __skb_get_hash_symmetric(k, skb);
  const at = group ? fanoutMember(k, c, group, skb, hash, copy.truesize) : hook.sock;
  const po = k.packet.socks[at];
  if (!po || !passes(k, c, po, copy)) return;
  if (po.ring !== null) tpacket_rcv(k, c, po, copy);
  else packet_rcv(k, c, po, copy);
}

function passes(k: Kernel, c: Cpu, po: PacketSock, copy: PacketCopy): boolean {
  if (po.filter === null) return true;
  ran.tests = 0;
  const passed = run_filter(k, po.filter, copy);
  c.cursor_ns += ran.tests * COSTS.bpf_match.ns;
  return passed;
}

/// Into the socket's queue, as a clone. net/packet/af_packet.c:packet_rcv()
function packet_rcv(k: Kernel, c: Cpu, po: PacketSock, copy: PacketCopy): void {
  const sk = k.socks[po.sock]!;
  if (sk.rmem_alloc >= sk.rcvbuf) {
    po.tp_drops++;
    sk.drops++;
    return;
  }
  c.cursor_ns += COSTS.skb_clone.ns;
  sk.rmem_alloc += copy.truesize;
  sk.qlen++;
  po.tp_packets++;
  po.queue.push(copy);
  if (sk.waiting) sock_def_readable(k, c, sk);
}

/// Into the socket's ring, as a copy. Who waits is woken when a block is handed over or none is left, not for each
/// packet. The socket's own counter of drops has no part in it. net/packet/af_packet.c:tpacket_rcv(), prb_close_block()
function tpacket_rcv(k: Kernel, c: Cpu, po: PacketSock, copy: PacketCopy): void {
  const ring = po.ring!;
  const sk = k.socks[po.sock]!;
  if (__packet_rcv_has_room(k, po, copy.truesize) === ROOM_NONE) {
    po.tp_drops++;
    return;
  }
  const snaplen = Math.min(copy.len, po.snaplen);
  const { active } = ring;
  const kept = __packet_lookup_frame_in_block(k, po, ring, snaplen, copy);
  if (sk.waiting && (!kept || ring.active !== active)) sock_def_readable(k, c, sk);
  if (!kept) {
    po.tp_drops++;
    return;
  }
  po.tp_packets++;
  c.cursor_ns += COSTS.tpacket_rcv.ns + Math.floor((snaplen * COSTS.copy_kib.ns) / 1024);
}

/// The next copy of a socket without a ring; null: none. net/packet/af_packet.c:packet_recvmsg()
export function packet_recvmsg(k: Kernel, po: PacketSock): PacketCopy | null {
  const copy = po.queue.shift() ?? null;
  if (copy === null) return null;
  packet_rcv_try_clear_pressure(k, po);
  const sk = k.socks[po.sock]!;
  sk.rmem_alloc -= copy.truesize;
  sk.qlen--;
  sk.received++;
  sk.received_bytes += Math.min(copy.len, po.snaplen);
  return copy;
}

/// PACKET_STATISTICS: what came and was dropped since it was last asked; the first includes the second.
export function packetStatistics(po: PacketSock): {
  packets: number;
  drops: number;
  freezes: number;
} {
  const found = {
    packets: po.tp_packets + po.tp_drops,
    drops: po.tp_drops,
    freezes: po.ring?.freeze_q_cnt ?? 0,
  };
  po.tp_packets = po.tp_drops = 0;
  if (po.ring) po.ring.freeze_q_cnt = 0;
  return found;
}

/// The fields of a packet that came in, at the time of its stamp where it has one, else at this moment.
/// net/packet/af_packet.c:tpacket_get_timestamp()
function copyOf(k: Kernel, c: Cpu, skb: Skb): PacketCopy {
  const { flow, flags, len, truesize } = k.skbs;
  const bits = flags[skb]!;
  const of = flow[skb]!;
  return {
    at: bits & FLAG_STAMPED ? k.skbs.stamp[skb]! : c.cursor_ns,
    dev: k.skbs.dev[skb]!,
    pkt_type: packetType(bits),
    flow: of,
    proto: k.flows.proto[of]!,
    out: false,
    len: len[skb]!,
    truesize: truesize[skb]!,
    flags: bits,
    ...segment(k, skb, bits),
    ipid: bits & FLAG_IPID ? k.skbs.ipid[skb]! & 0xffff : 0,
    frag_off: bits & FLAG_FRAG ? k.skbs.frag_off[skb]! : 0,
    vlan_tci: bits & FLAG_VLAN ? k.skbs.vlan_tci[skb]! : 0,
    syn: k.flows.syn[of] ?? null,
    sacks: [],
    icmp: k.flows.sport[of]!,
    icmp_seq: bits & FLAG_ECHO_SEQ ? k.skbs.seq[skb]! : -1,
  };
}

function segment(
  k: Kernel,
  skb: Skb,
  bits: number,
): Pick<PacketCopy, 'seq' | 'ack_seq' | 'tcp_flags' | 'window' | 'payload' | 'tsval' | 'tsecr'> {
  const tcp = (bits & FLAG_TCP) !== 0;
  const stamp = (bits & FLAG_TSTAMP) !== 0;
  const { seq, ack_seq, tcp_flags, window, payload, tsval, tsecr } = k.skbs;
  return {
    seq: tcp ? seq[skb]! >>> 0 : 0,
    ack_seq: tcp ? ack_seq[skb]! >>> 0 : 0,
    tcp_flags: tcp ? tcp_flags[skb]! : 0,
    window: tcp ? window[skb]! : 0,
    payload: tcp || bits & FLAG_FRAG ? payload[skb]! : 0,
    tsval: stamp ? tsval[skb]! >>> 0 : 0,
    tsecr: stamp ? tsecr[skb]! >>> 0 : 0,
  };
}

function packetType(bits: number): number {
  if (bits & FLAG_BROADCAST) return PACKET_BROADCAST;
  if (bits & FLAG_MULTICAST) return PACKET_MULTICAST;
  return bits & FLAG_FOREIGN ? PACKET_OTHERHOST : PACKET_HOST;
}

const HEADERS = 54; // Ethernet, IPv4, TCP
const ARPOP_REPLY = 2;

/// The same of a packet that leaves.
function copyOfSent(c: Cpu, out: Outgoing): PacketCopy {
  const { tcp } = out;
  const options = tcp === null ? 0 : optionBytes(tcp);
  return {
    at: c.cursor_ns,
    dev: out.dev,
    pkt_type: PACKET_OUTGOING,
    flow: out.flow,
    proto: out.proto,
    out: true,
    len: out.len,
    truesize: skbTruesize(out.len),
    flags: (tcp ? FLAG_TCP : 0) | (tcp?.tstamp ? FLAG_TSTAMP : 0),
    seq: (tcp?.seq ?? 0) >>> 0,
    ack_seq: (tcp?.ack_seq ?? 0) >>> 0,
    tcp_flags: tcp?.flags ?? 0,
    window: tcp?.window ?? 0,
    payload: tcp === null ? 0 : Math.max(0, out.len - HEADERS - options),
    tsval: (tcp?.tsval ?? 0) >>> 0,
    tsecr: (tcp?.tsecr ?? 0) >>> 0,
    ipid: 0,
    frag_off: 0,
    vlan_tci: out.vlan_tci ?? 0,
    syn: tcp?.syn ?? null,
    sacks: tcp?.sacks ?? [],
    icmp: out.icmp ?? ARPOP_REPLY,
    icmp_seq: out.icmp_seq ?? -1,
  };
}

/// Bytes of TCP options, as Linux lays them out.
function optionBytes(tcp: NonNullable<Outgoing['tcp']>): number {
  if (tcp.syn !== null) {
    const { tstamp, sack_ok, wscale } = tcp.syn;
    return 4 + (tstamp ? 12 : sack_ok ? 4 : 0) + (wscale >= 0 ? 4 : 0);
  }
  const sack = tcp.sacks.length > 0 ? 4 + 8 * tcp.sacks.length : 0;
  return (tcp.tstamp ? 12 : 0) + sack;
}
