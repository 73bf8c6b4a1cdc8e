/// A map of CPUs: frames go to a ring of each. The threads that empty the rings are in cpumap_kthread.ts.
/// Stands for kernel/bpf/cpumap.c: cpu_map_update_elem() and the ring.
/// Left out: a program that runs in the thread, frames' other memory models.
import type { ErrnoName } from '../errno.ts';
import { createTask } from '../sched/task.ts';
import type { Kernel, Skb } from '../state.ts';
import type { BpfMap, CpuMapEntry } from './types.ts';

const MAX_QSIZE = 16384; // frames

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
  if (old >= 0) stopEntry(k, old);
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
  if (entry.count === entry.qsize) {
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

/// Nothing new comes into the ring; its thread takes what is there and ends.
function stopEntry(k: Kernel, at: number): void {
  const entry = k.bpf.cpu_entries[at]!;
  entry.stopped = true;
  if (entry.count === 0) k.tasks[entry.task]!.exited = true;
}

/// The map is gone, and with it the way into its rings. kernel/bpf/cpumap.c:cpu_map_free()
export function cpu_map_free(k: Kernel, map: BpfMap): void {
  for (const at of map.cpus) if (at >= 0) stopEntry(k, at);
}
