/// The window that a receiver offers: chosen from the free buffer, never taken back, rounded so that
/// no silly small windows are offered.
/// Stands for tcp_select_initial_window(), __tcp_select_window() and tcp_select_window() in
/// net/ipv4/tcp_output.c.
/// Left out: MPTCP.
import type { Kernel, Sock, TcpSock } from '../state.ts';
import {
  tcp_adjust_rcv_ssthresh,
  tcp_full_space,
  tcp_receive_window,
  tcp_space,
  tcp_under_memory_pressure,
} from './tcp_space.ts';
import { ICSK_ACK_NOMEM, TCP_MAX_WSCALE } from './tcp_states.ts';

const MAX_TCP_WINDOW = 32767;
const U16_MAX = 65535;

export interface InitialWindow {
  readonly rcv_wnd: number; // bytes
  readonly window_clamp: number;
  readonly rcv_wscale: number;
}

/// The first window and the scale for a connection, for `space` bytes of window. `clamp` 0: none;
/// `init_rcv_wnd` is the route's initrwnd in segments, 0: none.
/// net/ipv4/tcp_output.c:tcp_select_initial_window()
export function tcp_select_initial_window(
  k: Kernel,
  space: number,
  mss: number,
  clamp: number,
  wscale_ok: boolean,
  init_rcv_wnd: number,
): InitialWindow {
  const most = clamp === 0 ? U16_MAX * 2 ** TCP_MAX_WSCALE : clamp;
  let offer = Math.min(most, Math.max(0, space));
  if (offer > mss) offer -= offer % mss;
  let rcv_wnd = k.hot.tcp.workaround_signed_windows ? Math.min(offer, MAX_TCP_WINDOW) : offer;
  if (init_rcv_wnd) rcv_wnd = Math.min(rcv_wnd, (init_rcv_wnd * mss) >>> 0);
  let rcv_wscale = 0;
  if (wscale_ok) {
    const largest = Math.min(Math.max(offer, k.hot.tcp.rmem[2]!, k.hot.rmem_max), most);
    rcv_wscale = Math.min(Math.max(ilog2(largest) - 15, 0), TCP_MAX_WSCALE);
  }
  return { rcv_wnd, window_clamp: Math.min(U16_MAX * 2 ** rcv_wscale, most), rcv_wscale };
}

/// The window that the buffer allows now, bytes. net/ipv4/tcp_output.c:__tcp_select_window()
export function __tcp_select_window(k: Kernel, sk: Sock, tp: TcpSock): number {
  const free = tcp_space(sk, tp);
  const allowed = tcp_full_space(sk, tp);
  const full = Math.min(tp.window_clamp, allowed);
  const mss = Math.min(tp.icsk_ack.rcv_mss, full);
  if (mss <= 0) return 0;
  const scale = tp.rcv_wscale;
  const unit = 1 << scale;
  if (k.hot.tcp.shrink_window && scale > 0) return shrinkable(k, tp, free, full, allowed, mss);
  let space = free;
  if (space < full >> 1) {
    lowOnSpace(k, tp);
    space = roundDown(space, unit);
    if (space < allowed >> 4 || space < mss) return 0;
  }
  space = Math.min(space, tp.rcv_ssthresh);
  if (scale > 0) return alignUp(space, unit);
  const window = tp.rcv_wnd;
  // An offer within one segment of the free space stays as it is.
  if (window <= space - mss || window > space) return space - (space % mss);
  return mss === full && space > window + (full >> 1) ? space : window;
}

/// net.ipv4.tcp_shrink_window: always a whole multiple of the scale, and less than before if need be.
function shrinkable(
  k: Kernel,
  tp: TcpSock,
  free: number,
  full: number,
  allowed: number,
  mss: number,
): number {
  const unit = 1 << tp.rcv_wscale;
  const space = roundDown(free, unit);
  if (space < full >> 1) {
    lowOnSpace(k, tp);
    if (space < allowed >> 4 || space < mss || space < unit) return 0;
  }
  return space > tp.rcv_ssthresh ? alignUp(tp.rcv_ssthresh, unit) : space;
}

function lowOnSpace(k: Kernel, tp: TcpSock): void {
  tp.icsk_ack.quick = 0;
  if (tcp_under_memory_pressure(k)) tcp_adjust_rcv_ssthresh(tp);
}

/// The window field of the segment that is about to be sent; remembers what was offered.
/// net/ipv4/tcp_output.c:tcp_select_window()
export function tcp_select_window(k: Kernel, sk: Sock, tp: TcpSock): number {
  const old = tp.rcv_wnd;
  if (tp.icsk_ack.pending & ICSK_ACK_NOMEM) {
    tp.pred_flags = 0;
    tp.rcv_wnd = 0;
    tp.rcv_wup = tp.rcv_nxt;
    return 0;
  }
  const current = tcp_receive_window(tp);
  let window = __tcp_select_window(k, sk, tp);
  if (window < current && !(k.hot.tcp.shrink_window && tp.rcv_wscale > 0)) {
    if (window === 0) k.mib.TcpExtTCPWantZeroWindowAdv++;
    window = alignUp(current, 1 << tp.rcv_wscale);
  }
  tp.rcv_wnd = window;
  tp.rcv_wup = tp.rcv_nxt;
  const most =
    tp.rcv_wscale === 0 && k.hot.tcp.workaround_signed_windows
      ? MAX_TCP_WINDOW
      : U16_MAX * 2 ** tp.rcv_wscale;
  const field = Math.min(window, most) >>> tp.rcv_wscale;
  if (field === 0) {
    tp.pred_flags = 0;
    if (old !== 0) k.mib.TcpExtTCPToZeroWindowAdv++;
  } else if (old === 0) k.mib.TcpExtTCPFromZeroWindowAdv++;
  return field;
}

/// Position of the highest bit; 0 for 0.
function ilog2(value: number): number {
  return value < 1 ? 0 : 31 - Math.clz32(value);
}

function roundDown(value: number, unit: number): number {
  return value & ~(unit - 1);
}

function alignUp(value: number, unit: number): number {
  return (value + unit - 1) & ~(unit - 1);
}
