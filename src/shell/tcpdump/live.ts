/// tcpdump on a device, or on every device: a TPACKET_V3 ring as libpcap 1.10 sets it up. Packets come when a block
/// is full or has waited a second.
/// Left out: what its work takes away from a CPU (each line takes time here, so that a flood overruns the ring, but
/// no CPU is busy with it); the counter that -v shows on a terminal while a file is written.
import { closePacket, openPacket, packetStatistics } from '../../kernel/af_packet.ts';
import type { PacketFilter } from '../../kernel/packet_filter.ts';
import { readableBlock, releaseBlock } from '../../kernel/packet_ring.ts';
import { PACKET_OUTGOING, type PacketCopy, type PacketSock } from '../../kernel/packet_types.ts';
import { createTask } from '../../kernel/sched/task.ts';
import type { Kernel } from '../../kernel/state.ts';
import { wallClock } from '../clock.ts';
import { Killed, type Io, type Running } from '../command.ts';
import { jobPid } from '../job_pid.ts';
import { frameBytes } from './frame.ts';
import { closeSink, openSink, takePacket, type Sink } from './output.ts';
import { DLT_EN10MB, DLT_LINUX_SLL2, type Captured } from './pcap.ts';
import { LINK_NAMES } from './saved.ts';
import { MAX_SNAPLEN, type Wishes } from './wishes.ts';

const VLAN_TAG_LEN = 4; // libpcap reserves room for the tag that it puts back
const RETIRE_MS = 1000; // tcpdump's own timeout
const POLL_NS = 1_000_000;
const LINE_NS = 2000; // a line formatted and written: an estimate, half a million a second

/// Captures on that device (-1: every one) until the count is reached or somebody stops it.
export function* capture(
  io: Io,
  wishes: Wishes,
  name: string,
  dev: number,
  filter: PacketFilter | null,
): Running {
  const link = dev < 0 ? DLT_LINUX_SLL2 : DLT_EN10MB;
  const at = openSocket(io.k, io, wishes, dev, directed(filter, wishes.direction));
  const sink = yield* openSink(io, wishes, link);
  if (typeof sink === 'string') {
    endCapture(io.k, at);
    yield* io.err.line(sink);
    return 1;
  }
  const brief = wishes.verbose === 0 && (wishes.write === null || wishes.print);
  if (brief)
    yield* io.err.line('tcpdump: verbose output suppressed, use -v[v]... for full protocol decode');
  yield* io.err.line(
    `${brief ? '' : 'tcpdump: '}listening on ${name}, link-type ${LINK_NAMES[link]}, ` +
      `snapshot length ${wishes.snaplen} bytes`,
  );
  return yield* untilStopped(io, wishes, at, sink);
}

/// -Q: the direction is one more condition.
function directed(filter: PacketFilter | null, way: Wishes['direction']): PacketFilter | null {
  if (way === 'inout') return filter;
  const right = { op: 'direction', inbound: way === 'in' } as const;
  return filter === null ? right : { op: 'and', left: filter, right };
}

/// The ring as libpcap asks for it: blocks of one frame of the largest snapshot.
function openSocket(
  k: Kernel,
  io: Io,
  wishes: Wishes,
  dev: number,
  filter: PacketFilter | null,
): number {
  const pid = jobPid(io);
  const task = createTask(k, {
    ...{ comm: 'tcpdump', kind: 'other', kthread: false, uid: 0, pinned: false, cpu: 0 },
    ...(pid === undefined ? {} : { pid }),
  });
  const blocks = Math.max(1, Math.ceil((wishes.buffer_kib * 1024) / MAX_SNAPLEN));
  return openPacket(k, task, {
    dev,
    filter,
    snaplen: wishes.snaplen,
    promisc: wishes.promisc,
    ring: { block_size: MAX_SNAPLEN, blocks, retire_ms: RETIRE_MS, reserve: VLAN_TAG_LEN },
  });
}

function* untilStopped(io: Io, wishes: Wishes, at: number, sink: Sink): Running {
  let stopped = false;
  let full = false;
  try {
    full = !(yield* readBlocks(io, wishes, at, sink));
  } catch (error) {
    if (!(error instanceof Killed) || ![129, 130, 143].includes(error.status)) throw error;
    stopped = true;
  } finally {
    endCapture(io.k, at);
  }
  if (full) {
    yield* io.err.line('tcpdump: Unable to write output: No space left on device');
    return 1;
  }
  yield* closeSink(io, sink, stopped);
  yield* report(io, io.k.packet.socks[at]!, sink.captured);
  return 0;
}

function endCapture(k: Kernel, at: number): void {
  const po = k.packet.socks[at]!;
  const task = k.tasks[k.socks[po.sock]!.reader]!;
  task.exited = true;
  closePacket(k, at);
}

function* report(io: Io, po: PacketSock, captured: number): Running<void> {
  const { packets, drops } = packetStatistics(po);
  const count = (n: number, what: string): string => `${n} packet${n === 1 ? '' : 's'} ${what}`;
  yield* io.err.line(count(captured, 'captured'));
  yield* io.err.line(count(packets, 'received by filter'));
  yield* io.err.line(count(drops, 'dropped by kernel'));
}

/// Until the count is reached; false: the file is full.
function* readBlocks(io: Io, wishes: Wishes, at: number, sink: Sink): Running<boolean> {
  let owed = 0;
  for (;;) {
    // The host may have been replaced by a copy of itself while this waited.
    const ring = io.k.packet.socks[at]!.ring;
    const block = ring === null ? null : readableBlock(ring);
    if (block === null) {
      yield { kind: 'sleep', ns: POLL_NS };
      continue;
    }
    for (const copy of block.frames) {
      if (!wanted(copy)) continue;
      const { dev } = io.k.packet.socks[at]!;
      const packet = captured(io.k, copy, dev < 0, wishes.snaplen);
      const device = dev < 0 ? io.k.devs[copy.dev]!.name : null;
      if (!(yield* takePacket(io, wishes, sink, packet, device))) return false;
      if (sink.captured >= wishes.count) return true;
      owed += LINE_NS;
      if (owed < POLL_NS) continue;
      yield { kind: 'sleep', ns: owed };
      owed = 0;
    }
    const after = io.k.packet.socks[at]!.ring;
    if (after) releaseBlock(after);
  }
}

/// A copy as libpcap hands it over. With a cooked header the length counts that one too.
export function captured(k: Kernel, copy: PacketCopy, any: boolean, snaplen: number): Captured {
  const bytes = frameBytes(k, copy, any);
  const at = wallClock(k) - BigInt(Math.round(k.now - copy.at));
  return { at, len: bytes.length, bytes: bytes.subarray(0, snaplen) };
}

/// On lo everything passes twice; libpcap leaves out what is sent.
function wanted(copy: PacketCopy): boolean {
  return copy.dev !== 0 || copy.pkt_type !== PACKET_OUTGOING;
}
