/// Vectors of the choice of a transmit queue: XPS, the hash, what the socket used last, traffic classes.
import { boot } from '../boot.ts';
import { emptyMask } from '../cpumask.ts';
import type { NetDevice } from '../state.ts';
import { __netif_set_xps_queue, netdev_pick_tx } from '../xps.ts';
import { bareHost, differs } from './bare_host.ts';

interface Packet {
  readonly hash: number;
  readonly cpu: number;
  readonly priority: number;
  readonly recorded_rx_queue: number;
  readonly has_sk: 0 | 1;
  readonly sk_tx_queue_before: number;
  readonly ooo_okay: 0 | 1;
  readonly queue: number;
  readonly sk_tx_queue_after: number;
}

interface Case {
  readonly real_num_tx_queues: number;
  readonly num_tc: number;
  readonly tc_queues?: readonly (readonly [offset: number, count: number])[];
  readonly prio_to_tc?: string;
  readonly xps_cpus_mask_per_queue: readonly number[] | null;
  readonly packets: readonly Packet[];
}

const CPUS = 8;
const ONLINE = 6; // of the kernel that the vectors were made on
const PRIORITIES = 16;
const PRIO_TO_TC = 'prio>=4?1:0'; // the only division that the cases have

export function run(given: unknown): string | null {
  const test = given as Case;
  if ((test.prio_to_tc ?? PRIO_TO_TC) !== PRIO_TO_TC) return `not known: ${test.prio_to_tc}`;
  const k = boot(bareHost(CPUS, 250), 1);
  for (const c of k.cpus) c.online = c.id < ONLINE;
  const queue = () => ({ packets: 0, bytes: 0, xps_cpus: emptyMask(CPUS) });
  const dev: NetDevice = {
    ...k.devs[0]!,
    tx: Array.from({ length: test.real_num_tx_queues }, queue),
    traffic_classes: test.num_tc > 0 ? classesOf(test) : null,
  };
  for (const [index, mask] of (test.xps_cpus_mask_per_queue ?? []).entries())
    if (!__netif_set_xps_queue(k, dev, index, [mask]).ok) return `queue ${index}: refused`;
  for (const [i, packet] of test.packets.entries()) {
    const sk = packet.has_sk ? { tx_queue: packet.sk_tx_queue_before } : null;
    const { hash, cpu, priority, recorded_rx_queue: rx_queue } = packet;
    const chosen = netdev_pick_tx(dev, {
      ...{ hash, cpu, priority, rx_queue, sk },
      ooo_okay: packet.ooo_okay === 1,
    });
    const wrong = differs(
      `packet ${i}`,
      [chosen, sk?.tx_queue ?? -1],
      [packet.queue, packet.sk_tx_queue_after],
    );
    if (wrong !== null) return wrong;
  }
  return null;
}

function classesOf({ tc_queues }: Case): NonNullable<NetDevice['traffic_classes']> {
  return {
    tc_to_txq: tc_queues!.map(([offset, count]) => ({ offset, count })),
    prio_tc_map: Array.from({ length: PRIORITIES }, (_, priority) => (priority >= 4 ? 1 : 0)),
  };
}
