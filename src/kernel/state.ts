/// The whole state of a simulated host, on one page. Everything here is plain data: numbers,
/// strings, arrays, typed arrays and objects of them; no closures, no class instances. So a host can
/// be cloned (engine/snapshot.ts), compared, rewound and printed. Frozen parts are shared by clones.
///
/// Times are integer nanoseconds of virtual time since the run began (`_ns`), or jiffies. Sizes are
/// bytes. A packet is a handle: an index into the pool `skbs`. What runs at every packet is a field
/// or a typed array, never a record with a computed key.
/// Long because it is the one page on which the host can be held in mind.
import type { Agenda } from '../engine/agenda.ts';
import type { Stream } from '../engine/random.ts';
import type { Trace } from '../engine/trace.ts';
import type { Dim } from './dim.ts';
import type { HostDescription } from './host.ts';
import type { DeviceLinks } from './links.ts';
import type { Hw, Mib } from './mib.ts';
import type { TcpMib } from './tcp/tcp_mib.ts';
import type { NfState } from './netfilter/types.ts';
import type { PacketState } from './packet_types.ts';
import type { TcIngress, TcState } from './tc/types.ts';
import type { BpfState, XdpAttachment, XdpCounts } from './xdp/types.ts';

/// Index of a packet in the pool, from the wire to the end of its life. -1 stands for none.
export type Skb = number;

export interface Kernel {
  readonly desc: HostDescription;
  readonly seed: number;
  now: number; // virtual time, ns; while an event runs, the time of that event
  agenda: Agenda; // what happens next: a slot for each actor and kind of event
  cpus: Cpu[];
  irqs: Irq[]; // in order of their numbers
  devs: NetDevice[]; // in order of ifindex; devs[0] is lo
  napis: Napi[]; // every NAPI instance, backlogs included; Napi.id is the index
  tasks: Task[]; // in order of creation; never removed
  socks: Sock[]; // in order of creation; a closed one has task 0
  epolls: Epoll[]; // in order of creation. epoll.ts
  sources: Source[]; // traffic on the wire, in order of start
  remotes: Remote[]; // other hosts that speak TCP, in order of start
  skbs: SkbPool;
  flows: FlowTable; // 5-tuples of the traffic, with their cached hashes
  fib: Fib; // routes and policy rules
  neighs: Neighbour[]; // the ARP table, in order of creation
  frags: FragTable; // datagrams of which only some fragments are here
  peers: InetPeer[]; // what is remembered of other hosts: rate limits, fragment count
  icmp: IcmpLimit;
  net_ratelimit: RateLimit; // log lines that packets cause
  sysctl: Record<string, string>; // every sysctl by dotted name, as /proc shows it, without newline
  hot: Hot; // the sysctls that the packet path reads, parsed
  stored: Record<string, string>; // by path: what was written to /sys and /proc/irq and only shown again
  mib: Mib & TcpMib & Record<string, number>; // SNMP counters by nstat name: UdpInDatagrams, IpInReceives, ...
  cookie_last: number; // of the cookies that sockets were given
  ip6_mib: Record<number, Record<string, number>>; // IPv6's and ICMPv6's by ifindex: struct ipv6_devstat
  udp_memory_allocated: number; // pages of socket memory, against net.ipv4.udp_mem. sock_mem.ts
  tcp_memory_allocated: number; // pages of socket memory, against net.ipv4.tcp_mem
  tcp_memory_pressure: number; // jiffies when TCP came under memory pressure; 0: it is not
  tcp_sockets_allocated: number; // TCP sockets, listeners and orphans included
  lhash2: number[]; // listening TCP sockets by index, the newest first. tcp/inet_hashtables.ts
  ehash: Int32Array; // connections and requests by hash of their 4-tuple: 2 * sock, 2 * request + 1; -1 none
  udp_table: number[]; // bound UDP sockets by index, the newest first. udp.ts
  raw_table: number[]; // raw sockets by index, the newest first. raw.ts
  reqs: RequestSock[]; // requests of connections, half open; entries are used again. tcp/request_sock.ts
  req_free: number; // first free entry of reqs; -1 none
  secrets: HashSecrets; // keys drawn at boot
  reuseports: SockReuseport[]; // SO_REUSEPORT groups; an empty one is used again. sock_reuseport.ts
  udp_encap_needed: number; // above 0 once a socket asked for UDP_GRO: udp_encap_needed_key. udp_offload.ts
  rps_needed: number; // receive queues that have rps_cpus set, and one for the table below
  rps_sock_flow_table: RpsSockFlowTable | null; // net.core.rps_sock_flow_entries; null: RFS is off
  rps_ipis: number[]; // by CPU: function call interrupts sent to run a backlog (CAL)
  resched_ipis: number[]; // by CPU: rescheduling interrupts taken (RES)
  nf: NfState; // hooks and tables; netfilter/types.ts
  bpf: BpfState; // XDP programs and maps; xdp/types.ts
  packet: PacketState; // AF_PACKET sockets; packet_types.ts
  tc: TcState; // actions of tc filters; tc/types.ts
  ledger: Ledger;
  trace: Trace | null; // bounded record of steps; null: not traced. Clones share it
  qdisc_handles: number; // handles given out by qdisc_alloc_handle()
  config_version: number; // grows with each change by a command
  dmesg: string[]; // kernel log lines, with their time stamps
}

/// Where every packet that was offered has gone.
/// offered = delivered + consumed + forwarded + queued + dropped, always;
/// `queued` is counted from the rings, lists, backlogs and sockets by ledgerOf().
export interface Ledger {
  offered: number; // frames that reached a NIC
  delivered: number; // copied to an application by recvmsg
  consumed: number; // used up by the kernel itself: ACKs without data, SYNs, ICMP, ARP
  forwarded: number; // left by a NIC again: forwarded, XDP_TX, XDP_REDIRECT
  drops: Float64Array; // by index into DROP_REASONS (reasons.ts)
}

/// The settings that the packet path reads at every packet, parsed from `sysctl` when written.
export interface Hot {
  netdev_budget: number; // packets
  netdev_budget_usecs: number; // us
  netdev_max_backlog: number; // packets
  dev_weight: number; // packets
  gro_normal_batch: number; // segments
  rmem_default: number; // bytes
  rmem_max: number; // bytes
  netdev_tstamp_prequeue: number; // 0 or 1
  busy_read: number; // us: what a new socket's SO_BUSY_POLL is
  busy_poll: number; // us
  dev_rx_weight: number; // packets: dev_weight times dev_weight_rx_bias
  udp_mem_pressure: number; // pages, net.ipv4.udp_mem[1]
  udp_mem_max: number; // pages, net.ipv4.udp_mem[2]
  udp_rmem_min: number; // bytes
  ip_early_demux: number; // 0 or 1
  tcp_early_demux: number; // 0 or 1
  bpf_stats_enabled: number; // 0 or 1
  udp_wmem_min: number; // bytes
  udp_mem_min: number; // pages, net.ipv4.udp_mem[0]
  tcp_mem_min: number; // pages, net.ipv4.tcp_mem[0]
  tcp_mem_pressure: number; // pages, net.ipv4.tcp_mem[1]
  tcp_mem_max: number; // pages, net.ipv4.tcp_mem[2]
  tcp_rmem_min: number; // bytes, net.ipv4.tcp_rmem[0]
  tcp_wmem_min: number; // bytes, net.ipv4.tcp_wmem[0]
  mem_pcpu_rsv: number; // pages that a CPU keeps to itself
  tcp_syncookies: number; // 0, 1 or 2
  tcp_max_syn_backlog: number; // requests
  tcp_abort_on_overflow: number; // 0 or 1
  tcp_synack_retries: number;
  tcp: HotTcp;
}

/// Those that TCP reads, by their names below net.ipv4 without `tcp_`.
export interface HotTcp {
  rmem: number[]; // bytes: least, first, most
  wmem: number[];
  moderate_rcvbuf: number; // 0 or 1
  app_win: number; // share of the buffer kept for the application: 1 / 2^app_win
  shrink_window: number; // 0 or 1
  workaround_signed_windows: number; // 0 or 1
  window_scaling: number; // 0 or 1
  timestamps: number; // 0, 1 or 2
  sack: number; // 0 or 1
  dsack: number; // 0 or 1
  comp_sack_nr: number; // ACKs
  comp_sack_delay_ns: number;
  backlog_ack_defer: number; // 0 or 1
  invalid_ratelimit: number; // ms
  rto_min_us: number;
  reordering: number; // segments
  pingpong_thresh: number;
}

/// What a CPU is busy with; decides what the end of its piece of work means. cpu.ts
export type CpuMode =
  | 0 // idle
  | 1 // in a hard interrupt
  | 2 // in softirqs, at the exit of an interrupt
  | 3 // in softirqs, inside ksoftirqd
  | 4 // in a task
  | 5 // on the way out of idle: a task was woken here
  | 6 // in a napi/ thread's poll
  | 7; // in a task that polls a NAPI instance itself

export interface Cpu {
  id: number;
  node: number; // NUMA node
  online: boolean;
  going_down: boolean; // the stopper takes it offline as soon as what runs here can be left
  // struct softnet_data (include/linux/netdevice.h)
  poll_list: number[]; // NAPI ids waiting for net_rx_action(), in order
  in_net_rx_action: boolean;
  in_napi_threaded_poll: boolean;
  processed: number; // packets through __netif_receive_skb_core and process_backlog
  dropped: number; // refused by enqueue_to_backlog, backlog full
  time_squeeze: number; // times net_rx_action() left work behind
  received_rps: number; // IPIs received to run the backlog
  flow_limit_count: number;
  flow_limit: FlowLimit | null; // null: not in net.core.flow_limit_cpu_bitmap
  backlog: number; // NAPI id of the backlog
  input_head: Skb; // input_pkt_queue, linked by skbs.next
  input_tail: Skb;
  input_qlen: number;
  process_head: Skb; // process_queue
  process_tail: Skb;
  process_qlen: number;
  input_queue_head: number; // packets that left the backlog since boot
  input_queue_tail: number; // packets that entered it
  rps_ipi_list: number[]; // CPUs to kick at the end of net_rx_action()
  // softirq
  tcp_fw_alloc: number; // tcp_memory_per_cpu_fw_alloc: pages not yet in tcp_memory_allocated; sock_mem.ts
  udp_fw_alloc: number; // udp_memory_per_cpu_fw_alloc
  softirq_pending: number; // bit mask by vector; NET_RX is 3
  softirqs: number[]; // /proc/softirqs: 10 counts, HI TIMER NET_TX NET_RX BLOCK IRQ_POLL TASKLET SCHED HRTIMER RCU
  softirq: SoftirqRun; // handle_softirqs() in hand
  net_rx: NetRxRun; // net_rx_action() in hand
  // who runs, innermost first; the kernel decides in cpu.ts
  mode: CpuMode;
  running: CpuWork; // what the CPU does now
  busy_until: number; // ns: end of the work in hand; 0 when idle
  piece_ns: number; // length of the piece in hand, without interruptions
  cursor_ns: number; // where in its work the CPU is: each step moves it on by its cost
  skb: Skb; // the packet in hand; -1: none
  current: number; // pid of the task on the CPU; 0: idle
  curr: number; // index of that task; -1: idle
  last: number; // index of the task that ran last; a different one costs a context switch
  need_resched: boolean;
  runqueue: number[]; // pids ready to run here, current excluded
  ready: number[]; // the same tasks by index, in the same order
  min_vruntime: number; // average vruntime when tasks last ran here, ns
  // time by context since boot, ns: /proc/stat and the lanes
  time: {
    hardirq: number;
    softirq: number;
    kthread: number;
    process: number;
    user: number;
    idle: number;
  };
  idle_since: number; // ns; while idle, time.idle lacks now - idle_since
  irqs_handled: number; // device interrupts taken
  ticks: number; // local timer interrupts taken while tasks compete
  vectors: number; // interrupt vectors assigned here
  slot: number; // in the agenda: end of the piece in hand
  tick_slot: number; // in the agenda: next scheduler tick
}

/// On which CPU each flow was last read. A part of the table that was never written is null. rfs.ts
export interface RpsSockFlowTable {
  mask: number; // entries less one
  cpu_mask: number; // low bits of an entry that hold the CPU; the others are of the hash
  chunks: (Uint32Array | null)[];
}

/// struct rps_dev_flow_table: to which CPU each flow of a receive queue goes. rfs.ts
export interface RpsDevFlowTable {
  mask: number; // entries less one
  chunks: (RpsDevFlows | null)[]; // null: never written
}

/// A part of such a table, as columns.
export interface RpsDevFlows {
  cpu: Uint16Array; // 0xffff: none
  filter: Uint16Array; // filter that accelerated RFS set; 0xffff: none
  last_qtail: Uint32Array; // input_queue_tail of that CPU when a packet was last queued there
}

/// sd_flow_limit: which flows own the last 128 packets of a half-full backlog. rps.ts
export interface FlowLimit {
  num_buckets: number;
  history_head: number;
  history: Uint16Array; // 128 bucket numbers
  buckets: Uint8Array;
}

/// handle_softirqs() between two pieces of work. softirq.ts
export interface SoftirqRun {
  active: boolean;
  end: number; // jiffies: no restart from here on
  max_restart: number;
  pending: number; // vectors of this round still to run
  entered: boolean; // the lowest of them has started
  rounds: number;
  closing: boolean; // only the time of the last steps is left
}

/// net_rx_action() between two pieces of work. napi.ts
export interface NetRxRun {
  active: boolean;
  budget: number; // packets left
  time_limit: number; // jiffies
  list: number[]; // NAPI ids to poll
  repoll: number[]; // polled, with more to do
  napi: number; // NAPI id being polled; -1: none
}

/// What a CPU is doing, for lanes and for the state under the cursor.
export interface CpuWork {
  context: 'idle' | 'hardirq' | 'softirq' | 'kthread' | 'process' | 'user';
  step: number; // index into STEPS; -1 when idle
  since: number; // ns
}

export interface Irq {
  irq: number; // Linux interrupt number
  counts: number[]; // by CPU: /proc/interrupts
  chip: string; // PCI-MSIX-0000:41:00.0
  hwirq: string; // 1-edge
  name: string; // eth0-TxRx-0; '' while the interface is down
  dev: number; // index into devs; -1: not a NIC's
  napi: number; // NAPI id that its handler schedules; -1: none
  affinity: number[]; // CPU mask as 32-bit words, lowest first: smp_affinity
  in_force: number[]; // the mask that `effective` was chosen from; another one while a move is pending
  affinity_hint: number[];
  effective: number; // CPU that takes the next interrupt
  pending: boolean; // a new affinity takes effect when the next interrupt arrives
  node: number; // /proc/irq/N/node
  extra_ns: number; // ns that its handlers take beyond one MSI-X handler: on a legacy line each device is asked
}

export interface NetDevice {
  ifindex: number;
  name: string;
  driver: string; // key into the driver table; '' for lo
  path: number; // index into driverPaths (driver_table.ts); -1 for lo
  mac: string;
  up: boolean; // IFF_UP
  carrier: boolean;
  promisc: number; // count of users of promiscuous mode
  allmulti: number;
  mtu: number; // bytes
  txqueuelen: number; // packets
  addrs: string[]; // 10.0.0.2/24
  peer: string; // the neighbour that sends the traffic: 10.0.0.1
  speed_mbps: number; // -1 unknown
  numa_node: number;
  pci: string;
  rx: RxQueue[]; // active receive queues
  tx: TxQueue[];
  ring: { rx: number; tx: number; jumbo: number }; // descriptors a queue, as ethtool -g shows them; jumbo: a second receive ring (vmxnet3), 0 none
  fifos: Fifo[]; // where frames wait when their queue has no free descriptor. nic.ts
  coalesce: Record<string, number | boolean>; // ethtool -c names (rx-usecs), the driver's fields only
  features: Record<string, boolean>; // ethtool -k names; fixed ones are in the driver's table
  wanted_features: Record<string, boolean>; // what was asked for; features is what is active
  priv_flags: Record<string, boolean>;
  pause: { autoneg: boolean; rx: boolean; tx: boolean };
  autoneg: boolean;
  duplex: 'full' | 'half' | 'unknown';
  wol: string; // Wake-on letters
  msglvl: number; // -1: the driver has none
  alias: string; // ip link set DEV alias
  qdisc: Qdisc; // the discipline at the root; sch_api.ts
  gateway: string; // next hop of the default route that the boot adds by this device; '' none
  rxfh_configured: boolean; // the indirection table was set by hand
  rss_key: number[];
  rss_indir: number[];
  rxnfc: Record<string, string>; // hash fields by flow type, as letters: udp4 -> 'sd'
  ntuple: NtupleRule[]; // rules that steer single flows, by location; only where the driver has them
  gro_max_size: number; // bytes: longest IPv6 packet that GRO makes
  gro_ipv4_max_size: number; // bytes: longest IPv4 packet that GRO makes
  gro_flush_timeout: number; // ns
  napi_defer_hard_irqs: number;
  threaded: boolean;
  hw: Hw & Record<string, number>; // hardware and driver counters by their ethtool -S names
  rx_dropped: number; // core_stats: frames the core dropped for this device (backlog full)
  rx_otherhost_dropped: number; // core_stats: frames for another MAC, promiscuous mode
  link_down_until: number; // ns: the NIC loses what arrives before (reset after ethtool -G)
  carrier_changes: number;
  wire_ps: number; // ps: until when the wire is taken by the last frame
  rss_version: number; // flows whose queue was computed for another version look it up again
  link_slot: number; // in the agenda: the link comes up; -1 for lo
  wire_turn: number[]; // remotes that found the wire taken, by index: the first goes next; remote/
  propagation_ns: number; // time on the cable and in the switch, one way; transmit.ts
  outgoing: Outgoing[]; // frames it has sent that have not reached the other end, in order; transmit.ts
  outgoing_ps: number; // ps: until when the last of them takes the wire
  outgoing_slot: number; // in the agenda: the first of them arrives; -1 before the first
  xdp: XdpAttachment | null; // program in the driver; xdp/attach.ts
  xdp_prog: number; // generic program: index into bpf.progs; -1 none
  xdp_counts: XdpCounts[]; // by queue: what the driver counts of XDP; xdp/xmit.ts
  links: DeviceLinks; // bridge, bond, VLAN and so on: what it is and belongs to; links.ts
  ingress: TcIngress | null; // ingress or clsact; sch_ingress.ts
  rx_hooks: number; // bits: what __netif_receive_skb_core() must do beside handing packets up; rx_hooks.ts
}

/// A frame that the host has sent. Its flow is that of the frames it answers, so addresses and ports
/// are the other way round. transmit.ts
export interface Outgoing {
  dev: number; // index into devs
  flow: number; // index into flows: the direction in
  proto: number; // IP protocol number
  len: number; // frame length without FCS, bytes
  arrives: number; // ns: when its last bit reaches the other end; set by transmit()
  remote: number; // index into remotes that the other end is; -1: nobody there answers
  tcp: OutgoingTcp | null;
  echo?: number; // the last frame of an echo request: bytes of its IP packet
  icmp?: number; // ICMP: type and code
  icmp_seq?: number; // echo: sequence number
  vlan_tci?: number; // the tag that it carries
  nfct?: number; // connection of the packet that it answers (nf_ct_attach()): nfct of that one
}

/// The TCP header of a frame that the host has sent.
export interface OutgoingTcp {
  seq: number;
  ack_seq: number;
  flags: number; // FIN 1, SYN 2, RST 4, PSH 8, ACK 16
  window: number; // the raw field
  tsval: number;
  tsecr: number;
  tstamp: boolean; // tsval and tsecr hold
  syn: SynOptions | null; // a SYN-ACK's options
  sacks: SackBlock[]; // as many as fit, a D-SACK first
}

/// The options of a SYN or a SYN-ACK.
export interface SynOptions {
  mss: number;
  wscale: number; // -1: none
  sack_ok: boolean;
  tstamp: boolean;
}

/// A rule of `ethtool -N DEV flow-type`: struct ethtool_rx_flow_spec for IPv4. A bit that is set in a mask
/// is compared. rxnfc_rules.ts
export interface NtupleRule {
  location: number; // the lower comes first
  flow_type: 'tcp4' | 'udp4' | 'sctp4' | 'ip4';
  src: number; // address as an unsigned number
  src_mask: number;
  dst: number;
  dst_mask: number;
  tos: number;
  tos_mask: number;
  proto: number; // ip4: IP protocol
  proto_mask: number;
  sport: number; // ip4: first two bytes behind the IP header
  sport_mask: number;
  dport: number; // ip4: next two
  dport_mask: number;
  queue: number; // receive queue; -1: drop
}

/// A queueing discipline, as it is configured. Nothing is sent yet, so nothing waits in it.
export interface Qdisc {
  kind: string;
  handle: number; // major number; 0: a default one
  options: Record<string, number | boolean>; // bytes, packets, us, bit/s
  leaf: Qdisc | null; // mq: what is on each transmit queue
}

/// A packet buffer in the NIC (or, for virtio, the host's tap): frames wait here for a descriptor.
export interface Fifo {
  head: Skb; // linked by skbs.next
  tail: Skb;
  frames: number;
  used: number; // bytes or frames
  limit: number;
  bytes: boolean; // it is bytes that are limited
}

export interface RxQueue {
  dev: number; // index into devs
  index: number;
  napi: number;
  slots: Int32Array; // packet handles, a ring; length is the ring size; -1: no frame
  head: number; // slot the NIC fills next
  tail: number; // slot the driver cleans next (next_to_clean)
  used: number; // filled descriptors
  ready: number; // descriptors the NIC may still fill
  cleaned: number; // descriptors without a buffer, to be refilled by the driver
  packets: number; // per-queue ethtool -S counters
  bytes: number;
  drops: number;
  alloc_failed: number;
  lro_packets: number; // vmxnet3: packets that the device had merged, and their bytes
  lro_bytes: number;
  interrupts: number; // interrupts raised for this queue
  polls: number; // mlx5, ena: polls of its NAPI instance
  arms: number; // mlx5, ena: times the device was allowed to interrupt again
  copied: number; // ena: frames copied into a small skb
  kicks: number; // virtio: notifications of new buffers
  buffers: number; // buffers posted since boot; virtio sizes every 21st differently
  rps_cpus: number[]; // mask words
  rps_map: number[]; // CPUs of rps_cpus, in order; empty: RPS off
  rps_flow_cnt: number; // entries of the table below
  rps_flow_table: RpsDevFlowTable | null; // RFS: where the flows of this queue went; null: off
  fifo: number; // index into the device's fifos
}

export interface TxQueue {
  packets: number;
  bytes: number;
  xps_cpus: number[];
}

/// Where a NAPI instance is in its poll, between two pieces of work. napi.ts and the drivers
export type PollStage =
  | 0 // not polling
  | 1 // looking for the next frame
  | 2 // a frame is being turned into an skb
  | 3 // rx_list goes up the stack, from inside the poll
  | 4 // rx_list goes up the stack, at napi_complete_done()
  | 5 // rx_list goes up the stack, after a full weight
  | 6; // napi_complete_done() after a full weight, for busy polling

export interface Napi {
  id: number; // index into napis
  napi_id: number; // the kernel's own id, as netlink shows it; 0 for a backlog
  dev: number; // index into devs; -1 for a CPU's backlog
  cpu: number; // CPU of a backlog; -1 for a device's
  queue: number; // receive queue
  irq: number; // index into irqs; -1: none
  path: number; // index into driverPaths: whose poll function
  weight: number; // 64
  sched: boolean; // NAPI_STATE_SCHED
  missed: boolean; // NAPI_STATE_MISSED
  disabled: boolean; // NAPI_STATE_DISABLE: the interface is down
  listed: boolean; // in a poll list or a repoll list
  in_busy_poll: boolean; // NAPI_STATE_IN_BUSY_POLL: a task polls it
  owned_by_task: boolean; // so, or in busy_poll_stop(): NAPI_STATE_SCHED is the task's, not its thread's
  prefer_busy_poll: boolean; // NAPI_STATE_PREFER_BUSY_POLL
  completing: boolean; // inside napi_complete_done(), with rx_list on its way up
  complete_timeout: number; // ns: after that long napi_watchdog() polls again; 0: it does not
  complete_deferred: boolean; // the interrupt stays off until then
  defer_hard_irqs_count: number;
  irq_enabled: boolean; // the device may interrupt
  irq_pending: boolean; // an interrupt is due or on its way
  irq_last: number; // ns: when the last interrupt was raised
  itr_ns: number; // moderation interval the device uses now, ns
  itr_val: number; // igb: value to write at the next interrupt, quarters of us
  set_itr: boolean;
  ring_itr: RingItr | null; // ixgbe: its adaptive moderation
  dim: Dim | null; // adaptive moderation by lib/dim; null: off. dim_work.ts
  dim_slot: number; // in the agenda: the profile that it chose is applied; -1 before the first
  irq_events: number; // interrupts or polls that lib/dim counts
  irq_by_frame: boolean; // each frame moves the time of the interrupt, not only the first
  armed_ns: number; // ns: from when on the device measures its delay (mlx5: first frame; ena: interrupt on)
  itr_class: number; // mlx5: 1 the delay begins anew with each frame; igb: 0 lowest_latency, 1 low_latency, 2 bulk_latency
  total_packets: number; // igb: since the moderation was last updated
  total_bytes: number;
  frames_since_irq: number;
  frames_this_poll: number;
  bytes_this_poll: number;
  stage: PollStage;
  rx_head: Skb; // rx_list: skbs waiting for gro_normal_list(), linked by skbs.next
  rx_tail: Skb;
  rx_count: number; // segments in rx_list
  rx_late: Skb; // belongs on rx_list as soon as the batch on it has gone up; -1: none. gro.ts
  gro: GroHash; // packets held for merging
  gro_mode: number; // bits GRO_*: what the device and the sockets ask of GRO. gro.ts
  gro_version: number; // config_version for which gro_mode was worked out
  rps_stage: 0 | 1 | 2; // get_rps_cpu() for the list in hand: not yet, in hand, done
  timer_cpu: number; // where napi_watchdog() fires
  polls: number;
  task: number; // index of its kthread when threaded; -1: none
  irq_slot: number; // in the agenda: the device raises its interrupt; -1 for a backlog
  timer_slot: number; // in the agenda: napi_watchdog(); -1 for a backlog
}

/// struct ixgbe_ring_container of both directions: delays in us with the latency flag 0x80.
export interface RingItr {
  rx: number;
  tx: number;
  next_update: number; // jiffies
}

/// Packets that GRO holds back in the hope of more of the same flow. gro.ts
export interface GroHash {
  heads: Int32Array; // gro_hash[8]: youngest packet of each bucket, linked by skbs.next; -1: none
  counts: Int32Array; // packets in each bucket
  bitmask: number; // gro_bitmask: buckets that hold packets
  // napi_gro_cb of the packet in hand
  flush: boolean; // it cannot be merged or held
  same_flow: boolean; // it was merged
  is_flist: boolean; // it would be chained, not merged
}

export interface Task {
  pid: number;
  comm: string; // ksoftirqd/0, udp-sink
  uid: number;
  kthread: boolean;
  state: 'running' | 'ready' | 'sleeping';
  cpu: number;
  cpus_allowed: number[]; // mask words
  nice: number;
  weight: number; // load weight of its nice value; 1024 at nice 0
  vruntime: number; // ns, weighted
  deadline: number; // virtual deadline, ns
  vlag: number; // how far it was behind the average when it slept, ns
  runtime: number; // ns on a CPU
  sock: number; // index into socks that it reads; -1: none
  service_ns: number; // user time for each datagram
  kind: 'ksoftirqd' | 'reader' | 'acceptor' | 'napi' | 'cpumap' | 'xsk' | 'other';
  tgid: number; // pid of its process: its own, or that of the task that started it as a thread
  exited: boolean; // it has ended and only its numbers are left
  napi: number; // NAPI id that a napi/ thread polls; -1: none
  phase: 0 | 1 | 2; // reader: 0 about to call recvmsg, 1 inside it, 2 using the data
  skb: Skb; // the datagram in hand; -1: none
  rest_ns: number; // what is left of the piece of work in hand
  nvcsw: number; // times it went to sleep
  nivcsw: number; // times another task took the CPU from it
  plan: ReadPlan | null; // reader: what it does beside one recvmsg() after the other; null: nothing
  looped: boolean; // reader: the call in hand has busy polled already
  busy: BusyPoll | null; // the busy polling in hand. busy_poll.ts
  timer_slot: number; // in the agenda: epoll_wait() times out; -1 before the first
}

/// How a thread of an application reads. reader.ts, epoll_reader.ts
export interface ReadPlan {
  batch: number; // datagrams that a call takes at most: recvmmsg() with MSG_WAITFORONE; 1: recvmsg()
  taken: number; // datagrams that the call in hand has taken
  peek: boolean; // it looks with MSG_PEEK before it reads
  peeked: boolean; // and has done so for the next one
  epoll: number; // index into epolls; -1: it blocks in recvmsg()
  max_events: number; // of epoll_wait()
  timeout_ns: number; // of epoll_wait(); Infinity: none
  stage: 0 | 1 | 2 | 3; // of epoll_wait(): outside, looking, nothing found, asleep
  timed_out: boolean;
  events: number[]; // sockets that epoll_wait() named and that are still to be read, by index
}

/// A task inside __napi_busy_loop(). busy_poll.ts
export interface BusyPoll {
  napi: number; // NAPI id
  sock: number; // index into socks whose data ends it; -1: that of an epoll instance
  epoll: number; // index into epolls; -1 none
  start: number; // busy_loop_current_time() at its beginning, units of 1024 ns
  budget: number; // packets a poll
  prefer: boolean; // NAPI_F_PREFER_BUSY_POLL
  once: boolean; // one poll only: the call does not wait
  held: boolean; // the instance is ours
  fresh: boolean; // and was not polled yet
  skip_schedule: boolean; // busy_poll_stop(): the timer will poll
  again: boolean; // it only makes way for another task
  stage: 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7; // busy_poll.ts
}

/// Who waits on a socket: a task, or an epoll instance. sock_wait.ts
export interface WaitEntry {
  task: number; // index into tasks; -1: an epoll instance
  epoll: number; // index into epolls; -1: a task
  sock: number; // index into socks: which one an epoll instance is told of
  exclusive: boolean; // WQ_FLAG_EXCLUSIVE
}

/// struct eventpoll. epoll.ts
export interface Epoll {
  items: EpItem[]; // what is watched
  rdllist: number[]; // ready, by index into socks
  waits: number[]; // wq: tasks in epoll_wait(), by index; who came last is first
  napi_id: number; // where it busy polls; 0 nowhere
  busy_poll_usecs: number; // EPIOCSPARAMS; 0: net.core.busy_poll
  busy_poll_budget: number; // 0: 8
  prefer_busy_poll: boolean;
}

/// struct epitem.
export interface EpItem {
  sock: number; // index into socks
  edge: boolean; // EPOLLET
  exclusive: boolean; // EPOLLEXCLUSIVE
}

export interface Sock {
  ino: number;
  cookie: number; // sk_cookie; 0: nobody has asked. sock_diag.ts
  proto: 'udp' | 'tcp' | 'raw' | 'packet' | 'xdp';
  local: string;
  port: number;
  task: number; // pid of the owner; 0: closed
  reader: number; // index of the owner in tasks
  rcvbuf: number; // sk_rcvbuf, bytes
  rmem_alloc: number; // sk_rmem_alloc, bytes
  forward_alloc: number;
  forward_deficit: number; // udp_sock.forward_deficit
  forward_threshold: number;
  head: Skb; // receive queue, linked by skbs.next
  tail: Skb;
  qlen: number;
  reader_head: Skb; // udp_sock.reader_queue
  reader_tail: Skb;
  reader_qlen: number;
  drops: number; // sk_drops
  received: number; // datagrams handed to the application
  received_bytes: number;
  waiting: boolean; // somebody waits for it to become readable
  waits: WaitEntry[] | null; // who, in the order of the wait queue; null: only its reader ever does. sock_wait.ts
  family: number; // 2: IPv4, 10: IPv6
  state: number; // sk_state: TCP_ESTABLISHED 1, TCP_CLOSE 7, TCP_LISTEN 10, ... (tcp/tcp_states.ts); 7 for a socket that is not connected
  peer: string; // address of the other end; '' when not connected
  peer_port: number; // its port; 0 when not connected
  rcv_saddr: number; // own IPv4 address as an unsigned number; 0: any
  daddr: number; // the other end's
  bound_dev: number; // SO_BINDTODEVICE: ifindex; 0 none
  rxhash: number; // sk_rxhash: flow hash of the last packet, when connected; 0 none. rfs.ts
  flow: number; // connected: index into flows of what arrives for it; -1 none
  sndbuf: number; // sk_sndbuf, bytes
  userlocks: number; // SOCK_SNDBUF_LOCK 1, SOCK_RCVBUF_LOCK 2: set by hand, never tuned
  rcvlowat: number; // SO_RCVLOWAT, bytes
  shutdown: number; // RCV_SHUTDOWN 1, SEND_SHUTDOWN 2
  err: number; // sk_err: an errno; 0 none
  reuse: boolean; // SO_REUSEADDR
  reuseport: boolean; // SO_REUSEPORT
  incoming_cpu: number; // SO_INCOMING_CPU; -1 none
  napi_id: number; // napi_id of the NAPI instance that the last packet came by; 0 none
  ll_usec: number; // SO_BUSY_POLL, us
  prefer_busy_poll: boolean; // SO_PREFER_BUSY_POLL
  busy_poll_budget: number; // SO_BUSY_POLL_BUDGET, packets; 0: 8
  owned: boolean; // sk_lock.owned: a task is inside a system call on it
  backlog_head: Skb; // sk_backlog: arrived while it was owned, linked by skbs.next
  backlog_tail: Skb;
  backlog_len: number; // bytes
  tcp: TcpSock | null; // null: not a TCP connection
  listen: ListenSock | null; // null: not listening
  accept: AcceptPlan | null; // what the application does with connections; null: it does not accept
  reuseport_cb: number; // index into reuseports; -1 none
  hashed: boolean; // packets find it
  mapped: boolean; // an IPv6 socket for an IPv4 connection: shown as [::ffff:10.0.0.2]
  gro_enabled: boolean; // UDP_GRO: takes datagrams merged
  ehash_next: number; // next in its chain of ehash
  wmem_queued: number; // sk_wmem_queued, bytes
  wmem_alloc: number; // sk_wmem_alloc, bytes
  min_ttl: number; // IP_MINTTL; 0: any
  protocol: number; // raw: IP protocol number
  icmp_filter: number; // raw, ICMP: types that it does not want, one bit each
  copies: RawCopy[]; // raw: copies of packets waiting for recvmsg()
  created: number; // ns: when it was made
}

/// Secret keys that the kernel draws when they are first needed; here from the seed. hash_secrets.ts
export interface HashSecrets {
  inet_ehash: number; // 32 bits, for TCP's table of connections
  udp_ehash: number; // 32 bits, for UDP's SO_REUSEPORT groups
  net: number[]; // SipHash key as four words: initial sequence numbers
  syncookie: number[][]; // two SipHash keys
}

/// A copy of a packet for a raw socket. The ledger counts the packet itself. raw.ts
export interface RawCopy {
  truesize: number; // bytes
  len: number; // bytes from the IP header on
  flow: number; // index into flows
  at: number; // ns: when it was queued
}

/// A listening socket: inet_connection_sock and its request_sock_queue. tcp/listener.ts
export interface ListenSock {
  max_ack_backlog: number; // sk_max_ack_backlog: min(backlog, somaxconn)
  accept_queue: number[]; // connections that wait for accept(), by index into socks; sk_ack_backlog
  qlen: number; // requests half open
  young: number; // those whose SYN-ACK was not sent again yet
  synflood_warned: boolean;
  defer_accept: number; // TCP_DEFER_ACCEPT as retransmissions; 0: off
  syn_retries: number; // TCP_SYNCNT; 0: net.ipv4.tcp_synack_retries
  synq_overflow_ts: number; // jiffies: last SYN cookie; -1 never
}

/// What an application does with the connections of its listener.
export interface AcceptPlan {
  service_ns: number; // user time for each read
  read: boolean; // it reads them; else it holds them open
  accepted: number; // so far
}

/// A connection half open: struct tcp_request_sock. tcp/request_sock.ts
export interface RequestSock {
  listener: number; // index into socks; -1: the entry is free
  flow: number; // index into flows: the SYN's
  src: number; // 4-tuple as the SYN has it; addresses as unsigned numbers
  dst: number;
  sport: number;
  dport: number;
  cookie: number; // as a socket's
  rcv_isn: number;
  rcv_nxt: number;
  snt_isn: number;
  mss: number; // what the other end takes
  snd_wscale: number;
  rcv_wscale: number;
  wscale_ok: boolean;
  sack_ok: boolean;
  tstamp_ok: boolean;
  ecn_ok: boolean;
  ts_recent: number;
  rcv_wnd: number; // window offered with the SYN-ACK, bytes
  window_clamp: number;
  num_timeout: number; // times its timer fired
  num_retrans: number; // SYN-ACKs sent again
  timeout: number; // jiffies: first timeout
  acked: boolean; // the third ACK came, and could not be used yet
  snt_synack: number; // ns: first SYN-ACK; 0: unknown
  last_oow_ack_time: number; // jiffies
  iif: number; // ifindex, where the listener is bound to a device; 0 none
  cpu: number; // whose timer it is
  ehash_next: number; // next in its chain of ehash, or in the list of free entries
  slot: number; // in the agenda: rsk_timer
}

/// struct sock_reuseport: sockets that share an address and a port. sock_reuseport.ts
export interface SockReuseport {
  socks: number[]; // by index
  incoming_cpu: number; // how many of them have SO_INCOMING_CPU set
  has_conns: boolean; // a UDP socket among them is connected
  synq_overflow_ts: number; // jiffies: last SYN cookie; -1 never
}

/// A TCP connection: struct tcp_sock and struct inet_connection_sock. Sequence numbers are unsigned
/// 32-bit numbers. Fields that only a sender of bulk data needs are left out. src/kernel/tcp/
export interface TcpSock {
  // what was received
  rcv_nxt: number; // sequence number expected next
  copied_seq: number; // head of the data not read yet
  rcv_wup: number; // rcv_nxt when the last window was sent
  rcv_wnd: number; // window last offered, bytes
  rcv_ssthresh: number; // the window may not grow above it yet, bytes
  window_clamp: number; // nor ever above this
  scaling_ratio: number; // share of the buffer that is payload, in 1/256
  pred_flags: number; // header prediction: expected flags and window; 0: slow path
  rcv_tstamp: number; // jiffies: last ACK received
  tcp_mstamp: number; // us since boot: when it last received or sent
  rcv_rtt_est: { rtt_us: number; seq: number; time: number }; // rtt_us times 8; time in us
  rcv_rtt_last_tsecr: number;
  rcvq_space: { space: number; seq: number; time: number }; // bytes copied in the last round trip; time in us
  ofo_head: Skb; // out_of_order_queue, by sequence number, linked by skbs.next
  ofo_last: Skb; // ooo_last_skb
  rcv_ooopack: number; // segments that came out of order
  duplicate_sack: SackBlock; // D-SACK to send
  selective_acks: SackBlock[]; // SACKs to send, the newest first; num_sacks of them
  // struct tcp_options_received
  saw_tstamp: boolean; // the last segment carried one
  tstamp_ok: boolean;
  sack_ok: boolean;
  wscale_ok: boolean;
  dsack: boolean; // duplicate_sack is due
  num_sacks: number;
  snd_wscale: number;
  rcv_wscale: number;
  ts_recent: number; // timestamp to echo
  ts_recent_stamp: number; // s: when it was taken; 0 never
  rcv_tsval: number; // of the last segment
  rcv_tsecr: number;
  mss_clamp: number; // largest segment the other end takes
  // what is sent
  snd_una: number;
  snd_nxt: number;
  write_seq: number;
  snd_wnd: number; // the other end's window, bytes
  snd_wl1: number;
  max_window: number;
  mss_cache: number;
  advmss: number; // MSS that was advertised
  tcp_header_len: number; // bytes, with the options of every segment
  snd_cwnd: number; // segments
  reordering: number; // segments
  delivered: number; // segments that have arrived, the SYN-ACK among them
  lsndtime: number; // jiffies: data last sent, or established
  pacing_rate: number; // sk_pacing_rate, bytes/s; 0 none yet
  // round trip, us
  srtt_us: number; // times 8
  mdev_us: number; // times 4
  mdev_max_us: number;
  rttvar_us: number;
  rtt_seq: number;
  rtt_min: number; // shortest of late; 4294967295: none yet
  // struct inet_connection_sock
  icsk_rto: number; // jiffies
  icsk_rto_min: number; // jiffies
  icsk_delack_max: number; // jiffies
  icsk_ack: IcskAck;
  // ACKs held back while segments arrive out of order
  compressed_ack: number;
  compressed_ack_rcv_nxt: number;
  dup_ack_counter: number;
  compressed_ack_at: number; // ns: compressed_ack_timer; Infinity: not armed
  delack_at: number; // ns: icsk_delack_timer; Infinity: not armed
  deferred: number; // sk_tsq_flags: what waits for release_sock(): TCP_ACK_DEFERRED 1, TCP_DELACK_TIMER_DEFERRED 2
  timer_cpu: number; // where its timers fire
  last_oow_ack_time: number; // jiffies: last ACK for a segment outside the window; 0 never
  slot: number; // in the agenda: the earlier of the delayed ACK timer and compressed_ack_timer; -1 before the first
  index: number; // of its socket in socks
  // counted
  segs_in: number;
  data_segs_in: number;
  bytes_received: number;
  bytes_acked: number;
  segs_out: number;
  data_segs_out: number;
}

/// Delayed ACK control: icsk_ack in struct inet_connection_sock.
export interface IcskAck {
  pending: number; // ICSK_ACK_SCHED 1, TIMER 2, PUSHED 4, PUSHED2 8, NOW 16, NOMEM 32
  quick: number; // quick ACKs left
  pingpong: number; // net.ipv4.tcp_pingpong_thresh and more: an interactive session
  retry: number;
  ato: number; // jiffies
  timeout: number; // jiffies: when the delayed ACK is due
  lrcvtime: number; // jiffies: last data segment
  last_seg_size: number; // bytes
  rcv_mss: number; // estimate of the other end's segment size, bytes
}

export interface SackBlock {
  start_seq: number;
  end_seq: number;
}

/// Packets, as columns. A handle is an index; free handles form a list through `next`. `flags`
/// (skb.ts) says which of the optional columns hold something for a packet; a plain UDP frame has none.
export interface SkbPool {
  capacity: number;
  used: number; // high-water mark: no handle at or above it was ever given out
  free: Skb; // first free handle; -1: none below `used`
  live: number; // frames in use: the segs of all handles given out
  next: Int32Array; // link in the list that holds the packet
  flow: Int32Array; // index into flows
  len: Int32Array; // frame length without FCS, bytes
  truesize: Int32Array; // bytes charged to a socket
  data_len: Int32Array; // bytes in page fragments
  room: Int32Array; // bytes left behind the data in the head
  end: Int32Array; // skb_end_offset: size of the head before skb_shared_info
  segs: Int32Array; // frames merged into it by GRO, reassembly or coalescing; 1 if none
  flags: Int32Array; // bits FLAG_*: skb.ts
  dev: Uint8Array; // index into devs
  queue: Uint8Array; // receive queue it came through
  arrived: Float64Array; // ns: when its last bit reached the NIC
  serial: Float64Array; // number of the frame since the run began, for the trace
  // optional columns, valid when the flag named says so
  seq: Int32Array; // FLAG_TCP: sequence number; read with >>> 0
  ack_seq: Int32Array; // FLAG_TCP
  tcp_flags: Int32Array; // FLAG_TCP: the flags byte
  window: Int32Array; // FLAG_TCP: the raw window field
  payload: Int32Array; // FLAG_TCP: bytes behind the TCP header; FLAG_FRAG: bytes behind the IP header
  tsval: Int32Array; // FLAG_TSTAMP: the timestamp option
  tsecr: Int32Array; // FLAG_TSTAMP
  ipid: Int32Array; // FLAG_IPID: identification of the IPv4 header; IPv6: the flow label
  frag_off: Int32Array; // FLAG_FRAG: offset of the fragment, bytes
  mark: Int32Array; // FLAG_MARK
  vlan_tci: Int32Array; // FLAG_VLAN
  gso_size: Int32Array; // FLAG_GSO: payload bytes of each merged segment
  gso_type: Int32Array; // FLAG_GSO: bits SKB_GSO_*; 0: merged by a NIC that does not say (LRO)
  nfct: Int32Array; // FLAG_NFCT: connection tracking entry
  sk: Int32Array; // FLAG_SK: socket found by early demux, index into socks
  dst: Int32Array; // FLAG_DST: route that was decided
  hash: Int32Array; // FLAG_RXHASH: hash from the NIC
  frag_list: Int32Array; // FLAG_HEAD: first handle of a list of its own
  cb: Int32Array; // control block: scratch of the layer that holds the packet
  cb2: Int32Array;
}

/// Flows of the traffic: what all packets of a flow have in common, and what was looked up for them.
/// Made by addFlow() in flows.ts only.
export interface FlowTable {
  count: number;
  family: number[]; // 2: IPv4, 10: IPv6
  proto: number[]; // IP protocol number: 17 UDP, 6 TCP, 1 ICMP, 58 ICMPv6
  ethertype: number[]; // 0x0800, 0x86dd, 0x0806
  saddr: string[];
  daddr: string[];
  src: number[]; // IPv4 address as an unsigned number, host order; IPv6: 0
  dst: number[];
  sport: number[]; // ICMP: type and code
  dport: number[]; // ICMP: identifier
  ttl: number[]; // TTL or hop limit
  tos: number[];
  dev: number[]; // index into devs: where its frames arrive
  rss: number[]; // hash by the device's key and fields
  queue: number[]; // receive queue that RSS picks
  version: number[]; // rss_version of the device for which rss and queue hold
  hash: number[]; // skb->hash computed by the flow dissector, 32 bits, never 0; what RPS uses
  flow_label: number[]; // IPv6
  variant: number[]; // the other kind of its packets seen last: tagged, fragments (flows.ts); 0 none
  variant_hash: number[]; // and what such packets hash to
  rss_l4: boolean[]; // rss is a hash over ports too
  ehash: number[]; // its connection's hash among established sockets; -1: not computed
  sock: number[]; // last look-up result: index into socks, -1 none, -2 not looked up
  rt_key: number[]; // fib.genid plus the device for which `rt` holds; -1: not looked up
  rt: number[]; // its route: index into fib.dsts
  syn: (SynOptions | null)[]; // TCP: options of its SYNs; null: no SYN will come
  remote: number[]; // index into remotes that sends it; -1 none
}

/// Routing. fib_frontend.ts and fib_rules.ts write it; route.ts asks.
export interface Fib {
  genid: number; // rt_genid, in steps of 256: a flow's route of another generation is looked up again
  custom_rules: boolean; // somebody has added a rule: local and main no longer share a trie
  custom_local: boolean; // somebody has added a route of type local
  tables: FibTable[];
  tries: FibTrie[];
  rules: FibRule[]; // in order of priority
  dsts: Dst[]; // routes of this generation; dsts[0] is plain local delivery
}

export interface FibTable {
  id: number; // 255 local, 254 main, 253 default
  trie: number; // index into tries; local and main share one at first
}

/// A level- and path-compressed trie; nodes[0] is the anchor above the root. fib_trie.ts
export interface FibTrie {
  nodes: FibNode[];
  free: number[]; // indices of nodes that nothing uses
  stats: TrieUse;
}

/// What look-ups met: struct trie_use_stats.
export interface TrieUse {
  gets: number; // look-ups
  backtrack: number; // times up to the parent again
  semantic_match_passed: number; // leaves that had a route
  semantic_match_miss: number; // leaves that had none that fits
  null_node_hit: number; // missing children
}

export interface FibNode {
  key: number; // 32 bits, unsigned
  pos: number; // lowest bit of the key that the children are chosen by
  bits: number; // how many bits choose; 0: a leaf
  slen: number; // longest suffix (32 less the prefix length) below
  parent: number;
  empty: number; // children that are missing
  full: number; // children that are inner nodes without skipped bits
  child: number[]; // -1: none
  leaf: FibAlias[]; // routes of a leaf: longest prefix first, then table, TOS, metric
}

/// A route: struct fib_alias with its fib_info.
export interface FibAlias {
  slen: number; // 32 less the prefix length
  table: number;
  tos: number;
  type: number; // RTN_*
  priority: number; // the metric
  scope: number; // RT_SCOPE_*
  protocol: number; // RTPROT_*: 2 kernel, 3 boot, 4 static
  prefsrc: number; // preferred source; 0 none
  dev: number; // index into devs; -1 none
  gw: number; // next hop; 0 none
  nh_scope: number;
  onlink: boolean;
  dead: boolean;
  metrics: Record<string, number>; // mtu, advmss, initcwnd, ... as ip names them
  mtu_lock: boolean;
}

export interface FibRule {
  pref: number;
  table: number; // 0: the action is no look-up
  action: number; // FR_ACT_*
  src: number;
  src_len: number;
  dst: number;
  dst_len: number;
  iif: string; // '' any
  oif: string;
  mark: number;
  mark_mask: number; // 0: any mark
  tos: number;
  proto: number; // ip_proto; 0 any
  sport: number[]; // two ends; empty: any
  dport: number[];
  target: number; // goto: preference of the rule to go on with
  suppress_prefixlen: number; // -1: off
  invert: boolean; // not
  protocol: number; // RTPROT_*: who made it
}

/// A route as a packet carries it: struct rtable. route.ts
export interface Dst {
  type: number; // RTN_*
  error: string; // '' or the errno's name with which the packet is refused
  dev: number; // index into devs: where it leaves; -1 none
  gw: number; // next hop; 0: the destination itself
  src: number; // preferred source; 0 none
  mtu: number; // of the route; 0: the device's
  redirect: boolean; // the sender could have asked the next hop itself
}

/// struct neighbour, IPv4. neighbour.ts
export interface Neighbour {
  dev: number; // index into devs
  addr: number;
  lladdr: string; // '' unknown
  state: number; // NUD_*
  updated: number; // ns
  confirmed: number; // ns
  used: number; // ns
  probes: number;
}

/// inet_frags: struct fqdir with its queues. ip_fragment.ts
export interface FragTable {
  mem: number; // bytes: truesize of the fragments and of the queues themselves
  queues: FragQueue[]; // in order of creation; a finished one is reused
  slot: number; // in the agenda: the oldest queue times out
}

/// struct ipq: the fragments of one datagram.
export interface FragQueue {
  live: boolean;
  src: number;
  dst: number;
  proto: number;
  id: number;
  flags: number; // INET_FRAG_*
  len: number; // bytes of the whole datagram, once known
  meat: number; // bytes here
  ecn: number; // which ECN fields the fragments had
  iif: number; // index into devs
  rid: number; // count of fragments of this sender when the last one came
  peer: number; // index into peers; -1: ipfrag_max_dist was 0
  head: Skb; // in order of offset, linked by skbs.next
  tail: Skb;
  last_run: Skb; // first fragment of the last run
  fragments: number;
  expires: number; // ns
  max_size: number; // largest fragment with its header
  max_df_size: number; // largest with DF
}

/// struct inet_peer: another host's address. inetpeer.ts
export interface InetPeer {
  addr: number;
  rate_tokens: number; // jiffies
  rate_last: number; // jiffies
  rid: number; // fragments received from it
  n_redirects: number;
}

/// struct ratelimit_state. net_ratelimit.ts
export interface RateLimit {
  begin: number; // jiffies; -1: never
  printed: number;
  missed: number;
}

/// The token bucket of icmp_msgs_per_sec. icmp.ts
export interface IcmpLimit {
  credit: number;
  stamp: number; // jiffies
  random: Stream; // what each message takes from it is random
  ipid: number;
}

/// Another host on the wire of one NIC, with its TCP connections to this host. remote/
export interface Remote {
  id: number;
  kind: 'bulk' | 'synflood' | 'clients';
  dev: number; // index into devs
  active: boolean;
  label: string; // the words of the traffic command that started it
  dport: number;
  started: number; // ns
  conns: RemoteConn[]; // a flood has none
  first_flow: number; // index into flows
  flows: number;
  bytes: number; // payload for each connection; Infinity: without end
  keeps: boolean; // its connections stay open when the payload is sent: no FIN
  mss: number; // payload of a full segment
  syn: SynOptions; // what its SYNs carry
  window: number; // its own window, raw field
  train: number; // segments that one connection sends in a row
  gap_ns: number; // least time from frame to frame; 0: as fast as the link
  next_ns: number; // before then it may not send
  turns: number[]; // connections with something to send, by index, in the order in which they may
  sent: number; // frames so far
  retransmitted: number; // segments among them that were sent before
  received: number; // frames that came from the host
  syns: number; // connections begun, or SYNs of the flood
  next_conn_ns: number; // clients: when the next one begins; Infinity: none
  conn_gap_ns: number; // clients: from one to the next
  limit: number; // connections or SYNs to begin
  random: Stream;
  next_flow: number; // flood: 0 to flows - 1
  slot: number; // in the agenda: its next frame arrives
  timer_slot: number; // in the agenda: the earliest retransmission or connection
  timer_at: number; // ns: what timer_slot is set to
}

/// One connection of a remote host, as that host sees it.
export interface RemoteConn {
  flow: number; // index into flows
  state: 'new' | 'syn-sent' | 'established' | 'closed';
  iss: number; // initial sequence number
  bytes: number; // payload to send; Infinity: without end
  snd_una: number; // bytes of payload acknowledged, plus one for the SYN
  snd_nxt: number; // next to send, counted the same way
  snd_max: number; // highest ever sent
  snd_wnd: number; // bytes that the host has offered beyond snd_una
  snd_wscale: number;
  rcv_nxt: number; // of the host's sequence numbers
  ts_recent: number; // host's timestamp to echo
  tstamp: boolean;
  dupacks: number;
  recover: number; // snd_max when the hole was seen; -1: not in recovery
  resend: number; // in recovery: holes below were filled again already
  sacked: number[]; // what the host has behind a hole: start, end, start, end, ...
  retransmit: boolean; // the segment at snd_una is to be sent again
  ack: boolean; // a bare ACK is to be sent
  fin: boolean; // its FIN was sent, or none will be
  probe: boolean; // the window is shut: one byte is to be sent beyond it
  rst: boolean; // a reset is to be sent
  ready_ns: number; // its next frame may not arrive before then
  in_turn: boolean; // it is in turns
  train: number; // segments left of its train
  rto_ns: number;
  rto_at: number; // ns; Infinity: not armed
  tries: number; // times its SYN was sent
  ipid: number;
}

/// One traffic generator outside the host: a sender on the wire of one NIC.
export interface Source {
  id: number;
  dev: number; // index into devs
  active: boolean;
  label: string; // the words of the traffic command that started it
  pattern: 'constant' | 'poisson' | 'burst' | 'onoff' | 'pareto';
  pps: number; // mean frames a second while on
  len: number; // frame length with FCS, bytes: 64 ...
  burst: number; // frames a burst
  period_ns: number; // burst start to burst start; onoff, pareto: mean of one on plus one off time
  first_flow: number; // index into flows
  flows: number;
  started: number; // ns
  stop_at: number; // ns; Infinity: runs on
  sent: number; // frames so far
  limit: number; // frames to send; Infinity: no limit
  bad_fcs: number; // share of damaged frames, 0 to 1
  foreign: number; // share of frames for another MAC, 0 to 1
  random: Stream;
  due_ns: number; // when the next frame's last bit would arrive on a free wire
  next_flow: number; // 0 to flows - 1
  frame_ps: number; // ps: time a frame takes on the wire
  state_start_ns: number; // onoff, pareto: when the current on time began
  state_end_ns: number; // and when it ends
  state_sent: number; // frames since it began
  slot: number; // in the agenda: the next frame arrives
  shape: FrameShape | null; // null: plain UDP over IPv4
}

/// What a sender's frames have that plain ones have not. frame_shape.ts
export interface FrameShape {
  flags: number; // FLAG_* of every frame
  vlan_tci: number;
  chunk: number; // bytes of the datagram in a fragment but the last; 0: not fragmented
  fragments: number; // frames a datagram; 1: not fragmented
  ipid: number; // identification of the last packet
  bad_ip: number; // share of wrong IP headers, 0 to 1
  bad_kind: number; // IP_FAULT (ip_faults.ts)
  bad_csum: number; // share of wrong transport checksums, 0 to 1
  train: number; // packets of one flow in a row
  in_train: number; // of the row, so far
  tcp_flags: number;
  seqs: number[]; // TCP, by flow: next sequence number
}
