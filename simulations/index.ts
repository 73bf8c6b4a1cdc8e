/// Every scenario, by its slug. Only what happens; what is seen is the Picture.svelte beside each.
import type { Scenario } from '../src/player/scenario.ts';
import { interruptModeration } from './interrupt-moderation/scenario.ts';
import { liveHost } from './live-host/scenario.ts';
import { rxRing } from './rx-ring/scenario.ts';
import { softirqBudget } from './softirq-budget/scenario.ts';
import { xdpFirewall } from './xdp-firewall/scenario.ts';

export const scenarios: readonly Scenario[] = [
  rxRing,
  interruptModeration,
  softirqBudget,
  xdpFirewall,
  liveHost,
];

/// The scenario of that slug; null when there is none.
export function scenarioNamed(slug: string): Scenario | null {
  return scenarios.find((scenario) => scenario.slug === slug) ?? null;
}
