/// The SACK and D-SACK blocks that a receiver reports: the newest first, at most four.
/// Stands for tcp_sack_new_ofo_skb(), tcp_sack_remove(), tcp_dsack_set() and their like in
/// net/ipv4/tcp_input.c.
import type { Cpu, Kernel, SackBlock, Sock, TcpSock } from '../state.ts';
import { tcp_sack_compress_send_ack } from './tcp_output.ts';
import { after, before } from './tcp_seq.ts';

const TCP_NUM_SACKS = 4;
const TCP_SACK_BLOCKS_EXPECTED = 2; // more than these may be lost with one ACK

/// include/net/tcp.h:tcp_sack_reset()
export function tcp_sack_reset(tp: TcpSock): void {
  tp.dsack = false;
  clear(tp);
}

function clear(tp: TcpSock): void {
  tp.num_sacks = 0;
  tp.selective_acks.length = 0;
}

/// Makes `block` cover seq..end_seq too if they touch. net/ipv4/tcp_input.c:tcp_sack_extend()
function tcp_sack_extend(block: SackBlock, seq: number, end_seq: number): boolean {
  if (after(seq, block.end_seq) || after(block.start_seq, end_seq)) return false;
  if (before(seq, block.start_seq)) block.start_seq = seq;
  if (after(end_seq, block.end_seq)) block.end_seq = end_seq;
  return true;
}

/// A segment that came twice is to be reported. net/ipv4/tcp_input.c:tcp_dsack_set()
export function tcp_dsack_set(k: Kernel, tp: TcpSock, seq: number, end_seq: number): void {
  if (!tp.sack_ok || !k.hot.tcp.dsack) return;
  if (before(seq, tp.rcv_nxt)) k.mib.TcpExtTCPDSACKOldSent++;
  else k.mib.TcpExtTCPDSACKOfoSent++;
  tp.dsack = true;
  tp.duplicate_sack.start_seq = seq;
  tp.duplicate_sack.end_seq = end_seq;
}

/// net/ipv4/tcp_input.c:tcp_dsack_extend()
export function tcp_dsack_extend(k: Kernel, tp: TcpSock, seq: number, end_seq: number): void {
  if (tp.dsack) tcp_sack_extend(tp.duplicate_sack, seq, end_seq);
  else tcp_dsack_set(k, tp, seq, end_seq);
}

/// The first block has grown: others that it touches now are part of it.
function tcp_sack_maybe_coalesce(tp: TcpSock): void {
  const blocks = tp.selective_acks;
  const first = blocks[0]!;
  for (let i = 1; i < tp.num_sacks;) {
    const block = blocks[i]!;
    if (!tcp_sack_extend(first, block.start_seq, block.end_seq)) i++;
    else removeBlock(tp, i);
  }
}

function removeBlock(tp: TcpSock, at: number): void {
  tp.selective_acks.splice(at, 1);
  tp.num_sacks--;
}

/// Data has come out of order: it joins a block, or is a new first one. A block beyond the second
/// forces out an ACK that was held back. net/ipv4/tcp_input.c:tcp_sack_new_ofo_skb()
export function tcp_sack_new_ofo_skb(
  k: Kernel,
  c: Cpu,
  sk: Sock,
  tp: TcpSock,
  seq: number,
  end_seq: number,
): void {
  const blocks = tp.selective_acks;
  let at = 0;
  while (at < tp.num_sacks && !tcp_sack_extend(blocks[at]!, seq, end_seq)) at++;
  if (tp.num_sacks > 0 && at >= TCP_SACK_BLOCKS_EXPECTED) tcp_sack_compress_send_ack(k, c, sk, tp);
  if (at < tp.num_sacks) {
    const [block] = blocks.splice(at, 1);
    blocks.unshift(block!);
    if (tp.num_sacks > 1) tcp_sack_maybe_coalesce(tp);
    return;
  }
  // Of five blocks the oldest is forgotten.
  blocks.length = Math.min(tp.num_sacks, TCP_NUM_SACKS - 1);
  blocks.unshift({ start_seq: seq, end_seq });
  tp.num_sacks = blocks.length;
}

/// rcv_nxt has moved on: what it covers need not be reported. net/ipv4/tcp_input.c:tcp_sack_remove()
export function tcp_sack_remove(tp: TcpSock): void {
  if (tp.ofo_head < 0) return clear(tp);
  for (let i = 0; i < tp.num_sacks;) {
    if (before(tp.rcv_nxt, tp.selective_acks[i]!.start_seq)) i++;
    else removeBlock(tp, i);
  }
}
