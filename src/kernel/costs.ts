/// What each step costs in CPU time, in nanoseconds, and where the number comes from.
///
/// Three kinds of source, named in each entry:
/// - published: a paper or talk gives this number for this work;
/// - split: a published or measured total, divided by us over the steps it covers;
/// - estimate: our own figure of the right order; nothing measured stands behind it.
///
/// The totals: Høiland-Jørgensen et al., "The eXpress Data Path" (CoNEXT 2018, section on packet
/// drop performance) drop 24 million packets a second on one core in the driver (42 ns each) and 4.8
/// million in the raw table of iptables (208 ns), on a Xeon E5-1650 v4 at 3.6 GHz with mlx5 NICs, Linux
/// 4.18, without retpolines. A Linux 6.12 veth pair measured for this project carries a UDP datagram in 1.03 to
/// 1.13 us of sending plus receive softirq and 0.54 to 0.71 us of recvmmsg; half of the former, 538 ns,
/// is taken for the receive softirq.
/// Real machines differ by a factor of two either way; ratios between steps are what to learn from.

export interface Cost {
  readonly ns: number;
  readonly source: string;
}

const XDP = 'XDP paper, CoNEXT 2018';
const RAW = `split: 208 ns for a packet dropped in raw PREROUTING (${XDP})`;
const SOFTIRQ =
  'split: 538 ns of receive softirq per UDP datagram, half of 1.03-1.13 us measured over veth';
const READ = 'split: 0.54-0.71 us per datagram of recvmmsg measured over veth';
const ESTIMATE = 'estimate';

export const COSTS = Object.freeze({
  // hard interrupt
  handle_edge_irq: { ns: 600, source: `${ESTIMATE}: entry and exit with mitigations` },
  igb_msix_ring: { ns: 100, source: `${ESTIMATE}: one register write` },
  napi_schedule: { ns: 50, source: `${ESTIMATE}: one locked instruction, list and softirq bit` },
  idle_exit: { ns: 500, source: `${ESTIMATE}: leaving a shallow idle state` },
  tick: { ns: 1000, source: `${ESTIMATE}: local timer interrupt with scheduler_tick()` },
  // softirq
  handle_softirqs: { ns: 60, source: ESTIMATE },
  napi_poll: { ns: 100, source: `${ESTIMATE}: calls, and a look at the TX ring` },
  napi_complete_done: {
    ns: 150,
    source: `${ESTIMATE}: one locked instruction, one register write`,
  },
  igb_clean_rx_irq: { ns: 42, source: `published: 24 Mpps of XDP_DROP, ${XDP}` },
  igb_build_skb: { ns: 70, source: RAW },
  copybreak: { ns: 20, source: `${ESTIMATE}: memcpy of at most 256 bytes in cache` },
  napi_gro_receive: { ns: 15, source: RAW },
  remote_frame: { ns: 100, source: `${ESTIMATE}: two more cache misses to the other NUMA node` },
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
  ip_route_input_noref: { ns: 100, source: SOFTIRQ },
  ip_local_deliver: { ns: 20, source: SOFTIRQ },
  ip_protocol_deliver_rcu: { ns: 10, source: SOFTIRQ },
  __udp4_lib_lookup: { ns: 55, source: SOFTIRQ },
  __udp_enqueue_schedule_skb: { ns: 170, source: SOFTIRQ },
  icmp_send: {
    ns: 300,
    source: `${ESTIMATE}: mostly the rate limiter; the answer itself is not modelled`,
  },
  sock_def_readable: { ns: 300, source: `${ESTIMATE}: wakeUp() on a sleeping task` },
  // scheduling
  wake_remote: { ns: 1000, source: `${ESTIMATE}: interrupt to an idle CPU, until it schedules` },
  resched_ipi: { ns: 400, source: `${ESTIMATE}: rescheduling interrupt on a busy CPU` },
  context_switch: {
    ns: 1200,
    source: `${ESTIMATE}: two threads that take turns on one CPU need one to two microseconds a switch`,
  },
  // process
  recvmsg: { ns: 75, source: `${ESTIMATE}: entering and leaving a system call` },
  udp_recvmsg: { ns: 545, source: READ },
} as const satisfies Record<string, Cost>);

export type CostName = keyof typeof COSTS;

/// Sums, taken once: the packet path reads these.
export const HARDIRQ_NS =
  COSTS.handle_edge_irq.ns + COSTS.igb_msix_ring.ns + COSTS.napi_schedule.ns;
export const FRAME_NS =
  COSTS.igb_clean_rx_irq.ns + COSTS.igb_build_skb.ns + COSTS.napi_gro_receive.ns;
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
