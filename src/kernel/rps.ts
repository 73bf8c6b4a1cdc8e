/// Receive packet steering: picks the CPU that will process a packet, and the backlog it waits in
/// there. Stands for get_rps_cpu(), enqueue_to_backlog(), skb_flow_limit() and process_backlog() in
/// net/core/dev.c.
/// Left out: backlog threads. RFS has a file of its own, rfs.ts.
import { COSTS } from './costs.ts';
import { maskHas, maskOf, parseMask } from './cpumask.ts';
import { WORKING } from './driver_table.ts';
import { skbHash } from './flows.ts';
import { reciprocalScale } from './hash.ts';
import { kfree_skb_reason } from './ledger.ts';
import { __napi_schedule } from './napi_schedule.ts';
import { __net_timestamp, stampsBeforeRps } from './net_timestamp.ts';
import { beginPiece, interruptCpu, softirqContext } from './piece.ts';
import { REASON } from './reasons.ts';
import {
  __netif_receive_skb_core,
  isPlainDatagram,
  receiveDatagram,
  receiveNs,
} from './receive.ts';
import {
  findFlowEntry,
  mayMove,
  rps_input_queue_head_add,
  rps_input_queue_tail_incr,
  rps_input_queue_tail_save,
  set_rps_cpu,
  sockFlowEntry,
  type FlowEntry,
} from './rfs.ts';
import { __raise_softirq_irqoff, NET_RX_SOFTIRQ } from './softirq.ts';
import type { Cpu, FlowLimit, Kernel, Napi, RxQueue, Skb } from './state.ts';
import { noteStep, RUN, STEP, takeStep, takeWhole, WAY } from './tracing.ts';

const FLOW_LIMIT_HISTORY = 128;

/// The CPU for a packet of a queue, with that hash; -1: stay here. RFS comes first, then the queue's map.
/// `entry` is set to the flow table's entry when that decided, for enqueue_to_backlog(). `skb` is for
/// accelerated RFS only; -1: none. net/core/dev.c:get_rps_cpu()
export function get_rps_cpu(
  k: Kernel,
  q: RxQueue,
  skb: Skb,
  hash: number,
  entry: FlowEntry,
): number {
  entry.flows = null;
  if (hash === 0) return -1; // no hash at all
  const read = k.rps_sock_flow_table;
  if (read !== null && q.rps_flow_table !== null) {
    const ident = sockFlowEntry(read, hash);
    if (((ident ^ hash) & ~read.cpu_mask) === 0) {
      const cpu = followReader(k, q, skb, hash, entry, ident & read.cpu_mask);
      if (cpu >= 0) return cpu;
    }
  }
  const map = q.rps_map;
  if (map.length === 0) return -1;
  const cpu = map[reciprocalScale(hash, map.length)]!;
  return k.cpus[cpu]!.online ? cpu : -1;
}

/// Where RFS sends a packet whose flow is read on `next_cpu`; -1: nowhere, the CPU is offline.
function followReader(
  k: Kernel,
  q: RxQueue,
  skb: Skb,
  hash: number,
  entry: FlowEntry,
  next_cpu: number,
): number {
  findFlowEntry(q.rps_flow_table!, hash, entry);
  let cpu = entry.flows!.cpu[entry.index]!;
  if (cpu !== next_cpu && mayMove(k, entry)) {
    cpu = next_cpu;
    set_rps_cpu(k, q, skb, hash, entry, next_cpu);
  }
  if (k.cpus[cpu]?.online) return cpu;
  entry.flows = null;
  return -1;
}

// Where get_rps_cpu() leaves its entry; of no meaning between two packets.
const rflow: FlowEntry = { flows: null, index: 0 };

/// Sends the packets of rx_list that belong to other CPUs there; the rest stays on the list.
export function steerRxList(k: Kernel, c: Cpu, n: Napi): void {
  const q = k.devs[n.dev]?.rx[n.queue];
  if (!q || (q.rps_map.length === 0 && q.rps_flow_table === null)) return;
  const next = k.skbs.next;
  let kept = -1;
  let last = -1;
  for (let skb = n.rx_head; skb >= 0;) {
    const following = next[skb]!;
    const cpu = get_rps_cpu(k, q, skb, skbHash(k, skb), rflow);
    if (cpu >= 0) {
      takeWhole(k, c, RUN.STEER, skb, 0);
      enqueue(k, c, skb, k.cpus[cpu]!, rflow);
    } else {
      takeStep(k, c, STEP.RPS, skb, COSTS.get_rps_cpu.ns);
      next[skb] = -1;
      if (kept < 0) kept = skb;
      else next[last] = skb;
      last = skb;
    }
    skb = following;
  }
  n.rx_head = kept;
  n.rx_tail = last;
}

/// A packet that comes from no NAPI instance: to the backlog of the CPU that RPS chooses, or of this one.
/// False when it was dropped. net/core/dev.c:netif_rx_internal()
export function netif_rx_internal(k: Kernel, c: Cpu, skb: Skb): boolean {
  if (k.netstamp_wanted > 0 && stampsBeforeRps(k)) __net_timestamp(k, c, skb);
  const q = k.rps_needed > 0 ? k.devs[k.skbs.dev[skb]!]!.rx[k.skbs.queue[skb]!] : undefined;
  rflow.flows = null;
  const steered = q !== undefined && (q.rps_map.length > 0 || q.rps_flow_table !== null);
  const cpu = steered ? get_rps_cpu(k, q, skb, skbHash(k, skb), rflow) : -1;
  return enqueue_to_backlog(k, c, skb, cpu < 0 ? c : k.cpus[cpu]!, rflow);
}

/// Queues a packet on the target CPU, or drops it; `entry` remembers how long that queue was.
/// net/core/dev.c:enqueue_to_backlog()
export function enqueue_to_backlog(
  k: Kernel,
  c: Cpu,
  skb: Skb,
  target: Cpu,
  entry: FlowEntry | null = null,
): boolean {
  takeStep(k, c, STEP.BACKLOG, skb, COSTS.enqueue_to_backlog.ns);
  return enqueue(k, c, skb, target, entry);
}

function enqueue(k: Kernel, c: Cpu, skb: Skb, target: Cpu, entry: FlowEntry | null): boolean {
  const dev = k.devs[k.skbs.dev[skb]!]!;
  const hash = skbHash(k, skb);
  const max = k.hot.netdev_max_backlog;
  if (target.input_qlen > max || skb_flow_limit(c, hash, target.input_qlen, max)) {
    target.dropped++;
    dev.rx_dropped++;
    kfree_skb_reason(k, c, skb, REASON.CPU_BACKLOG, STEP.BACKLOG);
    return false;
  }
  if (!dev.up) {
    dev.rx_dropped++;
    kfree_skb_reason(k, c, skb, REASON.DEV_READY, STEP.BACKLOG);
    return false;
  }
  const backlog = k.napis[target.backlog]!;
  if (target.input_qlen === 0 && !backlog.sched) {
    backlog.sched = true;
    napi_schedule_rps(k, c, target);
  }
  const next = k.skbs.next;
  next[skb] = -1;
  if (target.input_head < 0) target.input_head = skb;
  else next[target.input_tail] = skb;
  target.input_tail = skb;
  target.input_qlen++;
  const tail = rps_input_queue_tail_incr(target);
  if (entry !== null) rps_input_queue_tail_save(entry, tail);
  return true;
}

/// Whether the packet's flow owns more than half of the last packets of a half-full backlog. The
/// table is that of the CPU that enqueues. net/core/dev.c:skb_flow_limit()
export function skb_flow_limit(c: Cpu, hash: number, qlen: number, max_backlog: number): boolean {
  const fl = c.flow_limit;
  if (qlen < max_backlog >> 1 || fl === null) return false;
  const bucket = (hash & (fl.num_buckets - 1)) >>> 0;
  const old = fl.history[fl.history_head]!;
  fl.history[fl.history_head] = bucket;
  fl.history_head = (fl.history_head + 1) & (FLOW_LIMIT_HISTORY - 1);
  if (fl.buckets[old]! > 0) fl.buckets[old]!--;
  fl.buckets[bucket]!++;
  if (fl.buckets[bucket]! <= FLOW_LIMIT_HISTORY >> 1) return false;
  c.flow_limit_count++;
  return true;
}

/// A fresh table; the number of buckets is a power of two. net.core.flow_limit_table_len
export function createFlowLimit(num_buckets: number): FlowLimit {
  return {
    num_buckets,
    history_head: 0,
    history: new Uint16Array(FLOW_LIMIT_HISTORY),
    buckets: new Uint8Array(num_buckets),
  };
}

function napi_schedule_rps(k: Kernel, c: Cpu, target: Cpu): void {
  if (target === c) return __napi_schedule(k, c, k.napis[c.backlog]!);
  c.rps_ipi_list.push(target.id);
  // Outside a poll somebody must still come to send the IPIs.
  if (!c.in_net_rx_action && !c.in_napi_threaded_poll) __raise_softirq_irqoff(c, NET_RX_SOFTIRQ);
}

/// Kicks the CPUs that got packets. net/core/dev.c:net_rps_action_and_irq_enable()
export function net_rps_action_and_irq_enable(k: Kernel, c: Cpu): void {
  if (c.rps_ipi_list.length === 0) return;
  // The kernel's list is a stack: the CPU that was added last is kicked first.
  for (let i = c.rps_ipi_list.length - 1; i >= 0; i--) {
    const target = k.cpus[c.rps_ipi_list[i]!]!;
    if (!target.online) continue; // net_rps_send_ipi(); dev_cpu_dead() has taken its packets
    c.cursor_ns += COSTS.net_rps_send_ipi.ns;
    k.rps_ipis[target.id]!++;
    interruptCpu(k, target, COSTS.rps_trigger_softirq.ns, STEP.BACKLOG);
    rps_trigger_softirq(k, target);
  }
  c.rps_ipi_list.length = 0;
}

function rps_trigger_softirq(k: Kernel, c: Cpu): void {
  __napi_schedule(k, c, k.napis[c.backlog]!);
  c.received_rps++;
}

/// Drains the backlog, at most `quota` packets. net/core/dev.c:process_backlog()
export function process_backlog(k: Kernel, c: Cpu, n: Napi, quota: number): number {
  if (n.stage === 0) {
    n.frames_this_poll = 0;
    net_rps_action_and_irq_enable(k, c);
    n.weight = k.hot.dev_rx_weight;
  } else {
    const skb = c.skb;
    c.skb = -1;
    if (isPlainDatagram(k, skb)) receiveDatagram(k, c, skb, WAY.FROM_BACKLOG);
    else {
      takeStep(k, c, STEP.PROCESS_BACKLOG, skb, COSTS.process_backlog.ns);
      __netif_receive_skb_core(k, c, skb);
    }
    n.frames_this_poll++;
    if (n.frames_this_poll >= quota) return endBacklog(c, n);
  }
  n.stage = 1;
  if (c.process_head < 0) {
    if (c.input_head < 0) {
      n.sched = false;
      return endBacklog(c, n);
    }
    spliceBacklog(k, c);
  }
  const skb = c.process_head;
  c.process_head = k.skbs.next[skb]!;
  c.process_qlen--;
  c.skb = skb;
  beginPiece(
    k,
    c,
    COSTS.process_backlog.ns + receiveNs(k, skb),
    softirqContext(c),
    STEP.PROCESS_BACKLOG,
  );
  return WORKING;
}

function endBacklog(c: Cpu, n: Napi): number {
  rps_input_queue_head_add(c, n.frames_this_poll);
  return n.frames_this_poll;
}

function spliceBacklog(k: Kernel, c: Cpu): void {
  noteStep(k, c, STEP.PROCESS_BACKLOG, -1, c.input_qlen);
  c.process_head = c.input_head;
  c.process_tail = c.input_tail;
  c.process_qlen = c.input_qlen;
  c.input_head = c.input_tail = -1;
  c.input_qlen = 0;
}

/// Recomputes a queue's CPU map after rps_cpus was written. Offline CPUs are left out, as
/// rps_cpumask_housekeeping() and store_rps_map() do.
export function setRpsCpus(k: Kernel, q: RxQueue, mask: readonly number[]): void {
  q.rps_map = k.cpus.filter((c) => c.online && maskHas(mask, c.id)).map((c) => c.id);
  q.rps_cpus = maskOf(q.rps_map, k.desc.cpus);
  k.rps_needed = k.devs.reduce(
    (n, dev) => n + dev.rx.filter((rx) => rx.rps_map.length > 0).length,
    k.rps_sock_flow_table === null ? 0 : 1,
  );
}

/// A new receive queue gets the CPUs of net.core.rps_default_mask.
/// net/core/net-sysfs.c:rx_queue_default_mask()
export function rx_queue_default_mask(k: Kernel, q: RxQueue): void {
  const mask = parseMask(k.sysctl['net.core.rps_default_mask'] ?? '0', k.desc.cpus);
  if (typeof mask === 'string') throw new Error(`rps_default_mask cannot be read: ${mask}`);
  if (mask.some((word) => word !== 0)) setRpsCpus(k, q, mask);
}
