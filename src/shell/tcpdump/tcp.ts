/// A TCP segment as tcpdump prints it: flags, sequence numbers from the beginning of the conversation, window,
/// options. Stands for print-tcp.c of tcpdump 4.99.
/// Left out: urgent pointers, options that no segment here has.
import { hex4, transportSum, u16, u32, u8, type Part, type Printer } from './reading.ts';

/// Where each conversation began, by its two ends: the first sequence numbers of both.
export type Conversations = Map<string, { seq: number; ack: number }>;

const FLAGS = 'FSRP.UEW';
const FIN_SYN_RST = 7;
const SYN = 2;
const ACK = 16;

const FIXED_HLEN = 20;

export function tcpText(p: Printer, part: Part): string {
  const { bytes, style } = p;
  const { at, length } = part;
  const hlen = (u8(bytes, at + 12) >> 4) * 4;
  const tcp_flags = u8(bytes, at + 13);
  const payload = length - hlen;
  if (style.quiet) return `tcp ${payload}`;
  const flags = [...FLAGS].filter((_, bit) => tcp_flags & (1 << bit)).join('') || 'none';
  const rel = relative(p, part, tcp_flags);
  let text = `Flags [${flags}]${style.verbose > 0 ? checked(p, part) : ''}`;
  if (payload > 0 || tcp_flags & FIN_SYN_RST || style.verbose > 1) {
    text += `, seq ${rel.seq}`;
    if (payload > 0) text += `:${(rel.seq + payload) >>> 0}`;
  }
  if (tcp_flags & ACK) text += `, ack ${rel.ack}`;
  text += `, win ${u16(bytes, at + 14)}`;
  const options = optionWords(bytes, at + FIXED_HLEN, at + hlen, rel.base);
  if (options.length > 0) text += `, options [${options.join(',')}]`;
  return `${text}, length ${payload}`;
}

function checked(p: Printer, part: Part): string {
  const sum = part.off & 0x2000 ? null : transportSum(p.bytes, part, 16);
  if (sum === null) return '';
  const { stored, right } = sum;
  return `, cksum 0x${hex4(stored)} (${stored === right ? 'correct' : `incorrect -> 0x${hex4(right)}`})`;
}

/// The numbers as printed, and what SACK blocks are counted from.
function relative(
  { bytes, style, seen }: Printer,
  { from, to, at }: Part,
  tcp_flags: number,
): { seq: number; ack: number; base: number } {
  const [sp, dp] = [u16(bytes, at), u16(bytes, at + 2)];
  const [seq, ack_seq] = [u32(bytes, at + 4), u32(bytes, at + 8)];
  if (style.absolute) return { seq, ack: ack_seq, base: 0 };
  const turned = sp > dp || (sp === dp && from > to);
  const key = turned ? `${to} ${dp} ${from} ${sp}` : `${from} ${sp} ${to} ${dp}`;
  const known = seen.get(key);
  if (known === undefined || tcp_flags & SYN) {
    const begun = turned
      ? { ack: seq, seq: (ack_seq - 1) >>> 0 }
      : { seq, ack: (ack_seq - 1) >>> 0 };
    seen.set(key, begun);
    return { seq, ack: ack_seq, base: turned ? begun.seq : begun.ack };
  }
  const [own, other] = turned ? [known.ack, known.seq] : [known.seq, known.ack];
  return { seq: (seq - own) >>> 0, ack: (ack_seq - other) >>> 0, base: other };
}

/// The options between two places, each as its word.
function optionWords(bytes: Uint8Array, from: number, to: number, base: number): string[] {
  const words: string[] = [];
  for (let at = from; at < to;) {
    const kind = u8(bytes, at);
    const size = kind < 2 ? 1 : Math.max(2, u8(bytes, at + 1));
    words.push(optionWord(bytes, at, kind, size, base));
    if (kind === 0) break;
    at += size;
  }
  return words;
}

function optionWord(
  bytes: Uint8Array,
  at: number,
  kind: number,
  size: number,
  base: number,
): string {
  switch (kind) {
    case 0:
      return 'eol';
    case 1:
      return 'nop';
    case 2:
      return `mss ${u16(bytes, at + 2)}`;
    case 3:
      return `wscale ${u8(bytes, at + 2)}`;
    case 4:
      return 'sackOK';
    case 5: {
      const ends = (one: number): number => (u32(bytes, at + 2 + 4 * one) - base) >>> 0;
      const count = Math.floor((size - 2) / 8);
      const blocks = Array.from({ length: count }, (_, i) => `{${ends(2 * i)}:${ends(2 * i + 1)}}`);
      return `sack ${count} ${blocks.join('')}`;
    }
    case 8:
      return `TS val ${u32(bytes, at + 2)} ecr ${u32(bytes, at + 6)}`;
    default:
      return `unknown-${kind}`;
  }
}
