/// The registry of counters: what each number counts, where it is shown, what moves it, and what it
/// means when it grows. A name with N in it stands for every queue.
/// Counters that nothing here moves say so; they keep the value that they had after boot.
import { conntrackCounters } from './counters_conntrack.ts';
import { appCounters } from './counters_apps.ts';
import { coreCounters } from './counters_core.ts';
import { deviceCounters } from './counters_device.ts';
import { ipCounters } from './counters_ip.ts';
import { ipv6Counters } from './counters_ipv6.ts';
import { listenCounters } from './counters_listen.ts';
import { netfilterCounters } from './counters_netfilter.ts';
import { nicCounters } from './counters_nic.ts';
import { pagePoolCounters } from './counters_page_pool.ts';
import { protocolNames, protocolCounters } from './counters_protocol.ts';
import { serverCounters } from './counters_servers.ts';
import { tapCounters } from './counters_taps.ts';
import { tcpCounters } from './counters_tcp.ts';
import { xdpCounters } from './counters_xdp.ts';
import { dropReasons } from './counters_reasons.ts';
import type { Counter } from './counters_entry.ts';

export type { Counter } from './counters_entry.ts';

const described = new Map<string, Counter>(
  [
    ...coreCounters,
    ...deviceCounters,
    ...nicCounters,
    ...serverCounters,
    ...pagePoolCounters,
    ...listenCounters,
    ...appCounters,
    ...tcpCounters,
    ...ipCounters,
    ...ipv6Counters,
    ...protocolCounters,
    ...netfilterCounters,
    ...tapCounters,
    ...xdpCounters,
    ...conntrackCounters,
    ...dropReasons,
  ].map((counter) => [counter.id, counter]),
);

/// Every counter with an explanation of its own.
export function counters(): Counter[] {
  return [...described.values()];
}

/// The counter of that id, or null. An interrupt's number and a queue's are the same entry for all.
export function counter(id: string): Counter | null {
  const found =
    described.get(id) ??
    described.get(id.replace(/^interrupts:(\d+)$/, 'interrupts:N')) ??
    described.get(id.replace(/_queue_\d+_/, '_queue_N_'));
  if (found) return found;
  return /^[A-Z][A-Za-z0-9]+$/.test(id) ? protocolNames(id) : null;
}
