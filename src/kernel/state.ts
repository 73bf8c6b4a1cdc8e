/// The whole state of a simulated host, on one page. Everything here is plain data: numbers,
/// strings, arrays, typed arrays and objects of them; no closures, no class instances. So a host can
/// be cloned (engine/snapshot.ts), compared, rewound and printed. Frozen parts are shared by clones.
///
/// Times are integer nanoseconds of virtual time since the run began (`_ns`), or jiffies. Sizes are
/// bytes. A packet is a handle: an index into the pool `skbs`.
import type { Agenda } from '../engine/agenda.ts';
import type { Stream } from '../engine/random.ts';
import type { Trace } from '../engine/trace.ts';
import type { HostDescription } from './host.ts';

/// Index of a packet in the pool, from the wire to the end of its life. -1 stands for none.
export type Skb = number;

export interface Kernel {
  readonly desc: HostDescription;
  readonly seed: number;
  now: number; // virtual time, ns; while an event runs, the time of the work being done
  agenda: Agenda; // what happens next: one slot for each actor
  cpus: Cpu[];
  irqs: Irq[]; // in order of their numbers
  devs: NetDevice[]; // in order of ifindex; devs[0] is lo
  napis: Napi[]; // every NAPI instance, backlogs included; Napi.id is the index
  tasks: Task[]; // in order of pid
  socks: Sock[]; // in order of creation
  sources: Source[]; // traffic on the wire, in order of start
  skbs: SkbPool;
  flows: FlowTable; // 5-tuples of the traffic, with their cached hashes
  sysctl: Record<string, string>; // every sysctl by dotted name, as /proc shows it, without newline
  hot: Hot; // the sysctls that the packet path reads, parsed
  mib: Record<string, number>; // SNMP counters by nstat name: UdpInDatagrams, IpInReceives, ...
  ledger: Ledger;
  trace: Trace | null; // bounded record of steps; null: not traced. Clones share it
  config_version: number; // grows with each change by a command
  dmesg: string[]; // kernel log lines, with their time stamps
}

/// Where every packet that was offered has gone. offered = delivered + queued + dropped, always;
/// `queued` is counted from the rings, lists, backlogs and sockets by ledgerOf().
export interface Ledger {
  offered: number; // frames that reached a NIC
  delivered: number; // datagrams copied to an application by recvmsg
  dropped: Record<string, number>; // by reason: kernel drop reasons (SOCKET_RCVBUFF), and for the
  // hardware 'hw:' with the counter's own name (hw:rx_missed_errors, hw:rx_crc_errors, hw:filter)
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
}

export interface Cpu {
  id: number;
  node: number; // NUMA node
  online: boolean;
  // struct softnet_data (include/linux/netdevice.h)
  poll_list: number[]; // NAPI ids waiting for net_rx_action(), in order
  in_net_rx_action: boolean;
  processed: number; // packets through __netif_receive_skb_core and process_backlog
  dropped: number; // refused by enqueue_to_backlog, backlog full
  time_squeeze: number; // times net_rx_action() left work behind
  received_rps: number; // IPIs received to run the backlog
  flow_limit_count: number;
  // softirq
  softirq_pending: number; // bit mask by vector; NET_RX is 3
  softirqs: number[]; // /proc/softirqs: 10 counts, HI TIMER NET_TX NET_RX BLOCK IRQ_POLL TASKLET SCHED HRTIMER RCU
  // who runs, innermost first; the kernel decides in cpu.ts
  running: CpuWork; // what the CPU does now
  busy_until: number; // ns: end of the work in hand; 0 when idle
  current: number; // pid of the task on the CPU; 0: idle
  runqueue: number[]; // pids ready to run here, current excluded
  // time by context since boot, ns: /proc/stat and the lanes
  time: { hardirq: number; softirq: number; kthread: number; process: number; user: number; idle: number };
  irqs_handled: number; // device interrupts taken
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
  name: string; // eth0-TxRx-0
  dev: number; // index into devs; -1: not a NIC's
  napi: number; // NAPI id that its handler schedules; -1: none
  affinity: number[]; // CPU mask as 32-bit words, lowest first: smp_affinity
  affinity_hint: number[];
  effective: number; // CPU that takes the next interrupt
  node: number; // /proc/irq/N/node
}

export interface NetDevice {
  ifindex: number;
  name: string;
  driver: string; // key into the driver table; '' for lo
  mac: string;
  up: boolean; // IFF_UP
  carrier: boolean;
  promisc: number; // count of users of promiscuous mode
  allmulti: number;
  mtu: number; // bytes
  txqueuelen: number; // packets
  addrs: string[]; // 10.0.0.2/24
  speed_mbps: number; // -1 unknown
  numa_node: number;
  pci: string;
  rx: RxQueue[]; // active receive queues
  tx: TxQueue[];
  ring: { rx: number; tx: number }; // descriptors a queue, as ethtool -g shows them
  coalesce: Record<string, number | boolean>; // ethtool -c names (rx-usecs), the driver's fields only
  features: Record<string, boolean>; // ethtool -k names; fixed ones are in the driver's table
  priv_flags: Record<string, boolean>;
  pause: { autoneg: boolean; rx: boolean; tx: boolean };
  rss_key: number[];
  rss_indir: number[];
  rxnfc: Record<string, string>; // hash fields by flow type, as letters: udp4 -> 'sd'
  ntuple: unknown[]; // n-tuple rules, where the driver has them
  gro_flush_timeout: number; // ns
  napi_defer_hard_irqs: number;
  threaded: boolean;
  hw: Record<string, number>; // hardware and driver counters by their ethtool -S names
  link_down_until: number; // ns: the NIC loses what arrives before (reset after ethtool -G)
  carrier_changes: number;
}

export interface RxQueue {
  dev: number; // index into devs
  index: number;
  napi: number;
  slots: Int32Array; // packet handles, a ring; length is the ring size
  head: number; // slot the NIC fills next
  tail: number; // slot the driver cleans next (next_to_clean)
  used: number; // filled descriptors
  packets: number; // per-queue ethtool -S counters
  bytes: number;
  drops: number;
  alloc_failed: number;
  rps_cpus: number[]; // mask words
  rps_flow_cnt: number;
}

export interface TxQueue {
  packets: number;
  bytes: number;
  xps_cpus: number[];
}

export interface Napi {
  id: number; // index into napis
  napi_id: number; // the kernel's own id, as netlink shows it
  dev: number; // index into devs; -1 for a CPU's backlog
  queue: number; // receive queue
  irq: number; // index into irqs; -1: none
  weight: number; // 64
  sched: boolean; // NAPI_STATE_SCHED
  missed: boolean; // NAPI_STATE_MISSED
  defer_hard_irqs_count: number;
  irq_enabled: boolean; // the device may interrupt
  irq_pending: boolean; // an interrupt is due or on its way
  irq_last: number; // ns: when the last interrupt was raised
  itr_ns: number; // current moderation interval, ns
  frames_since_irq: number;
  frames_this_poll: number;
  bytes_this_poll: number;
  rx_list: number[]; // skbs waiting for gro_normal_list()
  rx_count: number; // segments in rx_list
  polls: number;
  task: number; // pid of its kthread when threaded; 0: none
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
  vruntime: number; // ns, weighted
  runtime: number; // ns on a CPU
  sock: number; // index into socks that it reads; -1: none
  service_ns: number; // user time for each datagram
  kind: 'ksoftirqd' | 'reader' | 'napi' | 'other';
  rest_ns: number; // what is left of the piece of work in hand
}

export interface Sock {
  ino: number;
  proto: 'udp';
  local: string;
  port: number;
  task: number; // pid of the owner
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
}

/// Packets, as columns. A handle is an index; free handles form a list through `next`.
export interface SkbPool {
  capacity: number;
  used: number; // high-water mark: no handle at or above it was ever given out
  free: Skb; // first free handle; -1: none below `used`
  live: number; // handles in use
  next: Int32Array; // link in the list that holds the packet
  flow: Int32Array; // index into flows
  len: Int32Array; // frame length without FCS, bytes
  truesize: Int32Array; // bytes charged to a socket
  segs: Int32Array; // frames merged into it by GRO; 1 if none
  flags: Int32Array; // bit 0: bad FCS, bit 1: not our MAC, bit 2: hash valid
  arrived: Float64Array; // ns: when its last bit reached the NIC
  serial: Float64Array; // number of the frame since the run began, for the trace
}

export interface FlowTable {
  count: number;
  saddr: string[];
  daddr: string[];
  sport: number[];
  dport: number[];
  proto: string[]; // 'udp'
  rss: number[]; // Toeplitz hash with the device's key
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
  period_ns: number; // burst start to burst start
  first_flow: number; // index into flows
  flows: number;
  started: number; // ns
  stop_at: number; // ns; Infinity: runs on
  sent: number; // frames so far
  limit: number; // frames to send; Infinity: no limit
  bad_fcs: number; // share of damaged frames, 0 to 1
  foreign: number; // share of frames for another MAC, 0 to 1
  random: Stream;
}
