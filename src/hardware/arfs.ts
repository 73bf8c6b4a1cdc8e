/// Accelerated RFS for drivers whose NIC can be told the queue of a flow: ice and mlx5.
/// Stands for ice_rx_flow_steer() in drivers/net/ethernet/intel/ice/ice_arfs.c, mlx5e_rx_flow_steer() in
/// drivers/net/ethernet/mellanox/mlx5/core/en_arfs.c, and the map that lib/cpu_rmap.c makes of the vectors.
/// A filter takes effect at once; the drivers leave that to a work item.
/// Left out: that a CPU without a vector of its own takes its neighbour's, and filters that expire. One is forgotten as soon as the table, the key or the queues change.
import { maskHas } from '../kernel/cpumask.ts';
import type { FlowSteering } from '../kernel/driver_table.ts';
import { ETH_P_IP, ETH_P_IPV6 } from '../kernel/flow_dissector.ts';
import { rssQueue } from '../kernel/rss.ts';
import { ruleQueue } from '../kernel/rxnfc_rules.ts';
import { FLAG_FRAG } from '../kernel/skb.ts';
import type { Kernel, NetDevice, Skb } from '../kernel/state.ts';

const EPROTONOSUPPORT = -93;
const RPS_NO_FILTER = 0xffff;
const TCP = 6;
const UDP = 17;

/// The receive queue whose interrupt has that CPU in its mask; where no mask was set for it, a queue in turn.
/// lib/cpu_rmap.c:cpu_rmap_lookup_index()
function cpu_rmap_lookup_index(k: Kernel, dev: NetDevice, cpu: number): number {
  let near = -1;
  for (const q of dev.rx) {
    const irq = k.irqs[k.napis[q.napi]!.irq];
    if (irq === undefined || isFirstMask(k, dev, irq.affinity)) continue;
    if (maskHas(irq.affinity, cpu)) near = q.index;
  }
  return near >= 0 ? near : cpu % dev.rx.length;
}

/// Nobody has moved the interrupt: it may go to every CPU of the device's node.
function isFirstMask(k: Kernel, dev: NetDevice, mask: readonly number[]): boolean {
  return k.cpus.every(
    (c) => maskHas(mask, c.id) === (dev.numa_node < 0 || c.node === dev.numa_node),
  );
}

function steer(k: Kernel, dev: NetDevice, skb: Skb, rxq_index: number, _flow_id: number): number {
  const flow = k.skbs.flow[skb]!;
  const type = k.flows.ethertype[flow]!;
  const proto = k.flows.proto[flow]!;
  if (type !== ETH_P_IP && type !== ETH_P_IPV6) return EPROTONOSUPPORT;
  if (k.skbs.flags[skb]! & FLAG_FRAG) return EPROTONOSUPPORT;
  if (proto !== TCP && proto !== UDP) return EPROTONOSUPPORT;
  const from = rssQueue(k, dev, flow);
  if (from < 0 || from === rxq_index) return EPROTONOSUPPORT;
  // A rule for the flow comes before the filter.
  const ruled = dev.filters.length > 0 && ruleQueue(k, dev, flow, false) !== null;
  if (!ruled) k.flows.queue[flow] = rxq_index;
  const filters = dev.hw['arfs_filters'] ?? 0;
  dev.hw['arfs_filters'] = filters + 1;
  return filters % RPS_NO_FILTER;
}

export const arfs: FlowSteering = { queueOf: cpu_rmap_lookup_index, steer };
