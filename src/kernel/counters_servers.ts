/// What the drivers ixgbe, ice, mlx5_core, ena, macb and veth show with ethtool -S; the meanings are in counters_meanings.ts.
import type { Counter } from './counters_entry.ts';
import { ethtoolCounters } from './counters_meanings.ts';

const IXGBE = `rx_packets tx_packets rx_bytes tx_bytes rx_pkts_nic tx_pkts_nic rx_bytes_nic tx_bytes_nic tx_busy
rx_errors tx_errors rx_dropped tx_dropped multicast broadcast rx_no_buffer_count collisions
rx_over_errors rx_crc_errors rx_frame_errors hw_rsc_aggregated hw_rsc_flushed fdir_match fdir_miss fdir_overflow
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

const MACB = `tx_octets tx_frames tx_broadcast_frames tx_multicast_frames tx_pause_frames tx_underrun
tx_single_collision_frames tx_multiple_collision_frames tx_excessive_collisions tx_late_collisions
tx_deferred_frames tx_carrier_sense_errors rx_octets rx_frames rx_broadcast_frames
rx_multicast_frames rx_pause_frames rx_undersized_frames rx_oversize_frames rx_jabbers
rx_frame_check_sequence_errors rx_length_field_frame_errors rx_symbol_errors rx_alignment_errors
rx_resource_errors rx_overruns rx_ip_header_checksum_errors rx_tcp_checksum_errors
rx_udp_checksum_errors qN_rx_packets qN_rx_bytes qN_rx_dropped qN_tx_packets qN_tx_bytes
qN_tx_dropped`;

const VETH = `peer_ifindex rx_queue_N_xdp_packets rx_queue_N_xdp_bytes rx_queue_N_drops
rx_queue_N_xdp_redirect rx_queue_N_xdp_drops rx_queue_N_xdp_tx rx_queue_N_xdp_tx_errors
tx_queue_N_xdp_xmit tx_queue_N_xdp_xmit_errors`;

const NET = 'drivers/net/ethernet';

export const serverCounters: readonly Counter[] = [
  ...ethtoolCounters('ixgbe', IXGBE, `${NET}/intel/ixgbe/ixgbe_main.c:ixgbe_update_stats`),
  ...ethtoolCounters('ice', ICE, `${NET}/intel/ice/ice_main.c:ice_update_vsi_stats`),
  ...ethtoolCounters('mlx5_core', MLX5, `${NET}/mellanox/mlx5/core/en_main.c:mlx5e_get_stats`),
  ...ethtoolCounters('ena', ENA, `${NET}/amazon/ena/ena_ethtool.c:ena_get_ethtool_stats`),
  ...ethtoolCounters('macb', MACB, `${NET}/cadence/macb_main.c`),
  ...ethtoolCounters('veth', VETH, 'drivers/net/veth.c:veth_get_ethtool_stats'),
];
