/// The token bucket of `limit`, and `quota`. Stands for net/netfilter/nft_limit.c and nft_quota.c.
/// Left out: named limits and quotas.

// Places of a bucket in a rule's state, from its first on (compile.ts: bucketOf).
const COST = 0; // ns a packet; for bytes: ns of the whole unit
const RATE = 1;
const MOST = 2;
const TOKENS = 3; // ns
const LAST = 4; // ns: when tokens were last added

/// Whether the rule goes on. `bytes` is the length of the packet, or -1 where packets are counted.
/// net/netfilter/nft_limit.c:nft_limit_eval()
export function nft_limit_eval(
  state: number[],
  at: number,
  bytes: number,
  over: boolean,
  now: number,
): boolean {
  const cost =
    bytes < 0 ? state[at + COST]! : byteCost(state[at + COST]!, bytes, state[at + RATE]!);
  // CPUs run their pieces beside each other, so one may be a little behind the last that came.
  const time = Math.max(now, state[at + LAST]!);
  const tokens = Math.min(state[at + TOKENS]! + time - state[at + LAST]!, state[at + MOST]!);
  state[at + LAST] = time;
  const enough = tokens >= cost;
  state[at + TOKENS] = enough ? tokens - cost : tokens;
  return enough !== over;
}

// nsecs * length / rate; the product wraps at 64 bits, as the kernel's does.
function byteCost(nsecs: number, bytes: number, rate: number): number {
  const product = nsecs * bytes;
  if (product <= Number.MAX_SAFE_INTEGER) return Math.floor(product / rate);
  return Number(BigInt.asUintN(64, BigInt(nsecs) * BigInt(bytes)) / BigInt(rate));
}

/// Whether the rule goes on: while the quota is not used up, or with `over` when it is.
/// net/netfilter/nft_quota.c:nft_quota_do_eval()
export function nft_quota_do_eval(
  state: number[],
  at: number,
  bytes: number,
  over: boolean,
): boolean {
  state[at + 1] = state[at + 1]! + bytes;
  const spent = state[at + 1]! > state[at]!;
  return spent === over;
}
