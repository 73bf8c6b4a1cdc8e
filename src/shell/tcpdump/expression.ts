/// Filter expressions of libpcap 1.10 as tcpdump takes them: which packets. `and` and `or` bind alike, from left to
/// right, as in the library.
/// Left out: names of hosts and networks, arithmetic, bytes other than those of the TCP flags and the ICMP type and
/// code, gateways, link types other than Ethernet.
import type { ByteField, Comparison, Direction, PacketFilter } from '../../kernel/packet_filter.ts';
import { parseAddress } from '../ip/prefix.ts';
import { portNumber } from './services.ts';

/// The filter, or what is wrong with the expression: without words, every packet passes.
export type Parsed = { readonly filter: PacketFilter | null } | { readonly fault: string };

class Fault extends Error {}

const SYNTAX = 'syntax error';
const PROTOCOLS: Readonly<Record<string, PacketFilter>> = {
  ip: { op: 'family', six: false },
  ip6: { op: 'family', six: true },
  arp: { op: 'ether', type: 0x0806 },
  rarp: { op: 'ether', type: 0x8035 },
  icmp: both({ op: 'family', six: false }, { op: 'proto', proto: 1 }),
  icmp6: both({ op: 'family', six: true }, { op: 'proto', proto: 58 }),
  tcp: { op: 'proto', proto: 6 },
  udp: { op: 'proto', proto: 17 },
  sctp: { op: 'proto', proto: 132 },
};
const TYPES = ['host', 'net', 'port', 'portrange', 'proto'];
const NUMBERS: Readonly<Record<string, number>> = {
  ...{ 'tcp-fin': 1, 'tcp-syn': 2, 'tcp-rst': 4, 'tcp-push': 8, 'tcp-ack': 16, 'tcp-urg': 32 },
  ...{ 'tcp-ece': 64, 'tcp-cwr': 128, 'icmp-echoreply': 0, 'icmp-unreach': 3, 'icmp-redirect': 5 },
  ...{ 'icmp-echo': 8, 'icmp-timxceed': 11 },
};
const IP_PROTOCOLS: Readonly<Record<string, number>> = {
  icmp: 1,
  tcp: 6,
  udp: 17,
  sctp: 132,
  icmp6: 58,
};
const ETHER_TYPES: Readonly<Record<string, number>> = {
  ip: 0x0800,
  arp: 0x0806,
  ip6: 0x86dd,
  rarp: 0x8035,
};

function both(left: PacketFilter, right: PacketFilter): PacketFilter {
  return { op: 'and', left, right };
}

interface Qualifiers {
  proto: string; // '' none
  dir: Direction;
  type: string; // '' none: host
}

interface Reader {
  readonly words: readonly string[];
  at: number;
  last: Qualifiers; // an address without words of its own takes those of the one before
}

export function parseExpression(text: string): Parsed {
  const words = text.match(/\\?[\w.:/-]+|&&|\|\||[<>=!]=|[()[\]!&|<>=]|\S/g) ?? [];
  if (words.length === 0) return { filter: null };
  const r: Reader = { words, at: 0, last: { proto: '', dir: 'either', type: '' } };
  try {
    const filter = series(r);
    if (r.at < words.length) throw new Fault(SYNTAX);
    return { filter };
  } catch (error) {
    if (error instanceof Fault) return { fault: error.message };
    throw error;
  }
}

function peek(r: Reader): string {
  return r.words[r.at] ?? '';
}

function next(r: Reader): string {
  const word = r.words[r.at++];
  if (word === undefined) throw new Fault(SYNTAX);
  return word;
}

function took(r: Reader, ...words: string[]): boolean {
  if (!words.includes(peek(r))) return false;
  r.at++;
  return true;
}

function series(r: Reader): PacketFilter {
  let left = term(r);
  for (;;) {
    if (took(r, 'and', '&&')) left = { op: 'and', left, right: term(r) };
    else if (took(r, 'or', '||')) left = { op: 'or', left, right: term(r) };
    else return left;
  }
}

function term(r: Reader): PacketFilter {
  if (took(r, 'not', '!')) return { op: 'not', of: term(r) };
  if (!took(r, '(')) return primitive(r);
  const inner = series(r);
  if (!took(r, ')')) throw new Fault(SYNTAX);
  return inner;
}

function primitive(r: Reader): PacketFilter {
  const word = peek(r);
  if (took(r, 'less')) return { op: 'length', least: false, bytes: number(next(r)) };
  if (took(r, 'greater')) return { op: 'length', least: true, bytes: number(next(r)) };
  if (took(r, 'inbound')) return { op: 'direction', inbound: true };
  if (took(r, 'outbound')) return { op: 'direction', inbound: false };
  if (took(r, 'vlan')) return { op: 'vlan', id: /^\d+$/.test(peek(r)) ? number(next(r)) : -1 };
  if (took(r, 'broadcast')) return { op: 'cast', level: 'ether', multicast: false };
  if (took(r, 'multicast')) return { op: 'cast', level: 'ether', multicast: true };
  if ((word === 'tcp' || word === 'icmp') && r.words[r.at + 1] === '[') return byteTest(r);
  return qualified(r);
}

function number(word: string): number {
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(word)) throw new Fault(SYNTAX);
  return Number(word);
}

/// [protocol] [direction] [type] address; a protocol alone is a filter too.
function qualified(r: Reader): PacketFilter {
  const q: Qualifiers = { proto: '', dir: 'either', type: '' };
  const start = r.at;
  if (peek(r) === 'ether' || Object.hasOwn(PROTOCOLS, peek(r))) q.proto = next(r);
  if (q.proto === 'ether' || q.proto === 'ip') {
    if (took(r, 'broadcast')) return { op: 'cast', level: q.proto, multicast: false };
    if (took(r, 'multicast')) return { op: 'cast', level: q.proto, multicast: true };
  }
  const dir = direction(r);
  if (dir) q.dir = dir;
  if (TYPES.includes(peek(r))) q.type = next(r);
  if (r.at === start)
    return address(r, r.last.type === '' && r.last.proto === '' ? { ...q, type: 'host' } : r.last);
  const bare = q.proto !== '' && q.type === '' && dir === null;
  if (bare && !isAddress(peek(r))) {
    if (q.proto === 'ether') throw new Fault(SYNTAX);
    return PROTOCOLS[q.proto]!;
  }
  if (q.type === '') q.type = 'host';
  r.last = q;
  return address(r, q);
}

function direction(r: Reader): Direction | null {
  if (!took(r, 'src', 'dst')) return null;
  const first = r.words[r.at - 1] as Direction;
  if (took(r, 'or')) {
    next(r);
    return 'either';
  }
  if (peek(r) === 'and' && ['src', 'dst'].includes(r.words[r.at + 1] ?? '')) {
    r.at += 2;
    return 'both';
  }
  return first;
}

function isAddress(word: string): boolean {
  return /^[0-9a-f]+([.:][0-9a-f]*)+/i.test(word);
}

function address(r: Reader, q: Qualifiers): PacketFilter {
  const word = next(r);
  if (/^[()[\]&|<>=!]/.test(word)) throw new Fault(SYNTAX);
  const made = addressTest(r, q, word);
  if (q.proto === '' || q.proto === 'ether' || q.type === 'proto') return made;
  return both(PROTOCOLS[q.proto]!, made);
}

function addressTest(r: Reader, q: Qualifiers, word: string): PacketFilter {
  const { dir } = q;
  if (q.type === 'port' || q.type === 'portrange') return portTest(q, word);
  if (q.type === 'proto') return protoTest(q, word);
  if (/^([0-9a-f]{1,2}:){5}[0-9a-f]{1,2}$/i.test(word))
    return { op: 'mac', dir, mac: word.toLowerCase() };
  if (q.proto === 'ether') throw new Fault(SYNTAX);
  if (word.includes(':')) return { op: 'host6', dir, address: word.toLowerCase() };
  if (q.type === 'net') return netTest(r, dir, word);
  const found = parseAddress(word);
  if (found === null) {
    // A word behind it would not be understood either: that is noticed first.
    if (r.at < r.words.length && !['and', 'or', '&&', '||', ')'].includes(peek(r)))
      throw new Fault(SYNTAX);
    throw new Fault(`unknown host '${word}'`);
  }
  return { op: 'net', dir, net: found, bits: 32 };
}

function netTest(r: Reader, dir: Direction, word: string): PacketFilter {
  const [text = '', length] = word.split('/');
  const parts = text.split('.');
  const full = parseAddress([...parts, '0', '0', '0'].slice(0, 4).join('.'));
  if (full === null) throw new Fault(`unknown network '${word}'`);
  let bits = length === undefined ? 8 * parts.length : Number(length);
  if (took(r, 'mask')) {
    const mask = parseAddress(next(r));
    if (mask === null) throw new Fault(SYNTAX);
    bits = 32 - Math.clz32(~mask >>> 0 || 0) === 0 ? 32 : Math.clz32(~mask >>> 0);
  }
  if (!(bits >= 0 && bits <= 32)) throw new Fault('mask length must be <= 32');
  const outside = bits === 32 ? 0 : (full << bits) >>> 0;
  if (outside !== 0) throw new Fault(`non-network bits set in "${word}"`);
  return { op: 'net', dir, net: full, bits };
}

function portTest(q: Qualifiers, word: string): PacketFilter {
  const [first = '', second = first] = q.type === 'portrange' ? word.split('-') : [word];
  const low = portNumber(first);
  const high = portNumber(second);
  if (low === null || high === null) throw new Fault(`unknown port '${word}'`);
  if (high > 65_535) throw new Fault(`illegal port number ${high} > 65535`);
  return { op: 'port', dir: q.dir, low, high };
}

function protoTest(q: Qualifiers, word: string): PacketFilter {
  const name = word.replace(/^\\/, '');
  const table = q.proto === 'ether' ? ETHER_TYPES : IP_PROTOCOLS;
  const value = table[name] ?? number(name);
  if (q.proto === 'ether') return { op: 'ether', type: value };
  const test: PacketFilter = { op: 'proto', proto: value };
  return q.proto === '' ? test : both(PROTOCOLS[q.proto]!, test);
}

/// tcp[tcpflags] & (tcp-syn|tcp-ack) != 0
function byteTest(r: Reader): PacketFilter {
  const proto = next(r);
  next(r);
  const at = next(r);
  if (!took(r, ']')) throw new Fault(SYNTAX);
  const fields: Readonly<Record<string, ByteField>> =
    proto === 'tcp'
      ? { tcpflags: 'tcpflags', '13': 'tcpflags' }
      : { icmptype: 'icmptype', '0': 'icmptype', icmpcode: 'icmpcode', '1': 'icmpcode' };
  const of = fields[at];
  if (of === undefined) throw new Fault(`softnet: not modelled here: ${proto}[${at}]`);
  const mask = took(r, '&') ? value(r) : 0xff;
  const sign = next(r);
  const how = (sign === '==' ? '=' : sign) as Comparison;
  if (!['=', '!=', '<', '>', '<=', '>='].includes(how)) throw new Fault(SYNTAX);
  return { op: 'byte', of, mask, how, value: value(r) };
}

function value(r: Reader): number {
  let sum = one(r);
  while (took(r, '|')) sum |= one(r);
  return sum;
}

function one(r: Reader): number {
  if (took(r, '(')) {
    const inner = value(r);
    if (!took(r, ')')) throw new Fault(SYNTAX);
    return inner;
  }
  const word = next(r);
  return NUMBERS[word] ?? number(word);
}
