/// A host with nothing but CPUs, for running single mechanisms of the kernel against vectors.
import type { HostDescription } from '../host.ts';

/// A machine of that many CPUs without NICs or applications.
export function bareHost(cpus: number, hz: number): HostDescription {
  return {
    profile: 'igb',
    hostname: 'bare',
    cpus,
    numa: [Array.from({ length: cpus }, (_, id) => id)],
    numa_distance: 10,
    memory_mib: 2048,
    hz,
    uptime_ns: 0,
    nics: [],
    apps: [],
  };
}

/// What differs between two values, as text; null when they are equal.
export function differs(what: string, ours: unknown, theirs: unknown): string | null {
  const a = JSON.stringify(ours);
  const b = JSON.stringify(theirs);
  return a === b ? null : `${what}: ours ${a}, the kernel's ${b}`;
}

/// Bytes written as hexadecimal digits.
export function bytesOfHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (byte) => parseInt(byte, 16));
}

/// A 128-bit SipHash key from two 64-bit hexadecimal numbers.
export function sipKeyOf(key0: string, key1: string): number[] {
  const halves = (text: string): number[] =>
    [8, 0].map((at) => parseInt(text.padStart(16, '0').slice(at, at + 8), 16));
  return [...halves(key0), ...halves(key1)];
}
