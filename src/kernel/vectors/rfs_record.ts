/// Vectors of RFS: what reading a flow writes into the table of the sockets.
import { createSockFlowTable, rps_record_sock_flow, sockFlowEntry } from '../rfs.ts';
import { differs } from './bare_host.ts';

interface Case {
  readonly rps_cpu_mask: number;
  readonly table_mask: number;
  readonly hash: readonly number[];
  readonly cpu: readonly number[];
  readonly index: readonly number[];
  readonly entry: readonly number[];
}

export function run(given: unknown): string | null {
  const test = given as Case;
  const table = createSockFlowTable(test.table_mask + 1, test.rps_cpu_mask + 1);
  const ours = test.hash.map((hash, i) => {
    rps_record_sock_flow(table, hash, test.cpu[i]!);
    return sockFlowEntry(table, test.index[i]!);
  });
  return differs('entries', ours, test.entry);
}
