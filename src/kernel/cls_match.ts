/// Whether a packet is what a filter is looking for. Stands for u32_classify() (net/sched/cls_u32.c), fl_classify()
/// (cls_flower.c), mall_classify(), basic_classify() and fw_classify().
/// u32 looks at bytes of the headers, which are put together here from the packet's fields.
/// Left out: bytes behind the transport header, IPv6 for u32, checksums (zero bytes).
import { frameDestination, otherEnd } from './hardware_address.ts';
import {
  dontFragment,
  FLAG_FRAG,
  FLAG_IPID,
  FLAG_MARK,
  FLAG_MF,
  FLAG_TCP,
  FLAG_VLAN,
} from './skb.ts';
import type { Kernel, Skb } from './state.ts';
import type { FlowerKey, Masked, Prefix, Range, TcMatch, U32Key } from './tc/types.ts';

const ETH_HLEN = 14;
const IP_HLEN = 20;
const IPPROTO_ICMP = 1;
const PORTED = [6, 17, 132];

export function matches(k: Kernel, skb: Skb, match: TcMatch): boolean {
  switch (match.kind) {
    case 'matchall':
    case 'basic':
    case 'bpf': // its program is asked instead: cls_bpf.ts
      return true;
    case 'fw': {
      const mark = k.skbs.flags[skb]! & FLAG_MARK ? k.skbs.mark[skb]! : 0;
      return (mark & match.mask) >>> 0 === match.mark;
    }
    case 'u32':
      return match.keys.every((key) => matchesKey(k, skb, key));
    case 'flower':
      return matchesFlower(k, skb, match.key);
  }
}

/// 32 bits at an offset from the network header. `nexthdr` adds what the tables before have found out about its
/// length: nothing, for there is one table.
function matchesKey(k: Kernel, skb: Skb, key: U32Key): boolean {
  const inFront = key.off < 0;
  const bytes = inFront ? [...ethernet(k, skb), ...headers(k, skb)] : headers(k, skb);
  const at = inFront ? key.off + ETH_HLEN : key.off;
  // A packet that is too short is not matched.
  if (at < 0 || at + 4 > bytes.length) return false;
  const word =
    ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  return (word & key.mask) >>> 0 === key.val;
}

/// The Ethernet header in front of it.
function ethernet(k: Kernel, skb: Skb): number[] {
  const dev = k.devs[k.skbs.dev[skb]!]!;
  const macs = [frameDestination(k, dev, skb), otherEnd(k, dev)].join(':').split(':');
  const type = k.flows.ethertype[k.skbs.flow[skb]!]!;
  return [...macs.map((byte) => Number.parseInt(byte, 16)), ...two(type)];
}

/// The IPv4 header of a packet and twenty bytes behind it.
function headers(k: Kernel, skb: Skb): number[] {
  const { flows, skbs } = k;
  const flow = skbs.flow[skb]!;
  const flags = skbs.flags[skb]!;
  const id = flags & FLAG_IPID ? skbs.ipid[skb]! : 0;
  const offset = flags & FLAG_FRAG ? skbs.frag_off[skb]! : 0;
  const frag = (dontFragment(flags) ? 0x4000 : 0) | (flags & FLAG_MF ? 0x2000 : 0) | (offset >> 3);
  const proto = flows.proto[flow]!;
  const ip = [
    ...[0x45, flows.tos[flow]!, ...two(skbs.len[skb]! - ETH_HLEN), ...two(id), ...two(frag)],
    ...[flows.ttl[flow]!, proto, 0, 0, ...four(flows.src[flow]!), ...four(flows.dst[flow]!)],
  ];
  if (offset > 0) return [...ip, ...new Array<number>(20).fill(0)];
  if (proto === IPPROTO_ICMP)
    return [
      ...ip,
      ...two(flows.sport[flow]!),
      0,
      0,
      ...two(flows.dport[flow]!),
      ...new Array<number>(14).fill(0),
    ];
  const ports = [...two(flows.sport[flow]!), ...two(flows.dport[flow]!)];
  if (flags & FLAG_TCP) {
    const { seq, ack_seq, tcp_flags, window } = skbs;
    const tail = [0x50, tcp_flags[skb]!, ...two(window[skb]!), 0, 0, 0, 0];
    return [...ip, ...ports, ...four(seq[skb]!), ...four(ack_seq[skb]!), ...tail];
  }
  const len = skbs.len[skb]! - ETH_HLEN - IP_HLEN;
  return [...ip, ...ports, ...two(len), 0, 0, ...new Array<number>(12).fill(0)];
}

function two(value: number): number[] {
  return [(value >> 8) & 255, value & 255];
}

function four(value: number): number[] {
  return [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

function matchesFlower(k: Kernel, skb: Skb, key: FlowerKey): boolean {
  const { flows, skbs } = k;
  const flow = skbs.flow[skb]!;
  const flags = skbs.flags[skb]!;
  const tci = flags & FLAG_VLAN ? skbs.vlan_tci[skb]! : -1;
  return (
    same(key.eth_type, flows.ethertype[flow]!) &&
    same(key.vlan_id, tci < 0 ? -1 : tci & 0xfff) &&
    same(key.vlan_prio, tci < 0 ? -1 : tci >> 13) &&
    same(key.ip_proto, flows.proto[flow]!) &&
    inPrefix(key.src_ip, flows.src[flow]!) &&
    inPrefix(key.dst_ip, flows.dst[flow]!) &&
    masked(key.ip_tos, flows.tos[flow]!) &&
    masked(key.ip_ttl, flows.ttl[flow]!) &&
    matchesTransport(k, skb, key, flow, flags) &&
    matchesMacs(k, skb, key)
  );
}

function matchesTransport(
  k: Kernel,
  skb: Skb,
  key: FlowerKey,
  flow: number,
  flags: number,
): boolean {
  const { flows, skbs } = k;
  // The dissector does not look behind the IP header of a fragment, the first one included.
  const whole = (flags & FLAG_FRAG) === 0;
  const ported = whole && PORTED.includes(flows.proto[flow]!);
  const icmp = whole && flows.proto[flow] === IPPROTO_ICMP ? flows.sport[flow]! : -1;
  return (
    inRange(key.src_port, ported ? flows.sport[flow]! : -1) &&
    inRange(key.dst_port, ported ? flows.dport[flow]! : -1) &&
    masked(key.tcp_flags, flags & FLAG_TCP ? skbs.tcp_flags[skb]! : 0) &&
    same(key.icmp_type, icmp < 0 ? -1 : icmp >> 8) &&
    same(key.icmp_code, icmp < 0 ? -1 : icmp & 255)
  );
}

function matchesMacs(k: Kernel, skb: Skb, key: FlowerKey): boolean {
  const dev = k.devs[k.skbs.dev[skb]!]!;
  if (key.src_mac !== undefined && otherEnd(k, dev) !== key.src_mac) return false;
  return key.dst_mac === undefined || frameDestination(k, dev, skb) === key.dst_mac;
}

function same(wanted: number | undefined, found: number): boolean {
  return wanted === undefined || wanted === found;
}

function masked(wanted: Masked | undefined, found: number): boolean {
  return wanted === undefined || (found & wanted.mask) === (wanted.value & wanted.mask);
}

function inPrefix(wanted: Prefix | undefined, found: number): boolean {
  if (wanted === undefined || wanted.bits === 0) return true;
  return (found ^ wanted.address) >>> (32 - wanted.bits) === 0;
}

function inRange(wanted: Range | undefined, found: number): boolean {
  return wanted === undefined || (found >= wanted.low && found <= wanted.high);
}
