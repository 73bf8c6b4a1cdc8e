/// What the drivers ixgbe, ice, mlx5_core and ena show with ethtool -S. Many names say the same in each; what a name
/// means is said once, and each driver lists its names.
import { complete, type Counter, type CounterRow } from './counters_entry.ts';

type Meaning = readonly [
  meaning: string,
  step: CounterRow['step'],
  moved_by: string,
  unit?: string,
];

const TAKEN = 'each poll';
const ARRIVED = 'each frame that arrives';
const TIMES = 'times';

/// By name, without what says where in the NIC it was counted.
const MEANINGS: Readonly<Record<string, Meaning>> = {
  rx_packets: ['Packets taken off the rings.', 'IN-09', TAKEN],
  rx_bytes: ['Bytes of the packets received.', 'IN-09', TAKEN, 'bytes'],
  tx_packets: ['Packets sent.', 'EG-24', 'what the host sends'],
  tx_bytes: ['Bytes of the packets sent.', 'EG-24', 'what the host sends', 'bytes'],
  rx_pkts_nic: ['Good frames that reached the NIC, lost ones included.', 'IN-01', ARRIVED],
  rx_bytes_nic: ['Their bytes with the check sequence.', 'IN-01', ARRIVED, 'bytes'],
  tx_pkts_nic: ['Frames that the NIC has sent.', 'EG-24', ''],
  tx_bytes_nic: ['Their bytes.', 'EG-24', '', 'bytes'],
  tx_busy: ['Times that a packet found the transmit ring full.', 'EG-21', '', TIMES],
  rx_errors: ['Frames that arrived damaged.', 'IN-01', 'damaged frames'],
  tx_errors: ['Packets that could not be sent.', 'EG-24', ''],
  rx_dropped: [
    'Frames lost for want of a descriptor, or dropped by the driver.',
    'IN-03',
    'a full ring',
  ],
  tx_dropped: ['Packets that the driver dropped instead of sending.', 'EG-21', ''],
  tx_dropped_link_down: ['Packets dropped because the link was down.', 'EG-24', ''],
  multicast: ['Multicast frames received.', 'IN-01', 'multicast frames'],
  broadcast: ['Broadcast frames received.', 'IN-01', 'broadcast frames'],
  rx_unicast: ['Frames for this station alone.', 'IN-01', ARRIVED],
  rx_multicast: ['Multicast frames received.', 'IN-01', 'multicast frames'],
  rx_broadcast: ['Broadcast frames received.', 'IN-01', 'broadcast frames'],
  tx_unicast: ['Packets sent to one station.', 'EG-24', 'what the host sends'],
  tx_multicast: ['Multicast packets sent.', 'EG-24', ''],
  tx_broadcast: ['Broadcast packets sent.', 'EG-24', ''],
  rx_no_buffer_count: [
    'Frames that found no descriptor; only the 82598 counts them here.',
    'IN-03',
    '',
  ],
  collisions: ['Collisions on a half duplex link.', 'EG-24', '', TIMES],
  rx_over_errors: ['Frames that overran the receiver.', 'IN-01', ''],
  rx_crc_errors: ['Frames whose check sequence was wrong.', 'IN-01', 'damaged frames'],
  rx_frame_errors: ['Frames that did not end on a byte.', 'IN-01', ''],
  hw_rsc_aggregated: ['Segments that the NIC merged into others (RSC).', 'IN-03', 'LRO'],
  hw_rsc_flushed: ['Packets that it made of them.', 'IN-03', 'LRO'],
  fdir_overflow: ['Times that the memory for flow filters was full.', 'IN-02', '', TIMES],
  rx_fifo_errors: ['Frames lost in the packet buffer, as some drivers sum them.', 'IN-03', ''],
  rx_missed_errors: [
    'Frames lost because the packet buffer was full.',
    'IN-03',
    'a full packet buffer',
  ],
  tx_aborted_errors: ['Packets given up after collisions.', 'EG-24', ''],
  tx_carrier_errors: ['Packets lost with the carrier.', 'EG-24', ''],
  tx_fifo_errors: ['Packets lost in the transmit buffer.', 'EG-24', ''],
  tx_heartbeat_errors: ['Heartbeats of a transceiver that were missing.', 'EG-24', '', TIMES],
  tx_timeout_count: ['Times that the driver took the transmitter for stuck.', 'EG-24', '', TIMES],
  tx_timeout: ['Times that the driver took the transmitter for stuck.', 'EG-24', '', TIMES],
  tx_restart_queue: ['Times that a stopped transmit queue went on.', 'EG-21', '', TIMES],
  tx_restart: ['Times that a stopped transmit queue went on.', 'EG-21', '', TIMES],
  rx_length_errors: ['Frames of a length other than they say.', 'IN-01', ''],
  rx_long_length_errors: ['Frames longer than the NIC was told to take.', 'IN-01', 'long frames'],
  rx_short_length_errors: ['Frames that were too short.', 'IN-01', ''],
  flow_control_xon: ['Pause frames that ended a pause.', 'IN-01', ''],
  flow_control_xoff: ['Pause frames that began a pause.', 'IN-01', ''],
  rx_csum_offload_errors: ['Packets whose checksum the NIC found wrong.', 'IN-11', ''],
  alloc_failed: ['Times that there was no memory for a buffer.', 'IN-03', '', TIMES],
  rx_no_dma_resources: [
    'Frames that a queue dropped for want of a descriptor.',
    'IN-03',
    'a full ring with drop enable',
  ],
  management: ['Frames of the management controller.', '', ''],
  hwtstamp: ['Time stamps that the NIC could not take or keep.', '', '', TIMES],
  ipsec: ['Packets that the NIC ciphered or deciphered.', '', ''],
  fcoe: ['Frames of Fibre Channel over Ethernet, or what went wrong with them.', '', ''],
  rx_unknown_protocol: ['Frames of a protocol that the NIC does not know.', 'IN-01', ''],
  tx_linearize: ['Packets copied into fewer pieces.', 'EG-21', ''],
  rx_undersize: ['Frames that were too short.', 'IN-01', ''],
  rx_fragments: ['Pieces of frames with a wrong check sequence.', 'IN-01', ''],
  rx_oversize: ['Frames longer than the NIC was told to take.', 'IN-01', 'long frames'],
  rx_jabber: ['Frames that were too long, with a wrong check sequence.', 'IN-01', ''],
  rx_csum_bad: ['Packets whose checksum the NIC found wrong.', 'IN-11', ''],
  rx_eipe_error: ['Packets whose outer IP header the NIC found wrong.', 'IN-11', ''],
  port_dropped: ['Frames lost in the packet buffer of the port.', 'IN-03', ''],
  illegal_bytes: ['Frames with bytes that no frame can have.', 'IN-01', ''],
  mac_faults: ['Faults of the link that one end told the other.', 'IN-01', '', TIMES],
  fdir_sb: ['Packets that a rule for single flows matched.', 'IN-02', ''],
  priority: ['Pause frames for one priority.', 'IN-01', ''],
  rx_lro_packets: ['Packets that the NIC had merged from several.', 'IN-03', 'LRO'],
  rx_lro_bytes: ['Bytes of those packets.', 'IN-03', 'LRO', 'bytes'],
  rx_gro_hw: ['Packets merged by GRO in hardware, which this NIC has not.', 'IN-03', ''],
  rx_xdp_drop: ['Packets that XDP dropped.', 'IN-10', 'XDP'],
  rx_xdp_redirect: ['Packets that XDP sent elsewhere.', 'IN-10', 'XDP'],
  rx_wqe_err: ['Completions with an error.', 'IN-09', ''],
  rx_oversize_pkts_sw_drop: ['Packets too long for their buffer.', 'IN-09', ''],
  rx_buff_alloc_err: ['Times that there was no memory for a buffer.', 'IN-03', '', TIMES],
  rx_cqe_compress: ['Completions that came compressed.', 'IN-09', ''],
  rx_congst_umr: ['Times that memory was remapped under pressure.', 'IN-03', '', TIMES],
  rx_recover: ['Times that a queue recovered from an error.', 'IN-03', '', TIMES],
  ch_events: [
    'Completion events of the channel: its interrupts.',
    'IN-05',
    'each interrupt',
    TIMES,
  ],
  ch_poll: ['Times that its NAPI instance was polled.', 'IN-09', TAKEN, TIMES],
  ch_arm: [
    'Times that the device was allowed to interrupt again.',
    'IN-09',
    'each poll that empties the ring',
    TIMES,
  ],
  ch_force_irq: ['Times that the driver asked for an interrupt itself.', 'IN-05', '', TIMES],
  ch_eq_rearm: ['Times that events were lost and looked for.', 'IN-05', '', TIMES],
  rx_out_of_buffer: ['Frames lost because no receive buffer was posted.', 'IN-03', 'a full ring'],
  rx_if_down_packets: ['Frames that came while the interface was down.', 'IN-01', ''],
  rx_vport_packets: ['Frames of this kind that reached the virtual port.', 'IN-01', ARRIVED],
  phy_error: ['Frames that the port found wrong.', 'IN-01', ''],
  mac_control: ['Frames that control the MAC, such as pause frames.', 'IN-01', ''],
  rx_discards_phy: ['Frames lost in the packet buffer of the port.', 'IN-03', ''],
  tx_lost_phy: ['Packets that the port could not send.', 'EG-24', ''],
  suspend: ['Times that the device was put to sleep.', '', '', TIMES],
  resume: ['Times that it was woken.', '', '', TIMES],
  wd_expired: ['Times that the device gave no sign of life.', '', '', TIMES],
  admin_q_pause: ['Times that the admin queue was full.', '', '', TIMES],
  reset_fail: ['Resets that failed.', '', '', TIMES],
  allowance: ['Packets delayed or dropped beyond what the instance is allowed.', 'IN-01', ''],
  tx_trouble: ['Packets that could not be sent as they were.', 'EG-21', ''],
  queue_stop: ['Times that a transmit queue was stopped or went on.', 'EG-21', '', TIMES],
  rx_copybreak_pkt: ['Short packets that were copied.', 'IN-11', 'short frames'],
  rx_trouble: ['Descriptors or buffers with which something was wrong.', 'IN-03', '', TIMES],
  empty_rx_ring: ['Times that a ring was found empty twice in a row.', 'IN-03', '', TIMES],
  xdp_pass: ['Packets that XDP let pass.', 'IN-10', 'XDP'],
  xdp_aborted: ['Packets on which an XDP program failed.', 'IN-10', 'XDP'],
  rx_xdp_tx: ['Packets that XDP sent back.', 'IN-10', 'XDP'],
};

/// Names of a driver that go by another in the table above: a pattern, and the entry.
const ALIASES: readonly (readonly [pattern: RegExp, entry: string])[] = [
  [/^rx_dropped\.nic$/, 'port_dropped'],
  [/flow_control_xon|^link_xon|pb_N_pxon$/, 'flow_control_xon'],
  [/flow_control_xoff|^link_xoff|pb_N_pxoff$/, 'flow_control_xoff'],
  [/^alloc_rx|alloc_fail$/, 'alloc_failed'],
  [/^os2bmc/, 'management'],
  [/hwtstamp/, 'hwtstamp'],
  [/_ipsec$/, 'ipsec'],
  [/fcoe/, 'fcoe'],
  [/^mac_.*_faults/, 'mac_faults'],
  [/^fdir_sb/, 'fdir_sb'],
  [/_priority_/, 'priority'],
  [/gro_(packets|bytes|skbs|large_hds)$/, 'rx_gro_hw'],
  [/cqe_compress/, 'rx_cqe_compress'],
  [/^rx_vport/, 'rx_vport_packets'],
  [/^(tx_discards|tx_errors)_phy$/, 'tx_lost_phy'],
  [/(mac_control|pause_ctrl|unsupported_op)_phy$/, 'mac_control'],
  [/^rx_(in_range|out_of_range|symbol|undersize|fragments|jabbers).*_phy$/, 'phy_error'],
  [/^rx_oversize_pkts_phy$/, 'rx_oversize'],
  [/^rx_packets_phy$/, 'rx_pkts_nic'],
  [/^rx_bytes_phy$/, 'rx_bytes_nic'],
  [/allowance_exceeded$/, 'allowance'],
  [/tx_(queue_stop|queue_wakeup)$/, 'queue_stop'],
  [/_(tx_poll)$/, 'ch_poll'],
  [/_(napi_comp|unmask_interrupt)$/, 'ch_arm'],
  [/^queue_N_tx_(cnt)$/, 'tx_packets'],
  [/^queue_N_rx_(cnt)$/, 'rx_packets'],
  [/^queue_N_tx_(dma|linearize|prepare|bad|missed)/, 'tx_trouble'],
  [/^queue_N_rx_(refil|dma|bad|xdp_invalid)/, 'rx_trouble'],
  [/xdp_pass$/, 'xdp_pass'],
  [/xdp_aborted$/, 'xdp_aborted'],
  [/empty_rx_ring$/, 'empty_rx_ring'],
  [/rx_copybreak_pkt$/, 'rx_copybreak_pkt'],
];

function meaningOf(name: string): Meaning {
  const alias = ALIASES.find(([pattern]) => pattern.test(name))?.[1];
  const plain = name
    .replace(/\.nic$|_phy$/, '')
    .replace(/^queue_N_(rx|tx)_/, '$1_')
    .replace(/^(rx|tx)_queue_N_/, '$1_')
    .replace(/^(rx|tx|ch)N_/, '$1_');
  const found = MEANINGS[alias ?? ''] ?? MEANINGS[name] ?? MEANINGS[plain];
  if (!found) throw new Error(`no meaning for the counter ${name}`);
  return found;
}

const IXGBE = `rx_packets tx_packets rx_bytes tx_bytes rx_pkts_nic tx_pkts_nic rx_bytes_nic tx_bytes_nic tx_busy
rx_errors tx_errors rx_dropped tx_dropped multicast broadcast rx_no_buffer_count collisions
rx_over_errors rx_crc_errors rx_frame_errors hw_rsc_aggregated hw_rsc_flushed fdir_overflow
rx_fifo_errors rx_missed_errors tx_aborted_errors tx_carrier_errors tx_fifo_errors
tx_heartbeat_errors tx_timeout_count tx_restart_queue rx_length_errors rx_long_length_errors
rx_short_length_errors tx_flow_control_xon rx_flow_control_xon tx_flow_control_xoff
rx_flow_control_xoff rx_csum_offload_errors alloc_rx_page_failed alloc_rx_buff_failed
rx_no_dma_resources os2bmc_rx_by_bmc os2bmc_tx_by_bmc os2bmc_tx_by_host os2bmc_rx_by_host
tx_hwtstamp_timeouts tx_hwtstamp_skipped rx_hwtstamp_cleared tx_ipsec rx_ipsec fcoe_bad_fccrc
rx_fcoe_dropped rx_fcoe_packets rx_fcoe_dwords fcoe_noddp fcoe_noddp_ext_buff tx_fcoe_packets
tx_fcoe_dwords tx_queue_N_packets tx_queue_N_bytes rx_queue_N_packets rx_queue_N_bytes
tx_pb_N_pxon tx_pb_N_pxoff rx_pb_N_pxon rx_pb_N_pxoff`;

const ICE = `rx_unicast tx_unicast rx_multicast tx_multicast rx_broadcast tx_broadcast rx_bytes tx_bytes
rx_dropped rx_unknown_protocol rx_alloc_fail rx_pg_alloc_fail tx_errors tx_linearize tx_busy
tx_restart tx_queue_N_packets tx_queue_N_bytes rx_queue_N_packets rx_queue_N_bytes rx_bytes.nic
tx_bytes.nic rx_unicast.nic tx_unicast.nic rx_multicast.nic tx_multicast.nic rx_broadcast.nic
tx_broadcast.nic tx_errors.nic tx_timeout.nic link_xon_rx.nic link_xon_tx.nic link_xoff_rx.nic
link_xoff_tx.nic tx_dropped_link_down.nic rx_undersize.nic rx_fragments.nic rx_oversize.nic
rx_jabber.nic rx_csum_bad.nic rx_eipe_error.nic rx_dropped.nic rx_crc_errors.nic
illegal_bytes.nic mac_local_faults.nic mac_remote_faults.nic fdir_sb_match.nic
fdir_sb_status.nic tx_hwtstamp_skipped tx_hwtstamp_timeouts tx_hwtstamp_flushed
tx_hwtstamp_discarded tx_priority_N_xon.nic tx_priority_N_xoff.nic rx_priority_N_xon.nic
rx_priority_N_xoff.nic`;

const MLX5 = `rx_packets rx_bytes tx_packets tx_bytes rx_lro_packets rx_lro_bytes rx_gro_packets rx_gro_bytes
rx_gro_skbs rx_gro_large_hds rx_xdp_drop rx_xdp_redirect rx_wqe_err rx_oversize_pkts_sw_drop
rx_buff_alloc_err rx_cqe_compress_blks rx_cqe_compress_pkts rx_congst_umr rx_recover ch_events
ch_poll ch_arm ch_force_irq ch_eq_rearm rx_out_of_buffer rx_if_down_packets
rx_vport_unicast_packets rx_vport_multicast_packets rx_vport_broadcast_packets tx_packets_phy
rx_packets_phy rx_crc_errors_phy tx_bytes_phy rx_bytes_phy rx_multicast_phy rx_broadcast_phy
rx_in_range_len_errors_phy rx_out_of_range_len_phy rx_oversize_pkts_phy rx_symbol_err_phy
rx_mac_control_phy rx_unsupported_op_phy rx_pause_ctrl_phy tx_pause_ctrl_phy rx_discards_phy
tx_discards_phy tx_errors_phy rx_undersize_pkts_phy rx_fragments_phy rx_jabbers_phy chN_events
chN_poll chN_arm chN_force_irq chN_eq_rearm rxN_packets rxN_bytes rxN_xdp_drop rxN_xdp_redirect
rxN_lro_packets rxN_lro_bytes rxN_gro_packets rxN_gro_bytes rxN_gro_skbs rxN_gro_large_hds
rxN_wqe_err rxN_oversize_pkts_sw_drop rxN_buff_alloc_err rxN_cqe_compress_blks
rxN_cqe_compress_pkts rxN_congst_umr rxN_recover txN_packets txN_bytes`;

const ENA = `tx_timeout suspend resume wd_expired admin_q_pause reset_fail bw_in_allowance_exceeded
bw_out_allowance_exceeded pps_allowance_exceeded conntrack_allowance_exceeded
linklocal_allowance_exceeded queue_N_tx_cnt queue_N_tx_bytes queue_N_tx_queue_stop
queue_N_tx_queue_wakeup queue_N_tx_dma_mapping_err queue_N_tx_linearize
queue_N_tx_linearize_failed queue_N_tx_napi_comp queue_N_tx_tx_poll queue_N_tx_prepare_ctx_err
queue_N_tx_bad_req_id queue_N_tx_missed_tx queue_N_tx_unmask_interrupt queue_N_rx_cnt
queue_N_rx_bytes queue_N_rx_rx_copybreak_pkt queue_N_rx_refil_partial
queue_N_rx_page_alloc_fail queue_N_rx_skb_alloc_fail queue_N_rx_dma_mapping_err
queue_N_rx_bad_desc_num queue_N_rx_bad_req_id queue_N_rx_empty_rx_ring queue_N_rx_xdp_aborted
queue_N_rx_xdp_drop queue_N_rx_xdp_pass queue_N_rx_xdp_tx queue_N_rx_xdp_invalid
queue_N_rx_xdp_redirect`;

function rows(driver: string, names: string, source: string): Counter[] {
  return names.split(/\s+/).map((name) => {
    const [meaning, step, moved_by, unit = 'packets'] = meaningOf(name);
    const row = { id: `ethtool:${driver}:${name}`, meaning, step, moved_by, unit };
    return complete(row, { shown: 'ethtool -S DEV', unit, source });
  });
}

const NET = 'drivers/net/ethernet';

export const serverCounters: readonly Counter[] = [
  ...rows('ixgbe', IXGBE, `${NET}/intel/ixgbe/ixgbe_main.c:ixgbe_update_stats`),
  ...rows('ice', ICE, `${NET}/intel/ice/ice_main.c:ice_update_vsi_stats`),
  ...rows('mlx5_core', MLX5, `${NET}/mellanox/mlx5/core/en_main.c:mlx5e_get_stats`),
  ...rows('ena', ENA, `${NET}/amazon/ena/ena_ethtool.c:ena_get_ethtool_stats`),
];
