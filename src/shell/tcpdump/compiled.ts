/// The program that libpcap 1.10 makes of a protocol's name, as tcpdump -d lists it: for Ethernet, optimised.
/// Left out: every other expression; libpcap's own optimiser decides what comes of it.

const ETHER_TYPES: Readonly<Record<string, string>> = { ip: '0x800', arp: '0x806', ip6: '0x86dd' };

/// The listing, or null for an expression that is not a bare protocol.
export function compiled(expression: string, snaplen: number): string[] | null {
  if (expression === '') return [line(0, 'ret', `#${snaplen}`)];
  const type = ETHER_TYPES[expression];
  if (type !== undefined)
    return [
      line(0, 'ldh', '[12]'),
      jump(1, type, 2, 3),
      line(2, 'ret', `#${snaplen}`),
      line(3, 'ret', '#0'),
    ];
  if (expression === 'icmp')
    return [
      line(0, 'ldh', '[12]'),
      jump(1, '0x800', 2, 5),
      line(2, 'ldb', '[23]'),
      jump(3, '0x1', 4, 5),
      line(4, 'ret', `#${snaplen}`),
      line(5, 'ret', '#0'),
    ];
  const proto = { tcp: '0x6', udp: '0x11' }[expression];
  if (proto === undefined) return null;
  return [
    line(0, 'ldh', '[12]'),
    jump(1, '0x86dd', 2, 7),
    line(2, 'ldb', '[20]'),
    jump(3, proto, 10, 4),
    jump(4, '0x2c', 5, 11),
    line(5, 'ldb', '[54]'),
    jump(6, proto, 10, 11),
    jump(7, '0x800', 8, 11),
    line(8, 'ldb', '[23]'),
    jump(9, proto, 10, 11),
    line(10, 'ret', `#${snaplen}`),
    line(11, 'ret', '#0'),
  ];
}

function line(at: number, op: string, rest: string): string {
  return `(${String(at).padStart(3, '0')}) ${op.padEnd(8)} ${rest}`;
}

function jump(at: number, value: string, yes: number, no: number): string {
  return `${line(at, 'jeq', `#${value}`.padEnd(16))} jt ${yes}\tjf ${no}`;
}
