/// Capture files as libpcap writes them: a header of 24 bytes, then each packet behind 16 bytes of its own.
/// Microseconds, in the byte order of a little-endian machine. Stands for sf-pcap.c of libpcap 1.10.
/// Left out: nanosecond files and pcapng, which it only recognises; files of a machine with the other byte order.

export const DLT_EN10MB = 1;
export const DLT_LINUX_SLL2 = 276;

const MAGIC = 0xa1b2c3d4;
const FILE_HEADER = 24;
const RECORD_HEADER = 16;

/// A packet as it is in a file.
export interface Captured {
  readonly at: bigint; // ns since 1970
  readonly len: number; // bytes on the wire
  readonly bytes: Uint8Array; // those that were kept
}

export interface Savefile {
  readonly link: number; // DLT_*
  readonly snaplen: number;
  readonly packets: readonly Captured[];
  readonly fault: string | null; // what is said of a file that ends in the middle of a packet
}

export function fileHeader(link: number, snaplen: number): Uint8Array {
  const bytes = new Uint8Array(FILE_HEADER);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint16(4, 2, true); // version 2.4
  view.setUint16(6, 4, true);
  view.setUint32(16, snaplen, true);
  view.setUint32(20, link, true);
  return bytes;
}

export function record(packet: Captured): Uint8Array {
  const bytes = new Uint8Array(RECORD_HEADER + packet.bytes.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, Number(packet.at / 1_000_000_000n), true);
  view.setUint32(4, Number((packet.at % 1_000_000_000n) / 1000n), true);
  view.setUint32(8, packet.bytes.length, true);
  view.setUint32(12, packet.len, true);
  bytes.set(packet.bytes, RECORD_HEADER);
  return bytes;
}

/// The packets of a file; a text is what the library says of a file that it cannot read.
export function parseSavefile(bytes: Uint8Array): Savefile | string {
  if (bytes.length < 4)
    return `truncated dump file; tried to read 4 file header bytes, only got ${bytes.length}`;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MAGIC) return 'unknown file format';
  const rest = FILE_HEADER - 4;
  if (bytes.length < FILE_HEADER)
    return `truncated dump file; tried to read ${rest} file header bytes, only got ${bytes.length - 4}`;
  const packets: Captured[] = [];
  const file = { link: view.getUint32(20, true), snaplen: view.getUint32(16, true), packets };
  let at = FILE_HEADER;
  const fault = (wanted: number, what: string, got: number): string =>
    `truncated dump file; tried to read ${wanted} ${what} bytes, only got ${got}`;
  while (at < bytes.length) {
    const left = bytes.length - at;
    if (left < RECORD_HEADER) return { ...file, fault: fault(RECORD_HEADER, 'header', left) };
    const kept = view.getUint32(at + 8, true);
    const got = left - RECORD_HEADER;
    if (got < kept) return { ...file, fault: fault(kept, 'captured', got) };
    const seconds = BigInt(view.getUint32(at, true));
    packets.push({
      at: seconds * 1_000_000_000n + BigInt(view.getUint32(at + 4, true)) * 1000n,
      len: view.getUint32(at + 12, true),
      bytes: bytes.subarray(at + RECORD_HEADER, at + RECORD_HEADER + kept),
    });
    at += RECORD_HEADER + kept;
  }
  return { ...file, fault: null };
}
