/// Why a packet was dropped, as entries of the registry: the kernel's drop reasons and the ways in which
/// the hardware loses a frame. The names are those of reasons.ts. Long because it is one table.
import { complete, type Counter } from './counters_entry.ts';
import { DROP_REASONS, type DropReasonName } from './reasons.ts';

type Row = readonly [meaning: string, seen: string, source: string];

const rows: Readonly<Record<DropReasonName, Row>> = {
  'hw:filter': [
    'The frame was for another MAC address and the NIC is not promiscuous. No counter on a real host shows it.',
    '',
    'drivers/net/ethernet/intel/igb/igb_main.c:igb_set_rx_mode',
  ],
  'hw:link_down': [
    'The frame arrived while the link was down or the interface off.',
    '',
    'net/core/dev.c:dev_close',
  ],
  'hw:rx_crc_errors': [
    'The check sequence of the frame was wrong.',
    'rx_crc_errors',
    'drivers/net/ethernet/intel/igb/igb_main.c:igb_update_stats',
  ],
  'hw:rx_missed_errors': [
    'No descriptor was free and the packet buffer of the NIC was full.',
    'rx_missed_errors, rx_fifo_errors',
    'drivers/net/ethernet/intel/igb/igb_main.c:igb_update_stats',
  ],
  'hw:rx_queue_drops': [
    'No descriptor was free in the queue, and the NIC drops per queue.',
    'rx_queue_N_drops, rx_fifo_errors',
    'drivers/net/ethernet/intel/igb/igb_main.c:igb_update_stats',
  ],
  'hw:tap': [
    "No buffer was free and the queue of the host's tap device was full; only the host counts it.",
    '',
    'drivers/net/virtio_net.c:virtnet_poll',
  ],
  'hw:ring_reset': [
    'The frame was in a ring that the driver emptied for a reset.',
    '',
    'drivers/net/ethernet/intel/igb/igb_main.c:igb_clean_rx_ring',
  ],
  'hw:rx_length_errors': [
    'The frame was longer than the NIC was told to take.',
    'rx_long_length_errors, rx_length_errors',
    'drivers/net/ethernet/intel/igb/igb_main.c:igb_set_rx_mode',
  ],
  OTHERHOST: [
    'The packet was for another host; the NIC is promiscuous.',
    '',
    'net/ipv4/ip_input.c:ip_rcv_core',
  ],
  CPU_BACKLOG: [
    'The backlog of the CPU was full, or flow limit refused the packet.',
    'softnet_stat column 2, rx_dropped',
    'net/core/dev.c:enqueue_to_backlog',
  ],
  DEV_READY: [
    'The device was taken down while the packet was in a backlog.',
    'rx_dropped',
    'net/core/dev.c:enqueue_to_backlog',
  ],
  IP_INADDRERRORS: [
    'The destination address is not one of this host.',
    'IpInAddrErrors',
    'net/ipv4/route.c:ip_error',
  ],
  NETFILTER_DROP: [
    'A rule, or the policy of a base chain, dropped the packet at a netfilter hook.',
    'nft list ruleset, iptables -L -v',
    'net/netfilter/core.c:nf_hook_slow',
  ],
  UDP_CSUM: [
    'The UDP checksum was wrong.',
    'UdpInCsumErrors, UdpInErrors',
    'net/ipv4/udp.c:__udp4_lib_rcv',
  ],
  NO_SOCKET: [
    'Nobody listens on the port; the sender gets an ICMP message.',
    'UdpNoPorts',
    'net/ipv4/udp.c:__udp4_lib_rcv',
  ],
  SOCKET_RCVBUFF: [
    'The receive buffer of the socket was full.',
    'UdpRcvbufErrors, UdpInErrors, drops of the socket',
    'net/ipv4/udp.c:__udp_queue_rcv_skb',
  ],
  PROTO_MEM: [
    'UDP as a whole had no memory left (net.ipv4.udp_mem).',
    'UdpMemErrors, UdpInErrors, drops of the socket',
    'net/ipv4/udp.c:__udp_queue_rcv_skb',
  ],
  TCP_CSUM: [
    'The TCP checksum was wrong.',
    'TcpInCsumErrors, TcpInErrs',
    'net/ipv4/tcp_ipv4.c:tcp_v4_rcv',
  ],
  TCP_MINTTL: [
    'The TTL was below what the socket asks for (IP_MINTTL).',
    'TcpExtTCPMinTTLDrop, drops of the socket',
    'net/ipv4/tcp_ipv4.c:tcp_v4_rcv',
  ],
  TCP_FLAGS: [
    'The TCP flags make no sense in the state of the socket.',
    '',
    'net/ipv4/tcp_input.c:tcp_rcv_state_process',
  ],
  TCP_RESET: [
    'A reset from the other end: it has done its work.',
    'TcpEstabResets',
    'net/ipv4/tcp_input.c:tcp_reset',
  ],
  TCP_OLD_DATA: [
    'A segment of which every byte was received before: a needless retransmission.',
    'TcpExtDelayedACKLost, TcpExtTCPDSACKOldSent',
    'net/ipv4/tcp_input.c:tcp_data_queue',
  ],
  TCP_OVERWINDOW: [
    'Data that begins beyond the window that was offered.',
    '',
    'net/ipv4/tcp_input.c:tcp_data_queue',
  ],
  TCP_ZEROWINDOW: [
    'Data for a window that is shut.',
    'TcpExtTCPZeroWindowDrop',
    'net/ipv4/tcp_input.c:tcp_data_queue',
  ],
  TCP_RFC7323_PAWS: [
    'The timestamp is older than one seen before: a late duplicate.',
    'TcpExtPAWSEstab',
    'net/ipv4/tcp_input.c:tcp_validate_incoming',
  ],
  TCP_OLD_SEQUENCE: [
    'The segment ends before the window: nothing in it is new.',
    '',
    'net/ipv4/tcp_input.c:tcp_sequence',
  ],
  TCP_INVALID_SEQUENCE: [
    'The segment begins behind the window.',
    '',
    'net/ipv4/tcp_input.c:tcp_sequence',
  ],
  TCP_TOO_OLD_ACK: [
    'It acknowledges something from before the window: perhaps forged.',
    'TcpExtTCPChallengeACK',
    'net/ipv4/tcp_input.c:tcp_ack',
  ],
  TCP_OLD_ACK: [
    'The third ACK acknowledges something older than the SYN-ACK.',
    '',
    'net/ipv4/tcp_input.c:tcp_rcv_state_process',
  ],
  TCP_ACK_UNSENT_DATA: ['It acknowledges what was never sent.', '', 'net/ipv4/tcp_input.c:tcp_ack'],
  TCP_INVALID_SYN: [
    'A SYN in the middle of a connection.',
    'TcpExtTCPSYNChallenge',
    'net/ipv4/tcp_input.c:tcp_validate_incoming',
  ],
  TCP_OFOMERGE: [
    'A segment out of order that others in the queue cover.',
    'TcpExtTCPOFOMerge',
    'net/ipv4/tcp_input.c:tcp_data_queue_ofo',
  ],
  TCP_OFO_DROP: [
    'A segment that waited out of order, while its data came in order.',
    '',
    'net/ipv4/tcp_input.c:tcp_ofo_queue',
  ],
  TCP_OFO_QUEUE_PRUNE: [
    'Dropped from the out-of-order queue to get below the receive buffer.',
    'TcpExtOfoPruned',
    'net/ipv4/tcp_input.c:tcp_prune_ofo_queue',
  ],
  TCP_CLOSE: [
    'A segment for a connection that is closed.',
    '',
    'net/ipv4/tcp_input.c:tcp_rcv_state_process',
  ],
  TCP_ABORT_ON_DATA: [
    'Data behind a FIN: the connection is reset.',
    'TcpExtTCPAbortOnData',
    'net/ipv4/tcp_input.c:tcp_rcv_state_process',
  ],
  SOCKET_BACKLOG: [
    'The backlog of a socket that a task holds, and its receive queue, have reached their limit.',
    'TcpExtTCPBacklogDrop',
    'net/ipv4/tcp_ipv4.c:tcp_add_backlog',
  ],
  IP_CSUM: [
    'The checksum of the IPv4 header was wrong.',
    'IpExtInCsumErrors, IpInHdrErrors',
    'net/ipv4/ip_input.c:ip_rcv_core',
  ],
  IP_INHDR: [
    'The IP header made no sense, or its TTL was used up on a router.',
    'IpInHdrErrors',
    'net/ipv4/ip_input.c:ip_rcv_core',
  ],
  IP_RPFILTER: [
    'The answer to this sender would leave by another device (net.ipv4.conf.*.rp_filter).',
    'TcpExtIPReversePathFilter',
    'net/ipv4/ip_input.c:ip_rcv_finish_core',
  ],
  UNICAST_IN_L2_MULTICAST: [
    'A packet for one host came in a frame for many, and drop_unicast_in_l2_multicast is on.',
    '',
    'net/ipv4/ip_input.c:ip_rcv_finish_core',
  ],
  IP_NOPROTO: [
    'No transport protocol has that number here; the sender gets an ICMP message.',
    'IpInUnknownProtos',
    'net/ipv4/ip_input.c:ip_protocol_deliver_rcu',
  ],
  UNHANDLED_PROTO: [
    'Nobody here takes frames of that EtherType, or the type of an ICMP message is unknown.',
    'rx_dropped',
    'net/core/dev.c:__netif_receive_skb_core',
  ],
  ICMP_CSUM: [
    'The checksum of the ICMP message was wrong.',
    'IcmpInCsumErrors, IcmpInErrors',
    'net/ipv4/icmp.c:icmp_rcv',
  ],
  INVALID_PROTO: [
    'An ICMP message to a broadcast address of a type that is not answered there.',
    'IcmpInErrors',
    'net/ipv4/icmp.c:icmp_rcv',
  ],
  IP_INNOROUTES: [
    'No route to the destination, on a host that forwards.',
    'IpExtInNoRoutes',
    'net/ipv4/route.c:ip_error',
  ],
  IP_OUTNOROUTES: [
    'No route for a packet that was to leave.',
    'IpOutNoRoutes',
    'net/ipv6/route.c:ip6_pkt_drop',
  ],
  PKT_TOO_BIG: [
    'Larger than the MTU of the way on, and not to be fragmented; the sender gets an ICMP message.',
    'IpFragFails',
    'net/ipv4/ip_forward.c:ip_forward',
  ],
  PKT_TOO_SMALL: [
    'Shorter than its own header says.',
    'IpExtInTruncatedPkts',
    'net/ipv4/ip_input.c:ip_rcv_core',
  ],
  DUP_FRAG: ['The fragment was here already.', '', 'net/ipv4/ip_fragment.c:ip_frag_queue'],
  FRAG_REASM_TIMEOUT: [
    'The rest of the datagram did not come in time.',
    'IpReasmTimeout, IpReasmFails',
    'net/ipv4/ip_fragment.c:ip_expire',
  ],
  FRAG_TOO_FAR: [
    'More than ipfrag_max_dist other fragments of the sender came between two of this datagram.',
    'IpReasmFails',
    'net/ipv4/ip_fragment.c:ip_frag_reinit',
  ],
  IPV6DISABLED: [
    'IPv6 is switched off on the device.',
    'Ip6InDiscards',
    'net/ipv6/ip6_input.c:ip6_rcv_core',
  ],
  NOT_SPECIFIED: [
    'Freed without a reason given: a martian, a packet in the queue of a socket that was closed, one that GRO held for a receive queue that is no more.',
    '',
    'net/core/dev.c:flush_gro_hash',
  ],
  'hw:xdp_drop': [
    'An XDP program in the driver dropped the frame, before an skb existed.',
    'rx_xdp_drops',
    'drivers/net/ethernet/intel/igb/igb_main.c:igb_run_xdp',
  ],
  'hw:xdp_aborted': [
    'An XDP program in the driver ended with XDP_ABORTED: an error of its own. The tracepoint xdp:xdp_exception tells.',
    'rx_xdp_drops',
    'drivers/net/ethernet/intel/igb/igb_main.c:igb_run_xdp',
  ],
  'hw:xdp_tx_drops': [
    'XDP_TX found no room in the transmit ring, or no link.',
    'tx_xdp_tx_drops',
    'drivers/net/virtio_net.c:virtnet_xdp_xmit',
  ],
  'hw:xdp_redirect_err': [
    'XDP_REDIRECT led nowhere: the device is down, takes no such frames or has no room, or the socket is bound elsewhere. The tracepoint xdp:xdp_redirect_err tells.',
    'rx_xdp_drops',
    'net/core/filter.c:xdp_do_redirect',
  ],
  'hw:cpumap_drops': [
    'The ring of a cpumap to another CPU was full. The tracepoint xdp:xdp_cpumap_enqueue tells.',
    '',
    'kernel/bpf/cpumap.c:bq_flush_to_queue',
  ],
  'hw:xsk_drops': [
    'The frame was in a ring of an AF_XDP socket that was closed.',
    '',
    'net/xdp/xsk.c:xsk_release',
  ],
  'hw:rx_csum_errors': [
    'A checksum of the headers was wrong, and the NIC threw the frame away: a Cadence GEM does.',
    'rx_ip_header_checksum_errors, rx_tcp_checksum_errors, rx_udp_checksum_errors',
    'drivers/net/ethernet/cadence/macb_main.c',
  ],
  'hw:no_resources': [
    'No descriptor was free in the list of an 82596, whose driver reads no count of such frames.',
    '',
    'drivers/net/ethernet/i825xx/lib82596.c:i596_interrupt',
  ],
  XDP: [
    'A generic XDP program redirected the packet to where it could not go.',
    '',
    'net/core/dev.c:do_xdp_generic',
  ],
  TC_INGRESS: [
    'A filter on the ingress of the device dropped the packet, before IP saw it.',
    'tc -s filter show dev DEV ingress',
    'net/core/dev.c:sch_handle_ingress',
  ],
};

export const dropReasons: readonly Counter[] = Object.entries(rows).map(
  ([name, [meaning, seen, source]]) =>
    complete(
      {
        id: `reason:${name}`,
        meaning,
        step: DROP_REASONS.find((reason) => reason.name === name)!.step,
        also_in: seen,
        source,
        moved_by: 'each packet dropped so',
      },
      { shown: 'the ledger; on a host the tracepoint skb:kfree_skb', unit: 'packets', source },
    ),
);
