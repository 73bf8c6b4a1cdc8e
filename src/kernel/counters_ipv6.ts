/// Counters of IPv6, ICMPv6 and UDP over IPv6 beyond those that every packet moves (counters_ip.ts). Each of the
/// first two is kept for the host and for the device.
import { complete, type Counter, type CounterRow } from './counters_entry.ts';

const forward = 'net/ipv6/ip6_output.c:ip6_forward';
const output = 'net/ipv6/ip6_output.c:ip6_finish_output2';
const icmp = 'net/ipv6/icmp.c';
const reassembly = 'net/ipv6/reassembly.c';
const receive = 'net/ipv6/udp.c:__udp6_lib_rcv';
const queue = 'net/ipv6/udp.c:__udpv6_queue_rcv_skb';

type Brief = readonly [
  id: string,
  meaning: string,
  step: CounterRow['step'],
  moved: string,
  source: string,
  unit?: string,
];

const rows: readonly Brief[] = [
  [
    'Ip6InOctets',
    'Bytes of the packets received.',
    'IN-22',
    'each packet',
    'net/ipv6/ip6_input.c:ip6_rcv_core',
    'bytes',
  ],
  [
    'Ip6InTruncatedPkts',
    'Packets that say they are longer than they are.',
    'IN-22',
    'each at ipv6_rcv()',
    'net/ipv6/ip6_input.c:ip6_rcv_core',
  ],
  [
    'Ip6InDiscards',
    'Packets received on a device where IPv6 is switched off.',
    'IN-22',
    'each packet with disable_ipv6',
    'net/ipv6/ip6_input.c:ip6_rcv_core',
  ],
  [
    'Ip6InMcastPkts',
    'Packets to groups, those of others too.',
    'IN-25',
    'each packet to a group',
    'net/ipv6/ip6_input.c:ip6_mc_input',
  ],
  [
    'Ip6InMcastOctets',
    'Bytes of the packets to groups.',
    'IN-25',
    'each packet to a group',
    'net/ipv6/ip6_input.c:ip6_mc_input',
    'bytes',
  ],
  [
    'Ip6InNoECTPkts',
    'Packets whose sender does not take part in explicit congestion notification.',
    'IN-22',
    'each packet at ipv6_rcv(), merged ones as many as they were',
    'net/ipv6/ip6_input.c:ip6_rcv_core',
  ],
  [
    'Ip6InTooBigErrors',
    'Packets longer than the MTU of the way on: nobody but the sender may cut them, and it is told.',
    'FW-02',
    'each too long at ip6_forward()',
    forward,
  ],
  [
    'Ip6OutForwDatagrams',
    'Packets that may go on to another host; those that turn out too long count as well.',
    'FW-02',
    'each packet at ip6_forward() whose hop limit is above 1',
    forward,
  ],
  [
    'Ip6FragFails',
    'Packets that would have had to be cut.',
    'FW-02',
    'each too long at ip6_forward()',
    forward,
  ],
  [
    'Ip6OutRequests',
    'Packets that this host itself sends.',
    'EG-10',
    'each answer',
    'net/ipv6/ip6_output.c:ip6_xmit',
  ],
  [
    'Ip6OutTransmits',
    'Packets handed to a neighbour, forwarded ones too.',
    'EG-10',
    'each packet',
    output,
  ],
  ['Ip6OutOctets', 'Their bytes.', 'EG-10', 'each packet', output, 'bytes'],
  [
    'Ip6OutNoRoutes',
    'Messages that could not be sent for want of a route.',
    'EG-10',
    'each error message to a sender that cannot be reached',
    icmp,
  ],
  ['Ip6ReasmReqds', 'Fragments for this host.', 'IN-27', 'each fragment', reassembly],
  [
    'Ip6ReasmOKs',
    'Datagrams that were put together.',
    'IN-27',
    'the last missing fragment',
    reassembly,
  ],
  [
    'Ip6ReasmFails',
    'Datagrams given up, and fragments above ip6frag_high_thresh.',
    'IN-27',
    'an overlap, fragments that contradict each other, the end of the time',
    reassembly,
  ],
  [
    'Ip6ReasmTimeout',
    'Datagrams of which the rest did not come within ip6frag_time.',
    'IN-27',
    'ip6frag_expire_frag_queue()',
    'include/net/ipv6_frag.h:ip6frag_expire_frag_queue',
  ],
  ['Icmp6InMsgs', 'ICMPv6 messages received.', 'IN-27', 'each message', icmp],
  ['Icmp6InErrors', 'ICMPv6 messages that could not be used.', 'IN-27', 'a wrong checksum', icmp],
  ['Icmp6InCsumErrors', 'ICMPv6 messages with a wrong checksum.', 'IN-27', 'each', icmp],
  ['Icmp6InEchos', 'Echo requests received.', 'IN-27', 'each', icmp],
  ['Icmp6OutMsgs', 'ICMPv6 messages sent.', 'EG-10', 'each message', icmp],
  ['Icmp6OutEchoReplies', 'Echo requests answered.', 'EG-10', 'each', icmp],
  [
    'Icmp6OutDestUnreachs',
    'Senders told that nobody has the port, or that there is no way to the host.',
    'EG-10',
    'icmpv6_send()',
    'include/linux/icmpv6.h:icmpv6_send',
  ],
  [
    'Icmp6OutPktTooBigs',
    'Senders told of a smaller MTU.',
    'EG-10',
    'icmpv6_send()',
    'include/linux/icmpv6.h:icmpv6_send',
  ],
  [
    'Icmp6OutTimeExcds',
    'Senders told that the hop limit or the time for reassembly ran out.',
    'EG-10',
    'icmpv6_send()',
    'include/linux/icmpv6.h:icmpv6_send',
  ],
  [
    'Icmp6OutParmProblems',
    'Senders told of a header or an option that is not known or makes no sense.',
    'EG-10',
    'icmpv6_send()',
    'include/linux/icmpv6.h:icmpv6_send',
  ],
  [
    'Icmp6OutRateLimitHost',
    'Messages kept back by net.ipv6.icmp.ratelimit. What the limit of the whole host keeps back counts in IcmpOutRateLimitGlobal.',
    'EG-10',
    'inet_peer_xrlim_allow()',
    icmp,
  ],
  [
    'Udp6InDatagrams',
    'Datagrams over IPv6 that applications have read. What came over IPv4 counts in UdpInDatagrams, whatever socket took it.',
    'IN-33',
    'recvmsg()',
    'net/ipv6/udp.c:udpv6_recvmsg',
    'datagrams',
  ],
  [
    'Udp6NoPorts',
    'Datagrams over IPv6 for a port that nobody has.',
    'IN-28',
    'each',
    receive,
    'datagrams',
  ],
  [
    'Udp6InErrors',
    'Datagrams over IPv6 that were not delivered, for any reason but a missing port.',
    'IN-28',
    'each of the following',
    queue,
    'datagrams',
  ],
  [
    'Udp6RcvbufErrors',
    'Datagrams over IPv6 for a socket whose receive buffer was full.',
    'IN-28',
    '__udp_enqueue_schedule_skb()',
    queue,
    'datagrams',
  ],
  [
    'Udp6IgnoredMulti',
    'Datagrams to a group over IPv6 for a port that nobody has.',
    'IN-28',
    'each',
    'net/ipv6/udp.c:__udp6_lib_mcast_deliver',
    'datagrams',
  ],
  [
    'Udp6MemErrors',
    'Datagrams over IPv6 for which net.ipv4.udp_mem, shared by both families, left no memory.',
    'IN-28',
    '__udp_enqueue_schedule_skb()',
    queue,
    'datagrams',
  ],
  [
    'Udp6InCsumErrors',
    'Datagrams over IPv6 with a wrong checksum.',
    'IN-28',
    'each',
    receive,
    'datagrams',
  ],
];

export const ipv6Counters: readonly Counter[] = rows.map(
  ([id, meaning, step, moved_by, source, unit = 'packets']) =>
    complete(
      { id, meaning, step, moved_by, source },
      { shown: `/proc/net/snmp6; nstat -az ${id}`, unit, source },
    ),
);
