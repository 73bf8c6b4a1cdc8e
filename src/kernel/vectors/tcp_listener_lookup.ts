/// Vectors of the choice of a listener: __inet_lookup_listener() with SO_REUSEPORT and SO_INCOMING_CPU. The
/// kernel's hash secret is not known, so the recorded hashes take the place of inet_ehashfn().
import { boot } from '../boot.ts';
import { addressNumber } from '../flows.ts';
import { __inet_lookup_listener, type EhashFunction } from '../tcp/inet_hashtables.ts';
import { openListener } from '../tcp/listener.ts';
import { bareHost, differs } from './bare_host.ts';

interface Case {
  readonly port: number;
  readonly reuseport: number;
  readonly listeners: readonly {
    readonly addr: string;
    readonly bound_to_lo: number;
    readonly incoming_cpu: number;
  }[];
  readonly lookups: readonly {
    readonly saddr: string;
    readonly sport: number;
    readonly daddr: string;
    readonly on_lo: number;
    readonly cpu: number;
    readonly ehash: number;
    readonly ehash_any: number;
    readonly chosen: number;
  }[];
}

export function run(given: unknown): string | null {
  const test = given as Case;
  const k = boot(bareHost(4, 250), 1);
  const lo = k.devs[0]!;
  for (const { addr, bound_to_lo, incoming_cpu } of test.listeners) {
    const made = openListener(k, 0, test.port, 16, {
      address: addr,
      reuseport: test.reuseport === 1,
      incoming_cpu,
      ...(bound_to_lo ? { device: lo.name } : {}),
    });
    if (typeof made === 'string') return `${addr}: ${made}`;
  }
  for (const [i, one] of test.lookups.entries()) {
    const recorded: EhashFunction = (_, laddr) => (laddr === 0 ? one.ehash_any : one.ehash);
    const key = {
      family: 2,
      src: addressNumber(one.saddr),
      sport: one.sport,
      dst: addressNumber(one.daddr),
      dport: test.port,
      dif: one.on_lo ? lo.ifindex : lo.ifindex + 1,
      cpu: one.cpu,
    };
    const wrong = differs(`look-up ${i}`, __inet_lookup_listener(k, key, recorded), one.chosen);
    if (wrong) return wrong;
  }
  return null;
}
