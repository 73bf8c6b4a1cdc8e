/// What tcpdump does with each packet: a line on standard output, or a record in a file. Both go through a buffer of
/// the C library unless the reader asked otherwise.
/// Left out: files of a limited size or age (-C, -G, -W), which the tool refuses here.
import { strerror } from '../../kernel/errno.ts';
import { fromBytes } from '../bytes.ts';
import { formatMoment, momentOf } from '../clock.ts';
import type { Io, Running } from '../command.ts';
import { files } from '../files.ts';
import { absolute } from '../paths.ts';
import { asciiDump, hexDump } from './hexdump.ts';
import { fileHeader, record, type Captured } from './pcap.ts';
import { ETH_HLEN, ETH_P_8021Q, SLL2_HLEN } from './frame.ts';
import { packetText } from './print.ts';
import type { Conversations } from './tcp.ts';
import type { Wishes } from './wishes.ts';

const VLAN_HLEN = 4;
const STDIO_BUFFER = 4096; // bytes: output that is no terminal is written in such pieces

export interface Sink {
  readonly seen: Conversations;
  captured: number;
  last: bigint; // wall clock of the packet before, ns; -1: none
  first: bigint;
  held: string; // lines not written yet
  file: string | null; // -w: path, '-' for standard output
  bytes: string; // of the file, not written yet
}

/// Opens what the packets go to; a text is why it cannot be written.
export function* openSink(io: Io, wishes: Wishes, link: number): Running<Sink | string> {
  const sink: Sink = {
    ...{ seen: new Map(), captured: 0, last: -1n, first: -1n, held: '' },
    ...{ file: null, bytes: '' },
  };
  if (wishes.write === null) return sink;
  sink.file = wishes.write === '-' ? '-' : absolute(io, wishes.write);
  if (sink.file !== '-') {
    const refused = files.write(io, sink.file, '', { append: false });
    if (refused) return `tcpdump: ${wishes.write}: ${strerror(refused)}`;
  }
  sink.bytes = fromBytes(fileHeader(link, wishes.snaplen));
  if (wishes.unbuffered) yield* flushFile(io, sink);
  return sink;
}

/// Writes what is still held. `cut`: somebody stopped the tool and may have cut a line in two.
export function* closeSink(io: Io, sink: Sink, cut: boolean): Running<void> {
  if (sink.file !== null) yield* flushFile(io, sink);
  yield* io.out.write(sink.held + (cut && sink.file !== '-' ? '\n' : ''));
}

function* flushFile(io: Io, sink: Sink): Running<boolean> {
  const text = sink.bytes;
  sink.bytes = '';
  if (sink.file === '-') yield* io.out.write(text);
  else if (text !== '') return files.write(io, sink.file!, text, { append: true }) === null;
  return true;
}

/// One packet; false: the file is full.
export function* takePacket(
  io: Io,
  wishes: Wishes,
  sink: Sink,
  packet: Captured,
  device: string | null,
): Running<boolean> {
  if (sink.file !== null) {
    sink.bytes += fromBytes(record(packet));
    const full = wishes.unbuffered || sink.bytes.length >= STDIO_BUFFER;
    if (full && !(yield* flushFile(io, sink))) return false;
  }
  if (sink.file === null || wishes.print) yield* printPacket(io, wishes, sink, packet, device);
  sink.captured++;
  return true;
}

/// The line, and its bytes where they are asked for. `device`: its name in a capture on every device, else null.
function* printPacket(
  io: Io,
  wishes: Wishes,
  sink: Sink,
  packet: Captured,
  device: string | null,
): Running<void> {
  const { at, bytes, len } = packet;
  const number = wishes.numbered ? `${String(sink.captured + 1).padStart(5)}  ` : '';
  const stamp = timeStamp(wishes.times, at, sink);
  sink.last = at;
  if (sink.first < 0n) sink.first = at;
  const line = packetText({ bytes, len, device }, wishes, sink.seen);
  sink.held += `${number}${stamp}${line}${dump(wishes, bytes, device !== null)}\n`;
  if (io.columns === null && !wishes.lines && sink.held.length < STDIO_BUFFER) return;
  const text = sink.held;
  sink.held = '';
  yield* io.out.write(text);
}

/// Twice the letter shows the link's header too.
function dump(wishes: Wishes, bytes: Uint8Array, cooked: boolean): string {
  const tagged = !cooked && bytes[12] === ETH_P_8021Q >> 8 && bytes[13] === (ETH_P_8021Q & 255);
  const behind = bytes.subarray(cooked ? SLL2_HLEN : tagged ? ETH_HLEN + VLAN_HLEN : ETH_HLEN);
  if (wishes.hex > 0) return hexDump(wishes.hex > 1 ? bytes : behind, wishes.beside);
  return wishes.ascii > 0 ? asciiDump(wishes.ascii > 1 ? bytes : behind) : '';
}

/// -t none, -tt seconds since 1970, -ttt since the last line, -tttt with the date, -ttttt since the first.
function timeStamp(times: number, wall: bigint, sink: Sink): string {
  if (times === 1) return '';
  if (times === 2) return `${wall / 1_000_000_000n}.${micro(wall)} `;
  if (times === 3) return sinceText(sink.last, wall);
  if (times >= 5) return sinceText(sink.first, wall);
  const clock = formatMoment(momentOf(wall), times === 4 ? '%Y-%m-%d %H:%M:%S' : '%H:%M:%S');
  return `${clock}.${micro(wall)} `;
}

/// What lies between, behind a sign: packets of two CPUs may come in the wrong order.
function sinceText(base: bigint, wall: bigint): string {
  const us = base < 0n ? 0n : wall / 1000n - base / 1000n;
  const ahead = us < 0n ? -us : us;
  const seconds = Number(ahead / 1_000_000n);
  const two = (n: number): string => String(Math.floor(n)).padStart(2, '0');
  const clock = `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
  return `${us < 0n ? '-' : ' '}${clock}.${micro((ahead % 1_000_000n) * 1000n)} `;
}

function micro(ns: bigint): string {
  return String((ns % 1_000_000_000n) / 1000n).padStart(6, '0');
}
