/// Why a packet was dropped, as entries of the registry: the kernel's drop reasons and the ways in which
/// the hardware loses a frame. The names are those of reasons.ts.
import { complete, type Counter } from './counters_entry.ts';
import type { DropReasonName } from './reasons.ts';

type Row = readonly [meaning: string, step: Counter['step'], seen: string, source: string];

const rows: Readonly<Record<DropReasonName, Row>> = {
  'hw:filter': [
    'The frame was for another MAC address and the NIC is not promiscuous. No counter on a real host shows it.',
    'IN-01',
    '',
    'drivers/net/ethernet/intel/igb/igb_main.c:igb_set_rx_mode',
  ],
  'hw:link_down': [
    'The frame arrived while the link was down or the interface off.',
    'IN-01',
    '',
    'net/core/dev.c:dev_close',
  ],
  'hw:rx_crc_errors': [
    'The check sequence of the frame was wrong.',
    'IN-01',
    'rx_crc_errors',
    'drivers/net/ethernet/intel/igb/igb_main.c:igb_update_stats',
  ],
  'hw:rx_missed_errors': [
    'No descriptor was free and the packet buffer of the NIC was full.',
    'IN-03',
    'rx_missed_errors, rx_fifo_errors',
    'drivers/net/ethernet/intel/igb/igb_main.c:igb_update_stats',
  ],
  'hw:rx_queue_drops': [
    'No descriptor was free in the queue, and the NIC drops per queue.',
    'IN-03',
    'rx_queue_N_drops, rx_fifo_errors',
    'drivers/net/ethernet/intel/igb/igb_main.c:igb_update_stats',
  ],
  'hw:tap': [
    "No buffer was free and the queue of the host's tap device was full; only the host counts it.",
    'IN-03',
    '',
    'drivers/net/virtio_net.c:virtnet_poll',
  ],
  'hw:ring_reset': [
    'The frame was in a ring that the driver emptied for a reset.',
    'IN-03',
    '',
    'drivers/net/ethernet/intel/igb/igb_main.c:igb_clean_rx_ring',
  ],
  OTHERHOST: [
    'The packet was for another host; the NIC is promiscuous.',
    'IN-22',
    '',
    'net/ipv4/ip_input.c:ip_rcv_core',
  ],
  CPU_BACKLOG: [
    'The backlog of the CPU was full, or flow limit refused the packet.',
    'IN-15',
    'softnet_stat column 2, rx_dropped',
    'net/core/dev.c:enqueue_to_backlog',
  ],
  DEV_READY: [
    'The device was taken down while the packet was in a backlog.',
    'IN-15',
    'rx_dropped',
    'net/core/dev.c:enqueue_to_backlog',
  ],
  IP_INADDRERRORS: [
    'The destination address is not one of this host.',
    'IN-25',
    'IpInAddrErrors',
    'net/ipv4/route.c:ip_error',
  ],
  UDP_CSUM: [
    'The UDP checksum was wrong.',
    'IN-U1',
    'UdpInCsumErrors, UdpInErrors',
    'net/ipv4/udp.c:__udp4_lib_rcv',
  ],
  NO_SOCKET: [
    'Nobody listens on the port; the sender gets an ICMP message.',
    'IN-28',
    'UdpNoPorts',
    'net/ipv4/udp.c:__udp4_lib_rcv',
  ],
  SOCKET_RCVBUFF: [
    'The receive buffer of the socket was full.',
    'IN-U1',
    'UdpRcvbufErrors, UdpInErrors, drops of the socket',
    'net/ipv4/udp.c:__udp_queue_rcv_skb',
  ],
  PROTO_MEM: [
    'UDP as a whole had no memory left (net.ipv4.udp_mem).',
    'IN-U1',
    'UdpMemErrors, UdpInErrors, drops of the socket',
    'net/ipv4/udp.c:__udp_queue_rcv_skb',
  ],
  SOCKET_CLOSE: [
    'The socket was closed with the packet in its queue.',
    'IN-35',
    '',
    'net/ipv4/udp.c:udp_destruct_common',
  ],
};

export const dropReasons: readonly Counter[] = Object.entries(rows).map(
  ([name, [meaning, step, seen, source]]) =>
    complete(
      {
        id: `reason:${name}`,
        meaning,
        step,
        also_in: seen,
        source,
        moved_by: 'each packet dropped so',
      },
      { shown: 'the ledger; on a host the tracepoint skb:kfree_skb', unit: 'packets', source },
    ),
);
