/// Receive flow steering: packets of a flow go to the CPU where the application last read it, as soon as
/// a move cannot put them out of order.
/// Stands for include/net/rps.h, set_rps_cpu() in net/core/dev.c, and the tables that
/// rps_sock_flow_sysctl() and store_rps_dev_flow_table_cnt() make.
/// Left out: that large tables take memory from the rest of the host (a single one larger than the memory
/// is refused); the removal of hardware filters, rps_may_expire_flow(), since no driver here sets any.
import { pathAt } from './driver_table.ts';
import { done, fails, type Result } from './errno.ts';
import { skbHash, skbHashRaw } from './flows.ts';
import type {
  Cpu,
  Kernel,
  RpsDevFlows,
  RpsDevFlowTable,
  RpsSockFlowTable,
  RxQueue,
  Skb,
  Sock,
} from './state.ts';

const RPS_NO_CPU = 0xffff;
const RPS_NO_FILTER = 0xffff;
const TCP_ESTABLISHED = 1;
const U32_ENTRIES = 2 ** 32;

// A table may have millions of entries and few flows: it is kept in parts, made when first written.
const CHUNK_BITS = 10;
const CHUNK = 1 << CHUNK_BITS;

/// An entry of a queue's flow table, as get_rps_cpu() hands it to enqueue_to_backlog().
export interface FlowEntry {
  flows: RpsDevFlows | null; // null: no entry had a say
  index: number;
}

// ---- the table of the sockets

/// An empty table of `size` entries, a power of two, on a host of `cpus` possible CPUs.
export function createSockFlowTable(size: number, cpus: number): RpsSockFlowTable {
  const chunks = new Array<null>(Math.ceil(size / CHUNK)).fill(null);
  return { mask: size - 1, cpu_mask: powerOfTwo(cpus) - 1, chunks };
}

/// Whether a table of the sysctl's size fits into memory. net/core/sysctl_net_core.c:rps_sock_flow_sysctl()
export function sockFlowTableFits(size: number, memory_mib: number): boolean {
  return size * 4 < memory_mib * 2 ** 20;
}

/// Gives the host a table of that many entries, empty, or none. Also called when the size stays.
export function setSockFlowEntries(k: Kernel, size: number): void {
  if (k.rps_sock_flow_table !== null) k.rps_needed--;
  k.rps_sock_flow_table = size === 0 ? null : createSockFlowTable(size, k.desc.cpus);
  if (k.rps_sock_flow_table !== null) k.rps_needed++;
}

/// Entry for a hash: the hash's high bits and a CPU.
export function sockFlowEntry(table: RpsSockFlowTable, hash: number): number {
  const index = (hash & table.mask) >>> 0;
  const chunk = table.chunks[index >>> CHUNK_BITS];
  return chunk ? chunk[index & (CHUNK - 1)]! : RPS_NO_CPU;
}

/// Notes that a flow was read on that CPU. include/net/rps.h
export function rps_record_sock_flow(table: RpsSockFlowTable, hash: number, cpu: number): void {
  const value = ((hash & ~table.cpu_mask) | cpu) >>> 0;
  const index = (hash & table.mask) >>> 0;
  const chunk = (table.chunks[index >>> CHUNK_BITS] ??= new Uint32Array(CHUNK).fill(RPS_NO_CPU));
  chunk[index & (CHUNK - 1)] = value;
}

/// recvmsg(), sendmsg() or accept() on a socket, on that CPU. Only connected sockets have a flow: an
/// unconnected UDP socket records nothing. Call it when k.rps_sock_flow_table is not null. include/net/rps.h
export function sock_rps_record_flow(k: Kernel, sk: Sock, cpu: number): void {
  const table = k.rps_sock_flow_table;
  if (table === null || sk.state !== TCP_ESTABLISHED || sk.rxhash === 0) return;
  rps_record_sock_flow(table, sk.rxhash, cpu);
}

/// A connected socket remembers the hash of what arrives for it. The packet bears the kernel's hash when
/// steering has asked for it, else what the NIC gave. include/net/sock.h
export function sock_rps_save_rxhash(k: Kernel, sk: Sock, skb: Skb): void {
  const q = k.devs[k.skbs.dev[skb]!]!.rx[k.skbs.queue[skb]!];
  const asked = q !== undefined && (q.rps_flow_table !== null || q.rps_map.length > 0);
  sk.rxhash = asked ? skbHash(k, skb) : skbHashRaw(k, skb);
}

/// The socket is disconnected. include/net/sock.h
export function sock_rps_reset_rxhash(sk: Sock): void {
  sk.rxhash = 0;
}

// ---- the table of a receive queue

/// rps_flow_cnt: a table of that many entries, rounded up to a power of two; 0: none. EINVAL beyond 2^32,
/// ENOMEM when it does not fit into memory. net/core/net-sysfs.c:store_rps_dev_flow_table_cnt()
export function setFlowCount(k: Kernel, q: RxQueue, count: number): Result {
  const size = count === 0 ? 0 : powerOfTwo(count);
  if (size > U32_ENTRIES) return fails('EINVAL');
  if (size * 8 >= k.desc.memory_mib * 2 ** 20) return fails('ENOMEM');
  q.rps_flow_cnt = size;
  q.rps_flow_table = size === 0 ? null : createFlowTable(size);
  return done;
}

/// An empty table of `size` entries, a power of two.
export function createFlowTable(size: number): RpsDevFlowTable {
  return { mask: size - 1, chunks: new Array<null>(Math.ceil(size / CHUNK)).fill(null) };
}

/// Points at the entry for a hash.
export function findFlowEntry(table: RpsDevFlowTable, hash: number, entry: FlowEntry): void {
  const index = (hash & table.mask) >>> 0;
  entry.flows = table.chunks[index >>> CHUNK_BITS] ??= createFlows();
  entry.index = index & (CHUNK - 1);
}

function createFlows(): RpsDevFlows {
  return {
    cpu: new Uint16Array(CHUNK).fill(RPS_NO_CPU),
    filter: new Uint16Array(CHUNK).fill(RPS_NO_FILTER),
    last_qtail: new Uint32Array(CHUNK),
  };
}

/// Whether the flow may go to another CPU: where it went is no CPU or offline, or has taken from its
/// backlog all that was queued for this entry. Condition in net/core/dev.c:get_rps_cpu()
export function mayMove(k: Kernel, entry: FlowEntry): boolean {
  const c = k.cpus[entry.flows!.cpu[entry.index]!];
  if (c === undefined || !c.online) return true;
  return ((c.input_queue_head - entry.flows!.last_qtail[entry.index]!) | 0) >= 0;
}

/// Sends the flow of an entry to another CPU; with accelerated RFS, the NIC is told too and the entry is
/// then the other queue's. `skb` -1: no packet that the NIC could match. net/core/dev.c:set_rps_cpu()
export function set_rps_cpu(
  k: Kernel,
  q: RxQueue,
  skb: Skb,
  hash: number,
  entry: FlowEntry,
  next_cpu: number,
): void {
  const c = k.cpus[next_cpu];
  if (c !== undefined) {
    if (skb >= 0) steerInHardware(k, q, skb, hash, entry, next_cpu);
    entry.flows!.last_qtail[entry.index] = c.input_queue_head;
  }
  entry.flows!.cpu[entry.index] = next_cpu;
}

/// A packet enters a CPU's backlog: returns how many have, wrapping at 2^32. include/net/rps.h
export function rps_input_queue_tail_incr(c: Cpu): number {
  c.input_queue_tail = (c.input_queue_tail + 1) >>> 0;
  return c.input_queue_tail;
}

/// The entry that sent it there remembers that number. include/net/rps.h
export function rps_input_queue_tail_save(entry: FlowEntry, tail: number): void {
  if (entry.flows !== null) entry.flows.last_qtail[entry.index] = tail;
}

/// Packets have left a CPU's backlog. include/net/rps.h
export function rps_input_queue_head_add(c: Cpu, packets: number): void {
  c.input_queue_head = (c.input_queue_head + packets) >>> 0;
}

function steerInHardware(
  k: Kernel,
  q: RxQueue,
  skb: Skb,
  hash: number,
  entry: FlowEntry,
  next_cpu: number,
): void {
  const dev = k.devs[q.dev]!;
  if (dev.path < 0 || !dev.features['ntuple-filters']) return;
  const steering = pathAt(dev.path).flowSteering;
  if (steering === undefined) return;
  const rxq_index = steering.queueOf(k, dev, next_cpu);
  const table = dev.rx[rxq_index]?.rps_flow_table;
  if (rxq_index === q.index || !table) return;
  const flow_id = (hash & table.mask) >>> 0;
  const filter = steering.steer(k, dev, skb, rxq_index, flow_id);
  if (filter < 0) return;
  const { flows, index } = entry;
  findFlowEntry(table, hash, entry);
  entry.flows!.filter[entry.index] = filter;
  if (flows!.filter[index] === filter) flows!.filter[index] = RPS_NO_FILTER;
}

function powerOfTwo(least: number): number {
  let size = 1;
  while (size < least) size *= 2;
  return size;
}
