/// What routes and questions about them are made of: types, scopes, the key that is looked up.
/// Stands for include/uapi/linux/rtnetlink.h, struct flowi4, struct fib_result and fib_props[].
import type { ErrnoName } from './errno.ts';
import type { FibAlias } from './state.ts';

// Route types, RTN_* in include/uapi/linux/rtnetlink.h.
export const RTN = Object.freeze({
  UNSPEC: 0,
  UNICAST: 1,
  LOCAL: 2,
  BROADCAST: 3,
  ANYCAST: 4,
  MULTICAST: 5,
  BLACKHOLE: 6,
  UNREACHABLE: 7,
  PROHIBIT: 8,
  THROW: 9,
});

// Scopes, RT_SCOPE_*.
export const SCOPE = Object.freeze({ UNIVERSE: 0, SITE: 200, LINK: 253, HOST: 254, NOWHERE: 255 });

/// What a route type answers, and the widest scope it may have: fib_props[] in net/ipv4/fib_semantics.c
const FIB_PROPS: readonly { readonly error: ErrnoName | null; readonly scope: number }[] = [
  { error: null, scope: SCOPE.NOWHERE },
  { error: null, scope: SCOPE.UNIVERSE },
  { error: null, scope: SCOPE.HOST },
  { error: null, scope: SCOPE.LINK },
  { error: null, scope: SCOPE.LINK },
  { error: null, scope: SCOPE.UNIVERSE },
  { error: 'EINVAL', scope: SCOPE.UNIVERSE },
  { error: 'EHOSTUNREACH', scope: SCOPE.UNIVERSE },
  { error: 'EACCES', scope: SCOPE.UNIVERSE },
  { error: 'EAGAIN', scope: SCOPE.UNIVERSE },
];

export function fibProps(type: number): {
  readonly error: ErrnoName | null;
  readonly scope: number;
} {
  return FIB_PROPS[type]!;
}

/// What is asked of the tables: struct flowi4. Devices are indices, -1 any.
export interface FlowKey {
  daddr: number;
  saddr: number;
  iif: number; // where it came in; 0 (lo) for what the host sends
  oif: number;
  tos: number;
  mark: number;
  scope: number; // routes of a wider scope do not count
  proto: number;
  sport: number;
  dport: number;
}

/// struct fib_result
export interface FibResult {
  route: FibAlias | null;
  prefixlen: number;
}
