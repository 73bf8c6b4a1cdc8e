/// What a packet's headers say of its flow, and the hash of it: skb->hash as the kernel computes it.
/// Stands for __skb_flow_dissect() with the keys that skb_get_hash() asks for, and for
/// __flow_hash_from_keys(), in net/core/flow_dissector.c.
/// Left out: GRE, MPLS, PPPoE, TIPC, batman-adv, PRP and HSR headers (such packets are hashed by what
/// stands before those), DSA tags, BPF flow dissectors.
import { siphash, type SipKey } from './siphash.ts';

/// struct flow_keys. `region` is the part that is hashed, byte for byte as in memory.
export interface FlowKeys {
  addr_type: number; // 0: none, or FLOW_DISSECTOR_KEY_IPV4_ADDRS or ..._IPV6_ADDRS
  readonly region: Uint8Array;
}

export const ETH_P_IP = 0x0800;
export const ETH_P_IPV6 = 0x86dd;
export const ETH_P_8021Q = 0x8100;
const ETH_P_8021AD = 0x88a8;

const IPV4_ADDRS = 2;
const IPV6_ADDRS = 3;

// Offsets in the hashed region: basic, tags, vlan, cvlan, keyid, ports, icmp, addrs.
const N_PROTO = 0;
const IP_PROTO = 2;
const FLOW_LABEL = 4;
const VLAN = 8;
const PORTS = 28;
const ADDRS = 36;
const REGION = 72; // with the padding of the structure

const MAX_FLOW_DISSECT_HDRS = 15;
const IP_OFFSET = 0x1fff;
const IP_MF = 0x2000;

const IPPROTO_HOPOPTS = 0;
const IPPROTO_IPIP = 4;
const IPPROTO_IPV6 = 41;
const IPPROTO_ROUTING = 43;
const IPPROTO_FRAGMENT = 44;
const IPPROTO_AH = 51;
const IPPROTO_DSTOPTS = 60;
/// TCP, UDP, DCCP, ESP, SCTP and UDP-Lite begin with what counts as ports; AH has them at 4.
const PORTS_FIRST: readonly number[] = [6, 17, 33, 50, 132, 136];

/// Where the dissection stands.
interface Walk {
  readonly data: Uint8Array;
  readonly keys: FlowKeys;
  proto: number; // Ethernet type in hand
  ip_proto: number;
  nhoff: number; // offset of the header in hand
  vlans: number;
  fragment: boolean;
  headers: number;
}

type Verdict = 'done' | 'proto_again' | 'ipproto_again' | 'continue';

/// The keys of a packet whose bytes begin at the header that `proto` names (for VLAN: at the tag).
/// What cannot be read is left zero. net/core/flow_dissector.c:__skb_flow_dissect()
export function __skb_flow_dissect(data: Uint8Array, proto: number): FlowKeys {
  const keys: FlowKeys = { addr_type: 0, region: new Uint8Array(REGION) };
  const walk: Walk = {
    ...{ data, keys, proto, ip_proto: 0, nhoff: 0, vlans: 0, fragment: false, headers: 0 },
  };
  let verdict = dissectNetwork(walk);
  while (verdict !== 'done') {
    if (verdict === 'proto_again') {
      if (++walk.headers > MAX_FLOW_DISSECT_HDRS) break;
      verdict = dissectNetwork(walk);
      continue;
    }
    if (verdict === 'ipproto_again' && ++walk.headers > MAX_FLOW_DISSECT_HDRS) break;
    verdict = dissectTransport(walk);
    if (verdict === 'continue') break;
  }
  put16(keys.region, N_PROTO, walk.proto);
  keys.region[IP_PROTO] = walk.ip_proto;
  return keys;
}

function dissectNetwork(walk: Walk): Verdict {
  switch (walk.proto) {
    case ETH_P_IP:
      return dissectIpv4(walk);
    case ETH_P_IPV6:
      return dissectIpv6(walk);
    case ETH_P_8021Q:
    case ETH_P_8021AD:
      return dissectVlan(walk);
    default:
      return 'done';
  }
}

function dissectIpv4(walk: Walk): Verdict {
  const { data, keys, nhoff } = walk;
  const ihl = data[nhoff]! & 15;
  if (nhoff + 20 > data.length || ihl < 5) return 'done';
  walk.nhoff += ihl * 4;
  walk.ip_proto = data[nhoff + 9]!;
  keys.addr_type = IPV4_ADDRS;
  keys.region.set(data.subarray(nhoff + 12, nhoff + 20), ADDRS);
  // Of a fragment, even the first, only the addresses count: its flow must stay together.
  walk.fragment ||= (get16(data, nhoff + 6) & (IP_MF | IP_OFFSET)) !== 0;
  return walk.fragment ? 'done' : 'continue';
}

function dissectIpv6(walk: Walk): Verdict {
  const { data, keys, nhoff } = walk;
  if (nhoff + 40 > data.length) return 'done';
  walk.nhoff += 40;
  walk.ip_proto = data[nhoff + 6]!;
  keys.addr_type = IPV6_ADDRS;
  keys.region.set(data.subarray(nhoff + 8, nhoff + 40), ADDRS);
  const label = ((data[nhoff + 1]! & 15) << 16) | get16(data, nhoff + 2);
  if (label === 0) return 'continue';
  // FLOW_DISSECTOR_F_STOP_AT_FLOW_LABEL: a label stands for the ports.
  putLittle32(keys.region, FLOW_LABEL, label);
  return 'done';
}

function dissectVlan(walk: Walk): Verdict {
  const { data, keys, nhoff, proto } = walk;
  if (nhoff + 4 > data.length) return 'done';
  const tci = get16(data, nhoff);
  walk.proto = get16(data, nhoff + 2);
  walk.nhoff += 4;
  // Only the outermost tag is a key; the number is a bit field, low byte first.
  if (walk.vlans++ === 0) {
    keys.region[VLAN] = tci & 255;
    keys.region[VLAN + 1] = (tci >> 8) & 0xef;
    put16(keys.region, VLAN + 2, proto);
    put16(keys.region, VLAN + 4, walk.proto);
  }
  return 'proto_again';
}

function dissectTransport(walk: Walk): Verdict {
  const verdict = nextHeader(walk);
  if (!walk.fragment) setPorts(walk);
  return verdict;
}

/// Headers that stand between IP and the transport protocol.
function nextHeader(walk: Walk): Verdict {
  const { data, nhoff } = walk;
  const six = walk.proto === ETH_P_IPV6;
  switch (walk.ip_proto) {
    case IPPROTO_HOPOPTS:
    case IPPROTO_ROUTING:
    case IPPROTO_DSTOPTS:
      if (!six) return 'continue';
      if (nhoff + 2 > data.length) return 'done';
      walk.ip_proto = data[nhoff]!;
      walk.nhoff += (data[nhoff + 1]! + 1) << 3;
      return 'ipproto_again';
    case IPPROTO_FRAGMENT:
      if (!six) return 'continue';
      if (nhoff + 8 > data.length) return 'done';
      walk.fragment = true;
      walk.ip_proto = data[nhoff]!;
      walk.nhoff += 8;
      return 'done';
    case IPPROTO_IPIP:
      walk.proto = ETH_P_IP;
      return 'proto_again';
    case IPPROTO_IPV6:
      walk.proto = ETH_P_IPV6;
      return 'proto_again';
    default:
      return 'continue';
  }
}

function setPorts({ data, keys, nhoff, ip_proto }: Walk): void {
  const at = nhoff + (ip_proto === IPPROTO_AH ? 4 : 0);
  const has = PORTS_FIRST.includes(ip_proto) || ip_proto === IPPROTO_AH;
  if (has && at + 4 <= data.length) keys.region.set(data.subarray(at, at + 4), PORTS);
  else keys.region.fill(0, PORTS, PORTS + 4);
}

/// Whether the hash will tell connections apart: there are ports, or a flow label.
export function flow_keys_have_l4({ region }: FlowKeys): boolean {
  return (
    region.subarray(PORTS, PORTS + 4).some((byte) => byte !== 0) ||
    region.subarray(FLOW_LABEL, FLOW_LABEL + 4).some((byte) => byte !== 0)
  );
}

/// The bytes that are hashed: the addresses come last, and padding after them.
export function flow_keys_hash_start({ addr_type, region }: FlowKeys): Uint8Array {
  if (addr_type === IPV6_ADDRS) return region;
  return region.subarray(0, addr_type === IPV4_ADDRS ? 48 : 40);
}

/// Puts the smaller address and the smaller port first, so that both directions hash alike. IPv4
/// addresses and ports are compared as a little-endian CPU reads them, IPv6 addresses byte by byte.
export function __flow_hash_consistentify({ addr_type, region }: FlowKeys): void {
  if (addr_type === 0) return;
  const six = addr_type === IPV6_ADDRS;
  orderPair(region, ADDRS, six ? 16 : 4, !six);
  orderPair(region, PORTS, 2, true);
}

/// Swaps two neighbouring fields of `size` bytes when the second is the smaller.
function orderPair(region: Uint8Array, at: number, size: number, little: boolean): void {
  for (let i = 0; i < size; i++) {
    const byte = little ? size - 1 - i : i;
    const difference = region[at + size + byte]! - region[at + byte]!;
    if (difference > 0) return;
    if (difference === 0) continue;
    const first = region.slice(at, at + size);
    region.copyWithin(at, at + size, at + 2 * size);
    region.set(first, at + size);
    return;
  }
}

/// The hash of dissected keys, which it puts in order: the low half of SipHash, never 0.
/// net/core/flow_dissector.c:__flow_hash_from_keys()
export function __flow_hash_from_keys(keys: FlowKeys, key: SipKey): number {
  __flow_hash_consistentify(keys);
  return siphash(flow_keys_hash_start(keys), key).low || 1;
}

function get16(data: Uint8Array, at: number): number {
  return (data[at]! << 8) | data[at + 1]!;
}

function put16(data: Uint8Array, at: number, value: number): void {
  data[at] = value >> 8;
  data[at + 1] = value & 255;
}

function putLittle32(data: Uint8Array, at: number, value: number): void {
  for (let i = 0; i < 4; i++) data[at + i] = (value >>> (8 * i)) & 255;
}
