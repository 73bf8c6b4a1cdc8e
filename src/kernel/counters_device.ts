/// Counters of devices: the totals that /sys/class/net/DEV/statistics and ip -s link show, and what the
/// drivers igb and virtio_net show with ethtool -S.
import { complete, type Counter, type CounterRow } from './counters_entry.ts';

const stats = {
  shown: '/sys/class/net/DEV/statistics, ip -s -s link show DEV',
  unit: 'packets',
} as const;
const igbSource = 'drivers/net/ethernet/intel/igb/igb_main.c:igb_update_stats';
const virtioSource = 'drivers/net/virtio_net.c:virtnet_stats';

const linkRows: readonly CounterRow[] = [
  {
    id: 'link:rx_packets',
    meaning: 'Packets that the driver passed on.',
    step: 'IN-09',
    moved_by: 'each frame that the poll function takes off a ring',
    also_in: '/proc/net/dev; ethtool -S, by queue',
  },
  {
    id: 'link:rx_bytes',
    meaning: 'Bytes of those packets, without the check sequence.',
    unit: 'bytes',
    step: 'IN-09',
    moved_by: 'each frame that the poll function takes off a ring',
    also_in: '/proc/net/dev',
  },
  {
    id: 'link:rx_errors',
    meaning:
      'Frames that arrived damaged; on igb the sum of checksum, length and alignment errors.',
    step: 'IN-01',
    moved_by: 'damaged frames',
    if_it_grows: 'Cable, optics or the other side. No packet buffer was involved.',
  },
  {
    id: 'link:rx_dropped',
    meaning: 'Packets that the kernel or the driver dropped before a protocol saw them.',
    step: 'IN-15',
    moved_by: 'a full backlog; a device taken down with packets in a backlog',
    also_in: 'dropped in softnet_stat',
    if_it_grows: 'Look at softnet_stat column 2.',
    source: 'net/core/dev.c:dev_get_stats',
  },
  {
    id: 'link:rx_missed_errors',
    meaning:
      'Frames lost because no descriptor was free and the packet buffer of the NIC was full.',
    step: 'IN-03',
    moved_by: 'igb, when it does not drop per queue',
    also_in: 'ethtool -S; the drop column of /proc/net/dev counts it too',
    if_it_grows:
      'The driver empties the ring too late: longer ring, more queues, or a less busy CPU.',
  },
  {
    id: 'link:rx_fifo_errors',
    meaning:
      'Frames lost for want of a descriptor; igb adds its per-queue drops to the missed frames.',
    step: 'IN-03',
    moved_by: 'igb, for every frame that found no room',
    also_in: 'the fifo column of /proc/net/dev',
    if_it_grows: 'As rx_missed_errors.',
  },
  {
    id: 'link:rx_crc_errors',
    meaning: 'Frames whose check sequence was wrong.',
    step: 'IN-01',
    moved_by: 'damaged frames on the wire',
    also_in: 'ethtool -S; rx_errors',
    if_it_grows: 'A bad cable or bad optics.',
  },
  { id: 'link:rx_length_errors', meaning: 'Frames too short or too long.', step: 'IN-01' },
  {
    id: 'link:rx_frame_errors',
    meaning: 'Frames that did not end on a whole byte.',
    step: 'IN-01',
  },
  { id: 'link:rx_over_errors', meaning: 'Frames that overran the receiver.', step: 'IN-03' },
  { id: 'link:rx_compressed', meaning: 'Compressed packets, on links that have them.', step: '' },
  {
    id: 'link:rx_nohandler',
    meaning: 'Packets of an inactive device that no protocol wanted.',
    step: 'IN-21',
    source: 'net/core/dev.c:__netif_receive_skb_core',
  },
  { id: 'link:multicast', meaning: 'Multicast frames received.', step: 'IN-01' },
  { id: 'link:collisions', meaning: 'Collisions, on half-duplex links.', step: 'EG-24' },
  {
    id: 'link:tx_packets',
    meaning: 'Packets sent. This host sends none: only receiving is modelled.',
    step: 'EG-26',
  },
  { id: 'link:tx_bytes', meaning: 'Bytes sent.', unit: 'bytes', step: 'EG-26' },
  { id: 'link:tx_errors', meaning: 'Packets that could not be sent.', step: 'EG-24' },
  { id: 'link:tx_dropped', meaning: 'Packets dropped before they were sent.', step: 'EG-20' },
  {
    id: 'link:tx_aborted_errors',
    meaning: 'Frames given up after too many collisions.',
    step: 'EG-24',
  },
  { id: 'link:tx_carrier_errors', meaning: 'Frames sent without a carrier.', step: 'EG-24' },
  { id: 'link:tx_fifo_errors', meaning: 'Frames that came too late out of memory.', step: 'EG-24' },
  {
    id: 'link:tx_heartbeat_errors',
    meaning: 'Missing heartbeats of old transceivers.',
    step: 'EG-24',
  },
  { id: 'link:tx_window_errors', meaning: 'Collisions after the allowed window.', step: 'EG-24' },
  { id: 'link:tx_compressed', meaning: 'Compressed packets sent.', step: '' },
  {
    id: 'link:carrier_changes',
    meaning: 'Times that the link came up or went down.',
    unit: 'changes',
    step: 'IN-01',
    moved_by: 'resets of the NIC and ip link set up or down',
    shown: '/sys/class/net/DEV/carrier_changes',
    source: 'net/sched/sch_generic.c:netif_carrier_on',
  },
];

/// The columns of /proc/net/dev that add several counters up.
const netDevRows: readonly CounterRow[] = [
  {
    id: 'net_dev:rx_dropped',
    meaning: 'rx_dropped and rx_missed_errors together.',
    step: 'IN-03',
    moved_by: 'both',
    if_it_grows: 'Look at the two apart: /sys/class/net/DEV/statistics.',
  },
  {
    id: 'net_dev:rx_frame_errors',
    meaning: 'Length, overrun, checksum and alignment errors together.',
    step: 'IN-01',
    moved_by: 'all of them',
  },
  {
    id: 'net_dev:tx_carrier_errors',
    meaning: 'Carrier, aborted, window and heartbeat errors together.',
    step: 'EG-24',
  },
];

const igbQueueRows: readonly CounterRow[] = [
  {
    id: 'ethtool:igb:rx_queue_N_packets',
    meaning: 'Frames that the poll function took off this ring.',
    step: 'IN-09',
    moved_by: 'igb_clean_rx_irq()',
    also_in: 'rx_packets, summed over the queues',
  },
  {
    id: 'ethtool:igb:rx_queue_N_bytes',
    meaning: 'Their bytes, without the check sequence.',
    unit: 'bytes',
    step: 'IN-09',
    moved_by: 'igb_clean_rx_irq()',
  },
  {
    id: 'ethtool:igb:rx_queue_N_drops',
    meaning: 'Frames that the NIC dropped because this ring had no free descriptor.',
    step: 'IN-03',
    moved_by: 'the NIC, with several queues and transmit pause frames off',
    also_in: 'rx_fifo_errors',
    if_it_grows: 'This queue is emptied too late: longer ring, or a less busy CPU.',
  },
  {
    id: 'ethtool:igb:rx_queue_N_csum_err',
    meaning: 'Frames with a wrong IP or transport checksum; the kernel checks them again.',
    step: 'IN-11',
  },
  {
    id: 'ethtool:igb:rx_queue_N_alloc_failed',
    meaning: 'Times that no memory was there for a new buffer.',
    step: 'IN-03',
  },
  { id: 'ethtool:igb:tx_queue_N_packets', meaning: 'Packets sent by this queue.', step: 'EG-26' },
  {
    id: 'ethtool:igb:tx_queue_N_bytes',
    meaning: 'Bytes sent by this queue.',
    unit: 'bytes',
    step: 'EG-26',
  },
  {
    id: 'ethtool:igb:tx_queue_N_restart',
    meaning: 'Times that a full transmit ring was opened again.',
    step: 'EG-27',
  },
];

const igbRows: readonly CounterRow[] = [
  {
    id: 'ethtool:igb:rx_packets',
    meaning: 'Good frames that passed the address filter, whether the driver got them or not.',
    step: 'IN-01',
    moved_by: 'the NIC, for each frame',
    also_in: 'minus rx_queue_N_packets of all queues: lost or still waiting',
  },
  {
    id: 'ethtool:igb:rx_bytes',
    meaning: 'Bytes of the good frames, check sequence included.',
    unit: 'bytes',
    step: 'IN-01',
    moved_by: 'the NIC, for each frame',
  },
  {
    id: 'ethtool:igb:rx_no_buffer_count',
    meaning:
      'Frames that found no free descriptor when they arrived. They may wait in the packet buffer.',
    step: 'IN-03',
    moved_by: 'the NIC',
    if_it_grows: 'Not yet a loss: the packet buffer caught them. rx_missed_errors is the loss.',
  },
  ...(
    [
      ['rx_missed_errors', 'Frames lost because the packet buffer was full.', 'IN-03', true],
      ['rx_crc_errors', 'Frames whose check sequence was wrong.', 'IN-01', true],
      ['rx_errors', 'Checksum, length and alignment errors together.', 'IN-01', true],
      ['rx_fifo_errors', 'Missed frames and per-queue drops together.', 'IN-03', true],
      ['rx_long_byte_count', 'The same register as rx_bytes.', 'IN-01', true],
      ['tx_packets', 'Frames sent.', 'EG-24', false],
      ['tx_bytes', 'Bytes sent, check sequence included.', 'EG-24', false],
      ['rx_broadcast', 'Broadcast frames received.', 'IN-01', false],
      ['tx_broadcast', 'Broadcast frames sent.', 'EG-24', false],
      ['rx_multicast', 'Multicast frames received.', 'IN-01', false],
      ['tx_multicast', 'Multicast frames sent.', 'EG-24', false],
      ['multicast', 'The same register as rx_multicast.', 'IN-01', false],
      ['collisions', 'Collisions, on half-duplex links.', 'EG-24', false],
      ['tx_aborted_errors', 'Frames given up after too many collisions.', 'EG-24', false],
      ['tx_carrier_errors', 'Frames sent without a carrier.', 'EG-24', false],
      ['tx_window_errors', 'Late collisions.', 'EG-24', false],
      ['tx_abort_late_coll', 'The same register as tx_window_errors.', 'EG-24', false],
      ['tx_deferred_ok', 'Frames that waited for the wire to be free.', 'EG-24', false],
      ['tx_single_coll_ok', 'Frames sent after one collision.', 'EG-24', false],
      ['tx_multi_coll_ok', 'Frames sent after several collisions.', 'EG-24', false],
      ['tx_timeout_count', 'Times that the driver took the transmitter for stuck.', 'EG-24', false],
      ['rx_long_length_errors', 'Frames longer than the receiver takes.', 'IN-01', false],
      ['rx_short_length_errors', 'Frames shorter than 64 bytes.', 'IN-01', false],
      ['rx_align_errors', 'Frames that did not end on a whole byte.', 'IN-01', false],
      ['tx_tcp_seg_good', 'Segmentations done by the NIC.', 'EG-24', false],
      ['tx_tcp_seg_failed', 'Segmentations that failed.', 'EG-24', false],
      ['rx_flow_control_xon', 'Pause frames that ended a pause, received.', 'IN-01', true],
      ['rx_flow_control_xoff', 'Pause frames that asked for a pause, received.', 'IN-01', true],
      ['tx_flow_control_xon', 'Pause frames that ended a pause, sent.', 'IN-03', true],
      ['tx_flow_control_xoff', 'Pause frames that asked for a pause, sent.', 'IN-03', true],
      ['tx_dma_out_of_sync', 'Times that the transmit DMA lost its place.', 'EG-24', false],
      ['tx_smbus', 'Frames sent by the management controller.', '', false],
      ['rx_smbus', 'Frames taken by the management controller.', '', false],
      ['dropped_smbus', 'Frames that the management controller lost.', '', false],
      ['os2bmc_rx_by_bmc', 'Frames of the host that the management controller got.', '', false],
      ['os2bmc_tx_by_bmc', 'Frames of the management controller for the host.', '', false],
      ['os2bmc_tx_by_host', 'Frames of the host for the management controller.', '', false],
      ['os2bmc_rx_by_host', 'Frames of the management controller that the host got.', '', false],
      ['tx_hwtstamp_timeouts', 'Time stamps of sent frames that never came.', 'EG-24', false],
      ['tx_hwtstamp_skipped', 'Frames sent without the time stamp asked for.', 'EG-24', false],
      ['rx_hwtstamp_cleared', 'Stuck receive time stamps that were thrown away.', 'IN-11', true],
      ['tx_errors', 'Aborted and window errors together.', 'EG-24', false],
      ['tx_dropped', 'Packets dropped before they were sent.', 'EG-20', false],
      ['rx_length_errors', 'Frames too short or too long.', 'IN-01', false],
      ['rx_over_errors', 'Frames that overran the receiver.', 'IN-03', false],
      ['rx_frame_errors', 'Alignment errors.', 'IN-01', false],
      ['tx_fifo_errors', 'Frames that came too late out of memory.', 'EG-24', false],
      ['tx_heartbeat_errors', 'Missing heartbeats of old transceivers.', 'EG-24', false],
    ] as const
  ).map(([name, meaning, step, moves]): CounterRow => ({
    id: `ethtool:igb:${name}`,
    meaning,
    step,
    moved_by: moves ? 'the NIC' : '',
  })),
  ...igbQueueRows,
];

const virtioNames = [
  ['rx', 'drops', 'Packets that the driver had to drop.', 'IN-09'],
  ['rx', 'xdp_packets', 'Packets that an XDP program saw.', 'IN-10'],
  ['rx', 'xdp_tx', 'Packets that XDP sent back.', 'IN-10'],
  ['rx', 'xdp_redirects', 'Packets that XDP sent elsewhere.', 'IN-10'],
  ['rx', 'xdp_drops', 'Packets that XDP dropped.', 'IN-10'],
  ['rx', 'kicks', 'Times that the driver told the host of new buffers.', 'IN-03'],
  ['tx', 'xdp_tx', 'Packets sent by XDP.', 'IN-10'],
  ['tx', 'xdp_tx_drops', 'Packets of XDP that could not be sent.', 'IN-10'],
  ['tx', 'kicks', 'Times that the driver told the host of packets to send.', 'EG-23'],
  ['tx', 'tx_timeouts', 'Times that the transmitter was taken for stuck.', 'EG-24'],
] as const;

const KICKED = { rx: 'the driver, when it refills a ring', tx: 'every packet that the host sends' };

const virtioRows: readonly CounterRow[] = virtioNames.flatMap(([side, name, meaning, step]) =>
  [`${side}_${name}`, `${side}N_${name}`].map((id, each): CounterRow => {
    const moves = name === 'kicks';
    const moved_by = name.startsWith('xdp_') || name === 'drops' ? 'an XDP program' : '';
    return {
      id: `ethtool:virtio_net:${id}`,
      meaning: each === 0 ? `${meaning.slice(0, -1)}, all queues together.` : meaning,
      unit: name === 'kicks' ? 'notifications' : 'packets',
      step,
      moved_by: moves ? KICKED[side] : moved_by,
    };
  }),
);

const ethtool = { shown: 'ethtool -S DEV', unit: 'packets' } as const;

/// The plain columns of /proc/net/dev are the link counters under another roof.
const plainColumns = linkRows
  .filter(({ id }) => !netDevRows.some((row) => row.id === id.replace('link:', 'net_dev:')))
  .map((row): CounterRow => ({ ...row, id: row.id.replace('link:', 'net_dev:') }));

export const deviceCounters: readonly Counter[] = [
  ...linkRows.map((row) => complete(row, { ...stats, source: 'net/core/dev.c:dev_get_stats' })),
  ...[...plainColumns, ...netDevRows].map((row) =>
    complete(row, {
      shown: '/proc/net/dev',
      unit: 'packets',
      source: 'net/core/net-procfs.c:dev_seq_printf_stats',
    }),
  ),
  ...igbRows.map((row) => complete(row, { ...ethtool, source: igbSource })),
  ...virtioRows.map((row) => complete(row, { ...ethtool, source: virtioSource })),
];
