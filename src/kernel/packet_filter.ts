/// Socket filters on packets, as a tree of tests instead of classic BPF instructions. Stands for run_filter()
/// in net/packet/af_packet.c with the programs that libpcap makes of an expression.
/// `ip broadcast` takes the netmask of the device that the packet came by, on the device any too.
/// Left out: arithmetic on bytes beyond those of the TCP flags and the ICMP type, IPv6 extension headers.
import { ETH_P_8021Q } from './flow_dissector.ts';
import { hardwareAddresses } from './hardware_address.ts';
import { PACKET_OUTGOING, type PacketCopy } from './packet_types.ts';
import { FLAG_FRAG } from './skb.ts';
import type { Kernel } from './state.ts';

export type Direction = 'src' | 'dst' | 'either' | 'both';

/// One node: its tests look at one packet each.
export type PacketFilter =
  | { readonly op: 'and' | 'or'; readonly left: PacketFilter; readonly right: PacketFilter }
  | { readonly op: 'not'; readonly of: PacketFilter }
  | { readonly op: 'ether'; readonly type: number }
  | { readonly op: 'family'; readonly six: boolean }
  | { readonly op: 'proto'; readonly proto: number }
  | { readonly op: 'net'; readonly dir: Direction; readonly net: number; readonly bits: number }
  | { readonly op: 'host6'; readonly dir: Direction; readonly address: string }
  | { readonly op: 'port'; readonly dir: Direction; readonly low: number; readonly high: number }
  | { readonly op: 'mac'; readonly dir: Direction; readonly mac: string }
  | { readonly op: 'cast'; readonly level: 'ether' | 'ip'; readonly multicast: boolean }
  | { readonly op: 'length'; readonly least: boolean; readonly bytes: number }
  | { readonly op: 'vlan'; readonly id: number } // -1: any
  | {
      readonly op: 'byte';
      readonly of: ByteField;
      readonly mask: number;
      readonly how: Comparison;
      readonly value: number;
    }
  | { readonly op: 'direction'; readonly inbound: boolean };

export type ByteField = 'tcpflags' | 'icmptype' | 'icmpcode';
export type Comparison = '=' | '!=' | '<' | '>' | '<=' | '>=';

/// How many tests the last run made: each costs time.
export const ran = { tests: 0 };

/// Whether the filter lets the packet through.
export function run_filter(k: Kernel, filter: PacketFilter, copy: PacketCopy): boolean {
  switch (filter.op) {
    case 'and':
      return run_filter(k, filter.left, copy) && run_filter(k, filter.right, copy);
    case 'or':
      return run_filter(k, filter.left, copy) || run_filter(k, filter.right, copy);
    case 'not':
      return !run_filter(k, filter.of, copy);
    default:
      ran.tests++;
      return test(k, filter, copy);
  }
}

type Test = Exclude<PacketFilter, { op: 'and' | 'or' } | { op: 'not' }>;

const ETH_P_IP = 0x0800;
const ETH_P_ARP = 0x0806;
const ETH_P_IPV6 = 0x86dd;
const PORTED = [6, 17, 132];
const IPPROTO_TCP = 6;
const IPPROTO_ICMP = 1;

function test(k: Kernel, one: Test, copy: PacketCopy): boolean {
  const { flows } = k;
  const { flow } = copy;
  switch (one.op) {
    case 'ether':
      return etherType(k, copy) === one.type;
    case 'family':
      return flows.ethertype[flow] === (one.six ? ETH_P_IPV6 : ETH_P_IP);
    case 'proto':
      return flows.ethertype[flow] !== ETH_P_ARP && copy.proto === one.proto;
    case 'net':
      return flows.ethertype[flow] !== ETH_P_IPV6 && testNet(k, one, copy);
    case 'host6':
      return ends(one.dir, sourceText(k, copy) === one.address, destText(k, copy) === one.address);
    case 'port':
      return hasPorts(k, copy) && testPort(k, one, copy);
    case 'mac': {
      const { src, dst } = hardwareAddresses(k, copy);
      return ends(one.dir, src === one.mac, dst === one.mac);
    }
    case 'cast':
      return testCast(k, one, copy);
    case 'length':
      return one.least ? copy.len >= one.bytes : copy.len <= one.bytes;
    case 'vlan':
      return copy.vlan_tci !== 0 && (one.id < 0 || (copy.vlan_tci & 0xfff) === one.id);
    case 'byte':
      return testByte(k, one, copy);
    case 'direction':
      return one.inbound === (copy.pkt_type !== PACKET_OUTGOING);
  }
}

/// The EtherType at byte 12; a tag that the NIC has stripped is not in the packet any more.
function etherType(k: Kernel, copy: PacketCopy): number {
  const stripped = k.devs[copy.dev]?.features['rx-vlan-offload'] !== false;
  return copy.vlan_tci !== 0 && !stripped ? ETH_P_8021Q : k.flows.ethertype[copy.flow]!;
}

function ends(dir: Direction, src: boolean, dst: boolean): boolean {
  if (dir === 'src') return src;
  if (dir === 'dst') return dst;
  return dir === 'both' ? src && dst : src || dst;
}

function testNet(k: Kernel, one: Test & { op: 'net' }, copy: PacketCopy): boolean {
  const { src, dst } = k.flows;
  const [from, to] = copy.out ? [dst, src] : [src, dst];
  const inside = (address: number): boolean =>
    one.bits === 0 || (address ^ one.net) >>> (32 - one.bits) === 0;
  return ends(one.dir, inside(from[copy.flow]!), inside(to[copy.flow]!));
}

/// A later fragment has no ports.
function hasPorts(k: Kernel, copy: PacketCopy): boolean {
  return (
    PORTED.includes(copy.proto) &&
    k.flows.ethertype[copy.flow] !== ETH_P_ARP &&
    !laterFragment(copy)
  );
}

function laterFragment(copy: PacketCopy): boolean {
  return (copy.flags & FLAG_FRAG) !== 0 && copy.frag_off > 0;
}

function testPort(k: Kernel, one: Test & { op: 'port' }, copy: PacketCopy): boolean {
  const { sport, dport } = k.flows;
  const [from, to] = copy.out ? [dport, sport] : [sport, dport];
  const inside = (port: number): boolean => port >= one.low && port <= one.high;
  return ends(one.dir, inside(from[copy.flow]!), inside(to[copy.flow]!));
}

function testCast(k: Kernel, one: Test & { op: 'cast' }, copy: PacketCopy): boolean {
  const { dst } = hardwareAddresses(k, copy);
  if (one.level === 'ether')
    return one.multicast ? (Number.parseInt(dst.slice(0, 2), 16) & 1) === 1 : dst === BROADCAST;
  if (k.flows.ethertype[copy.flow] !== ETH_P_IP) return false;
  const address = (copy.out ? k.flows.src : k.flows.dst)[copy.flow]!;
  if (one.multicast) return address >>> 28 >= 14;
  const host = (address & hostMask(k, copy)) >>> 0;
  return host === 0 || host === hostMask(k, copy);
}

/// The host's part of addresses on the device, as pcap_lookupnet() tells it: all of it where there is no address.
function hostMask(k: Kernel, copy: PacketCopy): number {
  const bits = Number(k.devs[copy.dev]?.addrs[0]?.split('/')[1] ?? 0);
  return bits === 32 ? 0 : 0xffff_ffff >>> bits;
}

const BROADCAST = 'ff:ff:ff:ff:ff:ff';

function testByte(k: Kernel, one: Test & { op: 'byte' }, copy: PacketCopy): boolean {
  const wanted = one.of === 'tcpflags' ? IPPROTO_TCP : IPPROTO_ICMP;
  const { flow } = copy;
  if (k.flows.ethertype[flow] !== ETH_P_IP || copy.proto !== wanted) return false;
  if (laterFragment(copy)) return false;
  const bytes = { tcpflags: copy.tcp_flags, icmptype: copy.icmp >> 8, icmpcode: copy.icmp & 255 };
  return compare(bytes[one.of] & one.mask, one.how, one.value);
}

function compare(a: number, how: Comparison, b: number): boolean {
  switch (how) {
    case '=':
      return a === b;
    case '!=':
      return a !== b;
    case '<':
      return a < b;
    case '>':
      return a > b;
    case '<=':
      return a <= b;
    case '>=':
      return a >= b;
  }
}

/// The address that the packet comes from, as text.
export function sourceText(k: Kernel, copy: PacketCopy): string {
  return (copy.out ? k.flows.daddr : k.flows.saddr)[copy.flow]!;
}

/// And the one that it goes to.
export function destText(k: Kernel, copy: PacketCopy): string {
  return (copy.out ? k.flows.saddr : k.flows.daddr)[copy.flow]!;
}
