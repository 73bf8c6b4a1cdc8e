/// Vectors of the send buffer's growth.
import { tcp_sndbuf_expand } from '../tcp/tcp_sndbuf.ts';
import { differs } from './bare_host.ts';
import { connection } from './tcp_socket.ts';

interface Case {
  readonly tcp_wmem: readonly number[];
  readonly cwnd: number;
  readonly mss_cache: number;
  readonly mss_clamp: number;
  readonly reordering: number;
  readonly sndbuf_before: number;
  readonly sndbuf_after: number;
}

export function run(given: unknown): string | null {
  const test = given as Case;
  const { k, sk, tp } = connection();
  k.hot.tcp.wmem = [...test.tcp_wmem];
  tp.snd_cwnd = test.cwnd;
  tp.mss_cache = test.mss_cache;
  tp.mss_clamp = test.mss_clamp;
  tp.reordering = test.reordering;
  sk.sndbuf = test.sndbuf_before;
  tcp_sndbuf_expand(k, sk, tp);
  return differs('sndbuf', sk.sndbuf, test.sndbuf_after);
}
