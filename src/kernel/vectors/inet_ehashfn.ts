/// Vectors of the hash of established connections.
import { addressNumber } from '../flows.ts';
import { __inet_ehashfn } from '../inet_ehashfn.ts';
import { differs } from './bare_host.ts';

interface Case {
  readonly laddr: string;
  readonly lport: number;
  readonly faddr: string;
  readonly fport: number;
  readonly secret: number;
  readonly net_hash_mix: number;
  readonly hash: number;
}

export function run(given: unknown): string | null {
  const test = given as Case;
  const hash = __inet_ehashfn(
    addressNumber(test.laddr),
    test.lport,
    addressNumber(test.faddr),
    test.fport,
    test.secret + test.net_hash_mix,
  );
  return differs('hash', hash, test.hash);
}
