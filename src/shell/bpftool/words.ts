/// What bpftool's objects have in common: its messages, and the handles by which a program or map is meant.
import type { Io, Running } from '../command.ts';

/// A refusal of the tool: exit status 255.
export function* fail(io: Io, message: string): Running {
  yield* io.err.line(`Error: ${message}`);
  return 255;
}

export function* notModelled(io: Io, what: string): Running {
  yield* io.err.line(`softnet: not modelled here: bpftool ${what}`);
  return 1;
}

/// A number of a handle, or null.
export function idOf(word: string | undefined): number | null {
  return word !== undefined && /^\d+$/.test(word) ? Number(word) : null;
}

/// Bytes as the tool prints them.
export function hexBytes(value: number, size: number): string {
  let rest = BigInt(value);
  return Array.from({ length: size }, () => {
    const byte = (rest & 255n).toString(16).padStart(2, '0');
    rest >>= 8n;
    return byte;
  }).join(' ');
}
