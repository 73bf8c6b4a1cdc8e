/// Network devices: their rings and queues, NAPI instances, and what is set on them.
/// Part of the state of a host: plain data, with the rules of state.ts.
import type { Dim } from './dim.ts';
import type { DeviceLinks } from './links.ts';
import type { Hw } from './mib.ts';
import type { Skb } from './state.ts';
import type { PagePool } from './state_packet.ts';
import type { Outgoing } from './state_wire.ts';
import type { TcIngress } from './tc/types.ts';
import type { XdpAttachment, XdpCounts } from './xdp/types.ts';

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
  addrs6: string[]; // 2001:db8::2/64: those given to it, the newest first. ipv6_addr.ts
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
  filters: NicFilter[]; // what the NIC compares for them, in its order; empty: nothing. rxnfc_rules.ts
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
  wire_turn: number[]; // agenda slots of senders that found the wire taken, the next first; wire_turn.ts
  pauses: number[]; // ps: from when to when the other end begins no frame, pairs in order. pause_frames.ts
  fc: FlowControl;
  hwtstamp: HwTstamp;
  propagation_ns: number; // time on the cable and in the switch, one way; transmit.ts
  outgoing: Outgoing[]; // frames it has sent that have not reached the other end, in order; transmit.ts
  outgoing_ps: number; // ps: until when the last of them takes the wire
  outgoing_slot: number; // in the agenda: the first of them arrives; -1 before the first
  xdp: XdpAttachment | null; // program in the driver; xdp/attach.ts
  xdp_prog: number; // generic program: index into bpf.progs; -1 none
  xdp_counts: XdpCounts[]; // by queue: what the driver counts of XDP; xdp/xmit.ts
  links: DeviceLinks; // bridge, bond, VLAN and so on: what it is and belongs to; links.ts
  ingress: TcIngress | null; // ingress or clsact; sch_ingress.ts
  xps_maps: XpsMaps | null; // null: XPS is off
  traffic_classes: TrafficClasses | null; // null: none, as no discipline here makes them
  rx_hooks: number; // bits: what __netif_receive_skb_core() must do beside handing packets up; rx_hooks.ts
}

/// Time stamps that the NIC was asked for: struct hwtstamp_config. net_timestamp_hw.ts
export interface HwTstamp {
  tx_type: number; // 0 or 1
  rx_filter: number; // HWTSTAMP_FILTER_*; 0: none
  told: number; // the filter that the last caller of SIOCSHWTSTAMP was told of
  held: boolean; // the register for one stamp is taken: no other frame gets one
  slot: number; // in the agenda: the watchdog frees it; -1 before the first
}

/// Ethernet flow control on the device's wire. pause_frames.ts
export interface FlowControl {
  partner: 'none' | 'ignores' | 'obeys'; // what the other end does with pause frames; none: there are none on this wire
  xoff: boolean; // the NIC has asked for a pause and not ended it
  slot: number; // in the agenda: it asks again; -1 before the first time
  port_frames: number; // frames of each sender that wait at the port of the switch at most
  tx_resume_ps: number; // ps: until when the other end has asked this host to be silent
}

/// A rule of `ethtool -N DEV flow-type`: struct ethtool_rx_flow_spec for IPv4 and IPv6. A bit that is set in a mask
/// is compared. rxnfc_rules.ts
export interface NtupleRule {
  location: number; // the lower comes first
  flow_type: 'tcp4' | 'udp4' | 'sctp4' | 'ip4' | 'tcp6' | 'udp6' | 'sctp6' | 'ip6';
  src: number[]; // address in 32-bit words: one, or four for IPv6
  src_mask: number[];
  dst: number[];
  dst_mask: number[];
  tos: number; // or traffic class
  tos_mask: number;
  proto: number; // ip4, ip6: IP protocol
  proto_mask: number;
  sport: number; // ip4, ip6: first two bytes behind the IP header
  sport_mask: number;
  dport: number; // ip4, ip6: next two
  dport_mask: number;
  queue: number; // receive queue; -1: drop
}

/// What a NIC compares for such a rule.
export interface NicFilter extends Omit<NtupleRule, 'flow_type'> {
  flow_type: NtupleRule['flow_type'] | 'other4' | 'other6'; // other: neither TCP, UDP nor SCTP; fragments of those are
  fragments: boolean; // fragments match as well, where no port is compared
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
  high: number; // from there on the NIC asks for a pause; Infinity: never. pause_frames.ts
  low: number; // down there it ends the pause; -1: none
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
  pages: Mlx5Rq | null; // its buffers' pages; null: not mlx5. mlx5_pages.ts
}

/// struct mlx5e_rq, as far as pages go. A place is what one page of the queue's memory is for.
export interface Mlx5Rq {
  pool: PagePool;
  buffers: Mlx5Buffers;
  pages: Int32Array; // by place: the page there; -1: none
  frags: Int32Array; // by place: how many fragments of the page packets were given (frag_page->frags)
  entry: number; // frames packed in an entry: the entry they go into
  offset: number; // bytes of it that are taken
  missing: number; // entries that are used up
}

/// How a receive queue's buffers lie in pages, and what was set when it was opened.
export interface Mlx5Buffers {
  mtu: number;
  slots: number;
  mode: number; // bits: striding 1, XDP 2, LRO 4
  linear: boolean; // the skb is built around the frame
  packed: boolean; // frames follow each other in an entry, as long as they are
  spare: number; // slots that are never posted
  bulk: number; // slots: fewer are not posted
  grain: number; // slots: what is posted is a multiple of these
  unit: number; // slots: pages are given up and had for so many at once
  period: number; // slots that share pages among themselves
  places: number[][]; // by slot of a period: the place of each of its fragments
  places_per_period: number;
  strides: number[]; // bytes that a slot's fragments take
  sizes: number[]; // bytes of a frame that go into each of them
  entries: number; // packed: entries of 64 pages
}

export interface TxQueue {
  packets: number;
  bytes: number;
  xps_cpus: number[]; // mask words: CPUs whose map in NetDevice.xps_maps has this queue
}

/// struct xps_dev_maps: which transmit queues a CPU may use, by CPU and traffic class, in the order in which
/// they were added. xps.ts
export interface XpsMaps {
  num_tc: number;
  attr_map: number[][]; // CPU * num_tc + class; empty: any queue
}

/// What mqprio divides a device's transmit queues into: struct netdev_tc_txq for each class.
export interface TrafficClasses {
  tc_to_txq: { offset: number; count: number }[];
  prio_tc_map: number[]; // class of each of the 16 priorities
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
  hashed: boolean; // napi_by_id() finds it; false once its driver has deleted it
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
