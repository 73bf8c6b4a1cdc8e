/// Vectors of the routing trie: the longest prefix that matches, the lowest metric of equal ones.
import { boot } from '../boot.ts';
import { fib_new_table } from '../fib_frontend.ts';
import { plainRoute } from '../fib_semantics.ts';
import { fib_table_insert, fib_table_lookup, SCOPE, type FibResult } from '../fib_trie.ts';
import { addressNumber, addressText } from '../flows.ts';
import { flowKey } from '../route.ts';
import { bareHost, differs } from './bare_host.ts';

type Route = readonly [prefix: string, length: number, metric: number];

interface Case {
  readonly routes: readonly Route[];
  readonly lookups: readonly (readonly [address: string, route: Route | null])[];
}

const CREATE = { excl: true, replace: false, append: false, create: true };

export function run(given: unknown): string | null {
  const test = given as Case;
  const k = boot(bareHost(1, 250), 1);
  const table = fib_new_table(k, 100);
  for (const [prefix, length, metric] of test.routes)
    fib_table_insert(
      k,
      table,
      addressNumber(prefix),
      plainRoute({ slen: 32 - length, table: 100, priority: metric, dev: 0, scope: SCOPE.LINK }),
      CREATE,
    );
  const ours = test.lookups.map(([address]) => {
    const res: FibResult = { route: null, prefixlen: 0 };
    const flow = flowKey({ daddr: addressNumber(address) });
    if (fib_table_lookup(k, table, flow, res, false) !== null) return [address, null];
    const bits = 32 - res.prefixlen;
    const network = bits === 32 ? 0 : ((flow.daddr >>> bits) << bits) >>> 0;
    return [address, [addressText(network), res.prefixlen, res.route!.priority]];
  });
  return differs('lookups', ours, test.lookups);
}
