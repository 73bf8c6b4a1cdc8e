/// Counters of IP beyond the plain way: routing, forwarding, reassembly, ICMP, IPv6.
import { complete, type Counter, type CounterRow } from './counters_entry.ts';

const input = 'net/ipv4/ip_input.c:ip_rcv_core';
const frag = 'net/ipv4/ip_fragment.c';
const icmp = 'net/ipv4/icmp.c';
const six = 'net/ipv6/ip6_input.c:ip6_rcv_core';

type Brief = readonly [
  id: string,
  meaning: string,
  step: CounterRow['step'],
  moved: string,
  source: string,
];

const rows: readonly Brief[] = [
  [
    'IpForwDatagrams',
    'Packets that went on to another host.',
    'FW-02',
    'each packet at ip_forward() whose TTL is above 1',
    'net/ipv4/ip_forward.c:ip_forward',
  ],
  [
    'IpInUnknownProtos',
    'Packets with a protocol number that nobody here handles.',
    'IN-27',
    'each at ip_protocol_deliver_rcu()',
    'net/ipv4/ip_input.c:ip_protocol_deliver_rcu',
  ],
  [
    'IpOutRequests',
    'Packets that this host itself sent.',
    'EG-10',
    'each answer and each echo request',
    'net/ipv4/ip_output.c:__ip_local_out',
  ],
  [
    'IpOutDiscards',
    'Packets that this host would have sent and a rule of OUTPUT or POSTROUTING has dropped; not those of TCP sockets.',
    'EG-11',
    'a rule of netfilter that drops what the host sends',
    'net/ipv4/ip_output.c:ip_send_skb',
  ],
  [
    'IpOutTransmits',
    'Frames handed to a neighbour, forwarded ones and fragments too.',
    'EG-14',
    'each frame that leaves',
    'net/ipv4/ip_output.c:ip_finish_output2',
  ],
  [
    'IpReasmReqds',
    'Fragments that arrived for this host.',
    'IN-26',
    'each at ip_defrag()',
    `${frag}:ip_defrag`,
  ],
  [
    'IpReasmOKs',
    'Datagrams that were put together.',
    'IN-26',
    'the last missing fragment',
    `${frag}:ip_frag_reasm`,
  ],
  [
    'IpReasmFails',
    'Datagrams given up: too late, damaged, no memory.',
    'IN-26',
    'ip_expire(), overlaps, ipfrag_high_thresh',
    `${frag}:ip_expire`,
  ],
  [
    'IpReasmTimeout',
    'Datagrams whose rest did not come within ipfrag_time.',
    'IN-26',
    'ip_expire()',
    `${frag}:ip_expire`,
  ],
  [
    'IpFragOKs',
    'Packets that were cut into fragments.',
    'EG-13',
    'packets larger than the MTU of the way on',
    'net/ipv4/ip_output.c:ip_do_fragment',
  ],
  [
    'IpFragCreates',
    'Fragments made of them.',
    'EG-13',
    'packets larger than the MTU of the way on',
    'net/ipv4/ip_output.c:ip_do_fragment',
  ],
  [
    'IpFragFails',
    'Packets too large for the way on that may not be cut.',
    'FW-02',
    'ip_forward() with DF',
    'net/ipv4/ip_forward.c:ip_forward',
  ],
  [
    'IpExtInNoRoutes',
    'Packets for which a router has no route.',
    'IN-25',
    'ip_error()',
    'net/ipv4/route.c:ip_error',
  ],
  [
    'IpExtInTruncatedPkts',
    'Packets shorter than their header says.',
    'IN-22',
    'each at ip_rcv()',
    input,
  ],
  [
    'IpExtInCsumErrors',
    'Packets with a wrong header checksum.',
    'IN-22',
    'each at ip_rcv()',
    input,
  ],
  [
    'IpExtInMcastPkts',
    'Packets to a group.',
    'IN-25',
    'each whose route is multicast',
    'net/ipv4/ip_input.c:ip_rcv_finish_core',
  ],
  [
    'IpExtInBcastPkts',
    'Packets to a broadcast address.',
    'IN-25',
    'each whose route is broadcast',
    'net/ipv4/ip_input.c:ip_rcv_finish_core',
  ],
  [
    'IpExtInECT0Pkts',
    'Packets whose sender understands ECN, marked ECT(0).',
    'IN-22',
    'each at ip_rcv()',
    input,
  ],
  ['IpExtInECT1Pkts', 'Packets marked ECT(1).', 'IN-22', 'each at ip_rcv()', input],
  [
    'IpExtInCEPkts',
    'Packets that a router has marked: congestion experienced.',
    'IN-22',
    'each at ip_rcv()',
    input,
  ],
  [
    'IpExtReasmOverlaps',
    'Datagrams given up because two fragments overlapped.',
    'IN-26',
    'ip_frag_queue()',
    `${frag}:ip_frag_queue`,
  ],
  [
    'TcpExtIPReversePathFilter',
    'Packets whose answer would leave by another device.',
    'IN-25',
    'rp_filter',
    'net/ipv4/ip_input.c:ip_rcv_finish_core',
  ],
  [
    'TcpExtArpFilter',
    'ARP requests left to another device to answer.',
    'IN-21',
    'arp_filter',
    'net/ipv4/arp.c:arp_filter',
  ],
  [
    'IcmpInMsgs',
    'ICMP messages for this host, good or not.',
    'IN-27',
    'each at icmp_rcv()',
    `${icmp}:icmp_rcv`,
  ],
  [
    'IcmpInErrors',
    'ICMP messages that made no sense here.',
    'IN-27',
    'wrong checksums, unknown types, echo to a broadcast address',
    `${icmp}:icmp_rcv`,
  ],
  [
    'IcmpInCsumErrors',
    'ICMP messages with a wrong checksum.',
    'IN-27',
    'each at icmp_rcv()',
    `${icmp}:icmp_rcv`,
  ],
  ['IcmpInEchos', 'Echo requests.', 'IN-27', 'each at icmp_rcv()', `${icmp}:icmp_echo`],
  [
    'IcmpOutMsgs',
    'ICMP messages sent.',
    'EG-10',
    'answers, errors, ping',
    `${icmp}:icmp_out_count`,
  ],
  ['IcmpOutEchoReps', 'Echo requests answered.', 'EG-10', 'icmp_echo()', `${icmp}:icmp_echo`],
  [
    'IcmpOutDestUnreachs',
    'Senders told that port, protocol, host or network cannot be reached, or the MTU.',
    'EG-10',
    'icmp_send()',
    `${icmp}:__icmp_send`,
  ],
  [
    'IcmpOutTimeExcds',
    'Senders told that the TTL or the time for reassembly ran out.',
    'EG-10',
    'icmp_send()',
    `${icmp}:__icmp_send`,
  ],
  [
    'IcmpOutRateLimitGlobal',
    'Messages kept back by icmp_msgs_per_sec.',
    'EG-10',
    'icmp_global_allow()',
    `${icmp}:icmp_global_allow`,
  ],
  [
    'IcmpOutRateLimitHost',
    'Messages kept back by icmp_ratelimit.',
    'EG-10',
    'inet_peer_xrlim_allow()',
    `${icmp}:icmpv4_xrlim_allow`,
  ],
  ['Ip6InReceives', 'IPv6 packets that reached ipv6_rcv().', 'IN-22', 'each packet', six],
  [
    'Ip6InHdrErrors',
    'IPv6 packets whose header or addresses made no sense.',
    'IN-22',
    'each at ipv6_rcv()',
    six,
  ],
  [
    'Ip6InAddrErrors',
    'IPv6 packets for another host, which this one does not forward.',
    'IN-25',
    'each for another host on the link',
    'net/ipv6/ip6_output.c:ip6_forward',
  ],
  [
    'Ip6InNoRoutes',
    'IPv6 packets without a route.',
    'IN-25',
    'each for a host further away',
    'net/ipv6/route.c:ip6_pkt_drop',
  ],
  [
    'Ip6InUnknownProtos',
    'IPv6 packets with a next header that nobody here handles.',
    'IN-27',
    'each',
    'net/ipv6/ip6_input.c:ip6_protocol_deliver_rcu',
  ],
  [
    'Ip6InDelivers',
    'IPv6 packets handed to a transport protocol.',
    'IN-27',
    'each',
    'net/ipv6/ip6_input.c:ip6_protocol_deliver_rcu',
  ],
];

function shownIn(id: string): string {
  if (/^(IpExt|TcpExt)/.test(id)) return '/proc/net/netstat';
  return id.startsWith('Ip6') ? '/proc/net/snmp6' : '/proc/net/snmp';
}

export const ipCounters: readonly Counter[] = rows.map(([id, meaning, step, moved_by, source]) =>
  complete(
    { id, meaning, step, moved_by, source },
    { shown: `${shownIn(id)}; nstat -az ${id}`, unit: 'packets', source },
  ),
);
