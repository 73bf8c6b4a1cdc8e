/// The table of flows: what all packets of one flow have in common, so that a packet need not carry it.
/// Only flows that somebody gives back are ever removed (those that address translation makes); a run has as many
/// others as its senders and sockets ask for.
import { bits, stream } from '../engine/random.ts';
import { addressBytes } from './address.ts';
import { __flow_hash_from_keys, __skb_flow_dissect, ETH_P_8021Q } from './flow_dissector.ts';
import { FLAG_FRAG, FLAG_RXHASH, FLAG_VLAN } from './skb.ts';
import type { Kernel, Skb, SynOptions } from './state.ts';

/// A flow as its maker describes it: addresses as text, ports as numbers.
export interface FlowSpec {
  readonly dev: number; // index into devs: where its frames arrive
  readonly saddr: string;
  readonly daddr: string;
  readonly sport: number;
  readonly dport: number;
  readonly proto?: number; // 17
  readonly ethertype?: number; // from the addresses: 0x0800 or 0x86dd
  readonly ttl?: number; // 64
  readonly tos?: number; // 0
  readonly flow_label?: number; // IPv6; 0
  readonly hopopts?: number[]; // IPv6: the bytes of its hop-by-hop options
  readonly dstopts?: number[]; // and of its destination options
  readonly syn?: SynOptions; // TCP: what its SYNs carry
  readonly remote?: number; // index into remotes that sends it
}

const AF_INET = 2;
const AF_INET6 = 10;
const ETH_P_IP = 0x0800;
const ETH_P_IPV6 = 0x86dd;
const IPPROTO_UDP = 17;

/// Adds a flow and returns its index. Flows that are added one after the other lie side by side.
export function addFlow(k: Kernel, spec: FlowSpec): number {
  const flow = k.flows.count++;
  describe(k, flow, spec);
  return flow;
}

/// The same for a flow that will be given back: a row that was is used again.
export function takeFlow(k: Kernel, spec: FlowSpec): number {
  const flow = k.flows.free.pop();
  if (flow === undefined) return addFlow(k, spec);
  describe(k, flow, spec);
  return flow;
}

/// Gives a row back to which nothing refers any more.
export function freeFlow(k: Kernel, flow: number): void {
  k.flows.free.push(flow);
}

function describe(k: Kernel, flow: number, spec: FlowSpec): void {
  const f = k.flows;
  const six = spec.saddr.includes(':');
  f.family[flow] = six ? AF_INET6 : AF_INET;
  f.proto[flow] = spec.proto ?? IPPROTO_UDP;
  f.ethertype[flow] = spec.ethertype ?? (six ? ETH_P_IPV6 : ETH_P_IP);
  f.saddr[flow] = spec.saddr;
  f.daddr[flow] = spec.daddr;
  f.src[flow] = six ? 0 : addressNumber(spec.saddr);
  f.dst[flow] = six ? 0 : addressNumber(spec.daddr);
  f.sport[flow] = spec.sport;
  f.dport[flow] = spec.dport;
  f.ttl[flow] = spec.ttl ?? 64;
  f.tos[flow] = spec.tos ?? 0;
  f.dev[flow] = spec.dev;
  f.rss[flow] = 0;
  f.rss_l4[flow] = false;
  f.queue[flow] = 0;
  f.version[flow] = -1;
  f.flow_label[flow] = spec.flow_label ?? 0;
  f.hopopts[flow] = spec.hopopts ?? null;
  f.dstopts[flow] = spec.dstopts ?? null;
  f.ehash[flow] = -1;
  f.variant[flow] = 0;
  f.variant_hash[flow] = 0;
  f.hash[flow] = 0;
  f.sock[flow] = -2;
  f.syn[flow] = spec.syn ?? null;
  f.remote[flow] = spec.remote ?? -1;
  f.rt_key[flow] = -1;
  f.rt[flow] = 0;
  f.hash[flow] = flowHash(k, flow, 0);
}

/// An IPv4 address in dots as an unsigned number in host order. Throws on anything else.
export function addressNumber(text: string): number {
  const parts = text.split('.');
  let value = 0;
  for (const part of parts) {
    const byte = Number(part);
    if (!/^\d{1,3}$/.test(part) || byte > 255) throw new Error(`${text} is not an IPv4 address`);
    value = value * 256 + byte;
  }
  if (parts.length !== 4) throw new Error(`${text} is not an IPv4 address`);
  return value;
}

/// The same the other way round.
export function addressText(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join('.');
}

/// The hash of a packet: the NIC's when the driver says that it covers the ports and receive-hashing is
/// on, else the flow's as the kernel dissects it. Unsigned 32 bits, never 0.
/// include/linux/skbuff.h:skb_get_hash()
export function skbHash(k: Kernel, skb: Skb): number {
  const f = k.flows;
  const flow = k.skbs.flow[skb]!;
  const special = k.skbs.flags[skb]! & (FLAG_FRAG | FLAG_VLAN);
  if (f.rss_l4[flow]! && (special & FLAG_FRAG) === 0 && hashesForKernel(k, skb))
    return f.rss[flow]!;
  return special === 0 ? f.hash[flow]! : variantHash(k, skb, special);
}

/// What the driver put into the skb: the NIC's hash of addresses, or of ports too; 0 without one. A
/// plain frame does not carry it, for it is its flow's; FLAG_RXHASH says that the packet has its own.
/// include/linux/skbuff.h:skb_get_hash_raw(), before anybody has asked for the kernel's own hash
export function skbHashRaw(k: Kernel, skb: Skb): number {
  if (k.skbs.flags[skb]! & FLAG_RXHASH) return k.skbs.hash[skb]! >>> 0;
  return hashesForKernel(k, skb) ? k.flows.rss[k.skbs.flow[skb]!]! : 0;
}

/// NETIF_F_RXHASH of the device that the packet came by.
function hashesForKernel(k: Kernel, skb: Skb): boolean {
  return k.devs[k.skbs.dev[skb]!]!.features['receive-hashing'] === true;
}

/// The kernel's own hash, whatever the NIC has worked out: alike for both directions, without ports for any
/// fragment, whatever the VLAN. include/linux/skbuff.h:__skb_get_hash_symmetric()
export function __skb_get_hash_symmetric(k: Kernel, skb: Skb): number {
  if ((k.skbs.flags[skb]! & FLAG_FRAG) === 0) return k.flows.hash[k.skbs.flow[skb]!]!;
  return flowHash(k, k.skbs.flow[skb]!, FRAGMENT);
}

const TAGGED = 0x1_0000;
const FRAGMENT = 0x2_0000;

/// Fragments are hashed without ports, tagged packets with their VLAN: remembered for the kind seen last.
function variantHash(k: Kernel, skb: Skb, special: number): number {
  const f = k.flows;
  const flow = k.skbs.flow[skb]!;
  const tag = special & FLAG_VLAN ? TAGGED | (k.skbs.vlan_tci[skb]! & 0xffff) : 0;
  const variant = tag | (special & FLAG_FRAG ? FRAGMENT : 0);
  if (f.variant[flow] !== variant) {
    f.variant[flow] = variant;
    f.variant_hash[flow] = flowHash(k, flow, variant);
  }
  return f.variant_hash[flow]!;
}

/// The hash of the flow's packets, of a fragment or with a tag as `variant` says, by the key of this boot.
function flowHash(k: Kernel, flow: number, variant: number): number {
  const headers = headerBytes(k, flow, (variant & FRAGMENT) !== 0);
  const type = k.flows.ethertype[flow]!;
  const tagged = (variant & TAGGED) !== 0;
  const data = tagged ? [...two(variant & 0xffff), ...two(type), ...headers] : headers;
  const keys = __skb_flow_dissect(Uint8Array.from(data), tagged ? ETH_P_8021Q : type);
  const random = stream(k.seed, 'hashrnd');
  const key = [bits(random), bits(random), bits(random), bits(random)];
  return __flow_hash_from_keys(keys, key);
}

const IPPROTO_ICMP = 1;
const IPPROTO_ICMPV6 = 58;
const NEXTHDR_FRAGMENT = 44;

/// The network header of the flow's packets and the first four bytes behind it.
function headerBytes(k: Kernel, flow: number, fragment: boolean): number[] {
  const f = k.flows;
  const addresses = [...addressBytes(f.saddr[flow]!), ...addressBytes(f.daddr[flow]!)];
  const proto = f.proto[flow]!;
  const icmp = proto === IPPROTO_ICMP || proto === IPPROTO_ICMPV6;
  const second = icmp ? 0 : f.dport[flow]!; // ICMP: type and code, then a checksum
  const ports = [...two(f.sport[flow]!), ...two(second)];
  const tos = f.tos[flow]!;
  if (f.family[flow] !== AF_INET6) {
    const more = fragment ? 0x20 : 0;
    return [0x45, tos, 0, 0, 0, 0, more, 0, f.ttl[flow]!, proto, 0, 0, ...addresses, ...ports];
  }
  const label = f.flow_label[flow]!;
  const first = [0x60 | (tos >> 4), ((tos & 15) << 4) | (label >>> 16), ...two(label & 0xffff)];
  const next = fragment ? NEXTHDR_FRAGMENT : proto;
  const extension = fragment ? [proto, 0, 0, 1, 0, 0, 0, 0] : [];
  return [...first, 0, 0, next, f.ttl[flow]!, ...addresses, ...extension, ...ports];
}

function two(value: number): number[] {
  return [value >> 8, value & 255];
}
