/// The SACK option of an ACK. Stands for that part of tcp_established_options() and
/// tcp_options_write() in net/ipv4/tcp_output.c.
import type { SackBlock, TcpSock } from '../state.ts';

/// The blocks of the next ACK: a D-SACK first, then as many as `room` bytes of options hold.
export function sackBlocks(tp: TcpSock, room: number): SackBlock[] {
  const wanted = tp.num_sacks + (tp.dsack ? 1 : 0);
  if (wanted === 0 || room < 12) return [];
  const count = Math.min(wanted, (room - 4) >> 3);
  const rest = tp.selective_acks.slice(0, count - (tp.dsack ? 1 : 0));
  const all = tp.dsack ? [tp.duplicate_sack, ...rest] : rest;
  return all.map(({ start_seq, end_seq }) => ({ start_seq, end_seq }));
}
