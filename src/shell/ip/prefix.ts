/// IPv4 addresses and prefixes as numbers and text.

export interface Prefix {
  readonly address: string;
  readonly number: number; // the address as a 32-bit number
  readonly length: number; // 0 to 32
  readonly network: number; // the address with its host bits cleared
}

/// An address with or without a length (32 then); null for anything else.
export function parsePrefix(text: string): Prefix | null {
  const [address = '', bits, ...rest] = text.split('/');
  const number = parseAddress(address);
  if (number === null || rest.length) return null;
  if (bits !== undefined && !/^\d{1,2}$/.test(bits)) return null;
  const length = bits === undefined ? 32 : Number(bits);
  if (length > 32) return null;
  return { address, number, length, network: masked(number, length) };
}

export function parseAddress(text: string): number | null {
  const parts = text.split('.');
  if (parts.length !== 4 || parts.some((part) => !/^\d{1,3}$/.test(part) || Number(part) > 255))
    return null;
  return parts.reduce((number, part) => number * 256 + Number(part), 0);
}

export function addressText(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
}

/// The address with all but its first bits cleared.
export function masked(number: number, length: number): number {
  return length === 0 ? 0 : (number & (-1 << (32 - length))) >>> 0;
}

/// The last address of a network.
export function broadcastOf(network: number, length: number): number {
  return (network | (length === 32 ? 0 : 0xffffffff >>> length)) >>> 0;
}
