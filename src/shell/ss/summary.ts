/// ss -s: how many sockets of each kind there are, from /proc/net/sockstat and the counters.
import type { FragTable, Kernel } from '../../kernel/state.ts';
import { socketCounts } from './counts.ts';

export function summaryLines(k: Kernel): string[] {
  const { used, tcp4, tcp6, udp4, udp6, raw4, raw6, alloc, estab } = socketCounts(k);
  const row = (name: string, four: number, six: number): string =>
    `${name}\t  ${[four + six, four, six].map((count) => String(count).padEnd(9)).join(' ')}`;
  return [
    `Total: ${used}`,
    `TCP:   ${alloc} (estab ${estab}, closed ${alloc - tcp4 - tcp6}, orphaned 0, timewait 0)`,
    '',
    'Transport Total     IP        IPv6',
    row('RAW', raw4, raw6),
    row('UDP', udp4, udp6),
    row('TCP', tcp4, tcp6),
    row('INET', raw4 + udp4 + tcp4, raw6 + udp6 + tcp6),
    row('FRAG', waiting(k.frags), waiting(k.frags6)),
    '',
  ];
}

/// Datagrams of which fragments are missing.
function waiting(frags: FragTable): number {
  return frags.queues.filter((q) => q.live).length;
}
