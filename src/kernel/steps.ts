/// The packet's path: every step of the four tracks, in order, with the context that runs it and
/// the kernel function that stands for it (Linux 6.12). The trace, the registries, the map and the
/// pages all name steps by these ids.

/// The execution context a step, packet or bar belongs to; the site's colours follow it.
export type Context = 'hw' | 'hardirq' | 'softirq' | 'kthread' | 'process' | 'user';

/// A storey of the building on the map, from the wire (nic) to the application (process).
export type Storey = 'nic' | 'driver' | 'napi' | 'core' | 'ip' | 'transport' | 'socket' | 'process';

export interface Step {
  readonly id: string; // IN-03: track and number
  readonly name: string; // full title
  readonly short: string; // the name on the map
  readonly context: Context; // where it usually runs
  readonly storey: Storey;
  readonly fn: string; // main kernel function, without parentheses
}

// A table reads best as one: a step a line.
// prettier-ignore
export const STEPS = [
  { id: 'IN-01', name: 'The frame reaches the NIC: address and checksum filter', short: 'Address and checksum filter', context: 'hw', storey: 'nic', fn: 'dev_set_promiscuity' },
  { id: 'IN-02', name: 'RSS or a steering rule picks the receive queue', short: 'RSS picks the receive queue', context: 'hw', storey: 'nic', fn: 'ethtool_rxfh_indir_default' },
  { id: 'IN-03', name: 'DMA into the RX ring', short: 'DMA into the RX ring', context: 'hw', storey: 'nic', fn: 'igb_alloc_rx_buffers' },
  { id: 'IN-04', name: 'Interrupt moderation holds the interrupt back', short: 'Interrupt moderation', context: 'hw', storey: 'nic', fn: 'igb_set_coalesce' },
  { id: 'IN-05', name: 'MSI-X message and the hard interrupt', short: 'MSI-X and the hard interrupt', context: 'hardirq', storey: 'driver', fn: 'handle_edge_irq' },
  { id: 'IN-06', name: 'napi_schedule: put the queue on the poll list', short: 'napi_schedule', context: 'hardirq', storey: 'driver', fn: 'napi_schedule_prep' },
  { id: 'IN-07', name: 'NET_RX_SOFTIRQ starts', short: 'NET_RX_SOFTIRQ starts', context: 'softirq', storey: 'napi', fn: 'raise_softirq_irqoff' },
  { id: 'IN-08', name: 'net_rx_action: the budget loop', short: 'net_rx_action: budget loop', context: 'softirq', storey: 'napi', fn: 'net_rx_action' },
  { id: 'IN-09', name: 'The driver poll function empties the ring', short: 'The driver poll empties the ring', context: 'softirq', storey: 'napi', fn: 'igb_poll' },
  { id: 'IN-10', name: 'Native XDP', short: 'Native XDP', context: 'softirq', storey: 'napi', fn: 'igb_run_xdp' },
  { id: 'IN-11', name: 'Build the skb and its metadata', short: 'Build the skb', context: 'softirq', storey: 'napi', fn: 'igb_build_skb' },
  { id: 'IN-12', name: 'GRO: hold the packet and merge neighbours', short: 'GRO: hold and merge', context: 'softirq', storey: 'core', fn: 'napi_gro_receive' },
  { id: 'IN-13', name: 'GRO flush and end of the poll', short: 'GRO flush, end of the poll', context: 'softirq', storey: 'core', fn: 'napi_gro_complete' },
  { id: 'IN-14', name: 'RPS and RFS choose the CPU', short: 'RPS and RFS choose the CPU', context: 'softirq', storey: 'core', fn: 'get_rps_cpu' },
  { id: 'IN-15', name: 'Backlog enqueue, flow limit and the IPI', short: 'Backlog, flow limit, IPI', context: 'softirq', storey: 'core', fn: 'enqueue_to_backlog' },
  { id: 'IN-16', name: 'The target CPU drains its backlog', short: 'Target CPU drains its backlog', context: 'softirq', storey: 'core', fn: 'process_backlog' },
  { id: 'IN-17', name: 'Core receive: generic XDP and VLAN untag', short: 'Generic XDP, VLAN untag', context: 'softirq', storey: 'core', fn: '__netif_receive_skb_core' },
  { id: 'IN-18', name: 'Taps: tcpdump sees the packet', short: 'Taps: tcpdump sees it', context: 'softirq', storey: 'core', fn: 'deliver_skb' },
  { id: 'IN-19', name: 'tc ingress and netfilter ingress', short: 'tc and netfilter ingress', context: 'softirq', storey: 'core', fn: 'sch_handle_ingress' },
  { id: 'IN-20', name: 'VLAN device, bridge, bond: the rx_handler', short: 'VLAN, bridge, bond', context: 'softirq', storey: 'core', fn: 'vlan_do_receive' },
  { id: 'IN-21', name: 'Protocol dispatch', short: 'Protocol dispatch', context: 'softirq', storey: 'core', fn: 'deliver_ptype_list_skb' },
  { id: 'IN-22', name: 'ip_rcv: is this a valid IPv4 packet?', short: 'ip_rcv: a valid packet?', context: 'softirq', storey: 'ip', fn: 'ip_rcv' },
  { id: 'IN-23', name: 'Netfilter PRE_ROUTING', short: 'Netfilter PRE_ROUTING', context: 'softirq', storey: 'ip', fn: 'nf_hook_slow' },
  { id: 'IN-24', name: 'Early demux: find the socket before the route', short: 'Early demux', context: 'softirq', storey: 'ip', fn: 'ip_rcv_finish' },
  { id: 'IN-25', name: 'Routing lookup: for us or to forward?', short: 'Routing: for us or forward?', context: 'softirq', storey: 'ip', fn: 'ip_route_input_noref' },
  { id: 'IN-26', name: 'Reassembly and LOCAL_IN', short: 'Reassembly and LOCAL_IN', context: 'softirq', storey: 'ip', fn: 'ip_local_deliver' },
  { id: 'IN-27', name: 'Hand over to the transport protocol', short: 'Hand over to the transport', context: 'softirq', storey: 'ip', fn: 'ip_protocol_deliver_rcu' },
  { id: 'IN-28', name: 'Find the socket', short: 'Find the socket', context: 'softirq', storey: 'transport', fn: '__inet_lookup_skb' },
  { id: 'IN-29', name: 'A SYN for a listener: request sock, SYN backlog, SYN cookies', short: 'SYN: request sock, cookies', context: 'softirq', storey: 'transport', fn: 'tcp_v4_conn_request' },
  { id: 'IN-30', name: 'The third ACK: accept queue', short: 'Third ACK: accept queue', context: 'softirq', storey: 'transport', fn: 'tcp_check_req' },
  { id: 'IN-31', name: 'Established socket: take the lock or queue to the socket backlog', short: 'Lock, or socket backlog', context: 'softirq', storey: 'transport', fn: 'tcp_v4_rcv' },
  { id: 'IN-32', name: 'TCP input: fast path, slow path, receive queue', short: 'TCP input', context: 'softirq', storey: 'transport', fn: 'tcp_rcv_established' },
  { id: 'IN-33', name: 'Receive memory, window and autotuning', short: 'Receive memory, window', context: 'softirq', storey: 'socket', fn: 'tcp_try_rmem_schedule' },
  { id: 'IN-34', name: 'Wake the application', short: 'Wake the application', context: 'softirq', storey: 'socket', fn: 'tcp_data_ready' },
  { id: 'IN-35', name: 'recvmsg copies the data', short: 'recvmsg copies the data', context: 'process', storey: 'process', fn: 'tcp_recvmsg' },
  { id: 'IN-U1', name: 'UDP branch (instead of IN-28 to IN-35)', short: 'UDP branch', context: 'softirq', storey: 'transport', fn: 'udp_rcv' },
  { id: 'EG-01', name: 'The system call: sendmsg and friends', short: 'The system call: sendmsg', context: 'process', storey: 'process', fn: '__sys_sendmsg' },
  { id: 'EG-02', name: 'tcp_sendmsg_locked: how much fits in one skb', short: 'How much fits in one skb', context: 'process', storey: 'socket', fn: 'tcp_sendmsg_locked' },
  { id: 'EG-03', name: 'Allocate the skb and copy the data (or pin the pages)', short: 'Allocate the skb, copy', context: 'process', storey: 'socket', fn: 'tcp_stream_alloc_skb' },
  { id: 'EG-04', name: 'Send buffer limit: wait or grow', short: 'Send buffer limit', context: 'process', storey: 'socket', fn: 'sk_stream_memory_free' },
  { id: 'EG-05', name: 'Push now or wait: Nagle, cork, autocork', short: 'Push or wait: Nagle, cork', context: 'process', storey: 'transport', fn: 'tcp_push' },
  { id: 'EG-06', name: 'tcp_write_xmit: congestion window and receiver window', short: 'Congestion, receive window', context: 'process', storey: 'transport', fn: 'tcp_write_xmit' },
  { id: 'EG-07', name: 'TSO autosizing', short: 'TSO autosizing', context: 'process', storey: 'transport', fn: 'tcp_tso_autosize' },
  { id: 'EG-08', name: 'Pacing and TCP small queues (TSQ)', short: 'Pacing and small queues', context: 'process', storey: 'transport', fn: 'tcp_pacing_check' },
  { id: 'EG-09', name: '__tcp_transmit_skb: clone, TCP header, checksum start', short: 'Clone and TCP header', context: 'process', storey: 'transport', fn: 'tcp_transmit_skb' },
  { id: 'EG-10', name: 'ip_queue_xmit: route and IP header', short: 'ip_queue_xmit: route', context: 'process', storey: 'ip', fn: 'ip_queue_xmit' },
  { id: 'EG-11', name: 'Netfilter LOCAL_OUT', short: 'Netfilter LOCAL_OUT', context: 'process', storey: 'ip', fn: 'ip_local_out' },
  { id: 'EG-12', name: 'ip_output: POST_ROUTING and cgroup egress', short: 'ip_output: POST_ROUTING', context: 'process', storey: 'ip', fn: 'dst_output' },
  { id: 'EG-13', name: 'MTU check: fragment only as the last resort', short: 'MTU check, fragment', context: 'process', storey: 'ip', fn: '__ip_finish_output' },
  { id: 'EG-14', name: 'Neighbour: find the MAC address', short: 'Neighbour: find the MAC', context: 'process', storey: 'ip', fn: 'ip_finish_output2' },
  { id: 'EG-15', name: 'dev_queue_xmit: egress hooks', short: 'dev_queue_xmit: hooks', context: 'process', storey: 'core', fn: 'dev_queue_xmit' },
  { id: 'EG-16', name: 'Pick the TX queue: XPS or hash', short: 'Pick the TX queue', context: 'process', storey: 'core', fn: 'netdev_core_pick_tx' },
  { id: 'EG-17', name: 'Qdisc enqueue', short: 'Qdisc enqueue', context: 'process', storey: 'core', fn: '__dev_xmit_skb' },
  { id: 'EG-18', name: 'Qdisc dequeue: now, or later in NET_TX_SOFTIRQ', short: 'Qdisc dequeue', context: 'process', storey: 'core', fn: '__qdisc_run' },
  { id: 'EG-19', name: 'validate_xmit_skb: software GSO and checksum if the device cannot', short: 'Software GSO, checksum', context: 'process', storey: 'core', fn: 'validate_xmit_skb_list' },
  { id: 'EG-20', name: 'Hand to the driver: ndo_start_xmit (and the TX tap)', short: 'ndo_start_xmit, TX tap', context: 'process', storey: 'core', fn: 'dev_hard_start_xmit' },
  { id: 'EG-21', name: 'Map for DMA and fill the TX ring', short: 'Map DMA, fill the TX ring', context: 'process', storey: 'driver', fn: 'igb_tx_map' },
  { id: 'EG-22', name: 'BQL: limit the bytes in the ring', short: 'BQL: bytes in the ring', context: 'process', storey: 'driver', fn: 'netdev_tx_sent_queue' },
  { id: 'EG-23', name: 'Ring the doorbell', short: 'Ring the doorbell', context: 'process', storey: 'driver', fn: 'igb_tx_map' },
  { id: 'EG-24', name: 'The NIC fetches, segments and sends', short: 'NIC segments and sends', context: 'hw', storey: 'nic', fn: 'igb_tx_olinfo_status' },
  { id: 'EG-25', name: 'Completion interrupt', short: 'Completion interrupt', context: 'hardirq', storey: 'driver', fn: 'igb_msix_ring' },
  { id: 'EG-26', name: 'Clean the TX ring in NAPI poll', short: 'Clean the TX ring in poll', context: 'softirq', storey: 'napi', fn: 'igb_poll' },
  { id: 'EG-27', name: 'BQL completion and waking the queue', short: 'BQL completion, wake', context: 'softirq', storey: 'napi', fn: 'netdev_tx_completed_queue' },
  { id: 'EG-28', name: 'The clone is freed: tcp_wfree and TSQ', short: 'Clone freed: TSQ', context: 'softirq', storey: 'transport', fn: 'skb_release_head_state' },
  { id: 'EG-29', name: 'The ACK frees the original: write space', short: 'ACK frees the original', context: 'softirq', storey: 'socket', fn: 'tcp_ack' },
  { id: 'FW-01', name: 'Routing says “not for us”', short: 'Routing says “not for us”', context: 'softirq', storey: 'ip', fn: 'ip_route_input_slow' },
  { id: 'FW-02', name: 'ip_forward: policy, TTL, MTU', short: 'ip_forward: policy, TTL, MTU', context: 'softirq', storey: 'ip', fn: 'ip_forward' },
  { id: 'FW-03', name: 'Netfilter FORWARD', short: 'Netfilter FORWARD', context: 'softirq', storey: 'ip', fn: 'nf_hook_slow' },
  { id: 'FW-04', name: 'ip_forward_finish, then the egress path', short: 'ip_forward_finish, then the egress path', context: 'softirq', storey: 'ip', fn: 'ip_forward_finish' },
  { id: 'FW-05', name: 'Short cuts', short: 'Short cuts', context: 'softirq', storey: 'ip', fn: 'xdp_do_redirect' },
  { id: 'LO-01', name: 'The route points to lo', short: 'The route points to lo', context: 'process', storey: 'ip', fn: 'ip_route_output_key_hash_rcu' },
  { id: 'LO-02', name: 'No queue: loopback_xmit is called at once', short: 'No queue: loopback_xmit is called at once', context: 'process', storey: 'core', fn: '__dev_queue_xmit' },
  { id: 'LO-03', name: 'Backlog and receive on the same CPU', short: 'Backlog and receive on the same CPU', context: 'softirq', storey: 'core', fn: 'enqueue_to_backlog' },
  { id: 'LO-04', name: 'IP input reuses the route', short: 'IP input reuses the route', context: 'softirq', storey: 'ip', fn: 'ip_rcv_finish_core' },
  { id: 'VE-01', name: 'veth: out of one end, in at the other', short: 'veth: out of one end, in at the other', context: 'process', storey: 'core', fn: 'veth_xmit' },
  { id: 'VE-02', name: 'Without NAPI: the backlog', short: 'Without NAPI: the backlog', context: 'softirq', storey: 'core', fn: '__netif_rx' },
  { id: 'VE-03', name: 'With XDP or GRO: veth NAPI', short: 'With XDP or GRO: veth NAPI', context: 'softirq', storey: 'core', fn: 'veth_xdp_rx' },
  { id: 'VE-04', name: 'On the host side', short: 'On the host side', context: 'softirq', storey: 'core', fn: 'br_handle_frame' },
] as const satisfies readonly Step[];

export type StepId = (typeof STEPS)[number]['id'];

const byId = new Map<string, Step>(STEPS.map((step) => [step.id, step]));

/// The step of that id; throws on an id that the path does not have.
export function stepOf(id: StepId): Step {
  const step = byId.get(id);
  if (!step) throw new Error(`no step ${id} on the path`);
  return step;
}
