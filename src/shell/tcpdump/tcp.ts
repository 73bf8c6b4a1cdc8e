/// A TCP segment as tcpdump prints it: flags, sequence numbers from the beginning of the conversation, window,
/// options. Stands for print-tcp.c of tcpdump 4.99.
/// Left out: urgent pointers, options that no segment here has.
import type { PacketCopy } from '../../kernel/packet_types.ts';
import { FLAG_TSTAMP } from '../../kernel/skb.ts';

/// Where each conversation began, by its two ends: the first sequence numbers of both.
export type Conversations = Map<string, { seq: number; ack: number }>;

const FLAGS = 'FSRP.UEW';
const FIN_SYN_RST = 7;
const SYN = 2;
const ACK = 16;

export interface Ends {
  readonly from: string;
  readonly to: string;
  readonly sp: number;
  readonly dp: number;
}

export function tcpText(
  copy: PacketCopy,
  ends: Ends,
  absolute: boolean,
  hasOptions: boolean,
  seen: Conversations,
): string {
  const { tcp_flags, payload } = copy;
  const flags = [...FLAGS].filter((_, bit) => tcp_flags & (1 << bit)).join('') || 'none';
  const rel = relative(copy, ends, absolute, seen);
  let text = `Flags [${flags}]`;
  if (payload > 0 || tcp_flags & FIN_SYN_RST) {
    text += `, seq ${rel.seq}`;
    if (payload > 0) text += `:${(rel.seq + payload) >>> 0}`;
  }
  if (tcp_flags & ACK) text += `, ack ${rel.ack}`;
  text += `, win ${copy.window}`;
  const options = hasOptions ? optionWords(copy, rel.base) : [];
  if (options.length > 0) text += `, options [${options.join(',')}]`;
  return `${text}, length ${payload}`;
}

/// The numbers as printed, and what SACK blocks are counted from.
function relative(
  copy: PacketCopy,
  { from, to, sp, dp }: Ends,
  absolute: boolean,
  seen: Conversations,
): { seq: number; ack: number; base: number } {
  const { seq, ack_seq } = copy;
  if (absolute) return { seq, ack: ack_seq, base: 0 };
  const turned = sp > dp || (sp === dp && from > to);
  const key = turned ? `${to} ${dp} ${from} ${sp}` : `${from} ${sp} ${to} ${dp}`;
  const known = seen.get(key);
  if (known === undefined || copy.tcp_flags & SYN) {
    const begun = turned
      ? { ack: seq, seq: (ack_seq - 1) >>> 0 }
      : { seq, ack: (ack_seq - 1) >>> 0 };
    seen.set(key, begun);
    return { seq, ack: ack_seq, base: turned ? begun.seq : begun.ack };
  }
  const [own, other] = turned ? [known.ack, known.seq] : [known.seq, known.ack];
  return { seq: (seq - own) >>> 0, ack: (ack_seq - other) >>> 0, base: other };
}

/// In the order in which Linux writes them.
function optionWords(copy: PacketCopy, base: number): string[] {
  const stamp = `TS val ${copy.tsval} ecr ${copy.tsecr}`;
  const words: string[] = [];
  if (copy.tcp_flags & SYN) {
    if (copy.syn === null) return [];
    const { mss, wscale, sack_ok, tstamp } = copy.syn;
    words.push(`mss ${mss}`);
    if (tstamp) words.push(...(sack_ok ? ['sackOK'] : ['nop', 'nop']), stamp);
    else if (sack_ok) words.push('nop', 'nop', 'sackOK');
    if (wscale >= 0) words.push('nop', `wscale ${wscale}`);
    return words;
  }
  if (copy.flags & FLAG_TSTAMP) words.push('nop', 'nop', stamp);
  if (copy.sacks.length > 0) {
    const blocks = copy.sacks.map(
      (one) => `{${(one.start_seq - base) >>> 0}:${(one.end_seq - base) >>> 0}}`,
    );
    words.push('nop', 'nop', `sack ${copy.sacks.length} ${blocks.join('')}`);
  }
  return words;
}
