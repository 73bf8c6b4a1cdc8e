/// ICMP and ICMPv6 messages as tcpdump 4.99 prints them. Stands for print-icmp.c and print-icmp6.c.
/// Left out: the bodies of neighbour discovery, which the model does not have.
import { ipText } from './print.ts';
import { hex4, transportSum, u16, u8, type Part, type Printer } from './reading.ts';

export function icmpText(p: Printer, part: Part): string {
  const { bytes } = p;
  const { at, length } = part;
  const type = u8(bytes, at);
  const code = u8(bytes, at + 1);
  const tail = `, length ${length}${p.style.verbose > 0 ? checked(p, part) : ''}`;
  if (type === 0 || type === 8)
    return `echo ${type === 8 ? 'request' : 'reply'}, id ${u16(bytes, at + 4)}, seq ${u16(bytes, at + 6)}${tail}`;
  const words = type === 3 ? unreachable(p, at, code) : (OTHER[type << 8] ?? '');
  const text = (OTHER[(type << 8) | code] ?? words) || `type-#${type}`;
  const quotes = p.style.verbose > 0 && [3, 4, 5, 11, 12].includes(type);
  if (!quotes) return text + tail;
  const front = p.style.link ? '' : 'IP ';
  return `${text}${tail}\n\t${front}${ipText(p, at + 8, quotedLength(bytes, at + 8))}`;
}

/// The quoted packet prints as long as its own header says.
function quotedLength(bytes: Uint8Array, at: number): number {
  return u16(bytes, at + 2);
}

const OTHER: Readonly<Record<number, string>> = {
  [11 << 8]: 'time exceeded in-transit',
  [(11 << 8) | 1]: 'ip reassembly time exceeded',
};

function checked(p: Printer, part: Part): string {
  const sum = part.off & 0x2000 ? null : transportSum(p.bytes, part, 2);
  if (sum === null || sum.stored === sum.right) return '';
  return ` (wrong icmp cksum ${sum.stored.toString(16)} (->${sum.right.toString(16)})!)`;
}

/// The message quotes the packet that it answers.
function unreachable(p: Printer, at: number, code: number): string {
  const { bytes } = p;
  const quoted = at + 8;
  const dst = [16, 17, 18, 19].map((byte) => u8(bytes, quoted + byte)).join('.');
  const proto = u8(bytes, quoted + 9);
  switch (code) {
    case 0:
      return `net ${dst} unreachable`;
    case 1:
      return `host ${dst} unreachable`;
    case 2:
      return `${dst} protocol ${proto} unreachable`;
    case 3: {
      const name = { 6: 'tcp', 17: 'udp' }[proto];
      const port = u16(bytes, quoted + (u8(bytes, quoted) & 15) * 4 + 2);
      return name
        ? `${dst} ${name} port ${port} unreachable`
        : `${dst} protocol ${proto} port ${port} unreachable`;
    }
    case 4:
      return `${dst} unreachable - need to frag`;
    default:
      return `host ${dst} unreachable - admin prohibited filter`;
  }
}

const NAMES6: Readonly<Record<number, string>> = {
  ...{ 1: 'destination unreachable', 133: 'router solicitation', 134: 'router advertisement' },
  ...{ 135: 'neighbor solicitation', 136: 'neighbor advertisement' },
};

export function icmp6Text(p: Printer, part: Part): string {
  const { bytes } = p;
  const { at, length } = part;
  const type = u8(bytes, at);
  const sum = p.style.verbose > 0 ? transportSum(bytes, part, 2) : null;
  const right = sum?.stored === sum?.right;
  const front = sum
    ? `[${right ? 'icmp6 sum ok' : `bad icmp6 cksum 0x${hex4(sum.stored)} -> 0x${hex4(sum.right)}!`}] `
    : '';
  const tail = `, length ${length}`;
  if (type !== 128 && type !== 129)
    return `${front}ICMP6, ${NAMES6[type] ?? `unknown icmp6 type (${type})`}${tail}`;
  const word = type === 128 ? 'request' : 'reply';
  return `${front}ICMP6, echo ${word}, id ${u16(bytes, at + 4)}, seq ${u16(bytes, at + 6)}${tail}`;
}
