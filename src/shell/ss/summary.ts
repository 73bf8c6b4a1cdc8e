/// ss -s: how many sockets of each kind there are. Only UDP sockets exist here.
import type { Kernel } from '../../kernel/state.ts';

export function summaryLines(k: Kernel): string[] {
  const udp = k.socks.filter((sock) => sock.task !== 0).length;
  const row = (name: string, four: number): string =>
    `${name}\t  ${[four, four, 0].map((count) => String(count).padEnd(9)).join(' ')}`;
  return [
    `Total: ${udp}`,
    'TCP:   0 (estab 0, closed 0, orphaned 0, timewait 0)',
    '',
    'Transport Total     IP        IPv6',
    ...[row('RAW', 0), row('UDP', udp), row('TCP', 0), row('INET', udp), row('FRAG', 0)],
    '',
  ];
}
