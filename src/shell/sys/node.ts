/// /sys/devices/system/node: the NUMA nodes, their CPUs and distances.
/// Stands for drivers/base/node.c.
/// Left out: memory beyond its total and what was free at boot.
import { maskOf, printList, printMask } from '../../kernel/cpumask.ts';
import type { Kernel } from '../../kernel/state.ts';
import { platformOf } from '../proc/platform.ts';
import { attribute, dir, plain, trigger, type DirNode, type Entry } from '../nodes.ts';
import { unmodelled } from '../proc/net.ts';
import { power } from './power.ts';

/// CPUs of a node that are online.
export function nodeCpus(k: Kernel, node: number): number[] {
  return (k.desc.numa[node] ?? []).filter((cpu) => k.cpus[cpu]?.online);
}

/// Memory of a node, kB: all of it, and what was free at boot.
export function nodeMemory(
  k: Kernel,
  node: number,
): { readonly total: number; readonly free: number } {
  const [total = 0, free = 0] = (platformOf(k).nodeMemory.split('\n')[node] ?? '')
    .split(' ')
    .map(Number);
  return { total, free };
}

/// Distances from a node to each node.
export function distances(k: Kernel, node: number): number[] {
  return k.desc.numa.map((_, other) => (other === node ? 10 : k.desc.numa_distance));
}

function nodeDirectory(k: Kernel, node: number): DirNode {
  const cpus = maskOf(nodeCpus(k, node), k.desc.cpus);
  const { total, free } = nodeMemory(k, node);
  const line = (name: string, kb: number) =>
    `Node ${node} ${name}:`.padEnd(18) + `${String(kb).padStart(13)} kB`;
  const entries: Record<string, Entry> = {
    compact: trigger(0o200, () => ({ ok: false, errno: 'ENOTMODELLED' })),
    cpulist: attribute(() => printList(cpus)),
    cpumap: attribute(() => printMask(cpus, k.desc.cpus)),
    distance: attribute(() => distances(k, node).join(' ')),
    meminfo: attribute(() =>
      plain(
        [line('MemTotal', total), line('MemFree', free), line('MemUsed', total - free)].join('\n'),
      ),
    ),
    numastat: unmodelled(),
    uevent: attribute(() => [], { mode: 0o644 }),
    vmstat: unmodelled(),
  };
  return dir(entries, 0o755);
}

export function nodes(k: Kernel): DirNode {
  const all = k.desc.numa.map((_, node) => node);
  const withCpu = all.filter((node) => nodeCpus(k, node).length > 0);
  const list = (numbers: readonly number[]) => printList(maskOf(numbers, 64));
  const entries: Record<string, Entry> = {};
  for (const node of all) entries[`node${node}`] = () => nodeDirectory(k, node);
  return dir(
    {
      has_cpu: attribute(() => list(withCpu)),
      has_generic_initiator: attribute(() => ''),
      has_memory: attribute(() => list(all)),
      has_normal_memory: attribute(() => list(all)),
      ...entries,
      online: attribute(() => list(all)),
      possible: attribute(() => list(all)),
      power: () => power(),
      uevent: attribute(() => [], { mode: 0o644 }),
    },
    0o755,
  );
}
