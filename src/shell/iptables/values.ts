/// Values in rules: protocols, ports, addresses, rates, marks, states. Reading gives them in the form in
/// which `iptables -S` writes them. Stands for libxtables' xtables_parse_*() and the extensions.
import { addressText6 } from '../../kernel/address.ts';
import { addressNumber, addressText } from '../../kernel/flows.ts';
import { readWords } from '../../kernel/netfilter/packet.ts';
import { SERVICES } from '../nft/services.ts';
import { absent, badParameter } from './fault.ts';
import type { Address } from './rule.ts';

// Names that iptables knows by itself; of two names for one number the first is shown.
// libxtables/xtables.c:xtables_chain_protos[]
const PROTOCOLS: readonly (readonly [name: string, number: number])[] = [
  ...([
    ['tcp', 6],
    ['sctp', 132],
    ['udp', 17],
    ['udplite', 136],
    ['icmp', 1],
  ] as const),
  ...([
    ['ipv6-icmp', 58],
    ['icmpv6', 58],
    ['esp', 50],
    ['ah', 51],
  ] as const),
  ...([
    ['mobility-header', 135],
    ['ipv6-mh', 135],
    ['mh', 135],
    ['dccp', 33],
  ] as const),
  ...([
    ['ipcomp', 108],
    ['all', 0],
  ] as const),
];
// And some of /etc/protocols.
const OTHERS: readonly (readonly [name: string, number: number])[] = [
  ...([
    ['igmp', 2],
    ['ipencap', 4],
    ['ipv6', 41],
    ['ipv6-route', 43],
    ['ipv6-frag', 44],
  ] as const),
  ...([
    ['gre', 47],
    ['ipv6-nonxt', 59],
    ['ipv6-opts', 60],
    ['ospf', 89],
    ['ipip', 94],
  ] as const),
  ...([
    ['pim', 103],
    ['vrrp', 112],
    ['l2tp', 115],
  ] as const),
];

export function protocolOf(text: string): number {
  if (/^(0x[0-9a-f]+|\d+)$/i.test(text) && Number(text) < 256) return Number(text);
  const name = text.toLowerCase();
  const known = [...PROTOCOLS, ...OTHERS].find(([one]) => one === name);
  if (!known) throw badParameter(`unknown protocol "${name}" specified`);
  return known[1];
}

/// The name that is shown; `numeric`: only such as iptables knows by itself.
/// iptables/xshared.c:proto_to_name()
export function protocolName(number: number, numeric: boolean): string {
  const names = numeric ? PROTOCOLS : [...PROTOCOLS, ...OTHERS];
  return names.find(([, one]) => one === number)?.[0] ?? String(number);
}

/// A port by number or name.
export function port(text: string): number {
  const number = /^\d+$/.test(text) ? Number(text) : SERVICES[text];
  if (number === undefined || number > 65535)
    throw badParameter(`invalid port/service \`${text}' specified`);
  return number;
}

/// A port, or a range first:last, where either may be missing.
export function ports(text: string): string {
  const at = text.indexOf(':');
  if (at < 0) return String(port(text));
  const [low, high] = [text.slice(0, at), text.slice(at + 1)];
  const [from, to] = [low === '' ? 0 : port(low), high === '' ? 65535 : port(high)];
  if (from > to) throw badParameter('invalid portrange (min > max)');
  return from === to ? String(from) : `${from}:${to}`;
}

export function portList(text: string): string {
  const list = text.split(',').map((one) => (one === '' ? String(port(one)) : ports(one)));
  if (list.length > 15) throw badParameter('too many ports specified');
  return list.join(',');
}

/// An address with a prefix length or mask.
export function address(text: string, not: boolean, six: boolean): Address {
  const cut = text.lastIndexOf('/');
  const host = cut < 0 ? text : text.slice(0, cut);
  const mask = cut < 0 ? undefined : text.slice(cut + 1);
  const bits = mask === undefined ? (six ? 128 : 32) : six ? maskBits6(mask) : maskBits(mask);
  if (bits < 0) throw badParameter(`invalid mask \`${mask}' specified`);
  if (bits === 0) return { addr: six ? '::' : '0.0.0.0', bits, not };
  const words = six ? hostWords6(host) : hostNumber(host);
  if (words === null) throw badParameter(`host/network \`${host}' not found`);
  const kept = words.map((word, i) => (word & prefix(bits - 32 * i)) >>> 0);
  return { addr: six ? address6Text(kept) : addressText(kept[0]!), bits, not };
}

/// A mask of so many bits, in a word.
export function prefix(bits: number): number {
  if (bits >= 32) return 0xffff_ffff;
  return bits <= 0 ? 0 : (-1 << (32 - bits)) >>> 0;
}

/// The words of an address in its one form.
export function addressWords(text: string): readonly number[] {
  return text.includes(':') ? readWords(text)! : [addressNumber(text)];
}

/// Four words as an IPv6 address.
export function address6Text(words: readonly number[]): string {
  return addressText6(words.flatMap((word) => [24, 16, 8, 0].map((at) => (word >>> at) & 255)));
}

function hostWords6(text: string): readonly number[] | null {
  return readWords(text === 'localhost' ? '::1' : text);
}

function hostNumber(text: string): readonly number[] | null {
  if (text === 'localhost') return [0x7f00_0001];
  if (!/^\d{1,3}(\.\d{1,3}){0,3}$/.test(text)) return null;
  const parts = text.split('.');
  while (parts.length < 4) parts.push('0');
  return parts.some((part) => Number(part) > 255) ? null : [addressNumber(parts.join('.'))];
}

function maskBits(text: string): number {
  if (/^\d+$/.test(text)) return Number(text) > 32 ? -1 : Number(text);
  const mask = hostNumber(text)?.[0];
  for (let bits = 0; bits <= 32; bits++) if (mask === prefix(bits)) return bits;
  return -1;
}

function maskBits6(text: string): number {
  if (/^\d+$/.test(text)) return Number(text) > 128 ? -1 : Number(text);
  const mask = readWords(text);
  if (!mask) return -1;
  for (let bits = 0; bits <= 128; bits++)
    if (mask.every((word, i) => word === prefix(bits - 32 * i))) return bits;
  throw absent('ip6tables: a mask that is no prefix');
}

const SCALE = 10_000;
const RATES: readonly (readonly [name: string, ticks: number])[] = [
  ['day', 24 * 60 * 60 * SCALE],
  ['hour', 60 * 60 * SCALE],
  ['min', 60 * SCALE],
  ['sec', SCALE],
];

/// An average rate, as the kernel's period of 1/10000 s gives it back.
/// extensions/libxt_limit.c:parse_rate(), print_rate()
export function rate(text: string): string {
  const [count = '', unit] = text.split('/');
  const second = unit === undefined ? 'second' : unit;
  const found = ['second', 'minute', 'hour', 'day'].find((one) => one.startsWith(second));
  if (!/^\d+$/.test(count) || Number(count) === 0 || found === undefined || second === '')
    throw badParameter(`bad rate "${text}"`);
  const ticks = RATES.find(([name]) => found.startsWith(name))![1];
  if (ticks < Number(count)) throw badParameter(`Rate too fast "${text}"`);
  const period = Math.floor(ticks / Number(count));
  let at = 0;
  for (let i = 1; i < RATES.length; i++) {
    const next = RATES[i]![1];
    if (period > next || Math.floor(next / period) < next % period) break;
    at = i;
  }
  return `${Math.floor(RATES[at]![1] / period)}/${RATES[at]![0]}`;
}

/// Rate and unit in seconds of a rate as rate() writes it.
export function rateParts(text: string): [count: number, seconds: number] {
  const [count = '', unit = ''] = text.split('/');
  return [Number(count), RATES.find(([name]) => name === unit)![1] / SCALE];
}

export function number(option: string, text: string, max: number): number {
  const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : NaN;
  if (Number.isNaN(value) || value > max)
    throw badParameter(`Bad value for "--${option}" option: "${text}"`);
  return value;
}

const STATES = ['INVALID', 'NEW', 'RELATED', 'ESTABLISHED', 'UNTRACKED'];

/// Connection states, in the order in which they are written.
export function states(text: string): string {
  const wanted = text.toUpperCase().split(',');
  const bad = wanted.find((one) => !STATES.includes(one));
  if (bad !== undefined) throw badParameter(`Bad ctstate "${bad.toLowerCase()}"`);
  return STATES.filter((one) => wanted.includes(one)).join(',');
}

const FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG'];

/// TCP flags as a number.
export function flagBits(text: string): number {
  if (text.toUpperCase() === 'ALL') return 0x3f;
  if (text.toUpperCase() === 'NONE') return 0;
  let bits = 0;
  for (const one of text.toUpperCase().split(',')) {
    if (!FLAGS.includes(one)) throw badParameter(`Unknown TCP flag \`${one}'`);
    bits |= 1 << FLAGS.indexOf(one);
  }
  return bits;
}

export function flagNames(bits: number): string {
  if (bits === 0) return 'NONE';
  return FLAGS.filter((_, i) => bits & (1 << i)).join(',');
}

/// A mark with its mask, in the form in which it is written.
export function mark(option: string, text: string): [value: number, mask: number] {
  const [value = '', mask] = text.split('/');
  const all = 0xffff_ffff;
  return [number(option, value, all), mask === undefined ? all : number(option, mask, all)];
}

export function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}
