/// From buffer bytes to window bytes and back: a buffer is charged by truesize, a window counts
/// payload, and scaling_ratio is the share of payload that was measured last.
/// Stands for the inline functions around tcp_win_from_space() in include/net/tcp.h.
/// Left out: MPTCP.
import type { Kernel, Sock, TcpSock } from '../state.ts';

const TCP_RMEM_TO_WIN_SCALE = 8;
export const TCP_DEFAULT_SCALING_RATIO = 1 << (TCP_RMEM_TO_WIN_SCALE - 1);

/// Window bytes that fit into `space` bytes of buffer; negative for a negative space.
export function tcp_win_from_space(tp: TcpSock, space: number): number {
  return Math.floor((space * tp.scaling_ratio) / 256);
}

/// Buffer bytes for a window of `win` bytes, a C int: what does not fit 32 bits is cut off.
export function tcp_space_from_win(tp: TcpSock, win: number): number {
  const scaled = BigInt.asUintN(64, BigInt(win | 0) << 8n);
  return Number(BigInt.asIntN(32, scaled / BigInt(tp.scaling_ratio)));
}

/// Window bytes that are free now; may be negative.
export function tcp_space(sk: Sock, tp: TcpSock): number {
  return tcp_win_from_space(tp, sk.rcvbuf - sk.backlog_len - sk.rmem_alloc);
}

/// Window bytes of the empty buffer.
export function tcp_full_space(sk: Sock, tp: TcpSock): number {
  return tcp_win_from_space(tp, sk.rcvbuf);
}

/// What is left of the window that was offered last.
export function tcp_receive_window(tp: TcpSock): number {
  return Math.max(0, (tp.rcv_wup + tp.rcv_wnd - tp.rcv_nxt) | 0);
}

/// Is TCP as a whole under memory pressure (net.ipv4.tcp_mem)?
export function tcp_under_memory_pressure(k: Kernel): boolean {
  return k.tcp_memory_pressure !== 0;
}

/// Under pressure the window may not stay above four segments.
export function tcp_adjust_rcv_ssthresh(tp: TcpSock): void {
  tp.rcv_ssthresh = Math.min(tp.rcv_ssthresh, 4 * tp.advmss);
}

/// More than 7/8 of the buffer is charged, or TCP is under pressure: SO_RCVLOWAT may not hold the
/// reader back any longer.
export function tcp_rmem_pressure(k: Kernel, sk: Sock): boolean {
  return tcp_under_memory_pressure(k) || sk.rmem_alloc > sk.rcvbuf - (sk.rcvbuf >> 3);
}
