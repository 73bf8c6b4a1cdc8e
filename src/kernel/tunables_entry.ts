/// What the registry of tunables knows of a setting, and how the tables write it.
import type { StepId } from './steps.ts';

export interface Tunable {
  readonly id: string; // net.core.netdev_budget, ethtool:ring:rx, sysfs:rps_cpus, proc:smp_affinity
  readonly set: string; // how it is set: a command, or the path of its file
  readonly meaning: string;
  readonly unit: string;
  readonly default: string;
  readonly range: string; // what is accepted; the rest is refused with EINVAL unless it says otherwise
  readonly step: StepId | ''; // step of the path that it is about
  readonly acts: StepId | null; // the step that it changes in this model
  readonly source: string; // kernel file:function
}

/// An entry as the tables write it: `acts` is the step unless the entry is stored only.
export interface TunableRow extends Omit<Tunable, 'acts' | 'set'> {
  readonly set?: string; // a sysctl's is made from its name
  readonly stored?: true;
}
