/// A packet as a line, the way tcpdump 4.99 prints it, from its bytes. Stands for print-ether.c, print-sll.c, print-ip.c,
/// print-ip6.c, print-udp.c and print-arp.c.
/// Contents are not modelled, so no application protocol is taken apart: what goes to port 53 is `UDP, length N`.
/// Left out: IP options, IPv6 extension headers; of the first fragment of a datagram the length is that of the fragment.
import { addressText6 } from '../../kernel/address.ts';
import {
  checksum,
  ETH_HLEN,
  ETH_P_8021Q,
  ETH_P_ARP,
  ETH_P_IP,
  ETH_P_IPV6,
  SLL2_HLEN,
} from './frame.ts';
import { icmp6Text, icmpText } from './icmp.ts';
import {
  hex4,
  orCut,
  transportSum,
  u16,
  u32,
  u8,
  type Part,
  type Printer,
  type PrintStyle,
} from './reading.ts';
import { portName } from './services.ts';
import { tcpText, type Conversations } from './tcp.ts';

/// A packet to print: what was kept of it.
export interface Packet {
  readonly bytes: Uint8Array;
  readonly len: number; // bytes that it had
  readonly device: string | null; // captured on every device: its name
}

/// The line behind the time stamp.
export function packetText(packet: Packet, style: PrintStyle, seen: Conversations): string {
  const printer = { bytes: packet.bytes, style, seen };
  const { device, len } = packet;
  return device === null
    ? orCut('ether', () => ethernet(printer, len))
    : orCut('sll2', () => cooked(printer, len, device));
}

const TYPE_NAMES: Readonly<Record<number, string>> = {
  [ETH_P_IP]: 'IPv4',
  [ETH_P_ARP]: 'ARP',
  [ETH_P_8021Q]: '802.1Q',
  [ETH_P_IPV6]: 'IPv6',
};

function ethernet(p: Printer, len: number): string {
  const { bytes } = p;
  const { link, quiet } = p.style;
  const dst = macText(p, 0);
  let type = u16(bytes, 12);
  let at = ETH_HLEN;
  const named = (): string =>
    quiet
      ? (TYPE_NAMES[type] ?? `Unknown Ethertype (0x${hex4(type)})`)
      : `ethertype ${TYPE_NAMES[type] ?? 'Unknown'} (0x${hex4(type)})`;
  let text = `${macText(p, 6)} > ${dst}, ${named()}, length ${len}: `;
  if (type === ETH_P_8021Q) {
    const tci = u16(bytes, at);
    type = u16(bytes, at + 2);
    at += 4;
    text += `vlan ${tci & 0xfff}, p ${tci >> 13}${tci & 0x1000 ? ', DEI' : ''}, ${named()}, `;
  }
  return (link ? text : '') + network(p, type, at, len - at);
}

const DIRECTIONS = ['In', 'B', 'M', 'P', 'Out'];

function cooked(p: Printer, len: number, device: string): string {
  const { bytes } = p;
  const type = u16(bytes, 0);
  const way = DIRECTIONS[u8(bytes, 10)] ?? '?';
  let text = `${device.padEnd(5)} ${way.padEnd(3)} `;
  if (p.style.link) {
    text += `ifindex ${u32(bytes, 4)} ${macText(p, 12)} `;
    if (!p.style.quiet)
      text += `ethertype ${TYPE_NAMES[type] ?? 'Unknown'} (0x${hex4(type)}), length ${len}: `;
  }
  return text + network(p, type, SLL2_HLEN, len - SLL2_HLEN);
}

function network(p: Printer, type: number, at: number, length: number): string {
  const front = (name: string): string => (p.style.link ? '' : name);
  if (type === ETH_P_ARP) return front('ARP, ') + orCut('arp', () => arpText(p, at, length));
  if (type === ETH_P_IP) return front('IP ') + orCut('ip', () => ipText(p, at, length));
  if (type === ETH_P_IPV6) return front('IP6 ') + orCut('ip6', () => ip6Text(p, at, length));
  return `length ${length}`;
}

/// ARP, from who asks to who is asked.
function arpText(p: Printer, at: number, length: number): string {
  const { bytes } = p;
  const op = u16(bytes, at + 6);
  const mac = macText(p, at + 8);
  const from = address(bytes, at + 14);
  const asked = macText(p, at + 18);
  const to = address(bytes, at + 24);
  const tail = `, length ${length}`;
  const front = p.style.verbose > 0 ? 'Ethernet (len 6), IPv4 (len 4), ' : '';
  const known = asked.startsWith('00:00:00:00:00:00') ? '' : ` (${asked})`;
  if (op === 1) return `${front}Request who-has ${to}${known} tell ${from}${tail}`;
  return front + (op === 2 ? `Reply ${from} is-at ${mac}` : `Unknown (${op})`) + tail;
}

const PROTO_NAMES: Readonly<Record<number, string>> = { 1: 'ICMP', 6: 'TCP', 17: 'UDP' };
const IP_FLAGS = [
  [0x2000, '+'],
  [0x4000, 'DF'],
  [0x8000, 'rsvd'],
] as const;

/// From an IPv4 header on. An ICMP error prints what it quotes by this too.
export function ipText(p: Printer, at: number, room: number): string {
  const { bytes, style } = p;
  if (room < 20) return `truncated-ip ${room}`;
  const hlen = (u8(bytes, at) & 15) * 4;
  const total = u16(bytes, at + 2);
  const off = u16(bytes, at + 6);
  const proto = u8(bytes, at + 9);
  const from = address(bytes, at + 12);
  const to = address(bytes, at + 16);
  const missing = room < total ? `truncated-ip - ${total - room} bytes missing! ` : '';
  const length = Math.min(room, total);
  const front = missing + (style.verbose > 0 ? ipDetails(bytes, at, hlen, length) : '');
  const offset = (off & 0x1fff) * 8;
  if (offset > 0) {
    const name = PROTO_NAMES[proto]?.toLowerCase();
    return `${front}${from} > ${to}: ${style.names && name ? name : `ip-proto-${proto}`}`;
  }
  const part = { from, to, proto, at: at + hlen, length: length - hlen, ip: at, off };
  return front + transportText(p, part);
}

/// What -v adds: the IPv4 header's fields in brackets, and a new line.
function ipDetails(bytes: Uint8Array, at: number, hlen: number, length: number): string {
  const tos = u8(bytes, at + 1);
  const ttl = u8(bytes, at + 8);
  const off = u16(bytes, at + 6);
  const proto = u8(bytes, at + 9);
  const ecn = ['', ',ECT(1)', ',ECT(0)', ',CE'][tos & 3]!;
  const flags = IP_FLAGS.filter(([bit]) => off & bit).map(([, name]) => name);
  const sum = checksum(bytes.subarray(at, at + hlen), 0);
  const fields = [
    `tos 0x${tos.toString(16)}${ecn}`,
    ...(ttl >= 1 ? [`ttl ${ttl}`] : []),
    `id ${u16(bytes, at + 4)}`,
    `offset ${(off & 0x1fff) * 8}`,
    `flags [${flags.join(', ') || 'none'}]`,
    `proto ${PROTO_NAMES[proto] ?? 'unknown'} (${proto})`,
    `length ${length}`,
    ...(sum !== 0 && at + hlen <= bytes.length ? [badSum(bytes, at, hlen)] : []),
  ];
  return `(${fields.join(', ')})\n    `;
}

function badSum(bytes: Uint8Array, at: number, hlen: number): string {
  const header = bytes.slice(at, at + hlen);
  header.fill(0, 10, 12);
  return `bad cksum ${u16(bytes, at + 10).toString(16)} (->${checksum(header, 0).toString(16)})!`;
}

function ip6Text(p: Printer, at: number, room: number): string {
  const { bytes, style } = p;
  const word = u32(bytes, at);
  const length = u16(bytes, at + 4);
  const proto = u8(bytes, at + 6);
  const hlim = u8(bytes, at + 7);
  const from = addressText6([...bytes.subarray(at + 8, at + 24)]);
  const to = addressText6([...bytes.subarray(at + 24, at + 40)]);
  u8(bytes, at + 39);
  const traffic = (word >>> 20) & 255;
  const fields = [
    ...(traffic ? [`class 0x${traffic.toString(16).padStart(2, '0')}`] : []),
    ...(word & 0xf_ffff ? [`flowlabel 0x${(word & 0xf_ffff).toString(16).padStart(5, '0')}`] : []),
    `hlim ${hlim}`,
    `next-header ${NEXT_NAMES[proto] ?? 'unknown'} (${proto}) payload length: ${length}`,
  ];
  const front = style.verbose > 0 ? `(${fields.join(', ')}) ` : '';
  const part = {
    from,
    to,
    proto,
    at: at + 40,
    length: Math.min(length, room - 40),
    ip: at,
    off: 0,
  };
  return front + transportText(p, part);
}

const NEXT_NAMES: Readonly<Record<number, string>> = { ...PROTO_NAMES, 58: 'ICMPv6' };

function transportText(p: Printer, part: Part): string {
  const { from, to, proto, at, length } = part;
  const { bytes, style } = p;
  if (proto === 1) return `${from} > ${to}: ICMP ${orCut('icmp', () => icmpText(p, part))}`;
  if (proto === 58) return `${from} > ${to}: ${orCut('icmp6', () => icmp6Text(p, part))}`;
  if (proto !== 6 && proto !== 17) return `${from} > ${to}: ip-proto-${proto} ${length}`;
  return orCut(proto === 17 ? 'udp' : 'tcp', () => {
    const ports = [u16(bytes, at), u16(bytes, at + 2)] as const;
    const port = (one: number): string => (style.names ? portName(one) : String(one));
    const ends = `${from}.${port(ports[0])} > ${to}.${port(ports[1])}: `;
    if (proto === 17) return ends + udpText(p, part);
    return ends + orCut('tcp', () => tcpText(p, part));
  });
}

function udpText(p: Printer, part: Part): string {
  const { bytes } = p;
  const { at, length } = part;
  const words = u16(bytes, at + 4) - 8;
  const text = `UDP, length ${Math.min(words, length - 8)}`;
  if (p.style.verbose < 2 || part.off & 0x2000) return text;
  if (u16(bytes, at + 6) === 0) return `[no cksum] ${text}`;
  const sum = transportSum(bytes, part, 6);
  if (sum === null) return text;
  const { stored, right } = sum;
  return stored === right
    ? `[udp sum ok] ${text}`
    : `[bad udp cksum 0x${hex4(stored)} -> 0x${hex4(right)}!] ${text}`;
}

function address(bytes: Uint8Array, at: number): string {
  u8(bytes, at + 3);
  return bytes.subarray(at, at + 4).join('.');
}

/// With names, who made the NIC: nobody in the tool's short list has addresses like these.
function macText(p: Printer, at: number): string {
  u8(p.bytes, at + 5);
  const bytes = [...p.bytes.subarray(at, at + 6)];
  const text = bytes.map((one) => one.toString(16).padStart(2, '0')).join(':');
  if (!p.style.names) return text;
  return bytes.every((one) => one === 255) ? 'Broadcast' : `${text} (oui Unknown)`;
}
