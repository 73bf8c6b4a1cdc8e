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
import type { HostDescription } from './host.ts';
import type { Hw, Mib } from './mib.ts';

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
  sources: Source[]; // traffic on the wire, in order of start
  skbs: SkbPool;
  flows: FlowTable; // 5-tuples of the traffic, with their cached hashes
  sysctl: Record<string, string>; // every sysctl by dotted name, as /proc shows it, without newline
  hot: Hot; // the sysctls that the packet path reads, parsed
  stored: Record<string, string>; // by path: what was written to /sys and /proc/irq and only shown again
  mib: Mib & Record<string, number>; // SNMP counters by nstat name: UdpInDatagrams, IpInReceives, ...
  udp_memory_allocated: number; // pages of socket memory, against net.ipv4.udp_mem
  rps_needed: number; // receive queues that have rps_cpus set
  rps_ipis: number[]; // by CPU: function call interrupts sent to run a backlog (CAL)
  resched_ipis: number[]; // by CPU: rescheduling interrupts taken (RES)
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
  dev_rx_weight: number; // packets: dev_weight times dev_weight_rx_bias
  udp_mem_pressure: number; // pages, net.ipv4.udp_mem[1]
  udp_mem_max: number; // pages, net.ipv4.udp_mem[2]
  udp_rmem_min: number; // bytes
}

/// What a CPU is busy with; decides what the end of its piece of work means. cpu.ts
export type CpuMode =
  | 0 // idle
  | 1 // in a hard interrupt
  | 2 // in softirqs, at the exit of an interrupt
  | 3 // in softirqs, inside ksoftirqd
  | 4 // in a task
  | 5 // on the way out of idle: a task was woken here
  | 6; // in a napi/ thread's poll

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
  ring: { rx: number; tx: number }; // descriptors a queue, as ethtool -g shows them
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
  gateway: string; // next hop of the default route by this device; '' none. Lost when it goes down
  rxfh_configured: boolean; // the indirection table was set by hand
  rss_key: number[];
  rss_indir: number[];
  rxnfc: Record<string, string>; // hash fields by flow type, as letters: udp4 -> 'sd'
  ntuple: unknown[]; // n-tuple rules, where the driver has them
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
  rx_hooks: number; // bits: what __netif_receive_skb_core() must do beside handing packets up; rx_hooks.ts
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
  used: number; // bytes or frames, as the driver path says
  limit: number;
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
  interrupts: number; // interrupts raised for this queue
  kicks: number; // virtio: notifications of new buffers
  buffers: number; // buffers posted since boot; virtio sizes every 21st differently
  rps_cpus: number[]; // mask words
  rps_map: number[]; // CPUs of rps_cpus, in order; empty: RPS off
  rps_flow_cnt: number;
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
  | 5; // rx_list goes up the stack, after a full weight

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
  defer_hard_irqs_count: number;
  irq_enabled: boolean; // the device may interrupt
  irq_pending: boolean; // an interrupt is due or on its way
  irq_last: number; // ns: when the last interrupt was raised
  itr_ns: number; // moderation interval the device uses now, ns
  itr_val: number; // igb: value to write at the next interrupt, quarters of us
  set_itr: boolean;
  itr_class: number; // igb: 0 lowest_latency, 1 low_latency, 2 bulk_latency
  total_packets: number; // igb: since the moderation was last updated
  total_bytes: number;
  frames_since_irq: number;
  frames_this_poll: number;
  bytes_this_poll: number;
  stage: PollStage;
  rx_head: Skb; // rx_list: skbs waiting for gro_normal_list(), linked by skbs.next
  rx_tail: Skb;
  rx_count: number; // segments in rx_list
  rps_stage: 0 | 1 | 2; // get_rps_cpu() for the list in hand: not yet, in hand, done
  timer_cpu: number; // where napi_watchdog() fires
  polls: number;
  task: number; // index of its kthread when threaded; -1: none
  irq_slot: number; // in the agenda: the device raises its interrupt; -1 for a backlog
  timer_slot: number; // in the agenda: napi_watchdog(); -1 for a backlog
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
  kind: 'ksoftirqd' | 'reader' | 'napi' | 'other';
  napi: number; // NAPI id that a napi/ thread polls; -1: none
  phase: 0 | 1 | 2; // reader: 0 about to call recvmsg, 1 inside it, 2 using the data
  skb: Skb; // the datagram in hand; -1: none
  rest_ns: number; // what is left of the piece of work in hand
}

export interface Sock {
  ino: number;
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
  waiting: boolean; // its reader sleeps in recvmsg
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
  payload: Int32Array; // FLAG_TCP: bytes behind the TCP header
  tsval: Int32Array; // FLAG_TSTAMP: the timestamp option
  tsecr: Int32Array; // FLAG_TSTAMP
  ipid: Int32Array; // FLAG_IPID: identification of the IPv4 header
  frag_off: Int32Array; // FLAG_FRAG: offset of the fragment, bytes
  mark: Int32Array; // FLAG_MARK
  vlan_tci: Int32Array; // FLAG_VLAN
  gso_size: Int32Array; // FLAG_GSO: payload bytes of each merged segment
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
  sock: number[]; // last look-up result: index into socks, -1 none, -2 not looked up
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
}
