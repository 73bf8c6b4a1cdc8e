/// Processors and memory nodes: what it costs a CPU that a device's buffers lie on another node.
/// Left out: cache sizes, hyperthreads, frequencies, idle states beyond one exit latency.
import { COSTS } from '../kernel/costs.ts';
import type { Cpu, Kernel, NetDevice } from '../kernel/state.ts';

const LOCAL_DISTANCE = 10; // a node to itself, as ACPI counts
const COST_DISTANCE = 21; // the distance for which remote_frame stands: two sockets

/// Extra time to take a frame that the device wrote to its own node's memory, ns: in proportion to how much
/// farther than its own memory the other node is. A device whose node is not known counts as local.
export function remoteNs(k: Kernel, dev: NetDevice, c: Cpu): number {
  if (dev.numa_node < 0 || dev.numa_node === c.node) return 0;
  const farther = k.desc.numa_distance - LOCAL_DISTANCE;
  return Math.round((COSTS.remote_frame.ns * farther) / (COST_DISTANCE - LOCAL_DISTANCE));
}

/// The `i`-th CPU in order of distance from a node: its own CPUs first, then the others. Round and round.
/// lib/cpumask.c
export function cpumask_local_spread(k: Kernel, i: number, node: number): number {
  const online = k.cpus.filter((c) => c.online);
  const near = online.filter((c) => node < 0 || c.node === node);
  const far = online.filter((c) => node >= 0 && c.node !== node);
  return [...near, ...far][i % online.length]!.id;
}
