/// Values as nft reads and prints them, by data type. Stands for src/datatype.c of nftables 1.1.3, with the tables
/// of names from proto.c, meta.c and ct.c.
/// Left out: host names (the host has no resolver), and translation of ports back to names.
import type { DataType } from '../../kernel/netfilter/fields.ts';
import { readWords } from '../../kernel/netfilter/packet.ts';
import type { Word } from '../../kernel/netfilter/types.ts';
import { addressText } from '../../kernel/flows.ts';
import type { Kernel } from '../../kernel/state.ts';
import { SERVICES } from './services.ts';
import { wordTable } from '../word_table.ts';

type Names = Readonly<Record<string, number>>;

const PROTOCOLS: Names = wordTable({
  ...{
    icmp: 1,
    igmp: 2,
    ipencap: 4,
    tcp: 6,
    udp: 17,
    ipv6: 41,
    gre: 47,
    esp: 50,
    ah: 51,
    dccp: 33,
  },
  ...{ 'ipv6-icmp': 58, icmpv6: 58, ospf: 89, comp: 108, vrrp: 112, sctp: 132, udplite: 136 },
});
const ICMP: Names = wordTable({
  ...{ 'echo-reply': 0, 'destination-unreachable': 3, 'source-quench': 4, redirect: 5 },
  ...{ 'echo-request': 8, 'router-advertisement': 9, 'router-solicitation': 10 },
  ...{ 'time-exceeded': 11, 'parameter-problem': 12, 'timestamp-request': 13 },
  ...{ 'timestamp-reply': 14, 'info-request': 15, 'info-reply': 16 },
  ...{ 'address-mask-request': 17, 'address-mask-reply': 18 },
});
const ICMPV6: Names = wordTable({
  ...{ 'destination-unreachable': 1, 'packet-too-big': 2, 'time-exceeded': 3 },
  ...{ 'parameter-problem': 4, 'echo-request': 128, 'echo-reply': 129 },
  ...{ 'mld-listener-query': 130, 'mld-listener-report': 131, 'mld-listener-done': 132 },
  ...{ 'mld-listener-reduction': 132, 'nd-router-solicit': 133, 'nd-router-advert': 134 },
  ...{ 'nd-neighbor-solicit': 135, 'nd-neighbor-advert': 136, 'nd-redirect': 137 },
  ...{ 'router-renumbering': 138, 'ind-neighbor-solicit': 141, 'ind-neighbor-advert': 142 },
  'mld2-listener-report': 143,
});
export const ICMP_CODES: Names = wordTable({
  ...{ 'net-unreachable': 0, 'host-unreachable': 1, 'prot-unreachable': 2, 'port-unreachable': 3 },
  ...{ 'frag-needed': 4, 'net-prohibited': 9, 'host-prohibited': 10, 'admin-prohibited': 13 },
});
export const ICMPV6_CODES: Names = wordTable({
  ...{ 'no-route': 0, 'admin-prohibited': 1, 'addr-unreachable': 3, 'port-unreachable': 4 },
  ...{ 'policy-fail': 5, 'reject-route': 6 },
});
export const ICMPX_CODES: Names = wordTable({
  ...{ 'no-route': 0, 'port-unreachable': 1, 'host-unreachable': 2, 'admin-prohibited': 3 },
});
const DSCP: Names = wordTable({
  ...{ cs0: 0, cs1: 8, cs2: 16, cs3: 24, cs4: 32, cs5: 40, cs6: 48, cs7: 56, df: 0, be: 0 },
  ...{ lephb: 1, af11: 10, af12: 12, af13: 14, af21: 18, af22: 20, af23: 22, af31: 26, af32: 28 },
  ...{ af33: 30, af41: 34, af42: 36, af43: 38, va: 44, ef: 46 },
});
const TCP_FLAGS: Names = wordTable({
  ...{ fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ecn: 64, cwr: 128 },
});
const CT_STATE: Names = wordTable({
  invalid: 1,
  established: 2,
  related: 4,
  new: 8,
  untracked: 64,
});
const CT_STATUS: Names = wordTable({
  ...{ expected: 1, 'seen-reply': 2, assured: 4, confirmed: 8, snat: 16, dnat: 32, dying: 512 },
});
const ETHERTYPES: Names = wordTable({
  ...{ ip: 0x0800, arp: 0x0806, ip6: 0x86dd, '8021q': 0x8100, '8021ad': 0x88a8, vlan: 0x8100 },
});

const NAMES: Readonly<Partial<Record<DataType, Names>>> = {
  inet_proto: PROTOCOLS,
  inet_service: SERVICES,
  icmp_type: ICMP,
  icmp_code: ICMP_CODES,
  icmpv6_type: ICMPV6,
  icmpv6_code: ICMPV6_CODES,
  tcp_flag: TCP_FLAGS,
  dscp: DSCP,
  ecn: wordTable({ 'not-ect': 0, ect1: 1, ect0: 2, ce: 3 }),
  nf_proto: wordTable({ ipv4: 2, ipv6: 10 }),
  pkt_type: wordTable({ host: 0, unicast: 0, broadcast: 1, multicast: 2, other: 3 }),
  iface_type: wordTable({
    ether: 1,
    ppp: 512,
    ipip: 768,
    ipip6: 769,
    loopback: 772,
    sit: 776,
    ipgre: 778,
  }),
  ct_state: CT_STATE,
  ct_status: CT_STATUS,
  ct_dir: wordTable({ original: 0, reply: 1 }),
  ether_type: ETHERTYPES,
};

/// Data types whose value is a set of bits.
export function isBitmask(type: string): boolean {
  return type === 'tcp_flag' || type === 'ct_state' || type === 'ct_status';
}

// How each type is called in an error.
const DESCRIPTIONS: Readonly<Record<string, string>> = wordTable({
  ...{ ipv4_addr: 'IPv4 address', ipv6_addr: 'IPv6 address', ether_addr: 'link layer address' },
  ...{
    integer: 'integer',
    tcp_flag: 'TCP flag',
    icmp_type: 'ICMP type',
    ct_state: 'conntrack state',
  },
  ...{
    icmpv6_type: 'ICMPv6 type',
    dscp: 'Differentiated Services Code Point',
    ct_dir: 'conntrack direction',
  },
  ...{
    ecn: 'Explicit Congestion Notification',
    ct_status: 'conntrack status',
    mark: 'packet mark',
  },
  ...{ ether_type: 'Ethernet protocol', pkt_type: 'packet type', nf_proto: 'netfilter protocol' },
  ...{ icmp_code: 'icmp code', icmpv6_code: 'icmpv6 code', iface_type: 'network interface type' },
});

/// A value as words of a key, or the sentence that says why it is none.
export function readValue(
  k: Kernel,
  type: DataType,
  text: string,
  bits: number,
): Word[] | { readonly says: string } {
  if (type === 'ifname')
    return text.length < 16 ? [text] : { says: 'String exceeds maximum length of 16' };
  if (type === 'iface_index') {
    const dev = k.devs.find((one) => one.name === text);
    if (dev) return [dev.ifindex];
    return /^\d+$/.test(text) ? [Number(text)] : { says: 'Interface does not exist' };
  }
  if (type === 'ipv4_addr') {
    const value = readIpv4(text);
    return value === null ? { says: noHost(text) } : [value];
  }
  if (type === 'ipv6_addr') {
    const words = readWords(text);
    return words ? [...words] : { says: noHost(text) };
  }
  if (type === 'ether_addr') return readMac(text) ?? { says: `Could not parse link layer address` };
  return readNumber(type, text, bits);
}

function noHost(text: string): string {
  return /^[\d.:]+$/.test(text)
    ? 'Could not resolve hostname: Name or service not known'
    : 'Could not resolve hostname: Temporary failure in name resolution';
}

function readNumber(type: DataType, text: string, bits: number): Word[] | { says: string } {
  const named = NAMES[type]?.[text];
  if (named !== undefined) return [named];
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(text)) {
    if (type === 'inet_service')
      return { says: 'Could not resolve service: Servname not supported for ai_socktype' };
    if (type === 'inet_proto') return { says: 'Could not resolve protocol name' };
    return { says: `Could not parse ${DESCRIPTIONS[type] ?? type}` };
  }
  const value = Number(text);
  if (type === 'inet_service' && value > 0xffff) return { says: 'Service out of range' };
  if (type === 'inet_proto' && value > 0xff) return { says: 'Protocol out of range' };
  if (value >= 2 ** bits) return { says: `Value ${value} exceeds valid range 0-${2 ** bits - 1}` };
  return [value];
}

export function readIpv4(text: string): number | null {
  const parts = text.split('.').map(Number);
  if (!/^\d+\.\d+\.\d+\.\d+$/.test(text) || parts.some((part) => part > 255)) return null;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

function readMac(text: string): Word[] | null {
  if (!/^([0-9a-f]{1,2}:){5}[0-9a-f]{1,2}$/i.test(text)) return null;
  const bytes = text.split(':').map((part) => Number.parseInt(part, 16));
  const word = (from: number, to: number): number =>
    bytes.slice(from, to).reduce((sum, byte) => sum * 256 + byte, 0);
  return [word(0, 2), word(2, 6)];
}

/// What the user wants to see as numbers.
export interface Numbers {
  readonly numeric: boolean; // -n: protocols and symbols
  readonly numericProtocol?: boolean; // -p: protocols
}

/// A value as nft prints it.
export function valueText(
  k: Kernel,
  type: string,
  words: readonly Word[],
  how: Numbers = { numeric: false },
): string {
  const value = words[0]!;
  if (typeof value === 'string') return `"${value}"`;
  switch (type) {
    case 'ipv4_addr':
      return addressText(value);
    case 'ipv6_addr':
      return ipv6Text(words.map(Number));
    case 'ether_addr':
      return macText(value, Number(words[1]));
    case 'mark':
      return `0x${value.toString(16).padStart(8, '0')}`;
    case 'iface_index': {
      const dev = k.devs.find((one) => one.ifindex === value);
      return dev ? `"${dev.name}"` : String(value);
    }
    case 'inet_service':
    case 'integer':
      return String(value);
    default:
      return namedText(
        type as DataType,
        value,
        how.numeric || (type === 'inet_proto' && how.numericProtocol === true),
      );
  }
}

const HEXADECIMAL = new Set(['tcp_flag', 'dscp', 'ecn', 'ct_state', 'ct_status', 'ether_type']);

function namedText(type: DataType, value: number, numeric: boolean): string {
  const entry = Object.entries(NAMES[type] ?? {}).find(([, number]) => number === value);
  if (entry && !numeric) return entry[0];
  const bits = isBitmask(type) && !numeric ? bitNames(type, value) : null;
  if (bits && bits.length > 1) return bits.join(' | ');
  const width = type === 'ether_type' ? 4 : 2;
  return HEXADECIMAL.has(type) ? `0x${value.toString(16).padStart(width, '0')}` : String(value);
}

/// The bits of a mask by name, lowest first; null where one of them has none.
export function bitNames(type: string, bits: number): string[] | null {
  const names = Object.entries(NAMES[type as DataType] ?? {});
  const found: string[] = [];
  for (let bit = 0; bit < 32; bit++) {
    const value = 2 ** bit;
    if (Math.floor(bits / value) % 2 === 0) continue;
    const entry = names.find(([, number]) => number === value);
    if (!entry) return null;
    found.push(entry[0]);
  }
  return found;
}

/// The usual short form: the longest run of zero groups becomes two colons.
function ipv6Text(words: readonly number[]): string {
  const groups = words.flatMap((word) => [word >>> 16, word & 0xffff]);
  let best = { at: -1, length: 1 };
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && groups[i + length] === 0) length++;
    if (length > best.length) best = { at: i, length };
  }
  const hex = (part: readonly number[]): string => part.map((one) => one.toString(16)).join(':');
  if (best.at < 0) return hex(groups);
  return `${hex(groups.slice(0, best.at))}::${hex(groups.slice(best.at + best.length))}`;
}

function macText(high: number, low: number): string {
  const hex = high.toString(16).padStart(4, '0') + low.toString(16).padStart(8, '0');
  return hex.match(/../g)!.join(':');
}

/// 1h30m, 500ms. src/datatype.c:time_print()
export function timeText(ms: number): string {
  let rest = ms;
  let text = '';
  for (const [unit, length] of UNITS) {
    const n = Math.floor(rest / length);
    rest -= n * length;
    if (n > 0) text += `${n}${unit}`;
  }
  return text;
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const;

/// The same read back, ms; a bare number is seconds. Null: no time.
export function readTime(text: string): number | null {
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const [, d = '0', h = '0', m = '0', s = '0', ms = '0'] =
    /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$/.exec(text) ?? [];
  if (text === '' || !/^(\d+(ms|[dhms]))+$/.test(text)) return null;
  return (((Number(d) * 24 + Number(h)) * 60 + Number(m)) * 60 + Number(s)) * 1000 + Number(ms);
}
