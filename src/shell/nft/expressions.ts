/// The left and the right side of a match: fields, values, ranges, prefixes and sets in braces.
/// Stands for the expressions of src/parser_bison.y and src/evaluate.c of nftables 1.1.3.
/// Left out: arithmetic, maps that give a value, and expressions on both sides.
import { FIELDS, fieldNamed, type Field } from '../../kernel/netfilter/fields.ts';
import type { NewSetSpec } from '../../kernel/netfilter/nf_tables_message.ts';
import {
  compareKeys,
  elementOf,
  insertElement,
  overlap,
  touches,
} from '../../kernel/netfilter/nft_set.ts';
import type {
  NftElement,
  NftSet,
  NftVerdict,
  VerdictName,
  Word,
} from '../../kernel/netfilter/types.ts';
import type { Kernel } from '../../kernel/state.ts';
import type { Cursor } from './cursor.ts';
import { Absent, Trouble, span, type Place } from './trouble.ts';
import { isBitmask, readTime, readValue } from './values.ts';

/// A field with where it was written.
export interface Side {
  readonly field: Field;
  readonly place: Place;
}

/// A type of key: a field's, or one that a set names.
export interface KeyType {
  readonly type: Field['type'];
  readonly bits: number;
}

const PROTOCOLS = ['ip', 'ip6', 'tcp', 'udp', 'th', 'icmp', 'icmpv6', 'ether', 'vlan', 'ct'];
const ALONE = new Set(['iif', 'oif', 'iifname', 'oifname']);
// Keys that nft takes without `meta` and prints with it.
const SHORT = new Set(['mark', 'iiftype', 'oiftype', 'pkttype', 'cpu']);

// What nft knows there and this host does not.
const ABSENT = new Set([
  ...['meta skuid', 'meta skgid', 'meta rtclassid', 'meta cgroup', 'meta random', 'meta priority'],
  ...['meta iifgroup', 'meta oifgroup', 'meta time', 'meta day', 'meta hour', 'meta nftrace'],
  ...['meta sdif', 'meta sdifname', 'meta iifkind', 'meta oifkind', 'meta ipsec', 'meta secmark'],
  ...['ip option', 'ip checksum', 'ip6 flowlabel', 'tcp option', 'tcp doff', 'tcp urgptr'],
  ...['tcp checksum', 'udp checksum', 'icmp sequence', 'icmp checksum', 'icmp mtu', 'icmp gateway'],
  ...['icmpv6 id', 'icmpv6 sequence', 'icmpv6 mtu', 'icmpv6 checksum', 'vlan dei', 'vlan cfi'],
  ...['vlan type', 'ct zone', 'ct label', 'ct helper', 'ct expiration', 'ct bytes', 'ct packets'],
  ...['ct avgpkt', 'ct count', 'ct l3proto', 'ct protocol', 'ct original', 'ct reply', 'ct id'],
]);
const ABSENT_WORDS = new Set([
  ...[
    'fib',
    'rt',
    'rtclassid',
    'socket',
    'osf',
    'numgen',
    'jhash',
    'symhash',
    'ipsec',
    'arp',
    'sctp',
  ],
  ...['dccp', 'udplite', 'esp', 'ah', 'comp', 'exthdr', 'hbh', 'frag', 'rt0', 'dst', 'mh', 'skuid'],
  ...[
    'skgid',
    'cgroup',
    'iifgroup',
    'oifgroup',
    'ibrname',
    'obrname',
    'nftrace',
    'time',
    'hour',
    'day',
  ],
]);

/// Whether a match may begin here.
export function beginsField(cursor: Cursor): boolean {
  const { text, kind } = cursor.peek();
  if (kind !== 'string') return false;
  return text === 'meta' || SHORT.has(text) || ALONE.has(text) || PROTOCOLS.includes(text);
}

/// One field; a protocol with a word that it does not have is a syntax error.
export function readField(cursor: Cursor): Side {
  const first = cursor.next();
  const { text } = first;
  if (ABSENT_WORDS.has(text)) throw new Absent(`nft: ${text}`);
  if (SHORT.has(text)) return { field: fieldNamed(`meta ${text}`)!, place: first.place };
  if (ALONE.has(text)) return { field: fieldNamed(text)!, place: first.place };
  const second = cursor.peek();
  if (text === 'meta' && ALONE.has(second.text)) return readField(cursor);
  const name = `${text} ${second.text}`;
  if (ABSENT.has(name)) throw new Absent(`nft: ${name}`);
  const field = fieldNamed(name);
  if (!field || second.kind !== 'string') throw cursor.unexpected();
  cursor.next();
  return { field, place: span(first.place, second.place) };
}

/// Fields with dots between them.
export function readFields(cursor: Cursor): Side[] {
  const sides = [readField(cursor)];
  while (cursor.takes('.')) sides.push(readField(cursor));
  return sides;
}

/// A value, a range or a prefix; lo and hi are the same for one value.
export interface Read {
  readonly lo: Word[];
  readonly hi: Word[];
  readonly prefix: number; // -1: not written as one
  readonly place: Place;
}

export function readOne(k: Kernel, cursor: Cursor, type: KeyType): Read {
  const token = cursor.peek();
  const lo = readScalar(k, cursor, type);
  while (isBitmask(type.type) && cursor.takes('|'))
    lo[0] = (Number(lo[0]) | Number(readScalar(k, cursor, type)[0])) >>> 0;
  if (cursor.takes('-')) {
    const end = cursor.peek();
    const hi = readScalar(k, cursor, type);
    const place = span(token.place, end.place);
    if (compareKeys(lo, hi, lo.length) > 0) throw new Trouble(place, 'Range negative size');
    return { lo, hi, prefix: -1, place };
  }
  const addresses = ['ipv4_addr', 'ipv6_addr', 'ether_addr'];
  if (addresses.includes(type.type) && cursor.takes('/')) {
    const { text, place } = cursor.number();
    const whole = span(token.place, place);
    if (Number(text) > type.bits)
      throw new Trouble(
        whole,
        `Prefix length ${text} is invalid for type of ${type.bits} bits width`,
      );
    const mask = prefixMask(type.bits, Number(text));
    const base = lo.map((word, i) => (Number(word) & mask[i]!) >>> 0);
    const top = base.map((word, i) => (word | ~mask[i]!) >>> 0);
    if (Number(text) === type.bits) return { lo, hi: lo, prefix: -1, place: whole };
    return { lo: base, hi: top, prefix: Number(text), place: whole };
  }
  return { lo, hi: lo, prefix: -1, place: token.place };
}

/// One value. A word that is none is a syntax error, a value of the wrong type an error of its own.
export function readScalar(k: Kernel, cursor: Cursor, type: KeyType): Word[] {
  const token = cursor.peek();
  if (token.kind === 'sign' || token.kind === 'newline' || token.kind === 'end')
    throw cursor.unexpected();
  cursor.next();
  const value = readValue(k, type.type, token.text, type.bits);
  if ('says' in value) throw new Trouble(token.place, value.says);
  return value;
}

/// The mask of a prefix, in words of 32 bits from the highest.
export function prefixMask(bits: number, length: number): number[] {
  return Array.from({ length: bits / 32 }, (_, i) => {
    const left = Math.min(32, Math.max(0, length - 32 * i));
    return left === 0 ? 0 : (0xffff_ffff << (32 - left)) >>> 0;
  });
}

/// What a list in braces holds: the elements, and whether any of them is more than one value.
export interface Elements {
  readonly elements: NftElement[];
  readonly places: Place[];
  readonly interval: boolean;
  readonly place: Place;
}

/// Elements in braces. `data` is '' for a set, 'verdict' for a verdict map.
export function readElements(
  k: Kernel,
  cursor: Cursor,
  types: readonly KeyType[],
  data: string,
): Elements {
  const open = cursor.need('{').place;
  const elements: NftElement[] = [];
  const places: Place[] = [];
  let interval = false;
  skipLines(cursor);
  while (!cursor.sees('}')) {
    const from = cursor.peek().place;
    const element = readElement(k, cursor, types, data);
    interval ||= compareKeys(element.lo, element.hi, element.lo.length) !== 0;
    interval ||= element.lo.some((word) => typeof word === 'string' && word.endsWith('*'));
    elements.push(element);
    places.push(span(from, cursor.last()));
    skipLines(cursor);
    if (!cursor.takes(',')) break;
    skipLines(cursor);
  }
  const close = cursor.sees('}') ? cursor.next().place : null;
  if (!close) throw cursor.unexpected('comma', "'}'");
  if (elements.length === 0) throw new Trouble(close, "syntax error, unexpected '}'");
  return { elements, places, interval, place: span(open, close) };
}

function skipLines(cursor: Cursor): void {
  while (cursor.peek().kind === 'newline') cursor.next();
}

function readElement(
  k: Kernel,
  cursor: Cursor,
  types: readonly KeyType[],
  data: string,
): NftElement {
  const element = elementOf([]);
  if (cursor.takes('*')) element.catchall = true;
  else
    types.forEach((type, i) => {
      if (i > 0) cursor.need('.');
      const read = readOne(k, cursor, type);
      element.lo.push(...read.lo);
      element.hi.push(...read.hi);
    });
  for (;;) {
    if (cursor.takes('timeout')) element.timeout_ns = readMs(cursor) * 1_000_000;
    else if (cursor.takes('expires')) readMs(cursor);
    else if (cursor.takes('comment')) element.comment = cursor.quoted().text;
    else break;
  }
  if (data === '') return element;
  cursor.need(':');
  if (data !== 'verdict') throw new Absent('nft: maps that give a value');
  element.verdict = readVerdict(cursor);
  return element;
}

/// A time such as 10s, ms.
export function readMs(cursor: Cursor): number {
  const token = cursor.next();
  const ms = readTime(token.text);
  if (ms === null) throw new Trouble(token.place, 'wrong time format');
  return ms;
}

const VERDICTS: readonly VerdictName[] = ['accept', 'drop', 'continue', 'return', 'jump', 'goto'];

/// accept, drop, jump x and so on.
export function readVerdict(cursor: Cursor): NftVerdict {
  const verdict = VERDICTS.find((name) => cursor.sees(name));
  if (!verdict) throw cursor.unexpected();
  cursor.next();
  const chain = verdict === 'jump' || verdict === 'goto' ? cursor.name().text : '';
  return { verdict, chain };
}

export function beginsVerdict(cursor: Cursor): boolean {
  return VERDICTS.some((name) => cursor.sees(name));
}

/// A set of its own for a rule, with the elements that were written in it.
export function ownSet(types: readonly KeyType[], read: Elements, data: string): NewSetSpec {
  const spec: NewSetSpec & { elements: NftElement[] } = {
    ...emptySpec(types.map((type) => type.type)),
    data,
    interval: read.interval,
    constant: true,
    elements: [],
  };
  const set = { ...spec, name: '', handle: 0 };
  for (const [i, element] of read.elements.entries()) {
    const there = set.elements.find((other) => overlap(set, other, element));
    if (there && read.interval && data !== '')
      throw new Trouble(read.places[i]!, 'conflicting intervals specified');
    if (!there || (read.interval && types.length === 1)) insertElement(set, element);
  }
  // Intervals that a rule lists are put together.
  const elements = read.interval && types.length === 1 ? joined(set) : set.elements;
  return { ...spec, elements };
}

function joined(set: NftSet): NftElement[] {
  const made: NftElement[] = [];
  for (const element of set.elements) {
    const last = made.at(-1);
    if (!last || !touches(set, last, element)) made.push(element);
    else if (compareKeys(element.hi, last.hi, last.hi.length) > 0) last.hi = element.hi;
  }
  return made;
}

/// A set of these types without anything else.
export function emptySpec(fields: string[]): NewSetSpec {
  return {
    fields,
    data: '',
    interval: false,
    constant: false,
    timeout: false,
    dynamic: false,
    auto_merge: false,
    default_timeout_ns: 0,
    typeof: '',
    size: 0,
    comment: '',
    elements: [],
  };
}

/// The width of a data type that a set names; null: there is no such type here.
export function typeNamed(name: string): KeyType | null {
  const field = FIELDS.find((one) => one.type === name && one.type !== 'integer');
  return field ? { type: field.type, bits: field.bits } : null;
}
