/// What the drivers e1000e, e1000 and vmxnet3 show with ethtool -S. Where Intel's drivers read the same register
/// as igb, the entry is igb's under another name.
import { deviceCounters } from './counters_device.ts';
import { complete, type Counter, type CounterRow } from './counters_entry.ts';
import { ethtoolCounters } from './counters_meanings.ts';

const shown = { shown: 'ethtool -S DEV', unit: 'packets' } as const;
const SOURCES = {
  e1000e: 'drivers/net/ethernet/intel/e1000e/netdev.c:e1000e_update_stats',
  e1000: 'drivers/net/ethernet/intel/e1000/e1000_main.c',
} as const;

/// Registers that igb shows too; rx_long_byte_count is of e1000 alone.
const SHARED =
  `rx_packets tx_packets rx_bytes tx_bytes rx_broadcast tx_broadcast rx_multicast tx_multicast
rx_errors tx_errors tx_dropped multicast collisions rx_length_errors rx_over_errors rx_crc_errors
rx_frame_errors rx_no_buffer_count rx_missed_errors tx_aborted_errors tx_carrier_errors tx_fifo_errors
tx_heartbeat_errors tx_window_errors tx_abort_late_coll tx_deferred_ok tx_single_coll_ok
tx_multi_coll_ok tx_timeout_count rx_long_length_errors rx_short_length_errors rx_align_errors
tx_tcp_seg_good tx_tcp_seg_failed rx_flow_control_xon rx_flow_control_xoff tx_flow_control_xon
tx_flow_control_xoff tx_smbus rx_smbus dropped_smbus`.split(/\s+/);
const BY_DRIVER = {
  e1000e: [...SHARED, 'rx_hwtstamp_cleared', 'tx_hwtstamp_timeouts', 'tx_hwtstamp_skipped'],
  e1000: [...SHARED, 'rx_long_byte_count'],
} as const;

function likeIgb(driver: keyof typeof SOURCES): Counter[] {
  return BY_DRIVER[driver].map((name) => {
    const igb = deviceCounters.find(({ id }) => id === `ethtool:igb:${name}`);
    if (!igb) throw new Error(`igb has no counter ${name}`);
    // The register RXERRC of e1000 counts symbol errors, which no cable here has.
    const moved_by = driver === 'e1000' && name === 'rx_errors' ? '' : igb.moved_by;
    return { ...igb, id: `ethtool:${driver}:${name}`, moved_by, source: SOURCES[driver] };
  });
}

const OWN = 'tx_restart_queue rx_csum_offload_good rx_csum_offload_errors alloc_rx_buff_failed';
const OWN_E1000E = 'rx_header_split rx_dma_failed tx_dma_failed uncorr_ecc_errors corr_ecc_errors';

/// By queue: side, name as the driver prints it without its indent, meaning, unit, step, what moves it.
const VMXNET3 = [
  [
    'rx',
    'LRO pkts rx',
    'Packets that the device had merged from several.',
    'packets',
    'IN-03',
    'LRO',
  ],
  ['rx', 'LRO byte rx', 'Bytes of those packets.', 'bytes', 'IN-03', 'LRO'],
  ['rx', 'ucast pkts rx', 'Packets taken off the ring.', 'packets', 'IN-09', 'each poll'],
  ['rx', 'ucast bytes rx', 'Bytes of those packets.', 'bytes', 'IN-09', 'each poll'],
  ['rx', 'mcast pkts rx', 'Multicast packets received.', 'packets', 'IN-09', ''],
  ['rx', 'mcast bytes rx', 'Bytes of those packets.', 'bytes', 'IN-09', ''],
  ['rx', 'bcast pkts rx', 'Broadcast packets received.', 'packets', 'IN-09', ''],
  ['rx', 'bcast bytes rx', 'Bytes of those packets.', 'bytes', 'IN-09', ''],
  [
    'rx',
    'pkts rx OOB',
    'Frames lost because the queue had no buffer left.',
    'packets',
    'IN-03',
    'a full ring',
  ],
  ['rx', 'pkts rx err', 'Frames that arrived damaged.', 'packets', 'IN-01', ''],
  ['rx', 'drv dropped rx total', 'Packets that the driver dropped.', 'packets', 'IN-09', ''],
  ['rx', 'err', 'Those dropped for an error in the frame.', 'packets', 'IN-09', ''],
  ['rx', 'fcs', 'Those dropped for their check sequence.', 'packets', 'IN-09', ''],
  ['rx', 'rx buf alloc fail', 'Times that there was no memory for a buffer.', 'times', 'IN-03', ''],
  ['rx', 'xdp packets', 'Packets that an XDP program saw.', 'packets', 'IN-10', 'XDP'],
  ['rx', 'xdp tx', 'Packets that XDP sent back.', 'packets', 'IN-10', 'XDP'],
  ['rx', 'xdp redirects', 'Packets that XDP sent elsewhere.', 'packets', 'IN-10', 'XDP'],
  ['rx', 'xdp drops', 'Packets that XDP dropped.', 'packets', 'IN-10', 'XDP'],
  ['rx', 'xdp aborted', 'Packets on which an XDP program failed.', 'packets', 'IN-10', 'XDP'],
  ['tx', 'TSO pkts tx', 'Packets that the device cut into segments.', 'packets', 'EG-24', ''],
  ['tx', 'TSO bytes tx', 'Bytes of those packets.', 'bytes', 'EG-24', ''],
  ['tx', 'ucast pkts tx', 'Packets sent.', 'packets', 'EG-24', ''],
  ['tx', 'ucast bytes tx', 'Bytes of those packets.', 'bytes', 'EG-24', ''],
  ['tx', 'mcast pkts tx', 'Multicast packets sent.', 'packets', 'EG-24', ''],
  ['tx', 'mcast bytes tx', 'Bytes of those packets.', 'bytes', 'EG-24', ''],
  ['tx', 'bcast pkts tx', 'Broadcast packets sent.', 'packets', 'EG-24', ''],
  ['tx', 'bcast bytes tx', 'Bytes of those packets.', 'bytes', 'EG-24', ''],
  ['tx', 'pkts tx err', 'Packets that could not be sent.', 'packets', 'EG-24', ''],
  ['tx', 'pkts tx discard', 'Packets that the device threw away.', 'packets', 'EG-24', ''],
  ['tx', 'drv dropped tx total', 'Packets that the driver dropped.', 'packets', 'EG-21', ''],
  ['tx', 'too many frags', 'Those dropped for too many fragments.', 'packets', 'EG-21', ''],
  ['tx', 'giant hdr', 'Packets whose header was too long to copy.', 'packets', 'EG-21', ''],
  ['tx', 'hdr err', 'Those dropped for a header that could not be read.', 'packets', 'EG-21', ''],
  ['tx', 'tso', 'Those dropped because they could not be segmented.', 'packets', 'EG-21', ''],
  ['tx', 'ring full', 'Times that the transmit ring was full.', 'times', 'EG-21', ''],
  ['tx', 'pkts linearized', 'Packets copied into one piece.', 'packets', 'EG-21', ''],
  [
    'tx',
    'hdr cloned',
    'Packets whose header was shared and had to be copied.',
    'packets',
    'EG-21',
    '',
  ],
  ['tx', 'xdp xmit', 'Packets sent by XDP.', 'packets', 'IN-10', 'XDP'],
  ['tx', 'xdp xmit err', 'Packets of XDP that could not be sent.', 'packets', 'IN-10', ''],
] as const;

const vmxnet3Rows: readonly CounterRow[] = [
  ...VMXNET3.map(([side, name, meaning, unit, step, moved_by]): CounterRow => ({
    id: `ethtool:vmxnet3:${side}N_${name.replaceAll(' ', '_')}`,
    ...{ meaning, unit, step, moved_by },
  })),
  {
    id: 'ethtool:vmxnet3:rxN_Rx_Queue#',
    ...{ meaning: 'Number of the receive queue that the lines below are about.', step: '' },
  },
  {
    id: 'ethtool:vmxnet3:txN_Tx_Queue#',
    ...{ meaning: 'Number of the transmit queue that the lines below are about.', step: '' },
  },
  {
    id: 'ethtool:vmxnet3:tx_timeout_count',
    ...{ meaning: 'Times that the driver took the transmitter for stuck.', step: 'EG-24' },
  },
];

export const nicCounters: readonly Counter[] = [
  ...likeIgb('e1000e'),
  ...ethtoolCounters('e1000e', `${OWN} ${OWN_E1000E}`, SOURCES.e1000e),
  ...likeIgb('e1000'),
  ...ethtoolCounters('e1000', OWN, SOURCES.e1000),
  ...vmxnet3Rows.map((row) =>
    complete(row, {
      ...shown,
      source: 'drivers/net/vmxnet3/vmxnet3_ethtool.c:vmxnet3_get_ethtool_stats',
    }),
  ),
];
