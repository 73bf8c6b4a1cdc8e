/// ss -s: how many sockets of each kind there are, from /proc/net/sockstat and the counters.
import type { Kernel } from '../../kernel/state.ts';
import { socketCounts } from './counts.ts';

export function summaryLines(k: Kernel): string[] {
  const { used, tcp4, tcp6, udp4, udp6, raw, alloc, estab } = socketCounts(k);
  const row = (name: string, four: number, six: number): string =>
    `${name}\t  ${[four + six, four, six].map((count) => String(count).padEnd(9)).join(' ')}`;
  return [
    `Total: ${used}`,
    `TCP:   ${alloc} (estab ${estab}, closed ${alloc - tcp4 - tcp6}, orphaned 0, timewait 0)`,
    '',
    'Transport Total     IP        IPv6',
    row('RAW', raw, 0),
    row('UDP', udp4, udp6),
    row('TCP', tcp4, tcp6),
    row('INET', raw + udp4 + tcp4, udp6 + tcp6),
    row('FRAG', 0, 0),
    '',
  ];
}
