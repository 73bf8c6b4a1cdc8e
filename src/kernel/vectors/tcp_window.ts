/// Vectors of the choice of the window.
import { tcp_full_space, tcp_space } from '../tcp/tcp_space.ts';
import { __tcp_select_window, tcp_select_window } from '../tcp/tcp_window.ts';
import { differs } from './bare_host.ts';
import { connection } from './tcp_socket.ts';

type Field =
  | 'scaling_ratio'
  | 'rcvbuf'
  | 'rmem_alloc'
  | 'backlog_len'
  | 'rcv_mss'
  | 'window_clamp'
  | 'rcv_ssthresh'
  | 'rcv_wscale'
  | 'rcv_wnd'
  | 'rcv_wup'
  | 'rcv_nxt'
  | 'shrink_window'
  | 'tcp_space'
  | 'tcp_full_space'
  | '__tcp_select_window'
  | 'header_window_field'
  | 'rcv_wnd_after';

const RESULTS = [
  'tcp_space',
  'tcp_full_space',
  '__tcp_select_window',
  'header_window_field',
  'rcv_wnd_after',
] as const;

export function run(given: unknown): string | null {
  const test = given as Readonly<Record<Field, number>>;
  const { k, sk, tp } = connection();
  k.hot.tcp.shrink_window = test.shrink_window;
  const { rcvbuf, rmem_alloc, backlog_len } = test;
  Object.assign(sk, { rcvbuf, rmem_alloc, backlog_len });
  const { scaling_ratio, window_clamp, rcv_ssthresh, rcv_wscale, rcv_wnd, rcv_wup, rcv_nxt } = test;
  Object.assign(tp, { scaling_ratio, window_clamp, rcv_ssthresh, rcv_wscale });
  Object.assign(tp, { rcv_wnd, rcv_wup, rcv_nxt });
  tp.icsk_ack.rcv_mss = test.rcv_mss;
  const space = [tcp_space(sk, tp), tcp_full_space(sk, tp), __tcp_select_window(k, sk, tp)];
  const field = tcp_select_window(k, sk, tp);
  return differs(
    'windows',
    [...space, field, tp.rcv_wnd],
    RESULTS.map((name) => test[name]),
  );
}
