/// Processors and memory nodes: what it costs a CPU that a device's buffers lie on another node.
/// Left out: cache sizes, hyperthreads, frequencies, idle states beyond one exit latency.
import { COSTS } from '../kernel/costs.ts';
import type { Cpu, NetDevice } from '../kernel/state.ts';

/// Extra time to take a frame that the device wrote to its own node's memory, ns. A device whose
/// node is not known counts as local.
export function remoteNs(dev: NetDevice, c: Cpu): number {
  return dev.numa_node >= 0 && dev.numa_node !== c.node ? COSTS.remote_frame.ns : 0;
}
