/// Vectors of RPS: which CPU of a queue's map a hash picks.
import { boot } from '../boot.ts';
import { get_rps_cpu } from '../rps.ts';
import { bareHost, differs } from './bare_host.ts';

interface Case {
  readonly nr_cpu_ids: number;
  readonly online: readonly number[];
  readonly map: readonly number[];
  readonly hash: readonly number[];
  readonly cpu: readonly number[];
}

export function run(given: unknown): string | null {
  const test = given as Case;
  const k = boot(bareHost(test.nr_cpu_ids, 250), 1);
  for (const c of k.cpus) c.online = test.online.includes(c.id);
  const q = { ...k.devs[0]!.rx[0]!, rps_map: [...test.map] };
  const entry = { flows: null, index: 0 };
  const ours = test.hash.map((hash) => get_rps_cpu(k, q, -1, hash, entry));
  return differs('cpu', ours, test.cpu);
}
