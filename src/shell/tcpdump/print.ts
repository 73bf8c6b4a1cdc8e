/// A packet as a line, the way tcpdump 4.99 prints it. Stands for print-ether.c, print-ip.c, print-udp.c, print-tcp.c,
/// print-icmp.c and print-arp.c.
/// Contents are not modelled, so no application protocol is taken apart: what goes to port 53 is `UDP, length N`.
/// Left out: -v and hexadecimal dumps; of the first fragment of a datagram the length is that of the fragment.
import { hardwareAddresses } from '../../kernel/hardware_address.ts';
import { destText, sourceText } from '../../kernel/packet_filter.ts';
import {
  PACKET_BROADCAST,
  PACKET_MULTICAST,
  PACKET_OTHERHOST,
  PACKET_OUTGOING,
  type PacketCopy,
} from '../../kernel/packet_types.ts';
import { FLAG_FRAG, FLAG_TCP, FLAG_TSTAMP } from '../../kernel/skb.ts';
import type { Kernel } from '../../kernel/state.ts';
import { portName } from './services.ts';
import { tcpText, type Conversations } from './tcp.ts';

export interface PrintStyle {
  readonly names: boolean; // without -n
  readonly link: boolean; // -e
  readonly quiet: boolean; // -q
  readonly absolute: boolean; // -S
  readonly any: boolean; // captured on every device
}

const ETH_HLEN = 14;
const ETH_P_IP = 0x0800;
const ETH_P_ARP = 0x0806;
const ETH_P_IPV6 = 0x86dd;
const TYPE_NAMES: Readonly<Record<number, string>> = {
  [ETH_P_IP]: 'IPv4',
  [ETH_P_ARP]: 'ARP',
  [ETH_P_IPV6]: 'IPv6',
};
const IP_HLEN = 20;
const IP6_HLEN = 40;
const UDP_HLEN = 8;

/// The line behind the time stamp.
export function packetLine(
  k: Kernel,
  copy: PacketCopy,
  style: PrintStyle,
  seen: Conversations,
): string {
  return linkText(k, copy, style) + networkText(k, copy, style, seen);
}

function linkText(k: Kernel, copy: PacketCopy, style: PrintStyle): string {
  if (style.any) return `${k.devs[copy.dev]!.name.padEnd(5)} ${directionWord(copy).padEnd(3)} `;
  if (!style.link) return '';
  const { src, dst } = hardwareAddresses(k, copy);
  const type = k.flows.ethertype[copy.flow]!;
  const tagged = copy.vlan_tci !== 0;
  // The library puts the tag back that the NIC has taken out.
  const outer = tagged ? 0x8100 : type;
  const head = style.quiet
    ? `${src} > ${dst}, ${tagged ? '802.1Q' : (TYPE_NAMES[type] ?? '')}`
    : `${src} > ${dst}, ethertype ${tagged ? '802.1Q' : (TYPE_NAMES[type] ?? 'Unknown')} (0x${hex4(outer)})`;
  const length = `, length ${copy.len + (tagged ? 4 : 0)}: `;
  if (!tagged) return head + length;
  const tag = `vlan ${copy.vlan_tci & 0xfff}, p ${copy.vlan_tci >> 13}`;
  return `${head}${length}${tag}, ethertype ${TYPE_NAMES[type] ?? ''} (0x${hex4(type)}), `;
}

function hex4(value: number): string {
  return value.toString(16).padStart(4, '0');
}

function directionWord(copy: PacketCopy): string {
  switch (copy.pkt_type) {
    case PACKET_BROADCAST:
      return 'B';
    case PACKET_MULTICAST:
      return 'M';
    case PACKET_OTHERHOST:
      return 'P';
    case PACKET_OUTGOING:
      return 'Out';
    default:
      return 'In';
  }
}

function networkText(k: Kernel, copy: PacketCopy, style: PrintStyle, seen: Conversations): string {
  const type = k.flows.ethertype[copy.flow]!;
  const named = !(style.link && !style.any);
  if (type === ETH_P_ARP) return (named ? 'ARP, ' : '') + arpText(k, copy);
  const six = type === ETH_P_IPV6;
  const front = named ? (six ? 'IP6 ' : 'IP ') : '';
  const length = copy.len - ETH_HLEN - (six ? IP6_HLEN : IP_HLEN);
  return front + transportText(k, copy, style, seen, length);
}

/// ARP, from who asks to who is asked.
function arpText(k: Kernel, copy: PacketCopy): string {
  const length = copy.len - ETH_HLEN;
  const from = sourceText(k, copy);
  const to = destText(k, copy);
  if (copy.icmp === 1) return `Request who-has ${to} tell ${from}, length ${length}`;
  if (copy.icmp !== 2) return `Unknown (${copy.icmp}), length ${length}`;
  return `Reply ${from} is-at ${hardwareAddresses(k, copy).src}, length ${length}`;
}

function transportText(
  k: Kernel,
  copy: PacketCopy,
  style: PrintStyle,
  seen: Conversations,
  length: number,
): string {
  const from = sourceText(k, copy);
  const to = destText(k, copy);
  const { proto } = copy;
  if (copy.flags & FLAG_FRAG && copy.frag_off > 0) {
    const name = { 1: 'icmp', 6: 'tcp', 17: 'udp' }[proto];
    return `${from} > ${to}: ${style.names && name ? name : `ip-proto-${proto}`}`;
  }
  // A fragment's length is known without its padding.
  const bytes = copy.flags & FLAG_FRAG ? copy.payload : length;
  if (proto === 1) return `${from} > ${to}: ICMP ${icmpText(k, copy, bytes)}`;
  if (proto === 58) return `${from} > ${to}: ICMP6, ${icmp6Text(k, copy, bytes)}`;
  if (proto !== 6 && proto !== 17) return `${from} > ${to}: ip-proto-${proto} ${bytes}`;
  const { sport, dport } = k.flows;
  const [sp, dp] = copy.out
    ? [dport[copy.flow]!, sport[copy.flow]!]
    : [sport[copy.flow]!, dport[copy.flow]!];
  const port = (one: number): string => (style.names ? portName(one) : String(one));
  const ends = `${from}.${port(sp)} > ${to}.${port(dp)}: `;
  if (proto === 17) return `${ends}UDP, length ${bytes - UDP_HLEN}`;
  if (style.quiet) return `${ends}tcp ${copy.payload}`;
  const options = (copy.flags & (FLAG_TCP | FLAG_TSTAMP)) !== 0;
  return ends + tcpText(copy, { from, to, sp, dp }, style.absolute, options, seen);
}

function icmpText(k: Kernel, copy: PacketCopy, length: number): string {
  const type = copy.icmp >> 8;
  const code = copy.icmp & 255;
  const id = k.flows.dport[copy.flow]!;
  if (type === 0 || type === 8) {
    const seq = copy.icmp_seq < 0 ? 0 : copy.icmp_seq;
    return `echo ${type === 8 ? 'request' : 'reply'}, id ${id}, seq ${seq}, length ${length}`;
  }
  const words = type === 3 ? unreachable(k, copy, code) : (OTHER[copy.icmp] ?? `type-#${type}`);
  return `${words}, length ${length}`;
}

const OTHER: Readonly<Record<number, string>> = {
  [11 << 8]: 'time exceeded in-transit',
  [(11 << 8) | 1]: 'ip reassembly time exceeded',
};

/// The message quotes the packet that it answers: its destination was ours, or one that we should have reached.
function unreachable(k: Kernel, copy: PacketCopy, code: number): string {
  const { daddr, dport, proto } = k.flows;
  const dst = daddr[copy.flow]!;
  const name = proto[copy.flow] === 6 ? 'tcp' : 'udp';
  switch (code) {
    case 0:
      return `net ${dst} unreachable`;
    case 1:
      return `host ${dst} unreachable`;
    case 2:
      return `${dst} protocol ${proto[copy.flow]} unreachable`;
    case 3:
      return `${dst} ${name} port ${dport[copy.flow]} unreachable`;
    case 4:
      return `${dst} unreachable - need to frag`;
    default:
      return `host ${dst} unreachable - admin prohibited filter`;
  }
}

function icmp6Text(k: Kernel, copy: PacketCopy, length: number): string {
  const type = copy.icmp >> 8;
  const id = k.flows.dport[copy.flow]!;
  if (type === 128 || type === 129) {
    const seq = copy.icmp_seq < 0 ? 0 : copy.icmp_seq;
    return `echo ${type === 128 ? 'request' : 'reply'}, id ${id}, seq ${seq}, length ${length}`;
  }
  const names: Readonly<Record<number, string>> = {
    ...{ 1: 'destination unreachable', 133: 'router solicitation', 134: 'router advertisement' },
    ...{ 135: 'neighbor solicitation', 136: 'neighbor advertisement' },
  };
  return `${names[type] ?? `unknown icmp6 type (${type})`}, length ${length}`;
}
