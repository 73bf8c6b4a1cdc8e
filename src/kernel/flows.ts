/// The table of flows: what all packets of one flow have in common, so that a packet need not carry it.
/// Left out: flows are never removed; a run has as many as its senders and sockets ask for.
import { bits, stream } from '../engine/random.ts';
import type { Kernel } from './state.ts';

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
}

const AF_INET = 2;
const AF_INET6 = 10;
const ETH_P_IP = 0x0800;
const ETH_P_IPV6 = 0x86dd;
const IPPROTO_UDP = 17;

/// Adds a flow and returns its index.
export function addFlow(k: Kernel, spec: FlowSpec): number {
  const f = k.flows;
  const six = spec.saddr.includes(':');
  const proto = spec.proto ?? IPPROTO_UDP;
  f.family.push(six ? AF_INET6 : AF_INET);
  f.proto.push(proto);
  f.ethertype.push(spec.ethertype ?? (six ? ETH_P_IPV6 : ETH_P_IP));
  f.saddr.push(spec.saddr);
  f.daddr.push(spec.daddr);
  f.src.push(six ? 0 : addressNumber(spec.saddr));
  f.dst.push(six ? 0 : addressNumber(spec.daddr));
  f.sport.push(spec.sport);
  f.dport.push(spec.dport);
  f.ttl.push(spec.ttl ?? 64);
  f.tos.push(spec.tos ?? 0);
  f.dev.push(spec.dev);
  f.rss.push(0);
  f.queue.push(0);
  f.version.push(-1);
  f.hash.push(flowHash(k.seed, spec));
  f.sock.push(-2);
  return f.count++;
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

/// Stands for skb_get_hash(): the kernel takes SipHash with a key drawn at boot; any well-mixed 32
/// bits that depend on the 5-tuple and the seed do the same here. Never 0, as in the kernel.
function flowHash(seed: number, { saddr, daddr, sport, dport }: FlowSpec): number {
  return bits(stream(seed, `flow ${saddr} ${daddr} ${sport} ${dport}`)) || 1;
}
