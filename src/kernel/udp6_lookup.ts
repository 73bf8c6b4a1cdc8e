/// Which socket a datagram of IPv6 is for. Stands for __udp6_lib_lookup() in net/ipv6/udp.c.
/// Left out: sk_lookup programs, tables of other network namespaces.
import { udp6_ehashfn } from './inet_ehashfn.ts';
import type { Kernel, Sock } from './state.ts';
import { inet6_lookup_reuseport, type LookupKey6 } from './tcp/inet6_hashtables.ts';
import { TCP_ESTABLISHED } from './tcp/tcp_states.ts';

const AF_INET6 = 10;
const IN6ADDR_ANY = '::';

/// How well a socket fits; -1: not at all. net/ipv6/udp.c:compute_score()
function compute_score(sk: Sock, key: LookupKey6, daddr: string): number {
  if (sk.port !== key.dport || sk.family !== AF_INET6 || sk.local !== daddr) return -1;
  let score = 0;
  if (sk.peer_port !== 0) {
    if (sk.peer_port !== key.sport) return -1;
    score++;
  }
  if (sk.peer !== '') {
    if (sk.peer !== key.saddr) return -1;
    score++;
  }
  if (sk.bound_dev !== 0) {
    if (sk.bound_dev !== key.dif) return -1;
    score++;
  }
  if (sk.incoming_cpu === key.cpu) score++;
  return score;
}

/// The best socket of one bucket, the newest first; groups as in IPv4. net/ipv6/udp.c:udp6_lib_lookup2()
function udp6_lib_lookup2(k: Kernel, key: LookupKey6, daddr: string): number {
  let result = -1;
  let badness = -1;
  for (const index of k.udp_table) {
    const sk = k.socks[index]!;
    const score = compute_score(sk, key, daddr);
    if (score <= badness) continue;
    badness = score;
    if (sk.state === TCP_ESTABLISHED) {
      result = index;
      continue;
    }
    result = inet6_lookup_reuseport(k, sk, key, daddr, udp6_ehashfn);
    if (result < 0) {
      result = index;
      continue;
    }
    if (!k.reuseports[sk.reuseport_cb]!.has_conns) return result;
    badness = Math.max(badness, compute_score(k.socks[result]!, key, daddr));
  }
  return result;
}

/// The socket for a datagram: one bound to its address, else one bound to any; -1: none.
/// net/ipv6/udp.c:__udp6_lib_lookup()
export function __udp6_lib_lookup(k: Kernel, key: LookupKey6): number {
  const found = udp6_lib_lookup2(k, key, key.daddr);
  return found >= 0 ? found : udp6_lib_lookup2(k, key, IN6ADDR_ANY);
}
