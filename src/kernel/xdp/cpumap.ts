/// A map of CPUs: frames go to a ring of each, and a thread there makes skbs of them and takes them up the stack.
/// Stands for kernel/bpf/cpumap.c: cpu_map_update_elem(), the ring, cpu_map_kthread_run().
/// The thread takes eight frames at a time and hands each to the stack as a packet of its own: in 6.12 a cpumap
/// does no GRO.
/// Left out: a program that runs in the thread, RPS behind it, frames' other memory models.
import { COSTS } from '../costs.ts';
import type { ErrnoName } from '../errno.ts';
import { loseFrame } from '../ledger.ts';
import { beginPiece } from '../piece.ts';
import { REASON } from '../reasons.ts';
import { __netif_receive_skb_core, receiveNs } from '../receive.ts';
import { createTask } from '../sched/task.ts';
import { builtHead, setHead } from '../skb.ts';
import type { Cpu, Kernel, Skb, Task } from '../state.ts';
import { STEP, takeStep } from '../tracing.ts';
import type { BpfMap, CpuMapEntry } from './types.ts';

const MAX_QSIZE = 16384; // frames
const XDP_PACKET_HEADROOM = 256;
const PAGE = builtHead(4096);

/// Sets the queue to a CPU, frames; 0 takes it out. kernel/bpf/cpumap.c:cpu_map_update_elem()
export function cpu_map_update_elem(
  k: Kernel,
  map: BpfMap,
  key: number,
  qsize: number,
  exist: 'any' | 'noexist' | 'exist',
): ErrnoName | null {
  if (key >= map.max_entries) return 'E2BIG';
  if (exist === 'noexist') return 'EEXIST';
  if (qsize > MAX_QSIZE) return 'EOVERFLOW';
  if (key >= k.cpus.length) return 'ENODEV';
  const old = map.cpus[key] ?? -1;
  if (old >= 0) k.bpf.cpu_entries[old]!.stopped = true;
  map.cpus[key] = qsize === 0 ? -1 : addEntry(k, map, key, qsize);
  return null;
}

function addEntry(k: Kernel, map: BpfMap, cpu: number, qsize: number): number {
  const task = createTask(k, {
    comm: `cpumap/${cpu}/map:${map.id}`,
    kind: 'cpumap',
    kthread: true,
    uid: 0,
    cpu,
    pinned: true,
  });
  const entry: CpuMapEntry = {
    ...{ map: map.id, cpu, qsize, task, head: -1, tail: -1, count: 0, stopped: false },
    ...{ enqueued: 0, drops: 0 },
  };
  return k.bpf.cpu_entries.push(entry) - 1;
}

/// Puts a frame into the ring; false when it is full. __ptr_ring_produce()
export function ringProduce(k: Kernel, entry: CpuMapEntry, skb: Skb): boolean {
  if (entry.count === entry.qsize || entry.stopped) {
    entry.drops++;
    return false;
  }
  entry.enqueued++;
  k.skbs.next[skb] = -1;
  if (entry.head < 0) entry.head = skb;
  else k.skbs.next[entry.tail] = skb;
  entry.tail = skb;
  entry.count++;
  return true;
}

function entryOf(k: Kernel, task: Task): CpuMapEntry {
  return k.bpf.cpu_entries.find((entry) => k.tasks[entry.task] === task)!;
}

/// The thread at work: takes the next frame of its ring. False when there is none and it sleeps.
/// kernel/bpf/cpumap.c:cpu_map_kthread_run()
export function cpu_map_kthread_run(k: Kernel, c: Cpu, task: Task): boolean {
  const entry = entryOf(k, task);
  const skb = entry.head;
  if (skb < 0) {
    if (entry.stopped) task.exited = true;
    return false;
  }
  entry.head = k.skbs.next[skb]!;
  if (entry.head < 0) entry.tail = -1;
  entry.count--;
  task.skb = skb;
  task.phase = 1; // no preemption between local_bh_disable() and local_bh_enable()
  beginPiece(k, c, COSTS.cpumap_build_skb.ns + receiveNs(k, skb), 'kthread', STEP.BUILD);
  return true;
}

/// A frame's piece has ended: it is an skb, and goes up the stack.
export function finishCpumap(k: Kernel, c: Cpu, task: Task): void {
  const skb = task.skb;
  task.skb = -1;
  task.phase = 0;
  if (skb < 0) return;
  // The piece may have been suspended: its steps are taken to have ended just now.
  c.cursor_ns = k.now - COSTS.cpumap_build_skb.ns - receiveNs(k, skb);
  takeStep(k, c, STEP.BUILD, skb, COSTS.cpumap_build_skb.ns);
  setHead(k.skbs, skb, PAGE.room, XDP_PACKET_HEADROOM + k.skbs.len[skb]!, 0, 0);
  __netif_receive_skb_core(k, c, skb);
}

/// The map is gone: what is still in its rings is lost with it.
export function cpu_map_free(k: Kernel, map: BpfMap): void {
  for (const at of map.cpus) {
    const entry = at >= 0 ? k.bpf.cpu_entries[at]! : null;
    if (entry === null) continue;
    entry.stopped = true;
    for (let skb = entry.head; skb >= 0;) {
      const next = k.skbs.next[skb]!;
      loseFrame(k, skb, REASON.XDP_CPUMAP);
      skb = next;
    }
    entry.head = entry.tail = -1;
    entry.count = 0;
    k.tasks[entry.task]!.exited = true;
  }
}
