/// What each step costs in CPU time, in nanoseconds, and where the number comes from.
///
/// Four kinds of source, the first word of each:
/// - published: a paper or its data gives this number for this work;
/// - split: a published or measured total, divided by us over the steps it covers;
/// - measured: tools/measure/os_costs.c gives it, and will give it again;
/// - estimate: our own figure of the right order; nothing measured stands behind it.
///
/// The totals are listed in cost_totals.ts, and are measured again on the simulated host by a test. Most are of
/// Høiland-Jørgensen et al., "The eXpress Data Path" (CoNEXT 2018), and of the data beside it
/// (github.com/xdp-project/xdp-paper at f936bc86, benchmarks/): one core of a Xeon E5-1650 v4 at
/// 3.6 GHz, mlx5 NICs, Linux 4.18, no retpolines. What no paper gives was measured on a virtual machine,
/// AMD EPYC, Linux 6.18, with retpolines; five later runs there gave a fifth less in the median.
/// Real machines differ by a factor of two either way; ratios between steps are what to learn from.

export interface Cost {
  readonly ns: number;
  readonly source: string;
}

const XDP = 'XDP paper, CoNEXT 2018';
const XDP_DATA = 'its data, xdp-project/xdp-paper, benchmarks';
const RAW =
  'split: 206.7 ns for a packet dropped in raw PREROUTING, rule included (XDP paper, bench01_baseline.org)';
const INPUT =
  'split: 94.5 ns, what a packet dropped in filter INPUT costs more than one dropped in raw PREROUTING (XDP paper, bench01_baseline.org)';
const CONNTRACK =
  'split: 248.4 ns, what tracking adds to a packet dropped in filter INPUT: 1,819,409 a second against 3,319,718 (XDP paper, bench01_baseline.org)';
const FORWARDED =
  'split: 574.8 ns for a packet forwarded by a single route (XDP paper, bench04_fwd.org)';
const SOFTIRQ =
  'split: 538 ns of receive softirq per UDP datagram, half of 1.03-1.13 us of sending and receive softirq measured over a veth pair, Linux 6.12';
const WAKING =
  'split: 2320 ns for waking a task of the same CPU, sleeping, and switching to it (tools/measure/os_costs.c: 2993 ns one way through a pipe, less 669 ns of its calls)';
const ESTIMATE = 'estimate';

export const COSTS = Object.freeze({
  // hard interrupt
  handle_edge_irq: { ns: 600, source: `${ESTIMATE}: entry and exit with mitigations` },
  igb_msix_ring: { ns: 100, source: `${ESTIMATE}: one register write` },
  read_cause: { ns: 800, source: `${ESTIMATE}: an uncached read of a device register (ICR)` },
  napi_schedule: { ns: 50, source: `${ESTIMATE}: one locked instruction, list and softirq bit` },
  idle_exit: { ns: 500, source: `${ESTIMATE}: leaving a shallow idle state` },
  tick: { ns: 1000, source: `${ESTIMATE}: local timer interrupt with scheduler_tick()` },
  dim_work: {
    ns: 5000,
    source: `${ESTIMATE}: until a kworker has run; its own time is not charged`,
  },
  // softirq
  handle_softirqs: { ns: 60, source: ESTIMATE },
  napi_poll: { ns: 100, source: `${ESTIMATE}: calls, and a look at the TX ring` },
  napi_complete_done: {
    ns: 150,
    source: `${ESTIMATE}: one locked instruction, one register write`,
  },
  igb_clean_rx_irq: {
    ns: 28,
    source: `split: 41.6 ns for XDP_DROP, 24 million a second, less its program (${XDP})`,
  },
  bpf_prog_run_xdp: {
    ns: 14,
    source: `published: a program that only says XDP_PASS adds 13.28 ns (${XDP_DATA}, bench01_baseline.org)`,
  },
  xdp_tx: {
    ns: 20,
    source: `split: 61.6 ns for XDP_TX, 16,230,538 a second, less XDP_DROP (${XDP_DATA})`,
  },
  xdp_do_redirect: {
    ns: 74,
    source: `split: 115.6 ns for XDP_REDIRECT, 8,649,872 a second, less XDP_DROP (${XDP_DATA})`,
  },
  bpf_stats: { ns: 30, source: `${ESTIMATE}: the clock read twice, counters of this CPU` },
  bpf_match: { ns: 1, source: `${ESTIMATE}: a load, a comparison, a jump` },
  bpf_array_lookup: { ns: 3, source: `${ESTIMATE}: an index into memory that is in cache` },
  bpf_hash_lookup: { ns: 15, source: `${ESTIMATE}: a hash of four bytes and two cache lines` },
  bpf_trie_lookup: { ns: 40, source: `${ESTIMATE}: several nodes, each a cache line` },
  bpf_xdp_adjust_meta: { ns: 4, source: `${ESTIMATE}: a call of a helper, one word written` },
  skb_cow_data_for_xdp: { ns: 100, source: `${ESTIMATE}: a new head, and a copy of the packet` },
  generic_xdp_tx: { ns: 200, source: `${ESTIMATE}: a lock, the driver, a doorbell` },
  wake_kthread: { ns: 100, source: `${ESTIMATE}: a lock and a barrier` },
  cpumap_build_skb: {
    ns: 60,
    source: `${ESTIMATE}: an skb of a bulk of eight, a cache line from the other CPU`,
  },
  xsk_rcv: {
    ns: 40,
    source:
      'split: 82 ns for a frame that a zero-copy socket gets and drops, 12.2 million a second, less XDP_DROP (Linux merge 3b1c667e47e4, AF_XDP for mlx5: Xeon E5-2620 v3 at 2.4 GHz, no retpolines)',
  },
  xsk_tx_zc: {
    ns: 24,
    source:
      'split: 106.4 ns for a frame received and sent back zero-copy, 9.4 million a second, less 82 ns for one that is dropped (Linux merge 3b1c667e47e4)',
  },
  xsk_generic_xmit: {
    ns: 350,
    source: `${ESTIMATE}: an skb allocated, the frame copied, the driver under its lock, a doorbell`,
  },
  xsk_sendto: { ns: 200, source: `${ESTIMATE}: a system call with mitigations` },
  xsk_tx_interrupt: { ns: 20_000, source: `${ESTIMATE}: a NIC tells of frames sent that often` },
  xsk_copy: { ns: 25, source: `${ESTIMATE}: a short frame copied, a descriptor written` },
  xsk_poll: { ns: 300, source: `${ESTIMATE}: poll() that finds something` },
  xsk_frame: { ns: 12, source: `${ESTIMATE}: two descriptors, in cache` },
  igb_build_skb: { ns: 53, source: RAW },
  // a page of a page pool beyond the cache, which the two figures above include
  ptr_ring_page: {
    ns: 7,
    source:
      'split: 48 cycles for a page allocated and given back through the ring, at 3.6 GHz (page_pool02_ptr_ring, J. D. Brouer on netdev, 21 June 2023)',
  },
  alloc_page: {
    ns: 100,
    source: `${ESTIMATE}: a page of a bulk from the page allocator, cold, and mapped for DMA`,
  },
  put_page: { ns: 100, source: `${ESTIMATE}: unmapped, and given to the page allocator` },
  copybreak: { ns: 20, source: `${ESTIMATE}: memcpy of at most 256 bytes in cache` },
  napi_gro_receive: { ns: 15, source: RAW },
  tcp_gro_receive: { ns: 30, source: `${ESTIMATE}: two headers compared, both in cache` },
  skb_gro_receive: { ns: 25, source: `${ESTIMATE}: a fragment entry moved, a head given back` },
  skb_segment: { ns: 150, source: `${ESTIMATE}: an skb allocated, headers copied` },
  napi_gro_complete: { ns: 30, source: `${ESTIMATE}: header lengths and checksums rewritten` },
  remote_frame: { ns: 100, source: `${ESTIMATE}: two more cache misses to the other NUMA node` },
  ktime_get_real: { ns: 25, source: `${ESTIMATE}: the time stamp counter read, and scaled` },
  put_cmsg: { ns: 40, source: `${ESTIMATE}: a few words copied to the application` },
  ptp_rx_rgtstamp: { ns: 2400, source: `${ESTIMATE}: three uncached reads of device registers` },
  cyc2time: { ns: 20, source: `${ESTIMATE}: a multiplication, out of a descriptor in cache` },
  get_rps_cpu: { ns: 40, source: ESTIMATE },
  enqueue_to_backlog: { ns: 60, source: `${ESTIMATE}: a lock pair and a remote cache line` },
  net_rps_send_ipi: { ns: 150, source: ESTIMATE },
  rps_trigger_softirq: { ns: 500, source: `${ESTIMATE}: a function call interrupt` },
  process_backlog: { ns: 40, source: `${ESTIMATE}: a cache line from the other CPU` },
  __netif_receive_skb_core: { ns: 25, source: RAW },
  deliver_ptype_list_skb: { ns: 6, source: RAW },
  ip_rcv: { ns: 15, source: RAW },
  nf_hook_slow: { ns: 10, source: RAW },
  kfree_skb_reason: { ns: 25, source: RAW },
  ip_route_input_noref: { ns: 76, source: INPUT },
  ip_local_deliver: { ns: 18, source: INPUT },
  ip_protocol_deliver_rcu: { ns: 10, source: SOFTIRQ },
  __udp4_lib_lookup: { ns: 62, source: SOFTIRQ },
  __udp_enqueue_schedule_skb: { ns: 220, source: SOFTIRQ },
  icmp_send: {
    ns: 300,
    source: `${ESTIMATE}: mostly the rate limiter; the answer itself is not modelled`,
  },
  __inet_lookup_established: { ns: 62, source: `${ESTIMATE}: as much as __udp4_lib_lookup()` },
  __inet_lookup_listener: {
    ns: 80,
    source: `${ESTIMATE}: a second hash, and a score for each listener`,
  },
  tcp_conn_request: { ns: 1500, source: `${ESTIMATE}: a request, its timer, and a SYN-ACK built` },
  tcp_check_req: { ns: 300, source: ESTIMATE },
  tcp_v4_syn_recv_sock: {
    ns: 1500,
    source: `${ESTIMATE}: a socket of some 2 KB is copied and set up`,
  },
  secure_tcp_syn_cookie: { ns: 60, source: `${ESTIMATE}: SipHash twice` },
  icmp_rcv: { ns: 60, source: `${ESTIMATE}: a checksum over a short message` },
  ip_defrag: { ns: 150, source: `${ESTIMATE}: a look-up in a hash table and a lock` },
  ip_forward: { ns: 57, source: FORWARDED },
  arp_rcv: { ns: 200, source: `${ESTIMATE}: a route and the neighbour table` },
  raw_rcv: { ns: 200, source: `${ESTIMATE}: a clone, and the queue's lock` },
  inet_csk_accept: { ns: 800, source: `${ESTIMATE}: a file and a descriptor made` },
  ep_poll_callback: { ns: 80, source: `${ESTIMATE}: a lock, the ready list, the next wait queue` },
  sock_def_readable: { ns: 620, source: WAKING },
  // taps, tc ingress, devices on devices
  deliver_skb: { ns: 10, source: `${ESTIMATE}: a reference taken, an indirect call` },
  skb_clone: {
    ns: 120,
    source: `${ESTIMATE}: an skb allocated, its head shared, the queue's lock`,
  },
  tpacket_rcv: {
    ns: 90,
    source: `${ESTIMATE}: a lock, a header of 48 bytes; the copy comes on top`,
  },
  tcf_classify: { ns: 20, source: `${ESTIMATE}: statistics of the CPU, an indirect call` },
  tc_filter: { ns: 12, source: `${ESTIMATE}: a key of one or two cache lines compared` },
  fl_classify: { ns: 90, source: `${ESTIMATE}: the packet dissected, a hash of the key` },
  tcf_action: { ns: 15, source: `${ESTIMATE}: an indirect call, statistics of the CPU` },
  tcf_police_act: { ns: 25, source: `${ESTIMATE}: the clock read, a lock` },
  skb_vlan_untag: { ns: 20, source: `${ESTIMATE}: a header of 12 bytes moved` },
  vlan_do_receive: { ns: 20, source: `${ESTIMATE}: a table by VLAN id, statistics of the CPU` },
  br_handle_frame: { ns: 120, source: `${ESTIMATE}: two look-ups in the forwarding table` },
  bond_handle_frame: { ns: 15, source: `${ESTIMATE}: two pointers and a flag` },
  macvlan_handle_frame: { ns: 25, source: `${ESTIMATE}: a hash of the address` },
  // netfilter
  nft_do_chain: { ns: 20, source: RAW },
  nft_rule: { ns: 10, source: RAW },
  nf_log_packet: { ns: 2000, source: `${ESTIMATE}: printing a line into the kernel log` },
  nf_conntrack_in: { ns: 78, source: CONNTRACK },
  nf_conntrack_find_get: { ns: 70, source: CONNTRACK },
  init_conntrack: { ns: 100, source: CONNTRACK },
  __nf_conntrack_confirm: { ns: 120, source: `${ESTIMATE}: a second hash, two locks, two chains` },
  nf_nat_manip_pkt: { ns: 60, source: `${ESTIMATE}: an address, a port, and two checksums` },
  // scheduling
  wake_remote: { ns: 1000, source: `${ESTIMATE}: interrupt to an idle CPU, until it schedules` },
  resched_ipi: { ns: 400, source: `${ESTIMATE}: rescheduling interrupt on a busy CPU` },
  context_switch: { ns: 1700, source: WAKING },
  // process
  recvmsg: {
    ns: 158,
    source: 'measured: a system call that does nothing (tools/measure/os_costs.c)',
  },
  udp_recvmsg: {
    ns: 392,
    source:
      'measured: 550 ns for recv() of 18 bytes that wait in the socket, less the system call (tools/measure/os_costs.c)',
  },
  epoll_wait: { ns: 220, source: `${ESTIMATE}: as recvmsg, and a lock and the ready list` },
  ep_deliver_event: {
    ns: 60,
    source: `${ESTIMATE}: asking the socket, an event written to the program`,
  },
  napi_busy_loop: {
    ns: 60,
    source: `${ESTIMATE}: softirqs disabled and enabled, the clock read, the queue looked at`,
  },
  copy_cached_kib: {
    ns: 27,
    source:
      'measured with tools/measure/os_costs.c: recv() of 1472 bytes takes some 38 ns more than of 18 (AMD EPYC virtual machine, Linux 6.18)',
  },
  // TCP
  tcp_rcv_established: { ns: 120, source: `${ESTIMATE}: a few cache lines of the socket` },
  tcp_slow_path: { ns: 100, source: `${ESTIMATE}: options parsed, every check made` },
  tcp_add_backlog: { ns: 60, source: `${ESTIMATE}: a list under a lock that is held anyway` },
  tcp_send_ack: { ns: 250, source: `${ESTIMATE}: an skb, a header and the window` },
  dev_queue_xmit: { ns: 290, source: FORWARDED },
  tcp_eat_recv_skb: { ns: 60, source: `${ESTIMATE}: an skb and its pages given back` },
  copy_kib: {
    ns: 100,
    source: 'estimate: data that is not in a cache, about four times copy_cached_kib',
  },
} as const satisfies Record<string, Cost>);

export type CostName = keyof typeof COSTS;

export type CostKind = 'published' | 'split' | 'measured' | 'estimate';

/// What kind of source a cost has. Throws when its source does not begin with one of the four words.
export function costKind({ source }: Cost): CostKind {
  const kind = /^(published|split|measured|estimate)\b/.exec(source)?.[1];
  if (kind === undefined) throw new Error(`a cost with no kind of source: ${source}`);
  return kind as CostKind;
}

/// Sums, taken once: the packet path reads these.
export const HARDIRQ_NS =
  COSTS.handle_edge_irq.ns + COSTS.igb_msix_ring.ns + COSTS.napi_schedule.ns;
export const FRAME_NS =
  COSTS.igb_clean_rx_irq.ns + COSTS.igb_build_skb.ns + COSTS.napi_gro_receive.ns;
/// Of a frame that an XDP program sees, up to its verdict.
export const XDP_FRAME_NS = COSTS.igb_clean_rx_irq.ns + COSTS.bpf_prog_run_xdp.ns;
export const CORE_NS = COSTS.__netif_receive_skb_core.ns + COSTS.deliver_ptype_list_skb.ns;
export const IP_NS =
  COSTS.ip_rcv.ns +
  COSTS.nf_hook_slow.ns +
  COSTS.ip_route_input_noref.ns +
  COSTS.ip_local_deliver.ns +
  COSTS.ip_protocol_deliver_rcu.ns;
export const RECEIVE_NS =
  CORE_NS + IP_NS + COSTS.__udp4_lib_lookup.ns + COSTS.__udp_enqueue_schedule_skb.ns;
export const RPS_NS = COSTS.get_rps_cpu.ns + COSTS.enqueue_to_backlog.ns;
export const READ_NS = COSTS.recvmsg.ns + COSTS.udp_recvmsg.ns;
