/// Which transmit queue a packet leaves by: the one its socket used last, one that XPS gives the CPU, or
/// one by the packet's hash.
/// Stands for netdev_pick_tx(), get_xps_queue(), skb_tx_hash() and __netif_set_xps_queue() in net/core/dev.c.
/// Left out: maps by receive queue (xps_rxqs), queues chosen by a driver itself or by a tc action, devices
/// on top of another one's queues; that the hash of what a TCP socket sends is a number drawn for it
/// (sk_txhash): here it is that of the flow.
import { maskHas, maskOf } from './cpumask.ts';
import { done, fails, type Result } from './errno.ts';
import { reciprocalScale } from './hash.ts';
import type { Kernel, NetDevice, Sock, XpsMaps } from './state.ts';

const TC_BITMASK = 15;

/// What the choice asks of a packet that is sent.
export interface TxPacket {
  hash: number; // unsigned 32 bits
  cpu: number; // that sends it
  priority: number; // skb->priority
  rx_queue: number; // that it came in by, where it is forwarded; -1: none
  sk: Pick<Sock, 'tx_queue'> | null; // whose it is, a socket that keeps its route
  ooo_okay: boolean; // it may overtake what the socket sent before
}

/// Index of the queue; the socket remembers it. net/core/dev.c:netdev_pick_tx()
export function netdev_pick_tx(dev: NetDevice, skb: TxPacket): number {
  const used = skb.sk?.tx_queue ?? -1;
  if (used >= 0 && used < dev.tx.length && !skb.ooo_okay) return used;
  const given = get_xps_queue(dev, skb);
  const queue = given >= 0 ? given : skb_tx_hash(dev, skb);
  if (skb.sk !== null) skb.sk.tx_queue = queue;
  return queue;
}

/// The queue that XPS gives; -1: none for this CPU and class. net/core/dev.c:get_xps_queue()
function get_xps_queue(dev: NetDevice, skb: TxPacket): number {
  const maps = dev.xps_maps;
  if (maps === null) return -1;
  const tc = netdev_get_prio_tc_map(dev, skb.priority);
  const map = tc < maps.num_tc ? maps.attr_map[skb.cpu * maps.num_tc + tc] : undefined;
  if (map === undefined || map.length === 0) return -1;
  const queue = map[map.length === 1 ? 0 : reciprocalScale(skb.hash, map.length)]!;
  return queue < dev.tx.length ? queue : -1;
}

/// By the receive queue, where there was one, else by the hash; within the queues of the packet's class.
/// net/core/dev.c:skb_tx_hash()
function skb_tx_hash(dev: NetDevice, skb: TxPacket): number {
  const tc = netdev_get_prio_tc_map(dev, skb.priority);
  const own = dev.traffic_classes?.tc_to_txq[tc];
  const { offset, count } = own && own.count > 0 ? own : { offset: 0, count: dev.tx.length };
  if (skb.rx_queue < 0) return reciprocalScale(skb.hash, count) + offset;
  const from = skb.rx_queue >= offset ? skb.rx_queue - offset : skb.rx_queue;
  return (from % count) + offset;
}

/// The traffic class of a priority. include/linux/netdevice.h
function netdev_get_prio_tc_map(dev: NetDevice, priority: number): number {
  return dev.traffic_classes?.prio_tc_map[priority & TC_BITMASK] ?? 0;
}

/// Lets these CPUs send by a queue and no others; those that are offline stay out. A CPU's queues keep the
/// order in which they were added. EINVAL: the queue is in no traffic class.
/// net/core/dev.c:__netif_set_xps_queue()
export function __netif_set_xps_queue(
  k: Kernel,
  dev: NetDevice,
  index: number,
  mask: readonly number[],
): Result {
  const classes = dev.traffic_classes?.tc_to_txq ?? [];
  const num_tc = Math.max(1, classes.length);
  const tc = classes.findIndex(({ offset, count }) => index >= offset && index < offset + count);
  if (classes.length > 0 && tc < 0) return fails('EINVAL');
  const maps = dev.xps_maps ?? emptyMaps(k, num_tc);
  const allowed = k.cpus.filter((c) => c.online && maskHas(mask, c.id)).map((c) => c.id);
  for (const c of k.cpus) {
    const at = c.id * num_tc + Math.max(0, tc);
    if (!allowed.includes(c.id)) remove_xps_queue(maps, at, index);
    else if (!maps.attr_map[at]!.includes(index)) maps.attr_map[at]!.push(index);
  }
  dev.tx[index]!.xps_cpus = maskOf(allowed, k.desc.cpus);
  keepMaps(dev, maps);
  return done;
}

function emptyMaps(k: Kernel, num_tc: number): XpsMaps {
  return { num_tc, attr_map: Array.from({ length: k.cpus.length * num_tc }, () => []) };
}

/// The last queue of a map takes the place of the one that leaves.
function remove_xps_queue({ attr_map }: XpsMaps, at: number, index: number): void {
  const map = attr_map[at]!;
  const pos = map.indexOf(index);
  if (pos < 0) return;
  const last = map.pop()!;
  if (last !== index) map[pos] = last;
}

/// The device has only the first `queues` transmit queues left. net/core/dev.c:netif_reset_xps_queues_gt()
export function netif_reset_xps_queues_gt(dev: NetDevice, queues: number): void {
  const maps = dev.xps_maps;
  if (maps === null) return;
  const most = Math.max(-1, ...maps.attr_map.flat());
  for (let index = queues; index <= most; index++)
    for (const at of maps.attr_map.keys()) remove_xps_queue(maps, at, index);
  keepMaps(dev, maps);
}

/// Maps without a queue in them are given up.
function keepMaps(dev: NetDevice, maps: XpsMaps): void {
  dev.xps_maps = maps.attr_map.some((map) => map.length > 0) ? maps : null;
}
