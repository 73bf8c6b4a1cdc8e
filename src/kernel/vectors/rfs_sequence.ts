/// Vectors of RFS over time: flows read on changing CPUs, packets, backlogs that drain.
import { boot } from '../boot.ts';
import {
  createFlowTable,
  createSockFlowTable,
  findFlowEntry,
  rps_input_queue_head_add,
  rps_input_queue_tail_incr,
  rps_input_queue_tail_save,
  rps_record_sock_flow,
  type FlowEntry,
} from '../rfs.ts';
import { get_rps_cpu } from '../rps.ts';
import type { Kernel, RxQueue } from '../state.ts';
import { bareHost, differs } from './bare_host.ts';

interface Case {
  readonly nr_cpu_ids: number;
  readonly online: readonly number[];
  readonly rps_cpu_mask: number;
  readonly sock_table_mask: number;
  readonly flow_table_mask: number;
  readonly rps_map: readonly number[];
  readonly initial_head_tail: number;
  readonly ops: readonly (readonly [string, ...number[]])[];
}

export function run(given: unknown): string | null {
  const test = given as Case;
  const k = boot(bareHost(test.nr_cpu_ids, 250), 1);
  for (const c of k.cpus) {
    c.online = test.online.includes(c.id);
    c.input_queue_head = c.input_queue_tail = test.initial_head_tail;
  }
  k.rps_sock_flow_table = createSockFlowTable(test.sock_table_mask + 1, test.rps_cpu_mask + 1);
  const queues = [0, 1].map((index) => ({
    ...k.devs[0]!.rx[0]!,
    index,
    rps_map: [...test.rps_map],
    rps_flow_table: createFlowTable(test.flow_table_mask + 1),
  }));
  for (const [i, op] of test.ops.entries()) {
    const ours = apply(k, queues, op);
    const wrong = differs(`op ${i} ${op[0]}`, ours, op.slice(1));
    if (wrong !== null) return wrong;
  }
  return null;
}

/// The row of an operation as our tables give it.
function apply(k: Kernel, queues: RxQueue[], op: readonly [string, ...number[]]): number[] {
  const [kind, first, second] = op as [string, number, number];
  if (kind === 'recvmsg') {
    rps_record_sock_flow(k.rps_sock_flow_table!, first, second);
    return [first, second];
  }
  if (kind === 'rx') return [first, second, ...receive(k, queues[second]!, first)];
  const c = k.cpus[first]!;
  rps_input_queue_head_add(c, second);
  return [first, second, c.input_queue_head, c.input_queue_tail];
}

/// Steers a packet and counts it where it went: the CPU, whether the flow table decided, and its entry.
function receive(k: Kernel, q: RxQueue, hash: number): number[] {
  const entry: FlowEntry = { flows: null, index: 0 };
  const cpu = get_rps_cpu(k, q, -1, hash, entry);
  const decided = cpu >= 0 && entry.flows !== null ? 1 : 0;
  if (cpu >= 0) rps_input_queue_tail_save(entry, rps_input_queue_tail_incr(k.cpus[cpu]!));
  findFlowEntry(q.rps_flow_table!, hash, entry);
  const { cpu: cpus, last_qtail } = entry.flows!;
  return [cpu, decided, cpus[entry.index]!, last_qtail[entry.index]!];
}
