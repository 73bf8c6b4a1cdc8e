/// AF_PACKET sockets as the state holds them: the hooks in the packet-type lists, the sockets, their rings,
/// fanout groups, and the copies of packets. af_packet.ts writes them.
import type { Stream } from '../engine/random.ts';
import type { PacketFilter } from './packet_filter.ts';
import type { SackBlock, SynOptions } from './state.ts';

export const ETH_P_ALL = 3;

/// sll_pkttype in include/uapi/linux/if_packet.h.
export const PACKET_HOST = 0;
export const PACKET_BROADCAST = 1;
export const PACKET_MULTICAST = 2;
export const PACKET_OTHERHOST = 3;
export const PACKET_OUTGOING = 4;

export interface PacketState {
  socks: PacketSock[]; // in order of creation; a closed one has open false
  hooks: PacketHook[]; // ptype_all, ptype_base and the devices' own lists in one, the newest first
  nit: number; // hooks for every protocol: they see what is sent too
  fanouts: PacketFanout[]; // groups; an empty one is used again
}

/// struct packet_type of a running socket, or of a fanout group.
export interface PacketHook {
  readonly protocol: number; // ETH_P_*
  readonly dev: number; // index into devs; -1: every device
  readonly sock: number; // index into packet.socks; -1: a group's
  readonly fanout: number; // index into packet.fanouts; -1: a socket's
}

/// struct packet_sock.
export interface PacketSock {
  open: boolean;
  readonly sock: number; // index into socks, where its buffer and owner are
  readonly type: 2 | 3; // SOCK_DGRAM, SOCK_RAW
  readonly protocol: number;
  readonly dev: number; // index into devs; -1: every device
  filter: PacketFilter | null;
  snaplen: number; // bytes of a packet that the filter lets through
  promisc: boolean; // it holds its device in promiscuous mode
  tp_packets: number; // since PACKET_STATISTICS was last read
  tp_drops: number;
  ring: PacketRing | null; // PACKET_RX_RING; null: packets wait in `queue`
  queue: PacketCopy[];
  fanout: number; // index into packet.fanouts; -1: none
  pressure: boolean; // PACKET_SOCK_PRESSURE
  rollover: Rollover;
}

export interface Rollover {
  sock: number; // member that last took what another had no room for
  num: number;
  num_huge: number;
  num_failed: number;
  history: number[]; // hashes of the last packets, 16 of them
  random: Stream; // picks a place there
}

/// A TPACKET_V3 ring: struct tpacket_kbdq_core.
export interface PacketRing {
  readonly block_size: number; // bytes
  readonly retire_ns: number; // a block that has packets is handed over after that long
  readonly reserve: number; // PACKET_RESERVE, bytes
  blocks: PacketBlock[];
  active: number; // block that is being filled
  last_active: number; // the same when the timer was last set
  frozen: boolean; // the next block is still the reader's
  freeze_q_cnt: number;
  read: number; // block that the reader looks at next
  slot: number; // in the agenda: the retire timer
}

export interface PacketBlock {
  user: boolean; // TP_STATUS_USER: the reader's; else the kernel's
  losing: boolean; // TP_STATUS_LOSING
  timed_out: boolean; // TP_STATUS_BLK_TMO
  len: number; // bytes filled, its header included
  frames: PacketCopy[];
}

/// struct packet_fanout.
export interface PacketFanout {
  readonly id: number;
  type: number; // PACKET_FANOUT_*
  flags: number;
  members: number[]; // indices into packet.socks
  rr_cur: number;
  random: Stream;
}

/// What a tap keeps of a packet: the fields of its headers. The ledger does not count it.
export interface PacketCopy {
  readonly at: number; // ns
  readonly dev: number; // index into devs
  readonly pkt_type: number; // PACKET_*
  readonly flow: number; // index into flows
  readonly proto: number; // IP protocol: an ICMP message may quote the flow that it is about
  readonly out: boolean; // sent by the host: the flow's ends are the other way round
  readonly len: number; // bytes of the frame without FCS
  readonly truesize: number;
  readonly flags: number; // FLAG_*
  readonly seq: number;
  readonly ack_seq: number;
  readonly tcp_flags: number;
  readonly window: number;
  readonly payload: number;
  readonly tsval: number;
  readonly tsecr: number;
  readonly ipid: number;
  readonly frag_off: number;
  readonly vlan_tci: number; // 0: none
  readonly syn: SynOptions | null;
  readonly sacks: readonly SackBlock[];
  readonly icmp: number; // type and code, or the ARP operation
  readonly icmp_seq: number; // -1: not told
}

export function createPacketState(): PacketState {
  return { socks: [], hooks: [], nit: 0, fanouts: [] };
}
