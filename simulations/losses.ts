/// What was lost, read off the ledger: by reason, and by the step that loses it.
import { DROP_REASONS } from '../src/kernel/reasons.ts';
import type { DropReasonName } from '../src/kernel/reasons.ts';
import type { Kernel } from '../src/kernel/state.ts';
import type { StepId } from '../src/kernel/steps.ts';

/// The step at which each reason ends a packet.
export const stepOfReason: Readonly<Record<DropReasonName, StepId>> = {
  'hw:filter': 'IN-01',
  'hw:link_down': 'IN-01',
  'hw:rx_crc_errors': 'IN-01',
  'hw:rx_missed_errors': 'IN-03',
  'hw:rx_queue_drops': 'IN-03',
  'hw:tap': 'IN-03',
  'hw:ring_reset': 'IN-03',
  'hw:rx_length_errors': 'IN-01',
  'hw:xdp_drop': 'IN-10',
  'hw:xdp_aborted': 'IN-10',
  'hw:xdp_tx_drops': 'IN-10',
  'hw:xdp_redirect_err': 'IN-10',
  'hw:cpumap_drops': 'IN-10',
  'hw:xsk_drops': 'IN-10',
  XDP: 'IN-17',
  OTHERHOST: 'IN-22',
  CPU_BACKLOG: 'IN-15',
  DEV_READY: 'IN-15',
  IP_INADDRERRORS: 'IN-22',
  UDP_CSUM: 'IN-U1',
  NO_SOCKET: 'IN-28',
  SOCKET_RCVBUFF: 'IN-U1',
  PROTO_MEM: 'IN-U1',
  SOCKET_CLOSE: 'IN-35',
};

export const reasons: readonly DropReasonName[] = DROP_REASONS.flatMap((one) =>
  one.name === '' ? [] : [one.name],
);

/// Packets lost so far for any of those reasons.
export function lost(k: Kernel, names: readonly DropReasonName[]): number {
  return DROP_REASONS.reduce(
    (sum, one, i) => (names.some((name) => name === one.name) ? sum + k.ledger.drops[i]! : sum),
    0,
  );
}

/// Packets lost so far at a step.
export function lostAt(k: Kernel, step: StepId): number {
  return lost(
    k,
    reasons.filter((name) => stepOfReason[name] === step),
  );
}
