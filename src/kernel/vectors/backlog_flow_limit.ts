/// Vectors of the per-CPU backlog: its limit, the flow limit, and process_backlog().
import { boot } from '../boot.ts';
import { WORKING } from '../driver_table.ts';
import { createFlowLimit, enqueue_to_backlog, process_backlog } from '../rps.ts';
import { takeSkb } from '../skb.ts';
import type { Cpu, Kernel } from '../state.ts';
import { bareHost, differs } from './bare_host.ts';

interface Burst {
  readonly op: 'burst';
  readonly packets: number;
  readonly elephant_hash: number;
  readonly elephant_pct: number;
  readonly mouse_seed: number;
  readonly queued_before: number;
  readonly napi_scheduled_before: number;
  readonly result: string;
  readonly queued_after: number;
  readonly dropped_counter: number;
  readonly flow_limit_count: number;
}

interface Poll {
  readonly op: 'process_backlog';
  readonly quota: number;
  readonly work: number;
  readonly input_pkt_queue: number;
  readonly process_queue: number;
  readonly input_queue_head: number;
  readonly input_queue_tail: number;
  readonly still_scheduled: number;
}

interface Case {
  readonly max_backlog: number;
  readonly flow_limit_buckets: number | null;
  readonly ops: readonly (Burst | Poll)[];
}

export function run(given: unknown): string | null {
  const test = given as Case;
  const k = boot(bareHost(1, 250), 1);
  const c = k.cpus[0]!;
  c.mode = 2;
  k.hot.netdev_max_backlog = test.max_backlog;
  if (test.flow_limit_buckets !== null) c.flow_limit = createFlowLimit(test.flow_limit_buckets);
  k.flows.dport[0] = 9;
  k.flows.sock[0] = -1;
  for (const [i, op] of test.ops.entries()) {
    const wrong = op.op === 'burst' ? burst(k, c, op) : poll(k, c, op);
    if (wrong) return `op ${i}: ${wrong}`;
  }
  return null;
}

function burst(k: Kernel, c: Cpu, op: Burst): string | null {
  const before = [c.input_qlen, k.napis[c.backlog]!.sched ? 1 : 0];
  let seed = op.mouse_seed;
  let result = '';
  for (let i = 0; i < op.packets; i++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    const elephant = (seed >>> 16) % 100 < op.elephant_pct;
    k.flows.hash[0] = elephant ? op.elephant_hash : ((seed ^ (seed >>> 15)) | 1) >>> 0;
    result += enqueue(k, c);
  }
  return differs(
    'burst',
    [...before, result, c.input_qlen, c.dropped, c.flow_limit_count],
    [
      ...[op.queued_before, op.napi_scheduled_before, op.result],
      ...[op.queued_after, op.dropped_counter, op.flow_limit_count],
    ],
  );
}

function enqueue(k: Kernel, c: Cpu): string {
  const skb = takeSkb(k.skbs);
  k.skbs.flow[skb] = 0;
  k.skbs.dev[skb] = 0;
  k.skbs.segs[skb] = 1;
  k.skbs.flags[skb] = 0;
  const limited = c.flow_limit_count;
  if (enqueue_to_backlog(k, c, skb, c)) return '.';
  return c.flow_limit_count > limited ? 'F' : 'D';
}

function poll(k: Kernel, c: Cpu, op: Poll): string | null {
  const n = k.napis[c.backlog]!;
  n.stage = 0;
  let work = WORKING;
  while (work === WORKING) work = process_backlog(k, c, n, op.quota);
  return differs(
    'poll',
    [
      ...[work, c.input_qlen, c.process_qlen, c.input_queue_head, c.input_queue_tail],
      n.sched ? 1 : 0,
    ],
    [
      ...[op.work, op.input_pkt_queue, op.process_queue, op.input_queue_head, op.input_queue_tail],
      op.still_scheduled,
    ],
  );
}
