/// Vectors of the first window of a connection.
import { tcp_select_initial_window } from '../tcp/tcp_window.ts';
import { differs } from './bare_host.ts';
import { connection } from './tcp_socket.ts';

interface Case {
  readonly space: number;
  readonly mss: number;
  readonly window_clamp_in: number;
  readonly wscale_ok: number;
  readonly init_rcv_wnd_route: number;
  readonly tcp_rmem_max: number;
  readonly rmem_max: number;
  readonly workaround_signed_windows: number;
  readonly rcv_wnd: number;
  readonly window_clamp_out: number;
  readonly rcv_wscale: number;
}

export function run(given: unknown): string | null {
  const test = given as Case;
  const { k } = connection();
  k.hot.rmem_max = test.rmem_max;
  k.hot.tcp.rmem = [4096, 131072, test.tcp_rmem_max];
  k.hot.tcp.workaround_signed_windows = test.workaround_signed_windows;
  const { rcv_wnd, window_clamp, rcv_wscale } = tcp_select_initial_window(
    k,
    test.space,
    test.mss,
    test.window_clamp_in,
    test.wscale_ok === 1,
    test.init_rcv_wnd_route,
  );
  return differs(
    'first window, clamp and scale',
    [rcv_wnd, window_clamp, rcv_wscale],
    [test.rcv_wnd, test.window_clamp_out, test.rcv_wscale],
  );
}
