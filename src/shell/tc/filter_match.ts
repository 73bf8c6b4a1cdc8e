/// What the filters of tc look for: u32, flower, matchall, basic and fw, read and printed. Stands for tc/f_u32.c,
/// f_flower.c, f_matchall.c, f_basic.c and f_fw.c of iproute2 6.15.
/// Left out: u32 hash tables and links, ematches, flower's tunnels, MPLS, ARP and connection tracking.
import type {
  FlowerKey,
  Masked,
  Range,
  TcFilterKind,
  TcMatch,
  U32Key,
} from '../../kernel/tc/types.ts';
import { addressText, parseAddress } from '../ip/prefix.ts';
import { TcFault, type Words } from './actions.ts';
import { readCount } from './units.ts';

const IP_PROTOS: Readonly<Record<string, number>> = {
  icmp: 1,
  tcp: 6,
  udp: 17,
  icmpv6: 58,
  sctp: 132,
};
const PROTOCOLS: Readonly<Record<string, number>> = {
  all: 3,
  ip: 0x0800,
  ipv6: 0x86dd,
  arp: 0x0806,
  '802.1q': 0x8100,
};

/// An EtherType by its word or as a number; null: neither.
export function protocolNumber(word: string): number | null {
  const found = PROTOCOLS[word.toLowerCase()];
  if (found !== undefined) return found;
  return readCount(word);
}

export function protocolText(protocol: number): string {
  if (protocol === 0x8100) return '802.1Q';
  return Object.entries(PROTOCOLS).find(([, one]) => one === protocol)?.[0] ?? `[${protocol}]`;
}

function number(word: string, what: string): number {
  const value = readCount(word);
  if (value === null) throw new TcFault(`Illegal "${what}"`);
  return value;
}

/// Keys that lie in the same four bytes are one.
function pack(keys: U32Key[], key: U32Key): void {
  const at = keys.findIndex((one) => one.off === key.off && one.nexthdr === key.nexthdr);
  const old = keys[at];
  if (!old) keys.push(key);
  else keys[at] = { ...key, val: (old.val | key.val) >>> 0, mask: (old.mask | key.mask) >>> 0 };
}

/// A key of one, two or four bytes at an offset.
function keyAt(bytes: number, off: number, value: number, mask: number, nexthdr: boolean): U32Key {
  const word = off & ~3;
  const shift = 8 * (4 - bytes - (off - word));
  return {
    val: (((value & mask) >>> 0) * 2 ** shift) >>> 0,
    mask: ((mask >>> 0) * 2 ** shift) >>> 0,
    off: word,
    nexthdr,
  };
}

/// u32 match ...: one key behind `match`.
export function parseU32(w: Words, keys: U32Key[]): void {
  const what = w.take();
  const raw = { u8: 1, u16: 2, u32: 4 }[what];
  if (raw !== undefined) {
    const value = number(hex(w.take()), 'match');
    const mask = number(hex(w.take()), 'match');
    if (!w.took('at')) throw new TcFault('Illegal "match"');
    const place = w.take();
    const nexthdr = place.startsWith('nexthdr+');
    return pack(keys, keyAt(raw, Number(place.replace('nexthdr+', '')), value, mask, nexthdr));
  }
  const field = w.take();
  if (what === 'ip') return parseIp(w, keys, field);
  if (what === 'tcp' || what === 'udp') {
    const off = { src: 0, sport: 0, dst: 2, dport: 2 }[field];
    if (off === undefined) throw new TcFault('Illegal "match"');
    const value = number(w.take(), 'match');
    return pack(keys, keyAt(2, off, value, number(hex(w.take()), 'match'), true));
  }
  throw new TcFault(`softnet: not modelled here: tc filter u32 match ${what}`);
}

/// Values of raw keys are hexadecimal, with 0x or without.
function hex(word: string): string {
  return /^0x/i.test(word) ? word : `0x${word}`;
}

function parseIp(w: Words, keys: U32Key[], field: string): void {
  if (field === 'src' || field === 'dst') {
    const [text = '', length = '32'] = w.take().split('/');
    const address = parseAddress(text);
    const bits = Number(length);
    if (address === null || !(bits >= 0 && bits <= 32)) throw new TcFault('Illegal "match"');
    const mask = bits === 0 ? 0 : (0xffff_ffff << (32 - bits)) >>> 0;
    return pack(keys, {
      val: (address & mask) >>> 0,
      mask,
      off: field === 'src' ? 12 : 16,
      nexthdr: false,
    });
  }
  const places: Readonly<Record<string, readonly [number, number]>> = {
    ...{ tos: [1, 1], dsfield: [1, 1], protocol: [1, 9], sport: [2, 20], dport: [2, 22] },
    ...{ icmp_type: [1, 20], icmp_code: [1, 21] },
  };
  const place = places[field];
  if (!place) throw new TcFault(`softnet: not modelled here: tc filter u32 match ip ${field}`);
  const value = number(w.take(), 'match');
  pack(keys, keyAt(place[0], place[1], value, number(hex(w.take()), 'match'), false));
}

type Draft = { -readonly [K in keyof FlowerKey]: FlowerKey[K] };

/// One word of flower with its value. False: the word is none of flower's.
export function parseFlower(w: Words, key: Draft, word: string): boolean {
  const plain: Readonly<Record<string, 'vlan_id' | 'vlan_prio' | 'icmp_type' | 'icmp_code'>> = {
    ...{ vlan_id: 'vlan_id', vlan_prio: 'vlan_prio', type: 'icmp_type', code: 'icmp_code' },
  };
  const simple = plain[word];
  if (simple) key[simple] = number(w.take(), word);
  else if (word === 'vlan_ethtype') key.eth_type = protocolNumber(w.take()) ?? 0;
  else if (word === 'ip_proto') {
    const name = w.take();
    key.ip_proto = IP_PROTOS[name] ?? number(name, 'ip_proto');
  } else if (word === 'src_ip' || word === 'dst_ip') {
    const [text = '', length = '32'] = w.take().split('/');
    const address = parseAddress(text);
    if (address === null) throw new TcFault(`Illegal "${word}"`);
    const bits = Number(length);
    key[word] = { address: bits === 0 ? 0 : (address & (0xffff_ffff << (32 - bits))) >>> 0, bits };
  } else if (word === 'src_port' || word === 'dst_port') {
    if (key.ip_proto === undefined || ![6, 17, 132].includes(key.ip_proto))
      throw new TcFault(`Illegal "${word}"`);
    key[word] = range(w.take(), word);
  } else if (word === 'src_mac' || word === 'dst_mac') key[word] = w.take().toLowerCase();
  else if (word === 'tcp_flags') key.tcp_flags = masked(w.take(), word, 0xfff);
  else if (word === 'ip_tos') key.ip_tos = masked(w.take(), word, 0xff);
  else if (word === 'ip_ttl') key.ip_ttl = masked(w.take(), word, 0xff);
  else return false;
  return true;
}

function range(word: string, what: string): Range {
  const [first = '', second = first] = word.split('-');
  const low = number(first, what);
  const high = number(second, what);
  if (low > 0xffff || high > 0xffff || low > high) throw new TcFault(`Illegal "${what}"`);
  return { low, high };
}

function masked(word: string, what: string, full: number): Masked {
  const [value = '', mask] = word.split('/');
  return {
    value: number(hex(value), what),
    mask: mask === undefined ? full : number(hex(mask), what),
  };
}

/// A filter with nothing to look for yet.
export function emptyMatch(kind: TcFilterKind, protocol: number): TcMatch {
  if (kind === 'bpf') return { kind, prog: -1, name: '' };
  if (kind === 'u32') return { kind, keys: [] };
  if (kind === 'flower')
    return { kind, key: protocol === 3 || protocol === 0x8100 ? {} : { eth_type: protocol } };
  if (kind === 'fw') return { kind, mark: 0, mask: 0xffff_ffff };
  return { kind };
}

/// The lines of flower's key, without the front.
export function flowerLines(key: FlowerKey): string[] {
  const lines: string[] = [];
  const add = (name: string, value: string | number | undefined): void => {
    if (value !== undefined) lines.push(`  ${name} ${value}`);
  };
  add('vlan_id', key.vlan_id);
  add('vlan_prio', key.vlan_prio);
  add('dst_mac', key.dst_mac);
  add('src_mac', key.src_mac);
  const types: Readonly<Record<number, string>> = { 0x0800: 'ipv4', 0x86dd: 'ipv6', 0x0806: 'arp' };
  if (key.eth_type !== undefined)
    add('eth_type', types[key.eth_type] ?? key.eth_type.toString(16).padStart(4, '0'));
  if (key.ip_proto !== undefined) add('ip_proto', protoText(key.ip_proto));
  add('ip_tos', maskedText(key.ip_tos, 0xff));
  add('ip_ttl', maskedText(key.ip_ttl, 0xff));
  for (const name of ['dst_ip', 'src_ip'] as const) {
    const one = key[name];
    if (one) add(name, addressText(one.address) + (one.bits === 32 ? '' : `/${one.bits}`));
  }
  for (const name of ['dst_port', 'src_port'] as const) {
    const one = key[name];
    if (one) add(name, one.low === one.high ? one.low : `${one.low}-${one.high}`);
  }
  if (key.tcp_flags)
    add('tcp_flags', `0x${key.tcp_flags.value.toString(16)}/${key.tcp_flags.mask.toString(16)}`);
  add('icmp_type', key.icmp_type);
  add('icmp_code', key.icmp_code);
  return lines;
}

function maskedText(one: Masked | undefined, full: number): string | undefined {
  if (one === undefined) return undefined;
  return `0x${one.value.toString(16)}${one.mask === full ? '' : `/${one.mask.toString(16)}`}`;
}

function protoText(proto: number): string {
  return (
    Object.entries(IP_PROTOS).find(([, one]) => one === proto)?.[0] ??
    proto.toString(16).padStart(2, '0')
  );
}

/// The lines of u32's keys.
export function u32Lines(keys: readonly U32Key[], hits: number | null): string[] {
  const hex8 = (value: number): string => value.toString(16).padStart(8, '0');
  return keys.map(
    ({ val, mask, off, nexthdr }) =>
      `  match ${hex8(val)}/${hex8(mask)} at ${nexthdr ? 'nexthdr+' : ''}${off}` +
      (hits === null ? '' : ` (success ${hits} ) `),
  );
}
