/// One field of a packet, as a rule asks for it. Stands for nft_meta_get_eval() (net/netfilter/nft_meta.c)
/// and nft_payload_eval() (nft_payload.c).
/// NO_FIELD: the packet has no such field, and the rule does not match (NFT_BREAK). A fragment other
/// than the first has no transport header.
/// Left out: what the model of a packet does not hold: IP options, the flow label, urgent pointers.
import {
  FLAG_BROADCAST,
  dontFragment,
  FLAG_FOREIGN,
  FLAG_FRAG,
  FLAG_IPID,
  FLAG_MARK,
  FLAG_MF,
  FLAG_MULTICAST,
  FLAG_TCP,
  FLAG_VLAN,
} from '../skb.ts';
import { peerMac } from '../neighbour.ts';
import type { Cpu, Kernel, Skb } from '../state.ts';
import { ctDirection, ctMark, ctStateBit, ctStatus } from './ct_state.ts';
import { fieldId } from './fields.ts';

export const NO_FIELD = -1;

const ETH_HLEN = 14;
const IPV6_HLEN = 40;
const IPV4_HLEN = 20;
const IPPROTO_ICMP = 1;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;
const IPPROTO_ICMPV6 = 58;
const AF_INET = 2;
const AF_INET6 = 10;
const ARPHRD_ETHER = 1;
const ARPHRD_LOOPBACK = 772;

// Taken once, so that the switch below compares constants.
const LENGTH = fieldId('meta length');
const PROTOCOL = fieldId('meta protocol');
const NFPROTO = fieldId('meta nfproto');
const L4PROTO = fieldId('meta l4proto');
const MARK = fieldId('meta mark');
const PKTTYPE = fieldId('meta pkttype');
const CPU = fieldId('meta cpu');
const IIF = fieldId('iif');
const OIF = fieldId('oif');
const IIFNAME = fieldId('iifname');
const IIFTYPE = fieldId('meta iiftype');
const OIFTYPE = fieldId('meta oiftype');
const CT_STATE = fieldId('ct state');
const CT_MARK = fieldId('ct mark');
const CT_STATUS = fieldId('ct status');
const CT_DIRECTION = fieldId('ct direction');
const ETHER_SADDR = fieldId('ether saddr');
const ETHER_TYPE = fieldId('ether type');
const VLAN_ID = fieldId('vlan id');
const VLAN_PCP = fieldId('vlan pcp');
const FIRST_IP = fieldId('ip version');
const FIRST_IP6 = fieldId('ip6 version');
const IP6_SADDR = fieldId('ip6 saddr');
const FIRST_L4 = fieldId('tcp sport');

/// Bytes of the packet as netfilter sees it: without the Ethernet header.
export function skbLen(k: Kernel, skb: Skb): number {
  return k.skbs.len[skb]! - ETH_HLEN;
}

/// A field of one number; NO_FIELD where the packet has none.
export function loadField(
  k: Kernel,
  c: Cpu,
  skb: Skb,
  field: number,
  indev: number,
  outdev: number,
): number {
  if (field >= FIRST_L4) return transportField(k, skb, field);
  if (field >= FIRST_IP6) return ip6Field(k, skb, field);
  if (field >= FIRST_IP) return ipField(k, skb, field);
  if (field >= ETHER_SADDR) return linkField(k, skb, field);
  return metaField(k, c, skb, field, indev, outdev);
}

function metaField(
  k: Kernel,
  c: Cpu,
  skb: Skb,
  field: number,
  indev: number,
  outdev: number,
): number {
  const flow = k.skbs.flow[skb]!;
  switch (field) {
    case L4PROTO:
      return k.flows.proto[flow]!;
    case NFPROTO:
      return k.flows.family[flow]!;
    case LENGTH:
      return skbLen(k, skb);
    case PROTOCOL:
      return k.flows.ethertype[flow]!;
    case MARK:
      return k.skbs.flags[skb]! & FLAG_MARK ? k.skbs.mark[skb]! >>> 0 : 0;
    case PKTTYPE:
      return pkttype(k.skbs.flags[skb]!);
    case CPU:
      return c.id;
    case IIF:
      return indev < 0 ? NO_FIELD : k.devs[indev]!.ifindex;
    case OIF:
      return outdev < 0 ? NO_FIELD : k.devs[outdev]!.ifindex;
    case IIFTYPE:
      return devType(k, indev);
    case OIFTYPE:
      return devType(k, outdev);
    case CT_STATE:
      return ctStateBit(k, skb);
    case CT_MARK:
      return ctMark(k, skb);
    case CT_STATUS:
      return ctStatus(k, skb);
    case CT_DIRECTION:
      return ctDirection(k, skb);
    default:
      return NO_FIELD;
  }
}

// PACKET_HOST, _BROADCAST, _MULTICAST, _OTHERHOST. include/uapi/linux/if_packet.h
function pkttype(flags: number): number {
  if (flags & FLAG_BROADCAST) return 1;
  if (flags & FLAG_MULTICAST) return 2;
  return flags & FLAG_FOREIGN ? 3 : 0;
}

function devType(k: Kernel, dev: number): number {
  if (dev < 0) return NO_FIELD;
  return k.devs[dev]!.name === 'lo' ? ARPHRD_LOOPBACK : ARPHRD_ETHER;
}

function linkField(k: Kernel, skb: Skb, field: number): number {
  if (field === ETHER_TYPE) return k.flows.ethertype[k.skbs.flow[skb]!]!;
  if (!(k.skbs.flags[skb]! & FLAG_VLAN)) return NO_FIELD;
  const tci = k.skbs.vlan_tci[skb]!;
  if (field === VLAN_ID) return tci & 0xfff;
  return field === VLAN_PCP ? (tci >>> 13) & 7 : NO_FIELD;
}

function ipField(k: Kernel, skb: Skb, field: number): number {
  const f = k.flows;
  const flow = k.skbs.flow[skb]!;
  if (f.family[flow] !== AF_INET) return NO_FIELD;
  switch (field - FIRST_IP) {
    case 0: // version
      return 4;
    case 1: // hdrlength, in words
      return IPV4_HLEN / 4;
    case 2: // dscp
      return f.tos[flow]! >>> 2;
    case 3: // ecn
      return f.tos[flow]! & 3;
    case 4: // length
      return skbLen(k, skb);
    case 5: // id
      return k.skbs.flags[skb]! & FLAG_IPID ? k.skbs.ipid[skb]! & 0xffff : 0;
    case 6: // frag-off, with the flags above it
      return fragOff(k, skb);
    case 7: // ttl
      return f.ttl[flow]!;
    case 8: // protocol
      return f.proto[flow]!;
    case 9: // saddr
      return f.src[flow]!;
    default: // daddr
      return f.dst[flow]!;
  }
}

function fragOff(k: Kernel, skb: Skb): number {
  const flags = k.skbs.flags[skb]!;
  const offset = flags & FLAG_FRAG ? k.skbs.frag_off[skb]! >>> 3 : 0;
  return offset | (flags & FLAG_MF ? 0x2000 : 0) | (dontFragment(flags) ? 0x4000 : 0);
}

function ip6Field(k: Kernel, skb: Skb, field: number): number {
  const f = k.flows;
  const flow = k.skbs.flow[skb]!;
  if (f.family[flow] !== AF_INET6) return NO_FIELD;
  switch (field - FIRST_IP6) {
    case 0: // version
      return 6;
    case 1: // dscp
      return f.tos[flow]! >>> 2;
    case 2: // ecn
      return f.tos[flow]! & 3;
    case 3: // length, of what follows the header
      return skbLen(k, skb) - IPV6_HLEN;
    case 4: // nexthdr
      return f.proto[flow]!;
    default: // hoplimit
      return f.ttl[flow]!;
  }
}

// The order is that of the rows in fields.ts, from `tcp sport` on.
function transportField(k: Kernel, skb: Skb, field: number): number {
  const { flags } = k.skbs;
  if (flags[skb]! & FLAG_FRAG && k.skbs.frag_off[skb]! > 0) return NO_FIELD;
  const f = k.flows;
  const flow = k.skbs.flow[skb]!;
  const proto = f.proto[flow]!;
  const at = field - FIRST_L4;
  if (at < 6) {
    if (proto !== IPPROTO_TCP) return NO_FIELD;
    if (at === 0) return f.sport[flow]!;
    return at === 1 ? f.dport[flow]! : tcpField(k, skb, at);
  }
  if (at < 9) {
    if (proto !== IPPROTO_UDP) return NO_FIELD;
    if (at === 6) return f.sport[flow]!;
    return at === 7 ? f.dport[flow]! : transportLength(k, skb);
  }
  if (at < 11) {
    if (proto !== IPPROTO_TCP && proto !== IPPROTO_UDP) return NO_FIELD;
    return at === 9 ? f.sport[flow]! : f.dport[flow]!;
  }
  if (proto !== (at < 14 ? IPPROTO_ICMP : IPPROTO_ICMPV6)) return NO_FIELD;
  if (at === 13) return f.dport[flow]!;
  return at === 11 || at === 14 ? f.sport[flow]! >>> 8 : f.sport[flow]! & 0xff;
}

function tcpField(k: Kernel, skb: Skb, at: number): number {
  if (!(k.skbs.flags[skb]! & FLAG_TCP)) return NO_FIELD;
  if (at === 2) return k.skbs.seq[skb]! >>> 0;
  if (at === 3) return k.skbs.ack_seq[skb]! >>> 0;
  return at === 4 ? k.skbs.tcp_flags[skb]! & 0xff : k.skbs.window[skb]! & 0xffff;
}

function transportLength(k: Kernel, skb: Skb): number {
  const six = k.flows.family[k.skbs.flow[skb]!] === AF_INET6;
  return skbLen(k, skb) - (six ? IPV6_HLEN : IPV4_HLEN);
}

/// A field of several numbers, into `into`; false where the packet has none.
export function loadWide(k: Kernel, skb: Skb, field: number, into: Uint32Array): boolean {
  const flow = k.skbs.flow[skb]!;
  if (field >= IP6_SADDR) {
    if (k.flows.family[flow] !== AF_INET6) return false;
    const words = ip6Words(field === IP6_SADDR ? k.flows.saddr[flow]! : k.flows.daddr[flow]!);
    into[0] = words[0]!;
    into[1] = words[1]!;
    into[2] = words[2]!;
    into[3] = words[3]!;
    return true;
  }
  const mac = macOf(k, skb, field === ETHER_SADDR);
  if (mac === '') return false;
  into[0] = Number.parseInt(mac.slice(0, 2) + mac.slice(3, 5), 16);
  into[1] = Number.parseInt(mac.slice(6).replaceAll(':', ''), 16);
  return true;
}

/// One of the two MAC addresses of a frame that came from the wire: it was sent by the peer. '' where it
/// is not known: of loopback, and of frames to a group or to another station.
export function macOf(k: Kernel, skb: Skb, source: boolean): string {
  const dev = k.devs[k.skbs.dev[skb]!]!;
  const flags = k.skbs.flags[skb]!;
  if (dev.path < 0) return '';
  if (source) return peerMac(k, dev);
  if (flags & (FLAG_MULTICAST | FLAG_FOREIGN)) return '';
  return flags & FLAG_BROADCAST ? 'ff:ff:ff:ff:ff:ff' : dev.mac;
}

/// The name of a device that a rule compares; '' where there is none.
export function loadName(k: Kernel, field: number, indev: number, outdev: number): string {
  const dev = field === IIFNAME ? indev : outdev;
  return dev < 0 ? '' : k.devs[dev]!.name;
}

// A memory of what was read before; the answer depends on the text alone.
const parsed = new Map<string, readonly number[]>();

/// The four 32-bit words of an IPv6 address; all 0 for what is none.
export function ip6Words(text: string): readonly number[] {
  const known = parsed.get(text);
  if (known) return known;
  const words = readWords(text) ?? [0, 0, 0, 0];
  parsed.set(text, words);
  return words;
}

/// All eight groups of four digits, as the kernel prints an address with %pI6.
export function longForm(address: string): string {
  const hex = (value: number): string => value.toString(16).padStart(4, '0');
  return ip6Words(address)
    .map((word) => `${hex(word >>> 16)}:${hex(word & 0xffff)}`)
    .join(':');
}

/// The four words, or null for what is no IPv6 address.
export function readWords(text: string): readonly number[] | null {
  const [head = '', tail, more] = text.split('::');
  if (more !== undefined) return null;
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  if (!left || !right) return null;
  const gap = 8 - left.length - right.length;
  if (tail === undefined ? gap !== 0 : gap < 1) return null;
  const all = [...left, ...new Array<number>(gap).fill(0), ...right];
  return [0, 2, 4, 6].map((i) => ((all[i]! << 16) | all[i + 1]!) >>> 0);
}

function groups(text: string): number[] | null {
  if (text === '') return [];
  const found: number[] = [];
  for (const part of text.split(':')) {
    if (!/^[0-9a-f]{1,4}$/i.test(part)) return null;
    found.push(Number.parseInt(part, 16));
  }
  return found;
}
