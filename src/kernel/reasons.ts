/// Why a packet was dropped: the kernel's drop reasons (include/net/dropreason-core.h, without the
/// prefix SKB_DROP_REASON_), and for what dies before an skb exists, the hardware's own counters with
/// the prefix 'hw:'. Each has the context in which it happens. `index` 0 means not dropped.
/// Our own words, where nothing on a real host counts the loss: hw:filter (a NIC discards frames for
/// other stations silently), hw:link_down (nothing is on the wire while the link is down),
/// hw:ring_reset (frames in the rings when the driver empties them), hw:tap (the host's tap, outside
/// the guest, counts these).
import type { Context } from './steps.ts';

export interface DropReason {
  readonly name: string;
  readonly context: Context;
}

export const DROP_REASONS = [
  { name: '', context: 'hw' },
  { name: 'hw:filter', context: 'hw' },
  { name: 'hw:link_down', context: 'hw' },
  { name: 'hw:rx_crc_errors', context: 'hw' },
  { name: 'hw:rx_missed_errors', context: 'hw' },
  { name: 'hw:rx_queue_drops', context: 'hw' },
  { name: 'hw:tap', context: 'hw' },
  { name: 'hw:ring_reset', context: 'process' },
  { name: 'OTHERHOST', context: 'softirq' },
  { name: 'CPU_BACKLOG', context: 'softirq' },
  { name: 'DEV_READY', context: 'softirq' },
  { name: 'IP_INADDRERRORS', context: 'softirq' },
  { name: 'UDP_CSUM', context: 'softirq' },
  { name: 'NO_SOCKET', context: 'softirq' },
  { name: 'SOCKET_RCVBUFF', context: 'softirq' },
  { name: 'PROTO_MEM', context: 'softirq' },
  { name: 'SOCKET_CLOSE', context: 'process' },
] as const satisfies readonly DropReason[];

export type DropReasonName = Exclude<(typeof DROP_REASONS)[number]['name'], ''>;

/// Index of a reason in DROP_REASONS, as the trace and the ledger store it.
export function reasonIndex(name: DropReasonName): number {
  return DROP_REASONS.findIndex((reason) => reason.name === name);
}

/// Indices by name, for the packet path.
export const REASON = Object.freeze({
  FILTER: reasonIndex('hw:filter'),
  LINK_DOWN: reasonIndex('hw:link_down'),
  RX_CRC_ERRORS: reasonIndex('hw:rx_crc_errors'),
  RX_MISSED_ERRORS: reasonIndex('hw:rx_missed_errors'),
  RX_QUEUE_DROPS: reasonIndex('hw:rx_queue_drops'),
  TAP: reasonIndex('hw:tap'),
  RING_RESET: reasonIndex('hw:ring_reset'),
  OTHERHOST: reasonIndex('OTHERHOST'),
  CPU_BACKLOG: reasonIndex('CPU_BACKLOG'),
  DEV_READY: reasonIndex('DEV_READY'),
  UDP_CSUM: reasonIndex('UDP_CSUM'),
  NO_SOCKET: reasonIndex('NO_SOCKET'),
  SOCKET_RCVBUFF: reasonIndex('SOCKET_RCVBUFF'),
  PROTO_MEM: reasonIndex('PROTO_MEM'),
  SOCKET_CLOSE: reasonIndex('SOCKET_CLOSE'),
});
