/// The send buffer when a connection is established. Stands for tcp_sndbuf_expand() in
/// net/ipv4/tcp_input.c.
/// Left out: congestion controls with a factor of their own (BBR).
import type { Kernel, Sock, TcpSock } from '../state.ts';
import { TCP_INIT_CWND } from './tcp_states.ts';

const MAX_TCP_HEADER = 320; // x86-64, reference/constants.json
const SHINFO_SIZE = 320;
const SKB_SIZE = 256;

/// Makes room for two congestion windows of segments, each in a head of a power of two.
export function tcp_sndbuf_expand(k: Kernel, sk: Sock, tp: TcpSock): void {
  const head = Math.max(tp.mss_clamp, tp.mss_cache) + MAX_TCP_HEADER + SHINFO_SIZE;
  const perSegment = 2 ** (32 - Math.clz32(head - 1)) + SKB_SIZE;
  const segments = Math.max(TCP_INIT_CWND, tp.snd_cwnd, tp.reordering + 1);
  const wanted = Math.imul(2, Math.imul(segments, perSegment)); // an int, overflow and all
  if (sk.sndbuf < wanted) sk.sndbuf = Math.min(wanted, k.hot.tcp.wmem[2]!);
}
