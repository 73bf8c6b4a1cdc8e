/// tcpdump -r: the packets of a file, through the same filter and printer as those of a device.
import { strerror } from '../../kernel/errno.ts';
import type { PacketFilter } from '../../kernel/packet_filter.ts';
import { byteLength, toBytes } from '../bytes.ts';
import type { Io, Running } from '../command.ts';
import { files } from '../files.ts';
import { absolute } from '../paths.ts';
import { closeSink, openSink, takePacket } from './output.ts';
import { DLT_EN10MB, DLT_LINUX_SLL2, parseSavefile, type Savefile } from './pcap.ts';
import { savedPasses } from './saved_filter.ts';
import type { Wishes } from './wishes.ts';

export const LINK_NAMES: Readonly<Record<number, string>> = {
  [DLT_EN10MB]: 'EN10MB (Ethernet)',
  [DLT_LINUX_SLL2]: 'LINUX_SLL2 (Linux cooked v2)',
};

/// Reads the file; a text is what the tool says when it cannot.
export function* openSaved(io: Io, name: string): Running<Savefile | string> {
  const bytes = name === '-' ? toBytes(yield* io.in.all()) : contents(io, name);
  if (typeof bytes === 'string') return bytes;
  const file = parseSavefile(bytes);
  return typeof file === 'string' ? `tcpdump: ${file}` : file;
}

function contents(io: Io, name: string): Uint8Array | string {
  const found = files.read(io, absolute(io, name));
  if (typeof found === 'string') return `tcpdump: ${name}: ${strerror(found)}`;
  const text = found.lines.map((line) => line.text + (line.nl ? '\n' : '')).join('');
  return byteLength(text) === 0 ? new Uint8Array(0) : toBytes(text);
}

/// Prints, or writes into another file, what the filter lets through.
export function* playSaved(
  io: Io,
  wishes: Wishes,
  file: Savefile,
  filter: PacketFilter | null,
): Running {
  const kind = LINK_NAMES[file.link] ?? String(file.link);
  yield* io.err.line(
    `reading from file ${wishes.read}, link-type ${kind}, snapshot length ${file.snaplen}`,
  );
  const sink = yield* openSink(io, wishes, file.link);
  if (typeof sink === 'string') {
    yield* io.err.line(sink);
    return 1;
  }
  const cooked = file.link === DLT_LINUX_SLL2;
  for (const packet of file.packets) {
    if (filter !== null && !savedPasses(io.k, filter, packet, cooked)) continue;
    const device = cooked ? deviceName(io, packet.bytes) : null;
    if (!(yield* takePacket(io, wishes, sink, packet, device))) {
      yield* io.err.line('tcpdump: Unable to write output: No space left on device');
      return 1;
    }
    if (sink.captured >= wishes.count) break;
  }
  yield* closeSink(io, sink, false);
  if (file.fault === null || sink.captured >= wishes.count) return 0;
  yield* io.err.line(`tcpdump: pcap_loop: ${file.fault}`);
  return 1;
}

/// The name that the interface's index has on this host now.
function deviceName(io: Io, bytes: Uint8Array): string {
  const index = bytes.subarray(4, 8).reduce((sum, byte) => sum * 256 + byte, 0);
  return io.k.devs.find((dev) => dev.ifindex === index)?.name ?? `if${index}`;
}
