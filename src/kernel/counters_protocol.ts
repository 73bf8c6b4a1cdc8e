/// Protocol counters: /proc/net/snmp and /proc/net/netstat, by their nstat names. Those that the host
/// moves have an explanation; the others get one sentence.
import { complete, type Counter, type CounterRow } from './counters_entry.ts';

const rows: readonly CounterRow[] = [
  {
    id: 'IpInReceives',
    meaning: 'IPv4 packets that reached ip_rcv(), good or not.',
    step: 'IN-22',
    moved_by: 'each packet for this host at ip_rcv()',
    source: 'net/ipv4/ip_input.c:ip_rcv_core',
  },
  {
    id: 'IpInHdrErrors',
    meaning: 'Packets whose IP header made no sense.',
    step: 'IN-22',
    moved_by:
      'ip_rcv_core() at a header that is wrong; ip_forward() when the TTL has come to its end',
    if_it_grows: 'Someone sends broken packets.',
    source: 'net/ipv4/ip_input.c:ip_rcv_core',
  },
  {
    id: 'IpInAddrErrors',
    meaning: 'Packets for an address that is not ours, with forwarding off.',
    step: 'IN-25',
    moved_by: 'ip_error()',
    if_it_grows: 'Look at addresses and routes of the senders.',
    source: 'net/ipv4/route.c:ip_error',
  },
  {
    id: 'IpInDiscards',
    meaning: 'Packets dropped although nothing was wrong with them, for want of memory.',
    step: 'IN-22',
    source: 'net/ipv4/ip_input.c:ip_rcv_core',
  },
  {
    id: 'IpInDelivers',
    meaning: 'Packets handed to a transport protocol.',
    step: 'IN-27',
    moved_by: 'each packet at ip_protocol_deliver_rcu()',
    source: 'net/ipv4/ip_input.c:ip_protocol_deliver_rcu',
  },
  {
    id: 'UdpInDatagrams',
    meaning: 'Datagrams that an application has read.',
    step: 'IN-35',
    moved_by: 'each datagram that recvmsg() copies out; a datagram in the queue is not counted yet',
    source: 'net/ipv4/udp.c:udp_recvmsg',
  },
  {
    id: 'UdpNoPorts',
    meaning: 'Datagrams for a port on which nobody listens.',
    step: 'IN-28',
    moved_by: 'each such datagram',
    if_it_grows: 'The application is down, or somebody scans ports.',
    source: 'net/ipv4/udp.c:__udp4_lib_rcv',
  },
  {
    id: 'UdpInErrors',
    meaning: 'Datagrams lost on the way to a socket, for all reasons but a closed port.',
    step: 'IN-U1',
    moved_by: 'a full receive buffer, no memory, a wrong checksum',
    also_in: 'UdpRcvbufErrors, UdpMemErrors and UdpInCsumErrors say which',
    if_it_grows: 'Compare with UdpRcvbufErrors.',
    source: 'net/ipv4/udp.c:__udp_queue_rcv_skb',
  },
  {
    id: 'UdpRcvbufErrors',
    meaning: 'Datagrams lost because the receive buffer of their socket was full.',
    step: 'IN-U1',
    moved_by: '__udp_enqueue_schedule_skb() when the truesize does not fit sk_rcvbuf',
    also_in: 'drops of the socket: ss -uam, /proc/net/udp',
    if_it_grows: 'A reader is too slow, or its buffer too small for the bursts.',
    source: 'net/ipv4/udp.c:__udp_queue_rcv_skb',
  },
  {
    id: 'UdpInCsumErrors',
    meaning: 'Datagrams with a wrong UDP checksum.',
    step: 'IN-U1',
    moved_by: 'the check at the socket, or when the datagram is read',
    source: 'net/ipv4/udp.c:__udp4_lib_rcv',
  },
  {
    id: 'UdpMemErrors',
    meaning: 'Datagrams lost because UDP as a whole had no memory left.',
    step: 'IN-U1',
    moved_by: '__sk_mem_raise_allocated() above net.ipv4.udp_mem',
    if_it_grows: 'Raise udp_mem, or look for a reader that has stopped.',
    source: 'net/ipv4/udp.c:__udp_queue_rcv_skb',
  },
  {
    id: 'IpExtInOctets',
    meaning: 'Bytes of IPv4 packets received, headers included.',
    step: 'IN-22',
    unit: 'bytes',
    moved_by: 'each packet at ip_rcv()',
    source: 'net/ipv4/ip_input.c:ip_rcv_core',
  },
  {
    id: 'IpExtInNoECTPkts',
    meaning: 'Packets whose sender does not take part in explicit congestion notification.',
    step: 'IN-22',
    moved_by: 'each packet at ip_rcv()',
    source: 'net/ipv4/ip_input.c:ip_rcv_core',
  },
  {
    id: 'IpForwarding',
    meaning: 'A setting, not a counter: 1 when net.ipv4.conf.all.forwarding is on, else 2.',
    step: 'IN-25',
    unit: '',
  },
  {
    id: 'IpDefaultTTL',
    meaning: 'A setting, not a counter: net.ipv4.ip_default_ttl.',
    step: 'EG-10',
    unit: 'hops',
  },
];

function groupOf(id: string) {
  const extended = /^(TcpExt|IpExt|MPTcpExt)/.test(id);
  const six = /^(Ip6|Icmp6|Udp6|UdpLite6)/.test(id);
  const file = extended ? '/proc/net/netstat' : six ? '/proc/net/snmp6' : '/proc/net/snmp';
  const source = six ? 'net/ipv6/proc.c' : 'net/ipv4/proc.c';
  return { shown: `${file}; nstat -az ${id}`, unit: 'packets', source };
}

export const protocolCounters: readonly Counter[] = rows.map((row) =>
  complete(row, groupOf(row.id)),
);

/// The entry of a protocol counter that no modelled step moves.
export function protocolNames(id: string): Counter {
  const meaning =
    'A protocol counter that nothing in this model moves; it keeps its value after boot.';
  return complete({ id, meaning, step: '', unit: '' }, groupOf(id));
}
