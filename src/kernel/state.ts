/// The whole state of a simulated host, on one page. Everything here is plain data: numbers,
/// strings, arrays, typed arrays and objects of them; no closures, no class instances. So a host can
/// be cloned (engine/snapshot.ts), compared, rewound and printed. Frozen parts are shared by clones.
///
/// Times are integer nanoseconds of virtual time since the run began (`_ns`), or jiffies. Sizes are
/// bytes. A packet is a handle: an index into the pool `skbs`. What runs at every packet is a field
/// or a typed array, never a record with a computed key.
/// This page has the host as a whole; its parts are in state_*.ts, and what belongs to netfilter, XDP, taps
/// and tc is defined in their types.ts.
import type { Agenda } from '../engine/agenda.ts';
import type { Trace } from '../engine/trace.ts';
import type { HostDescription } from './host.ts';
import type { Mib } from './mib.ts';
import type { NfState } from './netfilter/types.ts';
import type { PacketState } from './packet_types.ts';
import type { Cpu, Irq, Task } from './state_cpu.ts';
import type { Napi, NetDevice, RpsSockFlowTable } from './state_device.ts';
import type { FlowTable, SkbPool } from './state_packet.ts';
import type { Fib, FragTable, IcmpLimit, InetPeer, Neighbour, RateLimit } from './state_route.ts';
import type { Epoll, HashSecrets, Sock, SockReuseport } from './state_socket.ts';
import type { RequestSock } from './state_tcp.ts';
import type { Remote, Source } from './state_wire.ts';
import type { TcState } from './tc/types.ts';
import type { TcpMib } from './tcp/tcp_mib.ts';
import type { BpfState } from './xdp/types.ts';

export type * from './state_cpu.ts';
export type * from './state_device.ts';
export type * from './state_packet.ts';
export type * from './state_route.ts';
export type * from './state_socket.ts';
export type * from './state_tcp.ts';
export type * from './state_wire.ts';

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
  frags6: FragTable; // those of IPv6. ipv6_reassembly.ts
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
  netstamp_wanted: number; // sockets that want packets stamped: netstamp_needed_key. net_timestamp.ts
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
  netdev_tstamp_prequeue: number; // not 0: packets are stamped before RPS
  dev_weight: number; // packets
  gro_normal_batch: number; // segments
  rmem_default: number; // bytes
  rmem_max: number; // bytes
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
