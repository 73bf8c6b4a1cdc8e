/// Vectors of netfilter: the numbers of hooks, verdicts and priorities that tables and hook lists use.
import { NF_BR_PRI, NF_IP_PRI } from '../netfilter/hook_lists.ts';
import * as types from '../netfilter/types.ts';
import { differs } from './bare_host.ts';

interface Case {
  readonly hooks_inet: Readonly<Record<string, number>>;
  readonly ipv4_priorities: Readonly<Record<string, number>>;
  readonly ipv6_priorities: Readonly<Record<string, number>>;
  readonly bridge_priorities: Readonly<Record<string, number>>;
  readonly verdicts: Readonly<Record<string, number>>;
}

export function run(given: unknown): string | null {
  const test = given as Case;
  const hooks = {
    PRE_ROUTING: types.NF_INET_PRE_ROUTING,
    LOCAL_IN: types.NF_INET_LOCAL_IN,
    FORWARD: types.NF_INET_FORWARD,
    LOCAL_OUT: types.NF_INET_LOCAL_OUT,
    POST_ROUTING: types.NF_INET_POST_ROUTING,
    INGRESS: types.NF_INET_INGRESS,
  };
  const { NF_DROP, NF_ACCEPT, NF_STOLEN, NF_QUEUE, NF_REPEAT, NF_STOP } = types;
  // IPv6 has the same list, without a priority for the confirmation of connections.
  const { CONNTRACK_CONFIRM: _, ...ipv6 } = NF_IP_PRI;
  return (
    differs('hooks', hooks, test.hooks_inet) ??
    differs('IPv4 priorities', NF_IP_PRI, test.ipv4_priorities) ??
    differs('IPv6 priorities', ipv6, test.ipv6_priorities) ??
    differs('bridge priorities', NF_BR_PRI, test.bridge_priorities) ??
    differs(
      'verdicts',
      { NF_DROP, NF_ACCEPT, NF_STOLEN, NF_QUEUE, NF_REPEAT, NF_STOP },
      test.verdicts,
    )
  );
}
