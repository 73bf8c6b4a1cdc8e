/// The bytes of a packet that a tap has seen: the headers that the model knows, with their checksums, in front of
/// contents that are all zeros, for the model has none. What tcpdump writes into a file and prints with -x and -v.
/// Left out: the identification of what the host itself sends (0, as the kernel writes it on most that it does not
/// let be cut), the body of neighbour discovery, the packet that an ICMPv6 error quotes beyond its header.
import { addressBytes } from '../../kernel/address.ts';
import { hardwareAddresses } from '../../kernel/hardware_address.ts';
import { destText, sourceText } from '../../kernel/packet_filter.ts';
import type { PacketCopy } from '../../kernel/packet_types.ts';
import {
  FLAG_BAD_CSUM,
  dontFragment,
  FLAG_FRAG,
  FLAG_MF,
  FLAG_NO_CSUM,
  FLAG_TSTAMP,
} from '../../kernel/skb.ts';
import type { Kernel } from '../../kernel/state.ts';

export const ETH_P_IP = 0x0800;
export const ETH_P_ARP = 0x0806;
export const ETH_P_8021Q = 0x8100;
export const ETH_P_IPV6 = 0x86dd;
export const ETH_HLEN = 14;
export const SLL2_HLEN = 20; // LINKTYPE_LINUX_SLL2
const IP_HLEN = 20;
const IP6_HLEN = 40;
const TCP_HLEN = 20;
const BROADCAST = 'ff:ff:ff:ff:ff:ff';
const ARPHRD_ETHER = 1;
const ARPHRD_LOOPBACK = 772;

/// The whole frame; `cooked`: with the header of a capture on every device in place of Ethernet's.
export function frameBytes(k: Kernel, copy: PacketCopy, cooked: boolean): Uint8Array {
  const type = k.flows.ethertype[copy.flow]!;
  const body = network(k, copy, type, copy.len - ETH_HLEN);
  const head = cooked ? cookedHeader(k, copy, type) : etherHeader(k, copy, type);
  const whole = new Uint8Array(head.length + body.length);
  whole.set(head);
  whole.set(body, head.length);
  return whole;
}

function etherHeader(k: Kernel, copy: PacketCopy, type: number): number[] {
  const { src, dst: known } = hardwareAddresses(k, copy);
  const dst = type === ETH_P_ARP && copy.out && copy.icmp === 1 ? BROADCAST : known;
  // The library puts the tag back that the NIC has taken out.
  const tag = copy.vlan_tci === 0 ? [] : [...two(ETH_P_8021Q), ...two(copy.vlan_tci)];
  return [...macBytes(dst), ...macBytes(src), ...tag, ...two(type)];
}

function cookedHeader(k: Kernel, copy: PacketCopy, type: number): number[] {
  const dev = k.devs[copy.dev]!;
  const loopback = copy.dev === 0;
  return [
    ...two(type),
    ...two(0),
    ...four(dev.ifindex),
    ...two(loopback ? ARPHRD_LOOPBACK : ARPHRD_ETHER),
    copy.pkt_type,
    6,
    ...macBytes(hardwareAddresses(k, copy).src),
    ...two(0),
  ];
}

/// What follows the link's header: `room` bytes, padding included.
function network(k: Kernel, copy: PacketCopy, type: number, room: number): Uint8Array {
  const bytes = new Uint8Array(room);
  if (type === ETH_P_ARP) bytes.set(arp(k, copy).slice(0, room));
  else if (type === ETH_P_IPV6) ipv6(k, copy, bytes);
  else ipv4(k, copy, bytes);
  return bytes;
}

function arp(k: Kernel, copy: PacketCopy): number[] {
  const { src, dst } = hardwareAddresses(k, copy);
  const asked = copy.icmp === 1 ? [0, 0, 0, 0, 0, 0] : macBytes(dst);
  return [
    ...[...two(ARPHRD_ETHER), ...two(ETH_P_IP), 6, 4, ...two(copy.icmp)],
    ...[...macBytes(src), ...addressBytes(sourceText(k, copy))],
    ...[...asked, ...addressBytes(destText(k, copy))],
  ];
}

function ipv4(k: Kernel, copy: PacketCopy, bytes: Uint8Array): void {
  const from = addressBytes(sourceText(k, copy));
  const to = addressBytes(destText(k, copy));
  const total = IP_HLEN + transportLength(copy, bytes.length - IP_HLEN);
  const fragment = (copy.flags & FLAG_FRAG) !== 0;
  const asks = copy.proto === 1 && copy.icmp >> 8 === 8;
  const uncut = copy.out ? copy.proto === 6 || copy.proto === 17 || asks : dontFragment(copy.flags);
  const bits = (uncut ? 0x4000 : 0) | (fragment && copy.flags & FLAG_MF ? 0x2000 : 0);
  bytes.set([0x45, copy.out ? 0 : k.flows.tos[copy.flow]!, ...two(total), ...two(copy.ipid)]);
  bytes.set([...two(bits | (copy.frag_off >> 3)), timeToLive(k, copy), copy.proto], 6);
  bytes.set([...from, ...to], 12);
  bytes.set(two(checksum(bytes.subarray(0, IP_HLEN), 0)), 10);
  if (fragment && copy.frag_off > 0) return;
  const pseudo = sumOf([...from, ...to, ...two(copy.proto), ...two(total - IP_HLEN)]);
  transport(k, copy, bytes.subarray(IP_HLEN, total), pseudo);
}

function ipv6(k: Kernel, copy: PacketCopy, bytes: Uint8Array): void {
  const from = addressBytes(sourceText(k, copy));
  const to = addressBytes(destText(k, copy));
  const length = transportLength(copy, bytes.length - IP6_HLEN);
  const label = copy.out ? 0 : (k.flows.flow_label[copy.flow]! & 0xf_ffff) >>> 0;
  bytes.set([...four(0x6000_0000 + label), ...two(length), copy.proto, timeToLive(k, copy)]);
  bytes.set([...from, ...to], 8);
  const pseudo = sumOf([...from, ...to, ...four(length), ...two(0), ...two(copy.proto)]);
  transport(k, copy, bytes.subarray(IP6_HLEN, IP6_HLEN + length), pseudo);
}

const DEFAULT_TTL = 64;

function timeToLive(k: Kernel, copy: PacketCopy): number {
  if (!copy.out) return k.flows.ttl[copy.flow]!;
  if (k.flows.ethertype[copy.flow] === ETH_P_IPV6) return DEFAULT_TTL;
  return Number(k.sysctl['net.ipv4.ip_default_ttl'] ?? DEFAULT_TTL);
}

/// Bytes behind the IP header without the padding of a short frame, which only TCP's own length tells.
function transportLength(copy: PacketCopy, room: number): number {
  if (copy.flags & FLAG_FRAG) return Math.min(room, copy.payload);
  if (copy.proto !== 6) return room;
  return Math.min(room, TCP_HLEN + tcpOptions(copy).length + copy.payload);
}

/// Writes the header of the transport protocol; `pseudo` is the sum over its pseudo header.
function transport(k: Kernel, copy: PacketCopy, bytes: Uint8Array, pseudo: number): void {
  const { sport, dport } = k.flows;
  const [sp, dp] = copy.out
    ? [dport[copy.flow]!, sport[copy.flow]!]
    : [sport[copy.flow]!, dport[copy.flow]!];
  if (copy.proto === 17) {
    bytes.set([...two(sp), ...two(dp), ...two(bytes.length)].slice(0, bytes.length));
    if ((copy.flags & FLAG_NO_CSUM) === 0) seal(k, copy, bytes, 6, pseudo, true);
  } else if (copy.proto === 6) {
    bytes.set(tcpHeader(copy, sp, dp).slice(0, bytes.length));
    seal(k, copy, bytes, 16, pseudo, true);
  } else if (copy.proto === 1 || copy.proto === 58) {
    bytes.set([copy.icmp >> 8, copy.icmp & 255].slice(0, bytes.length));
    const echo = copy.proto === 1 ? [0, 8] : [128, 129];
    if (echo.includes(copy.icmp >> 8))
      bytes.set([...two(dport[copy.flow]!), ...two(Math.max(0, copy.icmp_seq))], 4);
    else if (copy.proto === 1) quote(k, copy, bytes.subarray(8));
    seal(k, copy, bytes, 2, copy.proto === 1 ? 0 : pseudo, false);
  }
}

/// An error quotes the packet that it answers: one of the flow, the other way round.
function quote(k: Kernel, copy: PacketCopy, room: Uint8Array): void {
  const proto = k.flows.proto[copy.flow]!;
  if (room.length < IP_HLEN + 8 || proto === 1) return;
  ipv4(k, { ...copy, out: !copy.out, proto, payload: room.length - IP_HLEN, flags: 0 }, room);
}

/// The checksum, at that place. A NIC that computes it finds only the pseudo header's sum there.
function seal(
  k: Kernel,
  copy: PacketCopy,
  bytes: Uint8Array,
  at: number,
  pseudo: number,
  offloaded: boolean,
): void {
  if (bytes.length < at + 2) return;
  if (copy.out && offloaded && computesChecksums(k, copy)) {
    bytes.set(two(fold(pseudo)), at);
    return;
  }
  const sum = checksum(bytes, pseudo);
  const wrong = (copy.flags & FLAG_BAD_CSUM) !== 0;
  // UDP writes 0 as all ones: zero says that there is none (RFC 768).
  const good = sum === 0 && copy.proto === 17 ? 0xffff : sum;
  bytes.set(two(wrong ? good ^ 1 : good), at);
}

function computesChecksums(k: Kernel, copy: PacketCopy): boolean {
  const { features } = k.devs[copy.dev]!;
  const six = k.flows.ethertype[copy.flow] === ETH_P_IPV6;
  return (
    features['tx-checksum-ip-generic'] === true ||
    features[six ? 'tx-checksum-ipv6' : 'tx-checksum-ipv4'] === true
  );
}

function tcpHeader(copy: PacketCopy, sp: number, dp: number): number[] {
  const options = tcpOptions(copy);
  const words = (TCP_HLEN + options.length) / 4;
  return [
    ...[...two(sp), ...two(dp), ...four(copy.seq), ...four(copy.tcp_flags & 16 ? copy.ack_seq : 0)],
    ...[words << 4, copy.tcp_flags, ...two(copy.window), ...two(0), ...two(0), ...options],
  ];
}

/// In the order in which Linux writes them (net/ipv4/tcp_output.c:tcp_options_write()).
function tcpOptions(copy: PacketCopy): number[] {
  const stamp = [8, 10, ...four(copy.tsval), ...four(copy.tsecr)];
  if (copy.tcp_flags & 2) {
    if (copy.syn === null) return [];
    const { mss, wscale, sack_ok, tstamp } = copy.syn;
    const rest = tstamp ? [...(sack_ok ? [4, 2] : [1, 1]), ...stamp] : sack_ok ? [1, 1, 4, 2] : [];
    return [2, 4, ...two(mss), ...rest, ...(wscale >= 0 ? [1, 3, 3, wscale] : [])];
  }
  const blocks = copy.sacks.flatMap((one) => [...four(one.start_seq), ...four(one.end_seq)]);
  return [
    ...(copy.flags & FLAG_TSTAMP ? [1, 1, ...stamp] : []),
    ...(blocks.length > 0 ? [1, 1, 5, blocks.length + 2, ...blocks] : []),
  ];
}

function sumOf(bytes: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | (bytes[i + 1] ?? 0);
  return sum;
}

function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return folded;
}

/// The Internet checksum over the bytes and a sum made before (RFC 1071); 0 when they hold their own.
export function checksum(bytes: ArrayLike<number>, before: number): number {
  return ~fold(before + sumOf(bytes)) & 0xffff;
}

/// The sum over the pseudo header of what an IPv4 or IPv6 header at `at` carries.
export function pseudoSum(bytes: Uint8Array, at: number, proto: number, length: number): number {
  const six = bytes[at]! >> 4 === 6;
  const addresses = six ? bytes.subarray(at + 8, at + 40) : bytes.subarray(at + 12, at + 20);
  return sumOf(addresses) + proto + length;
}

function macBytes(mac: string): number[] {
  return mac.split(':').map((byte) => Number.parseInt(byte, 16));
}

function two(value: number): number[] {
  return [(value >>> 8) & 255, value & 255];
}

function four(value: number): number[] {
  return [...two(value >>> 16), ...two(value)];
}
