/// What the parts of tcpdump's printer share: the bytes that were kept of a packet, read field by field, and what
/// is asked of the line.
import { checksum, pseudoSum } from './frame.ts';
import type { Conversations } from './tcp.ts';

export interface PrintStyle {
  readonly names: boolean; // without -n
  readonly link: boolean; // -e
  readonly quiet: boolean; // -q
  readonly absolute: boolean; // -S
  readonly verbose: number; // how many -v
}

/// What all parts of a line need.
export interface Printer {
  readonly bytes: Uint8Array;
  readonly style: PrintStyle;
  readonly seen: Conversations;
}

/// Thrown where the bytes that were kept end; the text says in whose header.
class Truncated extends Error {}

export function u8(bytes: Uint8Array, at: number): number {
  if (at >= bytes.length) throw new Truncated();
  return bytes[at]!;
}

export function u16(bytes: Uint8Array, at: number): number {
  return (u8(bytes, at) << 8) | u8(bytes, at + 1);
}

export function u32(bytes: Uint8Array, at: number): number {
  return u16(bytes, at) * 0x1_0000 + u16(bytes, at + 2);
}

/// The text, or as much as there is, and whose header was cut.
export function orCut(protocol: string, text: () => string): string {
  try {
    return text();
  } catch (error) {
    if (!(error instanceof Truncated)) throw error;
    return `[|${protocol}]`;
  }
}

/// The packet of a transport protocol, and the IP header in front of it.
export interface Part {
  readonly from: string;
  readonly to: string;
  readonly proto: number;
  readonly at: number;
  readonly length: number; // bytes that there were, from `at` on
  readonly ip: number; // where the IP header is
  readonly off: number; // flags and offset of an IPv4 header
}

/// The checksum that a packet carries and the one that it should; null: not all of it was kept.
export function transportSum(
  bytes: Uint8Array,
  part: Part,
  field: number,
): { stored: number; right: number } | null {
  const { at, length } = part;
  if (at + length > bytes.length || length < field + 2) return null;
  const whole = bytes.slice(at, at + length);
  const stored = u16(whole, field);
  whole.fill(0, field, field + 2);
  const before = part.proto === 1 ? 0 : pseudoSum(bytes, part.ip, part.proto, length);
  const sum = checksum(whole, before);
  return { stored, right: sum === 0 && part.proto === 17 ? 0xffff : sum };
}

export function hex4(value: number): string {
  return value.toString(16).padStart(4, '0');
}
