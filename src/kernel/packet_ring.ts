/// The ring of a packet socket, version TPACKET_V3: blocks of many packets that change hands between kernel and
/// reader. Stands for the prb_ functions in net/packet/af_packet.c.
/// Left out: TPACKET_V1 and V2, the transmit ring, and the bytes themselves: a frame holds the headers' fields.
import { addSlot, setTime } from '../engine/agenda.ts';
import { PACKET_RETIRE } from './events.ts';
import { jiffies, msecs_to_jiffies } from './jiffies.ts';
import type { PacketBlock, PacketCopy, PacketRing, PacketSock } from './packet_types.ts';
import type { Kernel } from './state.ts';

const BLK_HDR_LEN = 48; // struct tpacket_block_desc
const TPACKET3_HDRLEN = 68; // struct tpacket3_hdr, aligned, and struct sockaddr_ll
const V3_ALIGNMENT = 8;
const TPACKET_ALIGNMENT = 16;
const ETH_HLEN = 14;

export interface RingRequest {
  readonly block_size: number; // bytes
  readonly blocks: number;
  readonly retire_ms: number;
  readonly reserve: number; // PACKET_RESERVE, bytes
}

/// A ring whose first block is open. `at` is the socket's index into packet.socks.
export function createRing(k: Kernel, at: number, request: RingRequest): PacketRing {
  const { block_size, blocks, reserve } = request;
  const tick_ns = 1_000_000_000 / k.desc.hz;
  const ring: PacketRing = {
    block_size,
    retire_ns: msecs_to_jiffies(k, request.retire_ms) * tick_ns,
    reserve,
    blocks: Array.from({ length: blocks }, () => emptyBlock()),
    active: 0,
    last_active: 0,
    frozen: false,
    freeze_q_cnt: 0,
    read: 0,
    slot: addSlot(k.agenda, PACKET_RETIRE, at),
  };
  prb_open_block(k, ring);
  return ring;
}

function emptyBlock(): PacketBlock {
  return { user: false, losing: false, timed_out: false, len: BLK_HDR_LEN, frames: [] };
}

/// Where a packet's bytes begin in its frame, the header before them included.
export function macOffset(ring: PacketRing): number {
  const net = TPACKET3_HDRLEN + TPACKET_ALIGNMENT; // an Ethernet header is shorter than 16 bytes
  return Math.ceil(net / TPACKET_ALIGNMENT) * TPACKET_ALIGNMENT + ring.reserve - ETH_HLEN;
}

/// Puts a packet of which `snaplen` bytes are kept into the ring. False: there is no room for it.
export function __packet_lookup_frame_in_block(
  k: Kernel,
  po: PacketSock,
  ring: PacketRing,
  snaplen: number,
  copy: PacketCopy,
): boolean {
  if (ring.frozen) {
    if (ring.blocks[ring.active]!.user) return false;
    prb_open_block(k, ring);
  }
  const room = ring.block_size - BLK_HDR_LEN - macOffset(ring);
  const bytes = macOffset(ring) + Math.min(snaplen, room);
  const taken = Math.ceil(bytes / V3_ALIGNMENT) * V3_ALIGNMENT;
  if (ring.blocks[ring.active]!.len + taken >= ring.block_size) {
    prb_retire_current_block(ring, po, false);
    if (!prb_dispatch_next_block(k, ring)) return false;
  }
  const block = ring.blocks[ring.active]!;
  block.len += taken;
  block.frames.push(copy);
  return true;
}

/// Opening a block thaws the queue and sets the timer.
function prb_open_block(k: Kernel, ring: PacketRing): void {
  const block = ring.blocks[ring.active]!;
  block.frames = [];
  block.len = BLK_HDR_LEN;
  ring.frozen = false;
  refreshTimer(k, ring);
}

function refreshTimer(k: Kernel, ring: PacketRing): void {
  const tick_ns = 1_000_000_000 / k.desc.hz;
  // A timer of jiffies fires at a tick.
  const now = jiffies(k) * tick_ns - k.desc.uptime_ns;
  setTime(k.agenda, ring.slot, Math.max(k.now + 1, Math.ceil(now + ring.retire_ns)));
  ring.last_active = ring.active;
}

/// Hands the block that is being filled to the reader.
function prb_retire_current_block(ring: PacketRing, po: PacketSock, timed_out: boolean): void {
  const block = ring.blocks[ring.active]!;
  if (block.user) return;
  block.user = true;
  block.timed_out = timed_out;
  block.losing = po.tp_drops > 0;
  ring.active = (ring.active + 1) % ring.blocks.length;
}

/// Begins the next block; false when the reader still has it: the queue is frozen then.
function prb_dispatch_next_block(k: Kernel, ring: PacketRing): boolean {
  if (ring.blocks[ring.active]!.user) {
    ring.frozen = true;
    ring.freeze_q_cnt++;
    return false;
  }
  prb_open_block(k, ring);
  return true;
}

/// The retire timer: a block with packets goes to the reader unless another one was begun meanwhile.
export function prb_retire_rx_blk_timer_expired(k: Kernel, po: PacketSock): void {
  const { ring } = po;
  if (ring === null) return;
  const block = ring.blocks[ring.active]!;
  if (ring.last_active === ring.active) {
    if (!ring.frozen) {
      if (block.frames.length > 0) {
        prb_retire_current_block(ring, po, true);
        if (prb_dispatch_next_block(k, ring)) return;
      }
    } else if (!block.user) {
      prb_open_block(k, ring);
      return;
    }
  }
  refreshTimer(k, ring);
}

/// Whether the block that far ahead of the one being filled is the kernel's.
export function __tpacket_v3_has_room(ring: PacketRing, pow_off: number): boolean {
  const blocks = ring.blocks.length;
  const ahead = pow_off > 0 ? blocks >> pow_off : 0;
  return !ring.blocks[(ring.active + ahead) % blocks]!.user;
}

/// The next block that the reader may look at; null: it must wait.
export function readableBlock(ring: PacketRing): PacketBlock | null {
  const block = ring.blocks[ring.read]!;
  return block.user ? block : null;
}

/// The reader gives that block back.
export function releaseBlock(ring: PacketRing): void {
  const block = ring.blocks[ring.read]!;
  block.user = false;
  block.frames = [];
  ring.read = (ring.read + 1) % ring.blocks.length;
}

/// The ring goes with its socket.
export function freeRing(k: Kernel, ring: PacketRing): void {
  setTime(k.agenda, ring.slot, Infinity);
}
