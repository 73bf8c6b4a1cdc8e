/// How many sockets of each protocol are in use: what /proc/net/sockstat and sockstat6 say.
/// Stands for sockstat_seq_show() in net/ipv4/proc.c and sockstat6_seq_show() in net/ipv6/proc.c.
import type { Kernel } from '../../kernel/state.ts';

const AF_INET6 = 10;

export interface SocketCounts {
  readonly used: number; // sockets of any kind
  readonly tcp4: number;
  readonly tcp6: number;
  readonly udp4: number;
  readonly udp6: number;
  readonly raw4: number;
  readonly raw6: number;
  readonly alloc: number; // TCP sockets, those without a port included
  readonly estab: number; // connections in ESTABLISHED or CLOSE-WAIT
}

export function socketCounts(k: Kernel): SocketCounts {
  const counts = { tcp4: 0, tcp6: 0, udp4: 0, udp6: 0, raw4: 0, raw6: 0 };
  let used = 0;
  for (const sock of k.socks) {
    if (!sock.hashed && sock.task === 0) continue;
    used++;
    const six = sock.family === AF_INET6 || sock.mapped;
    if (sock.proto === 'raw') counts[six ? 'raw6' : 'raw4']++;
    else if (sock.proto === 'udp') counts[six ? 'udp6' : 'udp4']++;
    else if (sock.proto === 'tcp' && sock.hashed) counts[six ? 'tcp6' : 'tcp4']++;
  }
  return { used, ...counts, alloc: k.tcp_sockets_allocated, estab: k.mib['TcpCurrEstab'] ?? 0 };
}
