/// What was lost, read off the ledger: by reason, and by the step that loses it.
import { DROP_REASONS } from '../src/kernel/reasons.ts';
import type { DropReasonName } from '../src/kernel/reasons.ts';
import type { Kernel } from '../src/kernel/state.ts';
import type { StepId } from '../src/kernel/steps.ts';

/// The step at which each reason ends a packet.
export const stepOfReason = Object.fromEntries(
  DROP_REASONS.map((reason) => [reason.name, reason.step]),
) as Readonly<Record<DropReasonName, StepId>>;

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
