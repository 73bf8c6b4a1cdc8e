/// The words of ip route and ip rule that name numbers: tables, scopes, protocols, types, prefixes.
/// Stands for lib/rt_names.c and get_prefix() of iproute2, with the names that Debian installs.
import { parseAddress } from './prefix.ts';

type Names = readonly (readonly [string, number])[];

const TABLES: Names = [
  ['default', 253],
  ['main', 254],
  ['local', 255],
  ['unspec', 0],
];
const SCOPES: Names = [
  ['global', 0],
  ['site', 200],
  ['link', 253],
  ['host', 254],
  ['nowhere', 255],
];
const PROTOCOLS: Names = [
  ...([
    ['unspec', 0],
    ['redirect', 1],
    ['kernel', 2],
    ['boot', 3],
    ['static', 4],
  ] as const),
  ...([
    ['gated', 8],
    ['ra', 9],
    ['mrt', 10],
    ['zebra', 11],
    ['bird', 12],
  ] as const),
  ...([
    ['dnrouted', 13],
    ['xorp', 14],
    ['ntk', 15],
    ['dhcp', 16],
    ['keepalived', 18],
  ] as const),
  ...([
    ['babel', 42],
    ['bgp', 186],
    ['isis', 187],
    ['ospf', 188],
    ['rip', 189],
  ] as const),
  ['eigrp', 192],
];
const TYPES: Names = [
  ...([
    ['unicast', 1],
    ['local', 2],
    ['broadcast', 3],
    ['anycast', 4],
    ['multicast', 5],
  ] as const),
  ...([
    ['blackhole', 6],
    ['unreachable', 7],
    ['prohibit', 8],
    ['throw', 9],
  ] as const),
];

function numberOf(names: Names, word: string, most: number): number | null {
  const known = names.find(([name]) => name === word);
  if (known) return known[1];
  const number = cNumber(word);
  return number === null || number > most ? null : number;
}

function nameOf(names: Names, number: number): string {
  return names.find(([, value]) => value === number)?.[0] ?? String(number);
}

/// An unsigned number as strtoul() reads it with base 0; null for anything else.
export function cNumber(word: string): number | null {
  if (/^0x[0-9a-f]+$/i.test(word)) return Number.parseInt(word, 16);
  if (/^0[0-7]*$/.test(word)) return Number.parseInt(word, 8);
  return /^[1-9]\d*$/.test(word) ? Number(word) : null;
}

export const tableNumber = (word: string): number | null => numberOf(TABLES, word, 0xffff_ffff);
export const tableName = (id: number): string => nameOf(TABLES, id);
export const scopeNumber = (word: string): number | null => numberOf(SCOPES, word, 255);
export const scopeName = (scope: number): string => nameOf(SCOPES, scope);
export const protocolNumber = (word: string): number | null => numberOf(PROTOCOLS, word, 255);
export const protocolName = (protocol: number): string => nameOf(PROTOCOLS, protocol);
export const typeNumber = (word: string): number | null =>
  TYPES.find(([name]) => name === word)?.[1] ?? null;
export const typeName = (type: number): string => nameOf(TYPES, type);

/// A destination: `default`, an address, or the beginning of one with a length (10/8); null for
/// anything else. `length` is -1 where none was written.
export function destination(
  word: string,
): { readonly number: number; readonly length: number } | null {
  if (['default', 'any', 'all'].includes(word)) return { number: 0, length: 0 };
  const [address = '', bits, ...rest] = word.split('/');
  const octets = address.split('.');
  if (rest.length || octets.length > 4) return null;
  const number = parseAddress(
    [...octets, ...new Array<string>(4 - octets.length).fill('0')].join('.'),
  );
  if (number === null) return null;
  if (bits === undefined) return { number, length: -1 };
  if (!/^\d+$/.test(bits) || Number(bits) > 32) return null;
  return { number, length: Number(bits) };
}
