/// Vectors of the RSS hash and the indirection table.
import { ethtool_rxfh_indir_default, hashedBytes, toeplitz } from '../rss.ts';
import { differs } from './bare_host.ts';

interface Case {
  readonly key: string;
  readonly saddr: string;
  readonly sport: number;
  readonly daddr: string;
  readonly dport: number;
  readonly hashed: '2-tuple' | '4-tuple';
  readonly hash: number;
  readonly queues: number;
  readonly indirection_table: 'default' | readonly number[];
  readonly queue: number;
}

export function run(given: unknown): string | null {
  const test = given as Case;
  const key = test.key.match(/../g)!.map((byte) => parseInt(byte, 16));
  const fields = test.hashed === '4-tuple' ? 'sdfn' : 'sd';
  const hash = toeplitz(key, hashedBytes(test.saddr, test.daddr, test.sport, test.dport, fields));
  const entry = hash & 127;
  const table = test.indirection_table;
  const queue =
    table === 'default' ? ethtool_rxfh_indir_default(entry, test.queues) : table[entry]!;
  return differs('hash and queue', [hash, queue], [test.hash, test.queue]);
}
