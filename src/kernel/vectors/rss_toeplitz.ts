/// Vectors of the RSS hash and the indirection table.
import { defaultIndir, hashedBytes, indirEntry, toeplitz } from '../rss.ts';
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

const ENTRIES = 128;

export function run(given: unknown): string | null {
  const test = given as Case;
  const key = test.key.match(/../g)!.map((byte) => parseInt(byte, 16));
  const fields = test.hashed === '4-tuple' ? 'sdfn' : 'sd';
  const hash = toeplitz(key, hashedBytes(test.saddr, test.daddr, test.sport, test.dport, fields));
  const fixed = test.indirection_table;
  const table = fixed === 'default' ? defaultIndir(ENTRIES, test.queues) : fixed;
  return differs('hash and queue', [hash, indirEntry(table, hash)], [test.hash, test.queue]);
}
