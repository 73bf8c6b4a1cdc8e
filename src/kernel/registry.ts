/// What the registries of tunables and counters share: how an entry is named, and the card that
/// explains a number to a reader. An id is a sysctl's dotted name, an nstat name, or a group and a name
/// (`ethtool:ring:rx`, `link:rx_missed_errors`, `softnet_stat:time_squeeze`). A mark in an output says
/// `counter:ID@WHERE` or `tunable:ID@WHERE`; WHERE is a device, a CPU, an interrupt or a queue.
import { stepOf, type Context, type StepId } from './steps.ts';

/// What a number in an output is. The page shows it as a hover card.
export interface FieldCard {
  readonly name: string; // rx_missed_errors, eth0
  readonly meaning: string;
  readonly unit: string;
  readonly value: string; // now
  readonly step: string; // IN-03; '' when it belongs to no step
  readonly context: Context;
  readonly moved_by: string;
  readonly also_in: string; // where else it can be read
  readonly if_it_grows: string;
  readonly source: string; // kernel file and function
}

/// A mark's ref, taken apart.
export interface Ref {
  readonly registry: 'counter' | 'tunable';
  readonly id: string;
  readonly where: string; // '' when there is only one
}

export function parseRef(ref: string): Ref | null {
  const match = /^(counter|tunable):([^@]+)(?:@(.+))?$/.exec(ref);
  if (!match) return null;
  const registry = match[1] === 'counter' ? 'counter' : 'tunable';
  return { registry, id: match[2] ?? '', where: match[3] ?? '' };
}

/// The context of a step; what belongs to no step is a user's doing.
export function contextOf(step: StepId | ''): Context {
  return step === '' ? 'process' : stepOf(step).context;
}
