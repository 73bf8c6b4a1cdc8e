/// Values in rules: protocols, ports, addresses, rates, marks, states. Reading gives them in the form in
/// which `iptables -S` writes them. Stands for libxtables' xtables_parse_*() and the extensions.
import { addressNumber } from '../../kernel/flows.ts';
import { SERVICES } from '../nft/services.ts';
import { badParameter } from './fault.ts';
import type { Address } from './rule.ts';
import { wordTable } from '../word_table.ts';

const PROTOCOLS: Readonly<Record<string, number>> = wordTable({
  ...{ tcp: 6, udp: 17, icmp: 1, esp: 50, ah: 51, sctp: 132, udplite: 136, all: 0, ipv6: 41 },
  ...{ gre: 47, igmp: 2, ospf: 89, vrrp: 112, 'ipv6-icmp': 58, ipip: 94 },
});

export function protocolOf(text: string): number {
  if (/^\d+$/.test(text) && Number(text) < 256) return Number(text);
  const known = PROTOCOLS[text.toLowerCase()];
  if (known === undefined) throw badParameter(`unknown protocol "${text}" specified`);
  return known;
}

export function protocolName(number: number): string {
  return Object.entries(PROTOCOLS).find(([, one]) => one === number)?.[0] ?? String(number);
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
  return `${from}:${to}`;
}

export function portList(text: string): string {
  const list = text.split(',').map((one) => (one === '' ? String(port(one)) : ports(one)));
  if (list.length > 15) throw badParameter('too many ports specified');
  return list.join(',');
}

/// An address with a prefix length or mask.
export function address(text: string, not: boolean): Address {
  const [host = '', mask] = text.split('/');
  const bits = mask === undefined ? 32 : maskBits(mask);
  const number = hostNumber(host);
  if (bits < 0) throw badParameter(`invalid mask \`${mask}' specified`);
  if (number < 0) throw badParameter(`host/network \`${text}' not found`);
  return { addr: bits === 0 ? 0 : (number & prefix(bits)) >>> 0, bits, not };
}

export function prefix(bits: number): number {
  return bits === 0 ? 0 : (-1 << (32 - bits)) >>> 0;
}

function hostNumber(text: string): number {
  if (text === 'localhost') return 0x7f00_0001;
  if (!/^\d{1,3}(\.\d{1,3}){0,3}$/.test(text)) return -1;
  const parts = text.split('.');
  while (parts.length < 4) parts.push('0');
  return parts.some((part) => Number(part) > 255) ? -1 : addressNumber(parts.join('.'));
}

function maskBits(text: string): number {
  if (/^\d+$/.test(text)) return Number(text) > 32 ? -1 : Number(text);
  const mask = hostNumber(text);
  for (let bits = 0; bits <= 32; bits++) if (mask === prefix(bits)) return bits;
  return -1;
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

const ICMP_TYPES: Readonly<Record<string, string>> = wordTable({
  ...{ any: 'any', 'echo-reply': '0', pong: '0', 'destination-unreachable': '3' },
  ...{ 'network-unreachable': '3/0', 'host-unreachable': '3/1', 'protocol-unreachable': '3/2' },
  ...{ 'port-unreachable': '3/3', 'fragmentation-needed': '3/4', 'source-quench': '4' },
  ...{ redirect: '5', 'echo-request': '8', ping: '8', 'router-advertisement': '9' },
  ...{ 'router-solicitation': '10', 'time-exceeded': '11', 'ttl-exceeded': '11' },
  ...{ 'parameter-problem': '12', 'timestamp-request': '13', 'timestamp-reply': '14' },
});

export function icmpType(text: string): string {
  const known = ICMP_TYPES[text.toLowerCase()];
  if (known !== undefined) return known;
  if (!/^\d{1,3}(\/\d{1,3})?$/.test(text) || text.split('/').some((part) => Number(part) > 255))
    throw badParameter(`Invalid ICMP type \`${text}'`);
  return text;
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
