/// What rules can ask of a packet: the keys of `meta` and `ct`, and the header fields, under the names
/// that nft gives them. A field is a number of up to 32 bits in host order, several such numbers (an
/// IPv6 address four, a MAC address two), or an interface name.
/// Left out: IP and TCP options, ARP, DCCP, SCTP, ESP, checksums, and the keys of meta that need a
/// local sender (skuid, cgroup) or a random number.

/// What kind of value a field holds; decides how nft reads and prints it.
export type DataType =
  | 'integer'
  | 'ipv4_addr'
  | 'ipv6_addr'
  | 'ether_addr'
  | 'ether_type'
  | 'inet_proto'
  | 'inet_service'
  | 'icmp_type'
  | 'icmp_code'
  | 'icmpv6_type'
  | 'icmpv6_code'
  | 'tcp_flag'
  | 'dscp'
  | 'ecn'
  | 'mark'
  | 'iface_index'
  | 'ifname'
  | 'iface_type'
  | 'nf_proto'
  | 'pkt_type'
  | 'ct_state'
  | 'ct_status'
  | 'ct_dir';

export interface Field {
  readonly name: string;
  readonly id: number; // what compiled rules hold
  readonly type: DataType;
  readonly bits: number;
  readonly words: number; // numbers that a value takes; 0: it is a name
  readonly l3: number; // AF_INET, AF_INET6; 0: either
  readonly l4: number; // protocol number; 0: any
}

type Row = readonly [name: string, type: DataType, bits: number, l3?: number, l4?: number];

const TCP = 6;
const UDP = 17;
const ICMP = 1;
const ICMPV6 = 58;
const IP4 = 2;
const IP6 = 10;
const TH = 256; // a transport protocol with ports

const rows: readonly Row[] = [
  ['meta length', 'integer', 32],
  ['meta protocol', 'ether_type', 16],
  ['meta nfproto', 'nf_proto', 8],
  ['meta l4proto', 'inet_proto', 8],
  ['meta mark', 'mark', 32],
  ['meta pkttype', 'pkt_type', 8],
  ['meta cpu', 'integer', 32],
  ['iif', 'iface_index', 32],
  ['oif', 'iface_index', 32],
  ['iifname', 'ifname', 128],
  ['oifname', 'ifname', 128],
  ['meta iiftype', 'iface_type', 16],
  ['meta oiftype', 'iface_type', 16],
  ['ct state', 'ct_state', 32],
  ['ct mark', 'mark', 32],
  ['ct status', 'ct_status', 32],
  ['ct direction', 'ct_dir', 8],
  ['ether saddr', 'ether_addr', 48],
  ['ether daddr', 'ether_addr', 48],
  ['ether type', 'ether_type', 16],
  ['vlan id', 'integer', 12],
  ['vlan pcp', 'integer', 3],
  ['ip version', 'integer', 4, IP4],
  ['ip hdrlength', 'integer', 4, IP4],
  ['ip dscp', 'dscp', 6, IP4],
  ['ip ecn', 'ecn', 2, IP4],
  ['ip length', 'integer', 16, IP4],
  ['ip id', 'integer', 16, IP4],
  ['ip frag-off', 'integer', 16, IP4],
  ['ip ttl', 'integer', 8, IP4],
  ['ip protocol', 'inet_proto', 8, IP4],
  ['ip saddr', 'ipv4_addr', 32, IP4],
  ['ip daddr', 'ipv4_addr', 32, IP4],
  ['ip6 version', 'integer', 4, IP6],
  ['ip6 dscp', 'dscp', 6, IP6],
  ['ip6 ecn', 'ecn', 2, IP6],
  ['ip6 length', 'integer', 16, IP6],
  ['ip6 nexthdr', 'inet_proto', 8, IP6],
  ['ip6 hoplimit', 'integer', 8, IP6],
  ['ip6 saddr', 'ipv6_addr', 128, IP6],
  ['ip6 daddr', 'ipv6_addr', 128, IP6],
  ['tcp sport', 'inet_service', 16, 0, TCP],
  ['tcp dport', 'inet_service', 16, 0, TCP],
  ['tcp sequence', 'integer', 32, 0, TCP],
  ['tcp ackseq', 'integer', 32, 0, TCP],
  ['tcp flags', 'tcp_flag', 8, 0, TCP],
  ['tcp window', 'integer', 16, 0, TCP],
  ['udp sport', 'inet_service', 16, 0, UDP],
  ['udp dport', 'inet_service', 16, 0, UDP],
  ['udp length', 'integer', 16, 0, UDP],
  ['th sport', 'inet_service', 16, 0, TH],
  ['th dport', 'inet_service', 16, 0, TH],
  ['icmp type', 'icmp_type', 8, IP4, ICMP],
  ['icmp code', 'icmp_code', 8, IP4, ICMP],
  ['icmp id', 'integer', 16, IP4, ICMP],
  ['icmpv6 type', 'icmpv6_type', 8, IP6, ICMPV6],
  ['icmpv6 code', 'icmpv6_code', 8, IP6, ICMPV6],
];

function wordsOf(type: DataType): number {
  if (type === 'ifname') return 0;
  if (type === 'ipv6_addr') return 4;
  return type === 'ether_addr' ? 2 : 1;
}

export const FIELDS: readonly Field[] = rows.map(([name, type, bits, l3 = 0, l4 = 0], id) => ({
  name,
  id,
  type,
  bits,
  words: wordsOf(type),
  l3,
  l4,
}));

const byName = new Map(FIELDS.map((field) => [field.name, field]));

/// A field by nft's name for it: `ip saddr`, `iifname`. Undefined: there is none here.
export function fieldNamed(name: string): Field | undefined {
  return byName.get(name);
}

/// The id of a field that must exist.
export function fieldId(name: string): number {
  const field = byName.get(name);
  if (!field) throw new Error(`no field is called ${name}`);
  return field.id;
}
