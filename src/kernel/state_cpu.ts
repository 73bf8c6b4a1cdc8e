/// CPUs, their softirqs and their tasks, and the interrupts that they take.
/// Part of the state of a host: plain data, with the rules of state.ts.
import type { Skb } from './state.ts';
import type { BusyPoll } from './state_socket.ts';

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
  managed: boolean; // the kernel has chosen its CPUs for good. managed_irq.ts
  shut_down: boolean; // managed, and no CPU of its mask is online
  node: number; // /proc/irq/N/node
  extra_ns: number; // ns that its handlers take beyond one MSI-X handler: on a legacy line each device is asked
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
