/// What a rule compares, in the text form of a program: matches and addresses.
import { address6 } from '../../kernel/address.ts';
import { addressNumber } from '../../kernel/flows.ts';
import { words6 } from '../../kernel/xdp/fields.ts';
import { BY_MASK, BY_RANGE, FIELD, IN_MAP } from '../../kernel/xdp/types.ts';
import type { DraftRule } from '../../kernel/xdp/verify.ts';
import { wordTable } from '../word_table.ts';
import type { Words } from './source_words.ts';

const FIELDS: Readonly<Record<string, number>> = wordTable({
  src: FIELD.SRC,
  dst: FIELD.DST,
  sport: FIELD.SPORT,
  dport: FIELD.DPORT,
  proto: FIELD.PROTO,
  ethertype: FIELD.ETHERTYPE,
  len: FIELD.LEN,
  mark: FIELD.MARK,
  meta: FIELD.META,
});
const PROTOCOLS: Readonly<Record<string, number>> = wordTable({
  icmp: 1,
  tcp: 6,
  udp: 17,
  icmpv6: 58,
});
const ETHERTYPES: Readonly<Record<string, number>> = wordTable({
  ipv4: 0x0800,
  ipv6: 0x86dd,
  arp: 0x0806,
});

/// A match: its words taken off the line.
export function takeMatch(words: Words): DraftRule['matches'][number] {
  const not = words.takes('not');
  const word = words.take();
  const ethertype = ETHERTYPES[word];
  if (ethertype !== undefined)
    return {
      field: FIELD.ETHERTYPE,
      how: BY_RANGE,
      not,
      a: ethertype,
      b: ethertype,
      map: '',
      wide: [],
    };
  if (word === 'rate') return takeRate(words, not);
  const field = FIELDS[word];
  if (field === undefined) throw words.trouble(`nothing to match by the name ${word}`);
  if (words.takes('in'))
    return { field, how: IN_MAP, not, a: 0, b: 0, map: words.take(), wide: [] };
  if (field === FIELD.SRC || field === FIELD.DST) return { not, ...takePrefix(words, field) };
  if (field === FIELD.META && words.takes('any'))
    return { field, how: BY_RANGE, not, a: 0, b: 0xffff_ffff, map: '', wide: [] };
  const protocol = field === FIELD.PROTO ? PROTOCOLS[words.peek()] : undefined;
  if (protocol !== undefined) {
    words.take();
    return { field, how: BY_RANGE, not, a: protocol, b: protocol, map: '', wide: [] };
  }
  return { field, not, ...takeRange(words) };
}

function takePrefix(words: Words, field: number) {
  const written = words.take();
  if (written.includes(':')) return takePrefix6(words, field, written);
  const [address = '', bits = '32'] = written.split('/');
  const length = /^\d+$/.test(bits) ? Number(bits) : -1;
  if (length < 0 || length > 32) throw words.trouble(`${bits} is no prefix length`);
  const mask = length === 0 ? 0 : (-1 << (32 - length)) >>> 0;
  const a = (address32(words, address) & mask) >>> 0;
  return { field, how: BY_MASK, a, b: mask, map: '', wide: [] };
}

function takePrefix6(words: Words, field: number, written: string) {
  const { wide, prefixlen } = prefix6(words, written);
  const masks = [0, 32, 64, 96].map((before) => {
    const bits = Math.min(32, Math.max(0, prefixlen - before));
    return bits === 0 ? 0 : (-1 << (32 - bits)) >>> 0;
  });
  const masked = wide.map((word, i) => (word & masks[i]!) >>> 0);
  const six = field === FIELD.SRC ? FIELD.SRC6 : FIELD.DST6;
  return { field: six, how: BY_MASK, a: 0, b: 0, map: '', wide: [...masked, ...masks] };
}

function takeRange(words: Words) {
  const typed = words.take();
  const [, from, to] = /^(0x[0-9a-f]+|\d+)(?:-(\d+))?$/i.exec(typed) ?? [];
  if (from === undefined) throw words.trouble(`${typed} is not a number or a range`);
  return { how: BY_RANGE, a: Number(from), b: Number(to ?? from), map: '', wide: [] };
}

/// A token bucket: a frame costs its share of a second, the bucket holds `burst` of them.
function takeRate(words: Words, not: boolean): DraftRule['matches'][number] {
  if (!words.takes('over')) throw words.trouble('rate over N expected');
  const rate = words.number();
  if (rate < 1 || rate > 1e9) throw words.trouble(`a rate of ${rate} a second`);
  const cost = Math.floor(1e9 / rate);
  const burst = words.takes('burst') ? Math.max(1, words.number()) : 1;
  return { field: FIELD.RATE, how: BY_RANGE, not, a: cost, b: cost * burst, map: '', wide: [] };
}

/// An IPv6 address with or without a prefix length, as words.
export function prefix6(words: Words, written: string): { wide: number[]; prefixlen: number } {
  const [text = '', bits = '128'] = written.split('/');
  const address = address6(text);
  if (address === null) throw words.trouble(`${text} is not an IPv6 address`);
  const prefixlen = /^\d+$/.test(bits) ? Number(bits) : -1;
  if (prefixlen < 0 || prefixlen > 128) throw words.trouble(`${bits} is no prefix length`);
  return { wide: words6(address), prefixlen };
}

/// An IPv4 address as a number.
export function address32(words: Words, text: string): number {
  try {
    return addressNumber(text);
  } catch {
    throw words.trouble(`${text} is not an IPv4 address`);
  }
}
