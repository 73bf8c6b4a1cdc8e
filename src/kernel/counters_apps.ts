/// Counters of applications that read: busy polling.
import { complete, type Counter, type CounterRow } from './counters_entry.ts';

const rows: readonly CounterRow[] = [
  {
    id: 'TcpExtBusyPollRxPackets',
    meaning: 'Packets that a task took from the NIC itself while it busy polled.',
    step: 'IN-34',
    unit: 'packets',
    moved_by:
      'reads with SO_BUSY_POLL or net.core.busy_read, epoll_wait() with net.core.busy_poll or EPIOCSPARAMS',
    also_in:
      'not the packets of the last poll of each loop, nor those that softirqs took meanwhile',
    source: 'net/core/dev.c:__napi_busy_loop',
  },
];

export const appCounters: readonly Counter[] = rows.map((row) =>
  complete(row, {
    shown: '/proc/net/netstat; nstat -az TcpExtBusyPollRxPackets',
    unit: 'packets',
    source: '',
  }),
);
